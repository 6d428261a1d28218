from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chainbot_desktop.core.events import (
    AttentionRequired,
    Event,
    GuestLeft,
    HealthChanged,
    Severity,
    UnknownEvent,
    WorkflowFailed,
)
from chainbot_desktop.core.events.agents import GuestGone
from chainbot_desktop.core.events.panel import Attention, HealthChange
from chainbot_desktop.core.events.webhooks import WorkflowFact
from chainbot_desktop.core.ids import format_time
from chainbot_desktop.ui.watchtower.event_texts import clock_time, describe, exact_time, mark_of, relative_time
from tests.ui.watchtower.conftest import door


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (
            WorkflowFailed(
                data=WorkflowFact(workflow_id="w", workflow_name="backup", steps_completed=3, total_steps=5, error="disk\nfull")
            ),
            "backup · 3 of 5 steps · disk full",
        ),
        (WorkflowFailed(data=WorkflowFact(workflow_id="w")), "w"),
        (HealthChanged(data=HealthChange(before="healthy", after="degraded", reasons=("Hot.",))), "healthy → degraded · Hot."),
        (GuestLeft(data=GuestGone(agent_id="g", name="Vision")), "Vision"),
        (AttentionRequired(data=Attention(reason="Approve.", hint="Soon.")), "Approve. · Soon."),
        (door(7, room="hall"), "door_opened · number 7 · room hall"),
        (UnknownEvent(type="from_the_future", data={"message": "hello", "list": [1, 2], "n": 1.5}), "hello · n 1.5 · list (2)"),
        (UnknownEvent(type="bare", data="just text"), "just text"),
        (UnknownEvent(type="bare", data={}), ""),
    ],
)
def test_what_an_event_says(event: Event, says: str) -> None:
    assert describe(event) == says


def test_a_very_long_text_is_cut() -> None:
    assert len(describe(door(1, note="x" * 100_000))) <= 400


def test_shapes_follow_severity_and_attention() -> None:
    assert mark_of(door(1)) == "info"
    assert mark_of(door(1, attention=True)) == "attention"
    assert mark_of(door(1, severity=Severity.ERROR, attention=True)) == "error"
    assert mark_of(door(1, severity=Severity.CRITICAL)) == "critical"


def test_times() -> None:
    text = "2026-11-23T18:53:26.997123Z"
    assert clock_time(text, UTC) == "18:53:26.997"
    assert exact_time(text, UTC) == "2026-11-23 18:53:26.997 +0000"
    assert clock_time("yesterday") == "yesterday"


@pytest.mark.parametrize(
    ("ago", "says"),
    [(0.2, "now"), (5, "5 s ago"), (61, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago"), (-30, "in 30 s")],
)
def test_relative_times(ago: float, says: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert relative_time(format_time(now - timedelta(seconds=ago)), now) == says
