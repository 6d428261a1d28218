"""What other programs of the house report through webhooks. Fields that are not listed are kept."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from chainbot_desktop.core.events.agents import Identifier
from chainbot_desktop.core.events.envelope import Event, Label


class BodyReference(BaseModel):
    """A request body that is too large for the journal: kept apart under its SHA-256. `size` in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    size: int


class WorkflowFact(BaseModel):
    """The documented body of `workflow/started | completed | failed`. `duration` in seconds."""

    model_config = ConfigDict(frozen=True, extra="allow")

    workflow_id: Identifier
    workflow_name: Label | None = None
    status: Label | None = None
    user_id: Label | None = None
    timestamp: str | None = None
    error: str | None = None
    duration: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    steps_completed: Annotated[int, Field(ge=0)] | None = None
    total_steps: Annotated[int, Field(ge=0)] | None = None


class WorkflowStarted(Event):
    public: ClassVar[bool] = True
    type: Literal["workflow_started"] = "workflow_started"
    data: WorkflowFact


class WorkflowCompleted(Event):
    public: ClassVar[bool] = True
    type: Literal["workflow_completed"] = "workflow_completed"
    data: WorkflowFact


class WorkflowFailed(Event):
    public: ClassVar[bool] = True
    type: Literal["workflow_failed"] = "workflow_failed"
    data: WorkflowFact


class ModuleReport(BaseModel):
    """A module's own report of its health or status, in the shape of the documented health report."""

    model_config = ConfigDict(frozen=True, extra="allow")

    agent_name: Label | None = None
    status_id: Label | None = None
    timestamp: str | None = None
    requires_attention: bool = False
    attention_reason: str | None = None


class ModuleHealthReported(Event):
    public: ClassVar[bool] = True
    type: Literal["module_health_reported"] = "module_health_reported"
    data: ModuleReport


class ModuleStatusReported(Event):
    public: ClassVar[bool] = True
    type: Literal["module_status_reported"] = "module_status_reported"
    data: ModuleReport


class ExternalFact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    event_type: Annotated[str, Field(min_length=1, max_length=200)]
    timestamp: str | None = None


class ExternalEventReceived(Event):
    public: ClassVar[bool] = True
    type: Literal["external_event_received"] = "external_event_received"
    data: ExternalFact
