"""The list of conversations: of ten thousand only what is seen is read; search goes with the keyboard; rows tell what goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from sqlalchemy import insert

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.chat.answer_stream import AnswerStream
from chainbot_desktop.core.ids import format_time, new_id, utc_now
from chainbot_desktop.core.ports import TalkUpdate
from chainbot_desktop.store.conversation_rows import MARK_BEGIN
from chainbot_desktop.store.schema import conversations, messages
from chainbot_desktop.ui.chat.conversation_rows import work_of
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.talks import FakeTalk
from tests.ui.chat.windows import Window, open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]
Play = Callable[[Window], Coroutine[Any, Any, None]]


@pytest.fixture
def play(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> Callable[..., None]:
    def run(scene: Play, size: tuple[int, int] = (720, 452)) -> None:
        async def work() -> None:
            async with open_window(tmp_path, theme_source, size) as window:
                await scene(window)

        on_loop(work())

    return run


async def many(window: Window, count: int) -> list[str]:
    """Conversations with a message each, the newest last; their ids."""
    now = utc_now()
    keys = [new_id() for _ in range(count)]
    rows = [
        {
            "id": key,
            "title": f"Talk {n}",
            "created_at": now,
            "updated_at": format_time(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n)),
            "pinned": False,
            "archived": False,
            "draft": "",
            "read_through": 10**9,
        }
        for n, key in enumerate(keys)
    ]
    said = [
        {"id": new_id(), "conversation_id": key, "author": "agent:a", "kind": "text", "text": f"line of {n}", "created_at": now}
        for n, key in enumerate(keys)
    ]

    def work(connection: Any) -> None:
        connection.execute(insert(conversations), rows)
        connection.execute(insert(messages), said)

    await window.chat.store.database.write(work)
    window.view._list_feed.refresh()
    return keys


async def branch_off(window: Window, key: str, stem: str, at: int) -> None:
    statement = conversations.update().where(conversations.c.id == key).values(branched_from=stem, branched_at=at)

    def work(connection: Any) -> None:
        connection.execute(statement)

    await window.chat.store.database.write(work)


def _frames(window: Window) -> float:
    """Seconds that a frame takes while the whole list is scrolled through: the middle of 120."""
    panel = window.view.panel
    bar = panel.list.verticalScrollBar()
    taken: list[float] = []
    for step in range(120):
        begun = time.perf_counter()
        bar.setValue(bar.maximum() * step // 120)
        panel.list.viewport().repaint()
        QCoreApplication.processEvents()
        taken.append(time.perf_counter() - begun)
    return median(taken)


def test_of_ten_thousand_only_what_is_seen_is_read(play: Callable[..., None]) -> None:
    async def scene(window: Window) -> None:
        panel = window.view.panel
        await many(window, 40)
        await window.until(lambda: len(panel.model.rows) == 40)
        short = _frames(window)
        await many(window, 9_960)
        await window.until(lambda: panel.model.rowCount() == 10_000)
        await window.until(lambda: panel.model.rows and panel.model.rows[0].title == "Talk 9959")
        assert len(panel.model.rows) <= 200
        panel.list.scrollToBottom()
        await window.until(lambda: panel.model.rows[-1].title == "Talk 0")
        assert len(panel.model.rows) <= 500
        bar = panel.list.verticalScrollBar()
        long = _frames(window)
        bar.setValue(bar.maximum() // 2)
        place = bar.value()
        made = await window.service.begin("Just now")
        await window.until(lambda: panel.model.rowCount() == 10_001)
        assert bar.value() == place  # the list did not jump
        bar.setValue(0)
        await window.until(lambda: panel.model.row_of(made.id) == 0)
        assert long < 3 * short + 0.002, f"{long * 1000:.1f} ms a frame, {short * 1000:.1f} ms with 40 rows"

    play(scene)


def test_the_keyboard_searches_opens_and_clears(play: Callable[..., None]) -> None:
    async def scene(window: Window) -> None:
        panel = window.view.panel
        garden = await window.service.begin("Garden")
        await window.service.post(garden.id, "The pepper needs water")
        other = await window.service.begin("Kitchen")
        await window.service.post(other.id, "Pepper and salt")
        await window.opens(garden.id)
        window.key(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(panel.search, "pepp")
        await window.until(lambda: panel.nothing.text() == "2 messages")
        assert all(MARK_BEGIN in row.text for row in panel.model.rows)
        window.key(Qt.Key.Key_Down)
        assert QApplication.focusWidget() is panel.list
        assert panel.list.currentIndex().row() == 0
        window.key(Qt.Key.Key_Return)
        await window.until(lambda: window.view.conversation_id == other.id)
        panel.list.setFocus()
        window.key(Qt.Key.Key_Up)
        assert QApplication.focusWidget() is panel.search
        window.key(Qt.Key.Key_Escape)
        await window.until(lambda: not panel.nothing.isVisible())
        assert [row.title for row in panel.model.rows] == ["Kitchen", "Garden"]
        QTest.keyClicks(panel.search, "water")
        await window.until(lambda: panel.nothing.text() == "1 message")
        window.key(Qt.Key.Key_Return)  # of the field: the first that was found
        await window.until(lambda: window.view.conversation_id == garden.id)

    play(scene)


def test_a_search_can_stay_in_the_open_conversation_and_has_what_a_branch_shares(play: Callable[..., None]) -> None:
    async def scene(window: Window) -> None:
        panel = window.view.panel
        stem = await window.service.begin("Stem")
        first = (await window.service.post(stem.id, "apple in the stem")).message
        assert first is not None
        await window.service.post(stem.id, "apple after it")
        branch = await window.service.begin("Branch")
        await window.service.post(branch.id, "apple in the branch")
        await branch_off(window, branch.id, stem.id, first.number)
        await window.opens(branch.id)
        panel.search.setText("apple")
        await window.until(lambda: panel.nothing.text() == "3 messages")
        assert panel.only_here.isVisible()
        panel.only_here.click()
        await window.until(lambda: panel.nothing.text() == "2 messages")
        assert {row.text.replace(MARK_BEGIN, "").replace("\x03", "") for row in panel.model.rows} == {
            "apple in the branch",
            "apple in the stem",
        }
        panel.search.setText("after")
        await window.until(lambda: panel.nothing.text().startswith("Nothing in this conversation"))
        panel.search.clear()
        await window.until(lambda: any(row.stem == "Stem" for row in panel.model.rows))
        assert not panel.only_here.isVisible()
        assert "branch of Stem" in str(panel.model.index(panel.model.row_of(branch.id)).data())

    play(scene)


def test_the_empty_list_offers_the_import_where_somebody_answers_it(play: Callable[..., None]) -> None:
    async def scene(window: Window) -> None:
        panel = window.view.panel
        await window.until(panel.nothing.isVisible)
        assert not panel.take_over.isVisible()
        panel.offers_import = True
        window.view._list_feed.refresh()
        await window.until(panel.take_over.isVisible)
        asked: list[bool] = []
        panel.import_requested.connect(lambda: asked.append(True))
        QTest.mouseClick(panel.take_over, Qt.MouseButton.LeftButton)
        assert asked
        await window.service.begin("First")
        await window.until(lambda: not panel.take_over.isVisible())

    play(scene)


def test_a_deleted_one_leaves_the_list_at_once_and_comes_back_by_undo(play: Callable[..., None]) -> None:
    async def scene(window: Window) -> None:
        panel = window.view.panel
        keys = [(await window.service.begin(f"Talk {n}")).id for n in range(3)]
        await window.until(lambda: len(panel.model.rows) == 3)
        undoable = await window.service.delete(keys[1])
        await window.until(lambda: [row.title for row in panel.model.rows] == ["Talk 2", "Talk 0"])
        await undoable.undo()
        await window.until(lambda: [row.title for row in panel.model.rows] == ["Talk 2", "Talk 1", "Talk 0"])

    play(scene)


def test_the_open_one_is_known_about_wherever_it_is_and_while_searching(play: Callable[..., None]) -> None:
    async def scene(window: Window) -> None:
        panel = window.view.panel
        keys = await many(window, 300)
        await window.opens(keys[0])  # far below what is read of the list
        await window.service.rename(keys[0], "Another name")
        await window.until(lambda: window.view.header._title.text() == "Another name")
        panel.search.setText("line")
        await window.until(lambda: panel.nothing.text() == "the newest 100 messages")
        await window.service.rename(keys[0], "A third name")
        await window.until(lambda: window.view.header._title.text() == "A third name")
        await window.service.delete(keys[0])
        await window.until(lambda: window.view.conversation_id != keys[0])

    play(scene)


def test_rows_show_who_works_while_it_lasts(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def scene() -> None:
        talk = FakeTalk("Ada")
        async with open_window(tmp_path, theme_source, talk=talk) as window:
            model = window.view.panel.model
            made = await window.service.begin("Work")
            await window.service.post(made.id, "@Ada dig")
            await window.until(lambda: talk.runs)
            run = talk.last
            run.goes_on()
            await window.until(lambda: "(Working)" in str(model.index(0).data()))
            run.waits("your approval")
            await window.until(lambda: "(Needs input)" in str(model.index(0).data()))
            run.goes_on()
            run.finish()
            await window.until(lambda: "(" not in str(model.index(0).data()))

    on_loop(scene())


def test_the_most_pressing_of_what_goes_on_is_shown() -> None:
    def stream(*said: str) -> AnswerStream:
        made = AnswerStream("r", "c", "a", "Ada", utc_now(), lambda: None)
        for text in said:
            made.hear(TalkUpdate("r", "state", text))
        return made

    assert work_of([]) is None
    assert work_of([stream()]) is AgentState.WAITING
    assert work_of([stream("queued"), stream("running")]) is AgentState.WORKING
    assert work_of([stream("running"), stream("waiting for your approval")]) is AgentState.NEEDS_INPUT
    assert work_of([stream("waiting for a slot")]) is AgentState.WAITING


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_screens(
    name: Any, size: tuple[int, int], on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot
) -> None:
    async def look() -> None:
        theme_source.select(name)
        async with open_window(tmp_path, theme_source, size) as window:
            panel = window.view.panel
            tag = f"chat-list-{size[0]}-{name}"
            panel.offers_import = True
            window.view._list_feed.refresh()
            await window.until(panel.take_over.isVisible)
            shoot(window.view, f"{tag}-empty")
            await many(window, 60)
            service = window.service
            stem = await service.begin("Nightly backup of the house")
            first = (await service.post(stem.id, "The **verify** step failed on usb0 again")).message
            assert first is not None
            branch = await service.begin("Nightly backup of the house")
            await service.post(branch.id, "What if usb1 takes it?")
            other = await service.begin("Try it with rsync")
            await service.post(other.id, "rsync -a, then verify", actor="agent:watcher")
            for key in (branch.id, other.id):
                await branch_off(window, key, stem.id, first.number)
            garden = await service.begin("Garden sensors and a title that is too long for the row")
            await service.post(garden.id, "Bed 3 reads 41 %, is that dry?", actor="agent:gardener")
            await service.pin(garden.id, True)
            await window.opens(stem.id)
            await window.until(lambda: panel.model.row_of(branch.id) >= 0 and panel.model.row_of(stem.id) >= 0)
            panel.model.set_work({garden.id: AgentState.NEEDS_INPUT, stem.id: AgentState.WORKING, other.id: AgentState.WAITING})
            QCoreApplication.processEvents()
            shoot(window.view, f"{tag}-rows")
            panel.search.setText("verify")
            await window.until(lambda: "message" in panel.nothing.text())
            panel.search.setFocus()
            window.key(Qt.Key.Key_Down)
            shoot(window.view, f"{tag}-found")
            panel.search.setText("zebra")
            await window.until(lambda: "Nothing" in panel.nothing.text())
            shoot(window.view, f"{tag}-nothing")

    on_loop(look())
