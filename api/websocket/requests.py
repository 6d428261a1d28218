"""What clients may send, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from api.conversation_schemas import MessageParameters, NewMessage
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.json_codec import parse_object

MAX_FRAME = 64 * 1024
"""Bytes of one frame from a client."""

_TypeName = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Ping(BaseModel):
    type: Literal["ping"] = "ping"


class HealthCheck(BaseModel):
    type: Literal["health_check"] = "health_check"


class Subscribe(BaseModel):
    """`since`: the last `seq` that the client has; left out, it starts now. `types`: event or message types; left out, all."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["subscribe"] = "subscribe"
    since: Annotated[int, Field(ge=0, le=2**63 - 1, strict=True)] | None = None
    types: Annotated[tuple[_TypeName, ...], Field(max_length=100)] | None = None


class HotSwap(BaseModel):
    """Bring a window of the panel to the front with this content."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["hot_swap"] = "hot_swap"
    target_window: Literal["agent-map", "code-agent", "chat", "watchtower"]
    swap_data: dict[str, Any] = Field(default_factory=dict)


_Id = Annotated[str, StringConstraints(min_length=1, max_length=300)]
_RequestId = Annotated[str, StringConstraints(max_length=300)]


class ChatMessage(NewMessage):
    """Post it. `request_id` comes back with what is answered to it."""

    type: Literal["chat_message"] = "chat_message"
    conversation_id: _Id
    idempotency_key: str | None = None
    request_id: _RequestId = ""


class SlashCommand(ChatMessage):
    """A line that must be a command."""

    type: Literal["slash_command"] = "slash_command"  # type: ignore[assignment]


class ChatHistory(MessageParameters):
    """A page of a conversation."""

    type: Literal["chat_history"] = "chat_history"
    conversation_id: _Id
    request_id: _RequestId = ""


ClientRequest = Ping | HealthCheck | Subscribe | HotSwap | ChatMessage | SlashCommand | ChatHistory
_KINDS: Mapping[str, type[ClientRequest]] = {
    "ping": Ping,
    "health_check": HealthCheck,
    "subscribe": Subscribe,
    "hot_swap": HotSwap,
    "chat_message": ChatMessage,
    "slash_command": SlashCommand,
    "chat_history": ChatHistory,
}


def parse_request(text: bytes) -> ClientRequest:
    """InvalidInput, for the error frame, where it is none. Arguments may stand beside `type` or in `data`, as frames have them."""
    if len(text) > MAX_FRAME:
        raise InvalidInput(f"The frame has {len(text)} bytes, at most {MAX_FRAME} are taken.", code="too_large")
    found = parse_object(text)
    name = found.get("type")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        known = ", ".join(_KINDS)
        raise InvalidInput(f"type: found {str(name)[:80]!r}, expected one of {known}.", code="unknown_type")
    arguments = {key: value for key, value in found.items() if key not in ("window_type", "timestamp", "data")}
    data = found.get("data")
    if isinstance(data, dict):
        arguments |= {key: value for key, value in data.items() if key not in ("type", "window_type", "timestamp")}
    try:
        return kind.model_validate(arguments)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:100] or name
        raise InvalidInput(f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}.", code="invalid_field") from None
