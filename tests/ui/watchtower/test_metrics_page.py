"""The charts: what was measured is what is shown, by finger, mouse and keys, over a restart and across a gap."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.core.events import Event, ModuleHealthReported, PanelStarted, Severity, ToolCallJudged
from chainbot_desktop.core.events.panel import Start
from chainbot_desktop.core.events.runs import ToolVerdict
from chainbot_desktop.core.events.webhooks import ModuleReport
from chainbot_desktop.core.ids import format_time
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.metric_chart import short
from chainbot_desktop.ui.watchtower.metric_strip import ticks
from chainbot_desktop.ui.watchtower.metrics_page import MetricsPage
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from tests.helpers.recorded_metrics import record
from tests.ui.watchtower.conftest import Build, Tower, door, until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="session")
def touch_screen() -> QPointingDevice:
    return QTest.createTouchDevice()


@pytest.fixture(scope="session")
def recorded_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "metrics.db"
    asyncio.run(record(path, int(time.time()), 86_400))
    return path


def charts_of(t: Tower) -> MetricsPage:
    t.view.show_page("metrics")
    return t.view.metrics


async def shown(page: MetricsPage) -> None:
    """Until the window that the axis wants is here and painted."""
    await until(lambda: not page._reading._busy and page._reading._wanted is None and not page._frames._pending)


def feed(t: Tower, values: dict[str, float], *, ago: range) -> int:
    now = int(time.time())
    for second in ago:
        t.metric_store.add(now - second, values)
    return now


@pytest.mark.parametrize(
    ("figure", "title"),
    [
        ("clock_skew", "Ahead of ALEX OS's clock"),
        ("queue:journal", "Queues"),
        ("throttled", "CPU"),
        ("core3", "CPU"),
        ("cost", "Model cost"),
    ],
)
def test_from_a_figure_to_its_chart(tower: Build, on_loop: OnLoop, figure: str, title: str) -> None:
    async def work() -> None:
        async with tower() as t:
            page = t.view.metrics
            page.show_nodes(True)
            at = time.time() - 100
            t.view.present({"page": "metrics", "metric": figure, "time": at})
            chart, area = page.charts[title], page._area.viewport()

            def is_seen() -> bool:
                box = chart.rect().translated(chart.mapTo(area, QPoint(0, 0)))
                return chart.isVisible() and area.rect().contains(box)

            await until(is_seen)
            assert page.axis.pointer == pytest.approx(at), "the moment is not pointed at"
            t.view.present({"page": "metrics", "metric": "link_down"})  # it has no chart
            await shown(page)
            assert is_seen()

    on_loop(work())


def test_charts_show_what_was_measured(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772) as t:
            page = charts_of(t)
            assert {chart.value_text() for chart in page.charts.values()} == {""}, (
                "a figure before the first measurement is invented"
            )
            await t.metrics.open()
            await until(page.charts["CPU"].value_text)
            await until(lambda: page.charts["CPU"].value_text().endswith(f"  {short(t.metrics.figures['cpu'] or 0, 0)} %"))
            assert "busiest core" in page.charts["CPU"].value_text()
            sample = t.metrics.latest
            assert sample is not None
            assert page.charts["Memory"].value_text().endswith("%")
            assert page.charts["Events"].value_text() == "0 /s"
            if sample.machine.temperature is None:
                assert page.charts["Temperature"].value_text() == ""
            assert page.charts["Card wear"].value_text() == "" or sample.machine.wear is not None

    on_loop(work())


def test_unseen_charts_listen_to_nothing(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            listening = len(t.metrics._listeners)
            t.view.show_page("metrics")
            assert len(t.metrics._listeners) == listening + 1
            t.view.show_page("link")
            assert len(t.metrics._listeners) == listening

    on_loop(work())


def test_what_was_measured_before_a_restart_is_in_the_charts(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772) as t:
            feed(t, {"cpu": 37.0, "core0": 30.0, "core1": 44.0}, ago=range(500, 0, -1))
        async with tower(1200, 772) as t:
            page = charts_of(t)
            page.show_range(600)
            await shown(page)
            page.axis.point(page.axis.end - 100)
            assert page.charts["CPU"].value_text() == "cores 30 44  37 %"

    on_loop(work())


def test_pointing_reads_one_moment_in_all_charts(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772) as t:
            now = int(time.time())
            for second in range(300, 0, -1):
                t.metric_store.add(now - second, {"cpu": float(second % 100), "memory": 40.0 + second / 10, "received": 0.5})
            page = charts_of(t)
            page.show_range(600)
            await shown(page)
            page.axis.point(now - 120 + 0.4)
            assert page.charts["CPU"].value_text() == "20 %"
            assert page.charts["Memory"].value_text() == "52 %"
            assert page.charts["Network"].value_text() == "in 0.50 MB/s"
            assert time.strftime("%H:%M:%S", time.localtime(now - 120)) in page.strip.text()
            page.axis.point(now - 450)
            assert page.charts["CPU"].value_text() == "– %", "nothing was measured then"
            page.axis.point(None)
            assert "–" in page.strip.text()

    on_loop(work())


def _columns_with(image: QImage, color: object, top: int, bottom: int) -> set[int]:
    return {x for x in range(image.width()) for y in range(top, bottom) if image.pixelColor(x, y) == color}


@pytest.mark.parametrize("span", [600, 3600])
def test_a_gap_stays_a_gap(tower: Build, on_loop: OnLoop, theme_source: ThemeSource, span: int) -> None:
    """As points (600 values) and as columns of pixels (3600 values)."""

    async def work() -> None:
        async with tower(720, 452) as t:
            now = int(time.time())
            for second in range(span - 10, 0, -1):
                if not span * 0.4 < second < span * 0.6:
                    t.metric_store.add(now - second, {"cpu": 50.0})
            page = charts_of(t)
            page.show_range(span)
            await shown(page)
            chart = page.charts["CPU"]
            image = chart.grab().toImage()
            plot = chart.plot.toRect()
            drawn = _columns_with(image, theme_source.current.color("working"), plot.top() + 5, plot.bottom() - 5)
            left, right = (plot.left() + plot.width() * share for share in (0.41, 0.59))
            assert any(x < left for x in drawn), "nothing was drawn"
            assert any(x > right for x in drawn)
            assert not any(left < x < right for x in drawn), "a line over seconds in which nothing was measured"

    on_loop(work())


def test_the_step_follows_the_zoom(tower: Build, on_loop: OnLoop, recorded_day: Path, tmp_path: Path) -> None:
    shutil.copy(recorded_day, tmp_path / "metrics.db")

    async def work() -> None:
        async with tower() as t:
            page = charts_of(t)
            for span, step in ((60, 1), (3600, 1), (86_400, 60), (30 * 86_400, 3600), (365 * 86_400, 3600)):
                page.show_range(span)
                await shown(page)
                assert page._reading.window.step == step, span
                assert page._reading.window.lines["cpu"].count.any(), span

    on_loop(work())


# Fingers


def touch(on: QWidget, screen: QPointingDevice, *fingers: list[QPoint]) -> None:
    """Each finger goes along its places, all at the same time, and they are lifted together."""
    sequence = QTest.touchEvent(on, screen)
    for number, places in enumerate(fingers):
        sequence.press(number, places[0], on)
    sequence.commit()
    for step in range(1, len(fingers[0])):
        sequence = QTest.touchEvent(on, screen)
        for number, places in enumerate(fingers):
            sequence.move(number, places[step], on)
        sequence.commit()
        QApplication.processEvents()
    sequence = QTest.touchEvent(on, screen)
    for number, places in enumerate(fingers):
        sequence.release(number, places[-1], on)
    sequence.commit()
    QApplication.processEvents()


def along(start: QPoint, end: QPoint, steps: int = 8) -> list[QPoint]:
    return [start + (end - start) * step / steps for step in range(steps + 1)]


def test_one_finger_sideways_pans_and_scrolls_nothing(tower: Build, on_loop: OnLoop, touch_screen: QPointingDevice) -> None:
    async def work() -> None:
        async with tower() as t:
            page = charts_of(t)
            await shown(page)
            viewport, bar = page._area.viewport(), page._area.verticalScrollBar()
            assert bar.maximum() > 0
            before = page.axis.start
            touch(viewport, touch_screen, along(QPoint(200, 100), QPoint(500, 112)))
            moved = before - page.axis.start
            expected = 300 / page.strip.plot.width() * page.axis.span
            assert moved == pytest.approx(expected, rel=0.1), "what was under the finger stays under it"
            assert not page.axis.following
            assert bar.value() == 0
            assert not page._now_chip.isChecked()

    on_loop(work())


def test_one_finger_up_scrolls_and_pans_nothing(tower: Build, on_loop: OnLoop, touch_screen: QPointingDevice) -> None:
    async def work() -> None:
        async with tower() as t:
            page = charts_of(t)
            await shown(page)
            viewport, bar = page._area.viewport(), page._area.verticalScrollBar()
            span = page.axis.span
            touch(viewport, touch_screen, along(QPoint(300, 250), QPoint(312, 60)))
            await until(lambda: bar.value() > 0)
            assert page.axis.following
            assert page.axis.span == span

    on_loop(work())


@pytest.mark.parametrize("where", ["charts", "strip"])
def test_two_fingers_pinch(tower: Build, on_loop: OnLoop, touch_screen: QPointingDevice, where: str) -> None:
    async def work() -> None:
        async with tower() as t:
            page = charts_of(t)
            page.axis.show(time.time() - 40_000, 7200)
            await shown(page)
            on = page._area.viewport() if where == "charts" else page.strip
            plot = page._plot_in_viewport() if where == "charts" else page.strip.plot
            middle, y = round(plot.left() + plot.width() * 0.25), 40
            moment = page.axis.moment(0.25)
            touch(
                on,
                touch_screen,
                along(QPoint(middle - 40, y), QPoint(middle - 160, y)),
                along(QPoint(middle + 40, y), QPoint(middle + 160, y)),
            )
            assert page.axis.span == pytest.approx(7200 / 4, rel=0.05)
            assert page.axis.share(moment) == pytest.approx(0.25, abs=0.02), "what is between the fingers stays there"
            touch(
                on,
                touch_screen,
                along(QPoint(middle - 120, y), QPoint(middle - 60, y)),
                along(QPoint(middle + 120, y), QPoint(middle + 60, y)),
            )
            assert page.axis.span == pytest.approx(7200 / 2, rel=0.05)
            assert page._area.verticalScrollBar().value() == 0

    on_loop(work())


def test_a_tap_points_and_a_double_tap_follows_again(tower: Build, on_loop: OnLoop, touch_screen: QPointingDevice) -> None:
    async def work() -> None:
        async with tower() as t:
            page = charts_of(t)
            page.axis.show(time.time() - 40_000, 600)
            await shown(page)
            viewport = page._area.viewport()
            plot = page._plot_in_viewport()
            spot = QPoint(round(plot.left() + plot.width() * 0.75), 80)
            touch(viewport, touch_screen, [spot])
            assert page.axis.pointer == pytest.approx(page.axis.moment(0.75), abs=2)
            touch(viewport, touch_screen, [spot])
            assert page.axis.following
            assert page.axis.pointer is None
            touch(viewport, touch_screen, [QPoint(100, 80)])
            assert page.axis.pointer is not None, "the third tap is one of its own"

    on_loop(work())


def wheel(on: QWidget, at: QPoint, notches: int, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    where = QPointF(at)
    event = QWheelEvent(
        where,
        QPointF(on.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(on, event)


def test_mouse_and_wheel(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772) as t:
            page = charts_of(t)
            page.axis.show(time.time() - 40_000, 6000)
            await shown(page)
            chart, axis = page.charts["CPU"], page.axis
            at = QPoint(round(chart.plot.left() + chart.plot.width() / 2), 60)
            moment = axis.moment(0.5)
            wheel(chart, at, 2, Qt.KeyboardModifier.ControlModifier)
            assert axis.span == pytest.approx(6000 / 1.25**2)
            assert axis.share(moment) == pytest.approx(0.5, abs=0.01)
            span = axis.span
            wheel(chart, at, 1)
            assert axis.span == span, "a plain wheel scrolls"
            wheel(page.strip, QPoint(600, 30), -1)
            assert axis.span == pytest.approx(span * 1.25), "on the axis a plain wheel zooms"
            start = axis.start
            wheel(chart, at, 1, Qt.KeyboardModifier.ShiftModifier)
            assert axis.start < start
            start = axis.start
            QTest.mousePress(chart, Qt.MouseButton.LeftButton, pos=at)
            QTest.mouseMove(chart, at + QPoint(150, 30))
            QTest.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=at + QPoint(150, 30))
            assert axis.start < start
            QTest.mouseMove(chart, at)
            assert axis.pointer == pytest.approx(axis.moment(0.5), abs=axis.span / 100)
            QTest.mouseDClick(chart, Qt.MouseButton.LeftButton, pos=at)
            assert axis.following

    on_loop(work())


def test_keys(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            page = charts_of(t)
            await shown(page)
            axis, area = page.axis, page.first
            span = axis.span
            QTest.keyClick(area, Qt.Key.Key_Plus)
            assert axis.span < span
            assert page._now_chip.isChecked(), "the present stays at the edge"
            QTest.keyClick(area, Qt.Key.Key_Minus)
            assert axis.span == pytest.approx(span)
            QTest.keyClick(area, Qt.Key.Key_Left)
            assert not page._now_chip.isChecked()
            QTest.keyClick(area, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
            pointed = axis.pointer
            assert pointed is not None
            QTest.keyClick(area, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
            assert (axis.pointer or 0) > pointed
            QTest.keyClick(area, Qt.Key.Key_Escape)
            assert not axis.pointer
            QTest.keyClick(area, Qt.Key.Key_Home)
            assert time.time() - axis.end == pytest.approx(731 * 86_400 - axis.span, abs=5)
            QTest.keyClick(area, Qt.Key.Key_End)
            assert axis.following

    on_loop(work())


def test_a_mark_opens_its_event(tower: Build, on_loop: OnLoop, touch_screen: QPointingDevice) -> None:
    async def work() -> None:
        started = PanelStarted(data=Start(version="1", pid=1, host="h", port=1, mode="panel"))
        async with tower(events=[started, door(1)]) as t:
            await t.metrics.open()  # the axis follows what is measured
            page = charts_of(t)
            page.show_range(3600)  # where it goes on slowly: a busy machine must still find it under the finger
            await until(lambda: page.strip.marks)
            (mark,) = page.strip.marks
            assert mark.title == "Panel started"
            await until(lambda: page.strip.marks_at(page.strip.x_of(mark.at)))  # the very second is not on the axis yet
            spot = QPoint(round(page.strip.x_of(mark.at)) - 10, 34)
            touch(page.strip, touch_screen, [spot])
            await until(lambda: t.view.page == "events")
            await until(lambda: t.view.events.inspector.event_id == mark.event_id)

    on_loop(work())


def test_several_marks_in_one_place_are_offered(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        started = [PanelStarted(data=Start(version=str(n), pid=n, host="h", port=1, mode="panel")) for n in range(3)]
        async with tower(events=started) as t:
            await t.metrics.open()  # the axis follows what is measured
            page = charts_of(t)
            page.show_range(3600)
            await until(lambda: len(page.strip.marks) == 3)
            # What is of this very second is not on the axis yet.
            await until(lambda: len(page.strip.marks_at(page.strip.x_of(page.strip.marks[0].at))) == 3)
            spot = QPoint(round(page.strip.x_of(page.strip.marks[0].at)), 34)
            QTest.mouseClick(page.strip, Qt.MouseButton.LeftButton, pos=spot)
            menu = t.view.findChild(MenuSheet)
            assert menu is not None
            assert ["version 2" in row.text() for row in menu.rows] == [False, False, True]
            menu.rows[1].click()
            await until(lambda: t.view.page == "events")

    on_loop(work())


def health_of(name: str, status: str, **more: Any) -> ModuleHealthReported:
    return ModuleHealthReported(
        source="webhook", data=ModuleReport.model_validate({"agent_name": name, "status_id": status, **more})
    )


def test_each_node_that_reports_has_a_row(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        reports = [health_of("kitchen", "healthy"), health_of("garage", "healthy"), health_of("garage", "degraded")]
        async with tower(events=reports) as t:
            page = charts_of(t)
            page._nodes_chip.click()
            await until(lambda: len(page.nodes.rows) == 2)
            assert "garage, module: degraded" in page.nodes.rows[0].text_shown, "the last report counts"
            await t.append(health_of("kitchen", "unhealthy", attention_reason="No water.", requires_attention=True))
            await until(lambda: "unhealthy" in page.nodes.rows[1].text_shown)
            assert "No water." in page.nodes.rows[1].text_shown
            node = page.nodes.rows[1].node
            assert node is not None
            assert node.mark == "attention"
            page.nodes.rows[1].click()
            await until(lambda: t.view.events.inspector.event_id == node.event_id)

    on_loop(work())


def test_without_reports_the_nodes_say_how_to_get_some(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            page = charts_of(t)
            page.show_nodes(True)
            assert page.nodes._none.isVisible()
            page.show_range(60)
            assert page.strip.isVisible()

    on_loop(work())


def test_ticks_are_few_and_of_the_local_clock() -> None:
    now = 1_800_000_123.0
    for span in (60, 600, 3600, 7 * 3600, 86_400, 5 * 86_400, 40 * 86_400, 200 * 86_400, 731 * 86_400):
        found = list(ticks(now - span, now, 8))
        assert 1 <= len(found) <= 9, span
        assert all(now - span <= at <= now for at, _ in found)
        assert len({label for _, label in found}) == len(found), span


def a_day_of_events() -> list[Event]:
    """Warnings, a start and the steps of agents, spread over the last day."""

    def ago(seconds: float) -> str:
        return format_time(datetime.now(UTC) - timedelta(seconds=seconds))

    steps: list[Event] = [
        ToolCallJudged(
            time=ago(30_000 - 90 * number),
            data=ToolVerdict(run_id="r", agent_id="coder", tool="read_file", target=f"src/{number}.py", verdict="allowed"),
        )
        for number in range(60)
    ]
    warnings: list[Event] = [
        door(number, severity=severity).model_copy(update={"time": ago(seconds)})
        for number, (severity, seconds) in enumerate(
            ((Severity.WARNING, 70_000), (Severity.ERROR, 52_000), (Severity.CRITICAL, 28_000), (Severity.WARNING, 700))
        )
    ]
    begun = PanelStarted(time=ago(36_000), data=Start(version="1", pid=1, host="h", port=1, mode="panel"))
    return [begun, *warnings, *steps]


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("name", "width", "height"), [("800", 720, 452), ("1280", 1200, 772)])
def test_screens(  # noqa: PLR0917 - what pytest hands over
    tower: Build,
    on_loop: OnLoop,
    theme_source: ThemeSource,
    shoot: Any,
    recorded_day: Path,
    tmp_path: Path,
    theme: Any,
    name: str,
    width: int,
    height: int,
) -> None:
    shutil.copy(recorded_day, tmp_path / "metrics.db")

    async def work() -> None:
        theme_source.select(theme)
        events = [
            *a_day_of_events(),
            health_of("kitchen", "healthy"),
            health_of("garage", "degraded", attention_reason="The door sensor is silent.", requires_attention=True),
            health_of("attic-node-with-a-rather-long-name", "unhealthy", workflow_blockers=["disk full", "no network"]),
        ]
        async with tower(width, height, events=events) as t:
            await t.metrics.open()
            page = charts_of(t)
            for label, span in (("10min", 600), ("1h", 3600), ("1day", 86_400), ("1year", 365 * 86_400)):
                page.show_range(span)
                await until(lambda: page.strip.marks and t.metrics.figures.get("cpu") is not None)
                await shown(page)
                await asyncio.sleep(0.2)
                if span == 86_400:
                    shoot(t.view, f"metrics-1day-following-{name}-{theme}")
                    page.axis.point(page.axis.moment(0.8))
                shoot(t.view, f"metrics-{label}-{name}-{theme}")
                page.axis.point(None)
            bar = page._area.verticalScrollBar()
            page.show_range(86_400)
            await shown(page)
            for part in range(1, 4):
                bar.setValue(bar.maximum() * part // 3)
                await asyncio.sleep(0.1)
                shoot(t.view, f"metrics-scrolled{part}-{name}-{theme}")
            page.show_nodes(True)
            await until(lambda: len(page.nodes.rows) == 3)
            shoot(t.view, f"metrics-nodes-{name}-{theme}")

    on_loop(work())
