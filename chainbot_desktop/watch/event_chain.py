"""From an event back to what caused it, and on to what it caused.

Events name what they speak of by ids, and the journal's full-text index finds an id. What began the thing that an event speaks of is its
cause: the request of an approval that of its decision, the acceptance of a run that of all the run does. The nearest such relation
counts. A webhook that came in is the cause of its event, a delivery to ALEX OS an effect.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from chainbot_desktop.core.event_links import Reference, begun, references
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.ports import EventQuery, Journal
from chainbot_desktop.store.deliveries import DeliveryRow
from chainbot_desktop.store.received_webhooks import ReceivedWebhook

MOST_CAUSES = 8
MOST_EFFECTS = 20
_LOOKED_AT = 60
_NEAREST = 50
_NEAR_ONES = 12
"""Relations of one event that are followed: a stranger may write down thousands of ids."""


@dataclass(frozen=True, slots=True)
class Link:
    """A member of a chain: one of the three. `why` names what it shares with its neighbour ("run", "approval")."""

    why: str
    recorded: Recorded[Event] | None = None
    received: ReceivedWebhook | None = None
    delivery: DeliveryRow | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """`causes` from the root down; `effects` in the order of the journal. `more`: there are causes above, or effects beyond."""

    causes: tuple[Link, ...] = ()
    effects: tuple[Link, ...] = ()
    more_causes: bool = False
    more_effects: bool = False


async def _nothing_received(_seq: int) -> Sequence[ReceivedWebhook]:
    return ()


async def _nothing_sent(_seq: int) -> DeliveryRow | None:
    return None


@dataclass(slots=True)
class _Found:
    """What one look has found so far: the same questions come again and again."""

    causes: dict[int, tuple[Recorded[Event], str] | None] = field(default_factory=dict)
    beginnings: dict[tuple[str, int], Recorded[Event] | None] = field(default_factory=dict)


class EventChains:
    """`received` and `sent` answer for the `seq` of an event. Use on the loop's thread."""

    def __init__(
        self,
        journal: Journal,
        received: Callable[[int], Awaitable[Sequence[ReceivedWebhook]]] = _nothing_received,
        sent: Callable[[int], Awaitable[DeliveryRow | None]] = _nothing_sent,
    ) -> None:
        self._journal = journal
        self._received = received
        self._sent = sent

    async def of(self, recorded: Recorded[Event]) -> Chain:
        found = _Found()
        causes, more_causes = await self._causes(recorded, found)
        effects, more_effects = await self._effects(recorded, found)
        return Chain(tuple(causes), tuple(effects), more_causes, more_effects)

    async def _causes(self, recorded: Recorded[Event], found: _Found) -> tuple[list[Link], bool]:
        links: list[Link] = []
        at = recorded
        while (cause := await self._cause(at, found)) is not None:
            if len(links) == MOST_CAUSES:
                return links, True
            links.insert(0, Link(cause[1], cause[0]))
            at = cause[0]
        for webhook in (await self._received(at.seq))[:1]:
            links.insert(0, Link("webhook", received=webhook))
        return links, False

    async def _effects(self, recorded: Recorded[Event], found: _Found) -> tuple[list[Link], bool]:
        links: list[Link] = []
        delivery = await self._sent(recorded.seq)
        if delivery is not None:
            links.append(Link("delivery", delivery=delivery))
        asked = [Reference(recorded.event.id, "event_id"), *references(recorded.event)[:_NEAR_ONES]]
        candidates: dict[int, Recorded[Event]] = {}
        more = False
        for reference in asked:
            after = await self._naming(reference, EventQuery(since=recorded.seq, limit=_LOOKED_AT))
            more = more or len(after) == _LOOKED_AT
            candidates.update((item.seq, item) for item in after)
        for seq in sorted(candidates)[:_LOOKED_AT]:
            cause = await self._cause(candidates[seq], found)
            if cause is None or cause[0].seq != recorded.seq:
                continue
            if len(links) == MOST_EFFECTS:
                return links, True
            links.append(Link(cause[1], candidates[seq]))
        return links, more or len(candidates) > _LOOKED_AT

    async def _cause(self, recorded: Recorded[Event], found: _Found) -> tuple[Recorded[Event], str] | None:
        if recorded.seq not in found.causes:
            found.causes[recorded.seq] = await self._look_for_cause(recorded, found)
        return found.causes[recorded.seq]

    async def _look_for_cause(self, recorded: Recorded[Event], found: _Found) -> tuple[Recorded[Event], str] | None:
        own = begun(recorded.event)
        for reference in references(recorded.event)[:_NEAR_ONES]:
            if reference.again:
                if reference.id == own:
                    continue  # an earlier thing of the same name has nothing to do with it
                before = await self._beginning_before(reference, recorded.seq)
            else:
                named = await self._journal.get(reference.id)
                before = named if named is not None else await self._first(reference, found)
            if before is not None and before.seq < recorded.seq:
                return before, reference.word
        return None

    async def _first(self, reference: Reference, found: _Found) -> Recorded[Event] | None:
        key = (reference.id, 0)
        if key not in found.beginnings:
            first = await self._naming(reference, EventQuery(limit=10))
            found.beginnings[key] = first[0] if first else None
        return found.beginnings[key]

    async def _beginning_before(self, reference: Reference, seq: int) -> Recorded[Event] | None:
        nearest = await self._naming(reference, EventQuery(since=seq, limit=_NEAREST, order="desc"))
        return next((item for item in nearest if begun(item.event) == reference.id), None)

    async def _naming(self, reference: Reference, query: EventQuery) -> list[Recorded[Event]]:
        asked = EventQuery(since=query.since, limit=query.limit, order=query.order, text=reference.id)
        return [item for item in await self._journal.read(asked) if _names(item.event, reference.id)]


def _names(event: Event, id_: str) -> bool:
    """The index finds words; whether it is this very id is seen here."""
    return any(reference.id == id_ for reference in references(event))
