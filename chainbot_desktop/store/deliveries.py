"""The outbox: which public events of the journal the other side has, still needs, or refuses.

Nothing is written here when an event is appended. A row is made for an event only when its destination can be reached
(`derive`), so while it is away the outbox costs nothing: its position stays behind the journal's head, and that is all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from chainbot_desktop.core.errors import Conflict
from chainbot_desktop.core.events import DeliveriesDecided, DeliveryGivenUp
from chainbot_desktop.core.events.alexos import AbandonedDelivery, DeliveryDecision
from chainbot_desktop.core.events.envelope import Actor, Event, Recorded, Severity
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.event_rows import RECORDED, event_of_row
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.schema import deliveries, events, outbox_positions

DeliveryState = Literal["pending", "delivered", "given_up"]
MAX_PAGE = 500
_CHUNK = 500
_DECIDE = "UPDATE deliveries SET state = ?, next_attempt_at = '', updated_at = ? WHERE destination = ? AND state = ? AND seq IN"
_ANSWER_KEPT = 500
"""Characters of an answer that are kept."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way. `attempts` counts those that failed; `next_attempt_at` is RFC 3339, empty for at once."""

    seq: int
    event_id: str
    event_type: str
    subject: str
    attempts: int
    next_attempt_at: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as it is on disk. `updated_at` is when it was last tried or decided; `answer` the beginning of the last one."""

    seq: int
    event_id: str
    event_type: str
    subject: str
    state: DeliveryState
    attempts: int
    next_attempt_at: str
    updated_at: str
    status_code: int | None
    answer: str

    @property
    def delivery(self) -> Delivery:
        return Delivery(self.seq, self.event_id, self.event_type, self.subject, self.attempts, "")


@dataclass(frozen=True, slots=True)
class DeliveryMark:
    """What became of a delivery."""

    seq: int
    state: Literal["pending", "delivered"]
    attempts: int
    next_attempt_at: str = ""
    status_code: int | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryCounts:
    position: int
    pending: int
    given_up: int


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """`before` and `after` are a `seq`, exclusive. `words` must each occur in type, subject, answer or event id."""

    before: int | None = None
    after: int | None = None
    limit: int = 100
    state: DeliveryState | None = None
    types: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class DeliveryTable:
    """Use on the loop's thread only. `destination` is the address of a registry."""

    def __init__(self, database: Database, journal: SqliteJournal) -> None:
        self._database = database
        self._journal = journal

    async def begin(self, destination: str, history: int) -> None:
        """At the first word of a destination: it will be told of the newest `history` events and of all that follow."""

        def work(connection: Connection) -> None:
            head = connection.execute(select(func.max(events.c.seq))).scalar_one() or 0
            row = {"destination": destination, "seq": max(0, head - history)}
            connection.execute(upsert(outbox_positions).values(row).on_conflict_do_nothing())

        await self._database.write(work)

    async def derive(self, destination: str, types: Iterable[str], without: Collection[str], limit: int) -> int:
        """Make deliveries of the next `limit` events after the position, and move it; how many were made."""
        wanted = tuple(types)

        def work(connection: Connection) -> int:
            position = _position(connection, destination)
            head = connection.execute(select(func.max(events.c.seq))).scalar_one() or 0
            upto = min(head, position + limit)
            if upto <= position:
                return 0
            chosen = _public(wanted, without, position, upto).with_only_columns(
                literal(destination),
                events.c.seq,
                events.c.id,
                events.c.type,
                events.c.subject,
                literal("pending"),
                literal(0),
                literal(""),
                literal(utc_now()),
                literal(""),
            )
            columns = deliveries.c
            made = connection.execute(
                insert(deliveries).from_select(
                    [
                        columns.destination,
                        columns.seq,
                        columns.event_id,
                        columns.event_type,
                        columns.subject,
                        columns.state,
                        columns.attempts,
                        columns.next_attempt_at,
                        columns.updated_at,
                        columns.answer,
                    ],
                    chosen,
                )
            )
            statement = upsert(outbox_positions).values(destination=destination, seq=upto)
            connection.execute(statement.on_conflict_do_update(index_elements=["destination"], set_={"seq": upto}))
            return made.rowcount

        return await self._database.write(work)

    async def pending(self, destination: str, after_seq: int, limit: int) -> list[Delivery]:
        """Undelivered ones after `after_seq`, in the order of the journal."""
        asked = {"destination": destination, "after": after_seq, "most": limit}
        return await self._database.read(lambda connection: [Delivery(*row) for row in connection.execute(_PENDING, asked)])

    async def event(self, seq: int) -> Recorded[Event] | None:
        def work(connection: Connection) -> Recorded[Event] | None:
            row = connection.execute(_EVENT, {"the_seq": seq}).first()
            return event_of_row(row) if row is not None else None

        return await self._database.read(work)

    async def mark(self, destination: str, marks: Sequence[DeliveryMark]) -> None:
        """Note the outcomes of several deliveries in one transaction."""
        now = utc_now()
        rows = [
            {
                "the_seq": mark.seq,
                "state": mark.state,
                "attempts": mark.attempts,
                "next_attempt_at": mark.next_attempt_at,
                "updated_at": now,
                "status_code": mark.status_code,
                "answer": mark.answer[:_ANSWER_KEPT],
            }
            for mark in marks
        ]
        if not rows:
            return
        statement = update(deliveries).where(
            and_(deliveries.c.destination == destination, deliveries.c.seq == bindparam("the_seq"))
        )
        changed: dict[str, BindParameter[object]] = {name: bindparam(name) for name in rows[0] if name != "the_seq"}

        def work(connection: Connection) -> None:
            connection.execute(statement.values(changed), rows)

        await self._database.write(work)

    async def give_up(self, destination: str, delivery: Delivery, attempts: int, status_code: int | None, reason: str) -> None:
        """Give `delivery` up, and say so in the journal, in one transaction."""
        now = utc_now()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE deliveries SET state = 'given_up', attempts = ?, updated_at = ?, status_code = ?, answer = ? "
                "WHERE destination = ? AND seq = ?",
                (attempts, now, status_code, reason[:_ANSWER_KEPT], destination, delivery.seq),
            )

        fact = AbandonedDelivery(
            seq=delivery.seq,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            attempts=attempts,
            reason=reason[:_ANSWER_KEPT],
        )
        event = DeliveryGivenUp(data=fact, subject=delivery.subject, severity=Severity.ERROR)
        await self._journal.append(event, write=write)

    async def decide(self, destination: str, rows: Sequence[DeliveryRow], becomes: DeliveryState, actor: Actor) -> None:
        """What somebody decided about deliveries that are in one state, with its event in one transaction.

        Conflict, and nothing is changed, where one of them is in another state meanwhile.
        """
        was, now = rows[0].state, utc_now()
        seqs = [row.seq for row in rows]

        def write(connection: sqlite3.Connection) -> None:
            changed = 0
            for start in range(0, len(seqs), _CHUNK):
                part = seqs[start : start + _CHUNK]
                statement = f"{_DECIDE} ({','.join('?' * len(part))})"
                changed += connection.execute(statement, (becomes, now, destination, was, *part)).rowcount
            if changed != len(seqs):
                raise _changed_meanwhile(was)

        action = "retry" if becomes == "pending" else "give_up"
        fact = DeliveryDecision(action=action, was=was, count=len(seqs), first_seq=seqs[0], last_seq=seqs[-1])
        if len(rows) == 1:
            fact = fact.model_copy(update={"event_id": rows[0].event_id, "event_type": rows[0].event_type})
        subject = rows[0].subject if len(rows) == 1 else ""
        await self._journal.append(DeliveriesDecided(data=fact, subject=subject, actor=actor), write=write)

    async def row(self, destination: str, seq: int) -> DeliveryRow | None:
        statement = _ROWS.where(_D.destination == destination, _D.seq == seq)
        found = await self._database.read(lambda connection: [_row_of(row) for row in connection.execute(statement)])
        return found[0] if found else None

    async def rows(self, destination: str, state: DeliveryState, limit: int) -> list[DeliveryRow]:
        """Those of a state, the oldest first."""
        statement = _ROWS.where(_D.destination == destination, _D.state == state).order_by(_D.seq).limit(max(0, limit))
        return await self._database.read(lambda connection: [_row_of(row) for row in connection.execute(statement)])

    async def page(self, destination: str, query: DeliveryQuery) -> list[DeliveryRow]:
        """The newest first, or, with `after`, the oldest first."""
        statement = _ROWS.where(_D.destination == destination).limit(max(1, min(query.limit, MAX_PAGE)))
        if query.after is not None:
            statement = statement.where(_D.seq > query.after).order_by(_D.seq)
        else:
            statement = statement.order_by(_D.seq.desc())
        if query.before is not None:
            statement = statement.where(_D.seq < query.before)
        if query.state is not None:
            statement = statement.where(_D.state == query.state)
        if query.types:
            statement = statement.where(_D.event_type.in_(query.types))
        for word in query.words:
            places = (_D.event_type, _D.subject, _D.answer, _D.event_id)
            statement = statement.where(or_(*(place.icontains(word, autoescape=True) for place in places)))
        return await self._database.read(lambda connection: [_row_of(row) for row in connection.execute(statement)])

    async def counts(self, destination: str) -> DeliveryCounts:
        """The rows that wait or were given up; events after the position are counted by `behind`."""
        c = deliveries.c
        statement = (
            select(c.state, func.count())
            .where(c.destination == destination, c.state.in_(("pending", "given_up")))
            .group_by(c.state)
        )

        def work(connection: Connection) -> DeliveryCounts:
            found: dict[str, int] = {row.state: row[1] for row in connection.execute(statement)}
            return DeliveryCounts(_position(connection, destination), found.get("pending", 0), found.get("given_up", 0))

        return await self._database.read(work)

    async def behind(self, types: Iterable[str], without: Collection[str], after_seq: int, upto: int) -> int:
        """How many events in (after_seq, upto] would become deliveries."""
        statement = _public(tuple(types), without, after_seq, upto).with_only_columns(func.count())
        return await self._database.read(lambda connection: connection.execute(statement).scalar_one())

    async def prune(self, before: str) -> int:
        """Forget what was delivered before that time (RFC 3339 in UTC); how many rows went."""
        statement = delete(deliveries).where(deliveries.c.state == "delivered", deliveries.c.updated_at < before)
        return await self._database.write(lambda connection: connection.execute(statement).rowcount)


# Made once: putting a statement together costs more than running it, and these run for every event.
_D = deliveries.c
_PENDING = (
    select(_D.seq, _D.event_id, _D.event_type, _D.subject, _D.attempts, _D.next_attempt_at)
    .where(_D.destination == bindparam("destination"), _D.state == "pending", _D.seq > bindparam("after"))
    .order_by(_D.seq)
    .limit(bindparam("most", type_=Integer))
)
_ROWS = select(
    _D.seq,
    _D.event_id,
    _D.event_type,
    _D.subject,
    _D.state,
    _D.attempts,
    _D.next_attempt_at,
    _D.updated_at,
    _D.status_code,
    _D.answer,
)
_EVENT = select(*RECORDED).where(events.c.seq == bindparam("the_seq"))
_POSITION = select(outbox_positions.c.seq).where(outbox_positions.c.destination == bindparam("destination"))


def _changed_meanwhile(was: str) -> Conflict:
    return Conflict(
        "The delivery was delivered or decided upon meanwhile." if was == "pending" else "The delivery is no longer given up.",
        hint="Look at it again.",
        code="delivery_changed",
    )


def _row_of(row: Any) -> DeliveryRow:
    return DeliveryRow(*row)


def _position(connection: Connection, destination: str) -> int:
    return connection.execute(_POSITION, {"destination": destination}).scalar_one_or_none() or 0


def _public(types: tuple[str, ...], without: Collection[str], after_seq: int, upto: int) -> Select[tuple[int]]:
    return select(events.c.seq).where(
        events.c.seq > after_seq, events.c.seq <= upto, events.c.type.in_(types), events.c.source.not_in(list(without))
    )
