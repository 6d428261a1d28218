"""The parts of the message bar, made when there is a first message: the first paint does not wait for them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message, Severity
from chainbot_desktop.ui.widgets.button import Button, IconButton

_ICONS: Mapping[Severity, str] = {"info": "info", "success": "check", "warning": "warning", "error": "error"}


class MessageContent:
    """Puts its parts into `bar`; `action` and `closing` are for the bar to connect."""

    def __init__(self, bar: QWidget, themes: ThemeSource) -> None:
        self._themes = themes
        self._icon = QLabel()
        self._text = _paragraph("")
        self._hint = _paragraph("small")
        self._more = _paragraph("small")
        self._more.setWordWrap(False)
        self.action = Button("", themes)
        self.closing = IconButton("close", "Close message", themes)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._text)
        words.addWidget(self._hint)
        self._layout = QHBoxLayout(bar)
        self._layout.addWidget(self._icon)
        self._layout.addLayout(words, 1)
        for widget in (self._more, self.action, self.closing):
            self._layout.addWidget(widget)

    def show_message(self, message: Message, times: int, waiting: int) -> None:
        theme = self._themes.current
        self._icon.setPixmap(theme.pixmap(_ICONS[message.severity], message.severity, 24))
        self._text.setText(f"{message.text} (×{times})" if times > 1 else message.text)
        self._hint.setText(message.hint)
        self._hint.setVisible(bool(message.hint))
        self._more.setText(f"{waiting} more")
        self._more.setVisible(bool(waiting))
        self.action.setText(message.action_label)
        self.action.setVisible(bool(message.action_label))
        self._layout.setContentsMargins(theme.px(16), theme.px(4), theme.px(8), theme.px(4))
        self._layout.setSpacing(theme.px(8))


def _paragraph(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
