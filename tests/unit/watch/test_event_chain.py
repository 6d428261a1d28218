"""The chain leads to what really caused an event, and is bounded whatever strangers write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chainbot_desktop.core.event_links import references
from chainbot_desktop.core.events import (
    AgentSpawned,
    ApprovalDecided,
    ApprovalRequested,
    DeliveryGivenUp,
    Event,
    ExternalEventReceived,
    Recorded,
    RunAccepted,
    RunFinished,
    ToolCallJudged,
    WorkflowCompleted,
    WorkflowStarted,
)
from chainbot_desktop.core.events.agents import AgentFact
from chainbot_desktop.core.events.alexos import AbandonedDelivery
from chainbot_desktop.core.events.runs import ApprovalAnswer, ApprovalFact, RunAcceptance, RunOutcome, ToolVerdict
from chainbot_desktop.core.events.webhooks import ExternalFact, WorkflowFact
from chainbot_desktop.core.ids import new_id
from chainbot_desktop.store.received_webhooks import ReceivedWebhooks
from chainbot_desktop.watch.event_chain import MOST_EFFECTS, Chain, EventChains
from tests.helpers.stores import Store, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


def types(chain: Chain) -> tuple[list[str], list[str]]:
    causes = [link.recorded.event.type for link in chain.causes if link.recorded is not None]
    return causes, [link.recorded.event.type for link in chain.effects if link.recorded is not None]


def accepted(run: str, agent: str, parent: str = "") -> RunAccepted:
    return RunAccepted(data=RunAcceptance(run_id=run, agent_id=agent, agent_name=agent, parent_run_id=parent), subject=agent)


def tool(run: str, agent: str) -> ToolCallJudged:
    return ToolCallJudged(data=ToolVerdict(run_id=run, agent_id=agent, tool="read", verdict="allowed"))


def requested(approval: str, run: str, agent: str) -> ApprovalRequested:
    fact = ApprovalFact(
        approval_id=approval, run_id=run, agent_id=agent, agent_name=agent, tool="t", title="t", detail_sha256="0" * 64
    )
    return ApprovalRequested(data=fact)


async def test_a_run_under_a_run_with_an_approval(store: Store) -> None:
    above, below, approval = new_id(), new_id(), new_id()
    events: list[Event] = [
        AgentSpawned(data=AgentFact(agent_id="lead"), subject="lead"),
        AgentSpawned(data=AgentFact(agent_id="hand"), subject="hand"),
        accepted(above, "lead"),
        accepted(below, "hand", above),
        tool(below, "hand"),
        requested(approval, below, "hand"),
        ApprovalDecided(data=ApprovalAnswer(approval_id=approval, run_id=below, agent_id="hand", decision="approve")),
        RunFinished(data=RunOutcome(run_id=below, agent_id="hand", agent_name="hand", state="succeeded", parent_run_id=above)),
        RunFinished(data=RunOutcome(run_id=above, agent_id="lead", agent_name="lead", state="succeeded")),
    ]
    recorded: list[Recorded[Event]] = [await store.journal.append(event) for event in events]
    chains = EventChains(store.journal)
    decided = await chains.of(recorded[6])
    assert types(decided) == (["agent_spawned", "run_accepted", "run_accepted", "approval_requested"], [])
    assert [link.why for link in decided.causes] == ["agent", "run above", "run", "approval"]
    begun = await chains.of(recorded[3])
    assert types(begun)[1] == ["tool_call_judged", "approval_requested", "run_finished"]
    assert types(await chains.of(recorded[2]))[1] == ["run_accepted", "run_finished"]
    assert types(await chains.of(recorded[0])) == ([], ["run_accepted"])
    assert not begun.more_effects


async def test_names_that_are_used_again_belong_to_the_nearest_beginning(store: Store) -> None:
    for _ in range(3):
        start = await store.journal.append(WorkflowStarted(data=WorkflowFact(workflow_id="nightly-1")))
        await store.journal.append(WorkflowStarted(data=WorkflowFact(workflow_id="nightly-12")))
        end = await store.journal.append(WorkflowCompleted(data=WorkflowFact(workflow_id="nightly-1")))
    (cause,) = (await EventChains(store.journal).of(end)).causes
    assert cause.recorded is not None
    assert cause.recorded.seq == start.seq
    (effect,) = (await EventChains(store.journal).of(start)).effects
    assert effect.recorded is not None
    assert effect.recorded.seq == end.seq


async def test_what_names_an_event_is_its_effect(store: Store) -> None:
    first = await store.journal.append(WorkflowStarted(data=WorkflowFact(workflow_id="w")))
    fact = AbandonedDelivery(seq=1, event_id=first.event.id, event_type="workflow_started", attempts=3, reason="422")
    gone = await store.journal.append(DeliveryGivenUp(data=fact))
    chains = EventChains(store.journal)
    assert types(await chains.of(first))[1] == ["delivery_given_up"]
    assert types(await chains.of(gone))[0] == ["workflow_started"]


async def test_the_webhook_that_made_it_stands_at_the_root(store: Store) -> None:
    received = ReceivedWebhooks(store.database, store.journal)
    start = await received.append(
        WorkflowStarted(data=WorkflowFact(workflow_id="w")), None, "workflow/started", "system:webhook@x", "", 2, b"{}", ""
    )
    end = await store.journal.append(WorkflowCompleted(data=WorkflowFact(workflow_id="w")))
    chain = await EventChains(store.journal, received.of_event).of(end)
    assert chain.causes[0].received is not None
    assert chain.causes[0].received.path == "workflow/started"
    assert chain.causes[1].recorded is not None
    assert chain.causes[1].recorded.seq == start.seq


async def test_a_thing_with_ten_thousand_effects_is_cut(store: Store) -> None:
    run = new_id()
    first = await store.journal.append(accepted(run, "a"))
    for _ in range(300):
        await store.journal.append(tool(run, "a"))
    chain = await EventChains(store.journal).of(first)
    assert len(chain.effects) == MOST_EFFECTS
    assert chain.more_effects


async def test_a_long_line_of_runs_is_cut(store: Store) -> None:
    runs = [new_id() for _ in range(15)]
    for number, run in enumerate(runs):
        last = await store.journal.append(accepted(run, "a", runs[number - 1] if number else ""))
    chain = await EventChains(store.journal).of(last)
    assert len(chain.causes) == 8
    assert chain.more_causes


def nested(depth: int) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = {"x": value}
    return value


@pytest.mark.parametrize(
    "facts",
    [
        {"x": nested(60)},
        {"many": [new_id() for _ in range(5000)]},
        {"workflow_id": '"*) OR (*', "run_id": "' OR 1=1", "agent_id": "***"},
        {"workflow_id": "\u202e\u0000x", "agent_id": "e\u0301" * 90},
        {"agent_id": "a" * 5000},
        {"event_id": "00000000-0000-0000-0000-000000000000"},
    ],
)
async def test_whatever_strangers_write(store: Store, facts: dict[str, Any]) -> None:
    data = ExternalFact.model_validate({"event_type": "odd", **facts})
    for _ in range(2):
        recorded = await store.journal.append(ExternalEventReceived(data=data))
    assert len(references(recorded.event)) <= 500
    chain = await EventChains(store.journal).of(recorded)
    assert len(chain.causes) <= 8
