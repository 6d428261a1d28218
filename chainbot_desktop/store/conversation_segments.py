"""Where the messages of a branch lie: its own, and those of the conversations that it grew out of, up to where it left each.

The segments of a conversation do not overlap and follow each other in order of number, so a page is read from one of them, rarely
from two, each time as a range of an index. These functions run inside a read or write of the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, TextualSelect, text

from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.store.conversation_rows import Message, message_of_row
from chainbot_desktop.store.schema import messages

EVERYTHING = 2**62
"""Above every number."""

_CHAIN = text("""
WITH RECURSIVE chain(id, through, stem, stem_through, cleared_through, depth) AS (
  SELECT id, :everything, branched_from, branched_at, cleared_through, 0 FROM conversations WHERE id = :id
  UNION ALL
  SELECT c.id, chain.stem_through, c.branched_from, min(chain.stem_through, c.branched_at), 0, chain.depth + 1
  FROM chain JOIN conversations c ON c.id = chain.stem WHERE chain.stem <> '' AND chain.depth < 100000
)
SELECT id, through, stem_through, cleared_through FROM chain ORDER BY depth
""")

SHOWING = """
WITH RECURSIVE showing(id, cleared_through) AS (
  SELECT id, cleared_through FROM conversations WHERE id = :id
  UNION ALL
  SELECT c.id, c.cleared_through FROM showing JOIN conversations c ON c.branched_from = showing.id WHERE c.branched_at >= :number
)
SELECT id FROM showing WHERE cleared_through < :number
"""
"""The conversations that show message `:number` of conversation `:id`: itself, and the branches that share it."""


# Left to choose, SQLite takes the index without threads, and looks at every message in them.
_WITHIN = """
FROM messages INDEXED BY ix_messages_thread
WHERE conversation_id = :id AND thread = :thread AND number > :above AND number <= :through ORDER BY number
"""
_COLUMNS = ", ".join(column.name for column in messages.c)
_OLDEST = text(f"SELECT {_COLUMNS} {_WITHIN} LIMIT :limit").columns(*messages.c)
_NEWEST = text(f"SELECT {_COLUMNS} {_WITHIN} DESC LIMIT :limit").columns(*messages.c)
_NEWEST_OF_ALL = text(f"""
SELECT {_COLUMNS} FROM messages WHERE conversation_id = :id AND number > :above AND number <= :through
ORDER BY number DESC LIMIT :limit
""").columns(*messages.c)  # noqa: S608 - names of our own columns
_COUNT = text(f"SELECT count(*) {_WITHIN}")
_AT = text(f"SELECT number {_WITHIN} LIMIT 1 OFFSET :index")
_AUTHORS = text(f"SELECT CASE WHEN author LIKE 'user:%' THEN text END AS text {_WITHIN} DESC LIMIT :limit")
_COUNTS = text("""
SELECT thread, count(*) FROM messages INDEXED BY ix_messages_thread
WHERE conversation_id = :id AND thread IN (SELECT value FROM json_each(:threads)) AND number > :above AND number <= :through
GROUP BY thread
""")


@dataclass(frozen=True, slots=True)
class Segment:
    """The messages of one conversation with numbers above `above`, up to `through`."""

    conversation_id: str
    above: int
    through: int

    def __contains__(self, message: Message) -> bool:
        return message.conversation_id == self.conversation_id and self.above < message.number <= self.through


def segments_of(connection: Connection, conversation_id: str, floor: int) -> list[Segment]:
    """Newest first; none for a conversation that is not there. What is at or below `floor` is in none of them."""
    rows = connection.execute(_CHAIN, {"id": conversation_id, "everything": EVERYTHING}).all()
    found = []
    for row in rows:
        floor = max(floor, row.cleared_through)
        above = max(floor, row.stem_through)
        if above < row.through:
            found.append(Segment(row.id, above, row.through))
        if floor >= row.stem_through:
            break
    return found


def read_before(
    connection: Connection, segments: Sequence[Segment], number: int | None, limit: int, *, thread: str | None = ""
) -> list[Message]:
    """The `limit` messages before `number` (the newest ones for None), oldest first; with `thread` None those of all threads too."""
    found: list[Message] = []
    for segment in segments:
        if len(found) >= limit:
            break
        through = segment.through if number is None else min(segment.through, number - 1)
        query = _NEWEST if thread is not None else _NEWEST_OF_ALL
        found += _read(connection, query, segment.conversation_id, thread, segment.above, through, limit - len(found))
    return found[::-1]


def read_after(
    connection: Connection, segments: Sequence[Segment], number: int, limit: int, *, thread: str = ""
) -> list[Message]:
    """The `limit` messages after `number`, oldest first: of a thread, or of the conversation itself."""
    found: list[Message] = []
    for segment in reversed(segments):
        if len(found) >= limit:
            break
        above = max(segment.above, number)
        found += _read(connection, _OLDEST, segment.conversation_id, thread, above, segment.through, limit - len(found))
    return found


def read_typed(connection: Connection, segments: Sequence[Segment], limit: int) -> list[str]:
    """What people wrote, newest first, among the last few hundred messages."""
    found: list[str] = []
    look = limit * 8
    for segment in segments:
        values = {"id": segment.conversation_id, "thread": "", "above": segment.above, "through": segment.through}
        rows = connection.execute(_AUTHORS, {**values, "limit": look}).all()
        found += [row.text for row in rows if row.text is not None]
        look -= len(rows)
        if look <= 0 or len(found) >= limit:
            break
    return found[:limit]


def count_messages(connection: Connection, segments: Iterable[Segment], before: int | None) -> int:
    """How many there are before a number (None: at all). A walk over an index alone: milliseconds for a hundred thousand."""
    count = 0
    for segment in segments:
        through = segment.through if before is None else min(segment.through, before - 1)
        if segment.above < through:
            values = {"id": segment.conversation_id, "thread": "", "above": segment.above, "through": through}
            count += connection.execute(_COUNT, values).scalar_one()
    return count


def find_place(connection: Connection, segments: Sequence[Segment], index: int) -> int | None:
    """The number of the message with `index` others before it; None where there are not so many."""
    for segment in reversed(segments):
        values = {"id": segment.conversation_id, "thread": "", "above": segment.above, "through": segment.through}
        found = connection.execute(_AT, {**values, "index": index}).scalar()
        if found is not None:
            return int(found)
        index -= connection.execute(_COUNT, values).scalar_one()
    return None


def count_threads(connection: Connection, segments: Iterable[Segment], threads: Sequence[str]) -> Mapping[str, int]:
    """How many messages each of `threads` has; those without any are left out."""
    counts: Counter[str] = Counter()
    wanted = canonical_json(list(threads)).decode()
    for segment in segments:
        values = {"id": segment.conversation_id, "above": segment.above, "through": segment.through, "threads": wanted}
        for thread, count in connection.execute(_COUNTS, values):
            counts[thread] += count
    return counts


def find_showing(connection: Connection, message: Message) -> list[str]:
    """The ids of the conversations that show a message: its own first, and the branches that share it."""
    return [row.id for row in connection.execute(text(SHOWING), {"id": message.conversation_id, "number": message.number})]


def _read(
    connection: Connection,
    query: TextualSelect,
    conversation_id: str,
    thread: str | None,
    above: int,
    through: int,
    limit: int,
) -> list[Message]:
    if above >= through:
        return []
    values = {"id": conversation_id, "above": above, "through": through, "limit": limit}
    if thread is not None:
        values["thread"] = thread
    return [message_of_row(row) for row in connection.execute(query, values)]
