"""STOP ALL: held for one second while a ring fills, by finger, mouse or key. No question is asked, and no tap sets it off."""

from __future__ import annotations

import time

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen

from chainbot_desktop.ui.shell.rail_button import RailButton
from chainbot_desktop.ui.theme import ThemeSource

HOLD_MS = 1000

_HOLDING_KEYS = {Qt.Key.Key_Return, Qt.Key.Key_Enter}
"""Besides Space, which every button knows."""


class StopButton(RailButton):
    """`held` when it was held to the end, `let_go` when it was not."""

    held = Signal()
    let_go = Signal()

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__("stop", "Stop all", themes, token="failed")
        self.setAccessibleName("Stop all agents")
        self.setAccessibleDescription("Hold for one second, or press Ctrl+Shift+Esc twice")
        self.setToolTip("Hold for one second: stops every agent (Ctrl+Shift+Esc twice)")
        self._stopping = self._narrow = False
        self._began = 0.0
        self._full = False
        self._hold = QTimer(self, singleShot=True, interval=HOLD_MS)
        self._hold.setTimerType(Qt.TimerType.PreciseTimer)
        self._hold.timeout.connect(self._on_full)
        self._frames = QTimer(self, interval=16)
        self._frames.timeout.connect(self.update)
        self.pressed.connect(self._on_pressed)
        self.released.connect(self._on_released)

    @property
    def share(self) -> float:
        """How much of the ring is full, 0 to 1."""
        if self._full:
            return 1.0
        return min(1.0, (time.monotonic() - self._began) * 1000 / HOLD_MS) if self._hold.isActive() else 0.0

    def set_stopping(self, stopping: bool) -> None:
        """While the agents are being stopped."""
        self._stopping = stopping
        self._show_word()

    def set_narrow(self, narrow: bool) -> None:
        """Where the rail lies there is room for one short word."""
        self._narrow = narrow
        self._show_word()

    def _show_word(self) -> None:
        self.setText("Stopping" if self._stopping else "Stop" if self._narrow else "Stop all")
        self.setAccessibleName("Stopping all agents" if self._stopping else "Stop all agents")
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _HOLDING_KEYS:
            if not event.isAutoRepeat() and not self.isDown():
                self.setDown(True)
                self.pressed.emit()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() in _HOLDING_KEYS:
            if not event.isAutoRepeat() and self.isDown():
                self.setDown(False)
                self.released.emit()
        else:
            super().keyReleaseEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        share = self.share
        if share:
            theme = self._themes.current
            icon, _ = self._places(theme)
            width = theme.px(3)
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("failed", 0.3))  # all of it fills as well: a finger covers the ring
            full = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.setClipRect(full.adjusted(0, full.height() * (1 - share), 0, 0))
            painter.drawRoundedRect(full, theme.px(10), theme.px(10))
            painter.setClipping(False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            box = QRectF(icon).adjusted(-1, -1, 1, 1)
            painter.setPen(QPen(theme.color("line"), width))
            painter.drawEllipse(box)
            painter.setPen(QPen(theme.color("failed"), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawArc(box, 90 * 16, round(-share * 360 * 16))

    def _on_pressed(self) -> None:
        self._full = False
        self._began = time.monotonic()
        self._hold.start()
        self._frames.start()

    def _on_released(self) -> None:
        """Also when the finger slid off it, or the keyboard went elsewhere."""
        early = self._hold.isActive()
        self._hold.stop()
        self._frames.stop()
        self._full = False
        self.update()
        if early:
            self.let_go.emit()

    def _on_full(self) -> None:
        self._full = True
        self._frames.stop()
        self.update()
        self.held.emit()
