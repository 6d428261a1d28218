"""Files as they are on disk, and the sources of the timeline in the sheet of filters."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QLineEdit

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.logs.export import export_rows
from chainbot_desktop.ui.watchtower.logs.filter_sheet import FilterSheet
from chainbot_desktop.ui.watchtower.logs.histogram import Histogram
from chainbot_desktop.ui.watchtower.logs.rows import AllLines, whole_line
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.logs.file import open_log_file
from chainbot_desktop.watch.logs.sources.program import ProgramLog
from chainbot_desktop.watch.logs.sources.source import LogSource, Trouble
from chainbot_desktop.watch.logs.sources.switches import LogSources
from tests.ui.watchtower.conftest import Build, until
from tests.ui.watchtower.logs.test_page import click, key, last, logs, shown, texts

LEFT = Qt.MouseButton.LeftButton
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
            details = logs(t).parts.panel.details
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


def test_what_a_file_says_again_is_folded_and_unfolded(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "a.log"
        path.write_text("same 1\nsame 2\nother\n")
        async with tower() as t:
            t.bench.open_real = open_log_file
            t.view.show_page("logs")
            t.view.present({"page": "logs", "file": str(path)})
            await until(lambda: texts(t) == ["same 1", "same 2", "other"])
            logs(t).bar.set_state(replace(logs(t).bar.state, fold="numbers"))
            await until(lambda: [(row.text, row.repeats) for row in shown(t)] == [("same 1", 1), ("other", 0)])
            click(t, "same 1")
            key(t, Qt.Key.Key_Return, held=Qt.KeyboardModifier.ShiftModifier)
            await until(lambda: texts(t) == ["same 1", "same 2"])
            assert logs(t).parts.banner.text == "The 2 lines that were folded"
            key(t, Qt.Key.Key_Escape)
            await until(lambda: texts(t) == ["same 1", "other"])
            t.bench.say("beat 1", "beat 2")
            logs(t).read(t.bench.timeline)
            await until(lambda: texts(t) == ["beat 1"])

    on_loop(work())


def test_the_volume_of_a_file_leads_to_a_range_and_a_moment(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "timed.log"
        levels = ("INFO", "INFO", "ERROR")
        path.write_text("".join(f"2026-03-01T10:{n // 60:02}:{n % 60:02}Z {levels[n % 3]} line {n}\n" for n in range(3000)))
        async with tower(1200, 772) as t:
            t.bench.open_real = open_log_file
            t.view.show_page("logs")
            t.view.present({"page": "logs", "file": str(path)})
            strip = logs(t).parts.histogram
            await until(lambda: counted(strip) == 3000)
            assert strip.isVisible()
            assert strip.volume is not None
            assert set(strip.volume.counts) == {logging.INFO, logging.ERROR}
            assert 2980 < strip.volume.end - strip.volume.start < 3000
            QTest.mouseClick(strip, LEFT, pos=strip.rect().center())
            await until(lambda: any(1400 < row.number < 1600 for row in shown(t)))
            assert not logs(t).view.following
            logs(t).set_filter("level>=error")
            await until(lambda: counted(strip) == 1000)
            third = strip.width() // 3
            QTest.mousePress(strip, LEFT, pos=QPoint(third, 30))
            QTest.mouseMove(strip, QPoint(2 * third, 30))
            QTest.mouseRelease(strip, LEFT, pos=QPoint(2 * third, 30))
            await until(lambda: 250 < logs(t).reading.rows.count < 420)

    on_loop(work())


def test_the_volume_of_a_file_without_times_goes_by_its_lines(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "plain.log"
        path.write_text("".join(f"{'rare ' if n > 900 else ''}line {n}\n" for n in range(1000)))
        async with tower(1200, 772) as t:
            t.bench.open_real = open_log_file
            t.view.show_page("logs")
            t.bench.say("before")
            t.view.present({"page": "logs", "file": str(path)})
            strip = logs(t).parts.histogram
            await until(lambda: counted(strip) == 1000)
            assert strip.isVisible()
            assert strip.accessibleDescription() == "line 1 to line 1,000: 1,000 none"
            QTest.mouseClick(strip, LEFT, pos=strip.rect().center())
            await until(lambda: any(450 < row.number < 550 for row in shown(t)))
            logs(t).set_filter("rare")
            await until(lambda: counted(strip) == 99)
            assert strip.volume is not None
            ((_, counts),) = strip.volume.counts.items()
            assert not any(counts[: len(counts) * 8 // 10]), "they stand at the end"

    on_loop(work())


def counted(strip: Histogram) -> int:
    return sum(map(sum, strip.volume.counts.values())) if strip.volume is not None else 0


def test_a_file_that_is_gone_is_said_and_forgotten(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        async with tower() as t:
            t.bench.open_real = open_log_file
            t.view.show_page("logs")
            t.bench.chosen = tmp_path / "none.log"
            logs(t).opening.choose()
            await until(lambda: t.messages)
            assert t.last_message.severity == "error"
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


class _Plain(_Broken):
    def rows(self, first: int, count: int) -> list[LogRow]:
        return [LogRow(n, None, 0, "file", "", f"line {n}") for n in range(first, min(self.count, first + count))]


@pytest.mark.parametrize("turns", range(0, 40, 3))
def test_cancelled_at_any_moment_it_is_the_old_file_or_the_whole_new_one(tmp_path: Path, turns: int) -> None:
    path = tmp_path / "out.log"
    path.write_text("before")

    async def same(row: LogRow) -> LogRow:
        return row

    async def work() -> bool:
        exporting = asyncio.ensure_future(export_rows(_Plain(), 0, 999, path, lambda share: None, same))
        for _ in range(turns):
            await asyncio.sleep(0)
        exporting.cancel()
        await asyncio.wait((exporting,))
        return exporting.cancelled()

    cancelled = asyncio.run(work())
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.log"]
    assert path.read_text() == "before" if cancelled else path.read_text().endswith("line 999\n")


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
