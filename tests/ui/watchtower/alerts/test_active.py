"""The active alerts: their order and groups, what is done with one and with several, and what stands there when all is quiet."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.alerts.active import ActivePart
from chainbot_desktop.ui.watchtower.alerts.lines import AlertLine, GroupLine
from chainbot_desktop.ui.watchtower.alerts.snooze_sheet import SnoozeSheet
from chainbot_desktop.ui.widgets import MenuSheet
from tests.ui.finding import find
from tests.ui.watchtower.alerts.acting import click, tap_row
from tests.ui.watchtower.alerts.desk import MemoryDesk, ago, rule
from tests.ui.watchtower.conftest import Build, Tower, until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


def titles(part: ActivePart) -> list[str]:
    return [
        line.alert.title if isinstance(line, AlertLine) else f"{line.alerts[0].title} ×{len(line.alerts)}"
        for line in part.rows.lines
    ]


async def open_first(t: Tower) -> ActivePart:
    """The first alert of the list, in full."""
    t.view.show_page("alerts")
    part = t.view.alerts.active
    tap_row(part.list, 0)
    await until(lambda: part.side.is_open)
    return part


def all_text(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def test_all_is_quiet_and_what_watches_is_said(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule(), rule("disk-full", title="The disk is full"), rule("off", title="Not asked", enabled=False))
        async with tower(alerts=desk) as t:
            t.view.show_page("alerts")
            text = all_text(t.view.alerts.active)
            assert "All is quiet" in text
            assert "2 rules watch: The processor is busy, The disk is full." in text
            assert "Not asked" not in text
            assert t.view.strip.chips["alerts"].text() == "Alerts"

    on_loop(work())


def test_the_worst_first_and_those_that_somebody_knows_of_last(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            desk.fire(title="old warning", since=ago(900))
            desk.fire(title="critical, known", severity="critical", state="acknowledged", acknowledged_by="user:ada")
            desk.fire(title="new warning", since=ago(60))
            desk.fire(title="critical", severity="critical", since=ago(3600))
            desk.fire(title="info", severity="info")
            t.view.show_page("alerts")
            assert titles(t.view.alerts.active) == ["critical", "new warning", "old warning", "info", "critical, known"]
            assert t.view.strip.chips["alerts"].text() == "Alerts 4", "what is acknowledged does not call"
            assert t.badges[-1] == 4

    on_loop(work())


def test_a_tap_opens_all_of_it_and_the_cause_is_one_tap_away(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            alert = desk.fire(labels={"core": "3"}, times=4, flapping=True)
            desk.fire(labels={"core": "3"}, state="resolved", since=ago(9000), fired_at=ago(9000), resolved_at=ago(8700))
            desk.fire(labels={"core": "1"}, state="resolved", since=ago(5000), fired_at=ago(5000), resolved_at=ago(4000))
            part = await open_first(t)
            text = part.side.details.text
            for piece in (
                "The processor is busy",
                "The processor is 97 % busy.",
                "Value: 97.2 %",
                "Labels: core 3",
                "Stop an agent, or look at Metrics for what is busy.",
                "fired 4 times",
                "flapping",
                "Rule: cpu-busy",
                "lasted 5 min",
            ):
                assert piece in text, piece
            assert "lasted 16 min 40 s" not in text, "that was another core"
            await click(part.side.details.cause)
            await until(lambda: t.view.page == "metrics")
            desk.alerts[alert.id] = alert

    on_loop(work())


def test_acknowledge_can_be_undone(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            alert = desk.fire()
            part = await open_first(t)
            await click(part.side.details.acknowledge)
            await until(lambda: t.messages)
            assert desk.alerts[alert.id].state == "acknowledged"
            assert desk.actors[-1] == "device:panel"
            assert t.last_message.text == "“The processor is busy” is acknowledged."
            assert t.badges[-1] == 0
            await until(lambda: part.side.details.acknowledge.text() == "Call again")
            await t.undo()
            await until(lambda: desk.alerts[alert.id].state == "firing")
            assert t.badges[-1] == 1

    on_loop(work())


def test_snooze_for_a_time_of_ones_own_and_end_it(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            alert = desk.fire()
            part = await open_first(t)
            await click(part.side.details.snooze)
            sheet = find(t.view, SnoozeSheet)
            QTest.keyClicks(sheet.field, "soon")
            await click(sheet.own)
            assert sheet.error == "Write a length of time such as 30 s, 5 min or 1 h 30 min."
            assert desk.alerts[alert.id].state == "firing"
            sheet.field.clear()
            QTest.keyClicks(sheet.field, "2 h 30 min")
            QTest.keyClick(sheet.field, Qt.Key.Key_Return)
            await until(lambda: desk.alerts[alert.id].state == "snoozed")
            assert "snoozed for 2 h 30 min" in t.last_message.text
            await until(lambda: part.side.details.snooze.text() == "End snooze")
            await click(part.side.details.snooze)
            await until(lambda: desk.alerts[alert.id].state == "firing")

    on_loop(work())


def test_more_resolves_mutes_and_copies(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            alert = desk.fire()
            part = await open_first(t)

            async def choose(label: str) -> None:
                await click(part.side.details.more)
                menu = t.view.findChildren(MenuSheet)[-1]
                await click(next(row for row in menu.rows if row.text() == label))

            await choose("Mute the rule")
            await until(lambda: desk.rules[0].rule.notify == ())
            await t.undo()
            await until(lambda: desk.rules[0].rule.notify is None)
            await choose("Copy")
            assert "The processor is busy" in QGuiApplication.clipboard().text()
            assert "What to do: Stop an agent" in QGuiApplication.clipboard().text()
            await choose("Open in chat")
            window, content = t.opened[-1]
            assert window == "chat"
            assert isinstance(content, dict)
            assert content["attach"]["kind"] == "event"
            await choose("Resolve")
            await until(lambda: desk.alerts[alert.id].state == "resolved")
            assert "All is quiet" in all_text(part) or part.side.covers

    on_loop(work())


def test_several_are_acknowledged_at_once(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            alerts = [desk.fire(title=f"alert {n}", since=ago(1000 - n)) for n in range(4)]
            t.view.show_page("alerts")
            part = t.view.alerts.active
            await click(part.several)
            assert not part.take.isEnabled()
            tap_row(part.list, 0)
            tap_row(part.list, 2)
            assert part.take.text() == "Acknowledge 2"
            await click(part.take)
            await until(lambda: sum(alert.state == "acknowledged" for alert in desk.alerts.values()) == 2)
            assert {a.id for a in desk.alerts.values() if a.state == "acknowledged"} == {alerts[3].id, alerts[1].id}
            assert not part.selecting
            await until(lambda: t.messages)
            desk.settle(alerts[0].id)
            assert part.all.text() == "Acknowledge"
            desk.fire(title="another")
            assert part.all.text() == "Acknowledge all"
            await click(part.all)
            await until(lambda: not any(alert.state == "firing" for alert in desk.alerts.values()))
            await until(lambda: "2 alerts are acknowledged." in t.last_message.text)

    on_loop(work())


def test_one_that_was_settled_meanwhile_keeps_none_of_the_others(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            alerts = [desk.fire(title=f"alert {n}") for n in range(3)]
            desk.alerts[alerts[1].id] = await desk.resolve(alerts[1].id, actor="user:ada")
            t.view.show_page("alerts")
            t.view.alerts.deeds.acknowledge(alerts)
            await until(lambda: t.messages)
            assert t.last_message.text == "2 alerts are acknowledged."
            assert t.last_message.hint == "1 was settled before."

    on_loop(work())


def test_a_refusal_is_told(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            alert = desk.fire()
            t.view.show_page("alerts")
            desk.failure = Unavailable("The disk takes nothing.", hint="Free space on it.")
            await click(t.view.alerts.active.all)
            await until(lambda: t.messages)
            assert t.last_message == Message("The disk takes nothing.", "error", "Free space on it.")
            assert desk.alerts[alert.id].state == "firing"

    on_loop(work())


def test_many_of_one_rule_are_one_line_until_it_is_opened(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule(), rule("disk-full", title="The disk is full", severity="critical"))
        async with tower(alerts=desk) as t:
            t.view.show_page("alerts")
            for number in range(300):
                desk.fire(labels={"core": str(number)}, since=ago(1000 - number))
            desk.fire("disk-full")
            part = t.view.alerts.active
            assert titles(part) == ["The disk is full", "The processor is busy ×300"]
            tap_row(part.list, 1)
            assert len(part.rows) == 302
            first = part.rows.lines[2]
            assert isinstance(first, AlertLine)
            assert first.alert.labels == {"core": "299"}, "the newest first"
            tap_row(part.list, 1)
            assert len(part.rows) == 2
            await click(part.several)
            group = part.rows.lines[1]
            assert isinstance(group, GroupLine)
            part.list.set_current(1)
            part.list.setFocus()
            QTest.keyClick(part.list, Qt.Key.Key_Space)
            assert part.take.text() == "Acknowledge 300"

    on_loop(work())


def test_the_keyboard_reaches_everything(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            t.view.activateWindow()
            alert = desk.fire()
            t.view.show_page("alerts")
            part = t.view.alerts.active
            await until(part.list.hasFocus)
            QTest.keyClick(part.list, Qt.Key.Key_Down)
            QTest.keyClick(part.list, Qt.Key.Key_Return)
            await until(lambda: part.side.is_open)
            assert part.side.details.cause.hasFocus()
            QTest.keyClick(part.side.details.cause, Qt.Key.Key_Escape)
            assert not part.side.is_open
            await until(part.list.hasFocus)
            QTest.keyClick(part.list, Qt.Key.Key_A)
            await until(lambda: desk.alerts[alert.id].state == "acknowledged")
            QTest.keyClick(part.list, Qt.Key.Key_S)
            sheet = find(t.view, SnoozeSheet)
            assert sheet.choices["15 min"].hasFocus()
            QTest.keyClick(sheet.choices["15 min"], Qt.Key.Key_Space)
            await until(lambda: desk.alerts[alert.id].state == "snoozed")

    on_loop(work())


def test_what_somebody_reads_stays_where_it_is(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(*(rule(f"r{n}", title=f"Rule {n}") for n in range(40)))
        async with tower(alerts=desk) as t:
            t.view.show_page("alerts")
            for number in range(40):
                desk.fire(f"r{number}", since=ago(2000 - number))
            part = t.view.alerts.active
            part.list.set_current(0)
            part.list.verticalScrollBar().setValue(600)
            desk.settle(next(iter(desk.alerts)))
            assert part.list.verticalScrollBar().value() == 600, "a change made the list jump"
            assert part.list.current == 0

    on_loop(work())


def test_the_rule_of_an_alert_is_edited_from_it(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            alert = desk.fire()
            t.view.present({"page": "alerts", "alert_id": alert.id})
            part = t.view.alerts.active
            await until(lambda: part.side.is_open)
            part.side.details.wanted.emit("edit_rule")
            editor = t.view.alerts.rules.editor
            assert editor is not None
            assert editor.isVisible()
            assert editor.form.title.text() == "The processor is busy"

    on_loop(work())


def test_the_light_of_the_status_line_leads_here(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            t.view.present({"page": "machine"})
            assert t.view.page == "metrics"
            desk.fire()
            t.view.present({"page": "machine"})
            assert t.view.page == "alerts"

    on_loop(work())
