"""One answer of a model as the API asks for it and hands it on: plain values that know neither the framework nor a wire format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

EndReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class CalledTool:
    """`arguments` is JSON, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Picture:
    data: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True)
class Message:
    """`calls` belong to an assistant's message; `call_id` says to a tool's message which call it answers."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    pictures: tuple[Picture, ...] = ()
    calls: tuple[CalledTool, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """`parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """What the answer must look like, as a JSON schema of an object."""

    name: str
    schema: Mapping[str, Any]
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """`model` is named as `gateway` says; None leaves a choice to the provider. `tool_choice` may be the name of a tool."""

    messages: Sequence[Message]
    model: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[OfferedTool, ...] = ()
    tool_choice: str = "auto"
    parallel_tool_calls: bool | None = None
    schema: AnswerSchema | None = None


@dataclass(frozen=True, slots=True)
class TextPiece:
    text: str


@dataclass(frozen=True, slots=True)
class ThinkingPiece:
    text: str


@dataclass(frozen=True, slots=True)
class CallPiece:
    """More of the tool call number `index`: first its id and name, then its arguments bit by bit."""

    index: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last piece. `model` is "provider/model", that which answered; `cost` in US dollars, None where no price is known."""

    model: str
    provider: str
    demonstration: bool
    text: str
    calls: tuple[CalledTool, ...]
    input_tokens: int
    output_tokens: int
    cost: float | None
    reason: EndReason


Piece = TextPiece | ThinkingPiece | CallPiece | Finished
