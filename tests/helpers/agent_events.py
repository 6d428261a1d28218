"""Events of agents as webhooks and the ALEX OS index make them, in as few words as a test wants to spend."""

from __future__ import annotations

from typing import Any

from chainbot_desktop.core.events import (
    AgentMoved,
    AgentSpawned,
    AgentTerminated,
    EntanglementCreated,
    EntanglementDestroyed,
    GuestAppeared,
    GuestChanged,
    GuestLeft,
    ModuleHealthReported,
    Severity,
)
from chainbot_desktop.core.events.agents import AgentFact, EntanglementFact, Guest, GuestGone, Position
from chainbot_desktop.core.events.webhooks import ModuleReport


def spawned(agent_id: str, *, requires_attention: bool = False, **fact: Any) -> AgentSpawned:
    data = AgentFact.model_validate({"agent_id": agent_id, **fact})
    return AgentSpawned(subject=agent_id, requires_attention=requires_attention, data=data)


def terminated(agent_id: str, *, severity: Severity = Severity.INFO, **fact: Any) -> AgentTerminated:
    data = AgentFact.model_validate({"agent_id": agent_id, **fact})
    return AgentTerminated(subject=agent_id, severity=severity, data=data)


def moved(agent_id: str, x: float, y: float) -> AgentMoved:
    return AgentMoved(subject=agent_id, data=Position(agent_id=agent_id, x=x, y=y))


def entangled(entanglement_id: str, *agents: str, name: str | None = None) -> EntanglementCreated:
    data = EntanglementFact(entanglement_id=entanglement_id, agents=agents, name=name)
    return EntanglementCreated(subject=entanglement_id, data=data)


def disentangled(entanglement_id: str) -> EntanglementDestroyed:
    return EntanglementDestroyed(subject=entanglement_id, data=EntanglementFact(entanglement_id=entanglement_id))


def guest_appeared(agent_id: str, **row: Any) -> GuestAppeared:
    return GuestAppeared(subject=agent_id, data=Guest.model_validate({"agent_id": agent_id, "name": agent_id, **row}))


def guest_changed(agent_id: str, **row: Any) -> GuestChanged:
    return GuestChanged(subject=agent_id, data=Guest.model_validate({"agent_id": agent_id, "name": agent_id, **row}))


def guest_left(agent_id: str) -> GuestLeft:
    return GuestLeft(subject=agent_id, data=GuestGone(agent_id=agent_id, name=agent_id))


def health_reported(agent_name: str, **report: Any) -> ModuleHealthReported:
    return ModuleHealthReported(data=ModuleReport.model_validate({"agent_name": agent_name, **report}))
