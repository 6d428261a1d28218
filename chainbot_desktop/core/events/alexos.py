"""The link to ALEX OS: what we learnt of it, what it told us, what we could not tell it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from chainbot_desktop.core.events.envelope import Event, Label
from chainbot_desktop.core.link import DialectRow, LinkState


class Registration(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    registry_url: str
    path: str
    dialect: Label
    already_registered: bool = False


class RegistrationSucceeded(Event):
    public: ClassVar[bool] = True
    type: Literal["registration_success"] = "registration_success"
    data: Registration


class LinkChange(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    registry_url: str
    state: LinkState
    reason: str = ""


class LinkChanged(Event):
    type: Literal["link_changed"] = "link_changed"
    data: LinkChange


class Dialect(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    registry_url: str
    name: Label
    rows: tuple[DialectRow, ...]


class DialectDetected(Event):
    type: Literal["dialect_detected"] = "dialect_detected"
    data: Dialect


class ReceivedEvent(BaseModel):
    """An event of ALEX OS, from its bus or its store. `remote_id` is its own id where it has one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_type: Annotated[str, Field(max_length=300)]
    remote_id: str = ""
    timestamp: str = ""
    payload: dict[str, Any] = Field(default_factory=dict)


class AlexOsEventReceived(Event):
    type: Literal["alexos_event_received"] = "alexos_event_received"
    data: ReceivedEvent


class EventGap(BaseModel):
    """Events of ALEX OS that we could not read again after a reconnect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    disconnected_at: str
    reconnected_at: str
    reason: str


class EventGapDetected(Event):
    type: Literal["event_gap_detected"] = "event_gap_detected"
    data: EventGap


class AbandonedDelivery(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    seq: int
    event_id: str
    event_type: Label
    attempts: int
    reason: str


class DeliveryGivenUp(Event):
    """ALEX OS refuses an event for good (a 4xx that retrying cannot mend)."""

    type: Literal["delivery_given_up"] = "delivery_given_up"
    data: AbandonedDelivery


class DeliveryDecision(BaseModel):
    """Somebody decided about `count` deliveries to ALEX OS, from `first_seq` to `last_seq`. The event's own names where it is one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["retry", "give_up"]
    was: Literal["pending", "delivered", "given_up"]
    count: int
    first_seq: int
    last_seq: int
    event_id: str = ""
    event_type: Label = ""


class DeliveriesDecided(Event):
    """A person had deliveries tried again, or not any more."""

    type: Literal["deliveries_decided"] = "deliveries_decided"
    data: DeliveryDecision
