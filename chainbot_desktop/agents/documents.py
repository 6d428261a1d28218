"""Agents and entanglements as the JSON documents of the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from chainbot_desktop.agents.kind import KindInfo
from chainbot_desktop.agents.moments import HistorySpan
from chainbot_desktop.agents.records import Agent, Entanglement
from chainbot_desktop.agents.runtime.live import LiveAgent


class Running(Protocol):
    """What a document says of agents that run here is asked of whoever runs them."""

    def live(self, agent_id: str) -> LiveAgent | None: ...

    def kinds(self) -> Sequence[KindInfo]: ...


def is_model_backed(agent: Agent, running: Running | None = None) -> bool:
    """What its kind says if it runs here, else what was said of it."""
    if running is not None and agent.runs_here:
        known = next((info for info in running.kinds() if info.name == agent.kind), None)
        if known is not None:
            return known.model_backed
    return agent.model_backed


def agent_document(agent: Agent, running: Running | None = None) -> dict[str, Any]:
    """`status` is of our vocabulary, `status_word` as it was said. A time that there is none of is null.

    `runtime` is null for what does not run here.
    """
    live = running.live(agent.id) if running is not None else None
    return {
        "id": agent.id,
        "name": agent.name,
        "type": agent.kind,
        "origin": agent.origin.value,
        "status": agent.state.value,
        "status_word": agent.status,
        "activity": agent.activity,
        "requires_attention": agent.state == "needs_input",
        "attention_reason": agent.attention,
        "reason": agent.reason,
        "user_id": agent.user,
        "capabilities": list(agent.capabilities),
        "created_at": agent.created_at or None,
        "last_active": agent.last_active or None,
        "ended_at": agent.ended_at or None,
        "provider": agent.metadata.get("provider"),
        "model": agent.metadata.get("model"),
        "metadata": dict(agent.metadata),
        "runtime": runtime_document(live) if live is not None else None,
    }


def runtime_document(live: LiveAgent) -> dict[str, Any]:
    """How an agent that runs here is now; `cost` is in US dollars, null where a price is not known."""
    return {
        "state": live.state,
        "since": live.since or None,
        "pid": live.pid,
        "task": live.task or None,
        "run_id": live.run_id or None,
        "queued": live.queued,
        "activity": live.activity,
        "waiting_for": live.waiting_for or None,
        "reason": live.reason,
        "heartbeat_at": live.heartbeat_at or None,
        "plan": [{"text": text, "status": status} for text, status in live.plan],
        "usage": {"input_tokens": live.input_tokens, "output_tokens": live.output_tokens, "cost": live.cost},
        "restarts": live.restarts,
    }


def connection_document(entanglement: Entanglement) -> dict[str, Any]:
    return {
        "id": entanglement.id,
        "name": entanglement.name,
        "type": entanglement.kind,
        "made_here": entanglement.made_here,
        "agents": list(entanglement.agents),
        "connections": [{"source": source, "target": target} for source, target in entanglement.pairs],
        "user_id": entanglement.user,
        "created_at": entanglement.created_at or None,
        "metadata": dict(entanglement.metadata),
    }


def map_document(
    agents: Iterable[Agent], entanglements: Iterable[Entanglement], running: Running | None = None
) -> dict[str, Any]:
    """What `GET /api/agents/map` answers. `layout` has the places that somebody chose, in scene units."""
    shown = tuple(agents)
    return {
        "agents": [agent_document(agent, running) for agent in shown],
        "connections": [connection_document(entanglement) for entanglement in entanglements],
        "layout": {agent.id: {"x": agent.place.x, "y": agent.place.y} for agent in shown if agent.place is not None},
    }


def span_document(span: HistorySpan) -> dict[str, Any]:
    """How far the past of the map reaches; a time that there is none of is null."""
    return {
        "first_seq": span.first_seq,
        "first_time": span.first_time or None,
        "last_seq": span.last_seq,
        "last_time": span.last_time or None,
        "pruned": span.pruned,
    }
