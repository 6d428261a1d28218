"""What stays of the card when it was put away: a bar that says that somebody waits, and brings it back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button


class WaitingStrip(QFrame):
    """Hidden while nothing waits or the card is open."""

    answer_requested = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.setProperty("kind", "notice")
        self._sign, self._text = QLabel(), QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self.answer = Button("Answer", themes)
        self.answer.clicked.connect(self.answer_requested)
        row = QHBoxLayout(self)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(self.answer)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def show_waiting(self, count: int, first: str) -> None:
        """`first` is the name of the agent that has waited longest."""
        others = count - 1
        more = f" and {others} more {'request' if others == 1 else 'requests'}" if others else ""
        self._text.setText(f"{first} waits for your answer{more}.")
        self.show()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._sign.setPixmap(theme.pixmap("state-needs-input", "needs_input", 24))
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(theme.px(16), theme.px(4), theme.px(8), theme.px(4))
        layout.setSpacing(theme.px(8))
