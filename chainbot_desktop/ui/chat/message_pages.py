"""The part of a conversation that is loaded: a window that moves over any number of messages, with a bounded size."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from chainbot_desktop.chat.markdown import Prose, Rendered, SectionRenderer, render_with, visible
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.store.conversation_rows import Message

PAGE = 40
FIRST = 12
"""Messages that are loaded before anything is shown: a screenful. The page before them follows at once."""

MOST_LOADED = 240
"""Messages kept loaded; beyond that the far end is let go."""

_SLICE_SECONDS = 0.002
"""Rendering on the loop's thread stops for a turn of the loop after so long."""

_LONG = 6_000
"""Characters of a message that a thread renders: dearer than a slice, and rare enough that sharing the interpreter does not hurt."""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    message: Message
    rendered: Rendered


class MessagePages:
    """Loads pages of one conversation and renders them. Its lists are the newest state after each await.

    Short messages are rendered in slices on the loop's thread and not in an executor: a thread that is busy with Python takes the
    interpreter from the painting for milliseconds at a time, again and again.
    """

    def __init__(self, chat: ChatService, conversation_id: str, colors: Mapping[str, str]) -> None:
        self._chat = chat
        self.conversation_id = conversation_id
        self.colors = colors
        self._renderers = _renderers(colors)
        self.shown: list[ShownMessage] = []
        self.first = 0
        """The number of the first message that was loaded; 0 where there is none. Those of threads count, and are not shown."""
        self.last = 0
        self.has_older = False
        self.has_newer = False
        self.older_count = 0
        """Messages before the first that is loaded; 0 until `count` has looked."""
        self.newer_count = 0
        self.finished: Callable[[Message], Rendered | None] = lambda _: None
        """Gives what a message is as Markdown where that is known already."""
        self.keeps_all = False
        """While something is selected nothing is let go."""

    async def load_newest(self) -> None:
        messages = await self._chat.before(self.conversation_id, None, FIRST)
        await self._show_only(messages)
        self.has_older, self.has_newer = len(messages) == FIRST, False

    async def load_oldest(self) -> None:
        messages = await self._chat.after(self.conversation_id, 0, PAGE)
        await self._show_only(messages)
        self.has_older, self.has_newer = False, len(messages) == PAGE

    async def load_around(self, number: int, *, before: int = PAGE // 2, after: int = PAGE) -> None:
        """With the message of this number (or the place where it was), so many before it and after it."""
        earlier = await self._chat.before(self.conversation_id, number, before)
        later = await self._chat.after(self.conversation_id, number - 1, after)
        await self._show_only([*earlier, *later])
        self.has_older, self.has_newer = len(earlier) == before, len(later) == after

    async def load_at(self, index: int) -> int:
        """A screenful at the message that has `index` others before it (-1: the end); its number, 0 where there is none."""
        total = self.older_count + len(self.shown) + self.newer_count
        number = await self._chat.number_at(self.conversation_id, index) if index >= 0 else None
        if number is None:
            await self.load_newest()
            self.older_count, self.newer_count = max(0, total - len(self.shown)), 0
            return 0
        await self.load_around(number, before=2, after=8)
        earlier = sum(item.message.number < number for item in self.shown)
        self.older_count = max(0, index - earlier) if self.has_older else 0
        self.newer_count = max(0, total - self.older_count - len(self.shown)) if self.has_newer else 0
        return number

    async def load_older(self) -> int:
        """How many came in at the top."""
        first = self.first
        messages = await self._chat.before(self.conversation_id, first, PAGE)
        fresh = await self.render(_outside_of_threads(messages))
        if self.first != first:
            return 0
        self.shown = [*fresh, *self.shown]
        self.first = messages[0].number if messages else first
        self.has_older = len(messages) == PAGE
        self.older_count = max(0, self.older_count - len(fresh)) if self.has_older else 0
        if len(self.shown) > MOST_LOADED and not self.keeps_all:
            self.newer_count += len(self.shown) - MOST_LOADED
            self.shown, self.has_newer = self.shown[:MOST_LOADED], True
            self.last = self.shown[-1].message.number
        return len(fresh)

    async def load_newer(self) -> int:
        """How many came in at the bottom: of what was known to be there, or was posted since."""
        last = self.last
        messages = await self._chat.after(self.conversation_id, last, PAGE)
        fresh = await self.render(_outside_of_threads(messages))
        if self.last != last:
            return 0
        self.shown = [*self.shown, *fresh]
        self.last = messages[-1].number if messages else last
        self.has_newer = len(messages) == PAGE
        self.newer_count = max(0, self.newer_count - len(fresh)) if self.has_newer else 0
        if len(self.shown) > MOST_LOADED and not self.keeps_all:
            self.older_count += len(self.shown) - MOST_LOADED
            self.shown, self.has_older = self.shown[-MOST_LOADED:], True
            self.first = self.shown[0].message.number
        return len(fresh)

    async def count(self) -> None:
        """Look how many messages there are before and after those that are loaded."""
        first, last = self.first, self.last
        before = await self._chat.count(self.conversation_id, before=first) if self.has_older else 0
        through = await self._chat.count(self.conversation_id, before=last + 1) if self.has_newer else 0
        total = await self._chat.count(self.conversation_id) if self.has_newer else 0
        if (first, last) == (self.first, self.last):
            self.older_count, self.newer_count = before, total - through

    async def render_again(self, colors: Mapping[str, str]) -> None:
        """After a change of theme."""
        self.colors, self._renderers = colors, _renderers(colors)
        again = await self.render([item.message for item in self.shown])
        fresh = {item.message.number: item for item in again}
        self.shown = [fresh.get(item.message.number, item) for item in self.shown]

    async def _show_only(self, messages: list[Message]) -> None:
        self.shown = await self.render(_outside_of_threads(messages))
        self.first, self.last = (messages[0].number, messages[-1].number) if messages else (0, 0)

    async def render(self, messages: list[Message]) -> list[ShownMessage]:
        """In their order, in slices."""
        colors, renderers = self.colors, self._renderers
        made: list[ShownMessage] = []
        pause = time.perf_counter() + _SLICE_SECONDS
        for message in messages:
            rendered = self.finished(message)
            if rendered is None and len(message.text) > _LONG:
                rendered = await asyncio.to_thread(_rendered, message, _renderers(colors))
            elif rendered is None:
                rendered = _rendered(message, renderers)
            made.append(ShownMessage(message, rendered))
            if time.perf_counter() > pause:
                await asyncio.sleep(0)
                pause = time.perf_counter() + _SLICE_SECONDS
        return made


def _outside_of_threads(messages: list[Message]) -> list[Message]:
    return [message for message in messages if not message.thread]


Renderers = tuple[SectionRenderer, SectionRenderer]
"""For what anybody wrote, and for the program's own answers, which may link into the panel."""


def _renderers(colors: Mapping[str, str]) -> Renderers:
    return SectionRenderer(colors), SectionRenderer(colors, internal_links=True)


def _rendered(message: Message, renderers: Renderers) -> Rendered:
    if message.kind == "command":
        return Rendered((Prose(f"<p><code>{escape(visible(message.text[:2000]))}</code></p>"),))
    return render_with(renderers[message.kind == "system"], message.text)
