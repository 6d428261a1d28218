"""Scrolling with a finger: a drag moves the content and lets it glide; the mouse keeps its wheel, bars and selecting."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QScrollArea,
    QScroller,
    QScrollerProperties,
    QWidget,
)

SLACK = 8
"""Pixels that a finger may tremble in a tap."""

_DRAG_AFTER_METRES = 0.0025
"""About the 8 px after which a press is a drag."""

V = TypeVar("V", bound=QAbstractScrollArea)


def make_kinetic(view: V) -> V:
    """Let a finger scroll `view` (only touch: the mouse is left alone); returns it."""
    viewport = view.viewport()
    viewport.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
    QScroller.grabGesture(viewport, QScroller.ScrollerGestureType.TouchGesture)
    scroller = QScroller.scroller(viewport)
    properties = scroller.scrollerProperties()
    metric = QScrollerProperties.ScrollMetric
    never = QScrollerProperties.OvershootPolicy.OvershootAlwaysOff
    for key, value in (
        (metric.HorizontalOvershootPolicy, never),
        (metric.VerticalOvershootPolicy, never),
        (metric.DragStartDistance, _DRAG_AFTER_METRES),
        (metric.DecelerationFactor, 0.3),
        (metric.MaximumVelocity, 0.8),
        (metric.AxisLockThreshold, 0.6),
        (metric.FrameRate, QScrollerProperties.FrameRates.Fps60),
    ):
        properties.setScrollMetric(metric(key), value)
    scroller.setScrollerProperties(properties)
    if isinstance(view, QAbstractItemView):
        _TapChooses(view)
        view.ensurePolished()  # else its first rows are measured before the style sheet reached it
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    return view


class KineticArea(QScrollArea):
    """A scroll area for one widget that grows with the area's width and is scrolled vertically, by finger too."""

    def __init__(self, content: QWidget | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if content is not None:
            self.setWidget(content)
        self.viewport().setAutoFillBackground(False)
        make_kinetic(self)
        QScroller.scroller(self.viewport()).stateChanged.connect(self._on_scroller_state_changed)

    def setWidget(self, widget: QWidget) -> None:
        """The content lies on whatever the area lies on."""
        super().setWidget(widget)
        widget.setAutoFillBackground(False)

    def hold_still(self, still: bool) -> None:
        scroller = QScroller.scroller(self.viewport())
        properties = scroller.scrollerProperties()
        properties.setScrollMetric(QScrollerProperties.ScrollMetric.DragStartDistance, 1.0 if still else _DRAG_AFTER_METRES)
        scroller.setScrollerProperties(properties)

    def _on_scroller_state_changed(self, state: QScroller.State) -> None:
        """A finger that began on a button and scrolls lets go of it: lifting it there must not click."""
        if state == QScroller.State.Dragging:
            for button in self.findChildren(QAbstractButton):
                if button.isDown():
                    outside, none = QPointF(-1, -1), Qt.MouseButton.NoButton
                    kind, left = QEvent.Type.MouseButtonRelease, Qt.MouseButton.LeftButton
                    there = QPointF(button.mapToGlobal(QPoint(-1, -1)))
                    release = QMouseEvent(kind, outside, there, left, none, Qt.KeyboardModifier.NoModifier)
                    QCoreApplication.sendEvent(button, release)


class _TapChooses(QObject):
    """A row is chosen when the finger lifts where it came down, not when it lands: else every scrolling would choose one."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._viewport = view.viewport()
        self._press: QMouseEvent | None = None
        self._replaying = False
        self._viewport.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ContextMenu:
            self._press = None  # the finger was held: that was the right click
        if (
            self._replaying
            or not isinstance(event, QMouseEvent)
            or event.device().type() != QInputDevice.DeviceType.TouchScreen
        ):
            return False
        kind = event.type()
        if kind in {QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick}:
            self._press = event.clone()
        elif self._press is not None and self._far_from_press(event):
            self._press = None
        elif kind == QEvent.Type.MouseButtonRelease and self._press is not None:
            press, self._press = self._press, None
            self._replaying = True
            QCoreApplication.sendEvent(self._viewport, press)
            QCoreApplication.sendEvent(self._viewport, event)
            self._replaying = False
        return True

    def _far_from_press(self, event: QMouseEvent) -> bool:
        assert self._press is not None
        return (event.position() - self._press.position()).manhattanLength() > SLACK


def hold_still(inside: QWidget, still: bool) -> None:
    """While something in a kinetic area is dragged the same finger must not scroll the area."""
    area = inside.parentWidget()
    while area is not None and not isinstance(area, KineticArea):
        area = area.parentWidget()
    if area is not None:
        area.hold_still(still)
