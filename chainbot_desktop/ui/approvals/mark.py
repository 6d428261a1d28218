"""A word with a sign in a pill of its own colour: whether what is asked for runs confined."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource


class Mark(QFrame):
    """`show_mark` with an icon and a token of the theme; hidden until then."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._icon, self._token = "", ""
        self._picture, self._word = QLabel(), QLabel()
        self._word.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout(self)
        row.addWidget(self._picture)
        row.addWidget(self._word)
        themes.changed.connect(self._on_theme_changed)
        self.hide()

    @property
    def word(self) -> str:
        return self._word.text()

    def show_mark(self, word: str, icon: str, token: str) -> None:
        self._icon, self._token = icon, token
        self._word.setText(word)
        self._on_theme_changed(self._themes.current)
        self.show()

    def _on_theme_changed(self, theme: Theme) -> None:
        if not self._token:
            return
        colour, ground = theme.color(self._token).name(), theme.tint(self._token, 0.14).name()
        self._picture.setPixmap(theme.pixmap(self._icon, self._token, 16))
        self.setStyleSheet(
            f"Mark {{ background: {ground}; border: 1px solid {colour}; border-radius: {theme.px(8)}px }}"
            f"QLabel {{ color: {colour}; font-size: {theme.font('small').pixelSize()}px; font-weight: 600 }}"
        )
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(theme.px(8), theme.px(3), theme.px(8), theme.px(3))
        layout.setSpacing(theme.px(4))
