"""Tasks that several agents share: who has which part of one, what came of it so far, and the answer that was made of it.

Task and answers are private and live here only; the events that tell of a beginning and an end carry sizes and digests.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, delete, select, update

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.store.agent_rows import CoordinationRow, PartRow
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.schema import coordination_parts, coordinations

E = TypeVar("E", bound=Event)


class CoordinationTable:
    """Use on the loop's thread; `journal` is open."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    async def begin(self, row: CoordinationRow, parts: Sequence[PartRow], event: E) -> Recorded[E]:
        def write(connection: sqlite3.Connection) -> None:
            _insert(connection, "coordinations", [asdict(row)])
            _insert(connection, "coordination_parts", map(asdict, parts))

        return await self._journal.append(event, write=write)

    async def note(self, row: CoordinationRow) -> None:
        """How far it has come, its parts apart."""
        statement = update(coordinations).where(coordinations.c.id == row.id).values(**asdict(row))
        await self._database.write(lambda c: _run(c, statement))

    async def note_part(self, part: PartRow) -> None:
        await self._database.write(lambda c: _update_part(c, part))

    async def end(self, row: CoordinationRow, event: E) -> Recorded[E]:
        values = {key: value for key, value in asdict(row).items() if key != "id"}
        columns = ", ".join(f"{name} = :{name}" for name in values)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(f"UPDATE coordinations SET {columns} WHERE id = :id", asdict(row))  # noqa: S608 - names of ours

        return await self._journal.append(event, write=write)

    async def get(self, coordination_id: str) -> tuple[CoordinationRow, list[PartRow]] | None:
        statement = select(coordinations).where(coordinations.c.id == coordination_id)
        return next(iter(await self._select(statement)), None)

    async def of_link(self, entanglement_id: str, *, limit: int) -> list[tuple[CoordinationRow, list[PartRow]]]:
        """Newest first."""
        statement = (
            select(coordinations)
            .where(coordinations.c.entanglement_id == entanglement_id)
            .order_by(coordinations.c.started_at.desc(), coordinations.c.id.desc())
            .limit(limit)
        )
        return await self._select(statement)

    async def open_ones(self) -> list[tuple[CoordinationRow, list[PartRow]]]:
        """Those that have not ended, oldest first."""
        statement = select(coordinations).where(coordinations.c.ended_at == "").order_by(coordinations.c.id)
        return await self._select(statement)

    async def part_of_message(self, message_id: str) -> PartRow | None:
        """The part of a guest that was told of it with this message."""
        statement = select(coordination_parts).where(coordination_parts.c.message_id == message_id)
        return await self._database.read(
            lambda c: next((PartRow(**row._mapping) for row in c.execute(statement)), None)  # noqa: SLF001
        )

    async def forget(self, entanglement_id: str) -> None:
        """Those of a link that have ended."""
        which = select(coordinations.c.id).where(
            coordinations.c.entanglement_id == entanglement_id, coordinations.c.ended_at != ""
        )

        def erase(connection: Connection) -> None:
            ids = list(connection.execute(which).scalars())
            connection.execute(delete(coordination_parts).where(coordination_parts.c.coordination_id.in_(ids)))
            connection.execute(delete(coordinations).where(coordinations.c.id.in_(ids)))

        await self._database.write(erase)

    async def _select(self, statement: Select[Any]) -> list[tuple[CoordinationRow, list[PartRow]]]:
        def read(connection: Connection) -> list[tuple[CoordinationRow, list[PartRow]]]:
            found = [CoordinationRow(**row._mapping) for row in connection.execute(statement)]  # noqa: SLF001
            of = {row.id: (row, list[PartRow]()) for row in found}
            chosen = coordination_parts.c.coordination_id.in_(list(of))
            order = (coordination_parts.c.coordination_id, coordination_parts.c.place)
            for part in connection.execute(select(coordination_parts).where(chosen).order_by(*order)):
                of[part.coordination_id][1].append(PartRow(**part._mapping))  # noqa: SLF001
            return list(of.values())

        return await self._database.read(read)


def _update_part(connection: Connection, part: PartRow) -> None:
    table = coordination_parts.c
    which = (table.coordination_id == part.coordination_id, table.place == part.place)
    connection.execute(update(coordination_parts).where(*which).values(**asdict(part)))


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        marks = ", ".join(f":{name}" for name in row)
        connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)  # noqa: S608 - names of ours


def _run(connection: Connection, statement: Any) -> None:
    connection.execute(statement)
