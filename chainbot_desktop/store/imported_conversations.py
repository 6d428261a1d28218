"""Conversations that come from elsewhere: each message is kept once, whatever is imported how often and however it ended.

Ids are made of the ids that things have where they come from. A message that continues what is kept is added at the end of that
conversation; one that departs from it (it answers a message that has been answered already) begins a branch.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import Connection, select

from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.schema import messages

_IDS_PER_QUERY = 500
_BRANCHES = UUID("5c1f7a0e-9f0b-5d3c-8a44-2f0d6f2a9b61")
"""A branch's id is made of the id of the message that it begins with."""

Place = tuple[str, int]
"""The conversation that a message is in, and its number."""


@dataclass(frozen=True, slots=True)
class ImportedMessage:
    """`parent` is the message that it follows, "" for a first one. `bodies` are kept as blobs, by their SHA-256."""

    id: str
    parent: str
    author: str
    text: str
    created_at: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    is_current: bool = True
    """Whether it lies on the branch that was in sight last. A branch that begins elsewhere goes into the archive: the list is
    not flooded with every answer that was once asked for again."""


@dataclass(frozen=True, slots=True)
class ImportedConversation:
    """`messages` in an order in which every parent comes before its children, and the current branch before the others."""

    id: str
    title: str
    named_by: str
    archived: bool
    pinned: bool
    messages: tuple[ImportedMessage, ...]


@dataclass(slots=True)
class Added:
    """What a write has added. `gone`: conversations that were deleted in the meantime, whose rest was left out."""

    conversations: int = 0
    branches: int = 0
    messages: int = 0
    gone: int = 0


Slice = tuple[ImportedConversation, Sequence[ImportedMessage]]


class ImportTable:
    """Use on the loop's thread; one import at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self, ids: Sequence[str]) -> dict[str, Place]:
        """Where those of `ids` are that are kept already."""

        def work(connection: Connection) -> dict[str, Place]:
            found: dict[str, Place] = {}
            for start in range(0, len(ids), _IDS_PER_QUERY):
                part = ids[start : start + _IDS_PER_QUERY]
                query = select(messages.c.id, messages.c.conversation_id, messages.c.number).where(messages.c.id.in_(part))
                found.update((row.id, (row.conversation_id, row.number)) for row in connection.execute(query))
            return found

        return await self._database.read(work)

    async def add(self, slices: Sequence[Slice], places: dict[str, Place], marks: Mapping[str, Any]) -> Added:
        """Keep what of `slices` has no place yet, in one transaction with `marks` (preferences by name; may use what is returned).

        `places` grows by what was added.
        """

        def work(connection: Connection) -> Added:
            writing = _Writing(connection.connection.cursor(), dict(places))  # type: ignore[arg-type]
            for conversation, part in slices:
                writing.add(conversation, part)
            for name, value in marks.items():
                writing.mark(name, value(writing.added) if callable(value) else value)
            fresh.update(writing.fresh)
            return writing.added

        fresh: dict[str, Place] = {}
        added = await self._database.write(work)
        places.update(fresh)  # only what is committed has a place
        return added


class _Writing:
    """One transaction, on the writing thread."""

    def __init__(self, cursor: sqlite3.Cursor, places: dict[str, Place]) -> None:
        self._cursor = cursor
        self._places = places
        self._tails: dict[str, int | None] = {}
        self.fresh: dict[str, Place] = {}
        self.added = Added()

    def add(self, conversation: ImportedConversation, part: Sequence[ImportedMessage]) -> None:
        for message in part:
            if message.id in self._places:
                continue
            home = self._home(conversation, message)
            if home is None:
                self.added.gone += 1
                return
            self._insert(home, message)

    def mark(self, name: str, value: Any) -> None:
        self._cursor.execute("INSERT OR REPLACE INTO preferences (name, value) VALUES (?, ?)", (name, _json(value)))

    def _home(self, conversation: ImportedConversation, message: ImportedMessage) -> str | None:
        """The conversation that takes a message; None where the one that it continues is gone."""
        at = self._places.get(message.parent)
        if at is None:
            tail = self._tail(conversation.id)
            if tail is None:
                self._make(conversation, conversation.id, message, "", 0)
                self.added.conversations += 1
            elif tail:
                # Another beginning of a conversation that is kept: it shares nothing with it.
                first = self._one("SELECT min(number) FROM messages WHERE conversation_id = ?", conversation.id)
                return self._branch(conversation, message, (conversation.id, int(first) - 1))
            return conversation.id
        tail = self._tail(at[0])
        if tail is None:
            return None
        return at[0] if tail == at[1] else self._branch(conversation, message, at)

    def _branch(self, conversation: ImportedConversation, message: ImportedMessage, at: Place) -> str:
        branch = str(uuid5(_BRANCHES, message.id))
        if self._tail(branch) is None:
            self._make(conversation, branch, message, *at)
            self.added.branches += 1
        return branch

    def _make(self, like: ImportedConversation, own_id: str, first: ImportedMessage, stem: str, stem_at: int) -> None:
        self._cursor.execute(
            "INSERT INTO conversations (id, title, named_by, created_at, updated_at, pinned, archived, draft, read_through,"
            " branched_from, branched_at) VALUES (?, ?, ?, ?, ?, ?, ?, '', 0, ?, ?)",
            (
                own_id,
                like.title,
                like.named_by,
                first.created_at,
                first.created_at,
                like.pinned and not stem,
                like.archived or (stem != "" and not first.is_current),
                stem,
                stem_at,
            ),
        )
        self._tails[own_id] = 0

    def _insert(self, home: str, message: ImportedMessage) -> None:
        for digest, body in message.bodies.items():
            self._cursor.execute(
                "INSERT OR IGNORE INTO blobs (sha256, size, body, stored_at) VALUES (?, ?, ?, ?)",
                (digest, len(body), body, utc_now()),
            )
        self._cursor.execute(
            "INSERT INTO messages (id, conversation_id, author, kind, text, created_at, detail) VALUES (?, ?, ?, 'text', ?, ?, ?)",
            (message.id, home, message.author, message.text, message.created_at, _json(message.detail)),
        )
        number = self._cursor.lastrowid
        assert number is not None
        # It was read where it comes from. What is unread here stays so, and the new one with it.
        self._cursor.execute(
            "UPDATE conversations SET updated_at = max(updated_at, ?),"
            " read_through = CASE WHEN read_through >= ? THEN ? ELSE read_through END WHERE id = ?",
            (message.created_at, self._tails[home], number, home),
        )
        self._tails[home] = number
        self._places[message.id] = self.fresh[message.id] = (home, number)
        self.added.messages += 1

    def _tail(self, conversation_id: str) -> int | None:
        """The number of the last message that is a conversation's own: 0 where it has none, None where it does not exist."""
        if conversation_id not in self._tails:
            query = (
                "SELECT coalesce((SELECT max(number) FROM messages WHERE conversation_id = c.id), 0)"
                " FROM conversations c WHERE c.id = ?"
            )
            self._tails[conversation_id] = self._one(query, conversation_id)
        return self._tails[conversation_id]

    def _one(self, query: str, *values: object) -> Any:
        row = self._cursor.execute(query, values).fetchone()
        return row[0] if row is not None else None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
