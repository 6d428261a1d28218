"""Clearing and deleting conversations for good, where branches may still show a part of what goes.

What goes is hidden first. Then what others need is given to them, and then the rest is erased, both bit by bit: after each bit every
conversation reads what it read before. A program that is killed in between has lost nothing; doing it again finishes it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select, text, update

from chainbot_desktop.store.conversation_inheritance import Branch, Stem, inheritance
from chainbot_desktop.store.conversation_segments import EVERYTHING
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.schema import conversations, messages

_SLICE = 2_000
"""Messages that one transaction gives away or erases: the writing thread is never away from webhooks for long."""

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
        await self._give_up(conversation_id, EVERYTHING if through is None else through)
        # A stem may have kept what this one alone still showed.
        stems = await self._database.read(lambda c: c.execute(_HOLDING_MORE, {"id": conversation_id}).all())
        for stem in stems:
            await self._give_up(stem.id, stem.cleared_through)

    async def _give_up(self, conversation_id: str, through: int) -> None:
        nobodys = None
        while nobodys is None:
            nobodys = await self._database.write(lambda connection: _give(connection, conversation_id, through))
        await self._erase(conversation_id, nobodys)

    async def _erase(self, conversation_id: str, through: int) -> None:
        mine = select(messages.c.number).where(messages.c.conversation_id == conversation_id, messages.c.number <= through)
        part = mine.order_by(messages.c.number).limit(_SLICE)
        statement = delete(messages).where(messages.c.number.in_(part.scalar_subquery()))

        def work(connection: Connection) -> int:
            return connection.execute(statement).rowcount

        while await self._database.write(work) == _SLICE:
            pass


def _give(connection: Connection, conversation_id: str, through: int) -> int | None:
    """One bit of what others need; None while there may be more, else the number up to which what is left is nobody's.

    Who gets what is asked anew each time: branches come and go meanwhile.
    """
    mine = conversations.c.id == conversation_id
    columns = (conversations.c.branched_from, conversations.c.branched_at, conversations.c.cleared_through)
    row = connection.execute(select(*columns).where(mine)).first()
    if row is None:
        return 0
    through = max(through, row.cleared_through)
    connection.execute(update(conversations).where(mine).values(cleared_through=through))
    branches = [Branch(each.id, each.at, each.above) for each in connection.execute(_BRANCHES, {"id": conversation_id})]
    plan = inheritance(row.branched_from, row.branched_at, branches, through)
    if not plan.gifts:
        _regrow(connection, plan.stems)
        return plan.through
    # The newest messages first, so that all that lies with the heir is newer than what it still shares.
    gift = plan.gifts[-1]
    _regrow(connection, [stem for stem in plan.stems if stem.stem == gift.heir])
    numbers = select(messages.c.number).where(
        messages.c.conversation_id == conversation_id, messages.c.number > gift.above, messages.c.number <= gift.through
    )
    given = connection.execute(numbers.order_by(messages.c.number.desc()).limit(_SLICE)).scalars().all()
    if given:
        moved = update(messages).where(messages.c.conversation_id == conversation_id)
        moved = moved.where(messages.c.number >= given[-1], messages.c.number <= given[0])
        connection.execute(moved.values(conversation_id=gift.heir))
    low = next(stem.at for stem in plan.stems if stem.branch == gift.heir)
    _regrow(connection, [Stem(gift.heir, conversation_id, given[-1] - 1 if len(given) == _SLICE else low)])
    return None


def _regrow(connection: Connection, stems: Iterable[Stem]) -> None:
    for stem in stems:
        changed = update(conversations).where(conversations.c.id == stem.branch)
        connection.execute(changed.values(branched_from=stem.stem, branched_at=stem.at))
