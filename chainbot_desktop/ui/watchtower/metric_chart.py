"""One figure over time: its present value, its lowest and highest, and a line in which a gap is a gap."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of a chart, oldest value first, NaN where there is none. Of a rollup, `lows` are the lowest and `values` the highest."""

    name: str
    token: str
    values: array[float]
    latest: float | None
    lows: array[float] | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """What a chart shows: traces over the same `seconds`, of which one step covers `step`."""

    traces: tuple[Trace, ...]
    seconds: int
    step: int


class MetricChart(QWidget):
    """`pointed` carries how many seconds ago somebody points at (hover or tap), -1 for nowhere; `set_pointer` shows it here."""

    pointed = Signal(float)

    def __init__(
        self,
        title: str,
        unit: str,
        themes: ThemeSource,
        *,
        ceiling: float | None = None,
        digits: int = 0,
        from_zero: bool = True,
        missing: str = "Not measured yet",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title = title
        self._unit = unit
        self._themes = themes
        self._ceiling = ceiling
        self._digits = digits
        self._from_zero = from_zero
        self._missing = missing
        self._note = ""
        self._plot = Plot((), 60, 1)
        self._bars: Sequence[float] = ()
        self._pointer = -1.0
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(title)
        themes.changed.connect(self._on_theme_changed)

    def show_plot(self, plot: Plot, *, note: str = "", bars: Sequence[float] = ()) -> None:
        """`note` is a word beside the title; `bars` are shares of 100 (the cores), drawn small at the bottom."""
        self._plot, self._note, self._bars = plot, note, bars
        self.setAccessibleDescription(self.value_text())
        self.update()

    def set_pointer(self, seconds_ago: float) -> None:
        if seconds_ago != self._pointer:
            self._pointer = seconds_ago
            self.update()

    def value_text(self) -> str:
        """The present values, or those under the pointer, with their unit."""
        return "  ".join(text for text, _ in self._value_parts())

    def _value_parts(self) -> list[tuple[str, str]]:
        """(text, colour) from left to right; nothing where nothing was measured."""
        traces = [trace for trace in self._plot.traces if not all(map(isnan, trace.values))]
        parts = []
        for trace in traces:
            value = trace.latest if self._pointer < 0 else self._value_at(trace)
            shown = "–" if value is None else f"{value:,.{self._digits_for(value)}f}"
            parts.append((f"{trace.name} {shown}".strip(), trace.token if len(traces) > 1 else "text"))
        if parts:
            text, token = parts[-1]
            parts[-1] = (f"{text} {self._unit}", token)
        return parts

    def sizeHint(self) -> QSize:
        theme = self._themes.current
        return QSize(theme.px(220), theme.px(124))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("surface1"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.px(12), theme.px(12))
        self._paint_head(painter, theme)
        area = self._area(theme)
        known = [
            v for trace in self._plot.traces for values in (trace.values, trace.lows or ()) for v in values if not isnan(v)
        ]
        if not known:
            painter.setPen(theme.color("dim"))
            painter.setFont(theme.font("small"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._missing)
            return
        low, high = self._bounds(known)
        self._paint_frame(painter, area, min(known), max(known), theme)
        for trace in self._plot.traces:
            self._paint_trace(painter, area, trace, low, high, theme)
        self._paint_bars(painter, theme)
        self._paint_pointer(painter, area, theme)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._point_at(event.position())

    def leaveEvent(self, event: object) -> None:
        self.pointed.emit(-1.0)

    def _point_at(self, position: QPointF) -> None:
        area = self._area(self._themes.current)
        share = (area.right() - position.x()) / max(1, area.width())
        inside = 0 <= share <= 1 and self._plot.traces
        self.pointed.emit(share * self._plot.seconds if inside else -1.0)

    def _area(self, theme: Theme) -> QRect:
        bottom = theme.px(24) if not self._bars else theme.px(30)
        return self.rect().adjusted(theme.px(12), theme.px(38), -theme.px(12), -bottom)

    def _bounds(self, known: list[float]) -> tuple[float, float]:
        if self._ceiling is not None:
            return 0.0, max(self._ceiling, *known)
        low, high = 0.0 if self._from_zero else min(known), max(known)
        return (low, high) if high > low else (min(0.0, low), max(high, 1.0))

    def _paint_head(self, painter: QPainter, theme: Theme) -> None:
        strip = QRect(theme.px(12), theme.px(8), self.width() - theme.px(24), theme.px(24))
        painter.setFont(theme.font("number"))
        room = strip.width()
        for text, token in reversed(self._value_parts()):
            painter.setPen(theme.color(token))
            part = QRect(strip.left(), strip.top(), room, strip.height())
            painter.drawText(part, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            room -= painter.fontMetrics().horizontalAdvance(text) + theme.px(10)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("dim"))
        title = f"{self._title} · {self._note}" if self._note else self._title
        painter.drawText(
            strip,
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room),
        )

    def _paint_frame(self, painter: QPainter, area: QRect, lowest: float, highest: float, theme: Theme) -> None:
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(area.left(), area.bottom() + 1, area.right(), area.bottom() + 1)
        painter.setFont(theme.font("label"))
        painter.setPen(theme.color("dim"))
        below = QRect(area.left(), self.height() - theme.px(22), area.width(), theme.px(18))
        ago = f"{self._plot.seconds // 60} min ago" if self._plot.seconds > 60 else "1 min ago"
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, ago)
        extremes = f"min {lowest:,.{self._digits_for(lowest)}f}   max {highest:,.{self._digits_for(highest)}f}"
        painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, extremes)

    def _paint_trace(self, painter: QPainter, area: QRect, trace: Trace, low: float, high: float, theme: Theme) -> None:
        color = theme.color(trace.token)
        painter.setPen(QPen(color, theme.px(1.5), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        tops = _runs(trace.values, area, low, high)
        bottoms = _runs(trace.lows, area, low, high) if trace.lows is not None else [[] for _ in tops]
        for top, bottom in zip(tops, bottoms, strict=True):
            if len(top) == 1:
                painter.drawPoint(top[0])
                continue
            _fill(painter, top, bottom, area, color)
            painter.drawPolyline(QPolygonF(top))

    def _paint_bars(self, painter: QPainter, theme: Theme) -> None:
        """The cores, in a row between the two captions at the bottom."""
        if not self._bars:
            return
        width, height = theme.px(4), theme.px(18)
        left = (self.width() - len(self._bars) * (width + 2)) // 2
        top = self.height() - theme.px(4) - height
        for number, value in enumerate(self._bars):
            filled = round(height * min(100.0, max(0.0, value)) / 100)
            x = left + number * (width + 2)
            painter.fillRect(x, top, width, height, theme.color("surface3"))
            painter.fillRect(x, top + height - filled, width, filled, theme.color("working"))

    def _paint_pointer(self, painter: QPainter, area: QRect, theme: Theme) -> None:
        if self._pointer < 0:
            return
        x = area.right() - self._pointer / self._plot.seconds * area.width()
        painter.setPen(QPen(theme.color("dim"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _value_at(self, trace: Trace) -> float | None:
        index = len(trace.values) - 1 - int(self._pointer // self._plot.step)
        if not 0 <= index < len(trace.values) or isnan(trace.values[index]):
            return None
        return trace.values[index]

    def _digits_for(self, value: float) -> int:
        return self._digits if abs(value) < 100 else 0

    def _on_theme_changed(self, theme: Theme) -> None:
        self.updateGeometry()
        self.update()


def _runs(values: array[float], area: QRect, low: float, high: float) -> list[list[QPointF]]:
    """The points of `values` in `area`, cut where values are missing."""
    step = area.width() / max(1, len(values) - 1)
    scale = area.height() / ((high - low) or 1.0)
    left, bottom = area.left(), area.bottom()
    runs: list[list[QPointF]] = []
    run: list[QPointF] = []
    for index, value in enumerate(values):
        if isnan(value):
            if run:
                runs.append(run)
                run = []
        else:
            run.append(QPointF(left + index * step, bottom - (value - low) * scale))
    if run:
        runs.append(run)
    return runs


def _fill(painter: QPainter, top: list[QPointF], bottom: list[QPointF], area: QRect, color: QColor) -> None:
    base = (
        bottom[::-1] if len(bottom) == len(top) else [QPointF(top[-1].x(), area.bottom()), QPointF(top[0].x(), area.bottom())]
    )
    pen = painter.pen()
    shade = QColor(color)
    shade.setAlphaF(0.35 if bottom else 0.12)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    painter.drawPolygon(QPolygonF([*top, *base]))
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
