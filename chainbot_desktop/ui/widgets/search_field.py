"""A line to search with: its magnifier, its clearing button, and a signal that waits until the typing pauses."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource

PAUSE_MS = 150


class SearchField(QLineEdit):
    """`searched` comes 150 ms after the last change of text, at once on Enter and when cleared. Escape clears."""

    searched = Signal(str)

    def __init__(self, placeholder: str, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self._magnifier = QAction(self)
        self.addAction(self._magnifier, QLineEdit.ActionPosition.LeadingPosition)
        self._clearing = QAction("Clear", self)
        self._clearing.setVisible(False)
        self._clearing.triggered.connect(self.clear)
        self.addAction(self._clearing, QLineEdit.ActionPosition.TrailingPosition)
        self._last = ""
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        self.textChanged.connect(self._on_text_changed)
        self.returnPressed.connect(self._on_pause)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)

    def _on_text_changed(self, text: str) -> None:
        self._clearing.setVisible(bool(text))
        if text:
            self._pause.start()
        else:
            self._on_pause()

    def _on_pause(self) -> None:
        self._pause.stop()
        if self.text() != self._last:
            self._last = self.text()
            self.searched.emit(self._last)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._magnifier.setIcon(theme.icon("search", "dim", 20))
        self._clearing.setIcon(theme.icon("close", "dim", 20))
