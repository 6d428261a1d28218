"""Posting in a conversation, for every way into the house: what is answered to it, also when it comes a second time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.conversation_documents import chat_message_document
from api.conversation_schemas import AttachmentRef, NewMessage
from api.repeating import Attempt
from api.undos import Undos
from chainbot_desktop.chat.attachments import AttachmentService, too_many
from chainbot_desktop.chat.commands import Answer
from chainbot_desktop.chat.service import ChatService, Posted
from chainbot_desktop.core.errors import NotFound, Unavailable
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.store.conversation_rows import Message

_LOOKED_ON = 50
"""Messages after a command among which its answer is: others may have been posted in between."""


@dataclass(frozen=True, slots=True)
class NewPost:
    conversation_id: str
    wanted: NewMessage
    actor: Actor


async def post(chat: ChatService, undos: Undos, new: NewPost, attempt: Attempt) -> dict[str, Any]:
    """What came of it. Of a request that came before: what came of it then, and nothing is done again."""
    if attempt.earlier is not None:
        fact = attempt.fact()
        return await _earlier(chat, fact.conversation_id, await chat.message(fact.message_id))
    wanted = new.wanted
    posted = await chat.post(
        new.conversation_id,
        wanted.text,
        actor=new.actor,
        delivery=wanted.delivery,
        attachments=await attached(chat, wanted.attachments),
        to=wanted.to,
        key=attempt.key,
    )
    return posted_document(posted, undos)


async def attached(chat: ChatService, refs: Sequence[AttachmentRef]) -> list[TalkAttachment]:
    """What a caller names, as it is: no caller says of what type bytes are. NotFound where they are not here."""
    if not refs:
        return []
    service = attachments_of(chat)
    if len(refs) > service.limits.attachments:
        raise too_many(service.limits.attachments)
    found: list[TalkAttachment] = []
    for ref in refs:
        body = await service.body(TalkAttachment(ref.name, ref.media_type, 0, ref.sha256))
        if body is None:
            raise NotFound(
                f"There is no attachment {ref.sha256}, or not any more.",
                hint="Send it to POST /api/attachments first.",
                code="no_such_attachment",
            )
        found.append((await service.add_bytes(ref.name, ref.media_type, body)).attachment)
    return found


def attachments_of(chat: ChatService) -> AttachmentService:
    if chat.attachments is None:
        raise Unavailable("This program takes no attachments now.", code="no_attachments")
    return chat.attachments


def posted_document(posted: Posted, undos: Undos) -> dict[str, Any]:
    said = posted.answer
    answer = _answer_document(said, undos, posted.conversation_id) if said != Answer() else None
    return _document(posted.conversation_id, posted.message, posted.runs, answer)


def _answer_document(answer: Answer, undos: Undos, conversation_id: str) -> dict[str, Any]:
    undo = undos.keep(f"/api/conversations/{conversation_id}", answer.undoable) if answer.undoable is not None else None
    opened = {"window": answer.open.window, "content": dict(answer.open.content)} if answer.open is not None else None
    return {"text": answer.text, "open": opened, "undo": undo}


async def _earlier(chat: ChatService, conversation_id: str, message: Message | None) -> dict[str, Any]:
    if message is None:  # it was erased meanwhile
        return _document(conversation_id, None, (), None)
    answer = None
    if message.kind == "command":
        after = await chat.after(conversation_id, message.number, _LOOKED_ON)
        said = next((other.text for other in after if other.detail.get("answers") == message.id), "")
        answer = {"text": said, "open": None, "undo": None}
    return _document(conversation_id, message, message.detail.get("runs", ()), answer)


def _document(conversation_id: str, message: Message | None, runs: Any, answer: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "message": chat_message_document(message) if message is not None else None,
        "runs": list(runs),
        "answer": answer,
    }
