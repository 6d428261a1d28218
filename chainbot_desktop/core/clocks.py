"""The clock for durations that must go on while the machine sleeps. The wall clock jumps, and `time.monotonic` stands still then."""

from __future__ import annotations

import time


def boot_time_clock() -> float:
    """Seconds that go on while the machine sleeps and do not jump with the wall clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
