"""The shapes of requests and answers about entanglements."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EntanglementOrder(_Request):
    """In a control or dependency link the first agent directs, or is waited for."""

    name: Annotated[str, StringConstraints(max_length=300)] = ""
    type: Literal["data", "control", "dependency"] = "data"
    agents: Annotated[list[_Id], Field(min_length=2, max_length=100)]


class Pair(BaseModel):
    source: str
    target: str


class EntanglementDocument(BaseModel):
    id: str
    name: str
    type: str = Field(description="data, control or dependency; empty where whoever told of it did not say.")
    made_here: bool = Field(description="Whether it can be used here; others are shown.")
    agents: list[str]
    connections: list[Pair]
    user_id: str
    created_at: str | None
    metadata: dict[str, Any]


class MemberOrder(_Request):
    agent_id: _Id


class MessageOrder(_Request):
    """`to` is the id or name of a member. `sender` is an agent that says it; you, if it is empty."""

    to: _Id
    text: _Text
    sender: Annotated[str, StringConstraints(max_length=200)] = ""


class BroadcastOrder(_Request):
    text: _Text
    sender: Annotated[str, StringConstraints(max_length=200)] = ""


class DeliveryDocument(BaseModel):
    message_id: str
    recipient: str
    run_id: str | None = Field(description="The run it reached or began; null for a note and for a guest.")
    note: str = Field(description="What is known of it where a guest was told; else empty.")


class RefusalDocument(BaseModel):
    recipient: str
    reason: str


class BroadcastReport(BaseModel):
    delivered: list[DeliveryDocument]
    refused: list[RefusalDocument]


class MessageParameters(_Request):
    since: int = Field(0, ge=0, le=2**63 - 1, description="Messages after this number.")
    limit: int = Field(500, ge=1, le=500, description="Most messages in one answer.")


class AgentMessageDocument(BaseModel):
    number: int
    id: str
    sender: str
    recipient: str
    kind: Literal["told", "task", "answer", "note"]
    text: str
    run_id: str | None
    created_at: str
    in_reply_to: str | None = Field(description="The message that this one answers, where that is known.")
    note: str = Field(description="Says that it was sent to ALEX OS and not answered yet, as long as that is so; else empty.")


class SharedTask(_Request):
    task: Annotated[str, StringConstraints(min_length=1)]


class PartDocument(BaseModel):
    agent_id: str
    name: str
    role: str
    stage: int
    state: Literal["planned", "running", "succeeded", "failed", "cancelled", "skipped", "told"]
    run_id: str | None
    answer: str
    reason: str


class ChosenTask(SharedTask):
    agents: list[_Id] = Field(min_length=1, max_length=100, description="Agents by id; no link is needed.")


class CoordinationDocument(BaseModel):
    id: str
    entanglement_id: str | None = Field(description="Null where the agents were chosen without a link.")
    task: str
    status: Literal["running", "merging", "succeeded", "failed", "cancelled"]
    plan: list[PartDocument]
    lead: str | None
    answer: str
    merged_by: str | None = Field(description="Who wrote the answer; null where the answers stand one after the other.")
    note: str
    started_at: str
    ended_at: str | None


class MemberDocument(BaseModel):
    agent_id: str
    name: str
    source: bool
    runs_here: bool
    guest: bool
    status: str
    run_id: str | None
    depends_on: list[str] = Field(description="Names of the agents whose present run it waits for.")


class EntanglementStatus(EntanglementDocument):
    members: list[MemberDocument]
    coordinations: list[CoordinationDocument] = Field(description="Newest first, at most 100.")
