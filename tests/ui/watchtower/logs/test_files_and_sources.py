"""Files as they are on disk, and the sources of the timeline in the sheet of filters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QLineEdit

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.logs.export import export_rows
from chainbot_desktop.ui.watchtower.logs.filter_sheet import FilterSheet
from chainbot_desktop.ui.watchtower.logs.rows import AllLines, whole_line
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.logs.file import open_log_file
from chainbot_desktop.watch.logs.sources.program import ProgramLog
from chainbot_desktop.watch.logs.sources.source import LogSource, Trouble
from chainbot_desktop.watch.logs.sources.switches import LogSources
from tests.ui.watchtower.conftest import Build, until
from tests.ui.watchtower.logs.test_page import click, key, last, last_message, logs, shown, texts

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


class Deaf(LogSource):
    source = "journald"
    title = "System journal"

    def _begin(self) -> None:
        self._set_trouble(Trouble("journalctl is not installed.", "Install systemd."))

    def _end(self) -> None:
        """There is nothing to end."""


def test_a_line_of_a_megabyte_is_painted_in_part_and_read_whole(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "long.log"
        path.write_text(f"short\n{'x' * 1_000_000}END\n")
        async with tower(1200, 772) as t:
            t.bench.open_real = open_log_file
            t.view.present({"page": "logs", "file": str(path)})
            await until(lambda: len(texts(t)) == 2)
            assert len(last(t)) < 30_000
            click(t, last(t))
            key(t, Qt.Key.Key_Return)
            details = logs(t).parts.details
            await until(lambda: details.whole.endswith("xEND\n"))
            assert details.text.endswith("more characters"), "as much of it as a text field bears"
            t.bench.chosen = tmp_path / "copy.log"
            logs(t).actions_.export_all()
            await until(lambda: t.messages)
            assert t.bench.chosen.read_text() == path.read_text()
            logs(t).opening.close(logs(t).reading.document)
            await until(lambda: not t.view.logs.opening.files)

    on_loop(work())


def test_hostile_bytes_are_shown_and_nothing_breaks(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "hostile.log"
        path.write_bytes(b"nul \x00 esc \x1b[31mred\x1b[0m\nbad \xff\xfe utf8\n\xe2\x80\xaeoverride\n" + b"\x80" * 500 + b"\n")
        async with tower() as t:
            t.bench.open_real = open_log_file
            t.view.present({"page": "logs", "file": str(path)})
            await until(lambda: len(texts(t)) == 4)
            painter = logs(t).view.painter
            seen = [painter.read(row).plain for row in shown(t)]
            assert seen[0] == "nul \\x00 esc red"
            assert "\ufffd" in seen[1]
            assert seen[2] == "<U+202E>override"
            logs(t).toggle_wrap()
            await until(lambda: len(texts(t)) == 4)

    on_loop(work())


def test_what_a_file_says_again_is_folded(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "a.log"
        path.write_text("same\nsame\nother\n")
        async with tower() as t:
            t.bench.open_real = open_log_file
            t.view.show_page("logs")
            t.view.present({"page": "logs", "file": str(path)})
            await until(lambda: texts(t) == ["same", "same", "other"])
            logs(t).bar.set_state(replace(logs(t).bar.state, fold="exact"))
            await until(lambda: texts(t) == ["same", "other"])

    on_loop(work())


def test_a_file_that_is_gone_is_said_and_forgotten(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        async with tower() as t:
            t.bench.open_real = open_log_file
            t.view.show_page("logs")
            t.bench.chosen = tmp_path / "none.log"
            logs(t).opening.choose()
            await until(lambda: t.messages)
            assert last_message(t).severity == "error"
            t.bench.chosen = tmp_path
            logs(t).opening.choose()
            await until(lambda: len(t.messages) == 2)
            assert logs(t).reading.document is t.bench.timeline

    on_loop(work())


def test_sources_say_why_they_are_silent_and_are_turned_on_and_off(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            remembered: list[tuple[str, bool]] = []
            ring = LogRing()
            sources = LogSources(
                (ProgramLog(t.bench.timeline.add, ring), Deaf(t.bench.timeline.add)),
                lambda source, on: remembered.append((source, on)),
            )
            sources.open({"program": True, "journald": True})
            t.view.show_page("logs")
            t.bench.say("one", source="agent", name="camera")
            t.bench.say("two", name="house")
            await until(lambda: len(texts(t)) == 2)
            sheet = FilterSheet(
                logs(t), logs(t).bar.state, t.bench.timeline.names, sources, logs(t).bar.set_state, logs(t).view.themes
            )
            sheet.open()
            labels = [widget.text() for widget in sheet.findChildren(QCheckBox)]
            assert labels == ["Listen to: This program", "Listen to: System journal"]
            assert any("journalctl is not installed. Install systemd." in text for text in _texts(sheet))
            sheet.findChildren(QCheckBox)[1].click()
            assert remembered == [("journald", False)]
            assert not any("not installed" in text for text in _texts(sheet))
            chip = next(b for b in sheet.findChildren(QAbstractButton) if b.text() == "camera")
            QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
            await until(lambda: texts(t) == ["one"])
            fields = sheet.findChildren(QLineEdit)
            fields[0].setText("soon")
            fields[0].editingFinished.emit()
            assert any("is no time" in text for text in _texts(sheet))
            next(b for b in sheet.findChildren(QAbstractButton) if b.text() == "Show everything").click()
            await until(lambda: len(texts(t)) == 2)
            await sources.close()

    on_loop(work())


def _texts(sheet: FilterSheet) -> list[str]:
    items = (sheet.body.itemAt(n) for n in range(sheet.body.count()))
    labels = [item.widget() for item in items if item is not None]
    return [label.text() for label in labels if isinstance(label, QLabel) and not label.isHidden()]


class _Broken:
    """Rows that fail in the middle of an export."""

    count = 1000

    def rows(self, first: int, count: int) -> list[LogRow]:
        if first >= 500:
            raise OSError(28, "No space left on device")
        return [LogRow(n, None, 0, "file", "", f"line {n}") for n in range(first, first + count)]

    def place_of(self, number: int) -> int:
        return number


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    path.write_text("before")

    async def same(row: LogRow) -> LogRow:
        return row

    async def export(target: Path) -> int:
        return await export_rows(_Broken(), 0, 999, target, lambda share: None, same)

    with pytest.raises(Exception, match="No space left") as caught:
        asyncio.run(export(path))
    assert "full" in caught.value.hint  # type: ignore[attr-defined]
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.log"]
    assert path.read_text() == "before"
    with pytest.raises(InvalidInput, match="is a folder"):
        asyncio.run(export(tmp_path))


def test_the_end_of_a_file_is_shown_before_it_is_indexed(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    path.write_text("".join(f"line {n}\n" for n in range(400_000)))

    async def work() -> None:
        file = await open_log_file(path)
        assert file.tail(3)[-1].text == "line 399999"
        async with asyncio.timeout(30):
            while file.read < 1:
                await asyncio.sleep(0.01)
        rows = AllLines(file)
        assert rows.rows(rows.count - 1, 1)[0].text == "line 399999"
        row = rows.rows(0, 1)[0]
        assert await whole_line(file, row) is row, "a short line is all there"
        await file.close()

    asyncio.run(work())
