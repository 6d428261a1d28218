"""The shapes of requests and answers, for validation of the ones and documentation of both. Fields that are not listed may come too."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from api.entanglement_schemas import EntanglementDocument
from chainbot_desktop.core.ids import format_time, parse_time
from chainbot_desktop.core.ports import EventQuery

MAX_PAGE = 1000
_MAX_SEQ = 2**63 - 1
_Severity = Literal["info", "warning", "error", "critical"]


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What is wrong, in a sentence.")
    code: str = Field(description="Stable, for programs.")
    hint: str = Field(description="What to do about it; may be empty.")
    instance: str


class HealthReport(BaseModel):
    """Without a token only the first fields come."""

    model_config = ConfigDict(extra="allow")

    status: Literal["healthy", "degraded", "unhealthy"]
    status_id: Literal["healthy", "degraded", "unhealthy"]
    agent_name: str
    agent_version: str
    timestamp: str
    requires_attention: bool
    workflow_state: str | None = None
    active_workflows: int | None = None
    active_agents: int | None = None
    websocket_connections: int | None = None
    workflow_blockers: list[str] | None = None
    log_excerpt: Any = None
    attention_reason: str | None = None
    gpt_integration_status: Any = None
    system_resources: dict[str, float | bool | None] | None = None


class Status(BaseModel):
    """What the program is and how it fares, the link to ALEX OS with its dialect table included."""

    name: str
    version: str
    mode: str
    status: str
    uptime_seconds: float
    health: HealthReport
    link: dict[str, Any]
    journal: dict[str, int]
    agents: dict[str, int]
    websockets: dict[str, Any]
    webhooks: dict[str, int]


class Config(BaseModel):
    """All settings in force; secrets are shown as asterisks."""

    model_config = ConfigDict(extra="allow")


class EventEnvelope(BaseModel):
    seq: int
    id: str
    time: str
    type: str
    version: int
    source: str
    severity: _Severity
    subject: str
    actor: str
    requires_attention: bool
    data: Any
    prev_hash: str
    hash: str


class EventPage(BaseModel):
    items: list[EventEnvelope]
    next: int | None = Field(description="Give it as `since` to read on; null at the end.")


class AuditEntry(BaseModel):
    seq: int
    id: str
    time: str
    actor: str = Field(description="Who did it: user:, device:, agent: or system:.")
    action: str = Field(description="The type of the event.")
    subject: str
    source: str
    severity: str
    requires_attention: bool
    details: Any
    prev_hash: str
    hash: str


class AuditPage(BaseModel):
    items: list[AuditEntry]
    next: int | None = Field(description="Give it as `since` to read on; null at the end.")


class ChainVerdict(BaseModel):
    ok: bool
    checked: int = Field(description="Events whose hash was recomputed.")
    broken_at: int | None = Field(description="The first `seq` that does not fit.")
    reason: str


class AgentDocument(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    type: str
    origin: Literal["own", "guest"]
    status: str
    status_word: str
    activity: str
    requires_attention: bool
    attention_reason: str
    reason: str
    user_id: str
    capabilities: list[str]
    created_at: str | None
    last_active: str | None
    ended_at: str | None
    provider: Any
    model: Any
    metadata: dict[str, Any]
    runtime: dict[str, Any] | None = Field(None, description="How it is now, if it runs here; as in its status.")


class Coordinates(BaseModel):
    """Scene units: 1 is 1 px at zoom 1."""

    model_config = ConfigDict(extra="forbid")

    x: Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False, strict=True)]
    y: Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False, strict=True)]


class Moved(BaseModel):
    status: Literal["success"]
    agent_id: str
    x: float
    y: float
    event_id: str
    seq: int


class Vitals(BaseModel):
    """What an agent does at this moment. Null is what is not known, or what there is none of."""

    activity: list[int] | None = Field(
        description="Only with `vitals=true`: events, log lines and streamed pieces of each of the last 60 seconds, oldest first."
    )
    activity_per_minute: int = Field(description="The sum of these.")
    cpu_percent: float | None = Field(description="Of its processes; 100 is one core.")
    memory_bytes: int | None = Field(description="Resident memory of its processes.")
    tokens_task: int | None = Field(description="Of the task that it works on, in and out together.")
    tokens_today: int | None = Field(description="Since 0:00 UTC.")
    cost_today: float | None = Field(description="US dollars; null also where the price of a model is not known.")


class MapAgent(AgentDocument):
    vitals: Vitals | None


class MapConnection(EntanglementDocument):
    rate_per_minute: int | None = Field(description="Messages, notes, tasks and handings over of the last 60 seconds.")


class AgentMap(BaseModel):
    agents: list[MapAgent]
    connections: list[MapConnection]
    layout: dict[str, dict[str, float]]


class WorkflowDocument(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    status: str


class Inputs(BaseModel):
    model_config = ConfigDict(extra="allow")

    inputs: dict[str, Any] = Field(default_factory=dict)


class Execution(BaseModel):
    model_config = ConfigDict(extra="allow")

    execution_id: str
    status: str


class Accepted(BaseModel):
    """On disk, or was already: the same delivery answers the same."""

    status: Literal["success"]
    message: str
    event_id: str
    seq: int


class WebhookRow(BaseModel):
    path: str
    method: Literal["POST"]
    event_type: str
    required: list[str]
    fields: list[str]


class WebhookList(BaseModel):
    webhooks: list[WebhookRow]


class SocketStatistics(BaseModel):
    active_connections: int
    max_connections: int
    total_connections: int
    frames_sent: int
    frames_dropped: int
    by_window: dict[str, int]
    connections: list[dict[str, Any]]


class TokenShown(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Done(BaseModel):
    status: Literal["success"]
    message: str


class Ticket(BaseModel):
    """A link that lets one browser in, once."""

    ticket: str
    url: str
    expires: str


def _as_types(value: object) -> object:
    """`type=a&type=b` and `type=a,b` are the same."""
    found = value if isinstance(value, (list, tuple)) else [value]
    return [part for item in found for part in (item.split(",") if isinstance(item, str) else [item])]


def _as_time(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("one RFC 3339 time")  # noqa: TRY004 - pydantic reports ValueError, not TypeError
    try:
        # A plus sign that was not encoded arrives as a space.
        return format_time(parse_time(value.replace(" ", "+") if "T" in value else value))
    except (ValueError, OverflowError):
        raise ValueError("an RFC 3339 time such as 2026-01-31T12:00:00Z") from None


RfcTime = Annotated[str, BeforeValidator(_as_time)]
_Number = Annotated[int, Field(ge=0, le=_MAX_SEQ)]
_TypeName = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class EventParameters(BaseModel):
    """What `/api/events` and `/api/audit` can be asked."""

    model_config = ConfigDict(extra="forbid")

    since: _Number | None = Field(None, description="Events after this `seq`; before it, with order=desc.")
    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Most events in one answer.")
    type: Annotated[list[_TypeName], BeforeValidator(_as_types), Field(max_length=50)] = Field(
        default_factory=list, description="Only these types; repeat it, or separate them by commas."
    )
    subject: Annotated[str, StringConstraints(max_length=300)] | None = Field(None, description="Only this subject.")
    source: Annotated[str, StringConstraints(max_length=300)] | None = Field(None, description="Only from this source.")
    actor: Annotated[str, StringConstraints(max_length=220)] | None = Field(
        None, description="Only by this actor; by a kind of actor where it ends with a colon: user:, agent:, device:, system:."
    )
    severity: Annotated[list[_Severity], BeforeValidator(_as_types), Field(max_length=4)] = Field(
        default_factory=list, description="Only these severities; repeat it, or separate them by commas."
    )
    attention: bool | None = Field(None, description="Only those that require attention, or only those that do not.")
    q: Annotated[str, StringConstraints(max_length=500)] = Field("", description="Words that must all occur.")
    order: Literal["asc", "desc"] = Field("asc", description="Oldest or newest first.")
    after: RfcTime | None = Field(None, description="Not before this time (RFC 3339).")
    before: RfcTime | None = Field(None, description="Not after this time (RFC 3339).")

    def query(self) -> EventQuery:
        """One more than `limit`, to know whether there is a next page."""
        return EventQuery(
            since=self.since,
            limit=self.limit + 1,
            types=tuple(self.type),
            subject=self.subject,
            source=self.source,
            actor=self.actor,
            severities=tuple(self.severity),
            attention=self.attention,
            text=self.q,
            after=self.after,
            before=self.before,
            order=self.order,
        )


class ExportStretch(BaseModel):
    """What `/api/audit/export` can be asked. All bounds are inclusive; between them nothing is left out."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["jsonl", "csv"] = Field("jsonl", description="JSON Lines, or comma-separated values.")
    first: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(None, description="From this `seq` on.")
    last: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(None, description="Up to this `seq`.")
    after: RfcTime | None = Field(None, description="From the first event that is not before this time (RFC 3339).")
    before: RfcTime | None = Field(None, description="Up to the last event that is not after this time (RFC 3339).")


class ProofParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=36, description="What the export named in `X-Audit-Export`.")
    part: Literal["manifest", "signature", "key"] = Field(
        "manifest", description="Keep them beside FILE as FILE.manifest.json, FILE.manifest.sig and FILE.pub."
    )
