"""Keeps the list of conversations up to date: reads it anew after changes, never twice at a time; or shows what a search found."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.chat.service import Change, ChatService
from chainbot_desktop.ui.chat.conversation_panel import ConversationPanel
from chainbot_desktop.ui.chat.conversation_rows import Row, conversation_row, hit_row


class ConversationListFeed(QObject):
    unread_changed = Signal(int)
    listed = Signal(object)
    """The conversations that the list shows or could show, by id."""

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
        self.refresh()

    def on_change(self, _change: Change) -> None:
        self.refresh()

    async def _refresh(self) -> None:
        try:
            self._again = True
            while self._again:
                self._again = False
                await self._read()
        finally:
            self._running = False

    async def _read(self) -> None:
        conversations = await self._chat.conversations()
        archived = await self._chat.conversations(archived=True)
        unread = sum(conversation.unread for conversation in conversations)
        if unread != self._unread:
            self._unread = unread
            self.unread_changed.emit(unread)
        self.listed.emit({conversation.id: conversation for conversation in [*conversations, *archived]})
        if self._words:
            await self._show_found(self._words)
            return
        shown = archived if self._archived else conversations
        rows = [conversation_row(conversation) for conversation in shown]
        if self._archived:
            rows.insert(0, Row("", "‹  All conversations", "", switch="all"))
        elif archived:
            rows.append(Row("", f"Archived ({len(archived)})", "", switch="archived"))
        nothing = "" if shown else "The archive is empty." if self._archived else "No conversations yet. The plus begins one."
        self._panel.show_rows(rows, self._panel.current, nothing)

    async def _show_found(self, words: str) -> None:
        found = await self._chat.search(words)
        rows = [*map(conversation_row, found.conversations), *map(hit_row, found.hits)]
        self._panel.show_rows(rows, self._panel.current, "" if rows else f"Nothing has “{words[:60]}” in it.")
