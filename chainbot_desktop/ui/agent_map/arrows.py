"""How a link is drawn: a curve from card to card with a head at its target, and its name in the middle."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from chainbot_desktop.ui.agent_map.cards import CARDS_FROM, NAMES_FROM
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Point
from chainbot_desktop.ui.theme import Theme

_HEAD = 9.0
_LANE = 9.0
"""Between two links of the same agents, so that neither hides the other."""


@dataclass(frozen=True, slots=True)
class Arrow:
    path: QPainterPath
    start: QPointF
    tip: QPointF
    direction: QPointF
    """Unit vector in which the head points."""
    label_at: QPointF
    label_room: float
    label_beside: bool
    """Whether the label stands clear of the curve, or on it."""
    bounds: QRectF


def arrow_between(source: Point, target: Point, lane: int) -> Arrow:
    """`lane` counts the links between the same two agents from 0."""
    dx, dy = target.x - source.x, target.y - source.y
    # There and back run on two sides of the straight line.
    shift = _LANE * (lane + 0.5)
    if abs(dx) * CARD_HEIGHT >= abs(dy) * CARD_WIDTH or abs(dx) > CARD_WIDTH:
        way = QPointF(1 if dx >= 0 else -1, 0)
        side = QPointF(0, shift if dx < 0 else -shift)
        reach = CARD_WIDTH / 2
    else:
        way = QPointF(0, 1 if dy >= 0 else -1)
        side = QPointF(shift if dy < 0 else -shift, 0)
        reach = CARD_HEIGHT / 2
    start = QPointF(source.x, source.y) + way * reach + side
    tip = QPointF(target.x, target.y) - way * reach + side
    end = tip - way * _HEAD
    ahead = QPointF.dotProduct(end - start, way)
    pull = min(ahead / 2, 160.0) if ahead > 0 else 40.0  # more would fold the curve back on itself
    path = QPainterPath(start)
    path.cubicTo(start + way * pull, end - way * pull, end)
    # Beside a straight link (on the side away from the one that leads back), on one that bends.
    beside = bool(way.x()) and abs(dy) < 20
    label_at = path.pointAtPercent(0.5) - (QPointF(0, 11 * way.x()) if beside else QPointF(0, 0))
    room = max(64.0, abs(dx) - CARD_WIDTH - 12) if way.x() else 120.0
    bounds = path.controlPointRect().adjusted(-8, -8, 8, 8)
    label = QRectF(label_at.x() - room / 2 - 8, label_at.y() - 14, room + 16, 28)
    return Arrow(path, start, tip, way, label_at, room, beside, bounds.united(label))


class ArrowPainter:
    """Draws for one theme."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._font = theme.font("label")
        self._font.setWeight(QFont.Weight.Normal)
        self._metrics = QFontMetricsF(self._font)

    def draw(self, painter: QPainter, arrow: Arrow, name: str, zoom: float, unit: float, *, bright: bool, faint: bool) -> None:
        theme = self.theme
        color = theme.color("accent" if bright else "faint")
        painter.setOpacity(0.25 if faint else 1.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, zoom >= NAMES_FROM)
        pen = QPen(color, 2.2 if bright else 1.5)
        pen.setCosmetic(zoom < CARDS_FROM)
        painter.setPen(pen)
        if zoom < NAMES_FROM:
            painter.drawLine(arrow.start, arrow.tip)  # from afar a curve looks no different
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(arrow.path)
            self._draw_head(painter, arrow, color)
        if name and zoom >= CARDS_FROM:
            self._draw_name(painter, arrow, name, zoom, unit, bright)
        painter.setOpacity(1.0)

    def _draw_head(self, painter: QPainter, arrow: Arrow, color: QColor) -> None:
        back = arrow.tip - arrow.direction * _HEAD
        across = QPointF(-arrow.direction.y(), arrow.direction.x()) * (_HEAD * 0.55)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF([arrow.tip, back + across, back - across]))

    def _draw_name(self, painter: QPainter, arrow: Arrow, name: str, zoom: float, unit: float, bright: bool) -> None:
        painter.save()
        painter.translate(arrow.label_at)
        factor = max(1.0, zoom) / (zoom * unit)
        painter.scale(factor, factor)
        shown = self._metrics.elidedText(
            name, Qt.TextElideMode.ElideRight, min(arrow.label_room, 140.0) * zoom * unit / max(1.0, zoom)
        )
        width = self._metrics.horizontalAdvance(shown) + 6
        box = QRectF(-width / 2, -self._metrics.height() / 2, width, self._metrics.height())
        if not arrow.label_beside:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.theme.color("ground"))
            painter.drawRoundedRect(box, 4, 4)
        painter.setFont(self._font)
        painter.setPen(self.theme.color("accent" if bright else "dim"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)
        painter.restore()
