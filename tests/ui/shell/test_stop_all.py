"""STOP ALL: held for a second by finger, mouse or key; never set off by a tap; reachable over everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.shell.stop_all import StopAll
from chainbot_desktop.ui.theme import TEXT_SIZES
from tests.ui.acting import until
from tests.ui.finding import focused
from tests.ui.shell.conftest import MakePanel, Panel, Touch

Finger = Callable[[QWidget], Touch]
LEFT = Qt.MouseButton.LeftButton
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def asked(panel: Panel) -> list[None]:
    asked: list[None] = []
    panel.window.stop_all_requested.connect(lambda: asked.append(None))
    return asked


def test_a_tap_stops_nothing_and_says_how(panel: Panel, asked: list[None], qtbot: QtBot) -> None:
    stop = panel.window.rail.stop_button
    QTest.mouseClick(stop, LEFT)
    assert panel.window.messages.current is not None
    assert "Hold it" in panel.window.messages.current.text
    qtbot.wait(1_100)  # nothing may come later either
    assert asked == []


def test_the_mouse_holds_it_for_a_second_while_the_ring_fills(panel: Panel, asked: list[None], qtbot: QtBot) -> None:
    stop = panel.window.rail.stop_button
    QTest.mousePress(stop, LEFT)
    qtbot.waitUntil(lambda: 0.3 < stop.share < 0.9)
    assert asked == []
    qtbot.waitUntil(lambda: asked == [None], timeout=2000)
    assert stop.share == 1.0
    QTest.mouseRelease(stop, LEFT)
    assert stop.share == 0.0
    assert asked == [None]


def test_sliding_off_it_lets_go(panel: Panel, asked: list[None], qtbot: QtBot) -> None:
    stop = panel.window.rail.stop_button
    QTest.mousePress(stop, LEFT)
    QTest.mouseMove(stop, QPoint(300, -200))
    assert stop.share == 0.0
    qtbot.wait(1_100)
    assert asked == []


@pytest.mark.parametrize("x", [6, 40])
def test_a_finger_holds_it_also_at_the_very_edge(panel: Panel, asked: list[None], touch: Finger, qtbot: QtBot, x: int) -> None:
    stop = panel.window.rail.stop_button
    place = QPoint(max(x, stop.x()), stop.mapTo(panel.window, stop.rect().center()).y())
    finger = touch(panel.window)
    finger.press(place)
    qtbot.waitUntil(lambda: asked == [None], timeout=2000)
    finger.release(place)
    assert asked == [None]


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_a_key_holds_it(panel: Panel, asked: list[None], qtbot: QtBot, key: Qt.Key) -> None:
    stop = panel.window.rail.stop_button
    stop.setFocus()
    QTest.keyClick(stop, key)
    assert stop.share == 0.0
    QTest.keyPress(stop, key)
    qtbot.waitUntil(lambda: asked == [None], timeout=2000)
    QTest.keyRelease(stop, key)
    assert asked == [None]


def test_ctrl_shift_esc_twice_stops_and_once_does_not(panel: Panel, asked: list[None]) -> None:
    panel.built["agent-map"].field.setFocus()
    QTest.keyClick(focused(), Qt.Key.Key_Escape, CTRL_SHIFT)
    assert asked == []
    assert panel.window.messages.current is not None
    assert "once more" in panel.window.messages.current.text
    QTest.keyClick(focused(), Qt.Key.Key_Escape, CTRL_SHIFT)
    assert asked == [None]
    QTest.keyClick(focused(), Qt.Key.Key_Escape, CTRL_SHIFT)
    assert asked == [None], "it counts anew"


@pytest.mark.parametrize("over", ["open_palette", "open_keys", "open_settings"])
def test_it_works_over_every_sheet(panel: Panel, asked: list[None], qtbot: QtBot, over: str) -> None:
    getattr(panel.window, over)()
    for _ in range(2):
        QTest.keyClick(focused(), Qt.Key.Key_Escape, CTRL_SHIFT)
    assert asked == [None], "by its keys"
    stop = panel.window.rail.stop_button
    assert panel.window.childAt(stop.mapTo(panel.window, stop.rect().center())) is stop, "nothing lies over it"
    QTest.mousePress(stop, LEFT)
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=2000)
    QTest.mouseRelease(stop, LEFT)


@pytest.mark.parametrize("text_size", TEXT_SIZES)
@pytest.mark.parametrize("size", [(800, 480), (1280, 800), (480, 800)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_rail_has_room_for_it(make_panel: MakePanel, size: tuple[int, int], text_size: str) -> None:
    panel = make_panel(size=size)
    panel.attach(text_size=text_size)
    panel.size(*size)
    QApplication.processEvents()
    assert panel.window.height() == size[1], "the window did not have to grow"
    rail = panel.window.rail
    buttons = [*(rail.button(key) for key in panel.window.stage.keys), rail.link_button, rail.menu_button, rail.stop_button]
    for button in buttons:
        assert rail.rect().contains(button.geometry())
        assert min(button.width(), button.height()) >= 48
    for one, other in pairwise(buttons):
        assert not one.geometry().intersects(other.geometry())
    gap = rail.stop_button.geometry().top() - rail.menu_button.geometry().bottom()
    assert size[0] < size[1] or gap >= 16, "apart from the others"


@dataclass(frozen=True)
class Report:
    agents: Sequence[tuple[str, str]]
    runs: int


@dataclass
class Agents:
    report: Report
    error: Unavailable | None = None
    stops: list[str] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def stop_all(self, *, actor: str) -> Report:
        self.stops.append(actor)
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return self.report


@pytest.mark.parametrize(
    ("report", "error", "words"),
    [
        (
            Report((("1", "Tests"), ("2", "Coder"), ("3", "Ada")), 1),
            None,
            "Stopped 3 agents: Tests, Coder, Ada. 1 task cancelled.",
        ),
        (Report((), 0), None, "Nothing was running."),
        (Report(tuple((str(n), f"A{n}") for n in range(8)), 0), None, "Stopped 8 agents: A0, A1, A2, A3, A4, A5 and 2 more."),
        (Report((), 0), Unavailable("The disk is full."), "The disk is full."),
    ],
)
def test_the_message_bar_says_what_was_stopped(
    panel: Panel, on_loop: Callable[[Coroutine[Any, Any, Any]], Any], report: Report, error: Unavailable | None, words: str
) -> None:
    async def work() -> None:
        agents, tasks = Agents(report, error), Tasks()
        StopAll(panel.window, agents, tasks)
        panel.window.stop_all_requested.emit()
        panel.window.stop_all_requested.emit()
        await until(lambda: bool(agents.stops))
        assert panel.window.rail.stop_button.text() == "Stopping"
        agents.go_on.set()
        await until(lambda: panel.window.messages.current is not None and not tasks.names)
        assert agents.stops == ["device:panel"], "once, however often it was asked for"
        assert panel.window.rail.stop_button.text() == "Stop all"

    on_loop(work())
    assert panel.window.messages.current is not None
    assert panel.window.messages.current.text == words
