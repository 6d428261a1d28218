"""Asks one model for one answer through the framework. Imported on a thread at the first use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    SystemPromptPart,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from chainbot_desktop.agents.models.completion import CalledTool, CallPiece, Message, Order, Piece, TextPiece, ThinkingPiece
from chainbot_desktop.agents.models.failing import ModelFailed


@asynccontextmanager
async def answer_of(model: Model, order: Order) -> AsyncIterator[StreamedResponse]:
    async with model_request_stream(
        model, messages_of(order), model_settings=_settings(order), model_request_parameters=_parameters(order)
    ) as stream:
        yield stream


class Pieces:
    """Turns the framework's events into pieces. Tool calls are numbered in the order in which they begin."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}

    def of(self, event: ModelResponseStreamEvent) -> Iterator[Piece]:
        if isinstance(event, PartStartEvent):
            yield from self._begun(event.index, event.part)
        elif isinstance(event, PartDeltaEvent):
            delta = event.delta
            if isinstance(delta, TextPartDelta) and delta.content_delta:
                yield TextPiece(_clean(delta.content_delta))
            elif isinstance(delta, ThinkingPartDelta) and delta.content_delta:
                yield ThinkingPiece(_clean(delta.content_delta))
            elif isinstance(delta, ToolCallPartDelta) and isinstance(delta.args_delta, str):
                yield CallPiece(self._calls[event.index], "", "", _clean(delta.args_delta))

    def _begun(self, index: int, part: ModelResponsePart) -> Iterator[Piece]:
        if isinstance(part, TextPart) and part.content:
            yield TextPiece(_clean(part.content))
        elif isinstance(part, ThinkingPart) and part.content:
            yield ThinkingPiece(_clean(part.content))
        elif isinstance(part, ToolCallPart):
            number = self._calls[index] = len(self._calls)
            # Arguments that come as a whole come as an object; those that are still to come as nothing, or as a text.
            arguments = part.args if isinstance(part.args, str) else part.args_as_json_str() if part.args else ""
            yield CallPiece(number, _clean(part.tool_call_id), _clean(part.tool_name), _clean(arguments))


def require_end(stream: StreamedResponse) -> None:
    """A connection that was closed in the middle of an answer may look like its end."""
    if stream.finish_reason is None:
        raise ModelFailed("It came to no end.", hint="Try again.")


def text_of(response: ModelResponse) -> str:
    return _clean("".join(part.content for part in response.parts if isinstance(part, TextPart)))


def calls_of(response: ModelResponse) -> tuple[CalledTool, ...]:
    return tuple(
        CalledTool(_clean(part.tool_call_id), _clean(part.tool_name), _clean(part.args_as_json_str()))
        for part in response.parts
        if isinstance(part, ToolCallPart)
    )


def messages_of(order: Order) -> list[ModelMessage]:
    """Neighbouring messages of the asking side become one request, as the framework has it."""
    names = {call.id: call.name for message in order.messages for call in message.calls}
    found: list[ModelMessage] = []
    for message in order.messages:
        if message.role == "assistant":
            found.append(ModelResponse(parts=[*_said(message)]))
            continue
        last = found[-1] if found else None
        part = _asked(message, names)
        if isinstance(last, ModelRequest):
            found[-1] = ModelRequest(parts=[*last.parts, part])
        else:
            found.append(ModelRequest(parts=[part]))
    return found


def _said(message: Message) -> Iterator[ModelResponsePart]:
    if message.text:
        yield TextPart(message.text)
    for call in message.calls:
        yield ToolCallPart(call.name, call.arguments, call.id)


def _asked(message: Message, names: dict[str, str]) -> ModelRequestPart:
    if message.role == "system":
        return SystemPromptPart(message.text)
    if message.role == "tool":
        return ToolReturnPart(names.get(message.call_id, "tool"), message.text, message.call_id)
    if not message.pictures:
        return UserPromptPart(message.text)
    content: list[UserContent] = [message.text] if message.text else []
    content += [BinaryContent(picture.data, media_type=picture.media_type) for picture in message.pictures]
    return UserPromptPart(content)


def _settings(order: Order) -> ModelSettings:
    settings = ModelSettings()
    if order.max_tokens is not None:
        settings["max_tokens"] = order.max_tokens
    if order.temperature is not None:
        settings["temperature"] = order.temperature
    if order.top_p is not None:
        settings["top_p"] = order.top_p
    if order.seed is not None:
        settings["seed"] = order.seed
    if order.stop:
        settings["stop_sequences"] = list(order.stop)
    if order.parallel_tool_calls is not None and order.tools:
        settings["parallel_tool_calls"] = order.parallel_tool_calls
    if order.tools and order.tool_choice != "auto":
        choice = order.tool_choice
        settings["tool_choice"] = "none" if choice == "none" else "required" if choice == "required" else [choice]
    return settings


def _parameters(order: Order) -> ModelRequestParameters:
    tools = [
        ToolDefinition(
            name=tool.name,
            parameters_json_schema=dict(tool.parameters),
            description=tool.description or None,
            strict=tool.strict,
        )
        for tool in order.tools
    ]
    if order.schema is None:
        return ModelRequestParameters(function_tools=tools)
    wanted = OutputObjectDefinition(dict(order.schema.schema), order.schema.name, strict=order.schema.strict)
    return ModelRequestParameters(function_tools=tools, output_mode="native", output_object=wanted)


def _clean(text: str) -> str:
    """A model may cut a character in half: such a half has no UTF-8."""
    return text if text.isascii() else text.encode(errors="replace").decode()
