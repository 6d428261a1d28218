"""What the program has to say, one sentence at a time, in a bar under the window's content: nothing is covered, nothing is modal."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message

if TYPE_CHECKING:
    from chainbot_desktop.ui.shell.message_content import MessageContent

SHOWN_MS = 6000


class MessageBar(QWidget):
    """Information and success leave after six seconds (not while the bar has the focus); warnings and errors wait for a finger.

    What comes meanwhile queues; the same sentence again is counted, not queued.
    """

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._queue: deque[Message] = deque()
        self._current: Message | None = None
        self._times = 1
        self._content: MessageContent | None = None
        self.shown_ms = SHOWN_MS
        self._leave = QTimer(self, singleShot=True)
        self._leave.timeout.connect(self._on_time_up)
        self.hide()

    @property
    def current(self) -> Message | None:
        return self._current

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def leaves(self) -> bool:
        """Whether the shown message will go by itself."""
        return self._leave.isActive()

    def add(self, message: Message) -> None:
        if self._current is not None and _same(message, self._current):
            self._times += 1
            self._show_current()
        elif self._current is None:
            self._next_is(message)
        elif not any(_same(message, other) for other in self._queue):
            self._queue.append(message)
            self._show_current()

    def dismiss(self) -> None:
        """Close the shown message; the next one takes its place."""
        if self._queue:
            self._next_is(self._queue.popleft())
        else:
            self._current = None
            self._leave.stop()
            self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._current is not None:
            theme = self._themes.current
            token = self._current.severity  # the theme has a colour of each severity's name
            painter = QPainter(self)
            painter.fillRect(self.rect(), theme.tint(token, 0.14))
            painter.fillRect(0, 0, self.width(), 1, theme.color("line"))
            painter.fillRect(0, 0, theme.px(4), self.height(), theme.color(token))

    def _next_is(self, message: Message) -> None:
        self._current = message
        self._times = 1
        self._show_current()
        if message.severity in {"info", "success"}:
            self._leave.start(self.shown_ms)
        else:
            self._leave.stop()

    def _show_current(self) -> None:
        message = self._current
        assert message is not None
        if self._content is None:
            from chainbot_desktop.ui.shell.message_content import (
                MessageContent,  # the first paint does not wait for the widgets
            )

            self._content = MessageContent(self, self._themes)
            self._content.action.clicked.connect(self._on_action)
            self._content.closing.clicked.connect(self.dismiss)
            self._themes.changed.connect(self._on_theme_changed)
        self._content.show_message(message, self._times, len(self._queue))
        self.setAccessibleName(f"{message.severity}: {message.text} {message.hint}".strip())
        self.show()
        self.update()

    def _on_action(self) -> None:
        message = self._current
        self.dismiss()
        if message is not None and message.action is not None:
            message.action()

    def _on_time_up(self) -> None:
        focused = QApplication.focusWidget()
        if focused is not None and self.isAncestorOf(focused):
            self._leave.start(self.shown_ms)
        else:
            self.dismiss()

    def _on_theme_changed(self) -> None:
        if self._current is not None:
            self._show_current()


def _same(one: Message, other: Message) -> bool:
    return (one.text, one.severity, one.hint) == (other.text, other.severity, other.hint)
