"""Blobs, projections' snapshots and preferences: three tables behind three small ports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.schema import blobs, preferences, snapshots

_HASHED_AT_ONCE = 64 * 1024
"""Bytes whose digest takes less than a trip to another thread."""


class BlobTable:
    """Implements `core.ports.Blobs`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, body: bytes) -> str:
        digest = await _digest(body)
        row = {"sha256": digest, "size": len(body), "body": body, "stored_at": utc_now()}
        # Who puts what is there already relies on it from now on: `remove` looks at the time.
        anew = {"stored_at": row["stored_at"]}
        statement = insert(blobs).values(row).on_conflict_do_update(index_elements=["sha256"], set_=anew)
        await self._database.write(lambda c: _run(c, statement))
        return digest

    async def get(self, sha256: str) -> bytes | None:
        return await self._database.read(
            lambda c: c.execute(select(blobs.c.body).where(blobs.c.sha256 == sha256)).scalar_one_or_none()
        )

    async def known(self, digests: Iterable[str]) -> set[str]:
        """Those of `digests` whose bytes are here."""
        asked = list(digests)
        return await self._database.read(
            lambda c: set(c.execute(select(blobs.c.sha256).where(blobs.c.sha256.in_(asked))).scalars())
        )

    async def remove(self, digests: Iterable[str], *, put_before: str) -> None:
        """Erase those that nobody has put since `put_before` (RFC 3339). That nothing refers to them is the caller's to know."""
        for digest in digests:  # one at a time: erasing a large one takes a while, and others want to write
            statement = delete(blobs).where(blobs.c.sha256 == digest, blobs.c.stored_at < put_before)
            await self._database.write(partial(_run, statement=statement))


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


async def _digest(body: bytes) -> str:
    if len(body) <= _HASHED_AT_ONCE:
        return sha256(body).hexdigest()
    return await asyncio.to_thread(lambda: sha256(body).hexdigest())


def _run(connection: Connection, statement: Any) -> None:
    connection.execute(statement)
