"""Fingers, mouse and wheel on the charts and on the axis of time.

One finger that goes sideways pans, one that goes up or down scrolls the charts, two pinch: who went first decides until all fingers are
up. A tap points at a moment, a second one lets the charts follow the present again. The mouse points by itself, pans with the button
held; the wheel scrolls, with Ctrl (or on the axis) it zooms, sideways or with Shift it pans.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QEventPoint, QInputDevice, QMouseEvent, QTouchEvent, QWheelEvent
from PySide6.QtWidgets import QScroller, QWidget

from chainbot_desktop.ui.watchtower.metric_axis import TimeAxis
from chainbot_desktop.ui.widgets import KineticArea
from chainbot_desktop.ui.widgets.kinetic import SLACK

DOUBLE_TAP = 0.4
"""Seconds between two taps that are one."""
_NOTCH = 120
_ZOOM = 1.25
_PAN = 0.1
_NEAR = 24


class _Way(Enum):
    UNDECIDED = auto()
    PAN = auto()
    PINCH = auto()
    SCROLL = auto()


class ChartGestures(QObject):
    """Watches `watched`, whose own coordinates `plot` is in. `tapped` hears where a finger tapped or the mouse clicked.

    `area` scrolls where fingers go up and down; without one they do nothing.
    """

    def __init__(
        self,
        watched: QWidget,
        axis: TimeAxis,
        plot: Callable[[], QRectF],
        *,
        area: KineticArea | None = None,
        tapped: Callable[[QPointF], bool] = lambda _: False,
    ) -> None:
        super().__init__(watched)
        self._axis = axis
        self._plot = plot
        self._area = area
        self._tapped = tapped
        self._way: _Way | None = None
        self._from = QPointF()
        self._start = (0.0, 0.0)
        """Start and span of the axis when the way was decided."""
        self._grip = (0.0, 1.0)
        """The moment between two fingers, and how far they were apart."""
        self._last_tap = (-1e9, QPointF())
        self._pressed: QPointF | None = None
        self._dragging = False
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QTouchEvent):
            self._on_touch(event)
            event.accept()
            return True
        if isinstance(event, QWheelEvent):
            return self._on_wheel(event)
        if isinstance(event, QMouseEvent):
            return self._on_mouse(event)
        if event.type() == QEvent.Type.Leave and self._pressed is None and self._way is None:
            self._axis.point(None)
        return False

    # Fingers

    def _on_touch(self, event: QTouchEvent) -> None:
        fingers = [point for point in event.points() if point.state() != QEventPoint.State.Released]
        if event.type() == QEvent.Type.TouchBegin:
            self._way, self._from = _Way.UNDECIDED, event.points()[0].position()
        if event.type() in {QEvent.Type.TouchEnd, QEvent.Type.TouchCancel} or not fingers:
            self._lift(tap=event.type() == QEvent.Type.TouchEnd)
        elif len(fingers) >= 2:
            self._pinch(fingers[0].position(), fingers[1].position())
        elif self._way is _Way.PINCH:
            self._hold(_Way.PAN, fingers[0].position())  # one of two was lifted: the other one goes on
        else:
            self._drag(fingers[0].position())

    def _drag(self, at: QPointF) -> None:
        moved = at - self._from
        if self._way is _Way.UNDECIDED and max(abs(moved.x()), abs(moved.y())) > SLACK:
            if abs(moved.x()) > abs(moved.y()):
                self._hold(_Way.PAN, self._from)  # what was under the finger comes under it again
            else:
                self._way = _Way.SCROLL
        if self._way is _Way.PAN:
            start, span = self._start
            self._axis.show(start - moved.x() / self._plot().width() * span, span)

    def _pinch(self, one: QPointF, other: QPointF) -> None:
        middle = (one + other) / 2
        apart = max(24.0, (one - other).manhattanLength())
        if self._way is not _Way.PINCH:
            self._hold(_Way.PINCH, middle)
            self._grip = (self._axis.moment(self._share(middle)), apart)
        moment, was_apart = self._grip
        span = self._start[1] * was_apart / apart
        self._axis.zoom(span / self._axis.span, moment)
        self._axis.show(moment - self._share(middle) * self._axis.span, self._axis.span)

    def _hold(self, way: _Way, at: QPointF) -> None:
        """From here on the fingers move the axis, and the charts do not scroll."""
        self._way, self._from = way, at
        self._start = (self._axis.start, self._axis.span)
        if self._area is not None:
            QScroller.scroller(self._area.viewport()).stop()
            self._area.hold_still(True)

    def _lift(self, *, tap: bool) -> None:
        way, self._way = self._way, None
        if self._area is not None:
            self._area.hold_still(False)
        if tap and way is _Way.UNDECIDED:
            self._tap(self._from)

    def _tap(self, at: QPointF) -> None:
        before, self._last_tap = self._last_tap, (time.monotonic(), at)
        if time.monotonic() - before[0] < DOUBLE_TAP and (before[1] - at).manhattanLength() < _NEAR:
            self._last_tap = (-1e9, at)
            self._axis.follow()
        elif not self._tapped(at):
            self._axis.point(self._axis.moment(self._share(at)))

    # Mouse and wheel

    def _on_mouse(self, event: QMouseEvent) -> bool:
        if event.device().type() == QInputDevice.DeviceType.TouchScreen:
            return True  # the finger itself was heard
        kind, at = event.type(), event.position()
        if kind == QEvent.Type.MouseButtonDblClick:
            self._axis.follow()
        elif kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragging = at, False
            self._start = (self._axis.start, self._axis.span)
        elif kind == QEvent.Type.MouseMove and self._pressed is not None:
            self._drag_mouse(at)
        elif kind == QEvent.Type.MouseMove:
            self._axis.point(self._axis.moment(self._share(at)))
        elif kind == QEvent.Type.MouseButtonRelease and self._pressed is not None:
            dragged, self._pressed = self._dragging, None
            if not dragged:
                self._tapped(at)
        else:
            return False
        return True

    def _drag_mouse(self, at: QPointF) -> None:
        assert self._pressed is not None
        moved = at.x() - self._pressed.x()
        self._dragging = self._dragging or abs(moved) > SLACK
        if self._dragging:
            start, span = self._start
            self._axis.show(start - moved / self._plot().width() * span, span)

    def _on_wheel(self, event: QWheelEvent) -> bool:
        turned = event.angleDelta()
        held = event.modifiers()
        if held & Qt.KeyboardModifier.ShiftModifier or abs(turned.x()) > abs(turned.y()):
            delta = turned.x() or turned.y()
            self._axis.pan(-delta / _NOTCH * _PAN * self._axis.span)
        elif held & Qt.KeyboardModifier.ControlModifier or self._area is None:
            self._axis.zoom(_ZOOM ** (-turned.y() / _NOTCH), self._axis.moment(self._share(event.position())))
        else:
            return False
        event.accept()
        return True

    def _share(self, at: QPointF) -> float:
        plot = self._plot()
        return min(1.0, max(0.0, (at.x() - plot.left()) / plot.width()))
