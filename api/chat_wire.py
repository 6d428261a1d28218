"""OpenAI's chat completions on the wire: from a request to an order, from pieces to an answer or to the events of a stream."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import time
from typing import Any

import orjson

from api.gpt_schemas import ChatCompletionRequest, ChatMessage, ForcedTool
from chainbot_desktop.agents.models.completion import (
    AnswerSchema,
    CalledTool,
    CallPiece,
    Finished,
    Message,
    OfferedTool,
    Order,
    Picture,
    Piece,
    TextPiece,
    ThinkingPiece,
)
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ids import new_id

DONE = b"data: [DONE]\n\n"
_DATA_URL = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,", re.IGNORECASE)


def order_of(asked: ChatCompletionRequest) -> Order:
    stop = (asked.stop,) if isinstance(asked.stop, str) else tuple(asked.stop or ())
    wanted = asked.response_format.json_schema if asked.response_format is not None else None
    tools = tuple(
        OfferedTool(tool.function.name, tool.function.description, tool.function.parameters, tool.function.strict)
        for tool in asked.tools or ()
    )
    return Order(
        messages=[_message(message) for message in asked.messages],
        model=asked.model,
        max_tokens=asked.max_completion_tokens or asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        seed=asked.seed,
        stop=stop,
        tools=tools,
        tool_choice=_tool_choice(asked, tools),
        parallel_tool_calls=asked.parallel_tool_calls,
        schema=AnswerSchema(wanted.name, wanted.schema_, wanted.strict) if wanted is not None else None,
    )


def _tool_choice(asked: ChatCompletionRequest, tools: tuple[OfferedTool, ...]) -> str:
    if not isinstance(asked.tool_choice, ForcedTool):
        return asked.tool_choice or "auto"
    name = asked.tool_choice.function.name
    if name not in {tool.name for tool in tools}:
        raise InvalidInput(f"The field 'tool_choice' names {name!r}, which is not among the tools.", code="invalid_field")
    return name


def _message(message: ChatMessage) -> Message:
    calls = tuple(_call(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ())
    parts = message.content if isinstance(message.content, list) else []
    text = message.content if isinstance(message.content, str) else "".join(part.text for part in parts)
    pictures = tuple(_picture(part.image_url) for part in parts if part.type == "image_url")
    if pictures and message.role != "user":
        raise InvalidInput("Only a user's message can hold pictures.", code="invalid_field")
    role = "system" if message.role == "developer" else message.role
    return Message(role, text, pictures, calls, message.tool_call_id)


def _call(call_id: str, name: str, arguments: str) -> CalledTool:
    try:
        found = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInput(f"The arguments of the call {name!r} are not a JSON object.", code="invalid_field")
    return CalledTool(call_id, name, arguments or "{}")


def _picture(image: dict[str, Any]) -> Picture:
    """Only what came with the request: nothing is fetched from an address that a caller names."""
    url = image.get("url")
    match = _DATA_URL.match(url) if isinstance(url, str) else None
    if match is None:
        raise InvalidInput("A picture must be a data: URL of a PNG, JPEG, GIF or WebP.", code="invalid_field")
    try:
        data = base64.b64decode(url[match.end() :], validate=True) if isinstance(url, str) else b""
    except binascii.Error:
        raise InvalidInput("A picture's data is not base64.", code="invalid_field") from None
    return Picture(data, match[1].lower())


@dataclass(slots=True)
class ChatWire:
    """One answer's frame: its id, time and the name that it was asked by."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{new_id()}")
    created: int = field(default_factory=lambda: int(time()))

    def whole(self, end: Finished) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": end.text or None, "refusal": None}
        if end.calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in end.calls
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": end.reason}
        return {**self._frame("chat.completion", end.model), "choices": [choice], "usage": _usage(end)}

    def begin(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    def events(self, piece: Piece, *, with_usage: bool) -> Iterator[bytes]:
        """The events of one piece."""
        if isinstance(piece, TextPiece):
            yield self._chunk({"content": piece.text}) if piece.text else b": still here\n\n"
        elif isinstance(piece, ThinkingPiece):
            yield self._chunk({"reasoning_content": piece.text})
        elif isinstance(piece, CallPiece):
            call: dict[str, Any] = {"index": piece.index, "function": {"arguments": piece.arguments}}
            if piece.id:
                call |= {"id": piece.id, "type": "function"}
                call["function"]["name"] = piece.name
            yield self._chunk({"tool_calls": [call]})
        else:
            yield self._chunk({}, piece.reason)
            if with_usage:
                frame = self._frame("chat.completion.chunk", piece.model)
                yield event({**frame, "choices": [], "usage": _usage(piece)})

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return event({**self._frame("chat.completion.chunk", self.model), "choices": [choice]})

    def _frame(self, kind: str, model: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": model}


def event(data: Any) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(data)


def _usage(end: Finished) -> dict[str, Any]:
    total = end.input_tokens + end.output_tokens
    counted = {"prompt_tokens": end.input_tokens, "completion_tokens": end.output_tokens, "total_tokens": total}
    return {**counted, "cost": end.cost}
