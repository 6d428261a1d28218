"""One chart over the shared axis of time: values of now or of the moment pointed at, mean and band of each figure, gaps as gaps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from chainbot_desktop.store.metric_rows import Line
from chainbot_desktop.ui.theme import FontRole, Theme, ThemeSource
from chainbot_desktop.ui.watchtower.metric_axis import TimeAxis
from chainbot_desktop.ui.watchtower.metric_drawing import Visible, draw, runs, visible
from chainbot_desktop.ui.watchtower.metric_plans import ChartPlan
from chainbot_desktop.watch.metric_store import MetricWindow

_HEAD = 30
_HEIGHT = 116


@dataclass(frozen=True, slots=True)
class Trace:
    """A figure of the window in this chart."""

    name: str
    label: str
    token: str
    thin: bool = False


class MetricChart(QWidget):
    """Give it a window with `show_window`; it follows `axis` by itself."""

    def __init__(self, plan: ChartPlan, axis: TimeAxis, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plan = plan
        self._axis = axis
        self._themes = themes
        self._window: MetricWindow | None = None
        self._traces: Sequence[Trace] = ()
        self._latest: Mapping[str, float | None] = {}
        self._note = ""
        self._layer: QPixmap | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(plan.title)
        axis.changed.connect(self._on_moved)
        axis.pointed.connect(self._on_pointed)
        themes.changed.connect(self._on_theme_changed)

    def show_window(self, window: MetricWindow, traces: Sequence[Trace], latest: Mapping[str, float | None], note: str) -> None:
        """`latest` are the figures of now, used while the present is followed; `note` is a word beside the title."""
        if window is not self._window or traces != self._traces:
            self._window, self._traces, self._layer = window, traces, None
        self.show_values(latest, note)

    def show_values(self, latest: Mapping[str, float | None], note: str) -> None:
        """The figures of now: the lines stay as they are."""
        self._latest, self._note = latest, note
        self.setAccessibleDescription(self.value_text())
        self.update()

    def value_text(self) -> str:
        """The values of now or under the pointer, with their unit."""
        return "  ".join(text for text, _ in self._value_parts())

    @property
    def plot(self) -> QRectF:
        """Where the lines are drawn; as wide as the axis is long."""
        theme = self._themes.current
        return QRectF(self.rect()).adjusted(theme.px(12), theme.px(_HEAD), -theme.px(12), -theme.px(10))

    def sizeHint(self) -> QSize:
        return QSize(self._themes.current.px(220), self._themes.current.px(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._layer is None:
            self._layer = self._paint_layer(theme)
        painter.drawPixmap(0, 0, self._layer)
        self._paint_head(painter, theme)
        if self._axis.pointer is not None:
            x = self.plot.left() + self._axis.share(self._axis.pointer) * self.plot.width()
            painter.setPen(QPen(theme.color("text"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, self.plot.top()), QPointF(x, self.plot.bottom()))

    # What is drawn

    def _paint_layer(self, theme: Theme) -> QPixmap:
        """All but the values and the pointer: those change far more often."""
        ratio = self.devicePixelRatio()
        layer = QPixmap(self.size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)
        painter = QPainter(layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("surface1"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.px(12), theme.px(12))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._paint_shades(painter, theme)
        seen = [(trace, self._visible(trace.name)) for trace in self._traces]
        bounds = [bound for _, part in seen if (bound := part.bounds) is not None]
        if not bounds:
            painter.setPen(theme.color("dim"))
            painter.setFont(theme.font("small"))
            painter.drawText(self.plot, Qt.AlignmentFlag.AlignCenter, self.plan.missing)
        else:
            low, high = self._scale(min(bound[0] for bound in bounds), max(bound[1] for bound in bounds))
            self._paint_grid(painter, theme)
            for trace, part in seen:
                width = theme.px(1) if trace.thin else theme.px(2)
                color = theme.color(trace.token, 0.55 if trace.thin else 1.0)
                draw(painter, self.plot, part, low, high, color, width, band=not trace.thin)
            self._paint_scale(painter, low, high, theme)
        painter.end()
        return layer

    def _visible(self, name: str) -> Visible:
        assert self._window is not None
        line = self._window.lines.get(name) or Line.empty(0)
        width = round(self.plot.width() * self.devicePixelRatio())
        return visible(line, self._window.start, self._window.step, self._axis.start, self._axis.span, width)

    def _scale(self, low: float, high: float) -> tuple[float, float]:
        """What the bottom and the top of the plot stand for."""
        if self.plan.ceiling is not None:
            return 0.0, max(self.plan.ceiling, high)
        if self.plan.from_zero:
            return min(0.0, low), nice_above(high)
        room = max(1.0, (high - low) * 0.1)
        return math.floor(low - room), math.ceil(high + room)

    def _paint_grid(self, painter: QPainter, theme: Theme) -> None:
        plot = self.plot
        painter.setPen(QPen(theme.color("line", 0.6), 1))
        for y in (plot.top(), plot.center().y(), plot.bottom()):
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))

    def _paint_scale(self, painter: QPainter, low: float, high: float, theme: Theme) -> None:
        plot = self.plot
        painter.setFont(theme.font("small"))
        metrics = QFontMetrics(painter.font())
        for value, y in ((high, plot.top()), (low, plot.bottom() - metrics.height())):
            text = short(value, self.plan.digits if abs(value) < 10 else 0)
            box = QRectF(plot.left(), y, metrics.horizontalAdvance(text) + theme.px(6), metrics.height())
            painter.fillRect(box, theme.color("surface1", 0.75))
            painter.setPen(theme.color("dim"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_shades(self, painter: QPainter, theme: Theme) -> None:
        if self._window is None:
            return
        plot = self.plot
        for (name, _), token in zip(self.plan.shades, ("failed", "needs_input"), strict=False):
            seen = self._visible(name)
            held = seen.high.copy()
            held[~(held > 0)] = math.nan
            half = 0.5 / max(1, len(held)) if seen.dense else self._window.step / self._axis.span / 2
            for first, last in runs(held):
                left = plot.left() + max(0.0, seen.places[first] - half) * plot.width()
                right = plot.left() + min(1.0, seen.places[last - 1] + half) * plot.width()
                painter.fillRect(QRectF(left, plot.top(), max(2.0, right - left), plot.height()), theme.color(token, 0.25))

    def _paint_head(self, painter: QPainter, theme: Theme) -> None:
        strip = QRect(theme.px(12), theme.px(4), self.width() - theme.px(24), theme.px(_HEAD - 6))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setFont(theme.font("strong"))
        metrics = QFontMetrics(painter.font())
        painter.setPen(theme.color("text"))
        painter.drawText(strip, flags, self.plan.title)
        left = strip.left() + metrics.horizontalAdvance(self.plan.title) + theme.px(12)
        right = self._paint_values(painter, strip, left, theme)
        note = self._note if self._axis.pointer is None else ""
        held = self._held()
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("needs_input" if held else "dim"))
        room = right - left
        if room > theme.px(40):
            text = QFontMetrics(painter.font()).elidedText(held or note, Qt.TextElideMode.ElideRight, room)
            painter.drawText(QRect(left, strip.top(), room, strip.height()), flags, text)

    def _paint_values(self, painter: QPainter, strip: QRect, left: int, theme: Theme) -> int:
        """From the right, all of them: without their bands, and smaller, where the chart is narrow. Where they begin."""
        gap = theme.px(12)
        roles: tuple[tuple[FontRole, bool], ...] = (("strong", True), ("strong", False), ("small", False))
        for role, bands in roles:
            painter.setFont(theme.font(role))
            metrics = QFontMetrics(painter.font())
            parts = self._value_parts(bands=bands)
            widths = [metrics.horizontalAdvance(text) for text, _ in parts]
            if sum(widths) + gap * len(parts) <= strip.right() - left:
                break
        right = strip.right()
        for (text, token), width in zip(reversed(parts), reversed(widths), strict=True):
            painter.setPen(theme.color(token))
            box = QRect(right - width, strip.top(), width, strip.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            right -= width + gap
        return right

    def _held(self) -> str:
        """Which of the shades hold at the moment pointed at."""
        if self._axis.pointer is None:
            return ""
        return ", ".join(word for name, word in self.plan.shades if (at := self._at(name)) is not None and at[2] > 0)

    # Values

    def _value_parts(self, *, bands: bool = True) -> list[tuple[str, str]]:
        """(text, colour) from left to right; nothing where nothing was measured."""
        parts: list[tuple[str, str]] = []
        cores = [
            text
            for trace in self._traces
            if trace.thin and trace.name.startswith("core") and (text := self._value(trace, bands=bands))
        ]
        if cores and self._axis.pointer is not None:
            parts.append((f"cores {' '.join(cores[:16])}", "waiting"))
        elif cores and self._axis.following:
            parts.append((f"busiest core {max(cores, key=float)}", "waiting"))
        for trace in self._traces:
            text = "" if trace.name.startswith("core") else self._value(trace, bands=bands)
            if text:
                parts.append((f"{trace.label} {text}".strip(), trace.token if len(self._traces) > 1 else "text"))
        if parts:
            text, token = parts[-1]
            parts[-1] = (f"{text} {self.plan.unit}", token)
        return parts

    def _value(self, trace: Trace, *, bands: bool) -> str:
        digits = self.plan.digits
        if self._axis.pointer is None and self._axis.following:
            latest = self._latest.get(trace.name)
            return "" if latest is None else short(latest, digits)
        found = self._at(trace.name)
        if found is None:
            return "–" if self._line_has_values(trace.name) else ""
        low, mean, high = (short(value, digits) for value in found)
        return mean if low == high or not bands else f"{mean} ({low}–{high})"

    def _at(self, name: str) -> tuple[float, float, float] | None:
        """Lowest, mean and highest of the step that is pointed at, or of the last one that is seen."""
        window = self._window
        line = window.lines.get(name) if window is not None else None
        if window is None or line is None:
            return None
        moment = self._axis.end - window.step / 2 if self._axis.pointer is None else self._axis.pointer
        index = int((moment - window.start) // window.step)
        if not 0 <= index < len(line.mean) or math.isnan(line.mean[index]):
            return None
        return float(line.low[index]), float(line.mean[index]), float(line.high[index])

    def _line_has_values(self, name: str) -> bool:
        line = self._window.lines.get(name) if self._window is not None else None
        return line is not None and bool(line.count.any())

    def _on_moved(self) -> None:
        self._layer = None
        self.update()

    def _on_pointed(self) -> None:
        self.setAccessibleDescription(self.value_text())
        self.update()

    def resizeEvent(self, event: object) -> None:
        self._layer = None

    def _on_theme_changed(self, theme: Theme) -> None:
        self._layer = None
        self.updateGeometry()
        self.update()


def short(value: float, digits: int) -> str:
    """With fewer digits the larger it is."""
    if value == 0:
        return "0"
    digits = digits if abs(value) < 100 else 0
    if digits == 0 and abs(value) < 1:
        digits = 2
    return f"{value:,.{digits}f}"


def nice_above(value: float) -> float:
    """The next round number that is not below `value`; 1 for nothing."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9))
