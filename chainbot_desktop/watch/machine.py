"""One reading of this machine and of this program's own process. Blocks: belongs on a thread of its own.

Rates are differences between two readings; where they lie too far apart (the machine slept) there is no rate, rather than an
average over a time in which nothing ran.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from chainbot_desktop.watch.sensors import SYS, Thermometer, ThrottleGauge, Throttling

MB = 1_000_000
_LONGEST_STEP = 5.0
"""Seconds between readings above which no rate is given."""
_DISK_EVERY = 10
_PSS_EVERY = 60


def boot_time_clock() -> float:
    """Seconds that go on while the machine sleeps and do not jump with the wall clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class MachineReading:
    """Percent, bytes, MB/s (10^6 bytes), degrees Celsius. None: this machine does not tell, or not yet."""

    at: float
    cpu: float | None
    cores: tuple[float, ...]
    memory: float
    memory_used: int
    memory_total: int
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
    own_memory: int
    own_pss: int | None
    own_threads: int
    own_files: int | None


@dataclass(frozen=True, slots=True)
class _Counters:
    at: float
    disk: tuple[int, int] | None
    network: tuple[int, int]
    own_cpu: float


class Machine:
    """`data_dir` names the disk that matters to us. `read` always on the same thread (psutil keeps CPU times by thread)."""

    def __init__(self, data_dir: Path, clock: Callable[[], float] = boot_time_clock, sys: Path = SYS) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._thermometer = Thermometer(sys)
        self._throttle = ThrottleGauge(sys)
        self._process = psutil.Process()
        self._readings = 0
        self._before: _Counters | None = None
        self._disk: tuple[float, int] | None = None
        self._pss: int | None = None

    def read(self) -> MachineReading:
        self._read_rarely()
        cores = tuple(psutil.cpu_percent(interval=None, percpu=True))
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        with self._process.oneshot():
            own_memory = self._process.memory_info().rss
            own_threads = self._process.num_threads()
            times = self._process.cpu_times()
        now = _Counters(self._clock(), _disk_bytes(), _network_bytes(), times.user + times.system)
        before, self._before = self._before, now
        step = now.at - before.at if before is not None else 0.0
        if before is None or not 0 < step <= _LONGEST_STEP:
            before = None
        read, written = _rates(before.disk if before else None, now.disk, step)
        received, sent = _rates(before.network if before else None, now.network, step)
        return MachineReading(
            at=now.at,
            cpu=sum(cores) / len(cores) if before is not None and cores else None,
            cores=cores if before is not None else (),
            memory=memory.percent,
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            swap=swap.percent if swap.total else None,
            disk=self._disk[0] if self._disk else None,
            disk_free=self._disk[1] if self._disk else None,
            disk_read=read,
            disk_written=written,
            received=received,
            sent=sent,
            temperature=self._thermometer.read(),
            throttling=self._throttle.read(),
            load=os.getloadavg(),
            own_cpu=None if before is None else max(0.0, now.own_cpu - before.own_cpu) / step * 100,
            own_memory=own_memory,
            own_pss=self._pss,
            own_threads=own_threads,
            own_files=_open_files(self._process),
        )

    def _read_rarely(self) -> None:
        if self._readings % _DISK_EVERY == 0:
            self._disk = _disk_usage(self._data_dir)
        if self._readings % _PSS_EVERY == _PSS_EVERY // 2:
            self._pss = _proportional_memory(self._process)
        self._readings += 1


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


def _disk_usage(folder: Path) -> tuple[float, int] | None:
    try:
        usage = psutil.disk_usage(str(folder))
    except OSError:
        return None
    return usage.percent, usage.free


def _proportional_memory(process: psutil.Process) -> int | None:
    try:
        pss: int = process.memory_full_info().pss
    except (psutil.AccessDenied, AttributeError):
        return None  # only Linux tells, and not inside every sandbox
    return pss


def _open_files(process: psutil.Process) -> int | None:
    try:
        return process.num_fds()
    except (psutil.AccessDenied, AttributeError):
        return None
