"""A box that holds one thing."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource


class Card(QFrame):
    """Put content into `body` (a vertical layout)."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None, *, padding: int = 12) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._padding = padding
        self.body = QVBoxLayout(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        self.body.setContentsMargins(*[theme.px(self._padding)] * 4)
        self.body.setSpacing(theme.px(8))
