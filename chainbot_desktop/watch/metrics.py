"""The machine's and the program's figures, one sample a second, kept for an hour in memory.

Metrics are not events: they never touch the journal. A second in which no sample was taken (the loop stood still, the machine
slept, a reading hung) stays empty and shows as a gap.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chainbot_desktop.core.clocks import boot_time_clock
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.figures import FIGURES, unit_of
from chainbot_desktop.watch.loop_lag import LagStatistics, LoopLagMonitor
from chainbot_desktop.watch.machine import LONGEST_STEP, Machine, MachineReading, Slow
from chainbot_desktop.watch.series import Series
from chainbot_desktop.watch.spending import Spent, SpentPerMinute

_log = logging.getLogger(__name__)

Resources = dict[str, float | bool | None]


class Reader(Protocol):
    """What is read every second, on the sampler's thread."""

    def read(self) -> MachineReading: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """All figures of one second. `events` is a rate; `lag` covers the last minute, `lag_peak` (seconds) the last second.

    `time` is the wall clock's (seconds since 1970); `clock_jump` how far that clock went beyond the steady one since the last sample.
    """

    slot: int
    machine: MachineReading
    lag: LagStatistics
    lag_peak: float | None
    events: float | None
    queues: Mapping[str, float]
    time: float = 0.0
    clock_jump: float | None = None
    spent: Spent | None = None
    """Of models, in the last minute."""
    clock_skew: float | None = None
    """Seconds that the wall clock is ahead of ALEX OS's."""

    @property
    def values(self) -> dict[str, float | None]:
        """The figures by the names of their series; None where it could not be measured."""
        return _values(self)


class MetricsSampler:
    """Use on the loop's thread. `event_count` only ever grows (the journal's head); `queues` give their depth, at once.

    `spent` is the sum of today, `skew` the seconds ahead of ALEX OS's clock, each None while it is not known; `slow` is asked on
    the readings' thread.
    `clock` counts seconds and goes on while the machine sleeps, `wall` is the clock that may jump.
    """

    def __init__(  # noqa: PLR0913 (what it measures is what it is)
        self,
        data_dir: Path,
        tasks: Tasks,
        lag: LoopLagMonitor,
        *,
        event_count: Callable[[], int],
        queues: Mapping[str, Callable[[], float]] | None = None,
        spent: Callable[[], Spent | None] = lambda: None,
        skew: Callable[[], float | None] = lambda: None,
        slow: Slow | None = None,
        reader: Reader | None = None,
        clock: Callable[[], float] = boot_time_clock,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._tasks = tasks
        self._lag = lag
        self._event_count = event_count
        self._queues = dict(queues or {})
        self._clock = clock
        self._wall = wall
        self._spent = spent
        self._skew = skew
        self._per_minute = SpentPerMinute()
        self._reader: Reader = reader or Machine(data_dir, clock, slow=slow)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._series = {name: Series(unit_of(name)) for name in (*FIGURES, *(f"queue:{name}" for name in self._queues))}
        self._listeners: list[Callable[[Sample], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._origin = 0.0
        self._counted: tuple[float, int] | None = None
        self._offset: float | None = None
        self._reading_failed = False
        self._latest: Sample | None = None

    async def open(self) -> None:
        """Start sampling; the first sample, without rates, comes at once."""
        self._origin = self._clock() - self._wall() % 1  # a slot is a second of the wall clock
        self._task = self._tasks.spawn("watch metrics", self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._reader.close()

    @property
    def latest(self) -> Sample | None:
        return self._latest

    @property
    def series(self) -> Mapping[str, Series]:
        return self._series

    @property
    def names(self) -> Sequence[str]:
        """Of all figures that there are now: those of `figures.FIGURES`, a queue each, and what the newest sample has on top."""
        known = dict.fromkeys((*FIGURES, *(f"queue:{name}" for name in self._queues)))
        return tuple(known if self._latest is None else known | dict.fromkeys(self._latest.values))

    @property
    def figures(self) -> Mapping[str, float | None]:
        """The newest, by name; none where there is no sample of the last seconds."""
        latest = self._latest
        return latest.values if latest is not None and self._clock() - latest.machine.at <= LONGEST_STEP else {}

    @property
    def slot(self) -> int:
        """The present second since the start: the right edge of the charts."""
        return max(0, math.floor(self._clock() - self._origin))

    @property
    def clock(self) -> Callable[[], float]:
        return self._clock

    def on_sample(self, listener: Callable[[Sample], None]) -> Callable[[], None]:
        """Call `listener` on the loop's thread after every sample; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def system_resources(self) -> Resources:
        """For the health report; None where it is not known (yet). `throttled`: the Pi lacks volts or its firmware slows it."""
        reading = self._latest.machine if self._latest is not None else None
        if reading is None:
            return dict.fromkeys(
                ("cpu_usage", "memory_usage", "disk_usage", "network_usage", "temperature_c", "throttled", "load"), None
            )
        network = None if reading.received is None or reading.sent is None else round(reading.received + reading.sent, 3)
        return {
            "cpu_usage": None if reading.cpu is None else round(reading.cpu, 1),
            "memory_usage": reading.memory,
            "disk_usage": reading.disk,
            "network_usage": network,
            "temperature_c": reading.temperature,
            "throttled": None if reading.throttling is None else reading.throttling.any_now,
            "load": None if reading.load is None else round(reading.load[0], 2),
        }

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            reading = await self._read(loop)
            if reading is not None:
                self.take(reading)
            # The middle of the wall clock's next second: lateness of up to half a second still falls into the right one.
            now = self._wall()
            await asyncio.sleep(min(1.0, max(0.05, math.floor(now + 0.5) + 0.5 - now)))

    async def _read(self, loop: asyncio.AbstractEventLoop) -> MachineReading | None:
        """None where the machine could not be read at all: a second that stays empty."""
        try:
            reading = await loop.run_in_executor(self._thread, self._reader.read)
        except Exception:  # the border of a reading: the next second has another
            if not self._reading_failed:
                _log.exception("the machine cannot be measured")
            self._reading_failed = True
            return None
        self._reading_failed = False
        return reading

    def take(self, reading: MachineReading) -> None:
        """Keep a reading together with the program's own figures, and tell the listeners."""
        slot = max(0, math.floor(reading.at - self._origin))
        sample = Sample(
            slot=slot,
            machine=reading,
            lag=self._lag.statistics,
            lag_peak=self._lag.peak(1.0),
            events=self._event_rate(reading.at),
            queues={name: depth() for name, depth in self._queues.items()},
            time=reading.at + self._wall() - self._clock(),
            clock_jump=self._jump(),
            spent=self._spent_lately(reading.at),
            clock_skew=self._skew(),
        )
        for name, value in sample.values.items():
            series = self._series.get(name)
            if series is None:
                series = self._series[name] = Series(unit_of(name))
            if slot >= series.newest_slot:
                series.put(slot, value)
        self._latest = sample
        self._tell(sample)

    def _event_rate(self, at: float) -> float | None:
        before, self._counted = self._counted, (at, self._event_count())
        if before is None or not 0 < at - before[0] <= LONGEST_STEP:
            return None
        return max(0, self._counted[1] - before[1]) / (at - before[0])

    def _spent_lately(self, at: float) -> Spent | None:
        today = self._spent()
        return None if today is None else self._per_minute.note(at, today)

    def _jump(self) -> float | None:
        """Sleep moves both clocks, setting the time only one of them."""
        before, self._offset = self._offset, self._wall() - self._clock()
        return None if before is None else self._offset - before

    def _tell(self, sample: Sample) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(sample)
            except Exception:  # the border of a listener: one that fails keeps nobody else from hearing
                _log.exception("a listener of the metrics failed")


def _values(sample: Sample) -> dict[str, float | None]:
    machine, throttling, wear, spent = sample.machine, sample.machine.throttling, sample.machine.wear, sample.spent
    whole = throttling if throttling is not None and throttling.complete else None
    values: dict[str, float | None] = {
        "cpu": machine.cpu,
        "frequency": machine.frequency,
        "load": machine.load[0] if machine.load else None,
        "memory": machine.memory,
        "swap": machine.swap,
        "disk": machine.disk,
        "disk_free": _in(1e9, machine.disk_free),
        "disk_read": machine.disk_read,
        "disk_written": machine.disk_written,
        "received": machine.received,
        "sent": machine.sent,
        "temperature": machine.temperature,
        "undervoltage": None if throttling is None else float(throttling.undervoltage),
        "throttled": None if throttling is None else float(throttling.any_now),
        "undervoltage_since_start": None if whole is None else float(whole.undervoltage_since_start),
        "throttled_since_start": None if whole is None else float(whole.throttled_since_start),
        "wear": wear.percent if wear else None,
        "wear_spare": wear.spare if wear else None,
        "clock_jump": sample.clock_jump,
        "clock_skew": sample.clock_skew,
        "own_cpu": machine.own_cpu,
        "own_memory": _in(1e6, machine.own_memory),
        "own_pss": _in(1e6, machine.own_pss),
        "own_threads": machine.own_threads,
        "own_files": machine.own_files,
        "database": _in(1e6, machine.database),
        "loop_lag": None if sample.lag_peak is None else sample.lag_peak * 1000,
        "events": sample.events,
        "tokens": spent.tokens if spent else None,
        "cost": spent.cost if spent else None,
    }
    values |= {f"core{number}": value for number, value in enumerate(machine.cores)}
    values |= {f"queue:{name}": depth for name, depth in sample.queues.items()}
    return values | {f"agent_memory:{agent}": size / 1e6 for agent, size in machine.agents.items()}


def _in(unit: float, count: int | None) -> float | None:
    return None if count is None else count / unit
