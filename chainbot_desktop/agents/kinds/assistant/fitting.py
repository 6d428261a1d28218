"""Makes an exchange fit a small context: what tools answered long ago is shortened in what is sent, never in what is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic_ai.messages import BinaryContent, ModelMessage, ModelRequest, ModelRequestPart, TextContent, ToolReturnPart

_LEAST_KEPT = 200
"""Characters of a tool's answer that stay in any case."""
_PICTURE = 4_000
"""What a picture counts for: about a thousand tokens at the large providers."""


def length(message: ModelMessage) -> int:
    """In characters, about."""
    return sum(_size(getattr(part, "content", "") or getattr(part, "args", "") or "") for part in message.parts)


def fitted(messages: Sequence[ModelMessage], most_characters: int) -> list[ModelMessage]:
    """`messages` with tools' answers cut, the oldest first, until they fit. What people and the model said stays whole."""
    found = list(messages)
    excess = sum(map(length, found)) - most_characters
    for index, message in enumerate(found):
        if excess <= 0:
            break
        if isinstance(message, ModelRequest):
            parts: list[ModelRequestPart] = list(message.parts)
            for place, part in enumerate(parts):
                if excess > 0 and isinstance(part, ToolReturnPart):
                    parts[place], saved = _cut(part, excess)
                    excess -= saved
            found[index] = replace(message, parts=parts)
    return found


def _size(content: object) -> int:
    if not isinstance(content, list):
        return len(str(content))
    return sum(
        _PICTURE if isinstance(one, BinaryContent) else len(one.content if isinstance(one, TextContent) else str(one))
        for one in content
    )


def _cut(part: ToolReturnPart, excess: int) -> tuple[ToolReturnPart, int]:
    text = part.model_response_str()
    kept = max(_LEAST_KEPT, len(text) - excess - 100)
    if kept >= len(text) - 100:
        return part, 0
    short = f"{text[:kept]}\n… ({len(text) - kept} characters were left out: the model has no room for them)"
    return replace(part, content=short), len(text) - len(short)
