"""A list with the details of one row: beside it where there is room, over it where there is not."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from chainbot_desktop.ui.theme import ThemeSource

BESIDE = 900
"""Pixels of width from which both are shown."""


class SidePanel(QWidget):
    """Lays out `content` and `panel`. Escape closes the panel and gives the focus back to `content`'s focus proxy."""

    panel_closed = Signal()

    def __init__(self, content: QWidget, panel: QWidget, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._content = content
        self._panel = panel
        self._line = QFrame(self)
        self._line.setProperty("kind", "line")
        content.setParent(self)
        panel.setParent(self)
        panel.setAutoFillBackground(True)
        panel.setProperty("ground", "window")
        panel.hide()
        self._line.hide()
        panel.installEventFilter(self)
        themes.changed.connect(self._lay_out)

    @property
    def is_open(self) -> bool:
        return not self._panel.isHidden()

    def open(self) -> None:
        self._panel.show()
        self._lay_out()

    def close_panel(self) -> None:
        if not self.is_open:
            return
        self._panel.hide()
        self._line.hide()
        self._content.show()
        self._lay_out()
        self._content.setFocus(Qt.FocusReason.OtherFocusReason)
        self.panel_closed.emit()

    @property
    def covers(self) -> bool:
        """Whether the open panel hides the content."""
        return self.is_open and self.width() < self._themes.current.px(BESIDE)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.is_open:
            self.close_panel()
            return
        super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.close_panel()
            return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _lay_out(self) -> None:
        width, height = self.width(), self.height()
        if not self.is_open:
            self._content.setGeometry(0, 0, width, height)
        elif self.covers:
            self._content.hide()
            self._panel.setGeometry(0, 0, width, height)
            self._line.hide()
        else:
            share = min(self._themes.current.px(460), width * 2 // 5)
            self._content.show()
            self._content.setGeometry(0, 0, width - share - 1, height)
            self._line.setGeometry(width - share - 1, 0, 1, height)
            self._line.show()
            self._panel.setGeometry(width - share, 0, share, height)
