"""Blobs, projections' snapshots and preferences: three tables behind three small ports."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.schema import blobs, preferences, snapshots


class BlobTable:
    """Implements `core.ports.Blobs`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, body: bytes) -> str:
        digest = sha256(body).hexdigest()
        row = {"sha256": digest, "size": len(body), "body": body, "stored_at": utc_now()}
        await self._database.write(lambda c: _run(c, insert(blobs).values(row).on_conflict_do_nothing()))
        return digest

    async def get(self, sha256: str) -> bytes | None:
        return await self._database.read(
            lambda c: c.execute(select(blobs.c.body).where(blobs.c.sha256 == sha256)).scalar_one_or_none()
        )


class SnapshotTable:
    """Implements `core.ports.Snapshots`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, name: str) -> tuple[int, Any] | None:
        def work(connection: Connection) -> tuple[int, Any] | None:
            row = connection.execute(select(snapshots.c.seq, snapshots.c.state).where(snapshots.c.name == name)).first()
            return (row.seq, row.state) if row is not None else None

        return await self._database.read(work)

    async def save(self, name: str, seq: int, state: Any) -> None:
        row = {"seq": seq, "state": state}
        statement = insert(snapshots).values(name=name, **row).on_conflict_do_update(index_elements=["name"], set_=row)
        await self._database.write(lambda c: _run(c, statement))


class PreferenceTable:
    """Implements `core.ports.Preferences`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> Any:
        return await self._database.read(
            lambda c: c.execute(select(preferences.c.value).where(preferences.c.name == name)).scalar_one_or_none()
        )

    async def set(self, name: str, value: Any) -> None:
        statement = insert(preferences).values(name=name, value=value)
        statement = statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
        await self._database.write(lambda c: _run(c, statement))

    async def all(self) -> Mapping[str, Any]:
        def work(connection: Connection) -> Mapping[str, Any]:
            return {row.name: row.value for row in connection.execute(select(preferences))}

        return await self._database.read(work)


def _run(connection: Connection, statement: Any) -> None:
    connection.execute(statement)
