"""What the hand does on the map just now, drawn over it: the handle of a selected node, a link on its way, a rubber band, who would
be hit. All of it in pixels, so that it has a finger's size at any zoom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.agent_map.zooms import Projection
from chainbot_desktop.ui.theme import Theme

HANDLE = 48.0
"""What a finger hits; what is drawn of it is smaller."""
_SHOWN = 36.0


@dataclass(frozen=True, slots=True)
class Hand:
    """`aim`: whom a link or a task would reach, `fits`: whether it can. `tip`: where the finger is; None: at the one it aims at."""

    band: QRectF | None = None
    source: str | None = None
    tip: Point | None = None
    aim: str | None = None
    fits: bool = True
    cursor: str | None = None
    """In select mode: whom the keys are at."""
    link: str | None = None
    """The selected link."""
    handles: bool = False
    """Whether a selected node shows its handle."""


def handle_of(hand: Hand, scene: MapScene, at: Projection, room: QSize) -> QRectF | None:
    """Where the one selected node has its handle: beside its right edge, or the left one where no room is."""
    id_ = scene.selected
    if not hand.handles or id_ is None or len(scene.chosen) != 1 or scene.lifted or hand.source is not None:
        return None
    outline = scene.painter.outline(id_, at)
    if outline is None:
        return None
    side = HANDLE * scene.unit
    box = outline[0]
    x = box.right() + side * 0.4
    if x + side / 2 > room.width() and box.left() - side * 0.9 >= 0:
        x = box.left() - side * 0.4
    return QRectF(x - side / 2, box.center().y() - side / 2, side, side)


def draw_hand(painter: QPainter, hand: Hand, scene: MapScene, at: Projection, room: QSize, theme: Theme) -> None:
    """`painter` in pixels of the viewport."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if hand.link is not None:
        _draw_link(painter, hand.link, scene, at, theme)
    if hand.band is not None:
        painter.setPen(QPen(theme.color("accent"), 1.5))
        painter.setBrush(theme.color("accent", 0.16))
        painter.drawRoundedRect(hand.band, 4, 4)
    if hand.aim is not None:
        _ring(painter, hand.aim, scene, at, QPen(theme.color("accent" if hand.fits else "failed"), 4), 5)
    if hand.cursor is not None:
        _ring(painter, hand.cursor, scene, at, QPen(theme.color("text"), 1.5, Qt.PenStyle.DashLine), 6)
    if hand.source is not None:
        _draw_line(painter, hand, scene, at, theme)
    handle = handle_of(hand, scene, at, room)
    if handle is not None:
        _draw_handle(painter, handle, theme)


def _ring(painter: QPainter, id_: str, scene: MapScene, at: Projection, pen: QPen, gap: float) -> None:
    outline = scene.painter.outline(id_, at)
    if outline is not None:
        box, radius = outline
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(-gap, -gap, gap, gap), radius + gap, radius + gap)


def _draw_line(painter: QPainter, hand: Hand, scene: MapScene, at: Projection, theme: Theme) -> None:
    outline = scene.painter.outline(hand.source, at) if hand.source is not None else None
    target = scene.painter.outline(hand.aim, at) if hand.aim is not None else None
    if outline is None:
        return
    if hand.tip is not None:
        tip = QPointF(hand.tip.x, hand.tip.y)
    elif target is not None:
        tip = _edge_towards(target[0], outline[0].center())
    else:
        return
    start = _edge_towards(outline[0], tip)
    painter.setPen(QPen(theme.color("accent" if hand.fits else "failed"), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(start, tip)
    way = math.atan2(tip.y() - start.y(), tip.x() - start.x())
    for turn in (2.6, -2.6):
        painter.drawLine(tip, tip + QPointF(math.cos(way + turn), math.sin(way + turn)) * 12 * scene.unit)


def _edge_towards(box: QRectF, point: QPointF) -> QPointF:
    line = QLineF(box.center(), point)
    corners = (box.topLeft(), box.topRight(), box.bottomRight(), box.bottomLeft())
    for number, corner in enumerate(corners):
        kind, crossing = line.intersects(QLineF(corner, corners[(number + 1) % 4]))
        if kind == QLineF.IntersectionType.BoundedIntersection:
            return QPointF(crossing)
    return box.center()


def _draw_link(painter: QPainter, link_id: str, scene: MapScene, at: Projection, theme: Theme) -> None:
    rows = [row for row, link in enumerate(scene.edges.links) if link.entanglement_id == link_id]
    curves = scene.curves()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color("accent"), 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    for row in rows:
        points = [
            QPointF(*at.to_pixels(part[row : row + 1])[0])
            for part in (curves.start, curves.pull_out, curves.pull_in, curves.tip)
        ]
        path = QPainterPath(points[0])
        path.cubicTo(*points[1:])
        painter.drawPath(path)


def _draw_handle(painter: QPainter, room: QRectF, theme: Theme) -> None:
    side = _SHOWN / HANDLE * room.width()
    disc = QRectF(0, 0, side, side)
    disc.moveCenter(room.center())
    painter.setPen(QPen(theme.color("ground"), 2))
    painter.setBrush(theme.color("accent"))
    painter.drawEllipse(disc)
    size = round(side * 0.58)
    icon = theme.icon("link", "on_accent", 24).pixmap(QSize(size, size), painter.device().devicePixelRatio())
    painter.drawPixmap(QPointF(disc.center().x() - size / 2, disc.center().y() - size / 2), icon)
