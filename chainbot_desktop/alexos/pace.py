"""How often and how patiently: the intervals of the client that are not settings, in seconds. Tests hurry them."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    longest_retry: float = 300.0
    """Longest step of the registration backoff, where trying goes on for ever once the allowed attempts are used up."""
    retest: float = 600.0
    """How long a registration that the other side cannot do is left alone."""
    bus_first: float = 1.0
    bus_longest: float = 60.0
    heartbeat: float = 30.0
    index: float = 300.0
    debounce: float = 2.0
    """Quiet time after an agent event before the index is compared."""
    poll: float = 10.0
    """Between looks into the event store of an ALEX OS that does not push."""
    delivery_first: float = 1.0
    delivery_longest: float = 300.0
    gathering: float = 0.1
    """Least time between two looks for new events to deliver: a steady stream costs one write each time, not one an event."""
    noting: float = 0.5
    """Longest time before it is noted on disk that deliveries arrived."""
    health_look: float = 60.0
    """At most one look at the health of ALEX OS in this time: the observed one stops for a second to answer."""
    goodbye: float = 1.0
    status: float = 1.0
    """Least time between two notices of a changed counter or time; changes of state are told at once."""


class Backoff:
    """Exponential with full jitter: each delay is drawn evenly from 0 to the step, and the step doubles up to `longest`."""

    def __init__(self, first: float, longest: float, draw: random.Random | None = None) -> None:
        self._first = first
        self._longest = max(first, longest)
        self._random = draw or random.Random()  # noqa: S311 - it spreads load, it keeps no secret
        self.failures = 0

    def reset(self) -> None:
        self.failures = 0

    def next(self) -> float:
        """Count a failure; the seconds to wait."""
        delay = self.draw(self.failures)
        self.failures += 1
        return delay

    def draw(self, failures: int) -> float:
        step = min(self._longest, self._first * 2.0 ** min(failures, 60))
        return self._random.uniform(0, step)


async def wait_for_event(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait for `event`, at most so long; whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
