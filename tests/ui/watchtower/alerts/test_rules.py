"""The list of rules: what it says of them, their switches, words, a finger, and what is wrong in the file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from chainbot_desktop.ui.widgets import Sheet
from chainbot_desktop.watch.alerts.records import RuleState
from tests.ui.shell.conftest import Touch, finger, touch
from tests.ui.watchtower.alerts.acting import click, tap_row
from tests.ui.watchtower.alerts.desk import MemoryDesk, ago, rule
from tests.ui.watchtower.alerts.rule_acting import open_rules, write
from tests.ui.watchtower.conftest import Build, until

__all__ = ["finger", "touch"]
OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


def test_the_list_says_what_each_watches_for_and_what_is_wrong(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule(), rule("zz", title="Zebra", metric="gone"))
        desk._rules["zz"] = RuleState(desk._rules["zz"].rule, "own", error="There is no figure 'gone'.")
        desk._rules["cpu-busy"] = RuleState(rule(), "changed", last_fired_at=ago(7300))
        async with tower(alerts=desk) as t:
            part = open_rules(t)
            assert [state.rule.title for state in part.rows.rules] == ["Zebra", "The processor is busy"], "what is broken first"
            assert part.rows.about(part.rows.rules[0]) == "There is no figure 'gone'."
            assert part.rows.about(part.rows.rules[1]) == "changed · fired 2 h ago · cpu above 90 % for 1 min"
            assert part.rows.spoken(1).startswith("warning: The processor is busy, on")

    on_loop(work())


def test_a_switch_turns_a_rule_off_and_undo_turns_it_on(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule(), rule("disk-full", title="A full disk"))
        async with tower(alerts=desk) as t:
            part = open_rules(t)
            await until(lambda: part.list.viewport().width() > 400)
            tap_row(part.list, 1, x=-30)
            await until(lambda: not desk._rules["cpu-busy"].rule.enabled)
            assert part.editor is None, "the switch opened the form"
            assert desk._rules["disk-full"].rule.enabled
            await until(lambda: t.messages)
            await t.undo()
            await until(lambda: desk._rules["cpu-busy"].rule.enabled)
            part.list.setFocus()
            part.list.set_current(0)
            QTest.keyClick(part.list, Qt.Key.Key_Space)
            await until(lambda: not desk._rules["disk-full"].rule.enabled)

    on_loop(work())


def test_what_is_wrong_in_the_file_is_told_over_the_list(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            part = open_rules(t)
            assert not part.problems.isVisible()
            desk.file_problems = ["alert-rules.yaml, line 7: metric: Choose the figure that it watches."]
            desk.tell()
            await click(part.problems)
            sheet = next(sheet for sheet in t.view.findChildren(Sheet) if sheet.is_open)
            assert any("line 7" in label.text() for label in sheet.findChildren(QLabel))
            assert part.problems.text() == "1 thing in the file of rules is not used"

    on_loop(work())


def test_a_finger_switches_and_scrolls(tower: Build, on_loop: OnLoop, touch: Callable[[QWidget], Touch]) -> None:
    async def work() -> None:
        desk = MemoryDesk(*(rule(f"r{n:02}", title=f"Rule {n:02}") for n in range(30)))
        async with tower(alerts=desk) as t:
            part = open_rules(t)
            await until(lambda: part.list.viewport().width() > 400)
            on = touch(t.view)
            row = part.list.row_height

            def place(index: int, x: int) -> QPoint:
                return part.list.viewport().mapTo(t.view, QPoint(x, index * row + row // 2))

            switch = place(2, part.list.viewport().width() - 36)
            on.press(switch)
            on.release(switch)
            await until(lambda: not desk._rules["r02"].rule.enabled)
            for _ in range(10):  # a busy machine may take the first for no drag at all: its moves come late
                on.drag(place(4, 650), place(1, 650))
                await asyncio.sleep(0.1)
                if part.list.verticalScrollBar().value() > 0:
                    break
            assert part.list.verticalScrollBar().value() > 0
            await asyncio.sleep(0.05)
            off = [state.rule.name for state in desk.rules if not state.rule.enabled]
            assert off == ["r02"], "scrolling over the switches switched them"
            assert part.editor is None, "scrolling opened a rule"

    on_loop(work())


def test_words_find_rules(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(*(rule(f"r{n}", title=f"Rule {n}") for n in range(30)), rule("disk-full", metric="disk"))
        async with tower(alerts=desk) as t:
            part = open_rules(t)
            t.view._on_filter_key()
            assert part.field.hasFocus()
            QTest.keyClicks(part.field, "disk")
            await until(lambda: len(part.rows) == 1)
            assert part.rows.rules[0].rule.name == "disk-full"
            write(part.field, "no such thing")
            await until(lambda: not len(part.rows))
            assert not part.list.isVisible()

    on_loop(work())
