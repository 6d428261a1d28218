"""A finger on the panel: taps, the swipe from an edge, kinetic lists, the cursor."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from chainbot_desktop.ui.widgets import Sheet
from tests.ui.finding import find, focused
from tests.ui.shell.conftest import Panel, Touch

Finger = Callable[[QWidget], Touch]


def _shown(panel: Panel) -> str:
    return panel.window.stage.current_key


def test_a_tap_on_the_rail_switches(panel: Panel, touch: Finger) -> None:
    button = panel.window.rail.button("chat")
    finger = touch(button)
    finger.press(button.rect().center())
    finger.release(button.rect().center())
    assert panel.built["chat"].isVisible()


def test_swipes_from_the_edges_go_to_the_next_and_the_window_before(panel: Panel, touch: Finger) -> None:
    finger = touch(panel.window)
    finger.drag(QPoint(795, 200), QPoint(600, 205))
    assert _shown(panel) == "code-agent"
    finger.drag(QPoint(795, 200), QPoint(600, 205))
    assert _shown(panel) == "chat"
    finger.drag(QPoint(5, 200), QPoint(200, 195))
    assert _shown(panel) == "code-agent"
    finger.drag(QPoint(5, 200), QPoint(200, 195))
    finger.drag(QPoint(5, 200), QPoint(200, 195))
    assert _shown(panel) == "watchtower", "it goes round"


def test_a_swipe_presses_nothing_beneath(panel: Panel, touch: Finger) -> None:
    clicked: list[int] = []
    panel.built["agent-map"].list.itemClicked.connect(lambda _item: clicked.append(1))
    touch(panel.window).drag(QPoint(795, 200), QPoint(500, 200))
    assert clicked == []
    assert panel.window.rail.button("code-agent").isChecked()


def test_what_is_no_swipe_from_the_edge_does_nothing(panel: Panel, touch: Finger) -> None:
    finger = touch(panel.window)
    finger.drag(QPoint(700, 200), QPoint(400, 200))  # begins away from the edge
    finger.drag(QPoint(795, 200), QPoint(760, 200))  # too short
    finger.drag(QPoint(795, 100), QPoint(790, 400))  # downwards
    assert _shown(panel) == "agent-map"


def test_no_swipe_over_the_editor(panel: Panel, touch: Finger) -> None:
    view = panel.built["agent-map"]
    view.guarded = view.list
    over = view.list.mapTo(panel.window, view.list.rect().center()).y()
    finger = touch(panel.window)
    finger.drag(QPoint(795, over), QPoint(500, over))
    assert _shown(panel) == "agent-map"
    above = view.search.mapTo(panel.window, view.search.rect().center()).y()
    finger.drag(QPoint(795, above), QPoint(500, above))
    assert _shown(panel) == "code-agent"


def test_a_tap_at_the_edge_is_still_a_tap(panel: Panel, touch: Finger) -> None:
    button = panel.window.rail.button("chat")
    place = QPoint(12, button.mapTo(panel.window, button.rect().center()).y())
    finger = touch(panel.window)
    finger.press(place)
    finger.release(place)
    assert _shown(panel) == "chat"


def test_a_finger_scrolls_a_list_and_the_mouse_does_not(panel: Panel, touch: Finger, qtbot: QtBot) -> None:
    rows = panel.built["agent-map"].list
    bar = rows.verticalScrollBar()
    view = rows.viewport()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 150))
    QTest.mouseMove(view, QPoint(100, 50))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 50))
    assert bar.value() == 0
    rows.clearSelection()
    clicked: list[int] = []
    rows.itemClicked.connect(lambda _item: clicked.append(1))
    finger = touch(view)
    finger.press(QPoint(100, 150))
    for y in range(145, 20, -5):
        finger.move(QPoint(100, y))
    finger.release(QPoint(100, 20))
    qtbot.waitUntil(lambda: bar.value() > 60)
    assert clicked == []
    assert rows.selectedItems() == [], "scrolling chooses nothing"


def test_the_cursor_leaves_while_touching_and_comes_with_the_mouse(panel: Panel, touch: Finger) -> None:
    finger = touch(panel.window)
    finger.press(QPoint(400, 200))
    cursor = QGuiApplication.overrideCursor()
    assert cursor is not None
    assert cursor.shape() == Qt.CursorShape.BlankCursor
    finger.release(QPoint(400, 200))
    QTest.mouseMove(panel.window.windowHandle(), QPoint(300, 200))
    assert QGuiApplication.overrideCursor() is None


def test_touch_works_on_after_a_sheet_whose_last_button_was_the_end_of_the_focus_chain(
    panel: Panel, touch: Finger, qtbot: QtBot
) -> None:
    """PySide6 takes what `nextInFocusChain` returned for a child of the widget that was asked, and buries both together."""
    panel.window.open_settings()
    sheet = find(panel.window, Sheet)
    for _ in range(12):
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
    QTest.keyClick(focused(), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not isValid(sheet))
    finger = touch(panel.window)
    finger.drag(QPoint(795, 200), QPoint(600, 205))
    assert _shown(panel) == "code-agent"


def test_a_finger_that_is_gone_leaves_no_button_lit(panel: Panel, touch: Finger, qtbot: QtBot) -> None:
    button = panel.built["agent-map"].main_button
    finger = touch(button)
    finger.press(button.rect().center())
    button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)  # as the pointer that Qt moves there does on a real screen
    finger.release(button.rect().center())
    qtbot.waitUntil(lambda: not button.underMouse())
