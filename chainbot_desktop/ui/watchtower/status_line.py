"""The small line under a filter: how much there is, or what is wrong. It is as wide as there is room, whatever it says."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from chainbot_desktop.ui.theme import Theme, ThemeSource


class StatusLine(QLabel):
    """The whole text is its tool tip."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self._is_error = False
        self.setProperty("role", "small")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def say(self, text: str, *, error: bool = False) -> None:
        if text != self.text():
            self.setText(text)
            self.setToolTip(text)
        if error != self._is_error:
            self._is_error = error
            self._color()

    def _color(self) -> None:
        self.setStyleSheet(f"color: {self._themes.current.color('failed').name()}" if self._is_error else "")

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setFixedHeight(theme.px(20))
        self._color()
