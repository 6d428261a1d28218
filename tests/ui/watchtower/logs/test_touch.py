"""A finger on the log lines: it scrolls and lets glide, taps, holds, and pulls the handles of what is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QInputDevice, QPointingDevice
from PySide6.QtTest import QTest

from tests.ui.watchtower.conftest import Build, Tower, until
from tests.ui.watchtower.logs.test_page import last, lines, logs, shown, spot, texts

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def screen() -> QPointingDevice:
    return QTest.createTouchDevice(QInputDevice.DeviceType.TouchScreen)


class Finger:
    def __init__(self, t: Tower, screen: QPointingDevice) -> None:
        self._port, self._screen = logs(t).view.viewport(), screen

    def _do(self, what: str, at: QPoint) -> None:
        sequence = QTest.touchEvent(self._port, self._screen)
        getattr(sequence, what)(0, at, self._port)
        sequence.commit()

    def down(self, at: QPoint) -> None:
        self._do("press", at)

    def up(self, at: QPoint) -> None:
        self._do("release", at)

    def tap(self, at: QPoint) -> None:
        self.down(at)
        self.up(at)

    async def drag(self, start: QPoint, end: QPoint, *, lift: bool = True) -> None:
        self.down(start)
        for step in range(1, 9):
            self._do("move", start + (end - start) * step / 8)
            await asyncio.sleep(0.016)
        if lift:
            self.up(end)


def test_a_drag_scrolls_and_chooses_nothing(tower: Build, on_loop: OnLoop, screen: QPointingDevice) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 3000)
            await until(lambda: last(t) == "line 2999")
            await Finger(t, screen).drag(QPoint(200, 60), QPoint(200, 240))
            await until(lambda: shown(t)[-1].number < 2995)
            assert logs(t).view.chosen.current is None
            t.bench.say("newer")
            await until(lambda: "1 new" in logs(t).parts.pill.text())
            await Finger(t, screen).drag(QPoint(200, 240), QPoint(200, 20))
            await Finger(t, screen).drag(QPoint(200, 240), QPoint(200, 20))
            await until(lambda: last(t) == "newer")

    on_loop(work())


def test_a_tap_chooses_and_a_second_one_opens(tower: Build, on_loop: OnLoop, screen: QPointingDevice) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 300)
            await until(lambda: last(t) == "line 299")
            finger = Finger(t, screen)
            finger.tap(spot(t, "line 295"))
            await until(lambda: logs(t).view.chosen.current == 295)
            assert not logs(t).parts.panel.is_open
            await until(lambda: "line 295" in texts(t))
            finger.tap(spot(t, "line 295"))
            await until(lambda: logs(t).parts.panel.is_open)
            assert logs(t).parts.panel.details.text == "line 295"

    on_loop(work())


def test_a_long_press_chooses_several_and_handles_move_the_ends(tower: Build, on_loop: OnLoop, screen: QPointingDevice) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 300)
            await until(lambda: last(t) == "line 299")
            page, finger = logs(t), Finger(t, screen)
            place = spot(t, "line 292")
            finger.down(place)
            await until(lambda: page.hands.choosing)
            finger.up(place)
            await until(lambda: "line 292" in texts(t))
            assert (page.view.chosen.first, page.view.chosen.last) == (292, 292)
            finger.tap(spot(t, "line 295"))
            await until(lambda: (page.view.chosen.first, page.view.chosen.last) == (292, 295))
            await until(lambda: len(page.hands._handles()) == 2)
            top = page.view.position.place
            handle = page.hands._handles()[True].center().toPoint()
            await finger.drag(handle, QPoint(handle.x(), spot(t, "line 293").y()))
            assert (page.view.chosen.first, page.view.chosen.last) == (292, 293)
            assert page.view.position.place == top, "a handle does not scroll"
            assert page.parts.chosen.text == "2 lines"
            page.parts.chosen.buttons["Choose nothing (Esc)"].click()
            assert not page.hands.choosing
            await until(lambda: last(t) == "line 299" and page.view.sticks)

    on_loop(work())
