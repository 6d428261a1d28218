"""Agents and entanglements: those that run here, those that webhooks tell of, and the guests that ALEX OS lists."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chainbot_desktop.core.events.envelope import Event, Label

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A name that another program gave to a thing: any one-line text."""


class AgentFact(BaseModel):
    """The documented body of `agent/spawned` and `agent/terminated`; fields that are not listed are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    agent_id: Identifier
    agent_name: Label | None = None
    agent_type: Label | None = None
    status: Label | None = None
    user_id: Label | None = None
    timestamp: str | None = None
    reason: str | None = None


class AgentSpawned(Event):
    public: ClassVar[bool] = True
    type: Literal["agent_spawned"] = "agent_spawned"
    data: AgentFact


class AgentTerminated(Event):
    public: ClassVar[bool] = True
    type: Literal["agent_terminated"] = "agent_terminated"
    data: AgentFact


RuntimeState = Literal["starting", "idle", "running", "waiting", "paused", "stopping", "stopped", "failed"]
"""The states of an agent that runs here."""


class StateFact(BaseModel):
    """`waiting_for` says for what, in a sentence; `reason` why it stopped or failed; `pid` its child process where it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent_id: Identifier
    agent_name: Label
    state: RuntimeState
    before: RuntimeState
    activity: Label = ""
    waiting_for: Label = ""
    reason: str = ""
    run_id: str = ""
    pid: int | None = None


class AgentStateChanged(Event):
    """An agent that runs here went from one state to another."""

    type: Literal["agent_state_changed"] = "agent_state_changed"
    data: StateFact


class Reconfiguration(BaseModel):
    """What a hot swap changed. The rest of the definition stays as it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent_id: Identifier
    agent_name: Label
    agent_type: Label
    model: Label = ""
    persona: Label = ""
    changed: tuple[Label, ...] = ()


class AgentReconfigured(Event):
    type: Literal["agent_reconfigured"] = "agent_reconfigured"
    data: Reconfiguration


class AgentName(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    agent_id: Identifier
    agent_name: Label


class AgentRemoved(Event):
    """An agent that ran here was deleted for good, with its links."""

    type: Literal["agent_removed"] = "agent_removed"
    data: AgentName


class Position(BaseModel):
    """A place on the Agent Map, in scene units (1 unit is 1 px at zoom 1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent_id: Identifier
    x: Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]
    y: Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]


class AgentMoved(Event):
    """Somebody gave an agent its place on the map; the last one counts."""

    type: Literal["agent_moved"] = "agent_moved"
    data: Position


class EntanglementFact(BaseModel):
    """The documented body of `entanglement/created` and `entanglement/destroyed`; fields that are not listed are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    entanglement_id: Identifier
    name: Label | None = None
    agents: tuple[Identifier, ...] = Field(default=(), max_length=1000)
    user_id: Label | None = None
    timestamp: str | None = None


class EntanglementCreated(Event):
    public: ClassVar[bool] = True
    type: Literal["entanglement_created"] = "entanglement_created"
    data: EntanglementFact


class EntanglementDestroyed(Event):
    public: ClassVar[bool] = True
    type: Literal["entanglement_destroyed"] = "entanglement_destroyed"
    data: EntanglementFact


class Guest(BaseModel):
    """An agent of ALEX OS as its index lists it. `status` is in its words; `details` is the rest of its row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent_id: Identifier
    name: Label
    agent_type: Label = ""
    status: Label = ""
    description: str = ""
    details: dict[str, Any] = Field(default_factory=dict)


class GuestAppeared(Event):
    type: Literal["guest_appeared"] = "guest_appeared"
    data: Guest


class GuestChanged(Event):
    type: Literal["guest_changed"] = "guest_changed"
    data: Guest


class GuestGone(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    agent_id: Identifier
    name: Label


class GuestLeft(Event):
    type: Literal["guest_left"] = "guest_left"
    data: GuestGone
