"""The machine's and the program's figures, one sample a second, kept for an hour in memory.

Metrics are not events: they never touch the journal. A second in which no sample was taken (the loop stood still, the machine
slept, a reading hung) stays empty and shows as a gap.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.loop_lag import LagStatistics, LoopLagMonitor
from chainbot_desktop.watch.machine import Machine, MachineReading, boot_time_clock
from chainbot_desktop.watch.series import Series

_log = logging.getLogger(__name__)

Resources = dict[str, float | bool | None]

UNITS: Mapping[str, str] = {
    "cpu": "%",
    "memory": "%",
    "swap": "%",
    "disk": "%",
    "disk_read": "MB/s",
    "disk_written": "MB/s",
    "received": "MB/s",
    "sent": "MB/s",
    "temperature": "°C",
    "load": "",
    "own_cpu": "%",
    "own_memory": "MB",
    "own_pss": "MB",
    "loop_lag": "ms",
    "events": "/s",
}
"""The series that always are, and their units; `core0`, `core1` … and a series `queue:NAME` a queue come on top."""

_LONGEST_STEP = 5.0


class Reader(Protocol):
    """What is read every second, on the sampler's thread."""

    def read(self) -> MachineReading: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """All figures of one second. `events` is a rate; `lag` covers the last minute, `lag_peak` (seconds) the last second."""

    slot: int
    machine: MachineReading
    lag: LagStatistics
    lag_peak: float | None
    events: float | None
    queues: Mapping[str, float]

    @property
    def values(self) -> dict[str, float | None]:
        """The figures by the names of their series; None where it could not be measured."""
        return dict(_values(self))


class MetricsSampler:
    """Use on the loop's thread. `event_count` only ever grows (the journal's head); `queues` give their depth, at once.

    `clock` counts seconds and goes on while the machine sleeps.
    """

    def __init__(
        self,
        data_dir: Path,
        tasks: Tasks,
        lag: LoopLagMonitor,
        *,
        event_count: Callable[[], int],
        queues: Mapping[str, Callable[[], float]] | None = None,
        reader: Reader | None = None,
        clock: Callable[[], float] = boot_time_clock,
    ) -> None:
        self._tasks = tasks
        self._lag = lag
        self._event_count = event_count
        self._queues = dict(queues or {})
        self._clock = clock
        self._reader: Reader = reader or Machine(data_dir, clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._series = {name: Series(unit) for name, unit in UNITS.items()}
        self._series.update({f"queue:{name}": Series("") for name in self._queues})
        self._listeners: list[Callable[[Sample], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._origin = 0.0
        self._counted: tuple[float, int] | None = None
        self._latest: Sample | None = None

    async def open(self) -> None:
        """Start sampling; the first sample, without rates, comes at once."""
        self._origin = self._clock()
        self._task = self._tasks.spawn("watch metrics", self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def latest(self) -> Sample | None:
        return self._latest

    @property
    def series(self) -> Mapping[str, Series]:
        return self._series

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
            reading = await loop.run_in_executor(self._thread, self._reader.read)
            self.take(reading)
            # The middle of the next second: lateness of up to half a second still falls into the right slot.
            elapsed = self._clock() - self._origin
            await asyncio.sleep(max(0.05, math.floor(elapsed + 0.5) + 0.5 - elapsed))

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
        )
        for name, value in _values(sample):
            series = self._series.get(name)
            if series is None:
                series = self._series[name] = Series("%")
            if slot >= series.newest_slot:
                series.put(slot, value)
        self._latest = sample
        self._tell(sample)

    def _event_rate(self, at: float) -> float | None:
        before, self._counted = self._counted, (at, self._event_count())
        if before is None or not 0 < at - before[0] <= _LONGEST_STEP:
            return None
        return max(0, self._counted[1] - before[1]) / (at - before[0])

    def _tell(self, sample: Sample) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(sample)
            except Exception:  # the border of a listener: one that fails keeps nobody else from hearing
                _log.exception("a listener of the metrics failed")


def _values(sample: Sample) -> list[tuple[str, float | None]]:
    machine = sample.machine
    values: list[tuple[str, float | None]] = [
        ("cpu", machine.cpu),
        ("memory", machine.memory),
        ("swap", machine.swap),
        ("disk", machine.disk),
        ("disk_read", machine.disk_read),
        ("disk_written", machine.disk_written),
        ("received", machine.received),
        ("sent", machine.sent),
        ("temperature", machine.temperature),
        ("load", machine.load[0] if machine.load else None),
        ("own_cpu", machine.own_cpu),
        ("own_memory", machine.own_memory / 1e6),
        ("own_pss", None if machine.own_pss is None else machine.own_pss / 1e6),
        ("loop_lag", None if sample.lag_peak is None else sample.lag_peak * 1000),
        ("events", sample.events),
    ]
    values += [(f"core{number}", value) for number, value in enumerate(machine.cores)]
    values += [(f"queue:{name}", depth) for name, depth in sample.queues.items()]
    return values
