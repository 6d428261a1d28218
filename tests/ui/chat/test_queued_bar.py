"""What waits for agents at work, over the field."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from chainbot_desktop.core.errors import Conflict
from chainbot_desktop.ui.chat.queued_side import QueuedSide
from chainbot_desktop.ui.theme import ThemeSource
from tests.ui.chat.windows import Window, open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@dataclass(frozen=True)
class Task:
    run_id: str
    name: str
    text: str


@dataclass
class FakeQueue:
    """Implements `queued_side.Queue`. What is in `begun` has left the queue."""

    lines: list[Task]
    begun: set[str]

    def queued(self, conversation_id: str) -> list[Task]:
        return [line for line in self.lines if line.run_id not in self.begun]

    async def edit(self, run_id: str, text: str, *, actor: str) -> None:
        self._require_waiting(run_id)
        self.lines = [replace(line, text=text) if line.run_id == run_id else line for line in self.lines]

    async def take_back(self, run_id: str, *, actor: str) -> None:
        self._require_waiting(run_id)
        self.lines = [line for line in self.lines if line.run_id != run_id]

    def _require_waiting(self, run_id: str) -> None:
        if run_id in self.begun:
            raise Conflict("Its turn has come: Ada works on it.")


@pytest.fixture
def play(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> Callable[..., None]:
    def run(scene: Callable[[Window, FakeQueue, QueuedSide], Coroutine[Any, Any, None]]) -> None:
        async def work() -> None:
            async with open_window(tmp_path, theme_source) as window:
                view = window.view
                conversation = await window.service.begin("queue")
                await window.opens(conversation.id)
                queue = FakeQueue([Task(f"r{n}", "Ada", f"task {n}\nwith more") for n in range(1, 5)], set())
                side = QueuedSide(queue, view.composer, lambda: view.conversation_id, view._start, window.service.me)
                side.refresh()
                await scene(window, queue, side)

        on_loop(work())

    return run


def shown(window: Window) -> list[str]:
    return [row.shown for row in window.view.composer.queued.rows]


def test_the_first_two_are_shown_and_the_others_behind_a_button(play: Callable[..., None]) -> None:
    async def scene(window: Window, queue: FakeQueue, side: QueuedSide) -> None:
        bar = window.view.composer.queued
        assert bar.isVisible()
        assert shown(window) == ["For Ada: task 1 with more", "For Ada: task 2 with more"]
        assert bar.more.text() == "2 more waiting"
        assert all(button.height() >= 48 for row in bar.rows for button in (row.edit, row.take_back))
        QTest.mouseClick(bar.more, Qt.MouseButton.LeftButton)
        assert len(shown(window)) == 4
        queue.begun = {"r1", "r2", "r3", "r4"}
        side.refresh()
        assert not bar.isVisible()

    play(scene)


def test_what_waits_is_edited_in_the_field_beside_a_draft(play: Callable[..., None]) -> None:
    async def scene(window: Window, queue: FakeQueue, side: QueuedSide) -> None:
        composer = window.view.composer
        await window.types("a draft", enter=False)
        QTest.mouseClick(composer.queued.rows[1].edit, Qt.MouseButton.LeftButton)
        assert "what waits for Ada" in composer.editing.bar.label.text()
        assert composer.text == "task 2\nwith more"
        assert composer.send.text() == "Save"
        composer.edit.selectAll()
        await window.types("task two")
        await window.until(lambda: "For Ada: task two" in shown(window))
        assert composer.text == "a draft"
        assert queue.lines[1].text == "task two"

    play(scene)


def test_words_for_what_has_begun_meanwhile_are_not_lost(play: Callable[..., None]) -> None:
    async def scene(window: Window, queue: FakeQueue, side: QueuedSide) -> None:
        composer = window.view.composer
        QTest.mouseClick(composer.queued.rows[0].edit, Qt.MouseButton.LeftButton)
        queue.begun = {"r1"}
        await window.types(", better")
        await window.until(composer.error.isVisible)
        assert "Its turn has come" in composer.error.text()
        assert composer.text == "task 1\nwith more, better"
        assert shown(window)[0] == "For Ada: task 2 with more"

    play(scene)


def test_what_is_taken_back_is_in_the_field_again(play: Callable[..., None]) -> None:
    async def scene(window: Window, queue: FakeQueue, side: QueuedSide) -> None:
        composer = window.view.composer
        await window.types("a draft", enter=False)
        QTest.mouseClick(composer.queued.rows[0].take_back, Qt.MouseButton.LeftButton)
        await window.until(lambda: composer.text == "a draft\ntask 1\nwith more")
        assert [line.run_id for line in queue.lines] == ["r2", "r3", "r4"]
        assert shown(window) == ["For Ada: task 2 with more", "For Ada: task 3 with more"]

    play(scene)
