"""The shapes of requests and answers about agents that run here, their runs, approvals and entanglements."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from chainbot_desktop.agents.filtering import AgentFilter
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.store.agent_rows import RunQuery

MAX_PAGE = 1000
_Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Task = Annotated[str, StringConstraints(min_length=1)]
_Delivery = Literal["queue", "between", "interrupt"]
_RuntimeState = Literal["starting", "idle", "running", "waiting", "paused", "stopping", "stopped", "failed"]

_State = Literal["needs_input", "working", "waiting", "idle", "done", "failed", "unknown"]
_Kind = Annotated[str, StringConstraints(max_length=300)]


def _as_list(value: object) -> object:
    """`state=a&state=b` and `state=a,b` are the same, and `state=` is as good as none."""
    found = value if isinstance(value, (list, tuple)) else [value]
    parts = [part for item in found for part in (item.split(",") if isinstance(item, str) else [item])]
    return [part for part in parts if part != ""]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AgentOrder(_Request):
    """`config` has the agent's `name` and what its kind wants; GET /api/agents/types has the schema of each kind."""

    agent_type: _Name
    config: dict[str, Any]


class AgentChange(_Request):
    """What is left out stays as it is. `config` replaces the configuration (PUT) or changes the fields it names (PATCH)."""

    agent_type: _Name | None = None
    name: _Name | None = None
    config: dict[str, Any] | None = None


class AgentSpawnedAnswer(BaseModel):
    agent_id: str
    status: str


class AgentDefinition(BaseModel):
    agent_id: str
    name: str
    agent_type: str
    config: dict[str, Any]
    created_at: str
    status: _RuntimeState


class Usage(BaseModel):
    input_tokens: int
    output_tokens: int
    cost: float | None = Field(description="US dollars; null where the price of a model is not known.")


class PlanEntry(BaseModel):
    text: str
    status: Literal["pending", "in_progress", "completed"]


class AgentStatus(BaseModel):
    """How an agent that runs here is now. Usage is that of this life of it."""

    agent_id: str
    name: str
    agent_type: str
    status: _RuntimeState
    state: _RuntimeState
    since: str | None
    pid: int | None = Field(description="Its child process, where it has one.")
    task: str | None
    run_id: str | None
    queued: int = Field(description="Tasks that wait for it.")
    activity: str
    waiting_for: str | None
    reason: str = Field(description="Why it stopped or failed.")
    heartbeat_at: str | None
    plan: list[PlanEntry]
    usage: Usage
    restarts: int
    cpu_percent: float | None = Field(description="Of its processes, now; 100 is one core. Null where it has none.")
    memory_bytes: int | None = Field(description="Resident memory of its processes. Null where it has none.")


class TaskOrder(_Request):
    task: _Task
    context: dict[str, Any] = Field(default_factory=dict)
    delivery: _Delivery = Field("queue", description="queue: after what it does now; interrupt: instead of it.")
    conversation_id: Annotated[str, StringConstraints(max_length=200)] = ""


class TaskWords(_Request):
    task: _Task


class RunBegun(BaseModel):
    run_id: str
    agent_id: str
    status: str


class Word(_Request):
    text: _Task
    delivery: _Delivery = Field("between", description="How it reaches an agent at work; one at rest begins a run with it.")


class WordTaken(BaseModel):
    """`run_id` is the run that it reached or began; a guest is told over the event bus, and has a message instead."""

    run_id: str | None
    message_id: str | None = None
    agent_id: str
    status: str


class Handover(_Request):
    to: _Id = Field(description="The agent that takes over.")
    run_id: Annotated[str, StringConstraints(max_length=200)] = Field("", description="The present run if empty.")


class AgentDone(BaseModel):
    agent_id: str
    status: str


class StoppedAgent(BaseModel):
    agent_id: str
    name: str


class StopAllReport(BaseModel):
    stopped: list[StoppedAgent]
    runs: int = Field(description="Runs that were under way or queued.")


class KindDocument(BaseModel):
    name: str
    title: str
    description: str
    model_backed: bool
    takes_tasks: bool
    default_restart: Literal["never", "on-failure", "always"]
    config_schema: dict[str, Any] = Field(description="JSON schema of `config`, without the name.")


class TemplateDocument(BaseModel):
    id: str
    title: str
    description: str
    name: str = Field(description="What an agent of it is called, if that is free.")
    agent_type: str
    config: dict[str, Any]
    own: bool = Field(description="Whether it was kept here: then it can be deleted.")


class TemplateKept(TemplateDocument):
    left_out: list[str] = Field(description="Fields that looked like secrets.")


class TemplateDone(BaseModel):
    template_id: str
    status: str


class TemplateOrder(_Request):
    """Of an agent (`agent_id`), or of a kind with a configuration."""

    title: _Name
    description: Annotated[str, StringConstraints(max_length=1000)] = ""
    agent_id: _Id | None = None
    agent_type: _Name | None = None
    config: dict[str, Any] | None = None


class LogParameters(_Request):
    since: int = Field(0, ge=0, le=2**63 - 1, description="Lines after this number.")
    limit: int = Field(500, ge=1, le=2000, description="Most lines in one answer.")


class LogLine(BaseModel):
    number: int
    time: str
    stream: Literal["out", "err", "agent", "system"]
    text: str


class LogPage(BaseModel):
    lines: list[LogLine]
    next: int = Field(description="Give it as `since` to read on.")
    dropped: int = Field(description="Lines after `since` that are no longer kept.")


class AgentParameters(_Request):
    """What the list of agents can be asked: the same as the map's filter. What is empty leaves nobody out."""

    state: Annotated[list[_State], BeforeValidator(_as_list), Field(max_length=50)] = Field(
        default_factory=list, description="Only agents in these states; repeat it, or separate them by commas."
    )
    kind: Annotated[list[_Kind], BeforeValidator(_as_list), Field(max_length=50)] = Field(
        default_factory=list, description="Only agents of these kinds; repeat it, or separate them by commas."
    )
    q: Annotated[str, StringConstraints(max_length=500)] = Field(
        "", description="Words that must all occur in name, kind, id, status, activity or user."
    )

    def filter(self) -> AgentFilter:
        return AgentFilter(frozenset(map(AgentState, self.state)), frozenset(self.kind)).searching(self.q)


class PageParameters(_Request):
    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Most entries in one answer.")


class RunDocument(BaseModel):
    id: str
    agent_id: str
    task: str
    actor: str
    state: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
    started_at: str
    ended_at: str | None
    result: str
    reason: str
    context: dict[str, Any]
    parent_run_id: str | None
    depth: int
    conversation_id: str | None
    usage: Usage


class RunParameters(_Request):
    """What the list of all agents' runs can be asked."""

    state: Annotated[
        list[Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]],
        BeforeValidator(_as_list),
        Field(max_length=6),
    ] = Field(default_factory=list, description="Only runs in these states; repeat it, or separate them by commas.")
    agent: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        None, description="Only runs of this agent (its id)."
    )
    q: Annotated[str, StringConstraints(max_length=500)] = Field("", description="Words of the task, the result or the reason.")
    cursor: Annotated[str, StringConstraints(pattern=r"^[0-9TZ:.-]{20,32}~[0-9a-zA-Z-]{1,36}$")] | None = Field(
        None, description="`next` of the page before."
    )
    limit: int = Field(50, ge=1, le=200, description="Most entries in one answer.")

    def query(self) -> RunQuery:
        """One more than `limit`, to know whether there is a next page."""
        started_at, _, run_id = (self.cursor or "").partition("~")
        before = (started_at, run_id) if run_id else None
        return RunQuery(tuple(self.state), self.agent, self.q, before, self.limit + 1)


class RunPage(BaseModel):
    items: list[RunDocument] = Field(description="Newest first; task and result are cut to 500 characters.")
    next: str | None = Field(description="Give it as `cursor` to read on; null at the end.")


class ConversationMessage(BaseModel):
    role: Literal["user", "assistant"]
    content: str
    timestamp: str | None
    run_id: str
    state: str
    conversation_id: str | None = Field(description="Where it was asked and answered: GET /api/conversations/{id}.")


class AgentConversation(BaseModel):
    agent_id: str
    messages: list[ConversationMessage]


class ApprovalParameters(_Request):
    state: Literal["pending", "all"] = Field("pending", description="Those that wait, or the latest whatever became of them.")
    limit: int = Field(100, ge=1, le=MAX_PAGE, description="Most entries in one answer.")


class ApprovalDocument(BaseModel):
    """A request to a human. `detail` is exactly what will happen, or the question."""

    id: str
    nonce: str = Field(description="Comes back with the answer: it proves that this is what was read.")
    run_id: str
    agent_id: str
    agent_name: str
    tool: str
    title: str
    detail: str
    detail_kind: Literal["command", "diff", "url", "text", "question"]
    why: str
    touches: list[str]
    sandboxed: bool | None = Field(description="Null where there is nothing to confine.")
    for_run: bool = Field(description="Whether it can be approved for everything alike in this run.")
    state: Literal["pending", "approved", "approved_run", "denied", "expired"]
    created_at: str
    expires_at: str | None
    decided_at: str | None
    decided_by: str | None
    answer: str


class ApprovalDecision(_Request):
    """`reason` goes with a denial, `answer` with a question; either is taken."""

    decision: Literal["approve", "approve_run", "deny"]
    nonce: Annotated[str, StringConstraints(max_length=200)] | None = Field(None, description="The request's own; required.")
    reason: Annotated[str, StringConstraints(max_length=20_000)] = ""
    answer: Annotated[str, StringConstraints(max_length=20_000)] = ""
