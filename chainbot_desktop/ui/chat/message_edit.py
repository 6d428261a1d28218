"""The text field of the composer: it hands keys and what is pasted to its owner first."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

from chainbot_desktop.ui.widgets.kinetic import make_kinetic

_MOST_LINES = 6
PLACEHOLDER = "Message or /command"


class MessageEdit(QPlainTextEdit):
    """`key_pressed` and `pasted` say whether they took it; what they leave is Qt's to do."""

    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.key_pressed: Callable[[QKeyEvent], bool] = lambda event: False
        self.pasted: Callable[[QMimeData], bool] = lambda mime: False
        self.placeholder = PLACEHOLDER
        self.setAccessibleName("Message")
        self.setTabChangesFocus(True)
        self.setAcceptDrops(False)  # the whole window is the target
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        make_kinetic(self)

    def insert_text(self, text: str) -> QTextCursor:
        """Put `text` in place of the selection; what was put there stays marked by the cursor that is returned."""
        cursor = self.textCursor()
        begin = cursor.selectionStart()
        cursor.insertText(text)
        marked = self.textCursor()
        marked.setPosition(begin)
        marked.setPosition(cursor.position(), QTextCursor.MoveMode.KeepAnchor)
        self.ensureCursorVisible()
        return marked

    def fit(self, least: int, most: int, around: int) -> None:
        """As high as its lines, up to six of them, and `around` them. The caret stays in sight."""
        lines = 0
        block = self.document().begin()
        while block.isValid() and lines < _MOST_LINES:
            lines += max(1, block.layout().lineCount())
            block = block.next()
        lines = min(_MOST_LINES, max(1, lines))
        height = min(most, max(least, lines * self.fontMetrics().lineSpacing() + around))
        if height != self.height():
            self.setFixedHeight(height)
            self.ensureCursorVisible()

    def event(self, event: QEvent) -> bool:
        # Tab would leave the field before keyPressEvent hears of it.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._is_taken(event):
            return True
        return super().event(event)

    def _is_taken(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_Tab and self.key_pressed(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.key_pressed(event):
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802 (Qt's name)
        return source.hasImage() or source.hasUrls() or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802 (Qt's name)
        if not self.pasted(source):
            super().insertFromMimeData(source)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.document().isEmpty():  # Qt's own placeholder keeps the font that the program began with
            painter = QPainter(self.viewport())
            painter.setFont(self.font())
            painter.setPen(self.palette().placeholderText().color())
            margin = int(self.document().documentMargin())
            painter.drawText(self.viewport().rect().adjusted(margin, margin, 0, 0), Qt.AlignmentFlag.AlignTop, self.placeholder)

    def focusOutEvent(self, event: QEvent) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]  # Qt calls it with a focus event
        self.left.emit()
