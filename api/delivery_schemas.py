"""Deliveries on the wire: those that go out to ALEX OS, and the webhooks that came in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas import EventEnvelope
from chainbot_desktop.store.deliveries import DeliveryQuery
from chainbot_desktop.store.received_webhooks import IncomingQuery

_Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
_Limit = Annotated[int, Field(ge=1, le=200)]
_Words = Annotated[str, StringConstraints(max_length=200)]


class DeliveryParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: Literal["pending", "delivered", "given_up"] | None = None
    type: Annotated[str, StringConstraints(max_length=300)] | None = Field(None, description="A type of events.")
    q: _Words = Field("", description="Words that must each occur in type, subject, answer or event id.")
    cursor: _Number | None = Field(None, description="The `next` of the page before.")
    limit: _Limit = 100

    def query(self) -> DeliveryQuery:
        types = (self.type,) if self.type is not None else ()
        return DeliveryQuery(self.cursor, None, self.limit + 1, self.state, types, tuple(self.q.split()))


class IncomingParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: Literal["accepted", "refused", "replayed"] | None = None
    q: _Words = Field("", description="Words that must each occur in path, caller, key, reason, event type or subject.")
    cursor: _Number | None = Field(None, description="The `next` of the page before.")
    limit: _Limit = 100

    def query(self) -> IncomingQuery:
        return IncomingQuery(self.cursor, None, self.limit + 1, self.state, tuple(self.q.split()))


class WhichDeliveries(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: Literal["given_up", "pending"] = Field(
        "given_up", description="Those given up, or those that wait for their next try."
    )


class OutgoingDelivery(BaseModel):
    seq: int = Field(description="The event's place in the journal.")
    event_id: str
    event_type: str
    subject: str
    state: Literal["pending", "delivered", "given_up"]
    attempts: int = Field(description="Attempts that failed.")
    next_attempt_at: str | None
    updated_at: str
    status_code: int | None = Field(description="HTTP status of the last answer.")
    answer: str = Field(description="The beginning of the last answer.")


class OutgoingPage(BaseModel):
    items: list[OutgoingDelivery]
    next: int | None = Field(description="Give it as `cursor` to read on; null at the end.")
    pending: int
    given_up: int
    behind: int = Field(description="Events that wait without a delivery of their own yet, as while ALEX OS is away.")


class OutgoingInFull(OutgoingDelivery):
    event: EventEnvelope | None
    body: Any = Field(description="As it is sent, in the dialect of the moment; null where the event is no longer kept.")


class HowMany(BaseModel):
    count: int


class IncomingDelivery(BaseModel):
    number: int
    received_at: str
    path: str = Field(description="Below /api/webhooks/chainbot/.")
    caller: str
    key: str = Field(description="The sender's own id of it; may be empty.")
    state: Literal["accepted", "refused", "replayed"]
    status: int = Field(description="HTTP status that it was answered with.")
    reason: str
    size: int = Field(description="Bytes of its body.")
    body_kept: bool
    body_sha256: str = Field(description="Where its body is kept apart; else empty.")
    seq: int | None
    event_id: str | None
    event_type: str | None
    replay_of: int | None


class IncomingPage(BaseModel):
    items: list[IncomingDelivery]
    next: int | None = Field(description="Give it as `cursor` to read on; null at the end.")
    kept: int
    refused: int = Field(description="Refused ones among those kept.")
    not_kept: int = Field(description="Refused ones since the start for which there was no room.")


class ReplayParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    preview: bool = Field(False, description="Only say what would come of it.")


class ReplayOutcome(BaseModel):
    valid: bool
    problem: str = Field(description="Why it would be refused now; empty where it would not.")
    same: bool = Field(description="Whether it would be, but for the marks, the event that it was.")
    event: EventEnvelope | None = Field(description="The new event; null for a preview.")
    event_type: str | None
    subject: str | None
    severity: str | None
    data: Any
