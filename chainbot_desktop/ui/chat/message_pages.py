"""The part of a conversation that is loaded: a window that moves over any number of messages, with a bounded size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from chainbot_desktop.chat.markdown import Prose, Rendered, render, visible
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.store.conversation_rows import Message

PAGE = 40
MOST_LOADED = 240
"""Messages kept loaded; beyond that the far end is let go."""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    message: Message
    rendered: Rendered


class MessagePages:
    """Loads pages of one conversation and renders them in an executor. Its lists are the newest state after each await."""

    def __init__(self, chat: ChatService, conversation_id: str, colors: Mapping[str, str]) -> None:
        self._chat = chat
        self.conversation_id = conversation_id
        self.colors = colors
        self.shown: list[ShownMessage] = []
        self.has_older = False
        self.has_newer = False

    @property
    def first(self) -> int:
        return self.shown[0].message.number if self.shown else 0

    @property
    def last(self) -> int:
        return self.shown[-1].message.number if self.shown else 0

    async def load_newest(self) -> None:
        messages = await self._chat.before(self.conversation_id, None, PAGE)
        self.shown = await self.render(messages)
        self.has_older, self.has_newer = len(messages) == PAGE, False

    async def load_oldest(self) -> None:
        messages = await self._chat.after(self.conversation_id, 0, PAGE)
        self.shown = await self.render(messages)
        self.has_older, self.has_newer = False, len(messages) == PAGE

    async def load_around(self, number: int) -> None:
        """With the message of this number (or the place where it was) in the middle."""
        before = await self._chat.before(self.conversation_id, number, PAGE // 2)
        after = await self._chat.after(self.conversation_id, number - 1, PAGE)
        self.shown = await self.render([*before, *after])
        self.has_older, self.has_newer = len(before) == PAGE // 2, len(after) == PAGE

    async def load_older(self) -> int:
        """How many came in at the top."""
        first = self.first
        messages = await self._chat.before(self.conversation_id, first, PAGE)
        fresh = await self.render(messages)
        if self.first != first:
            return 0
        self.shown = [*fresh, *self.shown]
        self.has_older = len(messages) == PAGE
        if len(self.shown) > MOST_LOADED:
            self.shown, self.has_newer = self.shown[:MOST_LOADED], True
        return len(fresh)

    async def load_newer(self) -> int:
        """How many came in at the bottom: of what was known to be there, or was posted since."""
        last = self.last
        messages = await self._chat.after(self.conversation_id, last, PAGE)
        fresh = await self.render(messages)
        if self.last != last:
            return 0
        self.shown = [*self.shown, *fresh]
        self.has_newer = len(messages) == PAGE
        if len(self.shown) > MOST_LOADED:
            self.shown, self.has_older = self.shown[-MOST_LOADED:], True
        return len(fresh)

    async def render_again(self, colors: Mapping[str, str]) -> None:
        """After a change of theme."""
        self.colors = colors
        again = await self.render([item.message for item in self.shown])
        fresh = {item.message.number: item for item in again}
        self.shown = [fresh.get(item.message.number, item) for item in self.shown]

    async def render_part(self, text: str) -> Rendered:
        """A text of an agent that is still written."""
        return await asyncio.to_thread(render, text, self.colors)

    async def render(self, messages: list[Message]) -> list[ShownMessage]:
        colors = self.colors
        return await asyncio.to_thread(lambda: [ShownMessage(message, _rendered(message, colors)) for message in messages])


def _rendered(message: Message, colors: Mapping[str, str]) -> Rendered:
    if message.kind == "command":
        return Rendered((Prose(f"<p><code>{escape(visible(message.text[:2000]))}</code></p>"),))
    return render(message.text, colors, internal_links=message.kind == "system")
