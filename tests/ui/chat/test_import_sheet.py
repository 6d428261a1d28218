"""The sheet of the import, on the real importer: choosing, following, cancelling, going on, and what is said at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.chat.chatgpt.service import ChatGptImport
from chainbot_desktop.store.imported_conversations import ImportTable
from chainbot_desktop.ui.chat.import_sheet import ImportSheet
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.chatgpt_exports import generated, talk, write_json
from tests.ui.chat.windows import Window, open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]


class Desk:
    """A window, an importer, and the file that the chooser answers with."""

    def __init__(self, window: Window, importer: ChatGptImport, themes: ThemeSource, file: Path | None) -> None:
        self.window = window
        self.importer = importer
        self.opened: list[str] = []
        self.file = file
        self._themes = themes

    def open(self) -> ImportSheet:
        sheet = ImportSheet(
            self.window.view,
            self.importer,
            self._themes,
            start=self.window.view._start,
            choose_file=self._choose,
            open_conversation=self.opened.append,
        )
        sheet.open()
        return sheet

    async def _choose(self, _origin: QWidget) -> Path | None:
        return self.file


@asynccontextmanager
async def open_desk(
    folder: Path, themes: ThemeSource, file: Path | None, size: tuple[int, int] = (720, 452)
) -> AsyncIterator[Desk]:
    async with open_window(folder, themes, size) as window:
        store = window.chat.store
        importer = ChatGptImport(
            ImportTable(store.database), store.journal, store.preferences, window.view._tasks, me=window.service.me
        )
        await importer.open()
        try:
            yield Desk(window, importer, themes, file)
        finally:
            await importer.close()


def click(button: QWidget) -> None:
    assert button.isVisible()
    assert button.height() >= 48
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_an_export_is_chosen_imported_and_its_newest_opened(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, [talk("a", ["q", "a"]), talk("b", ["later", "x", "newest"], title="Newest"), {"no": "conversation"}])

    async def scene() -> None:
        async with open_desk(tmp_path, theme_source, path) as desk:
            sheet = desk.open()
            assert "Data controls" in sheet.how.text()
            assert not sheet.bar.isVisible()
            click(sheet.choose)
            await desk.window.until(sheet.newest.isVisible)
            assert sheet.said.text() == "The import is complete."
            assert sheet.figures.text() == "5 messages added in 2 conversations"
            assert sheet.left_out.text() == "Left out: 1 without messages."
            await desk.window.until(lambda: len(desk.window.view.panel.model.rows) == 2)
            click(sheet.newest)
            [opened] = desk.opened
            assert (await desk.window.service.conversation(opened)).title == "Newest"

    on_loop(scene())


def test_it_is_cancelled_and_gone_on_with_also_after_a_restart(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, generated(250))

    async def first() -> None:
        async with open_desk(tmp_path, theme_source, path) as desk:
            sheet = desk.open()
            click(sheet.choose)
            await desk.window.until(lambda: desk.importer.progress.counts.messages > 500)
            await desk.window.until(lambda: sheet.bar.isVisible() and sheet.bar.value() > 0)
            click(sheet.cancel)
            await desk.window.until(sheet.resume.isVisible)
            assert sheet.said.text() == "Cancelled. What is here stays here."
            assert not sheet.cancel.isVisible()
            assert QApplication.focusWidget() is sheet.resume

    async def second() -> None:
        async with open_desk(tmp_path, theme_source, path) as desk:
            sheet = desk.open()
            assert sheet.said.text().startswith("The import of conversations.json has come to ")
            click(sheet.resume)
            sheet.dismiss()  # it goes on without the sheet
            await desk.window.until(lambda: desk.importer.progress.state == "done")
            assert desk.importer.progress.counts.messages == 250 * 24 + 25

    on_loop(first())
    on_loop(second())


def test_what_is_no_export_is_said_in_the_sheet(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    path = tmp_path / "chat.html"
    path.write_text("<html></html>")

    async def scene() -> None:
        async with open_desk(tmp_path, theme_source, tmp_path / "gone.json") as desk:
            sheet = desk.open()
            click(sheet.choose)
            await desk.window.until(lambda: "There is no file" in sheet.said.text())
            desk.file = path
            click(sheet.choose)
            await desk.window.until(lambda: "a page for a browser" in sheet.said.text())
            assert sheet.choose.isVisible()
            assert not sheet.resume.isVisible()

    on_loop(scene())


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_screens(
    name: Any, size: tuple[int, int], on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot
) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, [*generated(900), {"no": "conversation"}])

    async def look() -> None:
        theme_source.select(name)
        async with open_desk(tmp_path, theme_source, path, size) as desk:
            tag = f"chat-import-{size[0]}-{name}"
            sheet = desk.open()
            await asyncio.sleep(0.05)
            shoot(desk.window.view, f"{tag}-choose")
            click(sheet.choose)
            await desk.window.until(lambda: desk.importer.progress.remaining_seconds() is not None)
            await asyncio.sleep(0.15)
            shoot(desk.window.view, f"{tag}-running")
            click(sheet.cancel)
            await desk.window.until(sheet.resume.isVisible)
            await asyncio.sleep(0.05)
            shoot(desk.window.view, f"{tag}-cancelled")
            click(sheet.resume)
            await desk.window.until(lambda: desk.importer.progress.state == "done")
            await asyncio.sleep(0.05)
            shoot(desk.window.view, f"{tag}-done")
            sheet.dismiss()

    on_loop(look())
