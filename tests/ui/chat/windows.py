"""A chat window on a real service and store, driven on the real loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.chat.code_actions import CodeActions
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.ports import AgentTalk
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.chat.chat_parts import ChatParts
from chainbot_desktop.ui.chat.message_card import MessageCard
from chainbot_desktop.ui.chat.view import ChatView
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message as BarMessage
from tests.helpers.chats import Chat, open_chat


@dataclass
class Window:
    view: ChatView
    chat: Chat
    failures: list[str]
    told: list[BarMessage] = field(default_factory=list)
    opened: list[tuple[str, object]] = field(default_factory=list)
    badges: list[int] = field(default_factory=list)

    @property
    def service(self) -> ChatService:
        return self.chat.service

    @property
    def texts(self) -> list[str]:
        return [card.message.text for card in self.view.messages.cards]

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(2000):
            if condition():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it did not happen within ten seconds")

    async def opens(self, conversation_id: str, message_id: str = "") -> None:
        self.view.present({"conversation_id": conversation_id, "message_id": message_id})
        await self.until(lambda: self.view.conversation_id == conversation_id)

    async def types(self, text: str, *, enter: bool = True) -> None:
        edit = self.view.composer.edit
        edit.setFocus()
        QTest.keyClicks(edit, text)
        if enter:
            self.key(Qt.Key.Key_Return)
        await asyncio.sleep(0)

    def key(
        self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, to: QWidget | None = None
    ) -> None:
        QTest.keyClick(to or QApplication.focusWidget() or self.view, key, modifier)

    def point_in(self, card: MessageCard, at: QPointF) -> QPoint:
        return (self.view.messages.card_rect(card).topLeft() + at).toPoint()

    def button(self, card: MessageCard, label: str) -> QPoint:
        """The middle of a code block's button."""
        area = next(button.area for box in card._boxes for button in box.buttons if button.label == label)
        return self.point_in(card, area.center())


@asynccontextmanager
async def open_window(
    folder: Path,
    themes: ThemeSource,
    size: tuple[int, int] = (720, 452),
    undo_seconds: float = 60.0,
    talk: AgentTalk | None = None,
    code: CodeActions | None = None,
    parts: ChatParts | None = None,
) -> AsyncIterator[Window]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setQuitOnLastWindowClosed(False)
    themes.apply_to(app)
    failures: list[str] = []
    tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
    async with open_chat(folder, undo_seconds, talk) as chat:
        view = ChatView(chat.service, themes, tasks, parts=parts or ChatParts(code=code))
        window = Window(view, chat, failures)
        view.message.connect(window.told.append)
        view.open_requested.connect(lambda key, content: window.opened.append((key, content)))
        view.badge_changed.connect(window.badges.append)
        view.resize(*size)
        view.show()
        view.activateWindow()
        view.shown_first_time()
        await window.until(view.isActiveWindow)
        await asyncio.sleep(0.02)
        try:
            yield window
        finally:
            view.close()
            await window.until(lambda: not tasks.names)
            view.deleteLater()
            await asyncio.sleep(0.01)
        assert not failures
