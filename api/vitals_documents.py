"""The vitals of agents as the JSON documents of the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainbot_desktop.agents.vitals import AgentVitals, Figures


def vitals_document(figures: Figures, activity: Sequence[int] | None = None) -> dict[str, Any]:
    """Null is what is not known, or what there is none of."""
    return {
        "activity": None if activity is None else list(activity),
        "activity_per_minute": figures.per_minute,
        "cpu_percent": figures.cpu_percent,
        "memory_bytes": figures.memory_bytes,
        "tokens_task": figures.tokens_task,
        "tokens_today": figures.tokens_today,
        "cost_today": figures.cost_today,
    }


def vitals_of(vitals: AgentVitals, agent_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By id, without the lines of activity."""
    found = vitals.figures_of(agent_ids)
    return {agent_id: vitals_document(figures) for agent_id, figures in zip(agent_ids, found, strict=True)}


def map_with_vitals(document: dict[str, Any], vitals: AgentVitals | None, *, activity: bool = False) -> dict[str, Any]:
    """The map's document with the vitals of each agent and the rate of each connection; null where nobody measures them."""
    agents, connections = document["agents"], document["connections"]
    ids = [agent["id"] for agent in agents]
    links = [connection["id"] for connection in connections]
    documents: list[dict[str, Any] | None] = [None] * len(ids)
    rates: Sequence[int | None] = [None] * len(links)
    if vitals is not None:
        lines = vitals.activity_levels(ids).tolist() if activity else [None] * len(ids)
        documents = [vitals_document(*both) for both in zip(vitals.figures_of(ids), lines, strict=True)]
        rates = vitals.rates_per_minute(links)
    return {
        **document,
        "agents": [{**agent, "vitals": found} for agent, found in zip(agents, documents, strict=True)],
        "connections": [{**connection, "rate_per_minute": rate} for connection, rate in zip(connections, rates, strict=True)],
    }
