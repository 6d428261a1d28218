"""What a coding agent is told of a task, and what its ways to stop mean."""

from __future__ import annotations

import json

from chainbot_desktop.agents.attached import Attached, read_attachments
from chainbot_desktop.agents.conversation_context import USUAL_CHARACTERS, background, conversation_of, without_conversation
from chainbot_desktop.agents.kinds.coder.errors import CoderFailed
from chainbot_desktop.core.ports import Blobs
from chainbot_desktop.store.agent_rows import RunRow

_REASONS = {
    "max_tokens": "it reached its largest number of tokens",
    "max_turn_requests": "it reached its largest number of requests to its model",
    "refusal": "it refuses to do this",
    "cancelled": "it cancelled the task by itself",
}


async def prompt_of(row: RunRow, blobs: Blobs, *, takes_pictures: bool) -> Attached:
    """The task with all that belongs to it, as one text, and the pictures that came along.

    The task comes first: a slash command is one at the beginning alone, and what was said before is no part of it.
    """
    talk = conversation_of(row.context)
    attached = Attached()
    parts = [row.task]
    context = without_conversation(row.context)
    if context:
        parts.append(f"Context:\n```json\n{json.dumps(context, ensure_ascii=False, indent=1, default=str)}\n```")
    if talk is not None:
        if not row.task.startswith("/"):
            parts.append(background(talk))
        attached = await read_attachments(
            talk.attachments, blobs, most_characters=USUAL_CHARACTERS, takes_pictures=takes_pictures
        )
    return Attached("\n\n".join(part for part in (*parts, attached.text) if part), attached.pictures)


def stopped(name: str, reason: str, answer: str) -> CoderFailed:
    """Why a task has no result; `reason` is the protocol's word."""
    hint = f"It said last: {answer[-500:]}" if answer else ""
    return CoderFailed(f"{name} stopped before the end: {_REASONS.get(reason, reason)}.", hint=hint, code=f"coder_{reason}")
