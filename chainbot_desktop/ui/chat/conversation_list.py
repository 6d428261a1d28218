"""Keeps the list of conversations up to date: reads anew what of it is in sight, never twice at a time; or shows what a search found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.chat.reading import MAX_HITS
from chainbot_desktop.chat.service import Change, ChatService, Found
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.store.conversation_rows import Conversation, Totals
from chainbot_desktop.ui.chat.conversation_panel import ConversationPanel
from chainbot_desktop.ui.chat.conversation_rows import Row, conversation_row, hit_row, work_of

PAGE = 100
_LONGEST_PAUSE = 1.0
_ARCHIVE_ON_TOP = 50
"""Of a list longer than this nobody scrolls to the end to find the way to the archive."""


class ConversationListFeed(QObject):
    unread_changed = Signal(int)
    listed = Signal(object)
    """The conversations that were read just now, by id, and the open one where it still is."""

    def __init__(
        self, chat: ChatService, panel: ConversationPanel, start: Callable[[str, Coroutine[Any, Any, None]], object]
    ) -> None:
        super().__init__(panel)
        self._chat = chat
        self._panel = panel
        self._start = start
        self._words = ""
        self._archived = False
        self._running = False
        self._again = False
        self._unread = -1
        panel.model.wanted.connect(self._on_wanted)
        panel.only_here.toggled.connect(self.refresh)
        if chat.answers is not None:
            panel.destroyed.connect(chat.answers.on_change(self._show_work))

    def refresh(self) -> None:
        if self._running:
            self._again = True
            return
        self._running = True
        self._start("chat-list", self._refresh())

    def search(self, words: str) -> None:
        self._words = words.strip()
        self.refresh()

    def show_archived(self, archived: bool) -> None:
        self._archived = archived
        self._panel.model.set_length(0)
        self.refresh()

    def on_change(self, _change: Change) -> None:
        self.refresh()

    async def _refresh(self) -> None:
        try:
            self._again = True
            while self._again:
                self._again = False
                begun = time.monotonic()
                await self._read()
                if self._again:  # in a large house a list that changes all the time must not keep a reader busy all the time
                    await asyncio.sleep(min(_LONGEST_PAUSE, 2 * (time.monotonic() - begun)))
        finally:
            self._running = False

    async def _read(self) -> None:
        totals = await self._chat.totals()
        if totals.unread != self._unread:
            self._unread = totals.unread
            self.unread_changed.emit(totals.unread)
        if self._words:
            await self._show_found(self._words)
            return
        archived = self._archived
        sight = self._panel.in_sight()
        first = sight.start // PAGE * PAGE
        pages = await self._chat.listed(first, max(PAGE, sight.stop - first), archived=archived)
        rows = await self._rows(pages)
        if archived is not self._archived or self._words:
            return  # another list is wanted by now, and is read next
        self._show_list(totals)
        self._panel.model.forget_pages(range(first, first + len(rows)))
        self._panel.model.set_page(first, rows)
        self._show_work()
        await self._tell_listed(pages)

    async def _tell_listed(self, read: Sequence[Conversation]) -> None:
        """The open one is among them, wherever in the list it is; or else it is gone."""
        known = {conversation.id: conversation for conversation in read}
        current = self._panel.current
        if current and current not in known:
            with suppress(NotFound):
                known[current] = await self._chat.conversation(current)
        self.listed.emit(known)

    def _show_list(self, totals: Totals) -> None:
        if self._archived:
            said = "" if totals.archived else "The archive is empty."
            self._panel.show_long(totals.archived, [Row("", "‹  All conversations", "", switch="all")], (), said)
            return
        way = [Row("", f"Archived ({totals.archived})", "", switch="archived")] if totals.archived else []
        on_top = totals.active > _ARCHIVE_ON_TOP
        said = "" if totals.active else "No conversations yet. The plus begins one."
        self._panel.show_long(totals.active, way if on_top else (), () if on_top else way, said)

    async def _rows(self, conversations: Sequence[Conversation]) -> list[Row]:
        stems = {conversation.branched_from for conversation in conversations if conversation.branched_from}
        titles = await self._chat.titles(stems) if stems else {}
        return [conversation_row(conversation, titles) for conversation in conversations]

    async def _show_found(self, words: str) -> None:
        here = self._panel.current if self._panel.only_here.isChecked() else ""
        found = await self._chat.search(words, conversation_id=here)
        if words != self._words:
            return
        rows = [*await self._rows(found.conversations), *map(hit_row, found.hits)]
        self._panel.show_found(words, rows, _said(words, found, is_here=bool(here)))
        self._show_work()
        await self._tell_listed(found.conversations)

    def _on_wanted(self, first: int, last: int) -> None:
        self._start("chat-list-page", self._read_pages(first // PAGE * PAGE, last + 1))

    async def _read_pages(self, first: int, end: int) -> None:
        archived = self._archived
        for start in range(first, end, PAGE):
            rows = await self._rows(await self._chat.listed(start, PAGE, archived=archived))
            if archived is not self._archived:
                return
            self._panel.model.set_page(start, rows)
        self._show_work()

    def _show_work(self) -> None:
        answers = self._chat.answers
        if answers is None:
            return
        states = {row.key: work_of(answers.of(row.key)) for row in self._panel.model.rows if row.key and not row.message_id}
        self._panel.model.set_work({key: state for key, state in states.items() if state is not None})


def _said(words: str, found: Found, *, is_here: bool) -> str:
    """What stands over the finds: how many, or that there are none and what to do."""
    if not found.conversations and not found.hits:
        where = " in this conversation" if is_here else ""
        return f"Nothing{where} has “{words[:60]}” in it. Fewer words, or their beginnings, find more."
    parts = [_many(len(found.conversations), "conversation")] if found.conversations else []
    if len(found.hits) == MAX_HITS:
        parts.append(f"the newest {MAX_HITS} messages")
    elif found.hits:
        parts.append(_many(len(found.hits), "message"))
    return ", ".join(parts)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
