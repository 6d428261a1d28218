from __future__ import annotations

from pathlib import Path

import pytest

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
from chainbot_desktop.ui.watchtower.event_filter import EventFilter, parse_filter
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
    ],
)
def test_a_bad_filter_says_why(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_filter(text)
    assert says in caught.value.message


def test_an_empty_filter_is_empty() -> None:
    assert parse_filter("   ") == EventFilter()
    assert EventFilter().empty


def test_who_did_it_is_a_whole_actor_or_a_kind_of_them() -> None:
    assert parse_filter("actor:user:admin").query(since=None, limit=1).actor == "user:admin"
    kind = parse_filter("actor:agent:")
    assert kind.query(since=None, limit=1).actor == "agent:"
    for actor, passes in (("agent:a-1", True), ("user:agent:", False)):
        recorded = Recorded(1, UnknownEvent(type="t", actor=actor, data=None), "", "")
        assert kind.tester()(recorded) is passes
