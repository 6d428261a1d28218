"""One reading of this machine and of this program's own process. Blocks: belongs on a thread of its own.

Rates are differences between two readings; where they lie too far apart (the machine slept) there is no rate, rather than an
average over a time in which nothing ran. What a machine does not tell is None, and no reading that fails or hangs keeps another
from being read.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

from chainbot_desktop.core.clocks import boot_time_clock
from chainbot_desktop.watch.probes import Probe, Probes
from chainbot_desktop.watch.sensors import SYS, Thermometer, ThrottleGauge, Throttling
from chainbot_desktop.watch.wear import Wear, WearGauge

_log = logging.getLogger(__name__)

T = TypeVar("T")

MB = 1_000_000
LONGEST_STEP = 5.0
"""Seconds between readings above which no rate is given."""
_SENSORS_EVERY = 1.0
_DISK_EVERY = 10.0
_MEMORY_EVERY = 10.0
"""The kernel walks every page of a process for its proportional memory: some milliseconds for a large one."""
_WEAR_EVERY = 600.0


@dataclass(frozen=True, slots=True)
class Slow:
    """What may be asked for on top, on a thread and every ten seconds.

    `agents`: proportional memory in bytes by agent; `database`: bytes on the disk.
    """

    agents: Callable[[], Mapping[str, int] | None] = lambda: None
    database: Callable[[], int | None] = lambda: None


@dataclass(frozen=True, slots=True)
class MachineReading:
    """Percent, bytes, MB/s (10^6 bytes), MHz, degrees Celsius. None: this machine does not tell, or not yet."""

    at: float
    cpu: float | None
    cores: tuple[float, ...]
    memory: float | None
    memory_used: int | None
    memory_total: int | None
    swap: float | None
    disk: float | None
    disk_free: int | None
    disk_read: float | None
    disk_written: float | None
    received: float | None
    sent: float | None
    temperature: float | None
    throttling: Throttling | None
    load: tuple[float, float, float] | None
    own_cpu: float | None
    own_memory: int | None
    own_pss: int | None
    own_threads: int | None
    own_files: int | None
    frequency: float | None = None
    """The mean of the cores."""
    wear: Wear | None = None
    agents: Mapping[str, int] = field(default_factory=dict)
    """Proportional memory in bytes of each agent that has processes of its own."""
    database: int | None = None


@dataclass(frozen=True, slots=True)
class _Own:
    memory: int
    threads: int
    cpu: float
    files: int | None


class Machine:
    """`data_dir` names the disk that matters to us. `read` always on the same thread (psutil keeps CPU times by thread)."""

    def __init__(
        self,
        data_dir: Path,
        clock: Callable[[], float] = boot_time_clock,
        sys: Path = SYS,
        slow: Slow | None = None,
    ) -> None:
        self._clock = clock
        self._process = psutil.Process()
        self._before: _Counters | None = None
        self._silent: set[str] = set()
        slow = slow or Slow()
        self._temperature = Probe("the temperature", Thermometer(sys).read, _SENSORS_EVERY)
        self._throttling = Probe("throttling", ThrottleGauge(sys).read, _SENSORS_EVERY)
        self._frequency = Probe("the frequency", _frequency, _SENSORS_EVERY)
        self._disk = Probe("the disk's space", lambda: _disk_usage(data_dir), _DISK_EVERY)
        self._wear = Probe("the card's wear", WearGauge(sys).read, _WEAR_EVERY)
        self._pss = Probe("this program's memory", self._proportional_memory, _MEMORY_EVERY)
        self._agents = Probe("the agents' memory", slow.agents, _MEMORY_EVERY)
        self._database = Probe("the database's size", slow.database, _DISK_EVERY)
        self._probes = Probes(
            (
                self._temperature,
                self._throttling,
                self._frequency,
                self._disk,
                self._database,
                self._pss,
                self._agents,
                self._wear,
            )
        )

    def close(self) -> None:
        self._probes.close()

    def read(self) -> MachineReading:
        self._probes.look(self._clock())
        cores = self._told("the processor", lambda: tuple(psutil.cpu_percent(interval=None, percpu=True))) or ()
        memory = self._told("the memory", psutil.virtual_memory)
        swap = self._told("the swap", psutil.swap_memory)
        own = self._told("this process", self._own)
        now = _Counters(
            self._clock(),
            self._told("the disk", _disk_bytes),
            self._told("the network", _network_bytes),
            own.cpu if own else None,
        )
        before, self._before = self._before, now
        rates = _Rates(before, now)
        disk, loads = self._disk.value, self._told("the load", os.getloadavg)
        return MachineReading(
            at=now.at,
            cpu=sum(cores) / len(cores) if rates.known and cores else None,
            cores=cores if rates.known else (),
            memory=memory.percent if memory else None,
            memory_used=memory.total - memory.available if memory else None,
            memory_total=memory.total if memory else None,
            swap=swap.percent if swap and swap.total else None,
            disk=disk[0] if disk else None,
            disk_free=disk[1] if disk else None,
            disk_read=rates.disk[0],
            disk_written=rates.disk[1],
            received=rates.network[0],
            sent=rates.network[1],
            temperature=self._temperature.value,
            throttling=self._throttling.value,
            load=loads,
            own_cpu=rates.own_cpu,
            own_memory=own.memory if own else None,
            own_pss=self._pss.value,
            own_threads=own.threads if own else None,
            own_files=own.files if own else None,
            frequency=self._frequency.value,
            wear=self._wear.value,
            agents=self._agents.value or {},
            database=self._database.value,
        )

    def _own(self) -> _Own:
        with self._process.oneshot():
            times = self._process.cpu_times()
            memory = self._process.memory_info().rss
            return _Own(memory, self._process.num_threads(), times.user + times.system, _open_files(self._process))

    def _proportional_memory(self) -> int | None:
        try:
            pss: int = self._process.memory_full_info().pss
        except (psutil.AccessDenied, AttributeError):
            return None  # only Linux tells, and not inside every sandbox
        return pss

    def _told(self, what: str, read: Callable[[], T]) -> T | None:
        """None where it cannot be read: said once, and again when it fails after it worked."""
        try:
            value = read()
        except Exception:  # the border of a reading: one that fails keeps no other from being read
            if what not in self._silent:
                self._silent.add(what)
                _log.warning("%s cannot be measured", what, exc_info=True)
            return None
        self._silent.discard(what)
        return value


@dataclass(frozen=True, slots=True)
class _Counters:
    at: float
    disk: tuple[int, int] | None
    network: tuple[int, int] | None
    own_cpu: float | None


class _Rates:
    """What grew between two readings, by second; None where they do not go together."""

    def __init__(self, before: _Counters | None, now: _Counters) -> None:
        step = now.at - before.at if before is not None else 0.0
        self.known = 0 < step <= LONGEST_STEP
        was = before if self.known else None
        self.disk = _rates(was.disk if was else None, now.disk, step)
        self.network = _rates(was.network if was else None, now.network, step)
        self.own_cpu: float | None = None
        if was is not None and was.own_cpu is not None and now.own_cpu is not None:
            self.own_cpu = max(0.0, now.own_cpu - was.own_cpu) / step * 100


def _rates(before: tuple[int, int] | None, now: tuple[int, int] | None, step: float) -> tuple[float | None, float | None]:
    if before is None or now is None:
        return None, None
    # A counter falls when a device is taken away; that is not a negative rate.
    return max(0, now[0] - before[0]) / step / MB, max(0, now[1] - before[1]) / step / MB


def _disk_bytes() -> tuple[int, int] | None:
    counters = psutil.disk_io_counters()
    return None if counters is None else (counters.read_bytes, counters.write_bytes)


def _network_bytes() -> tuple[int, int]:
    """Received and sent by every interface but loopback: what stays inside the machine is not network."""
    counters = [c for name, c in psutil.net_io_counters(pernic=True).items() if not name.startswith("lo")]
    return sum(c.bytes_recv for c in counters), sum(c.bytes_sent for c in counters)


def _frequency() -> float | None:
    cores = [core.current for core in psutil.cpu_freq(percpu=True) or () if core.current > 0]
    return sum(cores) / len(cores) if cores else None


def _disk_usage(folder: Path) -> tuple[float, int] | None:
    try:
        usage = psutil.disk_usage(str(folder))
    except OSError:
        return None
    return usage.percent, usage.free


def _open_files(process: psutil.Process) -> int | None:
    try:
        return process.num_fds()
    except (psutil.AccessDenied, AttributeError):
        return None
