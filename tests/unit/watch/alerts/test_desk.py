"""Alerts from the first sight of a trouble to its end, and what people do about them meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import AgentStateChanged
from chainbot_desktop.core.events.agents import StateFact
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.watch.alerts.records import AlertRule
from tests.helpers.alert_desks import ME, Alarm, Hands, open_alarm
from tests.helpers.alexos import until

HOT = AlertRule(name="busy", title="Busy", kind="threshold", metric="cpu", value=90, clear=80, seconds=5, summary="{value}")
FAILED = AlertRule(
    name="agent-failed",
    title="An agent failed",
    kind="event",
    event="agent_state_changed",
    condition='event.data.state == "failed"',
    until='event.data.state != "failed"',
    group_by=("event.data.agent_name",),
    summary="{event.data.agent_name}: {event.data.reason}",
    resolve_after=0,
)


def agent(name: str, state: str, reason: str = "") -> Recorded[Event]:
    fact = StateFact(agent_id=name, agent_name=name, state=state, before="running", reason=reason)
    return Recorded(1, AgentStateChanged(subject=name, data=fact), "", "")


def states(alarm: Alarm) -> list[str]:
    return [alert.state for alert in alarm.desk.active]


async def test_a_threshold_is_pending_then_fires_then_is_over(tmp_path: Path) -> None:
    async with open_alarm(tmp_path, HOT) as alarm:
        alarm.sample(3, cpu=95.0)
        [pending] = alarm.desk.active
        assert (pending.state, pending.fired_at) == ("pending", "")
        alarm.sample(3, cpu=96.0)
        [firing] = alarm.desk.active
        assert (firing.id, firing.state, firing.summary) == (pending.id, "firing", "96 %")
        alarm.sample(10, cpu=85.0)
        assert alarm.desk.active[0].state == "firing"  # between the two bounds it stays
        alarm.sample(cpu=79.0)
        assert alarm.desk.active == ()
        await until(lambda: alarm.store.journal.head_seq >= 2)
        assert [event.type for event in await alarm.events()] == ["alert_fired", "alert_resolved"]
        [kept] = await alarm.desk.history()
        assert (kept.id, kept.state) == (firing.id, "resolved")


async def test_agents_that_fail_have_an_alert_each_and_it_ends_with_the_failure(tmp_path: Path) -> None:
    async with open_alarm(tmp_path, FAILED) as alarm:
        alarm.desk.feed_event(agent("Ada", "failed", "no key"))
        alarm.desk.feed_event(agent("Bob", "failed", "no net"))
        alarm.desk.feed_event(agent("Ada", "failed", "no key"))
        alarm.tick(1)
        assert sorted((a.summary, a.labels["agent_name"], a.times) for a in alarm.desk.active) == [
            ("Ada: no key", "Ada", 2),
            ("Bob: no net", "Bob", 1),
        ]
        alarm.desk.feed_event(agent("Ada", "running"))
        assert [a.labels["agent_name"] for a in alarm.desk.active] == ["Bob"]
        bob = alarm.desk.active[0]
        assert (bob.cause.window, bob.cause.content["page"]) == ("watchtower", "events")


async def test_what_people_do_is_journaled_before_it_is_said_to_be_done(tmp_path: Path) -> None:
    async with open_alarm(tmp_path, HOT) as alarm:
        alarm.sample(7, cpu=95.0)
        alert = alarm.desk.active[0]
        acknowledged = await alarm.desk.acknowledge(alert.id, actor=ME)
        assert (acknowledged.state, acknowledged.acknowledged_by) == ("acknowledged", ME)
        assert (await alarm.events("alert_acknowledged"))[0].actor == ME
        assert (await alarm.desk.unacknowledge(alert.id, actor=ME)).state == "firing"
        snoozed = await alarm.desk.snooze(alert.id, 60, actor=ME)
        assert snoozed.state == "snoozed"
        alarm.sample(59, cpu=95.0)
        assert states(alarm) == ["snoozed"]
        alarm.sample(2, cpu=95.0)
        assert states(alarm) == ["firing"]
        resolved = await alarm.desk.resolve(alert.id, actor=ME)
        assert resolved.state == "resolved"
        alarm.sample(20, cpu=95.0)
        assert states(alarm) == []  # it was so all the time: a person knows
        alarm.sample(1, cpu=10.0)
        alarm.sample(7, cpu=95.0)
        assert states(alarm) == ["firing"]
        with pytest.raises(Conflict):
            await alarm.desk.acknowledge(alert.id, actor=ME)
        with pytest.raises(NotFound):
            await alarm.desk.acknowledge("nothing", actor=ME)
        with pytest.raises(InvalidInput):
            await alarm.desk.snooze(alarm.desk.active[0].id, -1, actor=ME)


async def test_a_restart_keeps_what_people_said_and_ends_what_is_not_true_any_more(tmp_path: Path) -> None:
    memory = HOT.model_copy(update={"name": "memory", "metric": "memory"})
    disk = HOT.model_copy(update={"name": "disk", "metric": "disk"})
    hands = Hands()
    async with open_alarm(tmp_path, HOT, memory, disk, hands=hands) as alarm:
        alarm.sample(7, cpu=95.0, memory=95.0, disk=95.0)
        ids = {alert.rule: alert.id for alert in alarm.desk.active}
        await alarm.desk.acknowledge(ids["busy"], actor=ME)
        await alarm.desk.snooze(ids["memory"], 100, actor=ME)
    hands.step(30)
    async with open_alarm(tmp_path, hands=hands) as alarm:
        assert {a.rule: (a.id, a.state) for a in alarm.desk.active} == {
            "busy": (ids["busy"], "acknowledged"),
            "memory": (ids["memory"], "snoozed"),
            "disk": (ids["disk"], "firing"),
        }
        alarm.sample(1, cpu=95.0, memory=95.0, disk=10.0)
        assert sorted((a.rule, a.state) for a in alarm.desk.active) == [("busy", "acknowledged"), ("memory", "snoozed")]
        alarm.sample(72, cpu=95.0, memory=95.0, disk=10.0)
        assert sorted((a.rule, a.state) for a in alarm.desk.active) == [("busy", "acknowledged"), ("memory", "firing")]


async def test_an_alert_whose_rule_is_gone_is_over_after_a_restart(tmp_path: Path) -> None:
    async with open_alarm(tmp_path, HOT) as alarm:
        alarm.sample(7, cpu=95.0)
        [alert] = alarm.desk.active
    (tmp_path / "alert-rules.yaml").unlink()
    async with open_alarm(tmp_path) as alarm:
        assert alarm.desk.active == ()
        await until(lambda: alarm.store.journal.head_seq >= 2)
        assert (await alarm.desk.alert(alert.id)).state == "resolved"
