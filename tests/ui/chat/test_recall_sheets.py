"""The sheets of recall and of notes, with fingers and keys, over real services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from chainbot_desktop.core.ports import TalkRecall
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.chat.notes_sheet import NoteSheet, NotesSheet
from chainbot_desktop.ui.chat.recall_card import RecallParts, RecallSheet, recalled_of
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import OVERLAY_HOST, Message
from tests.helpers.recalls import Recalling, open_recalling

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]

ME = "user:test"
LONG = (
    "The circulation pump stopped in January because its capacitor was worn; Mr Okafor exchanged it and said that the bearing will"
    " last two more winters at most. The spare part has the number 4711-0815 and lies in the cellar, second shelf. "
) * 3


@dataclass
class Host:
    """A view as large as the panel's, on which sheets lie."""

    widget: QWidget
    recalling: Recalling
    parts: RecallParts
    themes: ThemeSource
    told: list[Message] = field(default_factory=list)
    opened: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def tell(self, message: Message) -> None:
        self.told.append(message)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.005)

    async def settled(self) -> None:
        await self.until(lambda: not self.parts.tasks.names)
        await asyncio.sleep(0.02)

    def sheet(self, kind: type[Any]) -> Any:
        """The sheet of this kind that is open; None where none is."""
        return next((sheet for sheet in self.widget.findChildren(kind) if sheet.is_open), None)


@asynccontextmanager
async def open_host(folder: Path, themes: ThemeSource, size: tuple[int, int] = (720, 452)) -> AsyncIterator[Host]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    themes.apply_to(app)
    failures: list[str] = []
    async with open_recalling(folder) as recalling:
        widget = QWidget()
        widget.setProperty(OVERLAY_HOST, True)
        widget.resize(*size)
        tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
        hosts: list[Host] = []
        parts = RecallParts(
            recalling.recall,
            recalling.notes,
            tasks,
            lambda window, content: hosts[0].opened.append((window, dict(content))),
            lambda message: hosts[0].tell(message),  # noqa: PLW0108 (there is no host yet)
            ME,
            lambda: "Searched in garden: 1,027 files.",
        )
        hosts.append(Host(widget, recalling, parts, themes))
        widget.show()
        widget.activateWindow()
        await hosts[0].until(widget.isActiveWindow)
        try:
            yield hosts[0]
        finally:
            await hosts[0].settled()
            widget.close()
            widget.deleteLater()
            await asyncio.sleep(0.01)
    assert not failures


def press(button: QPushButton) -> None:
    assert button.isVisible()
    assert button.height() >= 48
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def action(sheet: Any, text: str) -> QPushButton:
    found = next(button for button in sheet.findChildren(QPushButton) if button.text() == text and button.isVisible())
    assert isinstance(found, QPushButton)
    return found


async def recall_sheet(host: Host) -> tuple[str, RecallSheet]:
    """Of an answer for which a message, a note and a piece of a file were recalled."""
    other = await host.recalling.conversation(LONG)
    await host.recalling.service.rename(other, "Heating, winter")
    note = (await host.recalling.notes.remember("Mr Okafor repaired the pipes quickly, call him again", actor=ME)).note
    here = await host.recalling.conversation("Why did the pump fail?")
    message = (await host.recalling.service.before(other, None, 1))[0]
    detail = {
        "recalled": [
            {"ref": f"message:{message.id}", "title": "test in “Heating, winter”, 2026-11-02", "text": f"> {LONG}"},
            {"ref": f"note:{note.id}", "title": f"Note {note.number} of 2026-11-02", "text": f"> {note.text}"},
            {"ref": "file:house/pump.py#12", "title": "house/pump.py, line 12", "text": "> def stop(self) -> None:\n>     ..."},
        ]
    }
    sheet = RecallSheet(host.widget, host.themes, host.parts, here, recalled_of(detail))
    sheet.open()
    await host.settled()
    return here, sheet


def test_each_shows_where_it_is_from_and_opens_there(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def look() -> None:
        async with open_host(tmp_path, theme_source) as host:
            _, sheet = await recall_sheet(host)
            assert sheet.rows[2].excerpt.text() == "def stop(self) -> None:\n    ..."
            shown = [label.text() for label in sheet.findChildren(QLabel)]
            assert "Searched in garden: 1,027 files." in shown
            press(sheet.rows[2].open_button)
            await host.until(lambda: host.opened)
            assert host.opened == [("code-agent", {"path": "house/pump.py", "line": 12})]
            _, sheet = await recall_sheet(host)
            press(sheet.rows[0].open_button)
            await host.until(lambda: len(host.opened) == 2)
            assert host.opened[1][0] == "chat"
            assert host.sheet(RecallSheet) is None

    on_loop(look())


def test_a_note_opens_to_be_changed(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def look() -> None:
        async with open_host(tmp_path, theme_source) as host:
            _, sheet = await recall_sheet(host)
            sheet.rows[1].open_button.click()
            await host.until(lambda: host.sheet(NoteSheet))
            assert host.sheet(NoteSheet).field.toPlainText().startswith("Mr Okafor")
            assert host.sheet(NotesSheet)

    on_loop(look())


def test_dropping_can_be_undone_where_it_was_done(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def look() -> None:
        async with open_host(tmp_path, theme_source, (1200, 772)) as host:
            here, sheet = await recall_sheet(host)
            row = sheet.rows[1]
            press(row.drop_button)
            await host.until(lambda: row.dropped)
            assert await host.recalling.recall.dropped(here) == {row.recalled.ref}
            assert "any more" in row.state.text()
            sheet.dismiss()
            again = RecallSheet(host.widget, host.themes, host.parts, here, [row.recalled])
            again.open()
            await host.settled()
            assert again.rows[0].dropped, "it is remembered"
            press(again.rows[0].drop_button)
            await host.until(lambda: not again.rows[0].dropped)
            assert await host.recalling.recall.dropped(here) == frozenset()

    on_loop(look())


def test_the_switch_is_that_of_the_conversation(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def look() -> None:
        async with open_host(tmp_path, theme_source) as host:
            here, sheet = await recall_sheet(host)
            assert sheet.switch.isChecked()
            assert sheet.switch.height() >= 48
            sheet.switch.click()
            await host.settled()
            assert not await host.recalling.recall.is_on(here)
            sheet.dismiss()
            empty = RecallSheet(host.widget, host.themes, host.parts, here, ())
            empty.open()
            await host.settled()
            assert not empty.switch.isChecked()

    on_loop(look())


def test_what_was_deleted_since_is_said(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def look() -> None:
        async with open_host(tmp_path, theme_source) as host:
            here = await host.recalling.conversation("Hello")
            gone = [TalkRecall("message:nobody", "gone", "> x"), TalkRecall("note:nobody", "gone", "> x")]
            sheet = RecallSheet(host.widget, host.themes, host.parts, here, gone)
            sheet.open()
            await host.settled()
            sheet.rows[0].open_button.click()
            await host.until(lambda: len(host.told) == 1)
            sheet.rows[1].open_button.click()
            await host.until(lambda: len(host.told) == 2)
            assert "deleted" in host.told[0].text
            assert "does not exist" in host.told[1].text

    on_loop(look())


def test_a_detail_of_any_shape_is_taken(qapp: QApplication) -> None:
    assert recalled_of({}) == ()
    assert recalled_of({"recalled": "x"}) == ()
    assert recalled_of({"recalled": [1, {}, {"ref": 1, "title": "", "text": ""}]}) == ()
    assert recalled_of({"recalled": [{"ref": "note:1", "title": "a", "text": "b", "more": 1}]}) == (
        TalkRecall("note:1", "a", "b"),
    )


def test_a_note_is_written_changed_and_forgotten(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def look() -> None:
        async with open_host(tmp_path, theme_source) as host:
            sheet = NotesSheet(host.widget, host.themes, host.recalling.notes, host.parts)
            sheet.open()
            await host.settled()
            assert sheet.nothing.isVisible()
            press(action(sheet, "New note"))
            note = host.sheet(NoteSheet)
            assert note.field.hasFocus()
            assert not note.save.isEnabled()
            QTest.keyClicks(note.field, "The backup runs at 2")
            QTest.keyClick(note.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            await host.until(lambda: sheet.model.rowCount() == 1)
            assert host.sheet(NoteSheet) is None
            sheet.list.setFocus()
            QTest.keyClick(sheet.list, Qt.Key.Key_Return)
            note = host.sheet(NoteSheet)
            assert not note.save.isEnabled(), "nothing was changed yet"
            note.field.setPlainText("The backup runs at 3")
            press(note.save)
            await host.until(lambda: host.sheet(NoteSheet) is None)
            [kept] = await host.recalling.notes.listed()
            assert kept.text == "The backup runs at 3"
            await host.settled()
            sheet.list.setFocus()
            QTest.keyClick(sheet.list, Qt.Key.Key_Return)
            press(host.sheet(NoteSheet).forget)
            await host.until(lambda: host.told)
            await host.until(lambda: sheet.model.rowCount() == 0)
            assert host.told[0].action is not None
            host.told[0].action()
            await host.until(lambda: sheet.model.rowCount() == 1)
            assert await host.recalling.notes.listed() == [kept]

    on_loop(look())


def test_what_cannot_be_kept_stays_in_the_field_with_the_reason(
    on_loop: Run, theme_source: ThemeSource, tmp_path: Path
) -> None:
    async def look() -> None:
        async with open_host(tmp_path, theme_source) as host:
            for text in ("one", "two"):
                await host.recalling.notes.remember(text, actor=ME)
            [_, first] = await host.recalling.notes.listed()
            note = NoteSheet(host.widget, host.themes, host.recalling.notes, host.parts, first)
            note.open()
            note.field.setPlainText("two")
            press(note.save)
            await host.until(note.problem.isVisible)
            assert "says exactly this already" in note.problem.text()
            assert note.field.toPlainText() == "two"
            note.field.setPlainText("x" * 20_000)
            assert not note.save.isEnabled()
            assert "16 KiB" in note.problem.text()
            note.dismiss()

    on_loop(look())


def test_a_long_list_is_read_as_it_is_scrolled_and_searched(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def look() -> None:
        async with open_host(tmp_path, theme_source) as host:
            for number in range(120):
                await host.recalling.notes.remember(f"Note about thing {number}", actor=ME)
            sheet = NotesSheet(host.widget, host.themes, host.recalling.notes, host.parts)
            sheet.open()
            await host.settled()
            assert sheet.model.rowCount() == 50
            while sheet.model.rowCount() < 120:
                before = sheet.model.rowCount()
                sheet.list.scrollToBottom()
                await host.until(lambda before=before: sheet.model.rowCount() > before)  # type: ignore[misc]
            assert not sheet.model.canFetchMore(sheet.list.rootIndex())
            sheet.search.setText("thing 77")
            await host.until(lambda: sheet.model.rowCount() == 1)
            assert str(sheet.model.data(sheet.model.index(0))).endswith("Note about thing 77")
            sheet.search.setText("nothing of the kind")
            await host.until(sheet.nothing.isVisible)

    on_loop(look())


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_screens(
    name: Any, size: tuple[int, int], on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot
) -> None:
    async def look() -> None:
        theme_source.select(name)
        async with open_host(tmp_path, theme_source, size) as host:
            tag = f"recall-{size[0]}-{name}"
            _, sheet = await recall_sheet(host)
            sheet.rows[1].drop_button.click()
            await host.settled()
            shoot(host.widget, f"{tag}-answer")
            sheet._area.verticalScrollBar().setValue(10_000)
            shoot(host.widget, f"{tag}-answer-end")
            sheet.dismiss()
            here = await host.recalling.conversation("Hello")
            empty = RecallSheet(host.widget, host.themes, host.parts, here, ())
            empty.open()
            await host.settled()
            shoot(host.widget, f"{tag}-nothing")
            empty.dismiss()
            for text in ("The backup runs at **2**", "Anna cannot eat hazelnuts", LONG):
                await host.recalling.notes.remember(text, actor=ME)
            notes = NotesSheet(host.widget, host.themes, host.recalling.notes, host.parts)
            notes.open()
            await host.settled()
            shoot(host.widget, f"{tag}-notes")
            notes._on_chosen(notes.model.index(0))
            await host.settled()
            shoot(host.widget, f"{tag}-note")

    on_loop(look())
