"""Pages of a conversation's messages. A page is a range of their numbers, which never change: none is missed, none comes twice."""

from __future__ import annotations

from typing import Any

from api.conversation_documents import page_document
from api.conversation_schemas import MessageParameters
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.store.conversation_rows import Message


async def read_page(chat: ChatService, conversation_id: str, asked: MessageParameters) -> dict[str, Any]:
    """NotFound where there is no such conversation, or no such message in it."""
    await chat.conversation(conversation_id)
    if asked.thread:
        return await _thread(chat, conversation_id, asked)
    if asked.around is not None:
        middle = (await message_in(chat, conversation_id, asked.around)).number
        older = await chat.before(conversation_id, middle, asked.limit // 2)
        found = [*older, *await chat.after(conversation_id, middle - 1, asked.limit - len(older))]
    elif asked.after is not None:
        found = await chat.after(conversation_id, asked.after, asked.limit)
    else:
        found = await chat.before(conversation_id, asked.before, asked.limit)
    if not found:
        return page_document(conversation_id, (), earlier=False, later=False, place=asked.after or 0)
    earlier = bool(await chat.before(conversation_id, found[0].number, 1))
    later = bool(await chat.after(conversation_id, found[-1].number, 1))
    return page_document(conversation_id, found, earlier=earlier, later=later)


async def _thread(chat: ChatService, conversation_id: str, asked: MessageParameters) -> dict[str, Any]:
    place = asked.after or 0
    found = await chat.thread(conversation_id, asked.thread, after=place, limit=asked.limit + 1)
    items = found[: asked.limit]
    return page_document(conversation_id, items, earlier=False, later=len(found) > asked.limit, place=place)


async def message_in(chat: ChatService, conversation_id: str, message_id: str) -> Message:
    """A message that this conversation shows, those that a branch shares with its stem included."""
    found = await chat.shown_message(conversation_id, message_id)
    if found is None:
        raise NotFound("There is no such message in this conversation.", code="no_such_message")
    return found
