"""The full text of all messages: what is found where, newest first.

FTS5 walks its hits from the newest one back and stops when there are enough: the tables are looked at for those alone. What is said
of a hit (its snippet) is made after the choice, of as many as are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from chainbot_desktop.store.conversation_rows import MARK_BEGIN, MARK_END, Hit
from chainbot_desktop.store.journal import match_expression

Reach = tuple[str, int]
"""A conversation, and the number up to which its messages count."""

_FOUND = f"""
SELECT m.conversation_id, c.title, m.number, m.id, m.author, m.created_at,
  snippet(messages_text, 0, '{MARK_BEGIN}', '{MARK_END}', '…', 16)
FROM messages_text CROSS JOIN messages m ON m.number = messages_text.rowid CROSS JOIN conversations c ON c.id = m.conversation_id
WHERE messages_text MATCH :words AND m.kind = 'text' AND m.number > c.cleared_through
"""  # noqa: S608 - the marks are ours
_NEWEST = " ORDER BY messages_text.rowid DESC LIMIT :limit"


def find_messages(
    connection: Connection, words: str, limit: int, floors: Mapping[str, int], within: Sequence[Reach] = ()
) -> list[Hit]:
    """Messages with every one of `words` (the last may be a beginning). `floors` hide; `within` are the only ones, if given."""
    values: dict[str, object] = {"words": match_expression(words), "limit": limit}
    query = _FOUND
    for index, (conversation_id, floor) in enumerate(floors.items()):
        query += f" AND NOT (m.conversation_id = :id{index} AND m.number <= :floor{index})"
        values |= {f"id{index}": conversation_id, f"floor{index}": floor}
    if within:
        bounds = _bounds(connection, within)
        if bounds is None:
            return []
        # The index is asked for these numbers only: a common word is not looked at all over the house.
        query += " AND messages_text.rowid BETWEEN :first AND :last AND ("
        query += " OR ".join(f"(m.conversation_id = :in{index} AND m.number <= :upto{index})" for index in range(len(within)))
        query += ")"
        values |= {"first": bounds[0], "last": bounds[1]}
        for index, (conversation_id, upto) in enumerate(within):
            values |= {f"in{index}": conversation_id, f"upto{index}": upto}
    return [Hit(*row) for row in connection.execute(text(query + _NEWEST), values)]


def reaches_of(connection: Connection, conversation_id: str) -> list[Reach]:
    """A conversation with the stems that it shares, each up to where it does."""
    reaches = [(conversation_id, 2**62)]
    query = text("SELECT branched_from, branched_at FROM conversations WHERE id = :id")
    while (row := connection.execute(query, {"id": reaches[-1][0]}).first()) is not None and row[0]:
        if any(row[0] == known for known, _ in reaches):
            break
        reaches.append((row[0], min(row[1], reaches[-1][1])))
    return reaches


def _bounds(connection: Connection, within: Sequence[Reach]) -> tuple[int, int] | None:
    query = text("SELECT min(number), max(number) FROM messages WHERE conversation_id = :id AND number <= :upto")
    found = [connection.execute(query, {"id": key, "upto": upto}).one() for key, upto in within]
    kept = [(row[0], row[1]) for row in found if row[0] is not None]
    return (min(first for first, _ in kept), max(last for _, last in kept)) if kept else None
