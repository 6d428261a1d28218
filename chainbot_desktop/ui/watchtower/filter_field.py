"""The filter over a list: what is typed there, and how one gets from it to the list."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import SearchField


class FilterField(SearchField):
    left = Signal()
    """Enter, Down, or Escape where nothing is left to clear: the focus is to go to the list."""

    def __init__(self, placeholder: str, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(placeholder, themes, parent)
        self.returnPressed.connect(self.left)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down or (event.key() == Qt.Key.Key_Escape and not self.text()):
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def take_focus(self) -> None:
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()
