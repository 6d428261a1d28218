"""How many lines when, by level: a strip over the lines. A drag chooses a range of time, a tap goes there."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.logs.row_texts import level_name, short_moment
from chainbot_desktop.watch.logs.document import Volume

_BUCKET = 4
"""Pixels of a bar and the gap beside it."""
_TOKENS: Mapping[int, str] = {
    0: "faint",
    logging.DEBUG: "idle",
    logging.INFO: "working",
    logging.WARNING: "needs_input",
    logging.ERROR: "failed",
    logging.CRITICAL: "failed",
}
_SLACK = 6


class Histogram(QWidget):
    """Keys: the arrows move a mark (with Shift: from where it was), Enter goes there or takes the range."""

    range_chosen = Signal(float, float)
    """Of time, in seconds since the epoch."""
    spot_chosen = Signal(float, bool)
    """A time, or with False the number of a line."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._volume: Volume | None = None
        self._bars: list[tuple[str, list[QRect]]] = []
        self._from: float | None = None
        self._to: float | None = None
        self._key: int | None = None
        self.setAccessibleName("Lines by time and level")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def buckets(self) -> int:
        """How many bars there is room for."""
        return max(1, self._area().width() // _BUCKET)

    @property
    def volume(self) -> Volume | None:
        return self._volume

    def show_volume(self, volume: Volume | None) -> None:
        if volume != self._volume:
            self._volume = volume
            self._lay_out()
            self.setAccessibleDescription(self._spoken())
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, painter = self._themes.current, QPainter(self)
        painter.fillRect(self.rect(), theme.color("ground"))
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.color("line"))
        if self._from is not None and self._to is not None:
            left, right = sorted((self._from, self._to))
            painter.fillRect(QRectF(left, 0, right - left, self.height() - 1), theme.tint("accent", 0.25, "ground"))
        painter.setPen(Qt.PenStyle.NoPen)
        for token, bars in self._bars:
            painter.setBrush(theme.color(token))
            painter.drawRects(bars)
        if self._volume is not None:
            self._paint_ends(painter, theme, self._volume)
        if self.hasFocus():
            painter.setPen(theme.color("accent"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = self._to = event.position().x()
            self._key = None
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            self._to = event.position().x()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._from is not None:
            self._to = event.position().x()
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -_BUCKET, Qt.Key.Key_Right: _BUCKET}.get(Qt.Key(event.key()))
        area = self._area()
        if step is not None:
            x = area.left() if self._to is None else min(max(area.left(), self._to + step), area.right())
            self._to = x
            if self._from is None or not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._from = x - 1
            self.update()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._to is not None:
            self._choose()
        elif event.key() == Qt.Key.Key_Escape and self._to is not None:
            self._from = self._to = None
            self.update()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: object) -> None:
        self._lay_out()

    def _choose(self) -> None:
        assert self._from is not None
        assert self._to is not None
        (left, right), self._from, self._to = sorted((self._from, self._to)), None, None
        self.update()
        volume = self._volume
        if volume is None:
            return
        if right - left > self._themes.current.px(_SLACK) and volume.timed:
            self.range_chosen.emit(self._value(left), self._value(right))
        else:
            self.spot_chosen.emit(self._value(left), volume.timed)

    def _value(self, x: float) -> float:
        assert self._volume is not None
        area = self._area()
        share = min(1.0, max(0.0, (x - area.left()) / max(1, area.width())))
        return self._volume.start + share * (self._volume.end - self._volume.start)

    def _area(self) -> QRect:
        margin = self._themes.current.px(12)
        return self.rect().adjusted(margin, self._themes.current.px(17), -margin, -2)

    def _lay_out(self) -> None:
        """One bar a bucket, the worst level at its foot. By the square root: one storm must not flatten all the rest."""
        self._bars = []
        volume = self._volume
        if volume is None or not volume.counts:
            return
        levels = sorted(volume.counts, reverse=True)
        counts = np.array([volume.counts[level] for level in levels], dtype=np.float64)
        totals = counts.sum(axis=0)
        if not totals.any():
            return
        area = self._area()
        tall = counts / np.maximum(totals, 1) * np.sqrt(totals / totals.max()) * area.height()
        least = np.array([2.0 if level >= logging.WARNING else 1.0 for level in levels])[:, None]
        tops = (
            np.minimum(np.cumsum(np.where(counts > 0, np.maximum(tall, least), 0), axis=0), area.height()).round().astype(int)
        )
        feet = np.vstack([np.zeros_like(tops[:1]), tops[:-1]])
        lefts = (area.left() + np.arange(len(totals)) * (area.width() / len(totals))).astype(int).tolist()
        wide = max(1, area.width() // len(totals) - 1)
        bottom = area.bottom() + 1
        for level, top, foot in zip(levels, tops.tolist(), feet.tolist(), strict=True):
            bars = [QRect(x, bottom - t, wide, t - f) for x, t, f in zip(lefts, top, foot, strict=True) if t > f]
            self._bars.append((_token(level), bars))

    def _paint_ends(self, painter: QPainter, theme: Theme, volume: Volume) -> None:
        font = theme.font("label")
        painter.setFont(font)
        painter.setPen(theme.color("dim"))
        first, last = _ends(volume)
        top = QFontMetrics(font).ascent() + 1
        area = self._area()
        painter.drawText(QPointF(area.left(), top), first)
        painter.drawText(QPointF(area.right() - QFontMetrics(font).horizontalAdvance(last), top), last)

    def _spoken(self) -> str:
        volume = self._volume
        if volume is None:
            return ""
        parts = [f"{sum(counts):,} {level_name(level)}" for level, counts in sorted(volume.counts.items()) if sum(counts)]
        return f"{' to '.join(_ends(volume))}: {', '.join(parts)}"

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setFixedHeight(theme.px(48))
        self._lay_out()
        self.update()


def _token(level: int) -> str:
    return _TOKENS[max((known for known in _TOKENS if known <= level), default=0)]


def _ends(volume: Volume) -> tuple[str, str]:
    if not volume.timed:
        return f"line {int(volume.start) + 1:,}", f"line {int(volume.end):,}"
    dated = volume.end - volume.start > 86_400
    return short_moment(volume.start, dated=dated), short_moment(volume.end, dated=dated)
