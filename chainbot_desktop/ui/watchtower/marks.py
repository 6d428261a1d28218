"""Shapes that say how bad something is, so that colour is never the only sign."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QLabel, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource

Mark = Literal["info", "debug", "warning", "error", "critical", "attention", "good", "waiting", "unknown"]

TOKENS: dict[Mark, str] = {
    "info": "working",
    "debug": "idle",
    "warning": "needs_input",
    "error": "failed",
    "critical": "failed",
    "attention": "needs_input",
    "good": "done",
    "waiting": "waiting",
    "unknown": "idle",
}


class MarkPainter:
    """Draws each mark once a theme and keeps its picture: a list paints hundreds of them a second."""

    def __init__(self) -> None:
        self._theme: Theme | None = None
        self._pixmaps: dict[tuple[Mark, int], QPixmap] = {}

    def pixmap(self, mark: Mark, side: int, theme: Theme) -> QPixmap:
        if theme is not self._theme:
            self._theme = theme
            self._pixmaps.clear()
        found = self._pixmaps.get((mark, side))
        if found is None:
            found = self._pixmaps[mark, side] = draw_mark(mark, side, theme)
        return found


class MarkLabel(QLabel):
    """A mark in a layout."""

    def __init__(self, mark: Mark, themes: ThemeSource, side: int = 18, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark: Mark = mark
        self._side = side
        self._themes = themes
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def mark(self) -> Mark:
        return self._mark

    def set_mark(self, mark: Mark) -> None:
        if mark != self._mark:
            self._mark = mark
            self._on_theme_changed(self._themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        side = theme.px(self._side)
        self.setFixedSize(side, side)
        self.setPixmap(draw_mark(self._mark, side, theme))
        self.setAccessibleName(self._mark)


def draw_mark(mark: Mark, side: int, theme: Theme) -> QPixmap:
    ratio = QGuiApplication.primaryScreen().devicePixelRatio()
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    color = theme.color(TOKENS[mark])
    thin = QPen(color, max(1.5, side / 9), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(thin)
    painter.scale(side / 18, side / 18)
    thin.setWidthF(2)
    painter.setPen(thin)
    if mark in {"warning", "critical", "attention"}:
        painter.setBrush(color)
        painter.drawPath(_solid(mark))
        painter.setPen(QPen(theme.color("ground"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        top = 7.0 if mark == "warning" else 5.5
        painter.drawLine(QPointF(9, top), QPointF(9, top + 4))
        painter.drawPoint(QPointF(9, top + 7))
    else:
        painter.drawPath(_strokes(mark))
        if mark == "info":
            painter.setBrush(color)
            painter.drawEllipse(QPointF(9, 9), 2.5, 2.5)
        if mark == "waiting":
            painter.setBrush(color)
            painter.drawPie(QRectF(3, 3, 12, 12), 90 * 16, 180 * 16)
    painter.end()
    return pixmap


def _solid(mark: Mark) -> QPainterPath:
    shapes: dict[Mark, list[tuple[float, float]]] = {
        "warning": [(9, 2.5), (16, 15), (2, 15)],
        "attention": [(9, 1.5), (16.5, 9), (9, 16.5), (1.5, 9)],
        "critical": [(6, 2), (12, 2), (16, 6), (16, 12), (12, 16), (6, 16), (2, 12), (2, 6)],
    }
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in shapes[mark]]))
    path.closeSubpath()
    return path


def _strokes(mark: Mark) -> QPainterPath:
    path = QPainterPath()
    if mark == "error":
        for x in (4.5, 13.5):
            path.moveTo(x, 4.5)
            path.lineTo(18 - x, 13.5)
    elif mark == "good":
        path.moveTo(3.5, 9.5)
        path.lineTo(7.5, 13.5)
        path.lineTo(14.5, 5)
    elif mark in {"unknown", "waiting"}:
        path.addEllipse(QRectF(3, 3, 12, 12))
    elif mark == "debug":
        path.moveTo(5, 9)
        path.lineTo(13, 9)
    return path
