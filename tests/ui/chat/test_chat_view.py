"""The chat window as a person uses it: with a keyboard, a mouse and a finger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton
from sqlalchemy import insert

from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.store.schema import messages
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message as BarMessage
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.sheet import Sheet
from tests.ui.chat.windows import Window, open_window

Scene = Callable[..., None]
Play = Callable[[Window], Coroutine[Any, Any, None]]

CODE = "Look:\n```python\ndef f():\n    return 1\n```\nand [the page](https://example.com/a?b=1) it came from"


@pytest.fixture
def play(on_loop: Callable[[Coroutine[Any, Any, Any]], Any], theme_source: ThemeSource, tmp_path: Path) -> Scene:
    """Run a scene in a fresh window over this test's folder; call it again for a restart of the program."""

    def run(scene: Play, size: tuple[int, int] = (720, 452)) -> None:
        async def work() -> None:
            async with open_window(tmp_path, theme_source, size) as window:
                await scene(window)

        on_loop(work())

    return run


async def fill(window: Window, count: int, title: str = "Long") -> str:
    """A conversation with many messages, put into the table directly: no service could be that quick."""
    made = await window.service.begin(title)
    now = utc_now()
    rows = [
        {
            "id": new_id(),
            "conversation_id": made.id,
            "author": "agent:a",
            "kind": "text",
            "text": f"message {n}\n" * (1 + n % 3),
            "created_at": now,
        }
        for n in range(count)
    ]
    await window.chat.store.database.write(lambda c: c.execute(insert(messages), rows) and None)
    return made.id


def menu_labels(window: Window) -> list[str]:
    return [b.text() for menu in window.view.findChildren(MenuSheet) if menu.is_open for b in menu.findChildren(QPushButton)]


def press(window: Window, label: str) -> None:
    """Click the button of this label in the open menu or sheet."""
    overlays = [o for o in [*window.view.findChildren(MenuSheet), *window.view.findChildren(Sheet)] if o.is_open]
    button = next(b for o in overlays for b in o.findChildren(QPushButton) if b.text() == label)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_first_message_begins_a_conversation_and_nobody_pretends_to_answer(play: Scene) -> None:
    async def scene(window: Window) -> None:
        composer = window.view.composer
        await window.types("Hello house")
        await window.until(lambda: window.texts == ["Hello house"] and not composer.text)
        assert composer.hint.isVisible()
        assert "No agent is here to answer yet" in composer.hint.text()
        assert [c.title for c in await window.service.conversations()] == ["Hello house"]
        await window.types("And again")
        await window.until(lambda: window.texts == ["Hello house", "And again"])
        assert not composer.hint.isVisible()
        assert window.view.header._title.text() == "Hello house"

    play(scene)


def test_shift_enter_breaks_the_line_and_the_field_grows(play: Scene) -> None:
    async def scene(window: Window) -> None:
        edit = window.view.composer.edit
        low = edit.height()
        await window.types("one", enter=False)
        window.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
        await window.types("two", enter=False)
        assert edit.toPlainText() == "one\ntwo"
        assert edit.height() > low >= 48
        assert window.view.composer.send.height() >= 48
        QTest.mouseClick(window.view.composer.send, Qt.MouseButton.LeftButton)
        await window.until(lambda: window.texts == ["one\ntwo"])
        assert edit.height() == low

    play(scene)


def test_slash_commands_complete_and_answer(play: Scene) -> None:
    async def scene(window: Window) -> None:
        popup = window.view.composer.popup
        await window.types("/", enter=False)
        assert popup.isVisible()
        assert len(popup.offered) == 6
        await window.types("st", enter=False)
        window.key(Qt.Key.Key_Tab)
        assert window.view.composer.text == "/status"
        window.key(Qt.Key.Key_Return)
        await window.until(lambda: len(window.texts) == 2)
        assert window.texts[0] == "/status"
        assert "3 known" in window.texts[1]
        await window.types("/export", enter=False)
        window.key(Qt.Key.Key_Space)
        window.key(Qt.Key.Key_Down)
        window.key(Qt.Key.Key_Return)
        assert window.view.composer.text == "/export json"
        window.key(Qt.Key.Key_Return)
        await window.until(lambda: len(window.texts) == 4)
        assert len(list((window.chat.folder / "exports").glob("*.json"))) == 1

    play(scene)


def test_a_wrong_command_keeps_the_text_and_says_what_is_right(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await window.types("/hlep")
        await window.until(window.view.composer.error.isVisible)
        assert "Did you mean /help?" in window.view.composer.error.text()
        assert window.view.composer.text == "/hlep"
        assert window.texts == []

    play(scene)


def test_clear_empties_and_undo_brings_it_back(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await window.types("precious")
        await window.until(lambda: window.texts == ["precious"])
        await window.types("/clear ")
        await window.until(lambda: window.texts == [] and window.told)
        told = window.told[-1]
        assert told.action_label == "Undo"
        assert told.action is not None
        told.action()
        await window.until(lambda: window.texts == ["precious"])

    play(scene)


def test_open_goes_to_another_window(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await window.types("/open watch")
        await window.until(lambda: window.opened == [("watchtower", {})])
        assert window.view.composer.text == ""

    play(scene)


def test_drafts_and_the_open_conversation_survive_a_restart(play: Scene) -> None:
    async def before(window: Window) -> None:
        first = await window.service.begin("First")
        second = await window.service.begin("Second")
        await window.opens(first.id)
        await window.types("half a thought", enter=False)
        await window.opens(second.id)
        assert window.view.composer.text == ""
        await window.types("another", enter=False)
        await window.opens(first.id)
        assert window.view.composer.text == "half a thought"

    async def after(window: Window) -> None:
        await window.until(lambda: window.view.composer.text == "half a thought")
        second = next(c for c in await window.service.conversations() if c.title == "Second")
        await window.opens(second.id)
        assert window.view.composer.text == "another"

    play(before)
    play(after)


def test_the_up_key_brings_back_what_was_sent(play: Scene) -> None:
    async def scene(window: Window) -> None:
        for text in ("one", "two"):
            await window.types(text)
            await window.until(lambda: not window.view.composer.text)
        window.key(Qt.Key.Key_Up)
        assert window.view.composer.text == "two"
        window.key(Qt.Key.Key_Up)
        assert window.view.composer.text == "one"
        window.key(Qt.Key.Key_Down)
        window.key(Qt.Key.Key_Down)
        assert window.view.composer.text == ""

    play(scene)


def test_the_badge_counts_what_was_not_seen(play: Scene) -> None:
    async def scene(window: Window) -> None:
        shown = await window.service.begin("Shown")
        other = await window.service.begin("Other")
        await window.opens(shown.id)
        for n in range(3):
            await window.service.post(other.id, f"news {n}", actor="agent:a")
        await window.until(lambda: window.badges and window.badges[-1] == 3)
        await window.opens(other.id)
        await window.until(lambda: window.badges[-1] == 0)
        await window.service.post(other.id, "seen at once", actor="agent:a")
        await window.until(lambda: "seen at once" in window.texts)
        await asyncio.sleep(0.05)
        assert window.badges[-1] == 0

    play(scene)


def test_it_sticks_to_the_bottom_only_if_it_was_there(play: Scene) -> None:
    async def scene(window: Window) -> None:
        key = await fill(window, 60)
        await window.opens(key)
        bar = window.view.messages.verticalScrollBar()
        assert bar.value() == bar.maximum()
        await window.service.post(key, "first news", actor="agent:a")
        await window.until(lambda: "first news" in window.texts and bar.value() == bar.maximum())
        assert not window.view.pill.isVisible()
        window.view.messages.scroll_by(-900)
        await asyncio.sleep(0.05)
        place = window.view.messages._place()
        await window.service.post(key, "second news", actor="agent:a")
        await window.until(window.view.pill.isVisible)
        assert window.view.pill.text() == "1 new"
        assert window.view.messages._place() == place
        QTest.mouseClick(window.view.pill, Qt.MouseButton.LeftButton)
        await window.until(lambda: window.view.messages.is_at_bottom and not window.view.pill.isVisible())

    play(scene)


def test_a_hundred_thousand_messages_open_as_quickly_as_a_hundred(play: Scene) -> None:
    async def scene(window: Window) -> None:
        short, long = await fill(window, 100, "Short"), await fill(window, 100_000, "Long")
        await window.opens(short)
        await window.opens(long)

        async def cost(key: str) -> float:
            begin = time.perf_counter()
            await window.opens(key)
            await asyncio.sleep(0)
            return time.perf_counter() - begin

        pairs = [(await cost(short), await cost(long)) for _ in range(5)]
        assert min(p[1] for p in pairs) < 2 * min(p[0] for p in pairs) + 0.05
        view = window.view.messages
        assert len(view.cards) in (12, 52)  # a screenful, and the page before it
        assert sum(card.is_laid_out for card in view.cards) < 30
        window.key(Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier, view)
        await window.until(lambda: view.cards[0].message.text.startswith("message 0\n"))
        for _ in range(30):  # on and on towards the end: what is loaded stays bounded
            view.scroll_by(10**6)
            await asyncio.sleep(0.02)
        numbers = [card.message.number for card in view.cards]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert len(numbers) <= 240 < numbers[-1] - 100
        window.key(Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier, view)
        await window.until(lambda: view.cards[-1].message.text.startswith("message 99999\n") and view.is_at_bottom)

    play(scene)


def test_scrolling_up_loads_older_messages_without_a_jump(play: Scene) -> None:
    async def scene(window: Window) -> None:
        await window.opens(await fill(window, 200))
        view = window.view.messages
        view.scroll_by(-view.offset + 900)
        view.viewport().repaint()
        card = view.visible_cards()[1]
        top = view.card_rect(card).top()
        await window.until(lambda: len(view.cards) > 40)
        assert view.card_rect(card).top() == top

    play(scene)


def test_code_is_copied_and_opened_with_the_mouse(play: Scene) -> None:
    async def scene(window: Window) -> None:
        made = await window.service.begin("Talk")
        await window.service.post(made.id, CODE)
        await window.opens(made.id)
        await asyncio.sleep(0.05)
        (card,) = window.view.messages.cards
        port = window.view.messages.viewport()
        QTest.mouseClick(port, Qt.MouseButton.LeftButton, pos=window.button(card, "Copy"))
        assert QGuiApplication.clipboard().text() == "def f():\n    return 1"
        QTest.mouseClick(port, Qt.MouseButton.LeftButton, pos=window.button(card, "Open in Code"))
        assert window.opened == [("code-agent", {"text": "def f():\n    return 1", "name": "from-chat.py"})]

    play(scene)


def test_a_link_asks_before_it_opens(play: Scene) -> None:
    async def scene(window: Window) -> None:
        made = await window.service.begin("Talk")
        await window.service.post(made.id, "[https://bank.example](https://evil.example/login)")
        await window.opens(made.id)
        await asyncio.sleep(0.05)
        went: list[str] = []
        window.view._message_actions.open_outside = lambda address: went.append(address) or True  # type: ignore[func-returns-value]
        (card,) = window.view.messages.cards
        QTest.mouseClick(window.view.messages.viewport(), Qt.MouseButton.LeftButton, pos=window.point_in(card, QPointF(60, 46)))
        (sheet,) = window.view.findChildren(Sheet)
        shown = "".join(label.text().replace("\u200b", "") for label in sheet.findChildren(type(window.view.panel.nothing)))
        assert "https://evil.example/login" in shown
        assert went == []
        press(window, "Open")
        assert went == ["https://evil.example/login"]

    play(scene)


def test_text_is_selected_with_the_mouse_and_copied(play: Scene) -> None:
    async def scene(window: Window) -> None:
        made = await window.service.begin("Talk")
        await window.service.post(made.id, "first **words** here")
        await window.opens(made.id)
        await asyncio.sleep(0.05)
        view = window.view.messages
        (card,) = view.cards
        port, left = view.viewport(), Qt.MouseButton.LeftButton
        QTest.mousePress(port, left, pos=window.point_in(card, QPointF(13, 42)))
        QTest.mouseMove(port, window.point_in(card, QPointF(40, 42)))
        QTest.mouseMove(port, window.point_in(card, QPointF(400, 42)))
        QTest.mouseRelease(port, left, pos=window.point_in(card, QPointF(400, 42)))
        assert view.selected_text() == "first words here"
        window.key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier, view)
        assert QGuiApplication.clipboard().text() == "first words here"
        QTest.mouseDClick(port, left, pos=window.point_in(card, QPointF(60, 42)))
        assert view.selected_text() == "words"

    play(scene)


def test_a_finger_scrolls_and_holds(play: Scene) -> None:
    async def scene(window: Window) -> None:
        key = await fill(window, 60)
        await window.service.post(key, CODE)
        await window.opens(key)
        await asyncio.sleep(0.05)
        view = window.view.messages
        bar = view.verticalScrollBar()

        def touch() -> QTest.QTouchEventSequence:
            return QTest.touchEvent(view.viewport(), screen)

        last = view.cards[-1]

        def place() -> float:
            """How far down the view is."""
            return -view.card_rect(last).top()

        before = place()
        screen = QTest.createTouchDevice()
        finger = QPoint(200, 60)
        touch().press(0, finger, view.viewport()).commit()
        for step in range(1, 14):
            await asyncio.sleep(0.012)
            touch().move(0, finger + QPoint(0, 18 * step), view.viewport()).commit()
        assert place() < before - 80
        assert view.selected_text() == ""
        dragged = place()
        touch().release(0, finger + QPoint(0, 234), view.viewport()).commit()
        await window.until(lambda: place() < dragged - 20)
        assert menu_labels(window) == []
        bar.setValue(bar.maximum())
        await window.until(lambda: view.is_at_bottom)
        await asyncio.sleep(0.4)
        bar.setValue(bar.maximum())
        card = view.cards[-1]
        touch().press(1, window.point_in(card, QPointF(80, 20)), view.viewport()).commit()
        await window.until(lambda: "Copy as Markdown" in menu_labels(window))
        touch().release(1, window.point_in(card, QPointF(80, 20)), view.viewport()).commit()
        assert "Copy code: python" in menu_labels(window)
        press(window, "Copy as Markdown")
        assert QGuiApplication.clipboard().text() == CODE

    play(scene)


def test_a_finger_taps_a_button(play: Scene) -> None:
    async def scene(window: Window) -> None:
        made = await window.service.begin("Talk")
        await window.service.post(made.id, CODE)
        await window.opens(made.id)
        await asyncio.sleep(0.05)
        port = window.view.messages.viewport()
        at = window.button(window.view.messages.cards[0], "Open in Code")
        screen = QTest.createTouchDevice()
        QTest.touchEvent(port, screen).press(0, at, port).commit()
        await asyncio.sleep(0.03)
        port = window.view.messages.viewport()
        QTest.touchEvent(port, screen).release(0, at, port).commit()
        await window.until(lambda: window.opened)
        assert window.opened[0][0] == "code-agent"

    play(scene)


def test_the_menu_quotes_and_is_reached_by_keyboard(play: Scene) -> None:
    async def scene(window: Window) -> None:
        made = await window.service.begin("Talk")
        await window.service.post(made.id, "one\ntwo", actor="agent:a")
        await window.opens(made.id)
        window.view.messages.setFocus()
        window.key(Qt.Key.Key_Return, to=window.view.messages)
        assert "Quote" in menu_labels(window)
        press(window, "Quote")
        assert window.view.composer.text == "> one\n> two\n\n"

    play(scene)


def test_search_finds_over_all_and_goes_to_the_message(play: Scene) -> None:
    async def scene(window: Window) -> None:
        key = await fill(window, 500, "Archive of talk")
        await window.service.begin("Another")
        await window.until(lambda: len(window.view.panel.model.rows) == 2)
        window.key(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(window.view.panel.search, "message 123")
        await window.until(lambda: any(row.message_id for row in window.view.panel.model.rows))
        index = window.view.panel.model.index(0)
        QTest.mouseClick(
            window.view.panel.list.viewport(), Qt.MouseButton.LeftButton, pos=window.view.panel.list.visualRect(index).center()
        )
        await window.until(lambda: window.view.conversation_id == key)
        view = window.view.messages
        await window.until(lambda: view.current_card is not None and "message 123\n" in view.current_card.message.text)
        assert view.current_card is not None
        assert 0 <= view.card_rect(view.current_card).top() < view.viewport().height()
        window.view.panel.search.setText("zzz nothing")
        await window.until(lambda: "Nothing has “zzz nothing”" in window.view.panel.nothing.text())

    play(scene)


def test_rename_pin_archive_and_delete(play: Scene) -> None:
    async def scene(window: Window) -> None:
        first, second = await window.service.begin("First"), await window.service.begin("Second")
        await window.opens(first.id)

        def titles() -> list[str]:
            return [row.title for row in window.view.panel.model.rows]

        async def menu(label: str) -> None:
            QTest.mouseClick(window.view._more, Qt.MouseButton.LeftButton)
            await window.until(lambda: label in menu_labels(window))
            press(window, label)

        await menu("Rename")
        (field,) = [f for s in window.view.findChildren(Sheet) for f in s.findChildren(QLineEdit)]
        field.clear()
        QTest.keyClicks(field, "New name")
        window.key(Qt.Key.Key_Return, to=field)
        await window.until(lambda: "New name" in titles() and window.view.header._title.text() == "New name")
        await menu("Pin")
        await window.until(lambda: titles() == ["New name", "Second"])
        await menu("Archive")
        await window.until(lambda: titles() == ["Second", "Archived (1)"])
        # The list hears of a change before the head does, which the menu speaks of.
        await window.until(lambda: window.view.conversation is not None and window.view.conversation.archived)
        await menu("Take out of the archive")
        await window.until(lambda: titles() == ["New name", "Second"])
        await menu("Delete")
        await window.until(lambda: titles() == ["Second"] and window.view.conversation_id == second.id)
        await window.until(lambda: window.told[-1].text.startswith("“New name”"))
        told: BarMessage = window.told[-1]
        assert told.text == "“New name” was deleted."
        assert told.action is not None
        told.action()
        await window.until(lambda: titles() == ["New name", "Second"])

    play(scene)


def test_a_narrow_window_has_a_drawer(play: Scene) -> None:
    async def scene(window: Window) -> None:
        made = await window.service.begin("Talk")
        assert not window.view.panel.isVisible()
        assert window.view.main.width() == 480
        window.key(Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
        assert window.view.panel.isVisible()
        await window.until(lambda: len(window.view.panel.model.rows) == 1)
        index = window.view.panel.model.index(0)
        QTest.mouseClick(
            window.view.panel.list.viewport(), Qt.MouseButton.LeftButton, pos=window.view.panel.list.visualRect(index).center()
        )
        await window.until(lambda: window.view.conversation_id == made.id)
        assert not window.view.panel.isVisible()
        QTest.mouseClick(window.view._toggle, Qt.MouseButton.LeftButton)
        assert window.view.panel.isVisible()
        QTest.mouseClick(window.view.places._scrim, Qt.MouseButton.LeftButton, pos=QPoint(470, 200))
        assert not window.view.panel.isVisible()

    play(scene, (480, 700))


def test_a_hostile_message_is_shown_quickly_and_wholly_copied(play: Scene) -> None:
    async def scene(window: Window) -> None:
        made = await window.service.begin("Talk")
        line = "a\u202e" + "x" * 900_000
        await window.service.post(made.id, line, actor="agent:evil")
        begin = time.perf_counter()
        await window.opens(made.id)
        await asyncio.sleep(0.02)
        assert time.perf_counter() - begin < 5
        (card,) = window.view.messages.cards
        assert "the first 10,000 of 900,002 characters" in card.rendered.note
        window.view.messages.setFocus()
        window.key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier, window.view.messages)
        assert QGuiApplication.clipboard().text() == line

    play(scene)


def test_a_theme_changes_while_it_is_shown(play: Scene, theme_source: ThemeSource) -> None:
    async def scene(window: Window) -> None:
        theme_source.select("dark")
        made = await window.service.begin("Talk")
        await window.service.post(made.id, CODE)
        await window.opens(made.id)
        dark = window.view.messages.cards[0].codes[0].html
        theme_source.select("light")
        await window.until(lambda: window.view.messages.cards[0].codes[0].html != dark)

    play(scene)


def test_another_window_hands_over_a_draft(play: Scene) -> None:
    async def scene(window: Window) -> None:
        made = await window.service.begin("Talk")
        await window.opens(made.id)
        await window.types("mine", enter=False)
        window.view.present({"draft": "theirs"})
        assert window.view.composer.text == "mine\ntheirs"
        await window.until(lambda: not window.view.composer._draft.isActive() and not window.view._tasks.names)
        assert (await window.service.conversation(made.id)).draft == "mine\ntheirs"

    play(scene)


def test_what_is_written_before_there_is_a_conversation_is_kept(play: Scene) -> None:
    async def before(window: Window) -> None:
        await window.types("not lost", enter=False)
        await window.until(lambda: window.view.conversation_id)

    async def after(window: Window) -> None:
        await window.until(lambda: window.view.composer.text == "not lost")

    play(before)
    play(after)


def test_an_unknown_conversation_is_told(play: Scene) -> None:
    async def scene(window: Window) -> None:
        window.view.present({"conversation_id": new_id()})
        await window.until(lambda: window.told)
        assert window.told[0].severity == "error"
        assert "does not exist" in window.told[0].text

    play(scene)
