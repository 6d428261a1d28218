"""The strip over a window's content: what it is on the left, what can be done on the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource


class Header(QFrame):
    """52 px high. The title shrinks before an action does."""

    def __init__(self, title: str, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "header")
        self._layout = QHBoxLayout(self)
        self._title = QLabel(title)
        self._title.setProperty("role", "title")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._subtitle = QLabel()
        self._subtitle.setProperty("role", "small")
        self._subtitle.setTextFormat(Qt.TextFormat.PlainText)
        self._subtitle.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._subtitle.hide()
        self._words = QVBoxLayout()
        self._words.setSpacing(0)
        self._words.addStretch(1)
        self._words.addWidget(self._title)
        self._words.addWidget(self._subtitle)
        self._words.addStretch(1)
        self._layout.addLayout(self._words, 1)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def set_title(self, title: str) -> None:
        self._title.setText(title)

    @property
    def subtitle(self) -> str:
        return self._subtitle.text()

    def set_subtitle(self, text: str) -> None:
        """A small line under the title; "" takes it away."""
        self._subtitle.setText(text)
        self._subtitle.setVisible(bool(text))

    def add_leading(self, widget: QWidget) -> None:
        """Before the title (a way back, a side panel's switch)."""
        self._layout.insertWidget(self._layout.indexOf(self._words), widget)

    def add_action(self, widget: QWidget, stretch: int = 0) -> None:
        self._layout.addWidget(widget, stretch)

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setFixedHeight(theme.px(52) + 1)
        self._layout.setContentsMargins(theme.px(12), 0, theme.px(8), 1)
        self._layout.setSpacing(theme.px(8))
