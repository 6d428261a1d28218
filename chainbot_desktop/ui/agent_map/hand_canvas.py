"""The map with what a hand does on it drawn over it: links on their way, rubber bands, who is meant. It knows no events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.agent_map.camera import MapCamera
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.hand import Hand, draw_hand, handle_of
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.agent_map.zooms import Projection
from chainbot_desktop.ui.theme import ThemeSource

_TOUCH_SLACK = 8.0


class HandCanvas(MapCamera):
    """The part of `GestureTarget` that draws; positions are in pixels of the viewport."""

    banded = Signal(object)
    """The ids of the agents in a rubber band."""
    link_wanted = Signal(str, str)
    """A link was drawn: (from, to)."""
    aim_changed = Signal()
    cursor_moved = Signal(object)

    def __init__(self, scene: MapScene, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(scene, themes, parent)
        self.hand = Hand()
        self.selecting = False
        """Whether taps and rubber bands select many."""
        self.aiming = False
        """Whether the next tap, or Enter, says where a link goes."""
        self.fits: Callable[[str, str], bool] = lambda source, target: source != target
        """Whether a link may go from the one to the other."""
        self._handle = QRect()
        self.covered_right = 0
        """Pixels on the right that a panel covers: no handle is there."""

    def node_under(self, point: Point) -> str | None:
        at = self.mapToScene(round(point.x), round(point.y))
        return self._map.node_at(at) or self._map.node_at(at, _TOUCH_SLACK / self.transform().m11())

    @property
    def bands(self) -> bool:
        return self.selecting

    def band_to(self, start: Point, point: Point) -> None:
        band = QRectF(QPointF(start.x, start.y), QPointF(point.x, point.y)).normalized()
        self.show_hand(replace(self.hand, band=band))

    def band_ended(self, *, kept: bool) -> None:
        band = self.hand.band
        self.show_hand(replace(self.hand, band=None))
        if kept and band is not None:
            ground = self.mapToScene(band.toRect()).boundingRect()
            self.banded.emit(self._map.nodes.ids_within(ground))

    def handle_under(self, point: Point) -> str | None:
        handle = handle_of(self.hand, self._map, self._projection(), self._room())
        return self._map.selected if handle is not None and handle.contains(point.x, point.y) else None

    def link_to(self, agent_id: str, point: Point) -> None:
        aim = self.node_under(point)
        aim = None if aim == agent_id else aim
        fits = aim is None or self.fits(agent_id, aim)
        self.show_hand(replace(self.hand, source=agent_id, tip=point, aim=aim, fits=fits))

    def link_ended(self, point: Point | None) -> None:
        source, target = self.hand.source, self.node_under(point) if point is not None else None
        self.end_aim()
        if source is not None and target is not None and target != source:
            self.link_wanted.emit(source, target)

    def handle_tapped(self, agent_id: str) -> None:
        self.aim_from(agent_id)

    # Where a link goes, without drawing it.

    @property
    def scene_map(self) -> MapScene:
        return self._map

    def aim_from(self, agent_id: str | None) -> None:
        """The next tap on an agent, or arrows and Enter, say where a link from this one goes."""
        if agent_id is not None and self.hand.handles:
            self.aiming = True
            self.show_hand(replace(self.hand, source=agent_id, tip=None, aim=None, fits=True))
            self.aim_changed.emit()

    def aim_at(self, agent_id: str) -> None:
        source = self.hand.source
        if source is not None and agent_id != source:
            self.show_hand(replace(self.hand, aim=agent_id, fits=self.fits(source, agent_id)))
            self.aim_changed.emit()

    def take_aim(self) -> None:
        source, target = self.hand.source, self.hand.aim
        self.end_aim()
        if source is not None and target is not None:
            self.link_wanted.emit(source, target)

    def end_aim(self) -> None:
        self.aiming = False
        self.show_hand(replace(self.hand, source=None, tip=None, aim=None, fits=True))
        self.aim_changed.emit()

    def put_cursor(self, agent_id: str | None) -> None:
        self.show_hand(replace(self.hand, cursor=agent_id))
        self.cursor_moved.emit(agent_id)

    def light(self, agent_id: str | None, *, fits: bool = True) -> None:
        """Something is held over this node that could be given to it, or not."""
        if (agent_id, fits) != (self.hand.aim, self.hand.fits):
            self.show_hand(replace(self.hand, aim=agent_id, fits=fits))

    def show_hand(self, hand: Hand) -> None:
        if hand != self.hand:
            self.hand = hand
            self.viewport().update()

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        painter.save()
        painter.resetTransform()
        draw_hand(painter, self.hand, self._map, self._projection(), self._room(), self._themes.current)
        painter.restore()

    def _repaint(self, rect: QRectF | None) -> None:
        """The handle goes with its node."""
        super()._repaint(rect)
        handle = handle_of(self.hand, self._map, self._projection(), self._room())
        room = handle.toAlignedRect().adjusted(-3, -3, 3, 3) if handle is not None else QRect()
        if room != self._handle:
            self.viewport().update(self._handle)
            self.viewport().update(room)
            self._handle = room

    def _room(self) -> QSize:
        return self.viewport().size() - QSize(self.covered_right, 0)

    def _projection(self) -> Projection:
        return Projection.of(self.viewportTransform(), self._map.unit)
