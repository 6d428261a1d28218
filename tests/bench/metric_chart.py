"""A day of one-second figures drawn at 1280 pixels; a week of minutes read from the store; and what measuring costs a second.

All of it is processor time: how busy the machine is otherwise is not what is asked. The control of the drawing is Qt's own polyline of
all points, without a band, made and painted in the same run.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QApplication

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.metric_file import MetricFile
from chainbot_desktop.store.metric_rows import Line, Point
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.metric_axis import TimeAxis
from chainbot_desktop.ui.watchtower.metric_chart import MetricChart, Trace
from chainbot_desktop.ui.watchtower.metric_plans import ChartPlan, TracePlan
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.machine import Machine
from chainbot_desktop.watch.metric_store import MetricStore, MetricWindow
from chainbot_desktop.watch.metrics import MetricsSampler
from tests.bench.measure import Result, middle

DAY = 86_400
WIDTH, HEIGHT = 1280, 116
FIGURES = 35
ROUNDS = 15
FRAME_MS = 16.7
NOON = 1_800_000_000


def run() -> list[Result]:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    return [*_drawing(app), asyncio.run(_reading()), asyncio.run(_sampling())]


def _line() -> Line:
    random = np.random.default_rng(3)
    mean = (40 + 25 * np.sin(np.arange(DAY) / 4000) + random.normal(0, 6, DAY)).astype(np.float32)
    spread = random.uniform(0, 8, DAY).astype(np.float32)
    mean[30_000:33_000] = np.nan
    return Line(mean - spread, mean, mean + spread, np.isfinite(mean).astype(np.uint32))


def _drawing(app: QApplication) -> list[Result]:
    themes, line = ThemeSource(app), _line()
    axis = TimeAxis(lambda: NOON + DAY)
    axis.show_span(DAY)
    chart = MetricChart(ChartPlan("CPU", "%", (TracePlan("cpu", "", "working"),), 100), axis, themes)
    chart.resize(WIDTH, HEIGHT)
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_ARGB32_Premultiplied)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        chart.show_window(MetricWindow(NOON, 1, DAY, {"cpu": line}), [Trace("cpu", "", "working")], {}, "")
        begun = time.process_time()
        chart.render(image)
        ours.append((time.process_time() - begun) * 1000)
        begun = time.process_time()
        _polyline(image, line)
        theirs.append((time.process_time() - begun) * 1000)
    cost, control = middle(ours), middle(theirs)
    return [
        Result("metric chart: a day of seconds at 1280 px", cost, "ms", FRAME_MS, "<=1", "control: one frame"),
        Result(
            "metric chart: beside drawPolyline", cost, "ms", control, "<=0.5", "control: QPainter.drawPolyline of all points"
        ),
    ]


def _polyline(image: QImage, line: Line) -> None:
    known = np.flatnonzero(~np.isnan(line.mean))
    xs, ys = known / DAY * WIDTH, HEIGHT - line.mean[known] / 100 * HEIGHT
    points = QPolygonF([QPointF(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)])
    painter = QPainter(image)
    painter.setPen(QPen(QColor("#5AA9FF"), 1))  # neither wide nor smoothed: with that it takes seconds
    painter.drawPolyline(points)
    painter.end()


async def _reading() -> Result:
    """All figures of a week, as the page asks; the control reads the same bytes with SQLite alone."""
    with tempfile.TemporaryDirectory() as folder:
        file = MetricFile(Path(folder) / "metrics.db")
        file.open()
        week = 7 * 24 * 60
        point = Point(1.0, 2.0, 3.0, 60)
        for begin in range(0, week, 720):
            file.write([], {NOON + 60 * n: {f"figure{f}": point for f in range(FIGURES)} for n in range(begin, begin + 720)})
        file.close()
        store = MetricStore(MetricFile(Path(folder) / "metrics.db"))
        await store.open()
        ours, theirs = [], []
        for _ in range(ROUNDS):
            begun = time.process_time()
            window = await store.query(None, NOON, NOON + 60 * week, 60)
            ours.append((time.process_time() - begun) * 1000)
            assert len(window.lines) == FIGURES
            begun = time.process_time()
            _bytes_alone(Path(folder) / "metrics.db")
            theirs.append((time.process_time() - begun) * 1000)
        await store.close()
    note = f"{FIGURES} figures, {week:,} minutes; control: SELECT of the same rows"
    return Result("metric store: a week of minutes", middle(ours), "ms", middle(theirs), "<=5", note)


def _bytes_alone(path: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("SELECT start, data FROM minutes WHERE start >= 0 AND start < 4000000000").fetchall()
    connection.close()


async def _sampling() -> Result:
    """Processor time of a second of measuring and keeping, all threads; the control is a hundredth of a core."""
    with tempfile.TemporaryDirectory() as folder:
        store = MetricStore(MetricFile(Path(folder) / "metrics.db"))
        await store.open()
        machine = Machine(Path(folder))
        sampler = MetricsSampler(Path(folder), Tasks(), LoopLagMonitor(), event_count=lambda: 0, reader=machine)
        sampler.on_sample(store.take)
        await sampler.open()
        await asyncio.sleep(2)
        before, seconds = _spent(), 20
        await asyncio.sleep(seconds)
        cost = (_spent() - before) / seconds * 1000
        await sampler.close()
        await store.close()
    return Result("metrics: processor time of a second", cost, "ms", 10.0, "<=1", "control: 1 % of one core")


def _spent() -> float:
    times = os.times()
    return times.user + times.system
