"""What each ALEX OS was last seen to understand, by the address of its registry."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from chainbot_desktop.core.link import DialectRow
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.schema import dialects

_rows: TypeAdapter[tuple[DialectRow, ...]] = TypeAdapter(tuple[DialectRow, ...])


@dataclass(frozen=True, slots=True)
class KnownDialect:
    name: str
    rows: tuple[DialectRow, ...]
    detected_at: str


class DialectTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, registry_url: str) -> KnownDialect | None:
        """None too where a newer version of the program wrote rows that this one does not understand."""

        def work(connection: Connection) -> KnownDialect | None:
            row = connection.execute(select(dialects).where(dialects.c.registry_url == registry_url)).first()
            if row is None:
                return None
            _, name, rows, detected_at = row
            try:
                return KnownDialect(name, _rows.validate_python(rows), detected_at)
            except ValidationError:
                return None

        return await self._database.read(work)

    async def save(self, registry_url: str, known: KnownDialect) -> None:
        values = {"name": known.name, "rows": _rows.dump_python(known.rows, mode="json"), "detected_at": known.detected_at}
        statement = insert(dialects).values(registry_url=registry_url, **values)
        statement = statement.on_conflict_do_update(index_elements=["registry_url"], set_=values)

        def work(connection: Connection) -> None:
            connection.execute(statement)

        await self._database.write(work)
