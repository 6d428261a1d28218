"""A finger on the editor: a tap puts the caret, a drag scrolls, two fingers change the text's size.

Scintilla's bars count lines, so the pixels of a drag are converted. The mouse events that Qt makes of touches are held back until the
finger left: else each drag would begin by selecting text.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent, QScrollEvent, QScrollPrepareEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QGestureEvent, QPinchGesture, QWidget

_STEP = 1.12
"""How much further apart two fingers go for one step of size."""
_SLACK = 8
"""Pixels a finger may move and still tap."""


class FingerScrolling(QObject):
    """Lives as long as the editor's viewport."""

    def __init__(
        self,
        viewport: QWidget,
        area: Callable[[], QAbstractScrollArea],
        line_height: Callable[[], int],
        zoom_by: Callable[[int], None],
    ) -> None:
        super().__init__(viewport)
        self._area = area
        self._line_height = line_height
        self._zoom_by = zoom_by
        self._spread = 1.0
        self._pressed: QMouseEvent | None = None
        self._passing = False
        viewport.grabGesture(Qt.GestureType.PinchGesture)
        viewport.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QScrollPrepareEvent):
            self._prepare(event)
            return True
        if isinstance(event, QScrollEvent):
            self._scroll(event.contentPos())
            event.accept()
            return True
        if isinstance(event, QMouseEvent) and not self._passing and is_finger(event):
            self._follow(event)
            return True
        if isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                self._pinch(pinch)
                event.accept(pinch)
                return True
        return super().eventFilter(watched, event)

    def _follow(self, event: QMouseEvent) -> None:
        if event.type() in {QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick}:
            self._pressed = QMouseEvent(event)
        elif self._pressed is None:
            return
        elif (event.position() - self._pressed.position()).manhattanLength() > _SLACK:
            self._pressed = None
        elif event.type() == QEvent.Type.MouseButtonRelease:
            pressed, self._pressed = self._pressed, None
            self._passing = True
            try:
                for kept in (pressed, event):
                    QApplication.sendEvent(self._area().viewport(), QMouseEvent(kept))
            finally:
                self._passing = False

    def _prepare(self, event: QScrollPrepareEvent) -> None:
        vertical, horizontal = self._area().verticalScrollBar(), self._area().horizontalScrollBar()
        height = self._line_height()
        event.setViewportSize(QSizeF(self._area().viewport().size()))
        event.setContentPosRange(QRectF(0, 0, horizontal.maximum(), vertical.maximum() * height))
        event.setContentPos(QPointF(horizontal.value(), vertical.value() * height))
        event.accept()

    def _scroll(self, position: QPointF) -> None:
        self._area().horizontalScrollBar().setValue(round(position.x()))
        self._area().verticalScrollBar().setValue(round(position.y() / self._line_height()))

    def _pinch(self, pinch: QPinchGesture) -> None:
        if pinch.state() == Qt.GestureState.GestureStarted:
            self._spread = 1.0
        self._spread *= pinch.scaleFactor()
        while self._spread > _STEP:
            self._spread /= _STEP
            self._zoom_by(1)
        while self._spread < 1 / _STEP:
            self._spread *= _STEP
            self._zoom_by(-1)


def is_finger(event: QMouseEvent) -> bool:
    """Whether Qt made this mouse event of a touch."""
    return event.device().type() == QInputDevice.DeviceType.TouchScreen
