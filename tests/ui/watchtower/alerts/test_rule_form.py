"""A rule in the form and as YAML: written, checked, tried, saved, copied, removed and brought back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from chainbot_desktop.core.errors import InvalidInput, Unavailable
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.alerts.choice_sheet import ChoiceSheet
from chainbot_desktop.ui.watchtower.alerts.words import KINDS
from chainbot_desktop.ui.widgets import Sheet
from chainbot_desktop.watch.alerts.records import AlertRule, Look, Trial
from tests.ui.shell.conftest import finger, touch
from tests.ui.watchtower.alerts.acting import click, tap_row
from tests.ui.watchtower.alerts.desk import MemoryDesk, rule
from tests.ui.watchtower.alerts.rule_acting import choose, choose_more, open_rule, open_rules, the_editor, write
from tests.ui.watchtower.conftest import Build, until

__all__ = ["finger", "touch"]
OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


def test_a_new_rule_from_the_first_word_to_the_list(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            part = open_rules(t)
            await click(part.add)
            editor = the_editor(part)
            form = editor.form
            assert not t.view.alerts.strip.isVisible(), "a form needs the room"
            assert form.title.hasFocus()
            QTest.keyClicks(form.title, "Memory is low")
            assert form.name.text() == "memory-is-low"
            assert not any(row.error for row in form.rows.values()), "nobody was asked for the rest yet"
            await click(editor.frame.save)
            assert form.rows["metric"].error == "Choose the figure that it watches."
            assert form.metric_field.line.hasFocus(), "the keyboard goes to what is missing"
            await click(form.metric_field.button)
            sheet = t.view.findChildren(ChoiceSheet)[-1]
            QTest.keyClicks(sheet.field, "mem")
            await until(lambda: [row.text() for row in sheet.rows] == ["memory – %"])
            await click(sheet.rows[0])
            assert form.metric_field.text() == "memory"
            write(form.value, "lots")
            await until(lambda: form.rows["value"].error == "Write a number such as 90 or 0.5.")
            write(form.value, "92,5")
            await until(lambda: not form.rows["value"].error)
            write(form.lasting, "2 min")
            await choose(form.severity, "Critical")
            QTest.keyClick(form.title, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
            await until(lambda: "memory-is-low" in desk._rules)
            saved = desk._rules["memory-is-low"].rule
            assert (saved.title, saved.metric, saved.value, saved.seconds, saved.severity) == (
                "Memory is low", "memory", 92.5, 120.0, "critical",
            )  # fmt: skip
            await until(lambda: not editor.isVisible())
            assert t.view.alerts.strip.isVisible()
            assert t.last_message.text == "“Memory is low” is saved."
            await t.undo()
            await until(lambda: "memory-is-low" not in desk._rules)

    on_loop(work())


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("A figure is too high or too low", {"metric", "compare", "value", "clear", "for"}),
        ("Something happens too often", {"source", "event", "value", "within", "group_by"}),
        ("Something stays away", {"source", "event", "within"}),
        ("A line in the logs", {"log", "level", "resolve_after", "until", "group_by"}),
        ("An event", {"event", "resolve_after", "until", "group_by"}),
        ("An expression is true", {"for"}),
    ],
)
def test_a_kind_asks_for_its_own_fields_only(tower: Build, on_loop: OnLoop, kind: str, shown: set[str]) -> None:
    async def work() -> None:
        async with tower(alerts=MemoryDesk()) as t:
            part = open_rules(t)
            await click(part.add)
            form = the_editor(part).form
            if kind != form.kind_picker.text():
                await choose(form.kind_picker, kind)
            of_kinds = {"metric", "compare", "value", "clear", "for", "source", "event", "log", "within", "level"}
            of_kinds |= {"resolve_after", "until", "group_by"}
            assert {field for field in of_kinds if form.rows[field].isVisibleTo(form)} == shown
            always = {"title", "kind", "severity", "condition", "summary", "runbook", "notify", "name"}
            assert all(form.rows[field].isVisibleTo(form) for field in always)

    on_loop(work())


RULES = [
    rule(compare="at_most", value=0.1, clear=3.5, enabled=False, severity="critical", notify=("mail", "panel")),
    rule(kind="rate", metric="", event="agent_*", value=5, within=90.3, condition="room == 'hall'", group_by=("room", "level")),
    rule(kind="absence", metric="", log="backup done", within=86_400),
    rule(kind="absence", within=3601.5),
    rule(kind="log", metric="", log="  (?i)oops ", level="error", resolve_after=0, summary="{room} fails", notify=()),
    rule(kind="event", metric="", event="delivery_given_up", runbook=" look at it ", until="value > 3", group_by=("room",)),
    rule(kind="condition", metric="", condition="value > 3\n&& room == 'hall'", seconds=1e-3),
    rule(kind="event", metric="cpu", event="x", level="warning", clear=4.0),
]


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.kind)
def test_form_and_yaml_give_back_the_rule_that_they_were_given(tower: Build, on_loop: OnLoop, one: AlertRule) -> None:
    async def work() -> None:
        desk = MemoryDesk(one)
        async with tower(alerts=desk) as t:
            editor = open_rule(t, one.name)
            assert editor.form.read() == (one, {})
            await click(editor.frame.yaml_chip)
            assert editor.is_yaml
            await click(editor.frame.form_chip)
            assert editor.frame.form_chip.isChecked()
            assert editor.form.read() == (one, {})
            assert not editor.changed
            editor.leave()
            assert not editor.isVisible(), "it asked about a rule that nobody changed"

    on_loop(work())


def test_yaml_is_edited_and_what_is_wrong_there_is_said(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            await click(editor.frame.yaml_chip)
            text = editor.frame.yaml.toPlainText()
            editor.frame.yaml.setPlainText(text.replace("value: 90.0", "value: ["))
            await until(lambda: "This is not YAML (line" in editor.frame.problem)
            await click(editor.frame.form_chip)
            assert editor.is_yaml, "what was written would have been lost"
            assert editor.frame.yaml_chip.isChecked()
            editor.frame.yaml.setPlainText(text.replace("metric: cpu", "metric: gone"))
            await until(lambda: "There is no figure 'gone'." in editor.frame.problem)
            editor.frame.yaml.setPlainText(text.replace("name: cpu-busy", "name: other"))
            await click(editor.frame.save)
            assert "It stays cpu-busy" in editor.frame.problem
            assert set(desk._rules) == {"cpu-busy"}
            editor.frame.yaml.setPlainText(text.replace("value: 90.0", "value: 80"))
            await until(lambda: not editor.frame.problem)
            await click(editor.frame.form_chip)
            assert editor.form.value.text() == "80"
            assert editor.changed
            await click(editor.frame.save)
            await until(lambda: desk._rules["cpu-busy"].rule.value == 80)
            assert desk._rules["cpu-busy"].origin == "changed"
            await t.undo()
            await until(lambda: desk._rules["cpu-busy"].origin == "shipped")

    on_loop(work())


def test_an_expression_is_checked_at_its_field_while_it_is_written(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            form = editor.form
            form.condition.edit.setFocus()
            QTest.keyClicks(form.condition.edit, "(")
            await until(lambda: form.rows["condition"].error == "A bracket has no partner.")
            assert form.condition.edit.hasFocus(), "the caret was taken from who writes"
            editor.frame._area.ensureWidgetVisible(form.condition.button)
            await click(form.condition.button)
            sheet = t.view.findChildren(ChoiceSheet)[-1]
            row = next(row for row in sheet.rows if row.text() == "room – where it was measured")
            await click(row)
            assert form.condition.text() == "(room"
            QTest.keyClicks(form.condition.edit, " == 'hall')")
            await until(lambda: not form.rows["condition"].error)

    on_loop(work())


def test_a_trial_shows_when_it_would_have_fired(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        now = time.time()
        desk.trial = Trial((now - 86_400, now - 43_200, now - 7300), now - 2 * 86_400, "Log lines are not kept.")
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            strip = editor.frame.trial
            await click(editor.frame.try_it)
            await until(strip.isVisible)
            assert strip.words.startswith("It would have fired 3 times in the last 2 d, last 2 h ago.")
            assert "Log lines are not kept." in strip.words
            await until(lambda: strip.width() > 300)
            marks = strip.marks()
            middle = strip.width() // 2
            assert len(marks) == 3
            assert abs(marks[0] - middle) <= 2, "a day ago is in the middle of two days"
            write(editor.form.value, "95")
            assert not strip.isVisible(), "that was another rule"
            week = (Look(now - 7 * 86_400, now - 3600, 60), Look(now - 3600, now, 1))
            desk.trial = Trial((), now - 7 * 86_400, "A minute counts if every second of it was so. " * 6, week)
            await click(editor.frame.try_it)
            await until(lambda: "Looked at 6 d 23 h by the minute, 1 h by the second. A minute" in strip.words)
            assert strip.words.startswith("It would not have fired in the last 7 d.")
            room = strip.fontMetrics().lineSpacing()
            await until(lambda: strip.height() >= 3 * room)  # all of it can be read
            write(editor.form.value, "96")
            desk.trial = Trial((), now - 3600)
            await click(editor.frame.try_it)
            await until(lambda: strip.words == "It would not have fired in the last 1 h.")
            assert desk.tried[-1].value == 96
            assert desk._rules["cpu-busy"].rule.value == 90, "a trial saves nothing"
            desk.failure = Unavailable("The database is busy.")
            await click(editor.frame.try_it)
            await until(lambda: editor.frame.problem == "The database is busy.")

    on_loop(work())


class SlowDesk(MemoryDesk):
    """Its trials go on until they are given up."""

    begun = ended = 0

    async def try_rule(self, rule: AlertRule) -> Trial:
        self.begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1
        return self.trial


def test_a_long_trial_can_be_stopped(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = SlowDesk(rule())
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            await click(editor.frame.try_it)
            await until(lambda: editor.frame.try_it.text() == "Stop")
            await asyncio.sleep(0)
            await click(editor.frame.try_it)
            await until(lambda: desk.ended)
            await until(lambda: editor.frame.try_it.text() == "Try it")

    on_loop(work())


def test_a_trial_that_is_begun_anew_can_be_stopped_too(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = SlowDesk(rule())
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            await click(editor.frame.try_it)
            await until(lambda: desk.begun == 1)
            editor.try_it()
            editor.try_it()  # before the one that was stopped has ended
            await until(lambda: (desk.begun, desk.ended) == (2, 1))
            assert editor.frame.try_it.text() == "Stop"
            await click(editor.frame.try_it)
            await until(lambda: desk.ended == 2 and editor.frame.try_it.text() == "Try it")

    on_loop(work())


def test_leaving_asks_before_something_is_lost(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            write(editor.form.value, "70")
            QTest.keyClick(editor.form.value, Qt.Key.Key_Escape)
            sheet = next(sheet for sheet in t.view.findChildren(Sheet) if sheet.is_open)
            sheet.dismiss()
            assert editor.isVisible()
            assert editor.form.value.text() == "70"
            await click(editor.frame.back)
            sheet = next(sheet for sheet in t.view.findChildren(Sheet) if sheet.is_open)
            assert sheet.first is not None
            await click(sheet.first)
            await until(lambda: desk._rules["cpu-busy"].rule.value == 70)

    on_loop(work())


def test_a_rule_that_the_desk_refuses_stays_in_the_form(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            write(editor.form.value, "70")
            desk.failure = InvalidInput("The file of rules cannot be written.", hint="The disk is full.")
            await click(editor.frame.save)
            await until(lambda: editor.frame.problem == "The file of rules cannot be written. The disk is full.")
            assert editor.isVisible()
            assert editor.form.value.text() == "70"
            desk.failure = None
            await click(editor.frame.save)
            await until(lambda: desk._rules["cpu-busy"].rule.value == 70)

    on_loop(work())


def test_duplicate_remove_and_restore(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            t.view.present({"page": "alerts", "rule": "cpu-busy"})
            part = t.view.alerts.rules
            editor = the_editor(part)
            await choose_more(editor, "Duplicate")
            assert editor.form.name.text() == "cpu-busy-2"
            await click(editor.frame.save)
            await until(lambda: "cpu-busy-2" in desk._rules)
            assert desk._rules["cpu-busy-2"].origin == "own"
            part.edit("cpu-busy-2")
            await choose_more(editor, "Remove")
            await until(lambda: "cpu-busy-2" not in desk._rules)
            await t.undo()
            await until(lambda: "cpu-busy-2" in desk._rules)
            await desk.save_rule(rule(value=50), actor="user:ada")
            part.edit("cpu-busy")
            await choose_more(editor, "Back to how it was shipped")
            await until(lambda: desk._rules["cpu-busy"].rule.value == 90)
            await t.undo()
            await until(lambda: desk._rules["cpu-busy"].rule.value == 50)

    on_loop(work())


def test_a_name_is_taken_once(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            part = open_rules(t)
            await click(part.add)
            form = the_editor(part).form
            QTest.keyClicks(form.title, "Cpu busy")
            form.metric_field.line.setText("cpu")
            await click(the_editor(part).frame.save)
            assert form.rows["name"].error == "There is a rule of that name already."
            assert desk._rules["cpu-busy"].rule.title == "The processor is busy"

    on_loop(work())


def test_what_changes_elsewhere_is_told_to_who_edits(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            await desk.save_rule(rule(value=50), actor="user:ada")
            assert editor.form.value.text() == "50", "nobody had changed it here"
            write(editor.form.value, "60")
            await desk.save_rule(rule(value=40), actor="user:ada")
            assert editor.form.value.text() == "60"
            assert "changed elsewhere" in editor.frame.problem

    on_loop(work())


def test_another_rule_does_not_take_the_place_of_one_that_is_not_saved(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule(), rule("disk-full", title="The disk is full"))
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            write(editor.form.value, "70")
            t.view.present({"page": "alerts", "rule": "disk-full"})
            t.view.present({"page": "alerts", "new_rule": True})
            assert editor.form.value.text() == "70"
            assert len(t.messages) == 2
            assert "not saved" in t.last_message.text
            t.view.present({"page": "alerts", "rule": "cpu-busy"})
            assert len(t.messages) == 2, "it is that one"

    on_loop(work())


@pytest.mark.parametrize("size", ["normal", "largest"])
def test_it_fits_a_small_screen_at_any_size_of_text(
    tower: Build, on_loop: OnLoop, theme_source: ThemeSource, size: str
) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule(), *(rule(f"r{n}", title="A rule with quite a long title " * 5) for n in range(3)))
        desk.fire(title="An alert with a long title " * 7, labels={"room": "hall " * 30})
        async with tower(720, 452, alerts=desk) as t:
            theme_source.set_text_size(size)
            page = t.view.alerts
            t.view.show_page("alerts")
            await desk.mute(60, actor="user:ada")
            await click(page.active.several)
            tap_row(page.active.list, 0)
            for part in ("active", "history", "rules", "channels"):
                page.show_part(part)
                await asyncio.sleep(0.05)
                assert page.minimumSizeHint().width() <= 720, part
            page.active.select(False)
            page.show_part("active")
            tap_row(page.active.list, 0)
            await until(lambda: page.active.side.is_open)
            for kind, _ in KINDS:
                page.new_rule()
                editor = the_editor(page.rules)
                editor.form.kind_picker.choose(kind)
                editor.form._show_fields()
                await asyncio.sleep(0.05)
                area = editor.frame._area
                assert editor.form.minimumSizeHint().width() <= area.viewport().width(), kind
                assert page.minimumSizeHint().width() <= 720, kind
        theme_source.set_text_size("normal")

    on_loop(work())


def test_channels_are_chosen_by_name(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            editor = open_rule(t, "cpu-busy")
            notify = editor.form.notify
            editor.frame._area.ensureWidgetVisible(notify)
            await choose(notify.whom, "These channels")
            editor.frame._area.ensureWidgetVisible(notify.chips["mail"])
            await click(notify.chips["mail"])
            await click(editor.frame.save)
            await until(lambda: desk._rules["cpu-busy"].rule.notify == ("mail",))

    on_loop(work())


@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_the_buttons_are_always_within_reach(tower: Build, on_loop: OnLoop, size: tuple[int, int]) -> None:
    async def work() -> None:
        async with tower(*size, alerts=MemoryDesk(rule())) as t:
            frame = open_rule(t, "cpu-busy").frame
            await until(lambda: frame.save.width() > 40)
            for button in (frame.save, frame.try_it, frame.back, frame.more, frame.yaml_chip):
                corner = button.mapTo(t.view, button.rect().bottomRight())
                assert t.view.rect().contains(corner), button.accessibleName() or button.text()
                assert button.height() >= 48

    on_loop(work())
