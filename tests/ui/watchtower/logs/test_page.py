"""The Logs page over the real timeline, as a person uses it: mouse, wheel, keys, and what others ask of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from chainbot_desktop.ui.watchtower.logs.page import LogsPage
from chainbot_desktop.ui.widgets import MenuSheet
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.logs.file import open_log_file
from tests.ui.watchtower.conftest import Build, Tower, until
from tests.ui.watchtower.logs.bench import START

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]
LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def logs(t: Tower) -> LogsPage:
    return t.view.logs


def shown(t: Tower) -> list[LogRow]:
    """The rows that can be seen, from the top."""
    return [row for row, _, _ in logs(t).view.visible] if logs(t).view.isVisible() else []


def texts(t: Tower) -> list[str]:
    return [row.text for row in shown(t)]


def last(t: Tower) -> str:
    return texts(t)[-1] if shown(t) else ""


def chosen(t: Tower) -> tuple[int | None, int | None]:
    return logs(t).view.chosen.first, logs(t).view.chosen.last


def spot(t: Tower, text: str) -> QPoint:
    """Where in the viewport the row of that text is."""
    y = next(top + height // 2 for row, top, height in logs(t).view.visible if row.text == text)
    return QPoint(200, y)


def click(t: Tower, text: str, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.mouseClick(logs(t).view.viewport(), LEFT, held, spot(t, text))


def key(t: Tower, *keys: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    for one in keys:
        QTest.keyClick(logs(t).view, one, held)


def wheel(t: Tower, notches: int) -> None:
    port = logs(t).view.viewport()
    middle = QPointF(port.rect().center())
    event = QWheelEvent(
        middle,
        QPointF(port.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(port, event)


def button(inside: QWidget, name: str) -> QAbstractButton:
    return next(b for b in inside.findChildren(QAbstractButton) if name in {b.text(), b.accessibleName()} and b.isVisible())


async def lines(t: Tower, count: int, first: int = 0) -> None:
    """So many lines more, and the last of them seen or waiting."""
    t.bench.say(*(f"line {n}" for n in range(first, first + count)))
    await t.bench.timeline.kept()
    await until(lambda: logs(t).reading.rows.count >= count)


def test_the_newest_line_is_at_the_bottom_and_stays_there(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.bench.say("before it was opened")
            t.view.show_page("logs")
            await until(lambda: texts(t) == ["before it was opened"])
            t.bench.say(*(f"line {n}" for n in range(200)))
            await until(lambda: last(t) == "line 199")
            await until(lambda: "201 lines · following" in logs(t).bar.status.text())

    on_loop(work())


def test_who_reads_further_up_goes_on_reading_there(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 300)
            await until(lambda: last(t) == "line 299")
            wheel(t, 10)
            await until(lambda: last(t) == "line 269")
            before = texts(t)
            t.bench.say("newer", "newest")
            await until(lambda: logs(t).parts.pill.text() == "↓ 2 new")
            assert texts(t) == before
            await until(lambda: "holding while you read" in logs(t).bar.status.text())
            QTest.mouseClick(logs(t).parts.pill, LEFT)
            await until(lambda: last(t) == "newest")
            assert not logs(t).parts.pill.isVisible()
            wheel(t, 1)
            wheel(t, -1)
            t.bench.say("it follows again at the end")
            await until(lambda: last(t) == "it follows again at the end")

    on_loop(work())


def test_paused_lines_wait(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            t.bench.say("first")
            await until(lambda: texts(t) == ["first"])
            key(t, Qt.Key.Key_Space)
            await lines(t, 70)
            await until(lambda: logs(t).parts.pill.text() == "↓ 70 new")
            assert texts(t)[0] == "first"
            wheel(t, -50)
            t.bench.say("still paused")
            await until(lambda: logs(t).reading.rows.count == 72)
            assert "still paused" not in texts(t)
            key(t, Qt.Key.Key_Space)
            await until(lambda: last(t) == "still paused")

    on_loop(work())


def test_keys_move_and_choose(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 300)
            await until(lambda: last(t) == "line 299")
            key(t, Qt.Key.Key_Up)
            assert chosen(t) == (299, 299)
            key(t, Qt.Key.Key_Up, Qt.Key.Key_Up)
            key(t, Qt.Key.Key_Up, held=SHIFT)
            assert chosen(t) == (296, 297)
            key(t, Qt.Key.Key_Home)
            await until(lambda: texts(t)[0] == "line 0")
            assert chosen(t) == (0, 0)
            key(t, Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_Down)
            await until(lambda: 0 < shown(t)[0].number < 30)
            key(t, Qt.Key.Key_A, held=CTRL)
            assert chosen(t) == (0, 299)
            key(t, Qt.Key.Key_Escape)
            assert not logs(t).view.chosen.several
            key(t, Qt.Key.Key_End)
            await until(lambda: last(t) == "line 299")
            t.bench.say("and it follows")
            await until(lambda: last(t) == "and it follows")

    on_loop(work())


def test_the_mouse_chooses_lines_and_they_are_copied(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772) as t:
            t.view.show_page("logs")
            t.bench.say("one", "\x1b[31mtwo\x1b[0m \x00", "three", "four", level=30)
            await until(lambda: len(texts(t)) == 4)
            click(t, "one")
            assert logs(t).parts.chosen.isVisible()
            t.bench.say("newer")
            await until(lambda: logs(t).reading.rows.count == 5)
            assert logs(t).parts.chosen.text == "1 line"
            click(t, "three", held=SHIFT)
            assert chosen(t) == (0, 2)
            key(t, Qt.Key.Key_C, held=CTRL)
            copied = QGuiApplication.clipboard().text().splitlines()
            assert [line.split(": ", 1)[1] for line in copied] == ["one", "two \\x00", "three"]
            assert "WARNING program/house" in copied[0]
            assert t.last_message.text == "Copied 3 lines."
            port = logs(t).view.viewport()
            QTest.mousePress(port, LEFT, pos=spot(t, "four"))
            QTest.mouseMove(port, spot(t, "three"))
            QTest.mouseMove(port, spot(t, "three") - QPoint(0, 22))
            QTest.mouseRelease(port, LEFT, pos=spot(t, "three") - QPoint(0, 22))
            assert chosen(t) == (1, 3)
            QTest.mouseClick(button(logs(t), "Send to chat"), LEFT)
            ((window, content),) = t.opened
            assert window == "chat"
            assert isinstance(content, dict)
            assert content["attach"]["kind"] == "log"
            assert "three" in content["attach"]["text"]

    on_loop(work())


def test_a_drag_out_of_the_page_scrolls(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 300)
            await until(lambda: last(t) == "line 299")
            port = logs(t).view.viewport()
            QTest.mousePress(port, LEFT, pos=spot(t, "line 297"))
            QTest.mouseMove(port, QPoint(200, 40))
            QTest.mouseMove(port, QPoint(200, -60))
            await until(lambda: shown(t)[0].number < 250)
            QTest.mouseRelease(port, LEFT, pos=QPoint(200, -60))
            first, end = chosen(t)
            assert end == 297
            assert first is not None
            assert first < 260

    on_loop(work())


def test_levels_and_filters(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            for level, text in ((10, "poll"), (20, "delivered 12"), (30, "refused 405"), (40, "failed"), (50, "lost")):
                t.bench.say(text, level=level)
            await until(lambda: len(texts(t)) == 5)
            bar = logs(t).bar
            QTest.mouseClick(bar.levels["Debug"], LEFT)
            QTest.mouseClick(bar.levels["Info"], LEFT)
            await until(lambda: texts(t) == ["refused 405", "failed", "lost"])
            QTest.keyClicks(bar.field, "/re[fg]used [0-9]+/")
            await until(lambda: texts(t) == ["refused 405"])
            logs(t).set_filter("/(/")
            assert "not a regular expression" in bar.status.text()
            assert texts(t) == ["refused 405"], "a bad filter changes nothing"
            t.bench.say("refused 406", level=30)
            await until(lambda: texts(t) == ["refused 405", "refused 406"])
            assert "not a regular expression" in bar.status.text(), "it is still said"
            logs(t).set_filter("nothing at all")
            await until(logs(t).parts.empty.isVisible)
            await until(lambda: "0 of 6 lines" in bar.status.text())

    on_loop(work())


def test_a_filter_is_tried_while_it_is_typed_and_the_line_stays(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 2000)
            await until(lambda: last(t) == "line 1999")
            logs(t).go_to_line(1000)
            await until(lambda: "line 1000" in texts(t))
            logs(t).bar.field.take_focus()
            QTest.keyClicks(logs(t).bar.field, "0")
            await until(lambda: logs(t).reading.query.text == "0" and logs(t).reading.selection.searched == 1)
            await until(lambda: "line 1000" in texts(t) and all("0" in text for text in texts(t)))
            QTest.keyClick(logs(t).bar.field, Qt.Key.Key_Escape)
            await until(lambda: logs(t).reading.rows.count == 2000)

    on_loop(work())


def test_an_expression_that_takes_too_long_is_said_and_another_filter_searches_again(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            t.bench.say("a" * 100 + "!")
            await until(lambda: len(texts(t)) == 1)
            logs(t).set_filter("/(a|aa)+$/")
            await until(lambda: "takes too long" in logs(t).bar.status.text())
            t.bench.say("aaa")
            logs(t).set_filter("/a{3}/")
            await until(lambda: len(texts(t)) == 2)
            await until(lambda: "2 lines" in logs(t).bar.status.text())

    on_loop(work())


def test_a_name_that_speaks_later_is_meant_too(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            t.bench.say("one", name="house")
            logs(t).set_filter("logger:house")
            t.bench.say("two", name="house.alexos.outbox")
            t.bench.say("three", name="camera")
            await until(lambda: texts(t) == ["one", "two"])

    on_loop(work())


def test_hits_are_counted_marked_and_gone_to(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 1000)
            key(t, Qt.Key.Key_Slash)
            finder = logs(t).parts.finder
            QTest.keyClicks(finder.field, '"line 77"')
            await until(lambda: finder.count_text == "11 hits")
            await until(lambda: len(logs(t).view.marked_bar.marks) >= 2)
            QTest.keyClick(finder.field, Qt.Key.Key_Return)
            await until(lambda: "line 779" in texts(t))
            QTest.keyClick(finder.field, Qt.Key.Key_Return, SHIFT)
            assert finder.count_text == "10 of 11"
            key(t, Qt.Key.Key_F3)
            key(t, Qt.Key.Key_N)
            assert finder.count_text == "1 of 11"
            await until(lambda: "line 77" in texts(t))
            QTest.keyClick(finder.field, Qt.Key.Key_Escape)
            assert not finder.isVisible()
            assert not logs(t).view.marked_bar.marks
            finder.take_focus()
            finder.field.setText("(")
            finder.expression.setChecked(True)
            await until(lambda: "not a regular expression" in logs(t).bar.status.text())

    on_loop(work())


def test_what_lies_around_a_hit_is_shown_and_left_again(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 500)
            logs(t).set_filter("/line [0-9]*00$/")
            await until(lambda: texts(t) == ["line 100", "line 200", "line 300", "line 400"])
            click(t, "line 200")
            QTest.mouseClick(button(logs(t), "All lines around this one"), LEFT)
            await until(lambda: {"line 199", "line 200", "line 201"} <= set(texts(t)))
            assert logs(t).parts.banner.text == "All lines around this one"
            assert logs(t).view.hit == 200, "it stays marked"
            key(t, Qt.Key.Key_Escape)
            await until(lambda: texts(t) == ["line 100", "line 200", "line 300", "line 400"])
            assert logs(t).view.hit == 200
            assert not logs(t).parts.banner.isVisible()

    on_loop(work())


def test_folded_lines_are_counted_and_opened(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            t.bench.say("start", *(f"beat {n}" for n in range(8)), "end")
            bar = logs(t).bar
            bar.set_state(replace(bar.state, fold="numbers"))
            await until(lambda: [(row.text, row.repeats) for row in shown(t)] == [("start", 0), ("beat 0", 7), ("end", 0)])
            t.bench.say("end")
            await until(lambda: shown(t)[-1].repeats == 1)
            row, top, _ = logs(t).view.visible[1]
            badge = logs(t).view.painter.badge_rect(row, top).center().toPoint()
            QTest.mouseClick(logs(t).view.viewport(), LEFT, pos=badge)
            await until(lambda: texts(t) == [f"beat {n}" for n in range(8)])
            assert "8 lines" in logs(t).parts.banner.text
            QTest.mouseClick(logs(t).parts.banner.button, LEFT)
            await until(lambda: len(texts(t)) == 3)
            click(t, "beat 0")
            key(t, Qt.Key.Key_Return, held=SHIFT)
            await until(lambda: len(texts(t)) == 8)

    on_loop(work())


def test_a_traceback_is_read_copied_and_opened(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            t.bench.say("a delivery failed\nTraceback\n  File x\nValueError: no", level=40, name="house.outbox")
            await until(lambda: len(texts(t)) == 4)
            QTest.mouseDClick(logs(t).view.viewport(), LEFT, pos=spot(t, "ValueError: no"))
            details = logs(t).parts.panel.details
            assert details.isVisible()
            assert details.text.splitlines() == ["a delivery failed", "Traceback", "  File x", "ValueError: no"]
            assert "2023-11-14" in details.when
            QTest.mouseClick(button(details, "Copy the record"), LEFT)
            assert "ValueError" in QGuiApplication.clipboard().text()
            QTest.mouseClick(button(details, "Editor"), LEFT)
            ((window, content),) = t.opened
            assert window == "code-agent"
            assert isinstance(content, dict)
            assert content["name"] == "log-1.txt"
            assert "Traceback" in content["text"]
            QTest.keyClick(details._text, Qt.Key.Key_Escape)
            assert logs(t).view.hasFocus()

    on_loop(work())


def test_json_is_shown_by_its_fields(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772) as t:
            t.view.show_page("logs")
            text = json.dumps({"event": "delivered", "at": {"n": 12}})
            t.bench.say(text, name="camera")
            await until(lambda: len(texts(t)) == 1)
            click(t, text)
            key(t, Qt.Key.Key_Return)
            assert list(logs(t).parts.panel.details.fields) == [("event", "delivered"), ("at.n", "12")]
            QTest.mouseClick(button(logs(t), "Only this name"), LEFT)
            assert logs(t).bar.state.names == {"camera"}

    on_loop(work())


def test_the_volume_leads_to_a_range_and_a_moment(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772) as t:
            t.view.show_page("logs")
            await lines(t, 1000)
            strip = logs(t).parts.histogram
            await until(lambda: strip.volume is not None and sum(map(sum, strip.volume.counts.values())) == 1000)
            QTest.mouseClick(strip, LEFT, pos=QPoint(strip.width() // 2, 30))
            await until(lambda: any(450 < row.number < 550 for row in shown(t)))
            QTest.mousePress(strip, LEFT, pos=QPoint(strip.width() // 2, 30))
            QTest.mouseMove(strip, QPoint(strip.width() * 3 // 4, 30))
            QTest.mouseRelease(strip, LEFT, pos=QPoint(strip.width() * 3 // 4, 30))
            await until(lambda: 200 < logs(t).reading.rows.count < 300)
            assert "–" in logs(t).bar.times.text()
            logs(t).toggle_histogram()
            assert not strip.isVisible()
            assert t.bench.kept["logs.histogram"] is False

    on_loop(work())


def test_what_others_ask_for_is_presented(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.bench.say(*(f"line {n}" for n in range(300)))
            t.bench.say("from an agent", source="agent", name="camera-7")
            t.view.present({"page": "logs", "time": START + 100})
            await until(lambda: "line 100" in texts(t))
            t.view.present({"page": "logs", "source": "agent", "name": "camera-7"})
            await until(lambda: texts(t) == ["from an agent"])
            t.view.present({"page": "logs", "number": 7})
            await until(lambda: "line 7" in texts(t) and "line 6" in texts(t))
            t.view.present({"page": "logs", "text": "line", "source": "", "name": ""})
            await until(lambda: logs(t).reading.rows.count == 300)
            t.view.present({"page": "logs", "text": 5, "time": "soon", "file": None, "number": True})
            assert logs(t).bar.state.text == "line"

    on_loop(work())


def test_a_log_file_is_opened_and_left(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "system.log"
        path.write_text("".join(f"2026-03-01 12:00:{n % 60:02d} INFO started {n}\n" for n in range(500)))
        async with tower() as t:
            t.bench.open_real = open_log_file
            t.bench.say("live")
            t.view.present({"page": "logs", "file": str(path)})
            await until(lambda: last(t).endswith("started 499"))
            assert logs(t).parts.banner.text.startswith("system.log")
            logs(t).set_filter("/started 1[0-9]$/")
            await until(lambda: len(texts(t)) == 10)
            with path.open("a") as file:
                file.write("2026-03-01 12:01:00 INFO started 13\n")
            await until(lambda: len(texts(t)) == 11)
            assert t.bench.kept["logs.recent"] == [str(path)]
            logs(t).set_filter("")
            QTest.mouseClick(logs(t).parts.banner.button, LEFT)
            await until(lambda: texts(t) == ["live"])
            t.view.present({"page": "logs", "file": str(tmp_path / "missing.log")})
            await until(lambda: t.messages)
            assert t.last_message.severity == "error"
            assert texts(t) == ["live"]

    on_loop(work())


def test_lines_are_exported_whole(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 3000)
            logs(t).set_filter("/[02468]$/")
            await until(lambda: logs(t).reading.rows.count == 1500)
            t.bench.chosen = tmp_path / "out.jsonl"
            logs(t).actions_.export_all()
            await until(lambda: t.messages)
            content = [json.loads(line) for line in t.bench.chosen.read_text().splitlines()]
            assert [line["number"] for line in content] == list(range(0, 3000, 2))
            assert content[0]["level"] == "info"
            click(t, last(t))
            await until(lambda: logs(t).actions_._exporting is None)
            t.bench.chosen = tmp_path / "one.log"
            logs(t).actions_.export_chosen()
            await until(lambda: len(t.messages) == 2 and logs(t).actions_._exporting is None)
            assert t.bench.chosen.read_text().endswith("INFO program/house: line 2998\n")
            t.bench.chosen = tmp_path / "no" / "such" / "folder.log"
            logs(t).actions_.export_all()
            await until(lambda: len(t.messages) == 3)
            assert (t.last_message.severity, t.last_message.hint) == ("error", "There is no such folder.")

    on_loop(work())


def test_a_cancelled_export_leaves_nothing_behind(tower: Build, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            await lines(t, 60_000)
            t.bench.chosen = tmp_path / "out.log"
            t.bench.chosen.write_text("what was there\n")
            logs(t).actions_.export_all()
            await until(logs(t).parts.progress.isVisible)
            QTest.mouseClick(logs(t).parts.progress.cancel, LEFT)
            await until(lambda: t.messages)
            assert "cancelled" in t.last_message.text
            assert os.listdir(tmp_path).count("out.log") == 1  # noqa: PTH208 (the same, without waiting)
            assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]  # noqa: PTH208 (as above)
            assert t.bench.chosen.read_text() == "what was there\n"
            assert not logs(t).parts.progress.isVisible()

    on_loop(work())


def test_a_storm_of_lines(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            for first in range(0, 100_000, 5_000):
                t.bench.say(*(f"line {n}" for n in range(first, first + 5_000)))
                await t.bench.timeline.kept()
            await until(lambda: last(t) == "line 99999")
            assert logs(t).view.sticks

    on_loop(work())


@pytest.mark.parametrize("width", [720, 1200])
def test_every_menu_opens_and_is_left_by_escape(tower: Build, on_loop: OnLoop, width: int) -> None:
    async def work() -> None:
        async with tower(width, 452) as t:
            t.view.show_page("logs")
            t.bench.say("one", "two")
            await until(lambda: len(texts(t)) == 2)
            page = logs(t)
            for opener in (page.bar.more, *((page.bar.times, page.bar.folds) if width > 1000 else ())):
                QTest.mouseClick(opener, LEFT)
                menu = next(menu for menu in t.view.findChildren(MenuSheet) if menu.is_open)
                QTest.keyClick(menu, Qt.Key.Key_Escape)
                await asyncio.sleep(0)
            key(t, Qt.Key.Key_Up)
            page.actions_.open_menu(QPoint(0, 0))
            menu = next(menu for menu in t.view.findChildren(MenuSheet) if menu.is_open)
            next(row for row in menu.rows if row.text() == "Choose several").click()
            assert page.hands.choosing

    on_loop(work())


def test_long_lines_are_scrolled_sideways_or_wrapped(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("logs")
            t.bench.say("short", "x" * 900 + "end", "last")
            await until(lambda: len(texts(t)) == 3)
            view = logs(t).view
            await until(lambda: view.horizontalScrollBar().maximum() > 800)
            key(t, Qt.Key.Key_Right, Qt.Key.Key_Right)
            assert view.painter.shift == 16
            logs(t).toggle_wrap()
            await until(lambda: max(height for _, _, height in view.visible) > 5 * view.painter.row_height)
            assert view.painter.shift == 0
            assert t.bench.kept["logs.wrapped"] is True
            assert last(t) == "last"

    on_loop(work())
