"""The shapes of alerts, their rules, and the channels in which they are told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.conversation_schemas import Strict
from chainbot_desktop.watch.alerts.records import AlertRule, AlertSeverity, AlertState, ChannelKind

MAX_ALERTS = 500
_Id = Annotated[str, StringConstraints(max_length=36)]


class AlertParameters(Strict):
    state: AlertState | Literal["active"] | None = Field(
        None, description="`active`: all that are not resolved, the worst first. Else the newest first."
    )
    rule: Annotated[str, StringConstraints(max_length=100)] = Field("", description="Name of a rule.")
    cursor: _Id = Field("", description="`next` of the page before.")
    limit: int = Field(100, ge=1, le=MAX_ALERTS)


class SnoozeRequest(Strict):
    seconds: float = Field(ge=0, le=2_678_400, allow_inf_nan=False, description="At most 31 days; 0 ends it.")


class MuteRequest(Strict):
    seconds: float = Field(ge=0, le=2_678_400, allow_inf_nan=False, description="At most 31 days; 0 ends it.")


class CauseDocument(BaseModel):
    window: str
    content: dict[str, Any] = Field(description="What `hot_swap` takes to bring the window there.")


class AlertDocument(BaseModel):
    id: str
    rule: str
    title: str
    severity: AlertSeverity
    state: AlertState
    summary: str
    labels: dict[str, str]
    value: float | None
    since: str = Field(description="When its condition became true.")
    fired_at: str | None
    resolved_at: str | None
    acknowledged_by: str | None
    acknowledged_at: str | None
    snoozed_until: str | None
    times: int
    flapping: bool = Field(description="It comes and goes; it stays firing until it was calm for a while.")
    runbook: str
    cause: CauseDocument
    changed_at: str


class AlertPage(BaseModel):
    items: list[AlertDocument]
    next: str | None
    quiet_until: str | None = Field(description="Nobody is told until then: quiet hours, or a mute.")


class RuleDocument(BaseModel):
    model_config = ConfigDict(json_schema_extra={"description": "A rule, with how it fares."})

    rule: dict[str, Any] = Field(description="As it stands in the YAML file.")
    origin: Literal["shipped", "changed", "own"]
    error: str | None = Field(description="Why it does not work.")
    last_fired_at: str | None


class RulePage(BaseModel):
    items: list[RuleDocument]
    problems: list[str] = Field(description="What of the file alert-rules.yaml is not used, and why.")
    variables: dict[str, str] = Field(description="What a condition can name.")
    metrics: list[str]


class TrialLook(BaseModel):
    since: float = Field(description="In seconds since the epoch.")
    until: float
    step: int = Field(description="Seconds that one figure covers; 0 for events and lines, which have a time each.")


class TrialDocument(BaseModel):
    fired: list[float] = Field(description="When it would have fired, in seconds since the epoch.")
    since: float = Field(description="How far back it was tried; 0 where nothing is kept.")
    looks: list[TrialLook] = Field(description="Over which times, and how finely, the coarsest first.")
    note: str = Field(description="What cannot be told from what is kept.")


class ChannelDocument(BaseModel):
    name: str
    kind: ChannelKind
    target: str
    enabled: bool
    refusal: str | None
    last: str | None


class ChannelPage(BaseModel):
    items: list[ChannelDocument]
    quiet_until: str | None


class MuteDocument(BaseModel):
    quiet_until: str | None


class Done(BaseModel):
    status: Literal["success"]
    message: str


RuleBody = AlertRule
