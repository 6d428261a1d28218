"""What the tables of agents that run here hold, as values that every layer above may pass around."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chainbot_desktop.core.events.agents import RuntimeState

RunState = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
OPEN_RUNS: tuple[RunState, ...] = ("queued", "running", "waiting")

ApprovalState = Literal["pending", "approved", "approved_run", "denied", "expired"]
DetailKind = Literal["command", "diff", "url", "text", "question"]


@dataclass(frozen=True, slots=True)
class Lease:
    """The process that does an agent's work. A pid alone proves nothing after a reboot or 32,768 processes.

    `started` is the process's start in clock ticks since boot (proc(5), stat field 22), `boot` the kernel's boot id.
    """

    pid: int
    started: int
    boot: str


@dataclass(frozen=True, slots=True)
class AgentRow:
    """The definition of an agent that runs here and the last state that was noted. `config` is checked by its kind."""

    id: str
    name: str
    kind: str
    config: Mapping[str, Any]
    created_at: str
    state: RuntimeState = "stopped"
    since: str = ""
    reason: str = ""
    wanted: bool = True
    lease: Lease | None = None
    heartbeat_at: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One task of one agent. Times are RFC 3339 ("" is not yet); `cost` in US dollars, None where no price is known."""

    id: str
    agent_id: str
    task: str
    actor: str
    started_at: str
    parent_id: str = ""
    depth: int = 0
    conversation_id: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    state: RunState = "queued"
    ended_at: str = ""
    result: str = ""
    reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """What programs want of the result, as its kind gave it."""
    follows: str = ""
    """The run that its task was said to, and which had ended before it could take it."""


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs of all agents to list, newest first. `before` is `started_at` and id of the last run of the page before."""

    states: tuple[RunState, ...] = ()
    agent_id: str | None = None
    words: str = ""
    """All of them must stand in the task, the result or the reason."""
    before: tuple[str, str] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """A request to a human. `detail` is exactly what will happen: the command, the diff, the URL; or the question."""

    id: str
    nonce: str
    run_id: str
    agent_id: str
    agent_name: str
    call_id: str
    tool: str
    title: str
    detail: str
    detail_kind: DetailKind
    why: str
    touches: tuple[str, ...]
    sandboxed: bool | None
    """None where there is nothing to confine."""
    scope: str
    """What "for this run" covers: requests of the same run with the same scope."""
    state: ApprovalState
    created_at: str
    expires_at: str | None = None
    decided_at: str = ""
    decided_by: str = ""
    answer: str = ""
    """The reason of a denial, or the answer to a question."""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What an agent used of a model on a day (UTC). `cost` covers the requests whose price is known."""

    day: str
    agent_id: str
    model: str
    requests: int
    input_tokens: int
    output_tokens: int
    cost: float
    unpriced_requests: int


@dataclass(frozen=True, slots=True)
class AgentMessage:
    """What one agent (or a person) said to another. `kind`: told | task | answer | note."""

    number: int
    id: str
    entanglement_id: str
    sender: str
    recipient: str
    kind: str
    text: str
    run_id: str
    created_at: str
    in_reply_to: str = ""
    """The message that it answers, where that is known."""
    conversation_id: str = ""
    """The conversation that it was said for; empty where there is none."""


@dataclass(frozen=True, slots=True)
class CoordinationRow:
    """One task of several agents. Times are RFC 3339 ("" is not yet); `stopping`: somebody asked for its end."""

    id: str
    entanglement_id: str
    task: str
    actor: str
    started_at: str
    lead: str
    state: str
    answer: str
    merged_by: str
    note: str
    ended_at: str
    merge_run_id: str
    stopping: bool


@dataclass(frozen=True, slots=True)
class PartRow:
    """What one agent has to do of a coordination. `message_id` is what a guest was told of it with."""

    coordination_id: str
    place: int
    agent_id: str
    name: str
    role: str
    stage: int
    state: str
    run_id: str
    message_id: str
    answer: str
    reason: str
