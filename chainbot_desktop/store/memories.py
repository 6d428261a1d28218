"""Notes that are remembered. A note and the event that tells of it are committed together."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, func, select, text

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.events import MemoryChanged, MemoryForgotten, MemoryKept
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.events.memories import MemoryFact
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal, match_expression
from chainbot_desktop.store.schema import memories

_SEARCH = """
SELECT m.* FROM memories_text JOIN memories m ON m.number = memories_text.rowid
WHERE memories_text MATCH :words AND m.number < :before ORDER BY memories_text.rowid DESC LIMIT :limit
"""
_AFTER_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Memory:
    """A note. `number` is how a person names it, and is never used twice. `conversation_id` is where it was written, or ""."""

    number: int
    id: str
    text: str
    author: Actor
    conversation_id: str
    created_at: str


class MemoryTable:
    """Use on the loop's thread; `journal` is open."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    async def add(self, body: str, *, author: Actor, conversation_id: str = "") -> Memory:
        return await self._insert(Memory(0, new_id(), body, author, conversation_id, utc_now()), author)

    async def put_back(self, memory: Memory, *, actor: Actor) -> None:
        """A note that was deleted is there again, under its number."""
        await self._insert(memory, actor)

    async def edit(self, memory_id: str, body: str, *, actor: Actor) -> Memory:
        """NotFound where there is none."""
        changed = replace(await self.get(memory_id), text=body)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE memories SET text = ? WHERE id = ?", (body, memory_id))

        await self._journal.append(
            MemoryChanged(source="chat", subject=memory_id, actor=actor, data=_fact(changed)), write=write
        )
        return changed

    async def delete(self, memory_id: str, *, actor: Actor) -> Memory:
        """What was deleted. NotFound where there is none."""
        gone = await self.get(memory_id)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM memories WHERE id = ?", (memory_id,))

        await self._journal.append(
            MemoryForgotten(source="chat", subject=memory_id, actor=actor, data=_fact(gone)), write=write
        )
        return gone

    async def get(self, memory_id: str) -> Memory:
        found = await self._first(memories.c.id == memory_id)
        if found is None:
            raise NotFound("This note does not exist any more.", code="no_such_note")
        return found

    async def numbered(self, number: int) -> Memory | None:
        return await self._first(memories.c.number == number)

    async def with_text(self, body: str) -> Memory | None:
        return await self._first(memories.c.text == body)

    async def listed(self, *, before: int = 0, limit: int = 100) -> list[Memory]:
        """Newest first; `before` is the number that the last page ended with, 0 for the first page."""
        query = (
            select(memories).where(memories.c.number < (before or _AFTER_ALL)).order_by(memories.c.number.desc()).limit(limit)
        )
        return await self._database.read(lambda connection: [_memory_of(row) for row in connection.execute(query)])

    async def search(self, words: str, *, before: int = 0, limit: int = 100) -> list[Memory]:
        """Notes with every one of `words` (the last may be a beginning), newest first."""
        if not words.strip():
            return await self.listed(before=before, limit=limit)
        values = {"words": match_expression(words), "before": before or _AFTER_ALL, "limit": limit}
        return await self._database.read(
            lambda connection: [_memory_of(row) for row in connection.execute(text(_SEARCH), values)]
        )

    async def count(self) -> int:
        query = select(func.count()).select_from(memories)
        return await self._database.read(lambda connection: int(connection.execute(query).scalar_one()))

    async def _first(self, condition: object) -> Memory | None:
        def work(connection: Connection) -> Memory | None:
            row = connection.execute(select(memories).where(condition).limit(1)).first()  # type: ignore[arg-type]
            return _memory_of(row) if row is not None else None

        return await self._database.read(work)

    async def _insert(self, memory: Memory, actor: Actor) -> Memory:
        numbers: list[int] = []
        values = (memory.number or None, memory.id, memory.text, memory.author, memory.conversation_id, memory.created_at)

        def write(connection: sqlite3.Connection) -> None:
            # Nothing in here may fail: the events of others are in the same transaction.
            cursor = connection.execute(
                "INSERT OR IGNORE INTO memories (number, id, text, author, conversation_id, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            numbers.append(cursor.lastrowid or 0)

        await self._journal.append(MemoryKept(source="chat", subject=memory.id, actor=actor, data=_fact(memory)), write=write)
        return memory if memory.number else replace(memory, number=numbers[-1])


def _fact(memory: Memory) -> MemoryFact:
    body = memory.text.encode()
    return MemoryFact(memory_id=memory.id, size=len(body), sha256=sha256(body).hexdigest())


def _memory_of(row: Row[Any]) -> Memory:
    return Memory(row.number, row.id, row.text, row.author, row.conversation_id, row.created_at)
