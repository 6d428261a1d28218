from __future__ import annotations

import logging
from typing import Any

import pytest

from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import AgentSpawned, Event, WorkflowStarted
from chainbot_desktop.core.events.envelope import Recorded


def recorded(seq: int, event: Event) -> Recorded[Event]:
    return Recorded(seq, event, "0" * 64, "1" * 64)


STARTED = WorkflowStarted.model_validate({"data": {"workflow_id": "w"}})
SPAWNED = AgentSpawned.model_validate({"data": {"agent_id": "a"}})


def test_a_subscriber_hears_its_classes_in_order() -> None:
    bus = EventBus()
    workflows: list[int] = []
    everything: list[int] = []
    bus.subscribe(lambda r: workflows.append(r.seq), WorkflowStarted)
    bus.subscribe(lambda r: everything.append(r.seq))
    bus.publish([recorded(1, STARTED), recorded(2, SPAWNED), recorded(3, STARTED)])
    assert workflows == [1, 3]
    assert everything == [1, 2, 3]


def test_a_failing_subscriber_is_reported_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus()
    heard: list[int] = []

    def fail(_: Recorded[Any]) -> None:
        raise RuntimeError("broken")

    bus.subscribe(fail)
    bus.subscribe(lambda r: heard.append(r.seq))
    with caplog.at_level(logging.ERROR):
        bus.publish([recorded(1, STARTED)])
    assert heard == [1]
    assert "broken" in caplog.text


def test_a_cancelled_subscription_is_silent_at_once() -> None:
    bus = EventBus()
    heard: list[int] = []
    subscription = bus.subscribe(lambda r: heard.append(r.seq))
    bus.publish([recorded(1, STARTED)])
    subscription.cancel()
    subscription.cancel()
    bus.publish([recorded(2, STARTED)])
    assert heard == [1]
