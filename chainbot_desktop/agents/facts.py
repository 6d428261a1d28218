"""What one event says of one agent or entanglement, as a record. Pure; which event counts when is `fold.py`'s business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainbot_desktop.agents.records import Agent, Entanglement, Origin
from chainbot_desktop.agents.vocabulary import AgentState, end_of_word, state_of_word
from chainbot_desktop.core.events import (
    AgentReconfigured,
    AgentSpawned,
    AgentStateChanged,
    AgentTerminated,
    EntanglementCreated,
    GuestAppeared,
    GuestChanged,
    ModuleHealthReported,
    ModuleStatusReported,
    Recorded,
    Severity,
)
from chainbot_desktop.core.events.agents import AgentFact, EntanglementFact
from chainbot_desktop.core.events.webhooks import ModuleReport

_ACTIVITY_KEYS = ("activity", "current_task", "task", "doing", "message", "description")
_ATTENTION_KEYS = ("attention_reason", "question", "prompt")
MAX_ACTIVITY = 500

RUNTIME_SOURCE = "agents"
"""The `source` of events about agents that run here. A webhook cannot claim it."""


def agent_of_fact(recorded: Recorded[AgentSpawned], living: Agent | None) -> Agent:
    """The agent that was spawned; what the event leaves out is as it was of the one that lives under this id."""
    event, fact = recorded.event, recorded.event.data
    metadata = {**(living.metadata if living is not None else {}), **_extras(fact)}
    status = fact.status or (living.status if living is not None else "spawned")
    state = AgentState.NEEDS_INPUT if event.requires_attention else state_of_word(status)
    said = _extras(fact)
    return Agent(
        id=fact.agent_id,
        name=fact.agent_name or (living.name if living is not None else fact.agent_id),
        kind=fact.agent_type or (living.kind if living is not None else ""),
        origin=Origin.OWN,
        state=state,
        status=status,
        activity=activity_of(said) or (living.activity if living is not None else ""),
        attention=_attention_of(said) if state is AgentState.NEEDS_INPUT else "",
        user=fact.user_id or (living.user if living is not None else ""),
        created_at=living.created_at if living is not None else event.time,
        last_active=event.time,
        born_seq=living.born_seq if living is not None else recorded.seq,
        last_seq=recorded.seq,
        capabilities=_capabilities_of(metadata),
        metadata=metadata,
        runs_here=event.source == RUNTIME_SOURCE,
    )


def ended_by(recorded: Recorded[AgentTerminated], before: Agent | None) -> Agent:
    """The agent as its end leaves it. Without a word about how, it is done; an error makes it failed."""
    event, fact = recorded.event, recorded.event.data
    known = before or Agent(id=fact.agent_id, name=fact.agent_id, created_at=event.time, born_seq=recorded.seq)
    wrong = event.severity in (Severity.ERROR, Severity.CRITICAL)
    metadata = {**known.metadata, **_extras(fact)}
    return replace(
        known,
        name=fact.agent_name or known.name,
        kind=fact.agent_type or known.kind,
        state=AgentState.FAILED if wrong else end_of_word(fact.status or ""),
        status=fact.status or "terminated",
        activity="",
        attention="",
        reason=fact.reason or "",
        user=fact.user_id or known.user,
        last_active=event.time,
        ended_at=event.time,
        last_seq=recorded.seq,
        capabilities=_capabilities_of(metadata),
        metadata=metadata,
    )


def in_state(recorded: Recorded[AgentStateChanged], agent: Agent) -> Agent:
    """An agent that runs here after it went into another state."""
    event, fact = recorded.event, recorded.event.data
    return replace(
        agent,
        name=fact.agent_name,
        state=AgentState.NEEDS_INPUT if event.requires_attention else state_of_word(fact.state),
        status=fact.state,
        activity=fact.activity or fact.waiting_for,
        attention=fact.waiting_for if event.requires_attention else "",
        reason=fact.reason,
        last_active=event.time,
        ended_at="",
        last_seq=recorded.seq,
    )


def reconfigured(recorded: Recorded[AgentReconfigured], agent: Agent) -> Agent:
    """The same identity with another kind, model, persona or name."""
    fact = recorded.event.data
    said = {"model": fact.model, "persona": fact.persona}
    kept = {key: value for key, value in agent.metadata.items() if key not in {"model", "provider", "persona"}}
    return replace(
        agent,
        name=fact.agent_name,
        kind=fact.agent_type,
        last_active=recorded.event.time,
        last_seq=recorded.seq,
        metadata={**kept, **{key: value for key, value in said.items() if value}},
    )


def agent_of_guest(recorded: Recorded[GuestAppeared] | Recorded[GuestChanged], before: Agent | None) -> Agent:
    event, row = recorded.event, recorded.event.data
    state = AgentState.NEEDS_INPUT if event.requires_attention else state_of_word(row.status)
    return Agent(
        id=row.agent_id,
        name=row.name or row.agent_id,
        kind=row.agent_type,
        origin=Origin.GUEST,
        state=state,
        status=row.status,
        activity=_clip(row.description),
        attention=_attention_of(row.details) if state is AgentState.NEEDS_INPUT else "",
        created_at=before.created_at if before is not None else event.time,
        last_active=event.time,
        born_seq=before.born_seq if before is not None else recorded.seq,
        last_seq=recorded.seq,
        capabilities=_capabilities_of(row.details),
        metadata=row.details,
    )


def reported(recorded: Recorded[ModuleHealthReported] | Recorded[ModuleStatusReported], agent: Agent) -> Agent:
    """The agent after its own report. A healthy module is as busy as its workflow state says."""
    report = recorded.event.data
    said = _extras(report)
    needs_human = report.requires_attention or recorded.event.requires_attention
    status = report.status_id or _text(said, "status") or agent.status
    state = state_of_word(status)
    workflow_state = _text(said, "workflow_state")
    if state is AgentState.IDLE and workflow_state:
        state = state_of_word(workflow_state)
    if needs_human:
        state = AgentState.NEEDS_INPUT
    return replace(
        agent,
        state=state,
        status=status,
        activity=activity_of(said) or agent.activity,
        attention=(report.attention_reason or "") if needs_human else "",
        last_active=recorded.event.time,
        last_seq=recorded.seq,
        metadata={**agent.metadata, "last_report": report.model_dump(mode="json", exclude_unset=True)},
    )


def entanglement_of_fact(recorded: Recorded[EntanglementCreated], before: Entanglement | None) -> Entanglement:
    event, fact = recorded.event, recorded.event.data
    known = before or Entanglement(id=fact.entanglement_id, created_at=event.time)
    return replace(
        known,
        name=fact.name or known.name,
        agents=tuple(dict.fromkeys(fact.agents)) or known.agents,
        user=fact.user_id or known.user,
        last_seq=recorded.seq,
        metadata={**known.metadata, **_extras(fact)},
        made_here=event.source == RUNTIME_SOURCE,
    )


def activity_of(said: Mapping[str, Any]) -> str:
    """What the agent says it is doing, on one line."""
    return next((_clip(said[key]) for key in _ACTIVITY_KEYS if isinstance(said.get(key), str) and said[key].strip()), "")


def _attention_of(said: Mapping[str, Any]) -> str:
    return next((_clip(said[key]) for key in _ATTENTION_KEYS if isinstance(said.get(key), str)), "")


def _clip(text: str) -> str:
    line = " ".join(text[: 4 * MAX_ACTIVITY].split())
    return line if len(line) <= MAX_ACTIVITY else line[: MAX_ACTIVITY - 1] + "…"


def _extras(fact: AgentFact | EntanglementFact | ModuleReport) -> dict[str, Any]:
    """What the sender said beyond the fields that have a place of their own. Its clock is shown, never reckoned with."""
    said = dict(fact.model_extra or {})
    if fact.timestamp is not None:
        said["timestamp"] = fact.timestamp
    return said


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""


def _capabilities_of(said: Mapping[str, Any]) -> tuple[str, ...]:
    value = said.get("capabilities")
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, (list, tuple)) else ()
