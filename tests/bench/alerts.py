"""Alerts in a storm: 1,000 rules of all kinds, 2,000 events and 200 log lines a second, a sample a second.

The control is the same stream without the engine: the events on a bus with a subscriber that counts them, the lines looked through for
one word. What is measured is the time of the processor, not of the clock: others may be at work on the machine.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import AgentStateChanged, ExternalEventReceived, Recorded, RunFinished
from chainbot_desktop.core.events.agents import StateFact
from chainbot_desktop.core.events.runs import RunOutcome
from chainbot_desktop.core.events.webhooks import ExternalFact
from chainbot_desktop.watch.alerts.engine import Engine
from chainbot_desktop.watch.alerts.records import AlertRule
from chainbot_desktop.watch.alerts.tracks import Signal
from chainbot_desktop.watch.logs.document import LogRow
from tests.bench.measure import Result, middle

RULES = 1_000
EVENTS_PER_SECOND = 2_000
LINES_PER_SECOND = 200
SECONDS = 5
ROUNDS = 3
_FIGURES = {f"figure{number}": "%" for number in range(60)}
_STATES = ("idle", "running", "waiting", "failed")


def run() -> list[Result]:
    events, lines = _events(), _lines()
    engine_shares, control_shares, fired = [], [], 0
    for _ in range(ROUNDS):
        share, count = _with_engine(events, lines)
        engine_shares.append(share)
        fired += count
        control_shares.append(_without(events, lines))
    assert fired > 0, "rules fired: the engine did look"
    engine, control = middle(engine_shares) * 100, middle(control_shares) * 100
    note = f"{RULES} rules, {EVENTS_PER_SECOND} events and {LINES_PER_SECOND} lines a second; the stream alone takes {control:.2f} %"
    return [
        Result("alerts: of a core, against half a core", engine, "%", 50.0, "<=1", note),
    ]


def rules() -> list[AlertRule]:
    """A tenth of the rules about events hear of what comes every time; most rules of a house are about what is rare."""
    return [
        AlertRule(name=f"rule-{number}", title="R", severity="info", **_KINDS[number % len(_KINDS)](number))
        for number in range(RULES)
    ]


_KINDS: Sequence[Callable[[int], dict[str, Any]]] = (
    lambda n: {"kind": "threshold", "metric": f"figure{n % 60}", "value": 90 + n % 9, "clear": 80, "for": 5},
    lambda n: {"kind": "threshold", "metric": f"figure{n % 60}", "value": 50, "condition": f"figure{(n + 1) % 60} > 99.5"},
    lambda n: {"kind": "condition", "condition": f"figure{n % 60} > 95.0 && figure{(n + 7) % 60} > 95.0"},
    lambda n: {
        "kind": "event",
        "event": "run_finished",
        "condition": f'event.data.state == "failed" && event.data.depth == {n}',
    },
    lambda n: (
        {"kind": "event", "event": "agent_*", "condition": f'event.data.agent_id == "agent-{n}"'} if n % 100 == 4 else _rare(n)
    ),
    lambda n: {"kind": "rate", "event": "external_event_received", "value": 50, "within": 60} if n % 100 == 5 else _rare(n),
    lambda n: {"kind": "absence", "event": f"alexos_event_received, workflow_{n}", "within": 600},
    lambda n: {"kind": "rate", "metric": f"figure{n % 60}", "value": 99, "within": 300},
    lambda n: {"kind": "log", "log": rf"disk sd{n} failed with (?P<code>\d+)", "group_by": ("match.code",)},
    lambda n: {"kind": "rate", "log": rf"^task {n} .* failed", "value": 3, "within": 60},
)


def _rare(number: int) -> dict[str, Any]:
    return {"kind": "event", "event": f"delivery_given_up, workflow_failed_{number}", "group_by": ("event.data.event_type",)}


def _events() -> list[Recorded[Any]]:
    made: list[Recorded[Any]] = []
    for number in range(EVENTS_PER_SECOND * SECONDS):
        agent = f"agent-{number % 500}"
        if number % 20 == 0:
            outcome = RunOutcome(run_id="r", agent_id=agent, agent_name=agent, state="succeeded", reason="", seconds=3.5)
            event: Any = RunFinished(subject=agent, data=outcome)
        elif number % 4 == 0:
            fact = StateFact(agent_id=agent, agent_name=agent, state="running", before="idle", activity="reads")
            event = AgentStateChanged(subject=agent, data=fact)
        else:
            event = ExternalEventReceived(subject="step", data=ExternalFact(event_type="step"))
        made.append(Recorded(number + 1, event, "", ""))
    return made


def _lines() -> list[LogRow]:
    text = "the request from 10.0.0.{n} for /api/agents/agent-{n} was answered with 200 within {n} ms, as so often"
    return [
        LogRow(n, 1e9 + n, 20, "program", "api", text.format(n=n % 250) if n % 50 else f"disk sd{n % 1000} failed with {n % 9}")
        for n in range(LINES_PER_SECOND * SECONDS)
    ]


def _with_engine(events: Sequence[Recorded[Any]], lines: Sequence[LogRow]) -> tuple[float, int]:
    signals: list[Signal] = []
    engine = Engine(signals.append, _FIGURES)
    assert engine.set_rules(rules()) == {}
    bus = EventBus()
    now = 0.0

    def hear(recorded: Recorded[Any]) -> None:
        engine.feed_event(recorded, now)

    bus.subscribe(hear)
    began = time.process_time()
    for second in range(SECONDS):
        now += 1.0
        figures = {name: float((place * 7 + second * 13) % 100) for place, name in enumerate(_FIGURES)}
        bus.publish(events[second * EVENTS_PER_SECOND : (second + 1) * EVENTS_PER_SECOND])
        for first in range(second * LINES_PER_SECOND, (second + 1) * LINES_PER_SECOND, 10):
            engine.feed_logs(lines[first : first + 10], now, now)
        engine.feed_sample(figures, now, now)
        engine.tick(now)
    return (time.process_time() - began) / SECONDS, len(signals)


def _without(events: Sequence[Recorded[Any]], lines: Sequence[LogRow]) -> float:
    bus, counts = EventBus(), Counter[str]()

    def count(recorded: Recorded[Any]) -> None:
        counts[recorded.event.type] += 1

    bus.subscribe(count)
    began = time.process_time()
    bus.publish(events)
    found = sum("failed" in row.text for row in lines)
    spent = time.process_time() - began
    assert found
    assert sum(counts.values()) == len(events)
    return spent / SECONDS
