"""The lines that the log views are measured with, and the search for the greatest rate that one of them bears.

A rate is borne when the loop's lag stays under two frames of 60 Hz (p99) and everything that was pushed was taken in: nothing is dropped,
and nothing waits a quarter of a second after the last line. What fails is tried once more. Time in which a thread of the process was
ready and another process had its core does not count: it says nothing of the view.

Each control prints the lines a second that it sustains; ours then the p99 of the loop's lag in milliseconds, idle and at RATE.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtWidgets import QApplication

from chainbot_desktop.app.qt_loop import QtLoop
from chainbot_desktop.watch.logs.records import LogRecord
from tests.bench.measure import percentile

WIDTH, HEIGHT = 1200, 772
FRAME = 1 / 60
LAG_MS = 33.3
KEPT = 200_000
EXPRESSION = r"(delivered|refused) [0-9]+"
"""Passes about half of the lines."""
_BEAT = 0.004
_SECONDS = 1.2
_SETTLED = 0.25
_STEPS = 3
_FIRST = 16_000.0
_TEXTS = (
    "delivered {n} events to the registry in {m} ms",
    "refused {n}: the door of the hall is open, room=hall subject=door-{m}",
    "GET /api/agents?limit={n} 200 {m} ms from 127.0.0.1",
    "heartbeat of agent camera-{m} after {n} s",
)


class View(Protocol):
    async def push(self, records: Sequence[LogRecord]) -> None:
        """Take lines; what waits may wait."""
        ...

    def waiting(self) -> int:
        """Lines that were pushed and are not in the view yet."""
        ...


def made(count: int) -> list[LogRecord]:
    chance = random.Random(3)
    names = [f"house.part{n}" for n in range(12)]
    return [
        LogRecord(
            1.7e9 + n / 1000,
            chance.choice((10, 20, 20, 20, 30, 40)),
            "program",
            chance.choice(names),
            _TEXTS[n % 4].format(n=chance.randrange(1000), m=chance.randrange(100)),
        )
        for n in range(count)
    ]


async def sustained(view: View) -> float:
    """Lines a second: doubled until it is too much, then halved in between."""
    records = made(KEPT)
    await fill(view, records)

    async def borne(rate: float) -> bool:
        return await _borne(view, records, rate) or await _borne(view, records, rate)

    low = _FIRST
    while low > 500 and not await borne(low):
        low /= 4
    high = low * 2
    while high < 4e6 and await borne(high):
        low, high = high, high * 2
    for _ in range(_STEPS):
        middle = (low * high) ** 0.5
        if await borne(middle):
            low = middle
        else:
            high = middle
    return low


async def fill(view: View, records: Sequence[LogRecord]) -> None:
    """What is measured is a view that is full."""
    for start in range(0, len(records), 5_000):
        await view.push(records[start : start + 5_000])
        await asyncio.sleep(0)
    await _emptied(view, 60)


async def lag_at(view: View, rate: float) -> tuple[float, float]:
    """p99 of the loop's lag in milliseconds: idle, and while so many lines a second come."""
    records = made(KEPT)
    await _emptied(view, 5)
    idle = await _lag(asyncio.sleep(_SECONDS))
    return idle, await _lag(_pushed(view, records, rate))


class OwnTime:
    """Seconds as they pass for a process that has the machine to itself, from what the kernel tells of its threads' waiting."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._waited: dict[str, int] = {}
        self._now = 0.0
        self.now()

    def now(self) -> float:
        wall, stolen = time.perf_counter(), 0
        for thread in os.listdir("/proc/self/task"):  # noqa: PTH208 (names are what is wanted)
            with suppress(OSError):  # it has just ended
                waited = int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[1])
                stolen = max(stolen, waited - self._waited.get(thread, waited))
                self._waited[thread] = waited
        self._now += max(0.0, wall - self._wall - stolen / 1e9)
        self._wall = wall
        return self._now


_time = OwnTime()


async def _lag(work: Coroutine[Any, Any, object]) -> float:
    """p99 in milliseconds of how late the loop's turns were."""
    lags: list[float] = []
    beating = asyncio.ensure_future(_beat(lags))
    try:
        await work
    finally:
        beating.cancel()
    return percentile(lags, 0.99) * 1000


async def _borne(view: View, records: Sequence[LogRecord], rate: float) -> bool:
    await _emptied(view, 5)
    settled = False

    async def work() -> None:
        nonlocal settled
        settled = await _pushed(view, records, rate) and await _emptied(view, _SETTLED)

    lag = await _lag(work())
    sys.stderr.write(f"  {rate:,.0f} lines a second: lag p99 {lag:.1f} ms, {'in time' if settled else 'behind'}\n")
    return settled and lag < LAG_MS


async def _pushed(view: View, records: Sequence[LogRecord], rate: float) -> bool:
    """Push so many lines a second, each frame its share; whether the loop came to it."""
    begun, pushed, at = _time.now(), 0, 0
    while (passed := _time.now() - begun) < _SECONDS:
        wanted = int(rate * passed) - pushed
        while wanted > 0:
            part = records[at : at + wanted]
            await view.push(part)
            at = (at + len(part)) % len(records)
            pushed += len(part)
            wanted -= len(part)
        await asyncio.sleep(max(0.0, FRAME - (_time.now() - begun - passed)))
    return pushed >= rate * _SECONDS * 0.9


async def _emptied(view: View, seconds: float) -> bool:
    end = _time.now() + seconds
    while view.waiting() and _time.now() < end:
        await asyncio.sleep(0.005)
    return not view.waiting()


async def _beat(lags: list[float]) -> None:
    while True:
        begun = _time.now()
        await asyncio.sleep(_BEAT)
        lags.append(_time.now() - begun - _BEAT)


def run(work: Callable[[QApplication], Awaitable[Sequence[float]]]) -> None:
    app = QApplication([])
    loop = QtLoop(app)
    asyncio.set_event_loop(loop)

    async def main() -> Sequence[float]:
        return await work(app)

    figures = loop.run_until_complete(main())
    sys.stdout.write(" ".join(f"{figure:.1f}" for figure in figures) + "\n")
