"""Readings and clocks that a test sets by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from chainbot_desktop.watch.machine import MachineReading


@dataclass
class FakeClock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


CALM = MachineReading(
    at=0.0,
    cpu=12.0,
    cores=(10.0, 14.0),
    memory=40.0,
    memory_used=4_000_000_000,
    memory_total=10_000_000_000,
    swap=0.0,
    disk=50.0,
    disk_free=10**10,
    disk_read=0.0,
    disk_written=0.5,
    received=1.25,
    sent=0.25,
    temperature=52.0,
    throttling=None,
    load=(0.5, 0.4, 0.3),
    own_cpu=3.0,
    own_memory=120_000_000,
    own_pss=None,
    own_threads=9,
    own_files=40,
)


@pytest.fixture
def reading(clock: FakeClock) -> Callable[..., MachineReading]:
    """A reading of a calm machine at the clock's time, changed as asked."""
    return lambda **changes: replace(CALM, at=clock.now, **changes)
