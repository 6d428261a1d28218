"""Conversations, messages and what agents do in them, as the JSON documents of the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainbot_desktop.chat.answer_stream import AnswerStream
from chainbot_desktop.store.conversation_rows import MARK_BEGIN, MARK_END, Conversation, Hit, Message


def conversation_document(conversation: Conversation) -> dict[str, Any]:
    last = None
    if conversation.last_number:
        last = {
            "number": conversation.last_number,
            "author": conversation.last_author,
            "kind": conversation.last_kind,
            "text": conversation.last_text,
        }
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "pinned": conversation.pinned,
        "archived": conversation.archived,
        "unread": conversation.unread,
        "lead": conversation.lead or None,
        "members": list(conversation.members),
        "turn_order": conversation.turn_order,
        "named_by": conversation.named_by,
        "recall": dict(conversation.recall),
        "branched_from": conversation.branched_from or None,
        "branched_at": conversation.branched_at or None,
        "last": last,
    }


def chat_message_document(message: Message) -> dict[str, Any]:
    return {
        "number": message.number,
        "id": message.id,
        "conversation_id": message.conversation_id,
        "author": message.author,
        "kind": message.kind,
        "text": message.text,
        "created_at": message.created_at,
        "thread": message.thread or None,
        "detail": dict(message.detail),
    }


def page_document(
    conversation_id: str, messages: Sequence[Message], *, earlier: bool, later: bool, place: int = 0
) -> dict[str, Any]:
    """`earlier` and `later` say whether there are more; `place` is where an empty page was looked for."""
    return {
        "conversation_id": conversation_id,
        "items": [chat_message_document(message) for message in messages],
        "previous": messages[0].number if messages and earlier else None,
        "next": messages[-1].number if messages and later else None,
        "newest": messages[-1].number if messages else place,
    }


def hit_document(hit: Hit) -> dict[str, Any]:
    snippet, marks = without_marks(hit.snippet)
    return {
        "conversation_id": hit.conversation_id,
        "title": hit.title,
        "message_id": hit.message_id,
        "number": hit.number,
        "author": hit.author,
        "created_at": hit.created_at,
        "snippet": snippet,
        "marks": marks,
    }


def without_marks(snippet: str) -> tuple[str, list[list[int]]]:
    """The plain text of a snippet, and where in it its marks stood. A mark without its other half is none."""
    parts: list[str] = []
    marks: list[list[int]] = []
    length, begun = 0, -1
    for character in snippet:
        if character == MARK_BEGIN:
            begun = length
        elif character == MARK_END:
            if 0 <= begun < length:
                marks.append([begun, length])
            begun = -1
        else:
            parts.append(character)
            length += 1
    return "".join(parts), marks


def activity_document(conversation_id: str, streams: Sequence[AnswerStream]) -> dict[str, Any]:
    return {"conversation_id": conversation_id, "answers": [_answer_activity(stream) for stream in streams]}


def _answer_activity(stream: AnswerStream) -> dict[str, Any]:
    return {
        "run_id": stream.run_id,
        "agent_id": stream.agent_id,
        "name": stream.agent_name,
        "thread": stream.thread or None,
        "message_id": stream.asked.message_id or None,
        "task": stream.asked.task if stream.state == "queued" else None,
        "state": stream.state,
        "doing": stream.doing,
        "waiting_for": stream.waiting_for,
        "began": stream.began,
        "step": stream.steps[-1] if stream.steps else "",
        "plan": stream.plan,
        "length": stream.length,
        "trouble": stream.trouble,
    }
