from __future__ import annotations

import asyncio
import time

import pytest
import uvloop

from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from tests.unit.watch.conftest import FakeClock


def test_percentiles_of_the_last_minute(clock: FakeClock) -> None:
    monitor = LoopLagMonitor(clock)
    for hundredth in range(1, 101):
        monitor.record(clock.now, hundredth / 10_000)
    found = monitor.statistics
    assert (found.count, found.p50, found.p95, found.p99, found.worst) == (100, 0.005, 0.0095, 0.0099, 0.01)
    clock.now += 61
    assert monitor.statistics.count == 0


def test_a_long_block_weighs_as_much_as_it_lasted(clock: FakeClock) -> None:
    monitor = LoopLagMonitor(clock, interval=0.1)
    for _ in range(90):
        monitor.record(clock.now, 0.0)
    monitor.record(clock.now, 1.0)
    assert monitor.statistics.count == 101, "the ten beats that the block swallowed count"
    assert monitor.statistics.p95 == pytest.approx(0.5)


def test_the_peak_looks_back_only_so_far(clock: FakeClock) -> None:
    monitor = LoopLagMonitor(clock)
    assert monitor.peak(1) is None
    monitor.record(clock.now, 0.05)
    clock.now += 2
    monitor.record(clock.now, 0.001)
    assert monitor.peak(1) == 0.001
    assert monitor.peak(10) == 0.05


async def measure_a_block() -> float:
    monitor = LoopLagMonitor(interval=0.01)
    monitor.start()
    await asyncio.sleep(0.03)
    time.sleep(0.15)  # noqa: ASYNC251 (the loop is to stand still)
    while monitor.statistics.worst < 0.1:
        await asyncio.sleep(0.005)
    monitor.stop()
    count = monitor.statistics.count
    await asyncio.sleep(0.03)
    assert monitor.statistics.count == count, "it beats on after stop"
    return monitor.statistics.worst


@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_loop_that_stood_still_is_seen(factory: object) -> None:
    with asyncio.Runner(loop_factory=factory) as runner:  # type: ignore[arg-type]
        worst = runner.run(asyncio.wait_for(measure_a_block(), 10))
    assert 0.1 <= worst < 5
