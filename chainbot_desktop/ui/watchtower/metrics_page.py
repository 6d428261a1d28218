"""The machine and the program in figures: a chart each on one axis of time, from a minute to two years, and what happened beside them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.frames import FrameClock
from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.view import Command, Message
from chainbot_desktop.ui.watchtower.metric_axis import LONGEST, TimeAxis
from chainbot_desktop.ui.watchtower.metric_chart import MetricChart
from chainbot_desktop.ui.watchtower.metric_gestures import ChartGestures
from chainbot_desktop.ui.watchtower.metric_marks import TimeMark, read_marks
from chainbot_desktop.ui.watchtower.metric_plans import PLANS
from chainbot_desktop.ui.watchtower.metric_reading import MetricReading
from chainbot_desktop.ui.watchtower.metric_strip import TimeStrip
from chainbot_desktop.ui.watchtower.nodes import NodeList
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.widgets import Chip, KineticArea
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.watch.metrics import Sample

RANGES = (
    ("1 min", 60),
    ("10 min", 600),
    ("1 h", 3600),
    ("1 day", 86_400),
    ("1 week", 7 * 86_400),
    ("1 month", 30 * 86_400),
    ("1 year", 365 * 86_400),
)
_MARKS_AFTER_MS = 300
"""After the last move: the journal is asked for what happened once the charts stand still."""
_MARKS_EVERY = 10.0
_KEY_PAN = 0.2
_KEY_ZOOM = 1.5


class MetricsPage(Page):
    """Listens to the sampler only while it can be seen."""

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._themes = parts.themes
        self._stop: Callable[[], None] | None = None
        self._marks_read = (0.0, 0.0, 0.0)
        self._marks_busy = False
        self.axis = TimeAxis(self._now, self)
        self.strip = TimeStrip(self.axis, parts.themes)
        self.charts = {plan.title: MetricChart(plan, self.axis, parts.themes) for plan in PLANS}
        self.nodes = NodeList(parts)
        self.nodes.open_requested.connect(self.open_requested)
        self._frames = FrameClock(self)
        self._reading = MetricReading(parts.metric_store, parts.tasks, self._show_window)
        self._marks_timer = QTimer(self, singleShot=True, interval=_MARKS_AFTER_MS)
        self._marks_timer.timeout.connect(self._read_marks)
        self._build()
        self.axis.changed.connect(self._on_moved)
        parts.themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(parts.themes.current)
        self._show_chips()

    def _build(self) -> None:
        themes = self._themes
        content = QWidget()
        self._list = QVBoxLayout(content)
        for chart in self.charts.values():
            self._list.addWidget(chart)
        self._list.addStretch(1)
        self._area = KineticArea(content)
        self._area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._area.setAccessibleName("Charts")
        self._area.installEventFilter(self)
        self._chips = {seconds: Chip(text, themes) for text, seconds in RANGES}
        self._top = QHBoxLayout()
        for seconds, chip in self._chips.items():
            chip.clicked.connect(partial(self._on_range_chosen, seconds))
            self._top.addWidget(chip)
        self._top.addStretch(1)
        self._now_chip = Chip("Now", themes)
        self._now_chip.clicked.connect(self._on_now_chosen)
        self._nodes_chip = Chip("Nodes", themes)
        self._nodes_chip.clicked.connect(self.show_nodes)
        self._top.addWidget(self._now_chip)
        self._top.addWidget(self._nodes_chip)
        self._stack = QStackedWidget(self)
        charts = QWidget(self._stack)
        column = QVBoxLayout(charts)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.strip)
        column.addWidget(self._area, 1)
        self._stack.addWidget(charts)
        self._stack.addWidget(self.nodes)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._top)
        self._column.addWidget(self._stack, 1)
        self._listen_to_hands()

    def _listen_to_hands(self) -> None:
        ChartGestures(self.strip, self.axis, lambda: self.strip.plot, tapped=self._on_strip_tapped)
        ChartGestures(self._area.viewport(), self.axis, self._plot_in_viewport, area=self._area)
        for chart in self.charts.values():
            ChartGestures(chart, self.axis, partial(_plot_of, chart), area=self._area)

    # For the Watchtower

    @property
    def first(self) -> QWidget:
        return self._area if self._stack.currentIndex() == 0 else self.nodes.first

    def present(self, content: Mapping[str, object]) -> None:
        """ "at" or "time" (seconds since 1970) points at a moment, "span" shows so many seconds, "metric" goes to the chart of a
        figure, "nodes" shows the nodes.
        """
        if "nodes" in content or "metric" in content:
            self.show_nodes(bool(content.get("nodes")))
        chart = next((chart for chart in self.charts.values() if chart.plan.shows(str(content.get("metric")))), None)
        if chart is not None:
            # Where it stands is known once the page is laid out.
            self._frames.request(partial(self._go_to, chart), "go to a chart")
        span, at = content.get("span"), content.get("at", content.get("time"))
        if isinstance(span, (int, float)):
            self.axis.show_span(float(span))
        if isinstance(at, (int, float)):
            self.axis.show(float(at) - self.axis.span / 2, self.axis.span)
            self.axis.point(float(at))

    def toggle_pause(self) -> None:
        """Hold the axis still, or follow again."""
        if self.axis.following:
            self.axis.following = False
            self._show_chips()
        else:
            self.axis.follow()

    def commands(self) -> Sequence[Command]:
        ranges = [
            Command(f"metrics.{seconds}", f"Metrics: {text}", partial(self.show_range, seconds)) for text, seconds in RANGES
        ]
        return [
            *ranges,
            Command("metrics.now", "Metrics: follow the present", self.axis.follow, "End"),
            Command("metrics.nodes", "Metrics: other nodes and modules", partial(self.show_nodes, True)),
        ]

    def show_range(self, seconds: float) -> None:
        self.show_nodes(False)
        self.axis.show_span(seconds)

    def show_nodes(self, shown: bool) -> None:
        self._stack.setCurrentIndex(1 if shown else 0)
        self._nodes_chip.setChecked(shown)
        self._show_chips()

    # What is shown

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stop is None:
            self._stop = self._parts.metrics.on_sample(self._on_sample)
        self.axis.tick()
        self._on_moved()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._marks_timer.stop()
        if self._stop is not None:
            self._stop()
            self._stop = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._frames.request(self._place_strip)
        self._frames.request(self._read)

    def _now(self) -> float:
        latest = self._parts.metrics.latest
        # The sample of a second is taken in it: the axis ends where that second does.
        newest = int(latest.time) + 1 if latest is not None else int(time.time())
        return float(max(newest, int(time.time())))

    def _on_sample(self, sample: Sample) -> None:
        self.axis.tick()
        self._frames.request(self._read)

    def _on_moved(self) -> None:
        self._show_chips()
        self._frames.request(self._read)
        start, end, at = self._marks_read
        # A mark that is less than a pixel from the edge can wait.
        every = max(_MARKS_EVERY, self.axis.span / 600)
        moved = self.axis.start < start or self.axis.end > end + every
        if moved or abs((end - start) - self.axis.span) > self.axis.span or time.monotonic() - at > every:
            self._marks_timer.start()

    def _read(self) -> None:
        width = round(self.strip.plot.width() * self.devicePixelRatio())
        self._reading.want(self.axis, width)
        self._place_strip()

    def _show_window(self) -> None:
        window = self._reading.window
        sample = self._parts.metrics.latest
        values = sample.values if sample is not None else {}
        self.strip.show_step(window.step)
        for chart in self.charts.values():
            traces = self._reading.traces(chart.plan, self._agent_name)
            chart.show_window(window, traces, values, chart.plan.note(sample) if sample is not None else "")

    def _agent_name(self, agent_id: str) -> str:
        return self._parts.agent_name(agent_id)

    def _show_chips(self) -> None:
        charts = self._stack.currentIndex() == 0
        for seconds, chip in self._chips.items():
            chip.setChecked(charts and abs(self.axis.span - seconds) < 1)
        self._now_chip.setChecked(charts and self.axis.following)

    def _place_strip(self) -> None:
        chart = next(iter(self.charts.values()))
        left = chart.mapTo(self._stack, QPoint(0, 0)).x() + chart.plot.left()
        self.strip.set_edges(left, left + chart.plot.width())

    def _go_to(self, chart: MetricChart) -> None:
        self._area.verticalScrollBar().setValue(chart.y() - self._list.spacing())

    # What happened

    def _read_marks(self) -> None:
        if self._marks_busy:
            self._marks_timer.start()
            return
        self._marks_busy = True
        start, end = self.axis.start, self.axis.end
        self._marks_read = (start - (end - start) / 2, end, time.monotonic())
        # What happens in this very second comes after the axis' end.
        self._parts.tasks.spawn("read what happened", self._show_marks(self._marks_read[0], end + _MARKS_EVERY))

    async def _show_marks(self, start: float, end: float) -> None:
        try:
            self.strip.show_marks(await read_marks(self._parts.journal, start, end))
        except ChainBotError as error:
            self.message.emit(Message(error.message, "warning", error.hint))
        finally:
            self._marks_busy = False

    def _on_strip_tapped(self, at: QPointF) -> bool:
        marks = self.strip.marks_at(at.x()) if at.y() < self.strip.height() else []
        if not marks:
            return False
        self._open_marks(marks, self.strip.mapToGlobal(at.toPoint()))
        return True

    def _open_marks(self, marks: Sequence[TimeMark], at: QPoint) -> None:
        if len(marks) == 1:
            self._open_event(marks[0].event_id)
            return
        menu = MenuSheet(self.strip, self._themes)
        for mark in sorted(marks[:20], key=lambda mark: mark.at):
            clock = time.strftime("%H:%M:%S", time.localtime(mark.at))
            words = f"{clock}  {mark.title}: {mark.text}"
            menu.add(words if len(words) <= 70 else f"{words[:69]}…", partial(self._open_event, mark.event_id))
        menu.open_at(at)

    def _open_event(self, event_id: str) -> None:
        self.open_requested.emit("watchtower", {"event_id": event_id})

    # Hands

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._area and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._on_key(event)
        return super().eventFilter(watched, event)

    def _on_key(self, event: QKeyEvent) -> bool:
        axis, shift = self.axis, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        middle = axis.pointer if axis.pointer is not None else axis.end if axis.following else axis.moment(0.5)
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                axis.zoom(1 / _KEY_ZOOM, middle)
            case Qt.Key.Key_Minus:
                axis.zoom(_KEY_ZOOM, middle)
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                way = -1 if event.key() == Qt.Key.Key_Left else 1
                if shift:
                    here = axis.pointer if axis.pointer is not None else axis.moment(0.5)
                    axis.point(here + way * max(self._reading.window.step, axis.span / 100))
                else:
                    axis.pan(way * _KEY_PAN * axis.span)
            case Qt.Key.Key_Home:
                axis.show(axis.end - LONGEST, axis.span)
            case Qt.Key.Key_End:
                axis.follow()
            case Qt.Key.Key_Escape if axis.pointer is not None:
                axis.point(None)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if axis.pointer is not None:
                marks = self.strip.marks_at(self.strip.x_of(axis.pointer))
                if marks:
                    self._open_marks(marks, self.strip.mapToGlobal(QPoint(round(self.strip.x_of(marks[0].at)), 0)))
            case _:
                return False
        return True

    def _plot_in_viewport(self) -> QRectF:
        plot = self.strip.plot
        return plot.translated(-self._area.viewport().mapTo(self._stack, QPoint(0, 0)).x(), 0)

    def _on_range_chosen(self, seconds: float) -> None:
        self.show_range(seconds)

    def _on_now_chosen(self) -> None:
        self.show_nodes(False)
        self.axis.follow()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(0, theme.px(2), 0, 0)
        self._column.setSpacing(theme.px(2))
        self._top.setContentsMargins(theme.px(12), 0, theme.px(12), 0)
        self._top.setSpacing(theme.px(8))
        self._list.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(12))
        self._list.setSpacing(theme.px(8))


def _plot_of(chart: MetricChart) -> QRectF:
    return chart.plot
