"""What a rule is tried on is what is really kept: figures over restarts, and no more of anything than it says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.app import alert_past
from chainbot_desktop.app.alert_figures import HouseFigures
from chainbot_desktop.app.alert_past import KeptPast
from chainbot_desktop.core.events import ExternalEventReceived
from chainbot_desktop.core.events.webhooks import ExternalFact
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agents import UsageTable
from chainbot_desktop.store.metric_file import MetricFile
from chainbot_desktop.watch.alerts.records import AlertRule, Look
from chainbot_desktop.watch.alerts.trial import try_rule
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.timeline import LogTimeline
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.metric_store import MetricStore
from chainbot_desktop.watch.metrics import MetricsSampler
from tests.helpers.stores import open_store
from tests.unit.watch.conftest import FakeClock

NOON = 1_800_000_000
HOUR = 3600
UNITS = {"cpu": "%", "link_down": "s", "questions": "", "queue:journal": ""}
HOT = AlertRule(name="hot", title="Hot", kind="threshold", metric="cpu", value=90, seconds=300)


@dataclass
class House:
    """What is kept, and the second that it is."""

    past: KeptPast
    store: MetricStore
    figures: HouseFigures
    timeline: LogTimeline
    clock: FakeClock
    link: list[LinkState]

    def second(self, cpu: float) -> None:
        self.clock.now += 1
        self.figures.read(int(self.clock.now) - NOON)
        self.store.add(int(self.clock.now), {"cpu": cpu, "queue:journal": 0.0})


@asynccontextmanager
async def open_house(folder: Path, now: float) -> AsyncIterator[House]:
    clock, tasks, link = FakeClock(now), Tasks(), [LinkState.REGISTERED]
    async with open_store(folder) as base:
        store = MetricStore(MetricFile(folder / "metrics.db"), clock=clock)
        await store.open()
        ledger = Ledger(UsageTable(base.database), AgentsSettings())
        figures = HouseFigures(
            link=lambda: LinkStatus(state=link[0]),
            refused=lambda: None,
            ledger=ledger,
            steady=clock,
            wall=clock,
            clock_is_unset=lambda: None,
        )
        sampler = MetricsSampler(folder, tasks, LoopLagMonitor(), event_count=lambda: 0, clock=lambda: clock.now - NOON)
        timeline = LogTimeline(tasks)
        past = KeptPast(sampler, store, figures, timeline, base.journal, wall=clock)
        for number in range(12):
            await base.journal.append(ExternalEventReceived(data=ExternalFact(event_type=f"e{number}")))
        try:
            yield House(past, store, figures, timeline, clock, link)
        finally:
            await timeline.close()
            await store.close()
            await sampler.close()
            await tasks.cancel_all()


async def test_a_rule_is_tried_on_minutes_of_before_the_restart_and_on_seconds_of_now(tmp_path: Path) -> None:
    async with open_house(tmp_path, NOON) as house:
        for second in range(3 * HOUR):
            house.second(95.0 if second < 600 else 10.0)
    async with open_house(tmp_path, NOON + 4 * HOUR) as house:
        for second in range(400):
            house.second(95.0 if second > 60 else 10.0)
        trial = await try_rule(HOT, house.past, UNITS, now=NOON + 4 * HOUR + 400)
        first, second = (round(moment - NOON) for moment in trial.fired)
        assert 300 <= first <= 365
        assert second == 4 * HOUR + 62 + 300
        by_minute, by_second = trial.looks
        assert (by_minute.step, by_minute.since) == (60, NOON)
        assert by_second.until - NOON >= 4 * HOUR + 400
        assert "kept by the minute only" in trial.note


async def test_what_the_store_does_not_have_is_tried_on_its_hour_and_says_so(tmp_path: Path) -> None:
    away = AlertRule(name="away", title="Away", kind="condition", condition="link_down > 100.0 && cpu < 50.0")
    async with open_house(tmp_path, NOON) as house:
        for second in range(2 * HOUR):
            if second == 2 * HOUR - 299:
                house.link[0] = LinkState.RETRYING
            house.second(10.0)
        trial = await try_rule(away, house.past, UNITS, now=NOON + 2 * HOUR)
        assert [moment - NOON for moment in trial.fired] == [2 * HOUR - 298 + 101]
        assert "link_down is kept for an hour, and not over a restart." in trial.note
        alone = AlertRule(name="away", title="Away", kind="threshold", metric="link_down", value=100)
        trial = await try_rule(alone, house.past, UNITS, now=NOON + 2 * HOUR)
        assert [moment - NOON for moment in trial.fired] == [2 * HOUR - 298 + 101]
        assert trial.looks == [Look(NOON + HOUR + 1, NOON + 2 * HOUR + 1, 1)]


async def test_a_week_is_looked_at_and_of_very_many_figures_less(tmp_path: Path) -> None:
    async with open_house(tmp_path, NOON) as house:
        house.second(10.0)
        week = (await house.past.figures(["cpu"], 7 * 86_400)).windows
        assert NOON - 7 * 86_400 in (week[0].start, week[0].start + 60)
        many = (await house.past.figures([f"agent_memory:{n}" for n in range(2000)], 7 * 86_400)).windows
        assert sum(window.steps * len(window.lines) for window in many if window.step == 60) <= 1_100_000
        assert all(np.isnan(line.mean).all() for name, line in many[0].lines.items() if name.startswith("agent"))


async def test_lines_and_events_are_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(tmp_path, NOON) as house:
        house.timeline.add([LogRecord(NOON + n, 20, "program", "x", f"line {n}\nmore") for n in range(1200)])
        await house.timeline.kept()
        found = await house.past.lines()
        assert [row.text for row in found.rows] == [f"line {n}" for n in range(1200)]
        assert "1,200." in found.note
        assert [e.event.data.event_type for e in (await house.past.events("external_*")).events] == [f"e{n}" for n in range(12)]
        assert (await house.past.events("external_*")).whole
        monkeypatch.setattr(alert_past, "MOST_EVENTS", 5)
        monkeypatch.setattr(alert_past, "MOST_LINES", 100)
        newest = await house.past.events("external_*")
        assert ([e.event.data.event_type for e in newest.events], newest.whole) == ([f"e{n}" for n in range(7, 12)], False)
        assert [row.text for row in (await house.past.lines()).rows] == [f"line {n}" for n in range(1150, 1200)]
