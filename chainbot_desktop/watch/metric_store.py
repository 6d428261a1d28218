"""What was measured, over time: seconds for an hour, minutes for a week, hours for two years, over restarts.

Seconds are those of the wall clock. A second that was taken stays: after the clock went back, what falls on seconds that are known
already is left out, and nothing is counted twice. After it went forward, or the machine slept, there is a gap. A minute whose seconds
are no longer kept is closed. How long something is kept is counted in what was measured after it, not by the clock.

Seconds live in memory and in the file, the rest in the file alone, which is written once a minute, on a thread of its own. Where the
file cannot be used the store goes on in memory (with the newest week), says so, and tries again every minute.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from chainbot_desktop.core.clocks import boot_time_clock
from chainbot_desktop.core.errors import ChainBotError, InvalidInput
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.metric_file import MetricFile, MetricFileBroken
from chainbot_desktop.store.metric_rows import HOUR, MINUTE, Line
from chainbot_desktop.watch.metric_minutes import Minutes
from chainbot_desktop.watch.metrics import Sample

_log = logging.getLogger(__name__)

T = TypeVar("T")

STEPS = (1, MINUTE, HOUR)
"""Seconds that one value covers."""
SPANS = {1: 3600, MINUTE: 7 * 86400, HOUR: 731 * 86400}
"""Seconds that are kept of each step, at least."""
MOST_STEPS = 100_000
"""Of one question."""
_LATEST = 1 << 40
"""A wall clock beyond this is none: year 36812."""


@dataclass(frozen=True, slots=True)
class MetricWindow:
    """A line for each figure that was asked for: its value number n is of the `step` seconds from `start + n * step` on."""

    start: int
    step: int
    steps: int
    lines: Mapping[str, Line]

    @property
    def end(self) -> int:
        return self.start + self.steps * self.step

    def cut(self, start: int, end: int) -> MetricWindow:
        """A part of it; both are beginnings of steps of it."""
        part = slice((start - self.start) // self.step, (end - self.start) // self.step)
        lines = {
            name: Line(line.low[part], line.mean[part], line.high[part], line.count[part]) for name, line in self.lines.items()
        }
        return MetricWindow(start, self.step, part.stop - part.start, lines)


class MetricStore:
    """Use on the loop's thread, between `open` and `close`. `clock` counts seconds and goes on while the machine sleeps."""

    def __init__(self, file: MetricFile, *, clock: Callable[[], float] = boot_time_clock) -> None:
        self._file = file
        self._tasks = Tasks()  # its own: nobody else cancels a write
        self._clock = clock
        self._minutes = Minutes(file.retention)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="metric store")
        self._using = asyncio.Lock()
        """Of the file together with what of `_minutes` it has."""
        self._due = float("inf")
        self._newest = -1
        self._trouble = ""

    async def open(self) -> None:
        """Take up what was kept. A file that cannot be used is a `trouble`, no error."""
        async with self._using:
            await self._with_file(lambda: None)

    async def close(self) -> None:
        """Write what is not written yet, and close the file."""
        await self.flush()
        await self._on_thread(self._file.close)
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def trouble(self) -> str:
        """Why what is measured is kept in memory alone; a sentence, or ""."""
        return self._trouble

    def take(self, sample: Sample) -> None:
        """For `MetricsSampler.on_sample`."""
        self.add(math.floor(sample.time), sample.values)

    def add(self, second: int, values: Mapping[str, float | None]) -> None:
        """Keep the figures of a second of the wall clock. See above for a second that is known already."""
        now = self._clock()
        if now >= self._due:
            self._tasks.spawn("write the metrics", self._write(but_not=second - second % MINUTE))
        if now >= self._due or math.isinf(self._due):
            self._due = now + MINUTE - second % MINUTE  # when the wall clock begins a minute: it is whole then
        if not 0 <= second < _LATEST:
            return
        if second < self._newest - 2:
            _log.warning("the clock went back by %d s: what is known of these seconds stays as it is", self._newest - second)
        self._minutes.put(second, values)
        self._newest = second

    async def flush(self) -> None:
        """Give the file all that it does not have yet. Never raises for what the disk does."""
        # Given up in the middle, it would not know what the file has got.
        await asyncio.shield(self._tasks.spawn("write the metrics", self._write()))

    async def query(self, names: Sequence[str] | None, start: float, end: float, step: int) -> MetricWindow:
        """What was measured from `start` to before `end` (seconds since 1970), `step` 1, 60 or 3600. Without `names`: all there was.

        InvalidInput for a time that ends before it begins, another step, or more than `MOST_STEPS`.
        """
        first, steps = _grid(start, end, step)
        if step == 1:
            return MetricWindow(first, step, steps, self._minutes.seconds(names, first, steps))
        async with self._using:
            lines: dict[str, Line] = {} if names is None else {name: Line.empty(steps) for name in names}

            def read() -> None:
                lines.update(self._file.read(names, first, steps, step))

            if self._file.is_open:
                await self._with_file(read)
            self._minutes.count_in(lines, names, first, steps, step)
        return MetricWindow(first, step, steps, lines)

    async def finest(self, names: Sequence[str], start: float, end: float) -> Sequence[MetricWindow]:
        """All of this time as finely as it is kept: windows of seconds, minutes and hours, in order of time, none over another."""
        by_hour = math.floor((end - SPANS[MINUTE]) / HOUR) * HOUR
        first, last = max(by_hour, math.floor(start / MINUTE) * MINUTE), math.ceil(end / MINUTE) * MINUTE
        windows = [await self.query(names, start, by_hour, HOUR)] if start < by_hour else []
        # First: it waits until what was kept is taken up, and has all minutes, whatever leaves the memory meanwhile.
        minutes = await self.query(names, first, last, MINUTE)
        fine = [
            MetricWindow(at, 1, until - at, self._minutes.seconds(names, at, until - at))
            for at, until in self._minutes.runs(first, last)
        ]
        for window in fine:
            if first < window.start:
                windows.append(minutes.cut(first, window.start))
            windows.append(window)
            first = window.end
        return windows if first >= last else [*windows, minutes.cut(first, last)]

    def step_for(self, start: float, end: float, most: int) -> int:
        """The finest step that is kept for all of this time and needs at most `most` values; else the coarsest."""
        for step in STEPS[:-1]:
            if (end - start) / step > most:
                continue
            if start >= self._minutes.latest - SPANS[step] or (step == 1 and self._minutes.has_seconds_of(start, end)):
                return step
        return STEPS[-1]

    # Inside

    async def _write(self, but_not: int | None = None) -> None:
        async with self._using:
            if not self._file.is_open and not await self._with_file(lambda: None):
                return
            seconds, grown, marks = self._minutes.unsaved(but_not)
            if grown and await self._with_file(lambda: self._file.write(seconds, grown)):
                self._minutes.mark_saved(grown, marks)

    async def _with_file(self, use: Callable[[], None]) -> bool:
        """Open the file if it is not, and use it; whether that went well. A broken file is put aside and begun anew."""
        try:
            await self._opened()
            await self._on_thread(use)
        except MetricFileBroken as error:
            return await self._begin_anew(error)
        except ChainBotError as error:
            self._say(error.message)
            return False
        if self._trouble:
            _log.info("what is measured is kept in its file again")
            self._trouble = ""
        return True

    async def _opened(self) -> None:
        if not self._file.is_open:
            self._minutes.take_up(await self._on_thread(self._file.open))

    async def _begin_anew(self, error: MetricFileBroken) -> bool:
        """False: what is to be written is different now, and will be with the next minute."""
        try:
            aside = await self._on_thread(self._file.set_aside)
            self._minutes.begin_anew()
            await self._opened()
        except ChainBotError as again:
            self._say(again.message)
        else:
            _log.error("%s It lies in %s now, and a new one is begun: minutes and hours of before are not shown.", error, aside)
        return False

    def _say(self, reason: str) -> None:
        if self._trouble != reason:
            _log.warning("what is measured is kept in memory only, for now: %s", reason)
        self._trouble = reason

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))


def _grid(start: float, end: float, step: int) -> tuple[int, int]:
    if step not in STEPS:
        raise InvalidInput(f"The step is {step} s, expected 1, 60 or 3600.", code="invalid_step")
    if not (math.isfinite(start) and math.isfinite(end) and end > start):
        raise InvalidInput("The time ends before it begins.", hint="Give a `from` that is before `to`.", code="invalid_range")
    first = math.floor(start / step) * step
    steps = math.ceil((end - first) / step)
    if steps > MOST_STEPS:
        raise InvalidInput(
            f"That is {steps:,} values of each figure; at most {MOST_STEPS:,} are given.",
            hint="Ask for a shorter time or a coarser step.",
            code="too_many_points",
        )
    return first, steps
