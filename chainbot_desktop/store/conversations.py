"""Conversations and their messages. A message and the event that tells of it are committed together.

Every read is a range of an index, so a conversation of a hundred thousand messages answers as quickly as one of a hundred.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from sqlalchemy import Connection, delete, select, text, update

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.events import (
    ConversationCleared,
    ConversationCreated,
    ConversationDeleted,
    ConversationRenamed,
    MessagePosted,
)
from chainbot_desktop.core.events.chat import ConversationFact, PostedMessage
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.store.conversation_rows import (
    MARK_BEGIN,
    MARK_END,
    SUMMARY_TEXT,
    Conversation,
    Hit,
    Message,
    conversation_of_row,
    message_of_row,
)
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal, match_expression
from chainbot_desktop.store.message_places import MessagePlaces
from chainbot_desktop.store.schema import conversations, messages

SOURCE = "chat"
_ERASE_SLICE = 2_000
"""Messages that one transaction erases: the writing thread is never away from webhooks for long."""

_SUMMARY = f"""
SELECT c.*, m.number AS last_number, m.author AS last_author, m.kind AS last_kind,
  substr(m.text, 1, {SUMMARY_TEXT}) AS last_text,
  (SELECT count(*) FROM (SELECT 1 FROM messages u WHERE u.conversation_id = c.id
     AND u.number > max(c.read_through, :floor) LIMIT 100)) AS unread
FROM conversations c LEFT JOIN messages m ON m.number = (
  SELECT l.number FROM messages l WHERE l.conversation_id = c.id AND l.number > :floor ORDER BY l.number DESC LIMIT 1)
"""  # noqa: S608 - the only thing put in is a number of ours

_SEARCH = f"""
SELECT m.conversation_id, c.title, m.number, m.id, m.author, m.created_at,
  snippet(messages_text, 0, '{MARK_BEGIN}', '{MARK_END}', '…', 16)
FROM messages_text JOIN messages m ON m.number = messages_text.rowid JOIN conversations c ON c.id = m.conversation_id
WHERE messages_text MATCH :words AND m.kind = 'text'
"""  # noqa: S608 - the marks are ours


class ConversationTable:
    """Use on the loop's thread; `journal` is open. A `floor` hides messages up to that number."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal
        self.places = MessagePlaces(database)

    async def create(self, title: str = "", *, actor: Actor) -> Conversation:
        now = utc_now()
        made = Conversation(new_id(), title, now, now, False, False, "", 0, 0, 0, "", "", "")
        row = (made.id, title, now, now, False, False, "", 0)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO conversations (id, title, created_at, updated_at, pinned, archived, draft, read_through)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

        await self._journal.append(_event(ConversationCreated, made.id, actor), write=write)
        return made

    async def rename(self, conversation_id: str, title: str, *, actor: Actor) -> None:
        await self.get(conversation_id)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE conversations SET title = ? WHERE id = ?", (title, conversation_id))

        await self._journal.append(_event(ConversationRenamed, conversation_id, actor), write=write)

    async def set_pinned(self, conversation_id: str, pinned: bool) -> None:
        await self._update(conversation_id, {"pinned": pinned})

    async def set_archived(self, conversation_id: str, archived: bool) -> None:
        await self._update(conversation_id, {"archived": archived})

    async def save_draft(self, conversation_id: str, draft: str) -> None:
        await self._update(conversation_id, {"draft": draft})

    async def set_lead(self, conversation_id: str, agent_id: str) -> None:
        """The agent that is meant where a message names none; "" is nobody."""
        await self._update(conversation_id, {"lead": agent_id})

    async def mark_read(self, conversation_id: str, number: int) -> None:
        """Messages up to `number` were shown; never goes back."""

        def work(connection: Connection) -> None:
            statement = update(conversations).where(conversations.c.id == conversation_id)
            connection.execute(statement.where(conversations.c.read_through < number).values(read_through=number))

        await self._database.write(work)

    async def get(self, conversation_id: str, *, floor: int = 0) -> Conversation:
        """NotFound where there is none of this id."""

        def work(connection: Connection) -> Conversation | None:
            row = connection.execute(text(_SUMMARY + " WHERE c.id = :id"), {"id": conversation_id, "floor": floor}).first()
            return conversation_of_row(row) if row is not None else None

        found = await self._database.read(work)
        if found is None:
            raise NotFound("This conversation does not exist any more.", hint="Choose another one, or begin a new one.")
        return found

    async def listed(self, *, archived: bool = False, limit: int = 1000, offset: int = 0) -> list[Conversation]:
        """Pinned ones first, then the one with the newest message first."""
        order = " WHERE c.archived = :archived ORDER BY c.pinned DESC, c.updated_at DESC, c.id DESC LIMIT :limit OFFSET :offset"
        values = {"archived": archived, "limit": limit, "offset": offset, "floor": 0}

        def work(connection: Connection) -> list[Conversation]:
            return [conversation_of_row(row) for row in connection.execute(text(_SUMMARY + order), values)]

        return await self._database.read(work)

    async def post(
        self,
        conversation_id: str,
        body: str,
        *,
        author: Actor,
        kind: str = "text",
        title: str = "",
        read: bool = False,
        detail: Mapping[str, object] | None = None,
    ) -> Message:
        """Keep a message together with its event. `title` names a conversation that has no title yet; `read`: up to here it was read."""
        await self.get(conversation_id)
        encoded = body.encode()
        now = utc_now()
        kept = Message(0, new_id(), conversation_id, author, kind, body, now, dict(detail or {}))
        detail_json = canonical_json(kept.detail).decode()
        event = MessagePosted(
            source=SOURCE,
            subject=conversation_id,
            actor=author,
            time=now,
            data=PostedMessage(
                conversation_id=conversation_id,
                message_id=kept.id,
                author=author,
                kind=kind,
                size=len(encoded),
                sha256=sha256(encoded).hexdigest(),
            ),
        )
        numbers: list[int] = []

        def write(connection: sqlite3.Connection) -> None:
            # Nothing in here may fail: the events of others are in the same transaction.
            cursor = connection.execute(
                "INSERT INTO messages (id, conversation_id, author, kind, text, created_at, detail) SELECT ?, ?, ?, ?, ?, ?, ?"
                " WHERE EXISTS (SELECT 1 FROM conversations WHERE id = ?)",
                (kept.id, conversation_id, author, kind, body, now, detail_json, conversation_id),
            )
            if cursor.rowcount == 1 and cursor.lastrowid is not None:
                numbers.append(cursor.lastrowid)
                if read:
                    mark = "UPDATE conversations SET read_through = max(read_through, ?) WHERE id = ?"
                    connection.execute(mark, (cursor.lastrowid, conversation_id))
            connection.execute(
                "UPDATE conversations SET updated_at = ?, title = CASE title WHEN '' THEN ? ELSE title END WHERE id = ?",
                (now, title, conversation_id),
            )

        await self._journal.append(event, write=write)
        if not numbers:
            raise NotFound("This conversation was deleted meanwhile; the message was not kept.")
        return replace(kept, number=numbers[-1])

    async def message(self, message_id: str) -> Message | None:
        def work(connection: Connection) -> Message | None:
            row = connection.execute(select(messages).where(messages.c.id == message_id)).first()
            return message_of_row(row) if row is not None else None

        return await self._database.read(work)

    async def before(self, conversation_id: str, number: int | None, limit: int, *, floor: int = 0) -> list[Message]:
        """The `limit` messages before `number` (the newest ones for None), oldest first."""

        def work(connection: Connection) -> list[Message]:
            query = select(messages).where(messages.c.conversation_id == conversation_id, messages.c.number > floor)
            if number is not None:
                query = query.where(messages.c.number < number)
            rows = connection.execute(query.order_by(messages.c.number.desc()).limit(limit)).all()
            return [message_of_row(row) for row in reversed(rows)]

        return await self._database.read(work)

    async def after(self, conversation_id: str, number: int, limit: int, *, floor: int = 0) -> list[Message]:
        """The `limit` messages after `number`, oldest first."""

        def work(connection: Connection) -> list[Message]:
            query = select(messages).where(
                messages.c.conversation_id == conversation_id, messages.c.number > max(number, floor)
            )
            return [message_of_row(row) for row in connection.execute(query.order_by(messages.c.number).limit(limit))]

        return await self._database.read(work)

    async def search(self, words: str, *, limit: int = 100, floors: Mapping[str, int] | None = None) -> list[Hit]:
        """Messages with every one of `words` (the last may be a beginning), newest first.

        Commands and their answers are not searched, nor what is at or below a floor.
        """
        if not words.strip():
            return []
        values: dict[str, object] = {"words": match_expression(words), "limit": limit}
        query = _SEARCH
        for index, (conversation_id, floor) in enumerate((floors or {}).items()):
            query += f" AND NOT (m.conversation_id = :id{index} AND m.number <= :floor{index})"
            values |= {f"id{index}": conversation_id, f"floor{index}": floor}
        query += " ORDER BY messages_text.rowid DESC LIMIT :limit"
        return await self._database.read(lambda connection: [Hit(*row) for row in connection.execute(text(query), values)])

    async def titled(self, words: str, *, limit: int = 20) -> list[Conversation]:
        """Conversations whose title holds `words` as they stand, whatever their case."""
        pattern = "%" + "".join("\\" + c if c in "\\%_" else c for c in words.strip()) + "%"
        query = _SUMMARY + " WHERE c.title LIKE :pattern ESCAPE '\\' ORDER BY c.updated_at DESC LIMIT :limit"
        values = {"pattern": pattern, "limit": limit, "floor": 0}

        def work(connection: Connection) -> list[Conversation]:
            return [conversation_of_row(row) for row in connection.execute(text(query), values)]

        return await self._database.read(work)

    async def typed(self, conversation_id: str, *, limit: int = 50) -> list[str]:
        """What people wrote here, newest first: the composer's history."""

        def work(connection: Connection) -> list[str]:
            recent = select(messages).where(messages.c.conversation_id == conversation_id)
            # A look at the last few hundred only, so that a long conversation of agents costs no more than a short one.
            part = recent.order_by(messages.c.number.desc()).limit(limit * 8).subquery()
            query = select(part.c.text).where(part.c.author.like("user:%")).order_by(part.c.number.desc()).limit(limit)
            return [str(row[0]) for row in connection.execute(query)]

        return await self._database.read(work)

    async def clear(self, conversation_id: str, through: int, *, actor: Actor) -> None:
        """Erase the messages up to number `through`, for good."""
        await self._erase(conversation_id, through)
        await self._journal.append(_event(ConversationCleared, conversation_id, actor))

    async def delete(self, conversation_id: str, *, actor: Actor) -> None:
        """Erase a conversation and its messages, for good."""
        await self._erase(conversation_id, None)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))

        await self._journal.append(_event(ConversationDeleted, conversation_id, actor), write=write)

    async def _erase(self, conversation_id: str, through: int | None) -> None:
        mine = select(messages.c.number).where(messages.c.conversation_id == conversation_id)
        if through is not None:
            mine = mine.where(messages.c.number <= through)
        part = mine.order_by(messages.c.number).limit(_ERASE_SLICE)
        statement = delete(messages).where(messages.c.number.in_(part.scalar_subquery()))

        def work(connection: Connection) -> int:
            return connection.execute(statement).rowcount

        while await self._database.write(work) == _ERASE_SLICE:
            pass

    async def _update(self, conversation_id: str, values: Mapping[str, object]) -> None:
        statement = update(conversations).where(conversations.c.id == conversation_id).values(**values)

        def work(connection: Connection) -> int:
            return connection.execute(statement).rowcount

        if await self._database.write(work) == 0:
            raise NotFound("This conversation does not exist any more.")


def _event(
    cls: type[ConversationCreated | ConversationRenamed | ConversationCleared | ConversationDeleted],
    conversation_id: str,
    actor: Actor,
) -> ConversationCreated | ConversationRenamed | ConversationCleared | ConversationDeleted:
    return cls(source=SOURCE, subject=conversation_id, actor=actor, data=ConversationFact(conversation_id=conversation_id))
