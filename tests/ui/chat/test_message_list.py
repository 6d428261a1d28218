"""The list of messages: selecting over several of them, keys, days, what is new, the scroll bar over a whole conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionSlider
from sqlalchemy import insert

from chainbot_desktop.core.ids import new_id
from chainbot_desktop.store.schema import messages
from chainbot_desktop.ui.chat.message_card import MessageCard
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from tests.ui.chat.test_chat_view import fill
from tests.ui.chat.windows import Window, open_window

Play = Callable[[Window], Coroutine[Any, Any, None]]
Scene = Callable[..., None]
LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def play(on_loop: Callable[[Coroutine[Any, Any, Any]], Any], theme_source: ThemeSource, tmp_path: Path) -> Scene:
    def run(scene: Play, size: tuple[int, int] = (720, 452)) -> None:
        async def work() -> None:
            async with open_window(tmp_path, theme_source, size) as window:
                await scene(window)

        on_loop(work())

    return run


async def says(window: Window, *texts: str) -> str:
    made = await window.service.begin("Talk")
    for text in texts:
        await window.service.post(made.id, text, actor="agent:ada")
    await window.opens(made.id)
    await window.until(lambda: len(window.view.messages.cards) == len(texts))
    await asyncio.sleep(0.05)
    return made.id


def in_text(window: Window, card: MessageCard, x: float = 13, y: float = 42) -> QPoint:
    return window.point_in(card, QPointF(x, y))


def test_the_mouse_selects_over_messages_and_both_forms_are_copied(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await says(window, "first **words** here", "the *middle*\n\n- one\n- two", "last of all")
        view = window.view.messages
        first, middle, last = view.cards
        port = view.viewport()
        QTest.mousePress(port, LEFT, pos=in_text(window, first))
        QTest.mouseMove(port, in_text(window, middle))
        QTest.mouseMove(port, in_text(window, last, 400))
        QTest.mouseRelease(port, LEFT, pos=in_text(window, last, 400))
        shown = view.selected_text()
        assert shown.index("first words here") < shown.index("the middle") < shown.index("last of all")
        assert "ada (" in shown
        assert "**" not in shown
        markdown = view.selected_markdown()
        assert "the *middle*\n\n- one\n- two" in markdown, "a whole message is copied as it was written"
        assert "**words**" in markdown
        view.setFocus()
        window.key(Qt.Key.Key_C, CTRL, view)
        assert QGuiApplication.clipboard().text() == shown
        QTest.mouseClick(port, LEFT, pos=in_text(window, middle))
        assert view.selected_text() == ""

    play(scene)


def test_a_selection_is_the_same_from_below(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await says(window, "first", "second")
        view = window.view.messages
        port = view.viewport()
        QTest.mousePress(port, LEFT, pos=in_text(window, view.cards[1], 400))
        QTest.mouseMove(port, in_text(window, view.cards[1], 100))
        QTest.mouseMove(port, in_text(window, view.cards[0]))
        QTest.mouseRelease(port, LEFT, pos=in_text(window, view.cards[0]))
        assert view.selected_text().split("\n")[1::3] == ["first", "second"]

    play(scene)


def test_keys_extend_a_selection_and_select_everything(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await says(window, "one two", "three")
        view = window.view.messages
        view.setFocus()
        view.make_current(0)
        for _ in range(3):
            window.key(Qt.Key.Key_Right, SHIFT, view)
        assert view.selected_text() == "one"
        window.key(Qt.Key.Key_Left, SHIFT, view)
        assert view.selected_text() == "on"
        window.key(Qt.Key.Key_Down, SHIFT, view)
        assert view.selected_text() == "one two"
        window.key(Qt.Key.Key_Down, SHIFT, view)
        assert "one two" in view.selected_text()
        assert "th" in view.selected_text()
        window.key(Qt.Key.Key_Escape, to=view)
        assert view.selected_text() == ""
        view.make_current(1)
        window.key(Qt.Key.Key_A, CTRL, view)
        assert view.selected_text() == "three"
        window.key(Qt.Key.Key_A, CTRL, view)
        assert "one two" in view.selected_text()
        assert "three" in view.selected_text()

    play(scene)


def test_a_page_of_selection_goes_on_beyond_the_view(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await window.opens(await fill(window, 60))
        await asyncio.sleep(0.1)
        view = window.view.messages
        view.setFocus()
        for _ in range(6):
            window.key(Qt.Key.Key_PageUp, SHIFT, view)
        assert len([card for card in view.cards if card.has_selection]) > 8
        assert not view.is_at_bottom

    play(scene)


def test_the_arrows_go_from_card_to_card_and_enter_opens_the_menu(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await says(window, "one", "two", "three")
        view = window.view.messages
        view.setFocus()
        assert view.current_card is view.cards[2]
        plain = view.grab().toImage()
        window.key(Qt.Key.Key_Up, to=view)
        assert view.current_card is view.cards[1]
        assert view.grab().toImage() != plain, "the current card is seen"
        window.key(Qt.Key.Key_Return, to=view)
        labels = [b.text() for m in window.view.findChildren(MenuSheet) if m.is_open for b in m.findChildren(QPushButton)]
        assert "Copy as Markdown" in labels

    play(scene)


def test_a_finger_selects_with_handles(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await says(window, "first message", "second message")
        view = window.view.messages
        port = view.viewport()
        screen = QTest.createTouchDevice()

        def touch() -> QTest.QTouchEventSequence:
            return QTest.touchEvent(port, screen)

        at = in_text(window, view.cards[1], 40)
        touch().press(0, at, port).commit()
        await window.until(lambda: [m for m in window.view.findChildren(MenuSheet) if m.is_open])
        touch().release(0, at, port).commit()
        menu = next(m for m in window.view.findChildren(MenuSheet) if m.is_open)
        QTest.mouseClick(next(b for b in menu.rows if b.text() == "Select"), LEFT)
        assert view.selected_text() == "second message"
        handles = view.gestures._handles()
        assert all(area.width() >= 48 and area.height() >= 48 for area in handles.values())
        begin, end = handles["start"].center().toPoint(), in_text(window, view.cards[0], 20) + QPoint(0, 24)
        before = view.offset
        touch().press(1, begin, port).commit()
        for step in range(1, 6):
            await asyncio.sleep(0.012)
            touch().move(1, begin + (end - begin) * step / 5, port).commit()
        touch().release(1, end, port).commit()
        assert view.offset == before, "the handle is dragged, not the list"
        assert "message" in view.selected_text().split("second")[0]
        assert view.cards[0].has_selection
        assert view.cards[1].is_all_selected

    play(scene)


def test_days_are_apart_and_what_is_new_has_a_line(play: Scene) -> None:
    async def scene(window: Window) -> None:
        made = await window.service.begin("Talk")
        days = ["2026-11-01T10:00:00.000000Z", "2026-11-01T11:00:00.000000Z", "2026-11-02T09:00:00.000000Z"]
        rows = [
            {
                "id": new_id(),
                "conversation_id": made.id,
                "author": "agent:ada",
                "kind": "text",
                "text": f"m{n}",
                "created_at": day,
            }
            for n, day in enumerate(days)
        ]
        await window.chat.store.database.write(lambda c: c.execute(insert(messages), rows) and None)
        first = (await window.service.after(made.id, 0, 1))[0]
        await window.service.mark_read(made.id, first.number)
        await window.opens(made.id)
        column = window.view.messages.column
        assert [s.day is not None for s in column.separators] == [True, False, True]
        assert [s.new_since for s in column.separators] == [None, days[0], None]
        tops = [card.top for card in column.cards]
        heights = [card.height_for(column.width_of(card), window.view.messages.theme) for card in column.cards]
        room = window.view.messages.theme.px(32)
        assert tops[1] - tops[0] == heights[0] + room
        assert tops[2] - tops[1] == heights[1] + room
        await window.service.post(made.id, "mine")
        await window.until(lambda: len(column.cards) == 4)
        assert column.separators[1].new_since == days[0], "the line stays until the conversation is opened again"

    play(scene)


def test_the_scroll_bar_spans_everything_and_a_drag_loads_only_its_place(play: Scene) -> None:
    async def scene(window: Window) -> None:
        key = await fill(window, 3_000)
        await window.opens(key)
        view = window.view.messages
        bar = view.verticalScrollBar()
        await window.until(lambda: view.older_count > 2_000)
        assert bar.maximum() > 100 * view.viewport().height()
        asked: list[int] = []
        real = window.service.after

        async def after(conversation_id: str, number: int, limit: int) -> Any:
            asked.append(limit)
            return await real(conversation_id, number, limit)

        window.service.after = after  # type: ignore[method-assign]
        option = QStyleOptionSlider()
        bar.initStyleOption(option)
        handle = bar.style().subControlRect(
            QStyle.ComplexControl.CC_ScrollBar, option, QStyle.SubControl.SC_ScrollBarSlider, bar
        )
        start = handle.center()
        half = QPoint(start.x(), start.y() - (bar.height() - handle.height()) // 2)
        QTest.mousePress(bar, LEFT, pos=start)
        QTest.mouseMove(bar, half)
        await window.until(lambda: 1_200 < view.cards[0].message.number < 1_800)
        assert len(view.cards) < 60
        assert sum(asked) < 100, "what lies between is not loaded"
        value = bar.value()
        QTest.mouseRelease(bar, LEFT, pos=half)
        assert abs(bar.value() - value) < bar.maximum() * 0.02, "the handle stays where it was let go"
        shown = view.visible_cards()[0].message.number
        assert abs(shown / 3_000 - bar.value() / bar.maximum()) < 0.03
        bar.setValue(bar.maximum())
        await window.until(lambda: view.is_at_bottom and view.cards[-1].message.text.startswith("message 2999\n"))
        bar.setValue(0)
        await window.until(lambda: view.cards[0].message.text.startswith("message 0\n") and view.offset == 0)

    play(scene)


def test_a_selection_keeps_what_it_covers_loaded(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await window.opens(await fill(window, 600))
        view = window.view.messages
        view.setFocus()
        window.key(Qt.Key.Key_A, CTRL, view)
        first = view.selection.span
        assert first is not None
        for _ in range(16):
            view.scroll_by(-(10**6))
            await window.until(lambda: not window.view._feed._running)
        assert len(view.cards) > 240
        assert view.selected_text().startswith("message 599")

    play(scene)


def test_a_branch_says_where_it_began(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await says(window, "of the stem", "of the branch")
        column = window.view.messages.column
        stem, branch = column.cards
        stem.message = replace(stem.message, conversation_id="another")
        column.set_cards([stem, branch], 0, begins=False)
        assert [separator.branched for separator in column.separators] == [False, True]

    play(scene)
