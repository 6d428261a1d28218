from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import replace
from math import isnan
from pathlib import Path

import psutil
import pytest

from chainbot_desktop.core.clocks import boot_time_clock
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.figures import FIGURES
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.machine import Machine, MachineReading
from chainbot_desktop.watch.metrics import MetricsSampler, Sample
from chainbot_desktop.watch.sensors import Throttling
from chainbot_desktop.watch.spending import Spent
from chainbot_desktop.watch.wear import Wear
from tests.unit.watch.conftest import CALM, FakeClock

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


def test_how_far_the_clock_jumped(clock: FakeClock, reading: Reading, tmp_path: Path) -> None:
    wall = FakeClock(1_800_000_000.0)
    metrics = sampler(clock, tmp_path, wall=wall)

    def second(wall_seconds: float) -> float | None:
        clock.now += 1
        wall.now += wall_seconds
        metrics.take(reading())
        return metrics.figures["clock_jump"]

    assert second(1) is None, "there is nothing to compare with"
    assert second(1) == pytest.approx(0)
    assert second(3601) == pytest.approx(3600)
    assert second(-59) == pytest.approx(-60)
    clock.now += 600  # sleep moves both
    wall.now += 600
    assert second(1) == pytest.approx(0, abs=1e-6)
    assert metrics.latest is not None
    assert metrics.latest.time == pytest.approx(wall.now)


def test_how_far_it_is_ahead_of_alex_os(clock: FakeClock, reading: Reading, tmp_path: Path) -> None:
    skew: list[float | None] = [None]
    metrics = sampler(clock, tmp_path, skew=lambda: skew[0])
    for known in (None, -7.25, None):
        skew[0] = known
        clock.now += 1
        metrics.take(reading())
        assert metrics.figures["clock_skew"] == known
    assert [metrics.series["clock_skew"].at(slot) for slot in (1, 2, 3)] == [None, -7.25, None]


def test_every_figure_has_a_name_and_every_name_a_figure(clock: FakeClock, reading: Reading, tmp_path: Path) -> None:
    spent = [Spent(100, 0.5)]
    metrics = sampler(clock, tmp_path, queues={"journal": lambda: 42}, spent=lambda: spent[0], skew=lambda: 1.5)
    assert set(metrics.names) == {*FIGURES, "queue:journal"}
    metrics.take(
        reading(
            throttling=Throttling(0x50005),
            wear=Wear(20, 1),
            agents={"a-1": 30_000_000},
            database=5_000_000,
            frequency=1500.0,
            own_pss=9_000_000,
        )
    )
    spent[0] = Spent(160, 0.75)
    clock.now += 1
    metrics.take(
        reading(
            throttling=Throttling(0x50005),
            wear=Wear(20, 1),
            agents={"a-1": 30_000_000},
            database=5_000_000,
            frequency=1500.0,
            own_pss=9_000_000,
        )
    )
    figures = dict(metrics.figures)
    assert set(figures) == {*FIGURES, "core0", "core1", "queue:journal", "agent_memory:a-1"} == set(metrics.names)
    unmeasured = {name for name, value in figures.items() if value is None}
    assert unmeasured <= {"loop_lag"}, "the loop has not run"
    assert (figures["tokens"], figures["cost"], figures["undervoltage"], figures["agent_memory:a-1"]) == (60, 0.25, 1, 30)
    clock.now += 60
    assert metrics.figures == {}, "figures of a minute ago are not of now"


def test_only_undervoltage_is_known_of_a_half_told_machine(clock: FakeClock, reading: Reading, tmp_path: Path) -> None:
    metrics = sampler(clock, tmp_path)
    metrics.take(reading(throttling=Throttling(0, complete=False)))
    figures = metrics.figures
    assert (figures["undervoltage"], figures["undervoltage_since_start"], figures["throttled_since_start"]) == (0, None, None)


async def test_a_machine_that_cannot_be_read_is_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Moody:
        asked = 0

        def read(self) -> MachineReading:
            self.asked += 1
            if self.asked < 3:
                raise PermissionError("not in this sandbox")
            return replace(CALM, at=boot_time_clock())

        def close(self) -> None:
            """It holds nothing."""

    tasks = Tasks()
    metrics = MetricsSampler(tmp_path, tasks, LoopLagMonitor(), event_count=lambda: 0, reader=Moody())
    heard = asyncio.Event()
    metrics.on_sample(lambda _: heard.set())
    await metrics.open()
    async with asyncio.timeout(20):
        await heard.wait()
    await metrics.close()
    assert caplog.text.count("the machine cannot be measured") == 1


def test_a_dead_reading_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object, **__: object) -> object:
        raise PermissionError("/proc is closed")

    machine = Machine(tmp_path)
    machine.read()
    for name in ("cpu_percent", "virtual_memory", "disk_io_counters"):
        monkeypatch.setattr(psutil, name, refused)
    for _ in range(3):
        reading = machine.read()
    assert (reading.cpu, reading.cores, reading.memory, reading.disk_read) == (None, (), None, None)
    assert reading.own_memory is not None
    assert reading.received is not None
    assert reading.load is not None
    assert caplog.text.count("the memory cannot be measured") == 1
    machine.close()


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
    assert third.machine.at - second.machine.at > 0.5
    assert third.slot > second.slot
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
    assert reading.own_cpu > 0
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


async def test_samples_fall_into_the_middle_of_the_seconds_of_the_wall_clock(tmp_path: Path) -> None:
    """Else two of them would fall into one second now and then, and leave a gap beside it."""
    metrics = MetricsSampler(tmp_path, Tasks(), LoopLagMonitor(), event_count=lambda: 0)
    times: list[float] = []
    metrics.on_sample(lambda sample: times.append(sample.time))
    await metrics.open()
    async with asyncio.timeout(60):
        while not sum(0.45 < at % 1 < 0.75 for at in times[1:]) >= 3:
            await asyncio.sleep(0.05)
    await metrics.close()
