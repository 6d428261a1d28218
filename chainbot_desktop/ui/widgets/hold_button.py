"""A button that must be held: for what cannot be taken back. It fills while it is held, and nothing happens before it is full."""

from __future__ import annotations

import time

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button

HOLD_MS = 1500
_KEYS = {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}


class HoldButton(Button):
    """`held` when it was held to the end, by finger, mouse or key."""

    held = Signal()

    def __init__(self, text: str, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(text, themes, kind="danger", parent=parent)
        self.setAccessibleDescription("Hold it for a second and a half")
        self._began = 0.0
        self._hold = QTimer(self, singleShot=True, interval=HOLD_MS)
        self._hold.setTimerType(Qt.TimerType.PreciseTimer)
        self._hold.timeout.connect(self._on_full)
        self._frames = QTimer(self, interval=16)
        self._frames.timeout.connect(self.update)
        self.pressed.connect(self._on_pressed)
        self.released.connect(self._end)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in _KEYS:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat() and not self.isDown():
            self.setDown(True)
            self.pressed.emit()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() not in _KEYS:
            super().keyReleaseEvent(event)
        elif not event.isAutoRepeat() and self.isDown():
            self.setDown(False)
            self.released.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._hold.isActive():
            return
        share = min(1.0, (time.monotonic() - self._began) * 1000 / HOLD_MS)
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("failed", 0.35))
        full = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setClipRect(QRectF(full.left(), full.top(), full.width() * share, full.height()))
        painter.drawRoundedRect(full, theme.px(8), theme.px(8))

    def _on_pressed(self) -> None:
        self._began = time.monotonic()
        self._hold.start()
        self._frames.start()

    def _end(self) -> None:
        """Also when the finger slid off it."""
        self._hold.stop()
        self._frames.stop()
        self.update()

    def _on_full(self) -> None:
        self._end()
        self.held.emit()
