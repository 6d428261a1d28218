"""What fingers, mouse, wheel and keys do on the map."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHideEvent,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QTouchEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.agent_map.camera import ZOOM_STEP, MapCamera
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.gestures import DRAG_AFTER, Gestures
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.long_press import LongPress

NUDGE = 24.0
_TOUCH_SLACK = 8.0

_Type = QEvent.Type
_TOUCHES = {_Type.TouchBegin, _Type.TouchUpdate, _Type.TouchEnd}
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class MapCanvas(MapCamera):
    """Implements `GestureTarget`. It moves nodes on the screen; whether a move is kept is decided by who hears `dropped`."""

    selected = Signal(object)
    """The agent's id, or None."""
    opened = Signal(str)
    dropped = Signal(str, object, object)
    """(agent id, Point before, Point after)"""
    nudged = Signal(str, float, float)
    """By a key: (agent id, dx, dy) in scene units."""
    context_requested = Signal(object, QPoint)
    """(agent id or None, global position)"""

    def __init__(self, scene: MapScene, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(scene, themes, parent)
        self._drag: tuple[str, Point] | None = None
        self.read_only = False
        """While the map shows the past: nothing can be moved."""
        self._gestures = Gestures(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of agents")
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self._long_press = LongPress(self.viewport(), themes)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    # What gestures do (GestureTarget).

    def node_under(self, point: Point) -> str | None:
        at = self.mapToScene(round(point.x), round(point.y))
        return self._map.node_at(at) or self._map.node_at(at, _TOUCH_SLACK / self.transform().m11())

    def drag_began(self, agent_id: str) -> None:
        point = self._map.model.places.get(agent_id)
        if point is None or self.read_only:
            return
        self.steered = True
        self._drag = (agent_id, point)
        self._map.lift((agent_id,))
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def dragged_by(self, dx: float, dy: float) -> None:
        if self._drag is None:
            return
        agent_id, start = self._drag
        if agent_id not in self._map.model.agents:
            return
        scale = self.transform().m11()
        self._map.model.hold(agent_id, Point(start.x + dx / scale, start.y + dy / scale))
        self._map.touch(agent_id)

    def drag_ended(self, *, kept: bool) -> None:
        if self._drag is None:
            return
        (agent_id, start), self._drag = self._drag, None
        self.viewport().unsetCursor()
        self._map.lift(())
        end = self._map.model.places.get(agent_id)
        if end is None:
            return  # it left while it was in the hand
        if kept and end != start:
            self.dropped.emit(agent_id, start, end)
        else:
            self._map.model.release(agent_id)
            self._map.touch(agent_id)

    def tapped(self, agent_id: str | None) -> None:
        self.selected.emit(agent_id)

    def double_tapped(self, agent_id: str) -> None:
        self.opened.emit(agent_id)

    # Events.

    def viewportEvent(self, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QTouchEvent):
            if kind in _TOUCHES:
                down = {
                    point.id(): Point(point.position().x(), point.position().y())
                    for point in event.points()
                    if point.state() != point.state().Released
                }
                self._gestures.touch(down)
            else:
                self._gestures.cancel()
                self._gestures.touch({})
            event.accept()
            return True
        if isinstance(event, QContextMenuEvent):
            self._gestures.cancel()
            self._on_context(event)
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._gestures.press(_point(event.position()))
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._gestures.move(_point(event.position()))
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._gestures.release(_point(event.position()))
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        pixels = event.pixelDelta()
        if event.device().type() == QInputDevice.DeviceType.TouchPad and not pixels.isNull() and not event.modifiers():
            self.pan_by(pixels.x(), pixels.y())
        elif event.angleDelta().y():
            self.zoom_by(ZOOM_STEP ** (event.angleDelta().y() / 120), _point(event.position()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _ARROWS:
            self._on_arrow(*_ARROWS[key], nudge=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_step(1)
        elif key == Qt.Key.Key_Minus:
            self.zoom_step(-1)
        elif key == Qt.Key.Key_0:
            self.full_size()
        elif key == Qt.Key.Key_F and not event.modifiers():
            self.fit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._map.selected is not None:
            self.opened.emit(self._map.selected)
        elif key == Qt.Key.Key_Escape and (self._drag is not None or self._map.selected is not None):
            if self._drag is not None:
                self._gestures.cancel()
            else:
                self.selected.emit(None)
        else:
            event.ignore()  # QGraphicsView would scroll by Page Up and the like: the camera is ours

    def hideEvent(self, event: QHideEvent) -> None:
        self._gestures.cancel()
        self._gestures.touch({})
        super().hideEvent(event)

    def _on_arrow(self, dx: int, dy: int, *, nudge: bool) -> None:
        chosen = self._map.selected
        if nudge:
            if chosen is not None and not self.read_only:
                self.nudged.emit(chosen, dx * NUDGE, dy * NUDGE)
            return
        start = self._map.model.places.get(chosen) if chosen is not None else None
        if start is None:
            middle = self.view_ground().center()
            neighbour = self._map.model.nearest(_point(middle), lambda x, y: x * x + y * y)
        else:

            def cost(x: float, y: float) -> float | None:
                along, across = x * dx + y * dy, x * dy + y * dx
                return along + 2 * abs(across) if along > 0 and abs(across) <= 3 * along else None

            neighbour = self._map.model.nearest(start, cost, but=chosen)
        if neighbour is not None:
            self.selected.emit(neighbour)
            self.keep_in_view(neighbour)

    def _on_context(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            chosen = self._map.selected
            point = self._map.model.places.get(chosen) if chosen is not None else None
            at = self.mapFromScene(point.x, point.y) if point is not None else self.viewport().rect().center()
            self.context_requested.emit(chosen, self.viewport().mapToGlobal(at))
        else:
            self.context_requested.emit(self.node_under(_point(QPointF(event.pos()))), event.globalPos())

    def _on_theme_changed(self, theme: Theme) -> None:
        self._gestures.drag_after = theme.px(DRAG_AFTER)


def _point(at: QPointF) -> Point:
    return Point(at.x(), at.y())
