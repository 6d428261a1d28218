"""Where the camera over the map is: what it looks at, from how near, and the ground it sees."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QTransform
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Point
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.theme import ThemeSource

MIN_ZOOM, MAX_ZOOM = 0.005, 3.0
ZOOM_STEP = 1.25
_EDGE = 5
"""Pixels around what is repainted: for lines that are smoothed, and dots that are as large at every zoom."""
FOOT = 64
"""Pixels at the foot of the map where buttons lie over it: showing everything leaves them free."""


class MapCamera(QGraphicsView):
    """Zoom 1 shows cards in the size that the theme gives them."""

    camera_moved = Signal()
    """It sees another part of the scene, or from nearer or further."""

    def __init__(self, scene: MapScene, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(scene, parent)
        self._map = scene
        self._themes = themes
        self._zoom = 1.0
        self._center = QPointF(0, 0)
        self.steered = False
        """Whether a person has chosen what to look at since everything was last shown."""
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # What to repaint is told by the scene, piece by piece; Qt's own reckoning would take all that lies between two pieces.
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.NoViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheBackground)
        scene.repaint, scene.repaint_ground = self._repaint, self._repaint_ground
        scene.glide.changed.connect(self._on_glide_changed)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)

    @property
    def zoom(self) -> float:
        return self._zoom

    def view_ground(self) -> QRectF:
        """What of the scene can be seen."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def set_camera(self, center: QPointF, zoom: float) -> None:
        self._zoom = min(max(zoom, MIN_ZOOM), MAX_ZOOM)
        self._center = QPointF(min(max(center.x(), -1e6), 1e6), min(max(center.y(), -1e6), 1e6))
        scale = self._zoom * self._map.unit
        if self.transform().m11() != scale:
            self._map.look_from(self._zoom)
            self.setTransform(QTransform.fromScale(scale, scale))
            self.resetCachedContent()
            self.viewport().update()
        self.centerOn(self._center)
        self.camera_moved.emit()

    def refresh_camera(self) -> None:
        """After a change of size or scale: the same middle, the same zoom."""
        self.set_camera(self._center, self._zoom)

    def zoom_step(self, steps: float) -> None:
        """In or out around the middle."""
        self.steered = True
        self.set_camera(self._center, self._zoom * ZOOM_STEP**steps)

    def full_size(self) -> None:
        self.steered = True
        self.set_camera(self._center, 1.0)

    def look_at(self, point: QPointF) -> None:
        """Bring a point of the scene into the middle."""
        self.steered = True
        self.set_camera(point, self._zoom)

    def shows_all(self) -> bool:
        return self.shows(self._map.ground())

    def shows(self, ground: QRectF) -> bool:
        # The camera stands on whole pixels: two of them may be missing at an edge.
        slack = 2 / self.transform().m11()
        return self.view_ground().adjusted(-slack, -slack, slack, slack).contains(ground)

    def fit(self) -> None:
        """Show every node, as near as that allows but not nearer than full size."""
        self.steered = False
        ground = self._map.ground()
        if ground.isEmpty():
            self.set_camera(QPointF(0, 0), 1.0)
            return
        unit = self._map.unit
        foot = self._themes.current.px(FOOT)
        room = (self.viewport().size() - QSize(0, foot)).expandedTo(QSize(1, 1))
        zoom = min(room.width() / (ground.width() * unit), room.height() / (ground.height() * unit), 1.0 / 0.97) * 0.97
        self.set_camera(ground.center() + QPointF(0, foot / 2 / (zoom * unit)), zoom)

    def reveal(self, agent_id: str, *, nearer: bool = False) -> None:
        """Bring a node into the middle; with `nearer` close enough to read its card."""
        point = self._map.model.places.get(agent_id)
        if point is not None:
            self.steered = True
            self.set_camera(QPointF(point.x, point.y), max(self._zoom, 1.0) if nearer else self._zoom)

    def keep_in_view(self, agent_id: str, *, covered_right: int = 0) -> None:
        """Move the camera only as far as it takes to see a node beside what covers the right side (pixels)."""
        point = self._map.model.places.get(agent_id)
        if point is None:
            return
        scale = self.transform().m11()
        ground = self.view_ground()
        ground.setRight(ground.right() - covered_right / scale)
        wide = min(CARD_WIDTH / 2 + 8, ground.width() / 2)
        high = min(CARD_HEIGHT / 2 + 8, ground.height() / 2)
        dx = min(0.0, point.x - wide - ground.left()) + max(0.0, point.x + wide - ground.right())
        dy = min(0.0, point.y - high - ground.top()) + max(0.0, point.y + high - ground.bottom())
        if dx or dy:
            self.steered = True
            self.set_camera(self._center + QPointF(dx, dy), self._zoom)

    def pan_by(self, dx: float, dy: float) -> None:
        self.steered = True
        self.set_camera(self._center - QPointF(dx, dy) / self.transform().m11(), self._zoom)

    def zoom_by(self, factor: float, anchor: Point) -> None:
        """The scene point under `anchor` stays there."""
        self.steered = True
        middle = QPointF(self.viewport().width() / 2, self.viewport().height() / 2)
        offset = QPointF(anchor.x, anchor.y) - middle
        before = self.transform().m11()
        zoom = min(max(self._zoom * factor, MIN_ZOOM), MAX_ZOOM)
        after = zoom * self._map.unit
        self.set_camera(self._center + offset / before - offset / after, zoom)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh_camera()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._map.exposed = event.region()
        super().paintEvent(event)

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        self._map.painter.draw_ground(painter, QRectF(rect))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self.viewport().update()

    def _repaint(self, rect: QRectF | None) -> None:
        if rect is None:
            self.viewport().update()
        else:
            self.viewport().update(self._pixels(rect))

    def _repaint_ground(self, rect: QRectF | None) -> None:
        if rect is None:
            self.resetCachedContent()
        else:
            self.invalidateScene(rect, QGraphicsScene.SceneLayer.BackgroundLayer)
        self._repaint(rect)

    def _pixels(self, rect: QRectF) -> QRect:
        return self.viewportTransform().mapRect(rect).toAlignedRect().adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE)

    def _on_glide_changed(self) -> None:
        """In motion the whole picture is new in every frame: keeping it would only cost."""
        flags = QGraphicsView.CacheModeFlag
        self.setCacheMode(flags.CacheNone if self._map.moving else flags.CacheBackground)
        self._repaint_ground(None)
