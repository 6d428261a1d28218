"""What an empty view shows: what would be here, and how to get it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button


class EmptyState(QWidget):
    """Centred icon, title, sentence, and a button when something can be done (`action` is (label, callback))."""

    def __init__(
        self,
        icon: str,
        title: str,
        text: str,
        themes: ThemeSource,
        *,
        action: tuple[str, Callable[[], object]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._picture = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel(title, alignment=Qt.AlignmentFlag.AlignCenter)
        self._title.setProperty("role", "title")
        self._title.setWordWrap(True)
        self._text = QLabel(text, alignment=Qt.AlignmentFlag.AlignCenter)
        self._text.setProperty("role", "dim")
        self._text.setWordWrap(True)
        self._layout = QVBoxLayout(self)
        self._layout.addStretch(1)
        for label in (self._picture, self._title, self._text):
            self._layout.addWidget(label)
        if action is not None:
            button = Button(action[0], themes, kind="primary")
            button.clicked.connect(action[1])
            self._layout.addWidget(button, 0, Qt.AlignmentFlag.AlignCenter)
        self._layout.addStretch(1)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def set_text(self, title: str, text: str) -> None:
        self._title.setText(title)
        self._text.setText(text)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._picture.setPixmap(theme.pixmap(self._icon, "faint", 48))
        self._layout.setContentsMargins(theme.px(24), theme.px(12), theme.px(24), theme.px(12))
        self._layout.setSpacing(theme.px(12))
