"""What ALEX OS has still to be told: derived from the journal, loaded into lanes as far as there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable

from chainbot_desktop.alexos.lanes import Lanes
from chainbot_desktop.alexos.pace import Pace
from chainbot_desktop.alexos.remote_ids import ALEXOS_SCOPE
from chainbot_desktop.alexos.webhooks import REPLAY_SOURCE
from chainbot_desktop.core.events import PUBLIC_TYPES
from chainbot_desktop.core.ports import Journal
from chainbot_desktop.store.deliveries import Delivery, DeliveryTable

HISTORY = 10_000
"""So many of the events before its first start is a registry told of: a new one in the house of an old journal is not sent years of it.
What happens from then on waits for it however long it is away."""
NOT_TOLD = (ALEXOS_SCOPE, REPLAY_SOURCE)
"""Sources of events that ALEX OS is not told of: its own, and what was played again."""
_SLICE = 1000
_LOADED_READY = 1000
_LOADED_MOST = 20_000


class Backlog:
    """Use on the loop's thread. `changing` is held between reading what waits and taking it into the lanes: nobody changes it then."""

    def __init__(self, destination: str, table: DeliveryTable, journal: Journal, lanes: Lanes, pace: Pace) -> None:
        self._destination = destination
        self._table = table
        self._journal = journal
        self._lanes = lanes
        self._pace = pace
        self.changing = asyncio.Lock()
        self._more_to_load = True
        self._next_look = 0.0
        self._loaded_seq = 0
        self._position = 0
        self._counted = 0
        self._boot_position = 0
        self.behind = 0
        """Events that are no deliveries yet, as of the last `count`."""

    @property
    def derived(self) -> bool:
        """Every event that is to be told of has become a delivery."""
        return self._position >= self._journal.head_seq

    @property
    def room(self) -> int:
        """How many more may be taken back at once."""
        return 2 * _LOADED_MOST - self._lanes.loaded

    def next_fill(self, in_flight: Collection[str]) -> float | None:
        """The loop time from which `fill` finds more; None where nothing is to be found, or the lanes are full for now."""
        hungry = self._lanes.loaded < _LOADED_READY or (not in_flight and not self._lanes.due)
        return self._next_look if hungry and not self.derived else None

    async def open(self) -> int:
        """Load what waited when an earlier run ended; how many are given up."""
        await self._table.begin(self._destination, HISTORY)
        counts = await self._table.counts(self._destination)
        self._boot_position = counts.position
        while self._lanes.loaded < _LOADED_MOST and await self._load():
            pass
        self._position = self._counted = counts.position
        return counts.given_up

    async def count(self) -> None:
        """Bring `behind` up to date; costs a look at the events since the last count only."""
        head, after = self._journal.head_seq, max(self._counted, self._position)
        if head > after:
            found = await self._table.behind(PUBLIC_TYPES, NOT_TOLD, after, head)
            if self._position <= after:  # else some of them have become deliveries meanwhile, and the next count is right
                self._counted = head
                self.behind += found

    async def fill(self, in_flight: Collection[str]) -> None:
        """Make deliveries of new events: while few are loaded, or while those that are loaded all wait for something."""
        loop = asyncio.get_running_loop()
        while self._lanes.loaded < _LOADED_READY or (
            not self._lanes.is_due(loop.time()) and not in_flight and self._lanes.loaded < _LOADED_MOST
        ):
            head = self._journal.head_seq
            if self._more_to_load and await self._load():
                continue
            if self._position >= head or self._next_look > loop.time():
                return
            upto = min(head, self._position + _SLICE)
            if upto == head:
                self._next_look = loop.time() + self._pace.gathering
            made = await self._table.derive(self._destination, PUBLIC_TYPES, NOT_TOLD, _SLICE)
            if made:
                await self._load()
            # Events that `count` has seen leave its count; the others never were in it.
            if self._counted > self._position:
                self.behind = max(0, self.behind - made)
            self._position = upto
            if self._counted <= self._position:
                self._counted, self.behind = self._position, 0

    def take_back(self, deliveries: Iterable[Delivery], in_flight: Collection[str]) -> None:
        """Those that were passed by in loading; the others come with the next load."""
        now = asyncio.get_running_loop().time()
        for delivery in deliveries:
            if delivery.seq <= self._loaded_seq:
                self._lanes.insert(delivery, now, in_flight=delivery.subject in in_flight)
        self._more_to_load = True

    async def _load(self) -> int:
        async with self.changing:
            found = await self._table.pending(self._destination, self._loaded_seq, _SLICE)
            self._more_to_load = len(found) == _SLICE
            now = asyncio.get_running_loop().time()
            for delivery in found:
                self._loaded_seq = delivery.seq
                # Pending when an earlier run ended, perhaps between its arrival and our note of it: there is a doubt.
                self._lanes.add(delivery, now if delivery.seq <= self._boot_position else None)
            return len(found)
