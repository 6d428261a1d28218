"""A finger held still is the right click; moving, lifting or a second finger is not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import LongPress, make_kinetic

HERE = QPoint(40, 20)


class Held:
    """A button with a long press, and what happened to it."""

    def __init__(self, board: QWidget, themes: ThemeSource) -> None:
        self.button = QPushButton("Hold me", board)
        self.button.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.button.resize(200, 60)
        self.button.show()
        self.clicks: list[int] = []
        self.menus: list[QPoint] = []
        self.button.clicked.connect(lambda: self.clicks.append(1))
        self.button.customContextMenuRequested.connect(self.menus.append)
        self.press = LongPress(self.button, themes)


@pytest.fixture
def held(board: QWidget, themes: ThemeSource) -> Held:
    return Held(board, themes)


def test_holding_is_the_right_click_and_no_click(held: Held, finger: QPointingDevice, qtbot: QtBot) -> None:
    with qtbot.waitSignal(held.press.triggered, timeout=2000) as seen:
        QTest.touchEvent(held.button, finger).press(0, HERE, held.button).commit()
    assert seen.args == [held.button.mapToGlobal(HERE)]
    assert held.menus == [HERE]
    QTest.touchEvent(held.button, finger).release(0, HERE, held.button).commit()
    assert held.clicks == []
    assert not held.button.isDown()


def test_a_short_tap_is_a_click(held: Held, finger: QPointingDevice) -> None:
    QTest.touchEvent(held.button, finger).press(0, HERE, held.button).commit()
    QTest.touchEvent(held.button, finger).release(0, HERE, held.button).commit()
    assert held.clicks == [1]
    assert not held.press.pending


def test_moving_cancels_and_trembling_does_not(held: Held, finger: QPointingDevice) -> None:
    QTest.touchEvent(held.button, finger).press(0, HERE, held.button).commit()
    QTest.touchEvent(held.button, finger).move(0, HERE + QPoint(3, 3), held.button).commit()
    pending = [held.press.pending]
    QTest.touchEvent(held.button, finger).move(0, HERE + QPoint(9, 0), held.button).commit()
    pending.append(held.press.pending)
    assert pending == [True, False]
    QTest.touchEvent(held.button, finger).release(0, HERE, held.button).commit()


def test_the_mouse_needs_no_long_press(held: Held) -> None:
    QTest.mousePress(held.button, Qt.MouseButton.LeftButton, pos=HERE)
    assert not held.press.pending
    QTest.mouseRelease(held.button, Qt.MouseButton.LeftButton, pos=HERE)


def test_a_ring_shows_while_holding_and_goes(held: Held, board: QWidget, finger: QPointingDevice, qtbot: QtBot) -> None:
    before = set(board.findChildren(QWidget))
    QTest.touchEvent(held.button, finger).press(0, HERE, held.button).commit()
    qtbot.waitUntil(lambda: len(board.findChildren(QWidget)) > len(before))
    (ring,) = set(board.findChildren(QWidget)) - before
    assert ring.isVisible()
    assert ring.geometry().contains(HERE)
    QTest.touchEvent(held.button, finger).release(0, HERE, held.button).commit()
    qtbot.waitUntil(lambda: set(board.findChildren(QWidget)) == before)


def test_it_works_in_a_list_that_scrolls(board: QWidget, themes: ThemeSource, finger: QPointingDevice, qtbot: QtBot) -> None:
    rows = make_kinetic(QListWidget(board))
    rows.addItems([f"row {number}" for number in range(50)])
    rows.setGeometry(0, 0, 300, 300)
    rows.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    rows.show()
    menus: list[QPoint] = []
    rows.customContextMenuRequested.connect(menus.append)
    clicked: list[int] = []
    rows.itemClicked.connect(lambda _item: clicked.append(1))
    press = LongPress(rows.viewport(), themes)
    with qtbot.waitSignal(press.triggered, timeout=2000):
        QTest.touchEvent(rows.viewport(), finger).press(0, HERE, rows.viewport()).commit()
    assert len(menus) == 1
    QTest.touchEvent(rows.viewport(), finger).release(0, HERE, rows.viewport()).commit()
    assert clicked == []
    QTest.touchEvent(rows.viewport(), finger).press(0, HERE, rows.viewport()).commit()
    QTest.touchEvent(rows.viewport(), finger).release(0, HERE, rows.viewport()).commit()
    assert clicked == [1]
    QTest.touchEvent(rows.viewport(), finger).press(0, QPoint(40, 200), rows.viewport()).commit()
    for y in range(195, 100, -10):
        QTest.touchEvent(rows.viewport(), finger).move(0, QPoint(40, y), rows.viewport()).commit()
    assert not press.pending
    QTest.touchEvent(rows.viewport(), finger).release(0, QPoint(40, 100), rows.viewport()).commit()
