"""Clearing and deleting conversations for good, where branches may still show a part of what goes.

First what others need is given to them and the rest is hidden, in one transaction. Then the rest is erased bit by bit. A program
that is killed in between has lost nothing and shows nothing twice; doing it again finishes it.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, delete, select, text, update

from chainbot_desktop.store.conversation_inheritance import Branch, inheritance
from chainbot_desktop.store.conversation_segments import EVERYTHING
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.schema import conversations, messages

_ERASE_SLICE = 2_000
"""Messages that one transaction erases: the writing thread is never away from webhooks for long."""

_BRANCHES = text("""
WITH RECURSIVE grown(root, id, cleared_through) AS (
  SELECT id, id, cleared_through FROM conversations WHERE branched_from = :id
  UNION ALL
  SELECT grown.root, c.id, c.cleared_through FROM grown JOIN conversations c ON c.branched_from = grown.id
)
SELECT b.id, b.branched_at AS at, min(grown.cleared_through) AS above
FROM grown JOIN conversations b ON b.id = grown.root GROUP BY b.id
""")

_HOLDING_MORE = text("""
WITH RECURSIVE stems(id, stem, cleared_through) AS (
  SELECT id, branched_from, cleared_through FROM conversations WHERE id = :id
  UNION ALL
  SELECT c.id, c.branched_from, c.cleared_through FROM stems JOIN conversations c ON c.id = stems.stem WHERE stems.stem <> ''
)
SELECT id, cleared_through FROM stems WHERE id <> :id
  AND EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = stems.id AND m.number <= stems.cleared_through)
""")


class Erasure:
    """Use on the loop's thread. Once `release` has begun, the conversation does not show what it gives up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def release(self, conversation_id: str, through: int | None) -> None:
        """Give up the messages up to number `through`; all of them, and the branches, for None."""
        limit = EVERYTHING if through is None else through

        def work(connection: Connection) -> tuple[int, list[tuple[str, int]]]:
            higher = [(row.id, row.cleared_through) for row in connection.execute(_HOLDING_MORE, {"id": conversation_id})]
            return _hand_over(connection, conversation_id, limit), higher

        given, higher = await self._database.write(work)
        await self._erase(conversation_id, given)
        # A stem may have kept what this one alone still showed.
        for stem_id, cleared_through in higher:
            given = await self._database.write(_handing_over(stem_id, cleared_through))
            await self._erase(stem_id, given)

    async def _erase(self, conversation_id: str, through: int) -> None:
        mine = select(messages.c.number).where(messages.c.conversation_id == conversation_id, messages.c.number <= through)
        part = mine.order_by(messages.c.number).limit(_ERASE_SLICE)
        statement = delete(messages).where(messages.c.number.in_(part.scalar_subquery()))

        def work(connection: Connection) -> int:
            return connection.execute(statement).rowcount

        while await self._database.write(work) == _ERASE_SLICE:
            pass


def _handing_over(conversation_id: str, limit: int) -> Callable[[Connection], int]:
    return lambda connection: _hand_over(connection, conversation_id, limit)


def _hand_over(connection: Connection, conversation_id: str, limit: int) -> int:
    """The number up to which what is still there is nobody's."""
    mine = conversations.c.id == conversation_id
    columns = (conversations.c.branched_from, conversations.c.branched_at, conversations.c.cleared_through)
    row = connection.execute(select(*columns).where(mine)).first()
    if row is None:
        return 0
    limit = max(limit, row.cleared_through)
    connection.execute(update(conversations).where(mine).values(cleared_through=limit))
    branches = [Branch(each.id, each.at, each.above) for each in connection.execute(_BRANCHES, {"id": conversation_id})]
    plan = inheritance(row.branched_from, row.branched_at, branches, limit)
    for gift in plan.gifts:
        given = update(messages).where(messages.c.conversation_id == conversation_id)
        given = given.where(messages.c.number > gift.above, messages.c.number <= gift.through)
        connection.execute(given.values(conversation_id=gift.heir))
    for stem in plan.stems:
        changed = update(conversations).where(conversations.c.id == stem.branch)
        connection.execute(changed.values(branched_from=stem.stem, branched_at=stem.at))
    return plan.through
