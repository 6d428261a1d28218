"""A finger held still for half a second is the right click: shown by a ring that fills, cancelled by moving."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QInputDevice, QMouseEvent, QPainter, QPaintEvent, QPen, QTouchEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from chainbot_desktop.ui.theme import ThemeSource

HOLD_MS = 500
RING_AFTER_MS = 120
SLACK = 8

_Type = QEvent.Type


class LongPress(QObject):
    """Watches `target` (for a scroll area: its viewport). When held, it emits `triggered` with the global position.

    `target` then gets a context menu event there, so that one slot serves the finger, the right button and the menu key.
    """

    triggered = Signal(QPoint)

    def __init__(self, target: QWidget, themes: ThemeSource) -> None:
        super().__init__(target)
        self._target = target
        self._themes = themes
        self._start: QPointF | None = None
        self._swallow_release = False
        self._ring: _Ring | None = None
        self._hold = QTimer(self, singleShot=True, interval=HOLD_MS)
        self._hold.timeout.connect(self._on_held)
        self._show_ring = QTimer(self, singleShot=True, interval=RING_AFTER_MS)
        self._show_ring.timeout.connect(self._on_show_ring)
        target.installEventFilter(self)

    @property
    def pending(self) -> bool:
        """Whether a finger is down and may still become a long press."""
        return self._hold.isActive()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QTouchEvent):
            self._follow_touch(event)
        elif isinstance(event, QMouseEvent) and _is_finger(event):
            if self._swallow_release and kind in {_Type.MouseButtonRelease, _Type.MouseMove}:
                self._swallow_release = kind != _Type.MouseButtonRelease
                return True
            self._follow(kind, event.globalPosition(), _Type.MouseButtonPress, _Type.MouseMove)
        elif kind in {_Type.Hide, _Type.Wheel}:
            self.cancel()
        return super().eventFilter(watched, event)

    def cancel(self) -> None:
        self._start = None
        self._hold.stop()
        self._show_ring.stop()
        if self._ring is not None:
            self._ring.deleteLater()
            self._ring = None

    def _follow_touch(self, event: QTouchEvent) -> None:
        if event.type() == _Type.TouchCancel or len(event.points()) != 1:
            self.cancel()
        else:
            self._follow(event.type(), event.points()[0].globalPosition(), _Type.TouchBegin, _Type.TouchUpdate)

    def _follow(self, kind: QEvent.Type, position: QPointF, press: QEvent.Type, move: QEvent.Type) -> None:
        if kind == press:
            if self._start is None:
                self._swallow_release = False
                self._start = position
                self._hold.start()
                self._show_ring.start()
        elif kind == move:
            if self._start is not None and (position - self._start).manhattanLength() > self._themes.current.px(SLACK):
                self.cancel()
        else:
            self.cancel()

    def _on_show_ring(self) -> None:
        if self._start is not None:
            self._ring = _Ring(self._target.window(), self._start.toPoint(), self._themes)

    def _on_held(self) -> None:
        assert self._start is not None
        position = self._start.toPoint()
        self.cancel()
        self._swallow_release = True
        if isinstance(self._target, QAbstractButton):
            self._target.setDown(False)
        self.triggered.emit(position)
        local = self._target.mapFromGlobal(position)
        QApplication.sendEvent(self._target, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, local, position))


class _Ring(QWidget):
    """Around the finger, wider than it; lets every event through."""

    def __init__(self, window: QWidget, center: QPoint, themes: ThemeSource) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._themes = themes
        self._began = time.monotonic()
        side = themes.current.px(84)
        corner = window.mapFromGlobal(center) - QPoint(side // 2, side // 2)
        self.setGeometry(corner.x(), corner.y(), side, side)
        self._frames = QTimer(self, interval=16)
        self._frames.timeout.connect(self.update)
        self._frames.start()
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        share = min(1.0, (time.monotonic() - self._began) * 1000 / (HOLD_MS - RING_AFTER_MS))
        width = theme.px(4)
        box = QRectF(self.rect()).adjusted(width, width, -width, -width)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), width))
        painter.drawEllipse(box)
        painter.setPen(QPen(theme.color("accent"), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(box, 90 * 16, round(-share * 360 * 16))


def _is_finger(event: QMouseEvent) -> bool:
    return event.device().type() == QInputDevice.DeviceType.TouchScreen
