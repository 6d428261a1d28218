"""Every state has a colour and a shape of its own, so that it can be read without colour."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPen, QPixmap, QPolygonF

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.theme import Theme

LABELS: Mapping[AgentState, str] = {
    AgentState.NEEDS_INPUT: "Needs input",
    AgentState.WORKING: "Working",
    AgentState.WAITING: "Waiting",
    AgentState.IDLE: "Idle",
    AgentState.DONE: "Done",
    AgentState.FAILED: "Failed",
    AgentState.UNKNOWN: "Unknown",
}

_TOKENS: Mapping[AgentState, str] = {AgentState.UNKNOWN: "dim"}


WIDEST = 1.15
"""The diamond is so much wider and higher than the others."""


def token_of(state: AgentState) -> str:
    """The theme's colour for a state."""
    return _TOKENS.get(state, state.value)


def draw_shape(painter: QPainter, state: AgentState, center: QPointF, side: float, theme: Theme) -> None:
    """Disc, diamond, half disc, ring, check, cross, or a dotted ring for what nobody knows. `side` as wide and high."""
    color = theme.color(token_of(state))
    half = side / 2
    box = QRectF(center.x() - half, center.y() - half, side, side)
    stroke = max(1.5, side * 0.2)
    pen = QPen(color, stroke, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    inner = box.adjusted(stroke / 2, stroke / 2, -stroke / 2, -stroke / 2)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if state is AgentState.NEEDS_INPUT:
        wide = half * WIDEST
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        corners = ((0, -wide), (wide, 0), (0, wide), (-wide, 0))
        painter.drawPolygon(QPolygonF([center + QPointF(x, y) for x, y in corners]))
    elif state is AgentState.WORKING:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(box)
    elif state is AgentState.WAITING:
        painter.setPen(QPen(color, max(1.2, side * 0.12)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(inner)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPie(inner, 90 * 16, 180 * 16)
    elif state is AgentState.DONE:
        painter.setPen(pen)
        painter.drawPolyline(_points(inner, (0.0, 0.55), (0.36, 0.92), (1.0, 0.12)))
    elif state is AgentState.FAILED:
        painter.setPen(pen)
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())
    else:
        if state is AgentState.UNKNOWN:
            pen.setDashPattern([0.01, 1.7])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(inner)
    painter.restore()


def shape_icon(state: AgentState, side: int, theme: Theme) -> QIcon:
    """For chips and labels; `side` in pixels of this screen."""
    return QIcon(shape_pixmap(state, side, theme))


def shape_pixmap(state: AgentState, side: int, theme: Theme) -> QPixmap:
    ratio = QGuiApplication.primaryScreen().devicePixelRatio()
    pixmap = QPixmap(QSize(side, side) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_shape(painter, state, QPointF(side / 2, side / 2), side * 0.84, theme)
    painter.end()
    return pixmap


def _points(box: QRectF, *shares: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(box.left() + x * box.width(), box.top() + y * box.height()) for x, y in shares])
