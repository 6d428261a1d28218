"""The shared widgets, as a finger, a key and an eye find them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QPointingDevice, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QLineEdit, QPushButton, QScroller, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from chainbot_desktop.ui.theme import ThemeName, ThemeSource
from chainbot_desktop.ui.view import OVERLAY_HOST
from chainbot_desktop.ui.widgets import (
    Button,
    Card,
    Chip,
    EmptyState,
    Header,
    IconButton,
    KineticArea,
    MenuSheet,
    SearchField,
    Sheet,
)
from chainbot_desktop.ui.widgets.focus_handing import hand_focus_on
from tests.ui.finding import find, focused

LEFT = Qt.MouseButton.LeftButton


def _put(board: QWidget, *widgets: QWidget) -> None:
    layout = board.layout()
    assert isinstance(layout, QVBoxLayout)
    for widget in widgets:
        layout.addWidget(widget)
    QApplication.processEvents()


@pytest.mark.parametrize("text_size", ["smaller", "normal", "largest"])
def test_every_target_is_large_enough_for_a_finger(board: QWidget, themes: ThemeSource, text_size: str) -> None:
    themes.set_text_size(text_size)
    targets = (Button("Save", themes), IconButton("close", "Close", themes), Chip("All", themes), SearchField("Search", themes))
    _put(board, *targets)
    floor = 45 if text_size == "smaller" else 48  # the smallest text shrinks its boxes by a twentieth
    for target in targets:
        assert target.height() >= floor, target
    assert targets[1].width() >= floor


def test_a_tap_leaves_the_caret_in_the_text_and_tab_reaches_the_button(board: QWidget, themes: ThemeSource) -> None:
    field, button = QLineEdit(), Button("Send", themes)
    _put(board, field, button)
    field.setFocus()
    QTest.mouseClick(button, LEFT)
    assert QApplication.focusWidget() is field
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is button


def test_focus_is_visible(board: QWidget, themes: ThemeSource) -> None:
    for look in ("dark", "light"):
        themes.select(look)
        for button in (Button("Send", themes), Button("Go", themes, kind="primary"), IconButton("close", "Close", themes)):
            _put(board, button)
            button.clearFocus()
            calm = button.grab().toImage()
            button.setFocus(Qt.FocusReason.TabFocusReason)
            assert button.grab().toImage() != calm


def test_search_waits_for_a_pause_and_not_for_enter(board: QWidget, themes: ThemeSource, qtbot: QtBot) -> None:
    field = SearchField("Search", themes)
    _put(board, field)
    seen: list[str] = []
    field.searched.connect(seen.append)
    with qtbot.waitSignal(field.searched):
        QTest.keyClicks(field, "map")
    assert seen == ["map"]
    QTest.keyClicks(field, "s")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert seen == ["map", "maps"]
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert seen == ["map", "maps", ""]
    assert field.text() == ""


def test_chip_counts_and_toggles(board: QWidget, themes: ThemeSource) -> None:
    chip = Chip("Working", themes, icon="state-working", token="working")
    _put(board, chip)
    chip.set_count(4)
    assert chip.text() == "Working 4"
    QTest.mouseClick(chip, LEFT)
    assert chip.isChecked()
    QTest.mouseClick(chip, LEFT, pos=QPoint(chip.width() // 2, 2))  # beside the pill, within the target
    assert not chip.isChecked()


def test_header_keeps_its_actions_when_it_is_narrow(board: QWidget, themes: ThemeSource) -> None:
    header = Header("A title that is much longer than there is room for on a small screen", themes)
    button = Button("Spawn", themes, kind="primary")
    header.add_action(button)
    _put(board, header)
    board.resize(240, 300)
    QApplication.processEvents()
    assert header.height() == 53
    assert button.geometry().right() <= header.width()
    assert button.width() >= button.sizeHint().width()


def test_empty_state_offers_the_way_out(board: QWidget, themes: ThemeSource) -> None:
    done: list[int] = []
    empty = EmptyState("chat", "No conversation", "Start one.", themes, action=("New", lambda: done.append(1)))
    _put(board, empty)
    QTest.mouseClick(find(empty, QPushButton), LEFT)
    assert done == [1]


def test_sheet_answers_by_callback_and_goes(board: QWidget, themes: ThemeSource, qtbot: QtBot) -> None:
    said: list[str] = []
    sheet = Sheet(board, "Delete it?", themes)
    sheet.add_text("It cannot be brought back.")
    sheet.add_action("Keep")
    sheet.first = sheet.add_action("Delete", lambda: said.append("deleted"), kind="danger")
    sheet.closed.connect(lambda: said.append("closed"))
    sheet.open()
    assert sheet.isVisible()
    assert sheet.geometry() == board.rect()
    QTest.keyClick(focused(), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not isValid(sheet))
    assert said == ["deleted", "closed"]


def test_a_long_sheet_scrolls_and_keeps_its_buttons(board: QWidget, themes: ThemeSource) -> None:
    sheet = Sheet(board, "Licence", themes)
    labels = [sheet.add_text(f"Paragraph {number}. " + "words " * 30) for number in range(30)]
    agree = sheet.add_action("Agree", kind="primary")
    sheet.open()
    QApplication.processEvents()
    assert sheet.panel.geometry().bottom() < board.height()
    assert board.rect().contains(agree.mapTo(board, agree.rect().bottomRight()))
    before = labels[0].mapTo(board, QPoint()).y()
    QTest.keyClick(focused(), Qt.Key.Key_PageDown)
    assert labels[0].mapTo(board, QPoint()).y() < before
    sheet.dismiss()


def test_overlay_follows_its_host_and_its_theme(board: QWidget, themes: ThemeSource) -> None:
    sheet = Sheet(board, "Title", themes)
    sheet.add_text("words " * 60)
    sheet.open()
    board.resize(300, 500)
    QApplication.processEvents()
    assert sheet.geometry() == board.rect()
    assert board.rect().contains(sheet.panel.geometry())
    height = sheet.panel.height()
    themes.set_text_size("largest")
    QApplication.processEvents()
    assert sheet.panel.height() > height
    assert board.rect().contains(sheet.panel.geometry())
    sheet.dismiss()


def test_menu_opens_inside_its_host_and_runs_one_row(board: QWidget, themes: ThemeSource, qtbot: QtBot) -> None:
    ran: list[str] = []
    menu = MenuSheet(board, themes)
    menu.add("Open", lambda: ran.append("open"), icon="folder-open")
    menu.add("Rename", lambda: ran.append("rename"), enabled=False)
    delete = menu.add("Delete", lambda: ran.append("delete"), icon="trash", destructive=True)
    menu.open_at(board.mapToGlobal(board.rect().bottomRight()))
    QApplication.processEvents()
    assert board.rect().contains(menu.panel.geometry())
    others = [row for row in menu.rows if row is not delete]
    gap = delete.mapTo(board, QPoint()).y() - max(row.mapTo(board, row.rect().bottomLeft()).y() for row in others)
    assert gap >= 16, "the destructive row stands apart"
    QTest.keyClick(focused(), Qt.Key.Key_Down)  # over the disabled row
    assert QApplication.focusWidget() is delete
    QTest.keyClick(delete, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not isValid(menu))
    assert ran == ["delete"]


def test_focus_goes_home_even_when_home_is_gone(board: QWidget, themes: ThemeSource, qtbot: QtBot) -> None:
    field = QLineEdit()
    _put(board, field)
    field.setFocus()
    sheet = Sheet(board, "Title", themes)
    sheet.open()
    field.deleteLater()
    qtbot.waitUntil(lambda: not isValid(field))
    sheet.dismiss()


def test_scrolling_that_begins_on_a_button_does_not_press_it(
    board: QWidget, themes: ThemeSource, finger: QPointingDevice, qtbot: QtBot
) -> None:
    content = QWidget()
    column = QVBoxLayout(content)
    clicked: list[int] = []
    rows = [Button(f"row {number}", themes, kind="row") for number in range(30)]
    for row in rows:
        row.clicked.connect(lambda: clicked.append(1))
        column.addWidget(row)
    area = KineticArea(content)
    _put(board, area)
    row = rows[3]
    top = QPoint(50, 50)
    QTest.touchEvent(row, finger).press(0, top, row).commit()
    start = row.mapTo(board, top)
    for up in range(4, 45, 4):
        QTest.touchEvent(board, finger).move(0, start - QPoint(0, up), board).commit()
    QTest.touchEvent(board, finger).release(0, start - QPoint(0, 44), board).commit()
    qtbot.waitUntil(lambda: area.verticalScrollBar().value() > 10)
    assert clicked == []
    qtbot.waitUntil(lambda: QScroller.scroller(area.viewport()).state() == QScroller.State.Inactive)
    place = area.viewport().rect().center()
    QTest.touchEvent(area.viewport(), finger).press(0, place, area.viewport()).commit()
    QTest.touchEvent(area.viewport(), finger).release(0, place, area.viewport()).commit()
    assert clicked == [1]


@pytest.mark.screens
@pytest.mark.parametrize("look", ["dark", "light"])
def test_screen(board: QWidget, themes: ThemeSource, shoot: Callable[[QWidget, str], Path], look: ThemeName) -> None:
    themes.select(look)
    header = Header("Widgets", themes)
    for kind in ("primary", "plain", "quiet", "danger"):
        header.add_action(Button(kind, themes, kind=kind, icon="plus"))
    header.add_action(IconButton("more", "More", themes))
    card = Card(themes)
    card.body.addWidget(QLabel("A card"))
    disabled = Button("Disabled", themes, icon="save")
    disabled.setEnabled(False)
    card.body.addWidget(disabled)
    _put(board, header, SearchField("Search all", themes), card)
    _put(board, KineticArea(EmptyState("agent", "No agent yet", "It appears here.", themes, action=("Spawn", print))))
    shoot(board, f"widgets-{look}")
    menu = MenuSheet(board, themes)
    menu.add("Open details", print, icon="info")
    menu.add("Not now", print, icon="pause", enabled=False)
    menu.add("Delete", print, icon="trash", destructive=True)
    menu.open_at(board.mapToGlobal(QPoint(300, 60)))
    QApplication.processEvents()
    shoot(board, f"widgets-menu-{look}")
    menu.dismiss()


def test_a_filter_of_one_letter_is_as_wide_as_a_finger_and_what_destroys_wider(board: QWidget, themes: ThemeSource) -> None:
    chip, danger = Chip(".*", themes), Button("No", themes, kind="danger")
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.addWidget(chip)
    layout.addWidget(danger)
    layout.addStretch(1)
    _put(board, row)
    assert chip.width() >= 48
    assert danger.width() >= 96


def test_escape_closes_a_menu_over_a_view_that_has_a_shortcut_for_it(board: QWidget, themes: ThemeSource) -> None:
    ended: list[bool] = []
    shortcut = QShortcut(QKeySequence("Esc"), board, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
    shortcut.activated.connect(lambda: ended.append(True))
    menu = MenuSheet(board, themes)
    menu.add("Undo", lambda: None, keys="Ctrl+Z")
    menu.open_at(board.mapToGlobal(QPoint(0, 0)))
    window = board.windowHandle()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not menu.is_open
    assert not ended
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert ended


def test_the_shortcuts_of_a_view_rest_while_a_menu_covers_it(board: QWidget, themes: ThemeSource) -> None:
    view, heard = QWidget(), []
    view.setProperty(OVERLAY_HOST, True)
    view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    _put(board, view)
    inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
    QShortcut(QKeySequence("Ctrl+W"), view, lambda: heard.append("view"), context=inside)
    QShortcut(QKeySequence("Ctrl+K"), board, lambda: heard.append("window"))
    view.setFocus()
    menu = MenuSheet(view, themes)
    menu.add("Save", lambda: None)
    menu.open_at(view.mapToGlobal(QPoint(0, 0)))
    window = board.windowHandle()
    for key in (Qt.Key.Key_W, Qt.Key.Key_K):
        QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
    assert heard == ["window"]
    menu.dismiss()
    QTest.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert heard == ["window", "view"]


def test_what_lies_under_a_sheet_cannot_take_the_keyboard(board: QWidget, themes: ThemeSource) -> None:
    field = QLineEdit()
    _put(board, field)
    sheet = Sheet(board, "Question", themes)
    inside = sheet.add_action("Yes")
    sheet.open()
    assert focused() is inside
    field.setFocus()
    assert focused() is inside
    sheet.dismiss()
    field.setFocus()
    assert focused() is field


def test_a_sheet_opened_over_a_hidden_view_takes_the_keyboard_when_it_shows(board: QWidget, themes: ThemeSource) -> None:
    view = QWidget()
    view.setProperty(OVERLAY_HOST, True)
    sheet = Sheet(view, "Welcome", themes)
    inside = sheet.add_action("Begin")
    sheet.open()
    _put(board, view)
    assert focused() is inside


def test_what_is_handed_on_is_no_hindrance_for_tab(board: QWidget, themes: ThemeSource) -> None:
    page, first, wanted = QWidget(), QLineEdit(), QLineEdit()
    layout = QVBoxLayout(page)
    layout.addWidget(first)
    layout.addWidget(wanted)
    before = QLineEdit()
    _put(board, before, page)
    hand_focus_on(page, lambda: wanted)
    page.setFocus()
    assert focused() is wanted
    before.setFocus()
    QTest.keyClick(before, Qt.Key.Key_Tab)
    assert focused() is first
