"""Ctrl+K, F1, the settings: overlays in the window, by key and by finger."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QListWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from chainbot_desktop.ui.shell.fuzzy import best, score
from chainbot_desktop.ui.shell.palette import CommandPalette
from chainbot_desktop.ui.view import Command
from chainbot_desktop.ui.widgets import Chip, MenuSheet, Sheet
from tests.ui.finding import find, focused
from tests.ui.shell.conftest import Panel

CTRL = Qt.KeyboardModifier.ControlModifier


def _keys(text: str) -> None:
    QTest.keyClicks(focused(), text)


def _press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(focused(), key, modifier)


def _palette(panel: Panel) -> CommandPalette:
    _press(Qt.Key.Key_K, CTRL)
    return find(panel.window, CommandPalette)


def test_a_few_letters_find_and_enter_runs(panel: Panel) -> None:
    palette = _palette(panel)
    assert "Map: New in Map" in palette.rows
    _keys("nim")
    assert palette.rows[0] == "Map: New in Map"
    _press(Qt.Key.Key_Return)
    assert panel.built["agent-map"].ran == ["new"]
    assert not palette.is_open


def test_arrows_choose_another(panel: Panel) -> None:
    palette = _palette(panel)
    assert palette.rows[:2] == ["Map: New in Map", "Map: Clear everything"]
    _press(Qt.Key.Key_Down)
    _press(Qt.Key.Key_Return)
    assert panel.built["agent-map"].ran == ["clear"]


def test_a_tap_runs(panel: Panel) -> None:
    palette = _palette(panel)
    rows = find(palette, QListWidget)
    box = rows.visualItemRect(rows.item(1))
    assert box.height() >= 48
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=box.center())
    assert panel.built["agent-map"].ran == ["clear"]


def test_nothing_found_says_so_and_escape_leaves(panel: Panel, qtbot: QtBot) -> None:
    panel.built["agent-map"].field.setFocus()
    palette = _palette(panel)
    _keys("zzzz")
    assert palette.rows == []
    assert any("No command" in label.text() for label in palette.findChildren(QLabel) if label.isVisible())
    _press(Qt.Key.Key_Return)
    assert palette.is_open
    _press(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not isValid(palette))
    assert QApplication.focusWidget() is panel.built["agent-map"].field, "the keyboard is back where it was"


def test_commands_of_the_app_are_offered_too(panel: Panel) -> None:
    ran: list[str] = []
    panel.window.add_commands(lambda: [Command("agent.a1", "Agent Planner", lambda: ran.append("planner"))])
    _palette(panel)
    _keys("planner")
    _press(Qt.Key.Key_Return)
    assert ran == ["planner"]


def test_windows_can_be_reached_from_the_palette(panel: Panel) -> None:
    _palette(panel)
    _keys("show watch")
    _press(Qt.Key.Key_Return)
    assert panel.built["watchtower"].isVisible()


def test_ctrl_k_again_closes_it_and_another_takes_its_place(panel: Panel, qtbot: QtBot) -> None:
    first = _palette(panel)
    _press(Qt.Key.Key_K, CTRL)
    qtbot.waitUntil(lambda: not isValid(first))
    assert panel.window.findChild(CommandPalette) is None
    second = _palette(panel)
    _press(Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: not isValid(second))
    assert find(panel.window, Sheet).is_open


def test_tap_beside_the_palette_leaves_it(panel: Panel) -> None:
    palette = _palette(panel)
    QTest.mouseClick(palette, Qt.MouseButton.LeftButton, pos=QPoint(2, palette.height() - 2))
    assert not palette.is_open


def test_the_rail_can_still_be_used_while_an_overlay_is_open(panel: Panel) -> None:
    _palette(panel)
    QTest.mouseClick(panel.window.rail.button("chat"), Qt.MouseButton.LeftButton)
    assert panel.built["chat"].isVisible()


def test_f1_lists_the_keys_of_this_window(panel: Panel) -> None:
    _press(Qt.Key.Key_F1)
    sheet = find(panel.window, Sheet)
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    assert "Ctrl+N" in texts
    assert "New in Map" in texts
    assert "Clear everything" not in texts, "it has no key"
    assert "Ctrl+K" in texts


def test_settings_take_effect_at_once_and_are_remembered(panel: Panel) -> None:
    panel.window.open_settings()
    chips = {chip.text(): chip for chip in find(panel.window, Sheet).findChildren(Chip)}
    assert chips["Dark"].isChecked()
    before = panel.built["agent-map"].field.fontMetrics().height()
    QTest.mouseClick(chips["Light"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(chips["150 %"], Qt.MouseButton.LeftButton)
    assert panel.themes.current.name == "light"
    assert panel.built["agent-map"].field.fontMetrics().height() > before
    assert panel.remembered["shell.theme"] == "light"
    assert panel.remembered["shell.text_size"] == "largest"


def test_more_is_the_way_for_a_finger(panel: Panel) -> None:
    QTest.mouseClick(panel.window.rail.menu_button, Qt.MouseButton.LeftButton)
    menu = find(panel.window, MenuSheet)
    rows = {row.text(): row for row in menu.rows}
    assert {"Commands", "Keys of this window", "Full screen", "Quit"} <= set(rows)
    assert all(row.height() >= 56 for row in menu.rows)
    QTest.mouseClick(rows["Commands"], Qt.MouseButton.LeftButton)
    assert find(panel.window, CommandPalette).is_open
    assert not menu.is_open


def test_tab_stays_inside_an_overlay(panel: Panel) -> None:
    panel.window.open_settings()
    sheet = find(panel.window, Sheet)
    for _ in range(30):
        _press(Qt.Key.Key_Tab)
        here = focused()
        assert sheet.isAncestorOf(here)


def test_overlays_leave_nothing_behind(panel: Panel, qtbot: QtBot) -> None:
    for _ in range(5):
        _palette(panel)
        _press(Qt.Key.Key_Escape)
        panel.window.open_settings()
        _press(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not panel.window.findChildren(CommandPalette) and not panel.window.findChildren(Sheet))


def test_f11_fills_the_screen_and_returns(panel: Panel) -> None:
    _press(Qt.Key.Key_F11)
    assert panel.window.isFullScreen()
    _press(Qt.Key.Key_F11)
    assert not panel.window.isFullScreen()


def test_fuzzy_prefers_words_beginnings_and_keeps_order_else() -> None:
    names = ["Protocol", "Open Chat", "Close tab"]
    assert best("oc", [(name, name) for name in names])[0] == "Open Chat"
    assert best("", [(name, name) for name in names]) == names
    assert best("ot", [("Open tab", 1), ("Hot", 2)])[0] == 1
    assert score("zz", "Open") is None
    assert score("ab", "xab a") is not None, "a word's beginning further on must not hide the letters before it"
    assert best("notes", [("Next part of the screen", 1), ("Chat: Notes", 2)])[0] == 2, (
        "what was typed as it stands comes first"
    )


def test_the_palette_changes_the_theme(panel: Panel) -> None:
    panel.window.open_palette()
    palette = find(panel.window, CommandPalette)
    QTest.keyClicks(focused(), "theme light")
    assert palette.rows[0] == "Theme: light"
    QTest.keyClick(focused(), Qt.Key.Key_Return)
    assert panel.themes.current.name == "light"
    assert panel.remembered["shell.theme"] == "light"
