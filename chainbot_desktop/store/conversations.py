"""Conversations and their messages. What is written and the event that tells of it are committed together."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from sqlalchemy import Connection, text, update

from chainbot_desktop.core.errors import Conflict, NotFound
from chainbot_desktop.core.events import (
    ConversationBranched,
    ConversationChanged,
    ConversationCleared,
    ConversationCreated,
    ConversationDeleted,
    ConversationRenamed,
    MessageChanged,
    MessagePosted,
)
from chainbot_desktop.core.events.chat import Branch, ConversationChange, ConversationFact, MessageFact, PostedMessage
from chainbot_desktop.core.events.envelope import SYSTEM, Actor
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.core.ports import IdempotencyKey
from chainbot_desktop.store.conversation_erasure import Erasure
from chainbot_desktop.store.conversation_reads import ConversationReads
from chainbot_desktop.store.conversation_rows import Conversation, Message, NamedBy, TurnOrder
from chainbot_desktop.store.conversation_segments import SHOWING
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.schema import conversations

SOURCE = "chat"

_BRANCH = """
INSERT INTO conversations (id, title, created_at, updated_at, pinned, archived, draft, read_through, lead, branched_from,
  branched_at, cleared_through, named_by, turn_order, members, recall)
SELECT :id, :title, :now, :now, 0, 0, '', :number, lead, :stem,
  :number, max(:floor, cleared_through), :named_by, turn_order, members, recall
FROM conversations WHERE id = :source
"""


class ConversationTable(ConversationReads):
    """Use on the loop's thread; `journal` is open."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        super().__init__(database)
        self._journal = journal
        self._erasure = Erasure(database)

    async def create(
        self,
        title: str = "",
        *,
        lead: str = "",
        turn_order: TurnOrder = "lead",
        members: Sequence[str] = (),
        actor: Actor,
        key: IdempotencyKey | None = None,
    ) -> Conversation:
        now = utc_now()
        made = Conversation(new_id(), title, now, now, False, False, "", 0, 0, 0, "", "", "", lead)
        made = replace(made, named_by="person" if title else "", turn_order=turn_order, members=tuple(members))
        agents = (lead, turn_order, canonical_json(list(members)).decode())
        row = (made.id, title, now, now, False, False, "", 0, made.named_by, *agents)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO conversations (id, title, created_at, updated_at, pinned, archived, draft, read_through, named_by,"
                " lead, turn_order, members) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

        await self._journal.append(_event(ConversationCreated, made.id, actor), key, write=write)
        return made

    async def branch(self, source: Conversation, at: Message | None, *, title: str, floor: int, actor: Actor) -> Conversation:
        """A conversation that shares what `source` shows above `floor` up to `at`, or nothing (None), and has its agents.

        It grows out of the conversation where `at` lies. Conflict where that is not shown there any more.
        """
        made_id, now = new_id(), utc_now()
        stem, number = (at.conversation_id, at.number) if at is not None else (source.id, 0)
        values = {
            "id": made_id,
            "source": source.id,
            "stem": stem,
            "number": number,
            "title": title,
            "named_by": source.named_by if title else "",
            "floor": floor if at is not None else 0,
            "now": now,
        }
        fact = Branch(conversation_id=made_id, branched_from=stem, branched_at=number)
        event = ConversationBranched(source=SOURCE, subject=made_id, actor=actor, time=now, data=fact)
        written: list[bool] = []

        def write(connection: sqlite3.Connection) -> None:
            if at is not None:
                shown = connection.execute(SHOWING, {"id": stem, "number": number}).fetchall()
                lies = connection.execute("SELECT conversation_id FROM messages WHERE id = ?", (at.id,)).fetchone()
                if (source.id,) not in shown or lies != (stem,):
                    return
            written.append(connection.execute(_BRANCH, values).rowcount == 1)

        await self._journal.append(event, write=write)
        if not any(written):
            raise Conflict("The message to branch at was cleared or deleted meanwhile.", hint="Choose another one.")
        return await self.get(made_id)

    async def rename(self, conversation_id: str, title: str, *, actor: Actor, by: NamedBy = "person") -> None:
        """A name that is not a person's takes the place of one made of words alone."""
        await self.get(conversation_id)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE conversations SET title = ?, named_by = ? WHERE id = ? AND (? = 'person' OR named_by = 'words')",
                (title, by, conversation_id, by),
            )

        await self._journal.append(_event(ConversationRenamed, conversation_id, actor), write=write)

    async def change(self, conversation_id: str, values: Mapping[str, object], *, actor: Actor) -> None:
        """Set pinned, archived, lead, members, turn_order or recall, all at once, and tell of it."""
        await self.get(conversation_id)
        columns = ", ".join(f"{conversations.c[name].name} = ?" for name in values)
        stored = [canonical_json(v).decode() if isinstance(v, (list, tuple, dict)) else v for v in values.values()]
        fact = ConversationChange(conversation_id=conversation_id, changed=tuple(values))
        event = ConversationChanged(source=SOURCE, subject=conversation_id, actor=actor, data=fact)

        def write(connection: sqlite3.Connection) -> None:
            statement = f"UPDATE conversations SET {columns} WHERE id = ?"  # noqa: S608 - names of our own columns
            connection.execute(statement, (*stored, conversation_id))

        await self._journal.append(event, write=write)

    async def set_detail(self, message: Message, detail: Mapping[str, object], *, actor: Actor) -> None:
        """What `message` has besides its text, as a whole."""
        stored = canonical_json(dict(detail)).decode()
        fact = MessageFact(conversation_id=message.conversation_id, message_id=message.id)
        event = MessageChanged(source=SOURCE, subject=message.conversation_id, actor=actor, data=fact)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE messages SET detail = ? WHERE id = ?", (stored, message.id))

        await self._journal.append(event, write=write)

    async def note_runs(self, message: Message, runs: Sequence[str]) -> Message:
        """`message` with the runs that it began or reached. These tell of themselves: there is no event of it."""
        noting = text("UPDATE messages SET detail = json_set(detail, '$.runs', json(:runs)) WHERE id = :id")
        values = {"id": message.id, "runs": canonical_json(list(runs)).decode()}

        def work(connection: Connection) -> None:
            connection.execute(noting, values)

        await self._database.write(work)
        return replace(message, detail={**message.detail, "runs": list(runs)})

    async def save_draft(self, conversation_id: str, draft: str) -> None:
        await self._update(conversation_id, {"draft": draft})

    async def set_lead(self, conversation_id: str, agent_id: str) -> None:
        """The agent that is meant where a message names none; "" is nobody."""
        await self.change(conversation_id, {"lead": agent_id}, actor=SYSTEM)

    async def set_members(self, conversation_id: str, members: Sequence[str]) -> None:
        """The ids of the agents that take part."""
        await self.change(conversation_id, {"members": list(members)}, actor=SYSTEM)

    async def rewrite(self, message: Message, body: str, *, actor: Actor) -> None:
        """Other words for a message; of one that is gone, nothing."""
        fact = MessageFact(conversation_id=message.conversation_id, message_id=message.id)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE messages SET text = ? WHERE id = ?", (body, message.id))

        event = MessageChanged(source=SOURCE, subject=message.conversation_id, actor=actor, data=fact)
        await self._journal.append(event, write=write)

    async def mark_read(self, conversation_id: str, number: int) -> None:
        """Messages up to `number` were shown; never goes back."""

        def work(connection: Connection) -> None:
            statement = update(conversations).where(conversations.c.id == conversation_id)
            connection.execute(statement.where(conversations.c.read_through < number).values(read_through=number))

        await self._database.write(work)

    async def post(  # noqa: PLR0913 - all that is kept of a message
        self,
        conversation_id: str,
        body: str,
        *,
        author: Actor,
        kind: str = "text",
        title: str = "",
        read: bool = False,
        detail: Mapping[str, object] | None = None,
        thread: str = "",
        key: IdempotencyKey | None = None,
    ) -> Message:
        """Keep a message together with its event. `title` names a conversation that has no title yet; `read`: up to here it was read.

        `thread` is the run whose delegation it belongs to.
        """
        await self.get(conversation_id)
        encoded = body.encode()
        now = utc_now()
        kept = Message(0, new_id(), conversation_id, author, kind, body, now, dict(detail or {}), thread)
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
                "INSERT INTO messages (id, conversation_id, author, kind, text, created_at, detail, thread)"
                " SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM conversations WHERE id = ?)",
                (kept.id, conversation_id, author, kind, body, now, detail_json, thread, conversation_id),
            )
            if cursor.rowcount == 1 and cursor.lastrowid is not None:
                numbers.append(cursor.lastrowid)
                if read:
                    mark = "UPDATE conversations SET read_through = max(read_through, ?) WHERE id = ?"
                    connection.execute(mark, (cursor.lastrowid, conversation_id))
            connection.execute("UPDATE conversations SET updated_at = ? WHERE id = ?", (now, conversation_id))
            if title:
                naming = "UPDATE conversations SET title = ?, named_by = 'words' WHERE id = ? AND title = ''"
                connection.execute(naming, (title, conversation_id))

        await self._journal.append(event, key, write=write)
        if not numbers:
            raise NotFound("This conversation was deleted meanwhile; the message was not kept.")
        return replace(kept, number=numbers[-1])

    async def clear(self, conversation_id: str, through: int, *, actor: Actor) -> None:
        """Take away the messages up to number `through`, for good: what no branch shows is erased."""
        await self._erasure.release(conversation_id, through)
        await self._journal.append(_event(ConversationCleared, conversation_id, actor))

    async def delete(self, conversation_id: str, *, actor: Actor) -> None:
        """Delete a conversation, for good: what no branch of it shows is erased."""
        await self._erasure.release(conversation_id, None)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))

        await self._journal.append(_event(ConversationDeleted, conversation_id, actor), write=write)

    async def _update(self, conversation_id: str, values: Mapping[str, object]) -> None:
        statement = update(conversations).where(conversations.c.id == conversation_id).values(**values)

        def work(connection: Connection) -> int:
            return connection.execute(statement).rowcount

        if await self._database.write(work) == 0:
            raise NotFound("This conversation does not exist any more.")


def _json_list(ids: Sequence[str]) -> str:
    return canonical_json(list(ids)).decode()


def _event(
    cls: type[ConversationCreated | ConversationRenamed | ConversationCleared | ConversationDeleted],
    conversation_id: str,
    actor: Actor,
) -> ConversationCreated | ConversationRenamed | ConversationCleared | ConversationDeleted:
    return cls(source=SOURCE, subject=conversation_id, actor=actor, data=ConversationFact(conversation_id=conversation_id))
