from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from chainbot_desktop.core.link import ClockSkew, LinkState, LinkStatus
from chainbot_desktop.core.ports import DiskRefusal
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.checks import Level
from chainbot_desktop.watch.health import Health, HealthMonitor, ProgramFacts
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.machine import MachineReading
from chainbot_desktop.watch.metrics import MetricsSampler
from chainbot_desktop.watch.sensors import Throttling
from tests.unit.watch.conftest import FakeClock

DOCUMENTED = {
    "agent_name",
    "agent_version",
    "timestamp",
    "status_id",
    "workflow_state",
    "active_workflows",
    "workflow_blockers",
    "log_excerpt",
    "requires_attention",
    "attention_reason",
    "gpt_integration_status",
    "websocket_connections",
    "active_agents",
    "system_resources",
}


class House:
    """A monitor with everything it looks at, and hands on the dials."""

    def __init__(self, clock: FakeClock, reading: Callable[..., MachineReading], folder: Path) -> None:
        self.clock = clock
        self.reading = reading
        self.link = LinkStatus(state=LinkState.REGISTERED)
        self.skew: ClockSkew | None = None
        self.waiting = 0
        self.refused: DiskRefusal | None = None
        self.facts = ProgramFacts()
        self.blocked: list[str] = []
        self.lag = LoopLagMonitor(clock)
        self.logs = LogRing()
        self.metrics = MetricsSampler(folder, Tasks(), self.lag, event_count=lambda: 0, clock=clock)
        self.metrics._origin = clock.now
        self.monitor = HealthMonitor(
            self.metrics,
            self.logs,
            name="chainbot",
            version="1.2.3",
            link=lambda: self.link,
            journal_waiting=lambda: self.waiting,
            journal_refused=lambda: self.refused,
            skew=lambda: self.skew,
            facts=lambda: self.facts,
            sources=[self],
            clock=clock,
        )
        self.monitor.open()

    def blockers(self) -> list[str]:
        return self.blocked

    def seconds(self, count: int, **changes: Any) -> str:
        for _ in range(count):
            self.clock.now += 1
            self.metrics.take(self.reading(**changes))
        return self.monitor.current.status

    def check(self, id_: str) -> Level:
        return next(check.level for check in self.monitor.current.checks if check.id == id_)


@pytest.fixture
def house(clock: FakeClock, reading: Callable[..., MachineReading], tmp_path: Path) -> House:
    return House(clock, reading, tmp_path)


def test_all_is_well(house: House) -> None:
    assert house.seconds(3) == "healthy"
    assert house.monitor.current.reasons == ()


def test_a_busy_processor_counts_only_when_it_lasts(house: House) -> None:
    assert house.seconds(59, cpu=99) == "healthy"
    assert house.seconds(1, cpu=50) == "healthy"
    assert house.seconds(60, cpu=99) == "healthy"
    assert house.seconds(1, cpu=99) == "degraded"
    assert house.seconds(30, cpu=90) == "degraded", "below 95 but not below 85"
    assert house.seconds(1, cpu=80) == "healthy"


def test_a_full_disk_is_unhealthy_and_says_what_to_do(house: House) -> None:
    assert house.seconds(1, disk=93) == "degraded"
    assert house.seconds(1, disk=98.5) == "unhealthy"
    assert house.seconds(1, disk=97.5) == "unhealthy", "not yet below 97"
    assert house.seconds(1, disk=96) == "degraded"
    (worst,) = [check for check in house.monitor.current.checks if check.level is Level.WARNING]
    assert "96 % full" in worst.sentence
    assert worst.hint
    assert house.seconds(1, disk=89) == "healthy"


def test_a_disk_that_refuses_events_is_known_at_once_and_forgotten_when_nobody_tries_again(house: House) -> None:
    assert house.seconds(1) == "healthy"
    house.refused = DiskRefusal(house.clock.now, "attempt to write a readonly database")
    house.monitor.look_again()
    assert house.monitor.current.status == "unhealthy"
    assert "readonly" in house.monitor.current.reasons[0]
    assert house.seconds(60) == "unhealthy"
    assert house.seconds(1) == "healthy"
    house.refused = DiskRefusal(house.clock.now, "database or disk is full")
    assert house.seconds(1) == "unhealthy"
    house.refused = None
    house.monitor.look_again()
    assert house.check("writing") is Level.OK


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"memory": 91.0}, "degraded"),
        ({"memory": 98.0}, "unhealthy"),
        ({"temperature": 82.0}, "degraded"),
        ({"temperature": 91.0}, "unhealthy"),
        ({"throttling": Throttling(0x1)}, "degraded"),
        ({"throttling": Throttling(0x4)}, "degraded"),
        ({"throttling": Throttling(0x50000)}, "healthy"),
        ({"temperature": None, "disk": None, "cpu": None}, "healthy"),
    ],
)
def test_the_machine(house: House, changes: dict[str, Any], status: str) -> None:
    assert house.seconds(15, **changes) == status


def test_a_slow_loop(house: House) -> None:
    for _ in range(30):
        for _ in range(10):
            house.lag.record(house.clock.now, 0.4)
        house.seconds(1)
    assert house.check("loop_lag") is Level.WARNING
    assert house.seconds(61) == "healthy", "a minute later it is forgotten"


def test_events_that_wait_for_the_disk(house: House) -> None:
    house.waiting = 12_000
    assert house.seconds(10) == "degraded"
    house.waiting = 19_000
    assert house.seconds(10) == "unhealthy"
    house.waiting = 0
    assert house.seconds(1) == "healthy"


@pytest.mark.parametrize("state", list(LinkState))
def test_alex_os_being_away_does_not_make_us_ill(house: House, state: LinkState) -> None:
    house.link = LinkStatus(state=state, reason="No answer.", outbox_pending=4000, outbox_given_up=3)
    assert house.seconds(2) == "healthy"
    checks = house.monitor.snapshot()["checks"]
    assert any(check["id"] == "link" and state.value in check["sentence"] for check in checks)
    assert house.check("deliveries") is Level.NOTICE
    expected = Level.NOTICE if state in {LinkState.RETRYING, LinkState.FAILED, LinkState.DEGRADED} else Level.OK
    assert house.check("link") is expected


def test_a_failed_task_is_remembered_for_ten_minutes(house: House) -> None:
    house.monitor.record_task_failure("outbox", RuntimeError("boom"))
    assert house.seconds(1) == "degraded"
    assert "outbox: RuntimeError" in house.monitor.current.reasons[0]
    house.clock.now += 600
    assert house.seconds(1) == "healthy"


def test_a_part_that_is_unwell(house: House) -> None:
    house.blocked = ["The model server does not answer."]
    assert house.seconds(1) == "degraded"
    assert house.monitor.snapshot()["workflow_blockers"] == ["The model server does not answer."]


def test_listeners_hear_changes_and_nothing_else(house: House) -> None:
    heard: list[tuple[str, str]] = []

    def listener(before: Health, after: Health) -> None:
        heard.append((before.status, after.status))

    cancel = house.monitor.on_change(listener)
    house.seconds(3)
    house.seconds(3, disk=99)
    house.seconds(3)
    cancel()
    house.seconds(1, disk=99)
    assert heard == [("healthy", "unhealthy"), ("unhealthy", "healthy")]


def test_the_report_has_the_documented_fields(house: House) -> None:
    house.facts = ProgramFacts(active_workflows=2, websocket_connections=3, active_agents=4, attention=("Approve the push.",))
    house.logs.add(created=0, level=40, logger="alexos", text="refused")
    house.seconds(2)
    report = house.monitor.snapshot()
    assert set(report) == DOCUMENTED | {"status", "checks"}
    assert (report["status"], report["status_id"]) == ("healthy", "healthy")
    assert (report["agent_name"], report["agent_version"], report["workflow_state"]) == ("chainbot", "1.2.3", "running")
    assert (report["requires_attention"], report["attention_reason"]) == (True, "Approve the push.")
    assert report["system_resources"]["cpu_usage"] == 12.0
    assert report["log_excerpt"][0].endswith("error alexos: refused")
    orjson.dumps(report)


def test_closed_it_assesses_no_more(house: House) -> None:
    house.monitor.close()
    assert house.seconds(5, disk=99) == "healthy"


@pytest.mark.parametrize(
    ("seconds", "words", "level"),
    [
        (0.4, "This clock and that of ALEX OS agree to about a second.", Level.OK),
        (-1.3, "This clock and that of ALEX OS agree to about a second.", Level.OK),
        (3.2, "This clock is 3 s ahead of ALEX OS.", Level.OK),
        (-7.0, "This clock is 7 s behind ALEX OS.", Level.NOTICE),
        (125.0, "This clock is 2 min 5 s ahead of ALEX OS.", Level.NOTICE),
        (-3600.2, "This clock is 1 h behind ALEX OS.", Level.NOTICE),
        (-1_796_024_961.0, "This clock is 20,787 d 7 h behind ALEX OS.", Level.NOTICE),
    ],
)
def test_the_clock_of_alex_os_in_words(house: House, seconds: float, words: str, level: Level) -> None:
    house.seconds(1)
    assert not any(check.id == "clock" for check in house.monitor.current.checks), "nothing is known, and something is said"
    house.skew = ClockSkew(seconds, 1.4)
    assert house.seconds(1) == "healthy", "it is about two machines"
    assert house.check("clock") is level
    (check,) = [check for check in house.monitor.current.checks if check.id == "clock"]
    assert check.sentence == words
    assert bool(check.hint) is (level is Level.NOTICE)
