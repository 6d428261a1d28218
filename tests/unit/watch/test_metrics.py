from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from math import isnan
from pathlib import Path

import pytest

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.machine import Machine, MachineReading
from chainbot_desktop.watch.metrics import MetricsSampler, Sample
from tests.unit.watch.conftest import FakeClock

Reading = Callable[..., MachineReading]


class NeverRead:
    def read(self) -> MachineReading:
        raise AssertionError("the test hands the readings over")

    def close(self) -> None:
        """It read nothing."""


def sampler(clock: FakeClock, tmp_path: Path, **more: object) -> MetricsSampler:
    arguments: dict[str, object] = {"event_count": lambda: 0, "reader": NeverRead(), "clock": clock, **more}
    made = MetricsSampler(tmp_path, Tasks(), LoopLagMonitor(clock), **arguments)  # type: ignore[arg-type]
    made._origin = clock.now
    return made


def test_every_second_becomes_a_point(clock: FakeClock, reading: Reading, tmp_path: Path) -> None:
    metrics = sampler(clock, tmp_path)
    for cpu in (10.0, 20.0, 30.0):
        clock.now += 1
        metrics.take(reading(cpu=cpu, cores=(cpu, 0.0)))
    assert list(metrics.series["cpu"].window(3, metrics.slot)) == [10, 20, 30]
    assert list(metrics.series["core0"].window(3, metrics.slot)) == [10, 20, 30]
    assert metrics.series["temperature"].latest == 52.0


def test_sleep_shows_as_a_gap_and_gives_no_event_rate(clock: FakeClock, reading: Reading, tmp_path: Path) -> None:
    count = 0
    metrics = sampler(clock, tmp_path, event_count=lambda: count)
    for _ in range(2):
        clock.now += 1
        count += 50
        metrics.take(reading())
    assert metrics.series["events"].latest == 50
    clock.now += 600
    count += 5000
    metrics.take(reading())
    window = metrics.series["cpu"].window(602, metrics.slot)
    assert sum(not isnan(value) for value in window) == 3
    assert metrics.series["events"].latest is None


def test_what_is_not_known_is_none_in_the_report(clock: FakeClock, reading: Reading, tmp_path: Path) -> None:
    metrics = sampler(clock, tmp_path)
    assert set(metrics.system_resources().values()) == {None}
    metrics.take(reading(cpu=None, received=None, sent=None, temperature=None))
    resources = metrics.system_resources()
    assert resources == {
        "cpu_usage": None,
        "memory_usage": 40.0,
        "disk_usage": 50.0,
        "network_usage": None,
        "temperature_c": None,
        "throttled": None,
        "load": 0.5,
    }
    metrics.take(reading())
    assert metrics.system_resources()["network_usage"] == 1.5


def test_a_listener_that_fails_keeps_nobody_from_hearing(
    clock: FakeClock, reading: Reading, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = sampler(clock, tmp_path)
    heard: list[Sample] = []

    def broken(sample: Sample) -> None:
        raise RuntimeError("broken listener")

    metrics.on_sample(broken)
    cancel = metrics.on_sample(heard.append)
    metrics.take(reading())
    cancel()
    cancel()
    metrics.take(reading())
    assert len(heard) == 1
    assert "broken listener" in caplog.text


def test_queues_have_a_series_each(clock: FakeClock, reading: Reading, tmp_path: Path) -> None:
    metrics = sampler(clock, tmp_path, queues={"journal": lambda: 42})
    metrics.take(reading())
    assert metrics.series["queue:journal"].latest == 42


async def test_it_samples_this_machine_every_second(tmp_path: Path) -> None:
    tasks = Tasks()
    lag = LoopLagMonitor()
    lag.start()
    metrics = MetricsSampler(tmp_path, tasks, lag, event_count=lambda: 0)
    samples: asyncio.Queue[Sample] = asyncio.Queue()
    metrics.on_sample(samples.put_nowait)
    await metrics.open()
    first = await asyncio.wait_for(samples.get(), 5)
    second = await asyncio.wait_for(samples.get(), 5)
    third = await asyncio.wait_for(samples.get(), 5)
    await metrics.close()
    lag.stop()
    assert first.machine.cpu is None, "there is no rate before a second reading"
    assert second.machine.cpu is not None
    assert 0 <= second.machine.cpu <= 100
    assert 0.5 < third.machine.at - second.machine.at < 2
    assert third.slot == second.slot + 1
    assert len(third.machine.cores) == os.cpu_count()
    assert tasks.names == ()


def test_the_process_itself_is_measured(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.read()
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    reading = machine.read()
    assert reading.own_cpu is not None
    assert reading.own_cpu > 20
    assert reading.own_memory is not None
    assert reading.own_memory > 5_000_000
    assert reading.own_threads is not None
    assert reading.own_threads >= 1
    assert reading.own_files is None or reading.own_files >= 3
    assert reading.disk is not None


def test_a_machine_that_slept_gives_no_rates(tmp_path: Path, clock: FakeClock) -> None:
    machine = Machine(tmp_path, clock)
    machine.read()
    clock.now += 1
    assert machine.read().received is not None
    clock.now += 3600
    after = machine.read()
    assert (after.received, after.cpu, after.own_cpu) == (None, None, None)


def test_the_folder_of_the_disk_may_vanish(tmp_path: Path) -> None:
    assert Machine(tmp_path / "gone").read().disk is None
