from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events import (
    AgentSpawned,
    AttentionRequired,
    Event,
    Recorded,
    Severity,
    UnknownEvent,
    WorkflowFailed,
)
from chainbot_desktop.core.events.agents import AgentFact
from chainbot_desktop.core.events.panel import Attention
from chainbot_desktop.core.events.webhooks import WorkflowFact
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.ui.watchtower.event_filter import EventFilter, completed, parse_filter, suggestions
from tests.helpers.stores import open_store
from tests.ui.watchtower.conftest import door

EVENTS: list[Event] = [
    WorkflowFailed(
        source="webhook",
        subject="w-1",
        severity=Severity.ERROR,
        data=WorkflowFact(workflow_id="w-1", workflow_name="nightly backup", error="disk full"),
    ),
    AgentSpawned(source="webhook", subject="a-1", data=AgentFact(agent_id="a-1", agent_name="coder", agent_type="command")),
    AttentionRequired(source="agents", subject="a 2", severity=Severity.WARNING, data=Attention(reason="Approve the backup.")),
    door(1, subject="back door", severity=Severity.CRITICAL, url="http://10.0.0.1:8000/x"),
    door(2, note="Überraschung, backups everywhere"),
]

FILTERS = [
    "",
    "backup",
    "nightly backup",
    "back",
    "back door",
    "door_op",
    "full nightly",
    "BACKUP",
    "type:workflow_failed",
    "type:agent*",
    "type:agent_spawned type:workflow_failed",
    "severity>=warning",
    "severity:error",
    "severity>error",
    "severity<warning",
    "source:agents",
    "subject:a-1",
    'subject:"a 2"',
    "is:attention",
    "severity>=warning backup",
    '"http://10.0.0.1:8000/x"',
    "http://10.0.0.1:8000/x",
    "approve source:agents",
    "nothingofthekind",
    "actor:system:chainbot",
    "actor:user:",
    "actor:system:",
    "actor:user:admin severity>=error",
    "after:1h",
    "before:1h",
    "after:2000-01-01 before:2999-01-01",
    "is:replay",
]


@pytest.mark.parametrize("text", FILTERS)
async def test_live_events_are_judged_as_the_journal_judges(tmp_path: Path, text: str) -> None:
    async with open_store(tmp_path) as store:
        recorded = [await store.journal.append(event) for event in EVENTS]
        chosen = parse_filter(text)
        found = await store.journal.read(chosen.query(since=None, limit=100))
        passes = chosen.tester()
        assert [item.seq for item in found] == [item.seq for item in reversed(recorded) if passes(item)]


async def test_the_filters_above_tell_events_apart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for event in EVENTS:
            await store.journal.append(event)
        counts = {text: len(await store.journal.read(parse_filter(text).query(since=None, limit=9))) for text in FILTERS}
    assert counts["backup"] == 3
    assert counts["nightly backup"] == 1
    assert counts["severity>=warning"] == 3
    assert counts["is:attention"] == 1
    assert counts["http://10.0.0.1:8000/x"] == 1
    assert counts["nothingofthekind"] == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour:red", "“colour:” is not a term"),
        ("severity>=loud", "“loud” is no severity"),
        ("severity>critical", "No severity is above critical"),
        ("severity:", "severity wants a value"),
        ("type:", "wants a value"),
        ("type:nothing*", "No type of event"),
        ("is:red", "is:red"),
        ("type>=agent", "“type>=” is not a term"),
        ("after:yesterday", "is no time"),
        ("after:25:00", "is no time"),
        ("before:999999d", "is no time"),
        ("after:2030-01-01 before:2020-01-01", "no event lies between"),
        ("actor:", "wants a value"),
    ],
)
def test_a_bad_filter_says_why(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_filter(text)
    assert says in caught.value.message


def test_an_empty_filter_is_empty() -> None:
    assert parse_filter("   ") == EventFilter()
    assert EventFilter().empty


NOW = datetime(2026, 11, 30, 12, 0, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("text", "after", "before"),
    [
        ("after:09:00", "2026-11-30T07:00:00.000000Z", None),
        ("after:09:00:30", "2026-11-30T07:00:30.000000Z", None),
        ("after:2h", "2026-11-30T08:00:00.000000Z", None),
        ("before:7d", None, "2026-11-23T10:00:00.000000Z"),
        (
            "after:2026-11-30T01:00:00Z before:2026-11-30T02:00:00+01:00",
            "2026-11-30T01:00:00.000000Z",
            "2026-11-30T01:00:00.000000Z",
        ),
    ],
)
def test_times(text: str, after: str | None, before: str | None) -> None:
    found = parse_filter(text, NOW)
    assert (found.after, found.before) == (after, before)


def test_a_day_alone_is_the_whole_day() -> None:
    found = parse_filter("after:2026-11-30 before:2026-11-30")
    assert found.after is not None
    assert found.before is not None
    assert (parse_time(found.before) - parse_time(found.after)).total_seconds() == pytest.approx(86_400, abs=1)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("ty", "type:"),
        ("type:agent_sp", "type:agent_spawned"),
        ("type:failed", "type:workflow_failed"),
        ("x severity>=w", "severity>=warning"),
        ("is:", "is:attention"),
        ("actor:u", "actor:user:admin"),
        ("spawn", "type:agent_spawned"),
    ],
)
def test_suggestions(text: str, first: str) -> None:
    found = suggestions(text, len(text))
    assert found[0] == first
    whole = completed(text, len(text), first)
    assert whole.strip().endswith(first)
    assert whole.startswith(text[: text.rfind(" ") + 1])


@pytest.mark.parametrize("text", ["", " ", '"ty', "zzz", "type:agent_spawned", "colour:"])
def test_nothing_to_suggest(text: str) -> None:
    assert suggestions(text, len(text)) == []


@given(text=st.text(max_size=60), cursor=st.integers(0, 60))
def test_whatever_is_typed(text: str, cursor: int) -> None:
    for term in suggestions(text, cursor):
        assert term in completed(text, cursor, term)
    try:
        parse_filter(text).tester()
    except InvalidInput as error:
        assert error.message


def test_who_did_it_is_a_whole_actor_or_a_kind_of_them() -> None:
    assert parse_filter("actor:user:admin").query(since=None, limit=1).actor == "user:admin"
    kind = parse_filter("actor:agent:")
    assert kind.query(since=None, limit=1).actor == "agent:"
    for actor, passes in (("agent:a-1", True), ("user:agent:", False)):
        recorded = Recorded(1, UnknownEvent(type="t", actor=actor, data=None), "", "")
        assert kind.tester()(recorded) is passes
