"""What tests of conversations with agents wait for and look at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chainbot_desktop.store.conversation_rows import Message
from tests.helpers.chats import Chat


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


async def said(chat: Chat, conversation_id: str) -> list[Message]:
    """What was said, in threads too."""
    return await chat.service._table.before(conversation_id, None, 50, with_threads=True)


async def texts(chat: Chat, conversation_id: str) -> list[str]:
    return [message.text for message in await said(chat, conversation_id)]


async def settled(chat: Chat) -> None:
    """Until every answer has ended and is kept."""
    answers = chat.service.answers
    assert answers is not None
    await until(lambda: not answers._streams)
