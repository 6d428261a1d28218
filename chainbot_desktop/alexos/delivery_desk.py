"""What goes out to ALEX OS, as people see it and decide about it: each delivery with its event, its body on the wire, and its fate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from chainbot_desktop.core.errors import Conflict, NotFound
from chainbot_desktop.core.events.envelope import Actor, Event, Recorded
from chainbot_desktop.store.deliveries import DeliveryQuery, DeliveryRow, DeliveryState, DeliveryTable

_EVERY = 1_000_000
_WAITS = ("pending", "given_up")


class RunningOutbox(Protocol):
    """As `outbox.Outbox`."""

    async def retry(self, row: DeliveryRow, actor: Actor) -> None: ...

    async def give_up(self, row: DeliveryRow, actor: Actor) -> None: ...

    async def retry_all(self, state: DeliveryState, actor: Actor) -> int: ...

    async def give_up_waiting(self, actor: Actor) -> int: ...


class Way(Protocol):
    """The link that the deliveries go by. `outbox` is None while nothing is delivered at all."""

    @property
    def destination(self) -> str: ...

    @property
    def outbox(self) -> RunningOutbox | None: ...

    def on_the_wire(self, event: Event) -> bytes: ...

    def look_again(self) -> None:
        """Try at once to reach ALEX OS, where it is away."""
        ...


@dataclass(frozen=True, slots=True)
class DeliveryInFull:
    """`recorded` is None, and `body` empty, where the event is no longer kept."""

    row: DeliveryRow
    recorded: Recorded[Event] | None
    body: bytes


@dataclass(frozen=True, slots=True)
class DeliveryCensus:
    """`behind`: events that have no delivery yet, because ALEX OS is away or more are under way than are loaded."""

    pending: int
    given_up: int
    behind: int


class DeliveryDesk:
    """Use on the loop's thread."""

    def __init__(self, table: DeliveryTable, way: Way, waiting: Callable[[], int]) -> None:
        self._table = table
        self._way = way
        self._waiting = waiting

    async def page(self, query: DeliveryQuery) -> list[DeliveryRow]:
        return await self._table.page(self._way.destination, query)

    async def census(self) -> DeliveryCensus:
        counts = await self._table.counts(self._way.destination)
        return DeliveryCensus(counts.pending, counts.given_up, max(0, self._waiting() - counts.pending))

    async def of_event(self, seq: int) -> DeliveryRow | None:
        return await self._table.row(self._way.destination, seq)

    async def get(self, seq: int) -> DeliveryInFull:
        row = await self._row(seq)
        recorded = await self._table.event(seq)
        return DeliveryInFull(row, recorded, self._way.on_the_wire(recorded.event) if recorded is not None else b"")

    async def retry(self, seq: int, actor: Actor) -> DeliveryRow:
        """The row as it is then. Conflict for what was delivered."""
        row = await self._row(seq)
        if row.state not in _WAITS:
            raise Conflict(f"The delivery of event {seq} has arrived: there is nothing to try again.", code="delivered")
        outbox = self._way.outbox
        if outbox is None:
            await self._table.decide(self._way.destination, [row], "pending", actor)
        else:
            await outbox.retry(row, actor)
            self._way.look_again()
        return await self._row(seq)

    async def give_up(self, seq: int, actor: Actor) -> DeliveryRow:
        """Conflict for what does not wait."""
        row = await self._row(seq)
        if row.state != "pending":
            raise Conflict(
                f"The delivery of event {seq} does not wait: it is {row.state.replace('_', ' ')}.", code="not_pending"
            )
        outbox = self._way.outbox
        if outbox is None:
            await self._table.decide(self._way.destination, [row], "given_up", actor)
        else:
            await outbox.give_up(row, actor)
        return await self._row(seq)

    async def retry_all(self, state: Literal["pending", "given_up"], actor: Actor) -> int:
        """How many: of those given up, the oldest that fit; ask again for the rest."""
        outbox = self._way.outbox
        if outbox is not None:
            count = await outbox.retry_all(state, actor)
            self._way.look_again()
            return count
        return await self._decide_all(state, "pending", actor)

    async def give_up_waiting(self, actor: Actor) -> int:
        """Give up all that wait, but for what is under way at this moment; how many."""
        outbox = self._way.outbox
        if outbox is not None:
            return await outbox.give_up_waiting(actor)
        return await self._decide_all("pending", "given_up", actor)

    async def _decide_all(self, state: DeliveryState, becomes: DeliveryState, actor: Actor) -> int:
        rows = await self._table.rows(self._way.destination, state, _EVERY)
        if rows:
            await self._table.decide(self._way.destination, rows, becomes, actor)
        return len(rows)

    async def _row(self, seq: int) -> DeliveryRow:
        row = await self._table.row(self._way.destination, seq)
        if row is None:
            raise NotFound(
                f"There is no delivery of event {seq}.", hint="Events get one once ALEX OS can be told; private ones never do."
            )
        return row
