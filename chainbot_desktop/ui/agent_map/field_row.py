"""A name and what is known under it: a row of the details."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.agent_map.times import ago, exactly, now_utc


class FieldRow(QWidget):
    """A name and a value in a row; hidden while there is no value. A moment is told exactly after a tap, Enter or Space.

    `below`: the value stands under the name and has all the width: for a word that cannot be broken.
    """

    def __init__(self, name: str, *, below: bool = False) -> None:
        super().__init__()
        self._name = name
        self._moment = ""
        self._exact = False
        self._label, self._value = text_label("small", name), text_label("small" if below else "")
        self._value.setMinimumWidth(1)  # a long word must not make all the details wider than their panel
        self._value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        direction = QBoxLayout.Direction
        row = QBoxLayout(direction.TopToBottom if below else direction.LeftToRight, self)
        row.setContentsMargins(0, 2, 0, 2)
        row.addWidget(self._label, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._value, 1)
        self.setVisible(False)

    def set_label_width(self, width: int) -> None:
        self._label.setFixedWidth(width)

    def set_text(self, text: str) -> None:
        self.setVisible(bool(text))
        if self._value.text() != text:
            self._value.setText(text)
            self.setAccessibleName(f"{self._name}: {text}")

    def set_moment(self, moment: str) -> None:
        self._moment = moment
        self.setVisible(bool(moment))
        if moment and self.focusPolicy() == Qt.FocusPolicy.NoFocus:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self._value.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
            self.setMinimumHeight(40)
            row = self.layout()
            assert row is not None
            row.setAlignment(self._label, Qt.AlignmentFlag.AlignVCenter)
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_exactly(self, exact: bool) -> None:
        self._exact = exact

    def refresh(self, now: datetime) -> None:
        if self._moment:
            self.set_text(exactly(self._moment) if self._exact else ago(self._moment, now))

    def mouseReleaseEvent(self, event: Any) -> None:
        if self._moment and QRectF(self.rect()).contains(event.position()):
            self._toggle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._moment and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._toggle()
        else:
            super().keyPressEvent(event)

    def _toggle(self) -> None:
        self._exact = not self._exact
        self.refresh(now_utc())


def text_label(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
