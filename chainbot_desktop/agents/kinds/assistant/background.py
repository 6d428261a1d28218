"""The conversation around an assistant's task, as messages of the framework, and what of them is worth remembering.

What it has not heard becomes part of what it remembers, once. What is told anew for each task (the summary, what was recalled) and
the bytes of pictures do not: they would be sent again with every later task.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    TextContent,
    TextPart,
    UserContent,
    UserPromptPart,
)

from chainbot_desktop.agents.attached import Attached, Picture, read_attachments
from chainbot_desktop.agents.conversation_context import newest, others_text, recalled_text, said_text, summary_text
from chainbot_desktop.core.ports import Blobs, TalkContext, TalkLine

_log = logging.getLogger(__name__)

_PASSING = {"for": "this task alone"}
_PICTURE = "picture"
_UNSEEN = "(a picture, which you cannot see: say so where the task needs it)"
_PICTURES_SEEN_AGAIN = 4
"""Of earlier tasks, the newest."""


async def around_task(
    remembered: Sequence[ModelMessage],
    talk: TalkContext,
    agent_id: str,
    blobs: Blobs,
    *,
    most_characters: int,
    takes_pictures: bool,
) -> list[ModelMessage]:
    """What is remembered with what is told of the conversation, in the order in which it was said; the task comes after it."""
    attached = await read_attachments(
        talk.attachments, blobs, most_characters=most_characters // 2, takes_pictures=takes_pictures
    )
    said = _said(newest(talk.said, most_characters // 2), agent_id)
    messages = [
        *_told(summary_text(talk, most_characters // 4), passing=True),
        *remembered,
        *said,
        *_shown(attached),
        *_told(recalled_text(talk, most_characters // 4), passing=True),
        *_told(others_text(talk), passing=True),
    ]
    if messages and isinstance(messages[0], ModelResponse):  # providers want somebody else to begin
        messages[:0] = _told("(What you said in this conversation follows.)")
    return messages


def worth_remembering(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    found: list[ModelMessage] = []
    for message in messages:
        if isinstance(message, ModelRequest):
            parts = [kept for part in message.parts if (kept := _lasting(part)) is not None]
            if not parts:
                continue
            message = replace(message, parts=parts)  # noqa: PLW2901 - the same message without what passes
        found.append(message)
    return found


async def with_pictures(messages: Sequence[ModelMessage], blobs: Blobs) -> list[ModelMessage]:
    """What is remembered, with the newest of its pictures in their places again."""
    found = list(messages)
    left = _PICTURES_SEEN_AGAIN
    for index in range(len(found) - 1, -1, -1):
        message = found[index]
        if left > 0 and isinstance(message, ModelRequest):
            parts: list[ModelRequestPart] = []
            for part in message.parts:
                if isinstance(part, UserPromptPart) and not isinstance(part.content, str):
                    content, left = await _refilled(part.content, blobs, left)
                    part = replace(part, content=content)  # noqa: PLW2901 - the same part with its pictures
                parts.append(part)
            found[index] = replace(message, parts=parts)
    return found


def as_sent(messages: Sequence[ModelMessage], *, pictures: bool) -> list[ModelMessage]:
    """As every server understands them: what others say between two answers is one message, and one text but for its pictures.

    Without `pictures` a word stands in the place of each.
    """
    return [_one_prompt(message, pictures) if isinstance(message, ModelRequest) else message for message in messages]


def _told(text: str, *, passing: bool = False) -> list[ModelMessage]:
    if not text:
        return []
    return [ModelRequest([UserPromptPart([TextContent(text, metadata=_PASSING if passing else None)])])]


def _said(lines: Sequence[TalkLine], agent_id: str) -> list[ModelMessage]:
    """Its own words as its own, those of others quoted."""
    messages: list[ModelMessage] = []
    others: list[TalkLine] = []
    for line in lines:
        if line.by_agent != agent_id:
            others.append(line)
            continue
        if others:
            messages += _told(said_text(others))
            others = []
        messages.append(ModelResponse([TextPart(line.text)]))
    return [*messages, *(_told(said_text(others)) if others else ())]


def _shown(attached: Attached) -> list[ModelMessage]:
    if not attached.text:
        return []
    content: list[UserContent] = [TextContent(attached.text)]
    for picture in attached.pictures:
        content += [_caption(picture), BinaryContent(picture.data, media_type=picture.media_type)]
    return [ModelRequest([UserPromptPart(content)])]


def _caption(picture: Picture) -> TextContent:
    reference = {"sha256": picture.sha256, "media_type": picture.media_type}
    return TextContent(f"Picture {picture.name}:", metadata={_PICTURE: reference})


def _lasting(part: ModelRequestPart) -> ModelRequestPart | None:
    """None where nothing of it lasts."""
    if not isinstance(part, UserPromptPart) or isinstance(part.content, str):
        return part
    content = [one for one in part.content if not isinstance(one, BinaryContent) and not _passes(one)]
    return replace(part, content=content) if content else None


def _passes(content: UserContent) -> bool:
    return isinstance(content, TextContent) and content.metadata == _PASSING


async def _refilled(contents: Sequence[UserContent], blobs: Blobs, left: int) -> tuple[list[UserContent], int]:
    refilled: list[UserContent] = []
    for content in contents:
        refilled.append(content)
        reference = _reference(content)
        if reference is None or left <= 0:
            continue
        data = await blobs.get(reference["sha256"])
        if data is None:
            _log.warning("a picture that an assistant remembers is not there any more")
            continue
        refilled.append(BinaryContent(data, media_type=reference["media_type"]))
        left -= 1
    return refilled, left


def _reference(content: UserContent) -> dict[str, Any] | None:
    metadata = content.metadata if isinstance(content, TextContent) else None
    found = metadata.get(_PICTURE) if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else None


def _one_prompt(message: ModelRequest, pictures: bool) -> ModelRequest:
    parts: list[ModelRequestPart] = []
    for part in message.parts:
        if isinstance(part, UserPromptPart):
            last = parts[-1] if parts else None
            before = [] if not isinstance(last, UserPromptPart) else _contents(last.content)
            part = replace(part, content=_joined([*before, *_contents(part.content)], pictures))  # noqa: PLW2901 - all so far
            if isinstance(last, UserPromptPart):
                parts.pop()
        parts.append(part)
    return replace(message, parts=parts)


def _contents(content: str | Sequence[UserContent]) -> Sequence[UserContent]:
    return [content] if isinstance(content, str) else content


def _joined(contents: Sequence[UserContent], pictures: bool) -> str | list[UserContent]:
    found: list[UserContent] = []
    for content in contents:
        shown: UserContent = content.content if isinstance(content, TextContent) else content
        if isinstance(shown, BinaryContent) and not pictures:
            shown = _UNSEEN
        if isinstance(shown, str) and found and isinstance(found[-1], str):
            found[-1] = "\n\n".join(text for text in (found[-1], shown) if text)
        else:
            found.append(shown)
    return found[0] if len(found) == 1 and isinstance(found[0], str) else found
