"""Where a message stands in its conversation, by count: what a scroll bar over a hundred thousand of them asks.

Both questions run over an index alone: some milliseconds for a hundred thousand messages. A branch has the messages of its stem up to
where it left it, and its own.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from chainbot_desktop.store.database import Database

_PARTS = """
WITH RECURSIVE parts(id, stem, low, high) AS (
  SELECT id, branched_from, max(cleared_through, :floor), 9223372036854775807 FROM conversations WHERE id = :id
  UNION ALL
  SELECT c.id, c.branched_from, parts.low, min(parts.high, b.branched_at)
  FROM parts JOIN conversations b ON b.id = parts.id JOIN conversations c ON c.id = parts.stem
)
"""
_HERE = """
FROM parts JOIN messages m ON m.conversation_id = parts.id AND m.thread = '' AND m.number > parts.low AND m.number <= parts.high
"""


class MessagePlaces:
    """Use on the loop's thread. A `floor` hides messages up to that number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, conversation_id: str, *, before: int | None = None, floor: int = 0) -> int:
        """How many messages a conversation has, or has before a number."""
        query = _PARTS + "SELECT count(*)" + _HERE + ("WHERE m.number < :before" if before is not None else "")
        return await self._one(query, {"id": conversation_id, "before": before, "floor": floor}) or 0

    async def number_at(self, conversation_id: str, index: int, *, floor: int = 0) -> int | None:
        """The number of the message with `index` others before it; None where there are not so many."""
        query = _PARTS + "SELECT m.number" + _HERE + "ORDER BY m.number LIMIT 1 OFFSET :index"
        return await self._one(query, {"id": conversation_id, "index": max(0, index), "floor": floor})

    async def _one(self, query: str, values: dict[str, object]) -> int | None:
        def work(connection: Connection) -> int | None:
            found = connection.execute(text(query), values).scalar()
            return int(found) if found is not None else None

        return await self._database.read(work)
