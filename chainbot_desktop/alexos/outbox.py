"""Telling ALEX OS of every public event, each at least once with its id, those of one subject in their order.

What there is to tell is derived from the journal, so nothing can be lost between the two. While ALEX OS is away (`close_gate`)
nothing happens here at all. A subject whose first delivery fails waits alone; refusals for good are given up and journaled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Protocol

from chainbot_desktop.alexos.backlog import Backlog
from chainbot_desktop.alexos.delivery_notes import DeliveryNotes
from chainbot_desktop.alexos.lanes import Lane, Lanes
from chainbot_desktop.alexos.pace import Backoff, Pace, wait_for_event
from chainbot_desktop.core.bus import EventBus, Subscription
from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.core.events import EVENT_CLASSES, PUBLIC_TYPES
from chainbot_desktop.core.events.envelope import Actor, Event, Recorded
from chainbot_desktop.core.ids import format_time
from chainbot_desktop.core.ports import Journal
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.deliveries import Delivery, DeliveryMark, DeliveryRow, DeliveryState, DeliveryTable

_log = logging.getLogger(__name__)

AT_ONCE = 8
TRIES_OF_REFUSED = 3
_LONGEST_AFTER_BUG = 60.0
_KEEP_DELIVERED = timedelta(days=7)
_EVERY = 1_000_000


class Fate(Enum):
    DELIVERED = auto()
    REFUSED = auto()
    """This event, for good."""
    FAILED = auto()
    """This event, for now."""
    AWAY = auto()
    """Nothing can be delivered now."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one attempt. `ambiguous`: it may have arrived although no answer came."""

    fate: Fate
    status: int | None = None
    detail: str = ""
    ambiguous: bool = False


class Sender(Protocol):
    """Delivers one event. `doubtful_since`: an earlier attempt, at that loop time, may have arrived without our knowing."""

    async def send(self, recorded: Recorded[Event], doubtful_since: float | None) -> Sent: ...


class Outbox:
    """`run` it as a task; `open_gate` when ALEX OS can be told, `close_gate` when it cannot. Use on the loop's thread."""

    def __init__(
        self,
        destination: str,
        *,
        table: DeliveryTable,
        journal: Journal,
        bus: EventBus,
        sender: Sender,
        tasks: Tasks,
        pace: Pace,
        on_away: Callable[[str], None],
    ) -> None:
        self._destination = destination
        self._table = table
        self._bus = bus
        self._sender = sender
        self._tasks = tasks
        self._backoff = Backoff(pace.delivery_first, pace.delivery_longest)
        self._on_away = on_away
        self._lanes = Lanes()
        self._backlog = Backlog(destination, table, journal, self._lanes, pace)
        self._in_flight: dict[str, asyncio.Task[None]] = {}
        self._notes = DeliveryNotes(destination, table, pace)
        self._wake = asyncio.Event()
        self._gate = asyncio.Event()
        self._opened = asyncio.Event()
        self._failed_in_row = 0
        self._times_away = 0
        self.given_up = 0

    @property
    def pending(self) -> int:
        """Events that ALEX OS has still to be told, as of the last `count`."""
        return self._lanes.loaded + self._backlog.behind

    @property
    def idle(self) -> bool:
        """All that could be told was told, and is noted as such."""
        return self._opened.is_set() and self._lanes.loaded == 0 and self._notes.idle and self._backlog.derived

    def open_gate(self) -> None:
        self._gate.set()
        self._wake.set()

    def close_gate(self) -> None:
        self._gate.clear()

    async def run(self) -> None:
        while not self._opened.is_set():
            try:
                self.given_up = await self._backlog.open()
                self._opened.set()
            except ChainBotError as error:
                _log.warning("the outbox waits: %s", error)
                await asyncio.sleep(self._backoff.draw(3))
        while True:
            try:
                if not self._gate.is_set():
                    await self._notes.flush()  # it may stay closed for days
                    await self._gate.wait()
                if self._times_away:
                    # The way is open again, or so it is said: an event that failed each time must not become a busy loop.
                    await asyncio.sleep(self._backoff.draw(self._times_away - 1))
                self._wake.clear()
                await self._backlog.fill(self._in_flight)
                self._start_due()
                if self._notes.due is not None and self._seconds_to(self._notes.due) <= 0:
                    await self._notes.flush()
            except ChainBotError as error:
                _log.warning("the outbox waits: %s", error)
                await asyncio.sleep(self._backoff.draw(3))
                continue
            await self._rest()

    async def flush(self, deadline: float) -> None:
        """Wait for what is on its way, at most `deadline` seconds, and note what became of it. Starts nothing new."""
        self.close_gate()
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight.values(), timeout=deadline)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._notes.flush()

    async def count(self) -> int:
        """Bring `pending` up to date, once it runs; costs a look at the events since the last count only."""
        await self._opened.wait()
        await self._backlog.count()
        return self.pending

    # What people decide. Order and exactly-once hold: what is in flight is waited for, and a doubt about earlier attempts is kept.

    async def retry(self, row: DeliveryRow, actor: Actor) -> None:
        """Try it at once, or its subject's first where others go before it. Conflict where it was delivered meanwhile."""
        self._require_open()
        async with self._backlog.changing:
            await self._notes.flush()
            await self._table.decide(self._destination, [row], "pending", actor)
            if row.state == "given_up":
                self.given_up -= 1
                self._backlog.take_back([row.delivery], self._in_flight)
            else:
                self._lanes.hurry(row.subject)
        self._wake.set()

    async def give_up(self, row: DeliveryRow, actor: Actor) -> None:
        """Do not try it any more. Waits for the attempt that is under way; Conflict where it was delivered by that."""
        self._require_open()
        while True:
            await self._landing(row)
            async with self._backlog.changing:
                if self._is_in_flight(row):
                    continue
                await self._give_up_all([row], [found] if (found := self._lanes.remove(row.subject, row.seq)) else [], actor)
                return

    async def retry_all(self, state: DeliveryState, actor: Actor) -> int:
        """Those given up (the oldest first, as many as fit), or all that wait; how many."""
        self._require_open()
        async with self._backlog.changing:
            await self._notes.flush()
            most = self._backlog.room if state == "given_up" else _EVERY
            rows = await self._table.rows(self._destination, state, most)
            if rows:
                await self._table.decide(self._destination, rows, "pending", actor)
            if state == "given_up":
                self.given_up -= len(rows)
                self._backlog.take_back([row.delivery for row in rows], self._in_flight)
            else:
                self._lanes.hurry_all()
        self._wake.set()
        return len(rows)

    async def give_up_waiting(self, actor: Actor) -> int:
        """Do not try any more what waits now, but for what is under way at this moment; how many."""
        self._require_open()
        async with self._backlog.changing:
            flying = {first.seq for subject in self._in_flight if (first := self._lanes.first(subject)) is not None}
            taken = self._lanes.remove_all(self._in_flight)
            try:
                await self._notes.flush()
                rows = [row for row in await self._table.rows(self._destination, "pending", _EVERY) if row.seq not in flying]
            except BaseException:
                self._put_back(taken)
                raise
            if rows:
                await self._give_up_all(rows, taken, actor)
            return len(rows)

    async def _give_up_all(self, rows: Sequence[DeliveryRow], taken: Sequence[Delivery], actor: Actor) -> None:
        try:
            await self._notes.flush()
            await self._table.decide(self._destination, rows, "given_up", actor)
        except BaseException:
            self._put_back(taken)
            raise
        self.given_up += len(rows)
        self._wake.set()

    def _put_back(self, taken: Iterable[Delivery]) -> None:
        for delivery in taken:
            self._lanes.insert(delivery, None, in_flight=delivery.subject in self._in_flight)
        self._wake.set()

    def _is_in_flight(self, row: DeliveryRow) -> bool:
        first = self._lanes.first(row.subject)
        return row.subject in self._in_flight and first is not None and first.seq == row.seq

    async def _landing(self, row: DeliveryRow) -> None:
        while self._is_in_flight(row):
            await asyncio.wait([self._in_flight[row.subject]])

    def _require_open(self) -> None:
        if not self._opened.is_set():
            raise Unavailable("The outbox is not open yet.", hint="Try again in a moment.")

    async def prune(self) -> int:
        return await self._table.prune(format_time(datetime.now(UTC) - _KEEP_DELIVERED))

    def _start_due(self) -> None:
        now = asyncio.get_running_loop().time()
        while len(self._in_flight) < AT_ONCE and self._lanes.is_due(now) and self._gate.is_set():
            subject, lane = self._lanes.take_due()
            self._in_flight[subject] = self._tasks.spawn("alexos delivery", self._deliver(subject, lane))

    async def _rest(self) -> None:
        """Until a delivery ends, the next one is due, an event is appended, or outcomes are to be noted."""
        subscription: Subscription | None = None
        moments: list[float] = []
        if self._backlog.derived:
            subscription = self._bus.subscribe(self._on_public_event, *_PUBLIC_CLASSES)
        elif (more := self._backlog.next_fill(self._in_flight)) is not None:
            moments.append(more)
        if self._lanes.due and len(self._in_flight) < AT_ONCE:
            moments.append(self._lanes.due[0][0])
        if self._notes.due is not None:
            moments.append(self._notes.due)
        try:
            await wait_for_event(self._wake, self._seconds_to(min(moments)) if moments else None)
        finally:
            if subscription is not None:
                subscription.cancel()

    def _seconds_to(self, moment: float) -> float:
        return max(0.0, moment - asyncio.get_running_loop().time())

    def _on_public_event(self, _recorded: Recorded[Any]) -> None:
        self._wake.set()

    async def _deliver(self, subject: str, lane: Lane) -> None:
        delivery = lane.waiting[0]
        began = asyncio.get_running_loop().time()
        wait = _LONGEST_AFTER_BUG
        try:
            recorded = await self._table.event(delivery.seq)
            if recorded is None:
                sent = Sent(Fate.DELIVERED, detail="the event was pruned before it was delivered")
            else:
                sent = await self._sender.send(recorded, lane.doubtful_since)
            wait = await self._settle(lane, delivery, sent, began)
        except ChainBotError as error:
            _log.warning("a delivery could not be noted: %s", error)
            lane.doubtful_since = began
            wait = self._backoff.draw(3)
        finally:
            self._in_flight.pop(subject, None)
            self._lanes.landed(subject, asyncio.get_running_loop().time() + wait if wait else 0.0)
            self._wake.set()

    async def _settle(self, lane: Lane, delivery: Delivery, sent: Sent, began: float) -> float:
        """Note the outcome; the seconds until the lane's next delivery."""
        if sent.fate is Fate.DELIVERED:
            self._failed_in_row = self._times_away = 0
            attempts = delivery.attempts + lane.failures
            self._next(lane, DeliveryMark(delivery.seq, "delivered", attempts, "", sent.status, sent.detail))
            if self._notes.many:
                await self._notes.flush()
            return 0.0
        if sent.ambiguous:
            lane.doubtful_since = began
        self._failed_in_row += sent.fate is not Fate.REFUSED
        if sent.fate is Fate.AWAY or self._failed_in_row >= AT_ONCE:
            self._go_away(sent.detail)
            return 0.0
        lane.failures += 1
        if sent.fate is Fate.REFUSED:
            lane.refusals += 1
            if lane.refusals >= TRIES_OF_REFUSED:
                attempts = delivery.attempts + lane.failures
                await self._notes.flush()  # what was noted of its earlier attempts must not come after its end
                await self._table.give_up(self._destination, delivery, attempts, sent.status, sent.detail)
                self.given_up += 1
                self._next(lane, None)
                return 0.0
        wait = self._backoff.draw(lane.failures - 1)
        again = format_time(datetime.now(UTC) + timedelta(seconds=wait))
        attempts = delivery.attempts + lane.failures
        self._notes.add(DeliveryMark(delivery.seq, "pending", attempts, again, sent.status, sent.detail))
        return wait

    def _go_away(self, reason: str) -> None:
        # Nothing is noted for the delivery: it waits for the gate, and a disk is not worn by an absence.
        self._failed_in_row = 0
        if self._gate.is_set():
            self._times_away += 1
            self.close_gate()
            self._on_away(reason)

    def _next(self, lane: Lane, mark: DeliveryMark | None) -> None:
        if mark is not None:
            self._notes.add(mark)
        lane.next()
        self._lanes.loaded -= 1


_PUBLIC_CLASSES: tuple[type[Event], ...] = tuple(EVENT_CLASSES[name] for name in sorted(PUBLIC_TYPES))
