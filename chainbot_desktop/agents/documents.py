"""Agents and entanglements as the JSON documents of the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chainbot_desktop.agents.records import Agent, Entanglement


def agent_document(agent: Agent) -> dict[str, Any]:
    """`status` is of our vocabulary, `status_word` as it was said. A time that there is none of is null."""
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
    }


def connection_document(entanglement: Entanglement) -> dict[str, Any]:
    return {
        "id": entanglement.id,
        "name": entanglement.name,
        "agents": list(entanglement.agents),
        "connections": [{"source": source, "target": target} for source, target in entanglement.pairs],
        "user_id": entanglement.user,
        "created_at": entanglement.created_at or None,
        "metadata": dict(entanglement.metadata),
    }


def map_document(agents: Iterable[Agent], entanglements: Iterable[Entanglement]) -> dict[str, Any]:
    """What `GET /api/agents/map` answers. `layout` has the places that somebody chose, in scene units."""
    shown = tuple(agents)
    return {
        "agents": [agent_document(agent) for agent in shown],
        "connections": [connection_document(entanglement) for entanglement in entanglements],
        "layout": {agent.id: {"x": agent.place.x, "y": agent.place.y} for agent in shown if agent.place is not None},
    }
