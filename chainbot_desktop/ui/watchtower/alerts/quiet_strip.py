"""Says that nothing sounds and nothing is sent now, and until when."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.alerts.words import clock
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.widgets import Button


class QuietStrip(QFrame):
    """Hidden while nothing is quiet."""

    end_wanted = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "notice")
        self._sign = QLabel()
        self._words = ElidedLabel("")
        self.end = Button("End", themes)
        self.end.setAccessibleName("End the quiet")
        self.end.clicked.connect(self.end_wanted)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._sign)
        self._row.addWidget(self._words, 1)
        self._row.addWidget(self.end)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    @property
    def text(self) -> str:
        return self._words.text()

    def show_until(self, until: str) -> None:
        """ "" when nothing is quiet."""
        self._words.setText(f"Quiet until {clock(until)}: nothing sounds and nothing is sent." if until else "")
        self.setVisible(bool(until))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._sign.setPixmap(theme.pixmap("bell-off", "needs_input", 24))
        self._row.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(4))
        self._row.setSpacing(theme.px(8))
