"""A line over the editor that says what a person must know about this text, with what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton

Grade = Literal["info", "warning"]
_TOKENS = {"info": "info", "warning": "needs_input"}


@dataclass(frozen=True)
class Notice:
    text: str
    grade: Grade = "info"
    actions: Sequence[tuple[str, Callable[[], object]]] = ()


class NoticeBar(QFrame):
    closed = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._notice: Notice | None = None
        self._buttons: list[Button] = []
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._closing = IconButton("close", "Close", themes)
        self._closing.clicked.connect(self.closed)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._icon)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(self._closing)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    @property
    def notice(self) -> Notice | None:
        return self._notice

    def show_notice(self, notice: Notice | None) -> None:
        """None hides it."""
        if notice == self._notice:
            return
        self._notice = notice
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        self.setVisible(notice is not None)
        if notice is None:
            return
        self._text.setText(notice.text)
        for label, callback in notice.actions:
            button = Button(label, self._themes)
            button.clicked.connect(lambda _=False, run=callback: run())
            self._row.insertWidget(self._row.indexOf(self._closing), button)
            button.show()
            self._buttons.append(button)
        self._on_theme_changed(self._themes.current)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.tint(self._token, 0.14, "ground"))
        painter.fillRect(0, 0, theme.px(3), self.height(), theme.color(self._token))

    @property
    def _token(self) -> str:
        return _TOKENS[self._notice.grade if self._notice is not None else "info"]

    def _on_theme_changed(self, theme: Theme) -> None:
        warning = self._notice is not None and self._notice.grade == "warning"
        self._icon.setPixmap(theme.pixmap("warning" if warning else "info", self._token, 20))
        self._row.setContentsMargins(theme.px(12), theme.px(2), theme.px(8), theme.px(2))
        self._row.setSpacing(theme.px(8))
