"""The shipped rules in the house they are shipped for: every one can fire, and knows what it names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.app.alert_figures import MEANINGS, UNITS, HouseFigures
from chainbot_desktop.app.alert_wing import channel_plans
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import (
    EVENT_CLASSES,
    AgentRemoved,
    AgentStateChanged,
    ApprovalDecided,
    ApprovalRequested,
    RunFinished,
)
from chainbot_desktop.core.events.agents import AgentName, StateFact
from chainbot_desktop.core.events.audit import ChainVerdict, ChainVerified
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.events.runs import ApprovalAnswer, ApprovalFact, RunOutcome
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.ports import Journal
from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.core.settings import AgentsSettings, Settings
from chainbot_desktop.store.agents import UsageTable
from chainbot_desktop.watch.alerts.rule_book import RuleBook
from chainbot_desktop.watch.alerts.rule_checks import Known, problems
from chainbot_desktop.watch.figures import FIGURES, unit_of
from chainbot_desktop.watch.logs.document import LogRow
from tests.helpers.alert_desks import Hands, open_alarm
from tests.helpers.stores import open_store

HOUSE = {**{name: unit_of(name) for name in (*FIGURES, "queue:journal")}, **UNITS}


def recorded(event: Event) -> Recorded[Any]:
    return Recorded(1, event, "", "")


def test_every_shipped_rule_means_something_and_has_a_runbook(tmp_path: Path) -> None:
    book = RuleBook(resource_path("alert-rules.yaml"), tmp_path / "own.yaml")
    known = Known(HOUSE, tuple(EVENT_CLASSES), ["panel", "alexos"])
    assert len(book.rules) >= 20
    assert {booked.rule.name: problems(booked.rule, known) for booked in book.rules if problems(booked.rule, known)} == {}
    assert all(booked.rule.runbook for booked in book.rules)
    assert UNITS.keys() == MEANINGS.keys()


async def test_the_shipped_rules_fire_on_what_really_happens(tmp_path: Path) -> None:
    async with open_alarm(tmp_path, shipped=True, figures=HOUSE) as alarm:
        trouble = {
            "cpu": 99.0,
            "memory": 98.0,
            "disk": 98.0,
            "temperature": 85.0,
            "undervoltage": 1.0,
            "loop_lag": 400.0,
            "queue__journal": 15_000.0,
            "link_down": 1000.0,
            "waiting_for_person": 1000.0,
            "budget": 95.0,
            "disk_refuses": 1.0,
            "clock_jumped": 60.0,
            "clock_unset": 1.0,
            "clock_skew": 7.0,
        }
        alarm.sample(305, **trouble)
        failed = StateFact(agent_id="a", agent_name="Ada", state="failed", before="running", reason="no key")
        alarm.desk.feed_event(recorded(AgentStateChanged(data=failed)))
        # The words that the runtime's budget ends a task with.
        why = "All agents may use 10 tokens; 9 are used and the next request needs about 5."
        outcome = RunOutcome(run_id="r", agent_id="a", agent_name="Ada", state="failed", reason=why)
        alarm.desk.feed_event(recorded(RunFinished(data=outcome)))
        alarm.desk.feed_event(recorded(ChainVerified(data=ChainVerdict(ok=False, checked=9, first_seq=1, broken_at=7))))
        lines = ["task look at the models failed", *["A wrong token came from 10.0.0.9"] * 5]
        alarm.desk.feed_logs([LogRow(n, 1.0, 40, "program", "x", line) for n, line in enumerate(lines)])
        firing = {alert.rule for alert in alarm.desk.active if alert.state == "firing"}
        shipped = {state.rule.name for state in alarm.desk.rules}
        # It takes an hour, and a delivery that was given up.
        assert shipped - firing == {"clock-not-set", "delivery-given-up"}
        ada = next(alert for alert in alarm.desk.active if alert.rule == "agent-failed")
        assert (ada.summary, ada.labels) == ("Ada: no key", {"agent_name": "Ada"})
        alarm.desk.feed_event(recorded(AgentRemoved(data=AgentName(agent_id="a", agent_name="Ada"))))
        alarm.desk.feed_event(recorded(ChainVerified(data=ChainVerdict(ok=True, checked=9, first_seq=1))))
        alarm.sample(1, **dict.fromkeys(trouble, 0.0))
        left = {alert.rule for alert in alarm.desk.active}
        assert left == {"task-failed", "budget-refused", "login-failures"}


async def test_the_rule_about_the_clock_of_alex_os(tmp_path: Path) -> None:
    async with open_alarm(tmp_path, shipped=True, figures=HOUSE) as alarm:

        def state() -> str:
            return next((alert.state for alert in alarm.desk.active if alert.rule == "clock-skew"), "silent")

        for tolerated in (0.0, 5.0, -5.0, None):
            alarm.sample(200, clock_skew=tolerated)
            assert state() == "silent", tolerated
        alarm.sample(119, clock_skew=-5.5)
        alarm.sample(1, clock_skew=-4.5)
        assert state() == "silent", "it did not last"
        for skew, words in ((-3.7e4, "-37,000 s"), (6.25, "6.2 s")):
            alarm.sample(119, clock_skew=skew)
            assert state() == "pending"
            alarm.sample(2, clock_skew=skew)
            assert state() == "firing"
            (alert,) = [alert for alert in alarm.desk.active if alert.rule == "clock-skew"]
            assert alert.summary == f"This machine is {words} ahead (with a minus: behind)"
            assert alert.cause is not None
            assert alert.cause.content["metric"] == "clock_skew"
            alarm.sample(60, clock_skew=None)
            assert state() == "firing", "that nobody knows does not mend it"
            alarm.sample(1, clock_skew=0.5)
            assert state() == "silent"
        alarm.sample(121, clock_skew=60.0)
        alarm.tick(301)
        assert state() == "silent", "ALEX OS has been away, and an old figure is held for true"


@dataclass
class Waiting:
    id: str
    created_at: str


async def test_the_figures_of_the_house_are_measured(tmp_path: Path) -> None:
    hands, state = Hands(), [LinkState.REGISTERED]
    async with open_store(tmp_path) as store:
        figures = HouseFigures(
            link=lambda: LinkStatus(state=state[0], outbox_pending=3),
            refused=lambda: None,
            ledger=Ledger(UsageTable(store.database), AgentsSettings(day_tokens=100)),
            steady=lambda: hands.steady_now,
            wall=lambda: hands.wall_now,
            clock_is_unset=lambda: None,
        )
        bus = EventBus()
        stop = figures.follow(bus, [Waiting("old", hands.clocks.at(-600))])
        first = figures.read(0)
        assert (first["link_down"], first["outbox_pending"], first["clock_unset"]) == (0.0, 3.0, None)
        assert first["waiting_for_person"] == 600.0
        answer = ApprovalAnswer(approval_id="old", run_id="r", agent_id="a", decision="deny")
        bus.publish([recorded(ApprovalDecided(data=answer))])
        asked = ApprovalFact(approval_id="new", run_id="r", agent_id="a", agent_name="A", tool="t", title="T", detail_sha256="")
        bus.publish([recorded(ApprovalRequested(data=asked))])
        state[0] = LinkState.RETRYING
        figures.read(1)
        hands.step(30)
        later = figures.read(31)
        assert (later["link_down"], later["waiting_for_person"], later["questions"]) == (30.0, 30.0, 1.0)
        assert later["clock_jumped"] == 0.0
        hands.jump(-120)
        assert figures.read(32)["clock_jumped"] == 120.0
        hands.step(601)
        assert figures.read(633)["clock_jumped"] == 0.0
        state[0] = LinkState.DISABLED
        assert figures.read(634)["link_down"] is None
        assert figures.series["link_down"].at(31) == 30.0
        stop()


def test_channels_come_from_the_settings_and_show_no_password() -> None:
    settings = Settings.model_validate(
        {
            "alex_os": {"enabled": False},
            "alerts": {
                "channels": [
                    {"name": "hook", "kind": "webhook", "url": "https://user:pass@example.org/a?token=secret"},
                    {"name": "mail", "kind": "email", "host": "h", "sender": "a@b", "to": ["c@d"]},
                    {"name": "more", "kind": "apprise", "enabled": False},
                ]
            },
        }
    )
    plans = {plan.name: plan for plan in channel_plans(settings, cast(Journal, SimpleNamespace()), lambda _: None)}
    assert list(plans) == ["panel", "alexos", "hook", "mail", "more"]
    assert plans["hook"].target == "https://example.org/a"
    assert not plans["alexos"].enabled
    assert plans["alexos"].way is not None
    assert plans["alexos"].way.refusal
    assert not plans["more"].enabled
