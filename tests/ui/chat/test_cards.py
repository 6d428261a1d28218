"""What a card shows besides its text: buttons of code, folded diffs, threads, attachments, marks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from sqlalchemy import func, insert, select

from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.store.conversation_rows import Message, message_of_row
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.schema import messages
from chainbot_desktop.ui.chat.answer_card import AnswerCard
from chainbot_desktop.ui.chat.card_rows import Hit
from chainbot_desktop.ui.chat.message_card import MessageCard
from chainbot_desktop.ui.chat.thumbnails import MAX_PIXELS, decoded
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from tests.helpers.talks import FakeTalk
from tests.ui.chat.windows import Window, open_window

Play = Callable[[Window], Coroutine[Any, Any, None]]
Scene = Callable[..., None]
LEFT = Qt.MouseButton.LeftButton

DIFF = "```diff\n--- a/x.py\n+++ b/x.py\n" + "".join(f"+new {n}\n-old {n}\n" for n in range(15)) + "```"


@pytest.fixture
def play(on_loop: Callable[[Coroutine[Any, Any, Any]], Any], theme_source: ThemeSource, tmp_path: Path) -> Scene:
    def run(scene: Play, size: tuple[int, int] = (720, 452)) -> None:
        async def work() -> None:
            async with open_window(tmp_path, theme_source, size) as window:
                await scene(window)

        on_loop(work())

    return run


class TableThreads:
    """Threads over the table of messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def thread(self, conversation_id: str, run_id: str) -> list[Message]:
        query = select(messages).where(messages.c.conversation_id == conversation_id, messages.c.thread == run_id)
        rows = await self._database.read(lambda c: list(c.execute(query.order_by(messages.c.number))))
        return [message_of_row(row) for row in rows]

    async def thread_counts(self, conversation_id: str, run_ids: Sequence[str]) -> Mapping[str, int]:
        query = select(messages.c.thread, func.count()).where(
            messages.c.conversation_id == conversation_id, messages.c.thread.in_(run_ids)
        )
        rows = await self._database.read(lambda c: list(c.execute(query.group_by(messages.c.thread))))
        return {str(thread): int(count) for thread, count in rows}


async def put(window: Window, conversation_id: str, text: str, **more: Any) -> None:
    row = {"id": new_id(), "conversation_id": conversation_id, "author": "agent:ada", "kind": "text", "text": text}
    row |= {"created_at": utc_now(), "detail": {}, "thread": ""} | more
    await window.chat.store.database.write(lambda c: c.execute(insert(messages), [row]) and None)


async def shows(window: Window, text: str = "hello", **more: Any) -> MessageCard:
    """A conversation with one message, painted."""
    made = await window.service.begin("Talk")
    await put(window, made.id, text, **more)
    await window.opens(made.id)
    await asyncio.sleep(0.05)
    window.view.messages.grab()
    return window.view.messages.cards[0]


def hits(window: Window) -> list[Hit]:
    found: list[Hit] = []
    window.view.messages.hit_clicked.connect(lambda _card, hit: found.append(hit))
    return found


def tap_row(window: Window, card: MessageCard, row: int, at: QPointF | None = None) -> None:
    place, _ = card._rows[row]
    point = place.topLeft() + at if at is not None else place.center()
    QTest.mouseClick(window.view.messages.viewport(), LEFT, pos=window.point_in(card, point))


def tap(window: Window, card: MessageCard, label: str) -> None:
    QTest.mouseClick(window.view.messages.viewport(), LEFT, pos=window.button(card, label))


def test_a_long_diff_is_folded_and_says_how_much_it_changes(play: Scene) -> None:
    async def scene(window: Window) -> None:
        card = await shows(window, DIFF)
        assert card.codes[0].changed_lines() == (15, 15)
        low = card._height
        assert low < 150
        box = card.box(0)
        QTest.mouseClick(
            window.view.messages.viewport(), LEFT, pos=window.point_in(card, box.frame.topLeft() + QPointF(20, 20))
        )
        assert card._height > low + 300
        assert "deleted" in str(window.view._feed._pages and window.view._feed._pages.colors)
        assert "<span" in card.codes[0].html, "it is coloured"

    play(scene)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("```python\nx\n```", ["Copy", "Open in Code", "Run"]),
        ("```sh\nx\n```", ["Copy", "Open in Code", "Run"]),
        ("```diff\n-x\n+y\n```", ["Copy", "Open in Code", "Apply"]),
        ("```toml title=a.toml\nx\n```", ["Copy", "Open in Code", "Apply"]),
        ("```rust:src/main.rs\nx\n```", ["Copy", "Open in Code", "Apply"]),
        ("```json\nx\n```", ["Copy", "Open in Code"]),
    ],
)
def test_code_has_the_buttons_that_make_sense(play: Scene, text: str, labels: list[str]) -> None:
    async def scene(window: Window) -> None:
        card = await shows(window, text)
        assert [button.label for button in card.box(0).buttons] == labels
        assert all(b.area.width() >= 48 and b.area.height() >= 48 for b in card.box(0).buttons)
        found = hits(window)
        tap(window, card, labels[-1])
        assert [hit.kind for hit in found] == [{"Run": "run", "Apply": "apply"}.get(labels[-1], "open")]

    play(scene)


def test_what_has_no_room_is_behind_more(play: Scene) -> None:
    async def scene(window: Window) -> None:
        card = await shows(window, "```python title=a/long/name/of/a/file.py\nx = 1\n```")
        labels = [button.label for button in card.box(0).buttons]
        assert labels[-1] == "More"
        assert all(b.area.left() >= card.box(0).frame.left() for b in card.box(0).buttons)
        found = hits(window)
        tap(window, card, "More")
        rows = [b for m in window.view.findChildren(MenuSheet) if m.is_open for b in m.findChildren(QPushButton)]
        assert "Run" in [b.text() for b in rows]
        QTest.mouseClick(next(b for b in rows if b.text() == "Run"), LEFT)
        assert found == [Hit("run", block=0)]

    play(scene, (380, 452))


def test_a_thread_folds_under_its_answer_and_opens_in_place(play: Scene) -> None:
    async def scene(window: Window) -> None:
        window.view._feed.show_threads(TableThreads(window.chat.store.database))
        made = await window.service.begin("Talk")
        for name, text in (("Tests", "they pass"), ("Docs", "written"), ("Tests", "again")):
            await put(
                window, made.id, text, author=f"agent:{name}", thread="run-1", detail={"run_id": f"r-{text}", "name": name}
            )
        detail = {"run_id": "run-1", "agent_id": "ada", "name": "Ada", "state": "succeeded"}
        await put(window, made.id, "All is done.", detail=detail)
        await put(window, made.id, "thanks", author="user:test")
        await window.opens(made.id)
        view = window.view.messages
        answer = next(card for card in view.cards if isinstance(card, AnswerCard) and card.message.text == "All is done.")
        await window.until(lambda: answer._thread_row is not None)
        assert answer._thread_row is not None
        assert answer._thread_row.text == "3 messages by Tests, Docs"
        shown = [card.message.text for card in view.cards if not card.message.thread]
        assert shown == ["All is done.", "thanks"]
        assert not [card for card in view.cards if card.indent]
        view.grab()
        tap_row(window, answer, 0)
        await window.until(lambda: any(card.indent for card in view.cards))
        assert [card.message.text for card in view.cards] == ["All is done.", "they pass", "written", "again", "thanks"]
        assert all(view.card_rect(card).left() > view.card_rect(answer).left() for card in view.cards if card.indent)
        view.grab()
        tap_row(window, answer, 0)
        await window.until(lambda: not any(card.indent for card in view.cards))

    play(scene)


def test_what_was_found_in_a_thread_is_shown_there(play: Scene) -> None:
    async def scene(window: Window) -> None:
        window.view._feed.show_threads(TableThreads(window.chat.store.database))
        made = await window.service.begin("Talk")
        found = new_id()
        await put(
            window, made.id, "they pass", id=found, author="agent:Tests", thread="run-1", detail={"run_id": "r", "name": "T"}
        )
        await put(
            window, made.id, "All is done.", detail={"run_id": "run-1", "agent_id": "ada", "name": "Ada", "state": "succeeded"}
        )
        window.view.open_conversation(made.id, found)
        view = window.view.messages
        await window.until(lambda: view.current_card is not None and view.current_card.message.id == found)
        assert [card.message.text for card in view.cards] == ["All is done.", "they pass"]

    play(scene)


def png(width: int, height: int) -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#aa3322"))
    body = QByteArray()
    buffer = QBuffer(body)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(body.data())


def test_pictures_are_shown_small_and_other_files_are_chips(play: Scene) -> None:
    async def scene(window: Window) -> None:
        blobs = window.chat.store.blobs
        window.view._feed.show_images(blobs)
        good, broken = await blobs.put(png(1200, 300)), await blobs.put(b"no picture at all")
        attachments = [
            {"name": "chart.png", "media_type": "image/png", "size": 2_000, "sha256": good},
            {"name": "bad.png", "media_type": "image/png", "size": 17, "sha256": broken},
            {"name": "notes\u202e.txt", "media_type": "text/plain", "size": 1_234_567, "sha256": "c" * 64},
            "nonsense",
        ]
        card = await shows(window, detail={"attachments": attachments})
        thumbnails = window.view._feed.thumbnails
        assert thumbnails is not None
        await window.until(lambda: isinstance(thumbnails.get(good), QImage) and isinstance(thumbnails.get(broken), str))
        picture = thumbnails.get(good)
        assert isinstance(picture, QImage)
        assert (picture.width(), picture.height()) == (320, 80)
        assert thumbnails.get(broken) == "is broken, or no picture"
        found = hits(window)
        tap_row(window, card, 0, QPointF(40, 40))
        assert found == [Hit("attachment", good)]
        place, row = card._rows[0]
        tap_row(window, card, 0, QPointF(40, place.height() - 20))
        assert found[-1] == Hit("attachment", "c" * 64)
        assert "\u202e" not in row._chips._chips[0].label  # type: ignore[attr-defined]

    play(scene)


def test_pictures_are_bounded_before_they_are_decoded(qapp: object) -> None:
    header = png(8, 8)
    side = 9_000
    assert side * side > MAX_PIXELS
    huge = header[:16] + side.to_bytes(4, "big") + side.to_bytes(4, "big") + header[24:]
    assert isinstance(decoded(huge), str)
    assert decoded(b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>") == "is broken, or no picture"
    assert decoded(png(8, 8)[:40]) in {"is broken", "is broken, or no picture"}
    small = decoded(png(8, 8))
    assert isinstance(small, QImage)
    assert small.width() == 8


def test_marks_and_chips_say_where_a_message_is_from(play: Scene) -> None:
    async def scene(window: Window) -> None:
        recalled = [{"ref": "note:1", "title": "a note", "text": "x"}] * 3
        card = await shows(window, detail={"recalled": recalled, "merged_from": {"conversation_id": "c-9", "message_id": "m"}})
        found = hits(window)
        tap_row(window, card, 0)
        tap_row(window, card, 1, QPointF(20, 20))
        assert found == [Hit("merged", "c-9"), Hit("recalled")]

    play(scene)


def test_a_summary_can_be_taken_back(play: Scene) -> None:
    async def scene(window: Window) -> None:
        card = await shows(
            window, "They *agreed*.", kind="summary", author="system:chat", detail={"through": 3, "active": True}
        )
        found = hits(window)
        place, _ = card._rows[0]
        tap_row(window, card, 0, QPointF(place.width() - 20, 20))
        assert found == [Hit("restore", card.message.id)]
        assert place.height() >= 48

    play(scene)


def test_a_thread_grows_while_its_answer_is_written(
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any], theme_source: ThemeSource, tmp_path: Path
) -> None:
    async def scene(window: Window, talk: FakeTalk) -> None:
        feed = window.view._feed
        feed.show_threads(TableThreads(window.chat.store.database), lambda run_id: ["Tests"] if run_id == "run-1" else [])
        assert feed.threads is not None
        await window.types("@Ada go")
        await window.until(lambda: any(isinstance(card, AnswerCard) for card in window.view.messages.cards))
        card = next(card for card in window.view.messages.cards if isinstance(card, AnswerCard))
        talk.last.say("I ask around.")
        key = window.view.conversation_id
        await put(window, key, "see the tests", author="agent:Ada", thread="run-1", detail={"run_id": "x", "name": "Ada"})
        await window.service.post(key, "by the way")  # anything that is posted
        await window.until(lambda: card._thread_row is not None and "1 message by Ada" in card._thread_row.text)
        assert card._thread_row is not None
        assert card._thread_row.text == "1 message by Ada · Tests at work"
        assert "see the tests" not in window.texts
        feed.toggle_thread(card)
        await window.until(lambda: "see the tests" in window.texts)
        for run in talk.runs.values():
            run.finish("done")
        await window.until(lambda: card.message.number < 100)
        assert card.thread_is_open

    async def work() -> None:
        talk = FakeTalk("Ada")
        async with open_window(tmp_path, theme_source, talk=talk) as window:
            await scene(window, talk)

    on_loop(work())
