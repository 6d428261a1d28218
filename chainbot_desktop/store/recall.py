"""What among all messages and notes may fit a question, and what a conversation keeps of how it recalls."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.schema import conversations, messages
from chainbot_desktop.store.text_ranking import Ranked, Term, best_rows

_READ = 40_000
"""Characters of a message that are looked at."""

_LINEAGE = """
WITH RECURSIVE line(id, through, stem, at) AS (
  SELECT id, 9223372036854775807, branched_from, branched_at FROM conversations WHERE id = ?
  UNION SELECT c.id, min(line.at, line.through), c.branched_from, c.branched_at
    FROM conversations c JOIN line ON c.id = line.stem WHERE line.stem <> '' LIMIT 1000)
SELECT id, through FROM line
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message or a note. `title` is that of its conversation, `number` its own."""

    id: str
    number: int
    text: str
    author: str
    created_at: str
    conversation_id: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best first, by their words. How often the terms stand is in `ranked`."""

    found: Sequence[Candidate]
    ranked: Ranked


class RecallTable:
    """Use on the loop's thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(self, terms: Sequence[Term], limit: int, *, conversation_id: str = "", before: int = 0) -> Candidates:
        """Of all conversations what people and agents said, but of `conversation_id` (with its stems) only what is before number
        `before`: the rest is known there."""

        def work(connection: Connection) -> Candidates:
            driver = _driver(connection)
            ranked = best_rows(driver, "messages_text", terms, 3 * limit)
            return Candidates(_of_others(driver, ranked.rows, conversation_id, before)[:limit], ranked)

        return await self._database.read(work)

    async def numbered(self, numbers: Sequence[int], *, conversation_id: str = "", before: int = 0) -> list[Candidate]:
        """The messages of these numbers, in their order, with what `messages` leaves out left out."""

        def work(connection: Connection) -> list[Candidate]:
            return _of_others(_driver(connection), numbers, conversation_id, before)

        return await self._database.read(work)

    async def texts_after(self, number: int, limit: int) -> Sequence[tuple[int, str]]:
        """Numbers and beginnings of what people and agents said after this number, in order."""

        def work(connection: Connection) -> list[tuple[int, str]]:
            return _driver(connection).execute(_TEXTS, (number, limit)).fetchall()

        return await self._database.read(work)

    async def numbers(self) -> Sequence[int]:
        """Of all messages, whatever their kind: an index has them, the texts are not touched."""

        def work(connection: Connection) -> list[int]:
            return [row[0] for row in _driver(connection).execute("SELECT number FROM messages INDEXED BY ix_messages_id")]

        return await self._database.read(work)

    async def newest_notes(self, limit: int) -> list[Candidate]:
        query = "SELECT id, number, text, author, created_at FROM memories ORDER BY number DESC LIMIT ?"

        def work(connection: Connection) -> list[Candidate]:
            return [Candidate(*row) for row in _driver(connection).execute(query, (limit,))]

        return await self._database.read(work)

    async def notes(self, terms: Sequence[Term], limit: int) -> Candidates:
        def work(connection: Connection) -> Candidates:
            driver = _driver(connection)
            ranked = best_rows(driver, "memories_text", terms, limit)
            return Candidates([Candidate(*row) for row in _in_order(driver, _NOTES, ranked.rows)], ranked)

        return await self._database.read(work)

    async def lineage(self, conversation_id: str) -> dict[str, int]:
        """The conversation and its stems, nearest first: up to which number their messages are its own."""

        def work(connection: Connection) -> dict[str, int]:
            return dict(_driver(connection).execute(_LINEAGE, (conversation_id,)).fetchall())

        return await self._database.read(work)

    async def recall_of(self, conversation_id: str) -> dict[str, Any]:
        """The column `recall` as it is now; empty where the conversation is gone."""
        query = select(conversations.c.recall).where(conversations.c.id == conversation_id)
        return await self._database.read(lambda connection: dict(connection.execute(query).scalar_one_or_none() or {}))

    async def change_recall(self, conversation_id: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """`change` is called on the writing thread with what is there. NotFound where the conversation is gone."""

        def work(connection: Connection) -> None:
            row = connection.execute(select(conversations.c.recall).where(conversations.c.id == conversation_id)).first()
            if row is None:
                raise NotFound("This conversation does not exist any more.")
            values = {"recall": change(dict(row.recall or {}))}
            connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(**values))

        await self._database.write(work)

    async def set_detail(self, message_id: str, detail: Mapping[str, Any]) -> None:
        """NotFound where the message is gone."""
        statement = update(messages).where(messages.c.id == message_id).values(detail=dict(detail))
        if await self._database.write(lambda connection: connection.execute(statement).rowcount) == 0:
            raise NotFound("This message does not exist any more.")


_MESSAGES = f"""
SELECT m.id, m.number, substr(m.text, 1, {_READ}), m.author, m.created_at, m.conversation_id, c.title
FROM messages m JOIN conversations c ON c.id = m.conversation_id
WHERE m.kind = 'text' AND m.number > c.cleared_through AND m.number IN
"""  # noqa: S608 - the only thing put in is a number of ours

_TEXTS = "SELECT number, substr(text, 1, 1200) FROM messages WHERE number > ? AND kind = 'text' ORDER BY number LIMIT ?"
_NOTES = "SELECT m.id, m.number, m.text, m.author, m.created_at FROM memories m WHERE m.number IN "


def _of_others(driver: sqlite3.Connection, numbers: Sequence[int], conversation_id: str, before: int) -> list[Candidate]:
    own = dict(driver.execute(_LINEAGE, (conversation_id,)).fetchall())
    rows = _in_order(driver, _MESSAGES, numbers)
    return [Candidate(*row) for row in rows if row[5] not in own or row[1] < before or row[1] > own[row[5]]]


def _in_order(driver: sqlite3.Connection, query: str, numbers: Sequence[int]) -> list[tuple[Any, ...]]:
    places = {number: place for place, number in enumerate(numbers)}
    marks = f"({','.join('?' * len(numbers))})"
    rows: list[tuple[Any, ...]] = driver.execute(query + marks, tuple(numbers)).fetchall()
    return sorted(rows, key=lambda row: places[row[1]])


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
