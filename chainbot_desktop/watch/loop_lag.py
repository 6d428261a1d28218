"""How late the event loop runs what it was asked to run: the one figure that tells whether the panel feels alive.

A callback is planned every 80 ms; its lateness on the monotonic clock is the lag. A loop that stood still for a second made
everything that came due in that second late, so the beats that it swallowed are counted with what was left of the wait for each
of them: else one long block would weigh no more than one short one. qasync uses Qt's coarse timers, which may be 4 ms late.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

INTERVAL = 0.08
"""Seconds between beats. Qt rounds timers of 40 to 99 ms to 4 ms, longer ones by 5 %."""
WINDOW = 60.0
"""Seconds that the percentiles look back."""
_MOST_SWALLOWED = 1000


@dataclass(frozen=True, slots=True)
class LagStatistics:
    """Seconds over the last minute. All 0 with `count` 0 when nothing was measured yet."""

    count: int
    p50: float
    p95: float
    p99: float
    worst: float


class LoopLagMonitor:
    """`start` and `stop` on the loop's thread; works on any asyncio loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, interval: float = INTERVAL) -> None:
        self._clock = clock
        self._interval = interval
        self._samples: deque[tuple[float, float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def start(self) -> None:
        if self._timer is None:
            self._plan()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def record(self, now: float, lag: float) -> None:
        """Take in that what was due at `now - lag` ran at `now` (seconds of the clock)."""
        lag = max(0.0, lag)
        swallowed = min(int(lag / self._interval), _MOST_SWALLOWED)
        for missed in range(swallowed + 1):
            self._samples.append((now, lag - missed * self._interval))
        self._forget(now)

    def peak(self, seconds: float) -> float | None:
        """The worst lag of the last `seconds`; None where nothing was measured in them."""
        horizon = self._clock() - seconds
        worst: float | None = None
        for at, lag in reversed(self._samples):
            if at < horizon:
                break
            worst = lag if worst is None else max(worst, lag)
        return worst

    @property
    def statistics(self) -> LagStatistics:
        self._forget(self._clock())
        lags = sorted(lag for _, lag in self._samples)
        if not lags:
            return LagStatistics(0, 0.0, 0.0, 0.0, 0.0)
        return LagStatistics(len(lags), _percentile(lags, 0.5), _percentile(lags, 0.95), _percentile(lags, 0.99), lags[-1])

    def _plan(self) -> None:
        self._due = self._clock() + self._interval
        self._timer = asyncio.get_running_loop().call_later(self._interval, self._on_beat)

    def _on_beat(self) -> None:
        now = self._clock()
        self.record(now, now - self._due)
        self._plan()

    def _forget(self, now: float) -> None:
        horizon = now - WINDOW
        while self._samples and self._samples[0][0] < horizon:
            self._samples.popleft()


def _percentile(ordered: list[float], share: float) -> float:
    """Nearest rank."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
