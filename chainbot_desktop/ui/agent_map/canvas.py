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
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.ui.agent_map.camera import ZOOM_STEP
from chainbot_desktop.ui.agent_map.canvas_keys import CanvasKeys
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.gestures import DRAG_AFTER, Gestures
from chainbot_desktop.ui.agent_map.hand_canvas import HandCanvas
from chainbot_desktop.ui.agent_map.history import Move
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.long_press import LongPress

LINK_REACH = 24
"""Pixels beside a link that a finger may be."""
_ADDING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier

_Type = QEvent.Type
_TOUCHES = {_Type.TouchBegin, _Type.TouchUpdate, _Type.TouchEnd}


class MapCanvas(HandCanvas):
    """Implements `GestureTarget`. It moves nodes on the screen; whether a move is kept is decided by who hears `dropped`."""

    selected = Signal(object)
    """The agent's id, or None."""
    opened = Signal(str)
    toggled = Signal(str)
    """This one is selected too from now on, or no longer."""
    all_wanted = Signal()
    mode_wanted = Signal()
    """In or out of select mode."""
    stepped_back = Signal()
    """Escape, when nothing is on its way."""
    dropped = Signal(object)
    """A tuple of `Move`: what was dragged together."""
    nudged = Signal(object, float, float)
    """By a key: (agent ids, dx, dy) in scene units."""
    link_chosen = Signal(object)
    """The id of the link that was tapped."""
    next_link_wanted = Signal()
    release_wanted = Signal(str)
    context_requested = Signal(object, QPoint)
    """(agent id or None, global position)"""
    slid = Signal(QPoint, bool)
    """The finger that opened the actions moves on, or (True) lets go: a global position."""

    def __init__(self, scene: MapScene, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(scene, themes, parent)
        self.read_only = False
        """While the map shows the past: nothing can be moved."""
        self._drag: dict[str, Point] = {}
        self._adding = False
        self._holding = False
        self._gestures = Gestures(self)
        self._keys = CanvasKeys(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of agents")
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self._long_press = LongPress(self.viewport(), themes)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    # What gestures do (GestureTarget).

    def drag_began(self, agent_id: str) -> None:
        if self.read_only:
            return
        chosen = self._map.chosen if agent_id in self._map.chosen else (agent_id,)
        places = {id_: self._map.model.places.get(id_) for id_ in chosen}
        self._drag = {id_: point for id_, point in places.items() if point is not None}
        if self._drag:
            self.steered = True
            self._map.lift(self._drag)
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def dragged_by(self, dx: float, dy: float) -> None:
        scale = self.transform().m11()
        there = [id_ for id_ in self._drag if id_ in self._map.model.agents]
        for id_ in there:
            start = self._drag[id_]
            self._map.model.hold(id_, Point(start.x + dx / scale, start.y + dy / scale))
        self._map.touch(*there)

    def drag_ended(self, *, kept: bool) -> None:
        drag, self._drag = self._drag, {}
        if not drag:
            return
        self.viewport().unsetCursor()
        self._map.lift(())
        moves: list[Move] = []
        for id_, start in drag.items():
            end = self._map.model.places.get(id_)
            if end is None:
                continue  # it left while it was in the hand
            if kept and end != start:
                moves.append(Move(id_, start, end))
            else:
                self._map.model.release(id_)
                self._map.touch(id_)
        if moves:
            self.dropped.emit(tuple(moves))

    def tapped(self, agent_id: str | None, point: Point) -> None:
        if self.aiming:
            source = self.hand.source
            self.end_aim()
            if agent_id is not None and source is not None and agent_id != source:
                self.link_wanted.emit(source, agent_id)
        elif agent_id is not None and (self.selecting or self._adding):
            self.toggled.emit(agent_id)
        elif agent_id is not None or not self._tapped_link(point):
            self.selected.emit(agent_id)

    def _tapped_link(self, point: Point) -> bool:
        """Only where no node is."""
        if self.selecting:
            return True  # bare ground clears nothing there: a finger that misses must not cost what was selected
        at = self.mapToScene(round(point.x), round(point.y))
        link = self._map.link_at(at, self._themes.current.px(LINK_REACH) / self.transform().m11())
        if link is not None:
            self.link_chosen.emit(link.entanglement_id)
        return link is not None

    def double_tapped(self, agent_id: str) -> None:
        if self.selecting or self._adding:
            self.toggled.emit(agent_id)
        else:
            self.opened.emit(agent_id)

    def step_back(self) -> bool:
        """Escape: what is on its way is given up; else what is selected. False when there is nothing."""
        if self._gestures.busy:
            self._gestures.cancel()
        elif self.aiming:
            self.end_aim()
        elif self.selecting or self.hand.link is not None or self._map.chosen:
            self.stepped_back.emit()
        else:
            return False
        return True

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
                self._adding = False
                self._gestures.touch(down)
                self._slide(event.points()[0].globalPosition().toPoint(), let_go=not down)
            else:
                self._holding = False
                self._gestures.cancel()
                self._gestures.touch({})
            event.accept()
            return True
        if isinstance(event, QContextMenuEvent):
            self._holding = self._gestures.pressed or bool(QApplication.mouseButtons() & Qt.MouseButton.RightButton)
            self._gestures.cancel()
            self._on_context(event)
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._adding = bool(event.modifiers() & _ADDING)
            self._gestures.press(_point(event.position()))
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._gestures.move(_point(event.position()))
        self._slide(event.globalPosition().toPoint(), let_go=False)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._gestures.release(_point(event.position()))
        self._slide(event.globalPosition().toPoint(), let_go=True)
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        pixels = event.pixelDelta()
        if event.device().type() == QInputDevice.DeviceType.TouchPad and not pixels.isNull() and not event.modifiers():
            self.pan_by(pixels.x(), pixels.y())
        elif event.angleDelta().y():
            self.zoom_by(ZOOM_STEP ** (event.angleDelta().y() / 120), _point(event.position()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._keys.press(event):
            event.ignore()  # QGraphicsView would scroll by Page Up and the like: the camera is ours

    def hideEvent(self, event: QHideEvent) -> None:
        self._holding = False
        self._gestures.cancel()
        self._gestures.touch({})
        super().hideEvent(event)

    def _on_context(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            chosen = self._map.selected
            point = self._map.model.places.get(chosen) if chosen is not None else None
            at = self.mapFromScene(point.x, point.y) if point is not None else self.viewport().rect().center()
            self.context_requested.emit(chosen, self.viewport().mapToGlobal(at))
        else:
            self.context_requested.emit(self.node_under(_point(QPointF(event.pos()))), event.globalPos())

    def _slide(self, at: QPoint, *, let_go: bool) -> None:
        if self._holding:
            self._holding = not let_go
            self.slid.emit(at, let_go)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._gestures.drag_after = theme.px(DRAG_AFTER)


def _point(at: QPointF) -> Point:
    return Point(at.x(), at.y())
