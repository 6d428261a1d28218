"""The rounded frames of cards and code blocks. Qt's raster engine needs over a millisecond for a large one: its corners are kept."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPixmapCache


def draw_panel(painter: QPainter, rect: QRectF, radius: int, ground: QColor, line: QColor, width: int = 1) -> None:
    """`rect` in whole pixels: filled with `ground`, framed by a line of `width` inside of it."""
    side = radius + width
    if rect.width() < 2 * side or rect.height() < 2 * side:
        _draw_whole(painter, rect, radius, ground, line, width)
        return
    corners = _corners(side, radius, ground, line, width, painter.device().devicePixelRatio())
    left, top, right, bottom = rect.left(), rect.top(), rect.right(), rect.bottom()
    painter.fillRect(QRectF(left + width, top + side, rect.width() - 2 * width, rect.height() - 2 * side), ground)
    for y in (top, bottom - side):
        painter.fillRect(QRectF(left + side, y, rect.width() - 2 * side, side), ground)
    for edge in (
        QRectF(left + side, top, rect.width() - 2 * side, width),
        QRectF(left + side, bottom - width, rect.width() - 2 * side, width),
        QRectF(left, top + side, width, rect.height() - 2 * side),
        QRectF(right - width, top + side, width, rect.height() - 2 * side),
    ):
        painter.fillRect(edge, line)
    ratio = corners.devicePixelRatio()
    for x, from_x in ((left, 0), (right - side, side)):
        for y, from_y in ((top, 0), (bottom - side, side)):
            piece = QRectF(from_x * ratio, from_y * ratio, side * ratio, side * ratio)
            painter.drawPixmap(QRectF(x, y, side, side), corners, piece)


def _corners(side: int, radius: int, ground: QColor, line: QColor, width: int, ratio: float) -> QPixmap:
    """The four corners pushed together."""
    key = f"panel {side} {radius} {ground.name()} {line.name()} {width} {ratio}"
    kept = QPixmap()
    if QPixmapCache.find(key, kept):
        return kept
    made = QPixmap(ceil(2 * side * ratio), ceil(2 * side * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _draw_whole(painter, QRectF(QPointF(), QPointF(2 * side, 2 * side)), radius, ground, line, width)
    painter.end()
    QPixmapCache.insert(key, made)
    return made


def _draw_whole(painter: QPainter, rect: QRectF, radius: int, ground: QColor, line: QColor, width: int) -> None:
    half = width / 2
    painter.setPen(QPen(line, width))
    painter.setBrush(ground)
    painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), radius, radius)
