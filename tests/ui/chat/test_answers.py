"""Agents that answer in the chat window, as a person sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from chainbot_desktop.chat.markdown import render
from chainbot_desktop.core.ports import AgentCommand
from chainbot_desktop.ui.chat.answer_card import AnswerCard
from chainbot_desktop.ui.chat.answer_feed import RENDER_SECONDS
from chainbot_desktop.ui.chat.message_card import STREAMING_FROM
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from tests.helpers.talks import FakeTalk
from tests.ui.chat.windows import Window, open_window

Play = Callable[[Window, FakeTalk], Coroutine[Any, Any, None]]
Scene = Callable[..., None]


@pytest.fixture
def play(on_loop: Callable[[Coroutine[Any, Any, Any]], Any], theme_source: ThemeSource, tmp_path: Path) -> Scene:
    """Run a scene in a fresh window over this test's folder, with agents; again with the same ones for a restart."""

    def run(scene: Play, talk: FakeTalk, size: tuple[int, int] = (720, 452)) -> None:
        async def work() -> None:
            async with open_window(tmp_path, theme_source, size, talk=talk) as window:
                await scene(window, talk)

        on_loop(work())

    return run


def answers(window: Window) -> list[AnswerCard]:
    return [card for card in window.view.messages.cards if isinstance(card, AnswerCard)]


def streaming(window: Window) -> list[AnswerCard]:
    return [card for card in answers(window) if card.message.number >= STREAMING_FROM]


def shown(card: AnswerCard) -> str:
    """All of its text, also what is not in sight."""
    return "\n\n".join(card._text(index).text() for index in range(len(card._boxes))) if card._theme is not None else ""


def word(card: AnswerCard) -> str:
    """What the card's head says of the answer's state."""
    mark = card._mark()
    return mark[1] if mark is not None else ""


async def asks(window: Window, text: str) -> AnswerCard:
    await window.types(text)
    await window.until(lambda: streaming(window))
    await window.until(lambda: not window.view._sending.locked() and not window.view._feed._running)
    return streaming(window)[-1]


def middle(window: Window, card: AnswerCard, box: Any) -> QPoint:
    return window.point_in(card, box.center())


def test_an_answer_grows_and_becomes_the_message_without_a_jump(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        card = await asks(window, "@Ada what is new?")
        assert card.author == "Ada"
        assert window.texts[0] == "@Ada what is new?"
        talk.last.step("read notes.md")
        talk.last.say("Three **things**:\n\n- one\n- tw")
        await window.until(lambda: "tw" in shown(card))
        talk.last.say("o\n- three")
        await window.until(lambda: "• three" in shown(card) or "three" in shown(card))
        await window.until(lambda: card.unrendered == 0)
        assert "**" not in shown(card)
        top, height = card.top, card.height_for(window.view.messages._inner_width(), window.view.messages.theme)
        talk.last.finish()
        await window.until(lambda: answers(window) and not streaming(window))
        assert answers(window) == [card]  # the very card that was seen growing
        assert card.message.text == "Three **things**:\n\n- one\n- two\n- three"
        assert card.message.author == "agent:id-Ada"
        await asyncio.sleep(0.05)
        assert card.top == top
        assert card.height_for(window.view.messages._inner_width(), window.view.messages.theme) == height
        assert len(window.view.messages.cards) == 2

    play(scene, FakeTalk("Ada"))


def test_two_hundred_tokens_a_second_are_a_few_renders(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        await asks(window, "@Ada @Bob flood")
        await window.until(lambda: len(streaming(window)) == 2)
        runs = list(talk.runs.values())
        feed = window.view._feed.answers
        assert feed is not None
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.ensure_future(tick())
        began = time.monotonic()
        for n in range(600):
            for run in runs:
                run.say(f"word{n} " if n % 40 else "\n\n- **point** `code` ")
            await asyncio.sleep(0.005)
        seconds = time.monotonic() - began
        ticking.cancel()
        await window.until(lambda: "word599" in shown(streaming(window)[1]))  # the one in sight
        assert "word599" in streaming(window)[0].message.text
        assert feed.renders <= 2 * (seconds / RENDER_SECONDS + 2)
        assert feed.renders >= 2
        assert ticks >= seconds * 10  # the loop was free for others all the while
        for run in runs:
            run.finish()
        await window.until(lambda: len(answers(window)) == len(runs) and not streaming(window))
        assert all(card.message.text == run.said for card, run in zip(answers(window), runs, strict=True))

    play(scene, FakeTalk("Ada", "Bob"))


def test_what_is_finished_is_not_laid_out_again(play: Scene) -> None:
    part = "Some **words** of an answer. " * 60 + "\n\n```python\nx = 1\n```\n\n"

    async def scene(window: Window, talk: FakeTalk) -> None:
        card = await asks(window, "@Ada go")
        talk.last.say(part)
        await window.until(lambda: card.unrendered == 0 and len(card._boxes) >= 2 and card._boxes[0].ready)
        pages, first, code = window.view._feed._pages, card._boxes[0].ready, card._boxes[1].ready
        assert pages is not None
        for n in range(20):
            talk.last.say(f"{part}number {n}\n\n")
            await asyncio.sleep(0.03)
        await window.until(lambda: card.unrendered == 0)
        talk.last.finish()
        await window.until(lambda: not streaming(window) and answers(window))
        assert answers(window) == [card]
        assert card._boxes[0].ready is first
        assert card._boxes[1].ready is code
        assert card.rendered == render(card.message.text, pages.colors)
        assert shown(card).count("number") == 20

    play(scene, FakeTalk("Ada"))


def test_it_follows_only_who_is_at_the_end(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        view = window.view.messages
        await asks(window, "@Ada tell me all")
        talk.last.say("\n\n".join(f"paragraph {n}" for n in range(40)))
        await window.until(lambda: view.verticalScrollBar().maximum() > 400)
        assert view.is_at_bottom
        view.verticalScrollBar().setValue(200)
        await asyncio.sleep(0.02)
        talk.last.say("\n\nmuch more" * 30)
        before = view.verticalScrollBar().maximum()
        await window.until(lambda: view.verticalScrollBar().maximum() > before)
        assert view.verticalScrollBar().value() == 200
        talk.last.finish()
        await window.until(lambda: not streaming(window))
        await asyncio.sleep(0.05)
        assert view.verticalScrollBar().value() == 200
        conversation = await window.service.conversation(window.view.conversation_id)
        assert conversation.read_through <= conversation.last_number

    play(scene, FakeTalk("Ada"))


def test_stop_ends_it_and_says_so(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        view = window.view.messages
        card = await asks(window, "@Ada count")
        talk.last.say("1, 2, 3")
        await window.until(lambda: "3" in shown(card))
        view.grab()  # painted once: the button has its place
        assert card._stop_box.width() >= 48
        assert card._stop_box.height() >= 48
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=middle(window, card, card._stop_box))
        await window.until(lambda: not streaming(window) and len(window.texts) == 3)
        assert window.texts[1] == "1, 2, 3"
        assert "interrupted. Cancelled by test" in window.texts[2]
        assert card.note.state == "cancelled"
        assert card._mark() is not None
        await asks(window, "again")
        window.view.composer.edit.setFocus()
        window.key(Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
        await window.until(lambda: not streaming(window))

    play(scene, FakeTalk("Ada"))


def test_a_failure_says_why_and_what_was_said_stays(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        await asks(window, "@Ada go")
        talk.last.say("Half of")
        await window.until(lambda: "Half" in shown(streaming(window)[0]))
        talk.last.finish(state="failed", reason="The connection broke. Look at the model's server.")
        await window.until(lambda: len(window.texts) == 3)
        assert window.texts[1] == "Half of"
        assert window.view.messages.cards[2].author == "ChainBot"
        assert "could not finish" in window.view.messages.cards[2].shown_text()
        await window.types("once more")
        await window.until(lambda: streaming(window))
        talk.last.finish(state="failed", reason="No model is configured. Add a key.")
        await window.until(lambda: len(window.texts) == 5 and not streaming(window))
        assert "No model is configured" in window.view.messages.cards[4].shown_text()

    play(scene, FakeTalk("Ada"))


def test_commands_of_agents_complete_and_are_given_to_them(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        talk.add("Coder", kind="coder", commands=(AgentCommand("review", "Review the changes", "what to look at"),))
        composer = window.view.composer
        await window.types("/rev", enter=False)
        assert [(c.label, c.help) for c in composer.popup.offered] == [
            ("/review <what to look at>", "Coder: Review the changes")
        ]
        window.key(Qt.Key.Key_Return)
        assert composer.text == "/review "
        assert not composer.popup.isVisible()
        await window.types("the tests")
        await window.until(lambda: talk.runs)
        assert (talk.last.agent_id, talk.last.task) == ("id-Coder", "/review the tests")
        await window.types("/review more", enter=False)
        assert composer.delivery.isVisible(), "it works: how the next line reaches it can be chosen"
        composer.set_text("")
        await window.types("@Coder /r", enter=False)
        window.key(Qt.Key.Key_Tab)
        assert composer.text == "@Coder /review "
        talk.last.finish("done")

    play(scene, FakeTalk("Ada"))


def test_commands_that_an_agent_tells_while_it_is_written_to_appear_at_once(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        talk.add("Coder", kind="coder")
        composer = window.view.composer
        await window.types("@Coder /", enter=False)
        assert talk.prepared[-1] == "id-Coder"
        assert not composer.popup.isVisible()
        talk.add("Coder", kind="coder", commands=(AgentCommand("review", "Review the changes"),))
        await window.until(composer.popup.isVisible)
        assert [c.label for c in composer.popup.offered] == ["/review"]
        window.key(Qt.Key.Key_Tab)
        assert composer.text == "@Coder /review "

    play(scene, FakeTalk("Ada"))


def test_names_complete_with_the_keyboard_also_in_the_middle(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        composer = window.view.composer
        await window.types("@", enter=False)
        assert [c.label for c in composer.popup.offered] == ["@Ada", '@"Long name"', "@all"]
        await window.types("lo", enter=False)
        window.key(Qt.Key.Key_Return)
        assert composer.text == '@"Long name" '
        assert not composer.popup.isVisible()
        await window.types("and rest", enter=False)
        for _ in range(len(" rest")):
            window.key(Qt.Key.Key_Left)
        await window.types(" @a", enter=False)
        window.key(Qt.Key.Key_Tab)
        assert composer.text == '@"Long name" and @Ada rest'
        await window.types("the ", enter=False)
        assert composer.text == '@"Long name" and @Ada the rest'
        window.key(Qt.Key.Key_Return)
        await window.until(lambda: len(talk.runs) == 2)
        assert [run.task for run in talk.runs.values()] == ["the rest", "the rest"]

    play(scene, FakeTalk("Ada", "Long name"))


def test_how_a_message_reaches_an_agent_at_work_is_chosen(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        composer = window.view.composer
        bar = composer.delivery
        await asks(window, "@Ada work")
        assert not bar.isVisible()
        await window.until(lambda: not composer.text)
        assert not bar.isVisible()
        await window.types("look at the log", enter=False)
        await window.until(bar.isVisible)
        assert bar.delivery == "queue"
        assert all(chip.height() >= 48 for chip in bar.chips.values())
        QTest.mouseClick(bar.chips["between"], Qt.MouseButton.LeftButton)
        window.key(Qt.Key.Key_Return, to=composer.edit)
        await window.until(lambda: talk.runs["run-1"].steered == ["look at the log"])
        await window.until(lambda: not composer.text)
        assert not bar.isVisible()
        await window.types("then this", enter=False)
        assert bar.delivery == "queue"  # a choice is for one message
        window.key(Qt.Key.Key_Return, to=composer.edit)
        await window.until(lambda: len(streaming(window)) == 2)
        assert [word(card) for card in streaming(window)] == ["working", "queued"]
        await window.types("now", enter=False)
        QTest.mouseClick(bar.chips["interrupt"], Qt.MouseButton.LeftButton)
        window.key(Qt.Key.Key_Return, to=composer.edit)
        await window.until(lambda: "run-3" in talk.runs and talk.runs["run-1"].outcome.done())
        await window.types("x", enter=False)
        assert bar.isVisible()
        for run in talk.runs.values():
            run.finish("done")
        await window.until(lambda: not bar.isVisible())

    play(scene, FakeTalk("Ada"))


def test_steps_are_folded_and_open_on_a_tap(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        view = window.view.messages
        card = await asks(window, "@Ada go")
        talk.last.think("I should <b>look</b>")
        talk.last.step("read a.py")
        talk.last.step("run make test")
        await window.until(lambda: card._fold_line == "run make test")
        talk.last.say("All green.")
        talk.last.finish()
        await window.until(lambda: not streaming(window))
        assert card._fold_line == "2 steps and its thinking"
        view.grab()
        low = card._height
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=middle(window, card, card._fold_box))
        assert card.is_open
        assert card._height > low
        assert card._fold_text is not None
        assert card._fold_text.text() == "· read a.py\n· run make test\nI should <b>look</b>"
        view.menu_requested.emit(card, window.view.mapToGlobal(window.view.rect().center()))
        await asyncio.sleep(0)
        labels = [b.text() for menu in window.view.findChildren(MenuSheet) for b in menu.findChildren(QPushButton)]
        assert "Hide how it was done" in labels
        assert "Stop this answer" not in labels

    play(scene, FakeTalk("Ada"))


def test_what_waits_for_a_person_is_seen_and_a_demonstration_is_named(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        card = await asks(window, "@Ada clean up")
        talk.last.waits("your approval")
        await window.until(lambda: word(card) == "waits for your approval")
        talk.last.goes_on()
        talk.last.finish("Done.", data={"model": "local/smollm2", "demonstration": True})
        await window.until(lambda: not streaming(window))
        assert card.note.demonstration
        plain = window.view.messages.grab().toImage()
        card.note = type(card.note)(**{**card.note.as_detail(), "demonstration": False})
        assert window.view.messages.grab().toImage() != plain

    play(scene, FakeTalk("Ada"))


def test_hostile_markdown_stays_text(play: Scene) -> None:
    hostile = (
        "<script>alert(1)</script><img src=file:///etc/passwd> [x](javascript:alert(1)) [y](chainbot:chat?conversation_id=1)\n"
        "```\nnever closed \u202e\x00 " + "`" * 300 + "\n" + "> " * 400 + "[" * 3000 + "\n" + "|a" * 4000
    )

    async def scene(window: Window, talk: FakeTalk) -> None:
        card = await asks(window, "@Ada go")
        for start in range(0, len(hostile), 97):
            talk.last.say(hostile[start : start + 97])
            await asyncio.sleep(0)
        await window.until(lambda: card.unrendered == 0)
        assert card.rendered.links == ()
        talk.last.step("<b>bold</b> \u202e step")
        talk.last.finish()
        await window.until(lambda: not streaming(window))
        assert card.message.text == hostile
        assert card.rendered.links == ()
        assert "<script>" in shown(card)
        assert "\u202e" not in card._fold_html()

    play(scene, FakeTalk("Ada"))


def test_a_closed_window_misses_nothing_and_a_restart_goes_on(play: Scene) -> None:
    talk = FakeTalk("Ada")

    async def before(window: Window, talk: FakeTalk) -> None:
        await asks(window, "@Ada long story")
        talk.last.say("Once upon a time ")
        await window.until(lambda: "time" in shown(streaming(window)[0]))
        window.view.hide()
        talk.last.say("there was ")

    async def after(window: Window, talk: FakeTalk) -> None:
        await window.until(lambda: streaming(window) and "there was" in shown(streaming(window)[0]))
        window.view.hide()
        talk.last.say("a panel.")
        talk.last.finish()
        await window.until(lambda: window.service.answers and not window.service.answers.of(window.view.conversation_id))
        window.view.show()
        await window.until(lambda: not streaming(window))
        assert window.texts == ["@Ada long story", "Once upon a time there was a panel."]

    play(before, talk)
    play(after, talk)


def test_another_conversation_shows_only_its_own_answers(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        await asks(window, "@Ada here")
        first = window.view.conversation_id
        other = await window.service.begin("Other")
        await window.opens(other.id)
        assert not streaming(window)
        talk.last.say("meanwhile")
        talk.last.step("a step")
        await asyncio.sleep(0.1)
        assert not streaming(window)
        await window.opens(first)
        await window.until(lambda: streaming(window) and "meanwhile" in shown(streaming(window)[0]))
        talk.last.finish()
        await window.until(lambda: not streaming(window) and len(window.texts) == 2)

    play(scene, FakeTalk("Ada"))


def test_a_change_of_theme_keeps_what_is_written(play: Scene, theme_source: ThemeSource) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        await asks(window, "@Ada go")
        talk.last.say("some `code` here")
        await window.until(lambda: "code" in shown(streaming(window)[0]))
        old = streaming(window)[0]
        theme_source.select("light" if theme_source.current.name == "dark" else "dark")
        await window.until(lambda: streaming(window) and streaming(window)[0] is not old)
        await window.until(lambda: "code" in shown(streaming(window)[0]))
        talk.last.finish()
        await window.until(lambda: not streaming(window) and len(window.texts) == 2)

    play(scene, FakeTalk("Ada"))


def test_hints_say_what_to_do_next(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        composer = window.view.composer
        await window.types("hello?")
        await window.until(lambda: "/spawn" in composer.hint.text())
        talk.add("Ada")
        await window.until(lambda: composer.edit.placeholder == "Message, @agent or /command")
        await asks(window, "@Ada hi")
        await window.until(lambda: composer.edit.placeholder == "Message Ada, @agent or /command")
        assert not composer.hint.isVisible()
        await window.types("@Ada")
        await window.until(composer.error.isVisible)
        assert "Say what Ada should do" in composer.error.text()
        assert composer.text == "@Ada"
        talk.last.finish("hello")

    play(scene, FakeTalk())


def test_another_window_opens_the_conversation_with_an_agent(play: Scene) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        window.view.present({"agent_id": "id-tests"})
        await window.until(lambda: window.view.conversation_id)
        await window.types("run them")
        await window.until(lambda: talk.runs)
        assert (talk.last.agent_id, talk.last.task) == ("id-tests", "run them")
        talk.last.finish("done")
        window.view.present({"agent_id": "id-nobody"})
        await window.until(lambda: window.told)
        assert "does not run here" in window.told[0].text

    play(scene, FakeTalk("Ada", "tests"))
