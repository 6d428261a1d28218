"""The machine and the program in figures: one chart each, one time axis for all, a point a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.watchtower.metric_chart import MetricChart, Plot, Trace
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.widgets import Chip, KineticArea
from chainbot_desktop.watch.metrics import Sample
from chainbot_desktop.watch.series import BUCKET

RANGES = (("1 min", 60), ("10 min", 600), ("1 h", 3600))


@dataclass(frozen=True, slots=True)
class _ChartPlan:
    title: str
    unit: str
    series: tuple[tuple[str, str, str], ...]
    """(series, name in the chart, colour)"""
    ceiling: float | None = None
    digits: int = 0
    from_zero: bool = True
    missing: str = "Measured from the second second on"
    note: Callable[[Sample], str] = lambda sample: ""


def _gigabytes(count: int | None) -> str:
    return "" if count is None else f"{count / 1e9:,.1f} GB"


def _memory_note(sample: Sample) -> str:
    machine = sample.machine
    if machine.memory_used is None or machine.memory_total is None:
        return ""
    # Memory comes in powers of two, disks are sold in powers of ten; the status line says the same.
    return f"{machine.memory_used / 2**30:,.1f} of {machine.memory_total / 2**30:,.1f} GiB"


def _disk_note(sample: Sample) -> str:
    machine = sample.machine
    return "" if machine.disk is None else f"{machine.disk:.0f} % full, {_gigabytes(machine.disk_free)} free"


def _program_note(sample: Sample) -> str:
    machine = sample.machine
    files = "" if machine.own_files is None else f", {machine.own_files} files"
    return f"{machine.own_threads} threads{files}"


def _lag_note(sample: Sample) -> str:
    return f"p50 {sample.lag.p50 * 1000:.0f}, p99 {sample.lag.p99 * 1000:.0f} ms" if sample.lag.count else ""


def _load_note(sample: Sample) -> str:
    return f"load {sample.machine.load[0]:.2f}" if sample.machine.load else ""


_PLANS = (
    _ChartPlan("CPU", "%", (("cpu", "", "working"),), ceiling=100, note=_load_note),
    _ChartPlan("Memory", "%", (("memory", "", "accent"), ("swap", "swap", "waiting")), ceiling=100, note=_memory_note),
    _ChartPlan(
        "Disk", "MB/s", (("disk_read", "read", "working"), ("disk_written", "write", "needs_input")), digits=1, note=_disk_note
    ),
    _ChartPlan("Network", "MB/s", (("received", "in", "working"), ("sent", "out", "done")), digits=2),
    _ChartPlan(
        "Temperature",
        "°C",
        (("temperature", "", "needs_input"),),
        digits=1,
        from_zero=False,
        missing="This machine has no temperature sensor",
    ),
    _ChartPlan("Loop lag", "ms", (("loop_lag", "", "done"),), digits=1, note=_lag_note),
    _ChartPlan("Events", "/s", (("events", "", "accent"),), digits=1),
    _ChartPlan("This program", "MB", (("own_memory", "RSS", "waiting"), ("own_pss", "PSS", "done")), note=_program_note),
)


class MetricsPage(Page):
    """Listens to the sampler only while it can be seen."""

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        metrics, themes = parts.metrics, parts.themes
        self._metrics = metrics
        self._themes = themes
        self._seconds = RANGES[0][1]
        self._stop: Callable[[], None] | None = None
        self._columns = 0
        queues = tuple(
            _ChartPlan(f"Queue: {name.removeprefix('queue:')}", "waiting", ((name, "", "waiting"),))
            for name in metrics.series
            if name.startswith("queue:")
        )
        self._charts = [
            (
                plan,
                MetricChart(
                    plan.title,
                    plan.unit,
                    themes,
                    ceiling=plan.ceiling,
                    digits=plan.digits,
                    from_zero=plan.from_zero,
                    missing=plan.missing,
                ),
            )
            for plan in (*_PLANS, *queues)
        ]
        for _, chart in self._charts:
            chart.pointed.connect(self._on_pointed)
        self._chips = {seconds: Chip(text, themes, checked=seconds == self._seconds) for text, seconds in RANGES}
        self._when = QLabel()
        self._when.setProperty("role", "small")
        self._top = QHBoxLayout()
        for seconds, chip in self._chips.items():
            chip.clicked.connect(lambda _=False, chosen=seconds: self.show_range(chosen))
            self._top.addWidget(chip)
        self._top.addStretch(1)
        self._top.addWidget(self._when)
        content = QWidget()
        self._grid = QGridLayout(content)
        self._area = KineticArea(content)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._top)
        self._column.addWidget(self._area, 1)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def first(self) -> QWidget:
        return self._area

    @property
    def charts(self) -> dict[str, MetricChart]:
        return {plan.title: chart for plan, chart in self._charts}

    def show_range(self, seconds: int) -> None:
        self._seconds = seconds
        for chosen, chip in self._chips.items():
            chip.setChecked(chosen == seconds)
        self._on_pointed(-1.0)
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stop is None:
            self._stop = self._metrics.on_sample(self._on_sample)
        self._draw()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._stop_listening()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _on_sample(self, sample: Sample) -> None:
        self._draw()

    def _draw(self) -> None:
        sample = self._metrics.latest
        # What is not sampled for a while moves to the left and leaves a gap at the right edge.
        edge = max(sample.slot if sample is not None else 0, self._metrics.slot - 1)
        for plan, chart in self._charts:
            traces = tuple(self._trace(name, label, token, edge) for name, label, token in plan.series)
            if len(traces) > 1:
                traces = tuple(t for t in traces if t.latest is not None or not all(map(isnan, t.values))) or traces[:1]
            step = BUCKET if self._seconds > 600 else 1
            bars = (
                sample.machine.cores if sample is not None and plan.title == "CPU" and len(sample.machine.cores) <= 16 else ()
            )
            chart.show_plot(Plot(traces, self._seconds, step), note=plan.note(sample) if sample is not None else "", bars=bars)

    def _trace(self, name: str, label: str, token: str, edge: int) -> Trace:
        series = self._metrics.series[name]
        latest = series.at(edge) if series.newest_slot >= edge else None
        if self._seconds > 600:
            lows, highs = series.extremes(self._seconds, edge)
            return Trace(label, token, highs, latest, lows)
        return Trace(label, token, series.window(self._seconds, edge), latest)

    def _on_pointed(self, seconds_ago: float) -> None:
        for _, chart in self._charts:
            chart.set_pointer(seconds_ago)
        self._when.setText(
            "" if seconds_ago < 0 else f"{seconds_ago:.0f} s ago" if seconds_ago < 120 else f"{seconds_ago / 60:.0f} min ago"
        )

    def _arrange(self) -> None:
        columns = max(1, min(3, self.width() // self._themes.current.px(300)))
        if columns == self._columns:
            return
        self._columns = columns
        for number, (_, chart) in enumerate(self._charts):
            self._grid.addWidget(chart, number // columns, number % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def _stop_listening(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(0, theme.px(2), 0, 0)
        self._column.setSpacing(theme.px(2))
        self._top.setContentsMargins(theme.px(12), 0, theme.px(12), 0)
        self._top.setSpacing(theme.px(8))
        self._grid.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(12))
        self._grid.setSpacing(theme.px(8))
        self._columns = 0
        self._arrange()
        self._area.setAlignment(Qt.AlignmentFlag.AlignTop)
