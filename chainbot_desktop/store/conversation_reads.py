"""What is read of conversations: each as a list shows it, and its messages by pages.

Every read is a range of an index, so a conversation of a hundred thousand messages answers as quickly as one of a hundred, also
through many generations of branches.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select, text

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.store.conversation_pages import PageQuery, page_condition
from chainbot_desktop.store.conversation_rows import (
    SUMMARY_TEXT,
    Conversation,
    Hit,
    Message,
    Meter,
    Totals,
    conversation_of_row,
    message_of_row,
)
from chainbot_desktop.store.conversation_segments import (
    count_messages,
    count_threads,
    find_place,
    find_showing,
    read_after,
    read_before,
    read_typed,
    segments_of,
)
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.message_search import find_messages, reaches_of
from chainbot_desktop.store.schema import conversations, messages

_SUMMARY = f"""
SELECT c.*, m.number AS last_number, m.author AS last_author, m.kind AS last_kind,
  substr(m.text, 1, {SUMMARY_TEXT}) AS last_text,
  (SELECT count(*) FROM (SELECT 1 FROM messages u INDEXED BY ix_messages_thread WHERE u.conversation_id = c.id AND u.thread = ''
     AND u.number > max(c.read_through, c.cleared_through, :floor) LIMIT 100)) AS unread
FROM conversations c LEFT JOIN messages m ON m.number = (
  SELECT l.number FROM messages l INDEXED BY ix_messages_thread WHERE l.conversation_id = c.id AND l.thread = ''
    AND l.number > max(c.cleared_through, :floor) ORDER BY l.number DESC LIMIT 1)
"""  # noqa: S608 - the only thing put in is a number of ours

_METER = text("""
WITH RECURSIVE family(id) AS (
  SELECT id FROM runs WHERE conversation_id = :id
  UNION
  SELECT r.id FROM family JOIN runs r ON r.parent_id = family.id WHERE r.conversation_id IN ('', :id)
)
SELECT sum(r.input_tokens) AS input_tokens, sum(r.output_tokens) AS output_tokens, sum(r.cost) AS cost,
  sum(r.cost IS NULL AND r.input_tokens + r.output_tokens > 0) AS unpriced_runs
FROM family JOIN runs r ON r.id = family.id
""")


_ORDER = " ORDER BY pinned DESC, updated_at DESC, id DESC"

_NOT_WITHOUT = "id NOT IN (SELECT value FROM json_each(:without))"

_PAGE = f"SELECT id FROM conversations WHERE archived = :archived AND {_NOT_WITHOUT}{_ORDER} LIMIT :limit OFFSET :offset"  # noqa: S608

_TOTALS = f"""
SELECT count(*) FILTER (WHERE NOT archived), count(*) FILTER (WHERE archived),
  coalesce(sum((SELECT count(*) FROM (SELECT 1 FROM messages u INDEXED BY ix_messages_thread WHERE u.conversation_id = c.id
    AND u.thread = '' AND u.number > max(c.read_through, c.cleared_through) LIMIT 100))) FILTER (WHERE NOT archived), 0)
FROM conversations c WHERE {_NOT_WITHOUT}
"""  # noqa: S608 - nothing from outside is put in


class ConversationReads:
    """Use on the loop's thread. A `floor` hides messages up to that number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, conversation_id: str, *, floor: int = 0) -> Conversation:
        """NotFound where there is none of this id."""

        def work(connection: Connection) -> Conversation | None:
            row = connection.execute(text(_SUMMARY + " WHERE c.id = :id"), {"id": conversation_id, "floor": floor}).first()
            return _conversation(connection, row, floor) if row is not None else None

        found = await self._database.read(work)
        if found is None:
            raise NotFound("This conversation does not exist any more.", hint="Choose another one, or begin a new one.")
        return found

    async def listed(
        self, *, archived: bool = False, limit: int = 1000, offset: int = 0, without: Sequence[str] = ()
    ) -> list[Conversation]:
        """Pinned ones first, then the one with the newest message first. `without` leaves some out."""
        # Those that are asked for are chosen first: a summary is made of no others.
        order = f" WHERE c.id IN ({_PAGE}){_ORDER}"
        values = {"archived": archived, "limit": limit, "offset": offset, "floor": 0, "without": _json_list(without)}

        def work(connection: Connection) -> list[Conversation]:
            return [_conversation(connection, row, 0) for row in connection.execute(text(_SUMMARY + order), values)]

        return await self._database.read(work)

    async def titles(self, conversation_ids: Collection[str]) -> dict[str, str]:
        query = select(conversations.c.id, conversations.c.title).where(conversations.c.id.in_(conversation_ids))
        return await self._database.read(lambda c: {row.id: row.title for row in c.execute(query)})

    async def totals(self, *, without: Sequence[str] = ()) -> Totals:
        values = {"without": _json_list(without)}

        def work(connection: Connection) -> Totals:
            return Totals(*connection.execute(text(_TOTALS), values).one())

        return await self._database.read(work)

    async def search(
        self, words: str, *, limit: int = 100, floors: Mapping[str, int] | None = None, conversation_id: str = ""
    ) -> list[Hit]:
        """Messages with every one of `words` (the last may be a beginning), newest first; of all conversations, or of one.

        Commands and their answers are not searched, nor what is at or below a floor. One that is a branch has what it shares.
        """
        if not words.strip():
            return []

        def work(connection: Connection) -> list[Hit]:
            within = reaches_of(connection, conversation_id) if conversation_id else ()
            return find_messages(connection, words, limit, floors or {}, within)

        return await self._database.read(work)

    async def page(self, query: PageQuery) -> list[Conversation]:
        condition, values = page_condition(query)

        def work(connection: Connection) -> list[Conversation]:
            found = connection.execute(text(_SUMMARY + condition), {**values, "floor": 0})
            return [_conversation(connection, row, 0) for row in found]

        return await self._database.read(work)

    async def message(self, message_id: str) -> Message | None:
        def work(connection: Connection) -> Message | None:
            row = connection.execute(select(messages).where(messages.c.id == message_id)).first()
            return message_of_row(row) if row is not None else None

        return await self._database.read(work)

    async def before(
        self, conversation_id: str, number: int | None, limit: int, *, floor: int = 0, with_threads: bool = False
    ) -> list[Message]:
        """The `limit` messages before `number` (the newest ones for None), oldest first."""
        thread = None if with_threads else ""

        def work(connection: Connection) -> list[Message]:
            return read_before(connection, segments_of(connection, conversation_id, floor), number, limit, thread=thread)

        return await self._database.read(work)

    async def after(self, conversation_id: str, number: int, limit: int, *, floor: int = 0) -> list[Message]:
        """The `limit` messages after `number`, oldest first; those in threads are left out."""
        return await self.thread(conversation_id, "", after=number, limit=limit, floor=floor)

    async def thread(
        self, conversation_id: str, run_id: str, *, after: int = 0, limit: int = 500, floor: int = 0
    ) -> list[Message]:
        """The `limit` messages after number `after` that belong to the delegations of a run, oldest first."""

        def work(connection: Connection) -> list[Message]:
            segments = segments_of(connection, conversation_id, floor)
            return read_after(connection, segments, after, limit, thread=run_id)

        return await self._database.read(work)

    async def count(self, conversation_id: str, *, before: int | None = None, floor: int = 0) -> int:
        """How many messages a conversation has, or has before a number; those in threads are left out."""

        def work(connection: Connection) -> int:
            return count_messages(connection, segments_of(connection, conversation_id, floor), before)

        return await self._database.read(work)

    async def number_at(self, conversation_id: str, index: int, *, floor: int = 0) -> int | None:
        """The number of the message with `index` others before it; None where there are not so many."""

        def work(connection: Connection) -> int | None:
            return find_place(connection, segments_of(connection, conversation_id, floor), max(0, index))

        return await self._database.read(work)

    async def thread_counts(self, conversation_id: str, run_ids: Sequence[str], *, floor: int = 0) -> Mapping[str, int]:
        """How many messages the thread of each run has; a run without a thread is left out."""

        def work(connection: Connection) -> Mapping[str, int]:
            return count_threads(connection, segments_of(connection, conversation_id, floor), run_ids)

        return await self._database.read(work) if run_ids else {}

    async def shown_message(self, conversation_id: str, message_id: str, *, floor: int = 0) -> Message | None:
        """A message that a conversation shows, be it its own or of its stem."""

        def work(connection: Connection) -> Message | None:
            row = connection.execute(select(messages).where(messages.c.id == message_id)).first()
            if row is None:
                return None
            message, segments = message_of_row(row), segments_of(connection, conversation_id, floor)
            return message if any(message in segment for segment in segments) else None

        return await self._database.read(work)

    async def showing(self, message: Message) -> list[str]:
        """The ids of the conversations that show a message: its own, and the branches that share it."""
        return await self._database.read(lambda connection: find_showing(connection, message))

    async def titled(self, words: str, *, limit: int = 20) -> list[Conversation]:
        """Conversations whose title holds `words` as they stand, whatever their case."""
        pattern = "%" + "".join("\\" + c if c in "\\%_" else c for c in words.strip()) + "%"
        query = _SUMMARY + " WHERE c.title LIKE :pattern ESCAPE '\\' ORDER BY c.updated_at DESC LIMIT :limit"
        values = {"pattern": pattern, "limit": limit, "floor": 0}

        def work(connection: Connection) -> list[Conversation]:
            return [_conversation(connection, row, 0) for row in connection.execute(text(query), values)]

        return await self._database.read(work)

    async def typed(self, conversation_id: str, *, limit: int = 50, floor: int = 0) -> list[str]:
        """What people wrote here, newest first: the composer's history."""

        def work(connection: Connection) -> list[str]:
            return read_typed(connection, segments_of(connection, conversation_id, floor), limit)

        return await self._database.read(work)

    async def meter(self, conversation_id: str) -> Meter:
        def work(connection: Connection) -> Meter:
            row = connection.execute(_METER, {"id": conversation_id}).one()
            return Meter(row.input_tokens or 0, row.output_tokens or 0, row.cost, row.unpriced_runs or 0)

        return await self._database.read(work)


def _conversation(connection: Connection, row: Row[Any], floor: int) -> Conversation:
    found = conversation_of_row(row)
    if found.last_number or not found.branched_from:
        return found
    # A branch in which nothing was written yet ends with its stem.
    newest = read_before(connection, segments_of(connection, found.id, floor), None, 1)
    if not newest:
        return found
    last = newest[0]
    return replace(
        found, last_number=last.number, last_author=last.author, last_kind=last.kind, last_text=last.text[:SUMMARY_TEXT]
    )


def _json_list(ids: Sequence[str]) -> str:
    return orjson.dumps(list(ids)).decode()
