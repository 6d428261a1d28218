"""What agents do here: runs, tool calls, approvals, messages between them.

Tasks, answers, arguments and messages are private and erasable: they live in their tables, an event carries ids, sizes and digests.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from chainbot_desktop.core.events.agents import Identifier
from chainbot_desktop.core.events.envelope import Event, Label

Decision = Literal["approve", "approve_run", "deny"]
"""`approve_run`: this and everything alike for the rest of the run."""


class RunFact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    agent_id: Identifier
    agent_name: Label
    parent_run_id: str = ""
    depth: int = 0


class RunAcceptance(RunFact):
    """`handed_over_by` is the agent that had the task before; empty where nobody handed it over."""

    handed_over_by: str = ""


class RunAccepted(Event):
    """A task was taken on; it waits in the agent's queue or begins at once."""

    type: Literal["run_accepted"] = "run_accepted"
    version: int = 2
    data: RunAcceptance


class RunEdit(RunFact):
    """`size` of the new words in bytes of UTF-8, `sha256` of the same."""

    size: int
    sha256: str


class RunEdited(Event):
    """A task that waits got other words."""

    type: Literal["run_edited"] = "run_edited"
    data: RunEdit


class RunOutcome(RunFact):
    """`cost` in US dollars, None where the price of the model is not known; `seconds` by the monotonic clock, waiting included."""

    state: Literal["succeeded", "failed", "cancelled"]
    reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    seconds: float = 0


class RunFinished(Event):
    type: Literal["run_finished"] = "run_finished"
    data: RunOutcome


class ToolVerdict(BaseModel):
    """What the policy (or a person) said to a tool call. `target` is the path, host or program, shortened."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    agent_id: Identifier
    tool: Label
    target: Label = ""
    verdict: Literal["allowed", "approved", "denied", "refused"]
    """`denied` by the policy or a person, `refused` because the call was malformed or reached where no policy can allow."""
    rule: Label = ""
    reason: str = ""


class ToolCallJudged(Event):
    type: Literal["tool_call_judged"] = "tool_call_judged"
    data: ToolVerdict


class ApprovalFact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    approval_id: str
    run_id: str
    agent_id: Identifier
    agent_name: Label
    tool: Label
    title: Label
    detail_sha256: str
    expires_at: str | None = None


class ApprovalRequested(Event):
    type: Literal["approval_requested"] = "approval_requested"
    data: ApprovalFact


class ApprovalAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    approval_id: str
    run_id: str
    agent_id: Identifier
    decision: Decision
    reason: str = ""


class ApprovalDecided(Event):
    type: Literal["approval_decided"] = "approval_decided"
    data: ApprovalAnswer


class ApprovalEnd(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    approval_id: str
    run_id: str
    agent_id: Identifier
    reason: str


class ApprovalExpired(Event):
    """Nobody answered in time, or what asked is gone."""

    type: Literal["approval_expired"] = "approval_expired"
    data: ApprovalEnd


class MessageFact(BaseModel):
    """`kind`: told | task | answer | note. `entanglement_id` is empty where a person wrote."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message_id: str
    entanglement_id: str = ""
    sender: Label
    recipient: Label
    kind: Literal["told", "task", "answer", "note"]
    size: Annotated[int, Field(ge=0)]
    sha256: str
    run_id: str = ""


class CoordinationFact(BaseModel):
    """One task for several agents. `agents` are those that have a part; `lead` makes one answer of theirs, if it is not empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    coordination_id: str
    entanglement_id: str
    agents: tuple[str, ...]
    lead: str = ""
    size: Annotated[int, Field(ge=0)]
    sha256: str
    """Of the task, which is private."""


class CoordinationStarted(Event):
    type: Literal["coordination_started"] = "coordination_started"
    data: CoordinationFact


class CoordinationOutcome(BaseModel):
    """`parts` are the states of the parts, in the order of the plan; size and digest are those of the answer, which is private."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    coordination_id: str
    entanglement_id: str
    state: Literal["succeeded", "failed", "cancelled"]
    parts: tuple[str, ...]
    merged_by: str = ""
    size: Annotated[int, Field(ge=0)]
    sha256: str


class CoordinationEnded(Event):
    type: Literal["coordination_ended"] = "coordination_ended"
    data: CoordinationOutcome


class GuestMessage(BaseModel):
    """`agent_id` is the guest's id at ALEX OS. The text is here because it leaves the house with the event.

    An answer names `message_id` as its `in_reply_to`, or the `conversation_id`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    message_id: str
    agent_id: Identifier
    agent_name: Label
    sender: Label
    sender_name: Label
    entanglement_id: str
    conversation_id: str = ""
    text: Annotated[str, Field(max_length=16_384)]


class GuestAddressed(Event):
    """A guest was told something: its ALEX OS hears of it over the event bus, and it is up to it to pass it on."""

    public: ClassVar[bool] = True
    type: Literal["guest_addressed"] = "guest_addressed"
    data: GuestMessage


class AgentMessageDelivered(Event):
    type: Literal["agent_message_delivered"] = "agent_message_delivered"
    data: MessageFact
