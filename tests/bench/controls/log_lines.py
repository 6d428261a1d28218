"""The lines that the log views are measured with, and the search for the greatest rate that one of them bears.

A rate is borne when the loop is never busy for longer than two frames of 60 Hz (p99 of the processor time of its turns: how late they
are says more of what else runs on the machine), and everything that was pushed was taken in: nothing is dropped, and nothing waits a
quarter of a second after the last line. What fails is tried once more.

Each control prints the lines a second that it sustains; ours then the p99 of the loop's lag in milliseconds, idle and at RATE.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
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
_SECONDS = 1.5
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
    return idle.lag, (await _lag(_pushed(view, records, rate))).lag


@dataclass(frozen=True, slots=True)
class Lag:
    """p99 in milliseconds: how late the loop's turns were, and how much processor time one took."""

    lag: float
    busy: float


async def _lag(work: Coroutine[Any, Any, object]) -> Lag:
    lags: list[float] = []
    busy: list[float] = []
    beating = asyncio.ensure_future(_beat(lags, busy))
    try:
        await work
    finally:
        beating.cancel()
    return Lag(percentile(lags, 0.99) * 1000, percentile(busy, 0.99) * 1000)


async def _borne(view: View, records: Sequence[LogRecord], rate: float) -> bool:
    await _emptied(view, 5)
    settled = False

    async def work() -> None:
        nonlocal settled
        settled = await _pushed(view, records, rate) and await _emptied(view, _SETTLED)

    lag = await _lag(work())
    in_time = "in time" if settled else "behind"
    sys.stderr.write(f"  {rate:,.0f} lines a second: busy p99 {lag.busy:.1f} ms, lag p99 {lag.lag:.1f} ms, {in_time}\n")
    return settled and lag.busy < LAG_MS


async def _pushed(view: View, records: Sequence[LogRecord], rate: float) -> bool:
    """Push so many lines a second, each frame its share; whether the loop came to it."""
    begun, pushed, at = time.perf_counter(), 0, 0
    while (passed := time.perf_counter() - begun) < _SECONDS:
        wanted = int(rate * passed) - pushed
        while wanted > 0:
            part = records[at : at + wanted]
            await view.push(part)
            at = (at + len(part)) % len(records)
            pushed += len(part)
            wanted -= len(part)
        await asyncio.sleep(max(0.0, FRAME - (time.perf_counter() - begun - passed)))
    return pushed >= rate * _SECONDS * 0.9


async def _emptied(view: View, seconds: float) -> bool:
    end = time.perf_counter() + seconds
    while view.waiting() and time.perf_counter() < end:
        await asyncio.sleep(0.005)
    return not view.waiting()


async def _beat(lags: list[float], busy: list[float]) -> None:
    while True:
        begun, worked = time.perf_counter(), time.thread_time()
        await asyncio.sleep(_BEAT)
        lags.append(time.perf_counter() - begun - _BEAT)
        busy.append(time.thread_time() - worked)


def run(work: Callable[[QApplication], Awaitable[Sequence[float]]]) -> None:
    app = QApplication([])
    loop = QtLoop(app)
    asyncio.set_event_loop(loop)

    async def main() -> Sequence[float]:
        return await work(app)

    figures = loop.run_until_complete(main())
    sys.stdout.write(" ".join(f"{figure:.1f}" for figure in figures) + "\n")
