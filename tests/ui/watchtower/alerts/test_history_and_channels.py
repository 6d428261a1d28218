"""What fired before, page by page; where alerts are told; and quiet."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtTest import QTest

from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.alerts.history_filter import HistoryFilterSheet
from chainbot_desktop.ui.widgets import MenuSheet
from chainbot_desktop.watch.alerts.records import Channel
from tests.ui.finding import find
from tests.ui.watchtower.alerts.acting import click, tap_row
from tests.ui.watchtower.alerts.desk import MemoryDesk, ago, rule
from tests.ui.watchtower.conftest import Build, until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


def with_past(count: int) -> MemoryDesk:
    desk = MemoryDesk(rule(), rule("disk-full", title="The disk is full", severity="critical"))
    for number in range(count):
        begun = 100_000 - number * 10
        desk.fire(
            "disk-full" if number % 10 == 0 else "cpu-busy",
            id=f"{number:08d}",
            summary=f"number {number}",
            state="resolved",
            since=ago(begun),
            fired_at=ago(begun),
            resolved_at=ago(begun - 300),
        )
    return desk


def test_the_past_is_read_page_by_page(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(alerts=with_past(350)) as t:
            t.view.present({"page": "alerts", "part": "history"})
            part = t.view.alerts.history
            await until(lambda: len(part.rows) == 100)
            assert part._alerts[0].summary == "number 349", "the newest first"
            bar = part.list.verticalScrollBar()
            for expected in (200, 300, 350):
                bar.setValue(bar.maximum())
                await until(lambda: len(part.rows) == expected)  # noqa: B023 (awaited at once)
            ids = [alert.id for alert in part._alerts]
            assert ids == sorted(ids, reverse=True)
            assert part.rows.asides(part._alerts[0])[1][0] == "lasted 5 min"

    on_loop(work())


def test_filters_look_through_all_pages(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(alerts=with_past(350)) as t:
            t.view.present({"page": "alerts", "part": "history"})
            part = t.view.alerts.history
            await until(lambda: len(part.rows) == 100)
            QTest.keyClicks(part.field, "number 17")
            expected = [f"number {n}" for n in reversed(range(350)) if "17" in str(n)]
            await until(lambda: len(part.rows) == len(expected) and not part.busy)
            assert [alert.summary for alert in part._alerts] == expected
            part.field.clear()
            await click(part.choose)
            sheet = find(t.view, HistoryFilterSheet)
            # What is pending is kept nowhere: asked for, it would find nothing.
            await click(sheet.state)
            menu = [menu for menu in t.view.findChildren(MenuSheet) if menu.is_open][-1]
            assert [row.text() for row in menu.rows] == ["Any", "Firing", "Acknowledged", "Snoozed", "Resolved"]
            await click(menu.rows[0])
            await click(sheet.severity)
            menu = [menu for menu in t.view.findChildren(MenuSheet) if menu.is_open][-1]
            await click(next(row for row in menu.rows if row.text() == "Critical"))
            sheet._on_show()
            sheet.dismiss()
            await until(lambda: not part.busy and all(alert.severity == "critical" for alert in part._alerts))
            assert len(part.rows) >= 20
            bar = part.list.verticalScrollBar()
            for _ in range(6):
                bar.setValue(bar.maximum())
                await until(lambda: not part.busy)
            assert len(part.rows) == 35
            assert part.choose.text() == "Filter: on"

    on_loop(work())


def test_what_fires_now_comes_on_top_and_the_reader_stays(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = with_past(150)
        async with tower(alerts=desk) as t:
            t.view.present({"page": "alerts", "part": "history"})
            part = t.view.alerts.history
            await until(lambda: len(part.rows) == 100)
            bar = part.list.verticalScrollBar()
            bar.setValue(1200)
            top = part._alerts[part.list.visible_rows()[0]].id
            desk.fire(id="00000900", summary="the newest")
            await until(lambda: part._alerts[0].summary == "the newest")
            assert part._alerts[part.list.visible_rows()[0]].id == top
            desk.settle("00000900")
            await until(lambda: part._alerts[0].state == "resolved")
            assert len({alert.id for alert in part._alerts}) == len(part._alerts), "an alert twice"

    on_loop(work())


def test_nothing_yet_nothing_found_and_a_refusal(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(alerts=desk) as t:
            t.view.present({"page": "alerts", "part": "history"})
            part = t.view.alerts.history
            await until(lambda: part._empty._title.text() == "Nothing fired yet")
            desk.fire()
            await until(lambda: len(part.rows) == 1)
            QTest.keyClicks(part.field, "xyzzy")
            await until(lambda: part._empty._title.text() == "Nothing found")
            desk.failure = Unavailable("The database is busy.")
            part.field.clear()
            await until(lambda: t.messages)
            message = t.messages[-1]
            assert isinstance(message, Message)
            assert message.text == "The database is busy."
            desk.failure = None
            assert message.action is not None
            message.action()
            await until(lambda: len(part.rows) == 1)

    on_loop(work())


def test_one_of_the_past_opens(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772, alerts=with_past(5)) as t:
            t.view.present({"page": "alerts", "part": "history"})
            part = t.view.alerts.history
            await until(lambda: len(part.rows) == 5)
            tap_row(part.list, 0)
            await until(lambda: part.side.is_open)
            assert part.side.details.acknowledge.isHidden(), "it is settled"
            assert "number 4" in part.side.details.text
            tap_row(part.list, 2)
            await until(lambda: "number 2" in part.side.details.text)

    on_loop(work())


def test_channels_say_how_they_fare_and_are_tested(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(1200, 772, alerts=desk) as t:
            t.view.present({"page": "alerts", "part": "channels"})
            part = t.view.alerts.channels
            text = part.text
            for piece in (
                "This panel",
                "ALEX OS",
                "http://alex:8000",
                "Last: delivered 3 min ago",
                "mail (Email)",
                "me@example.org",
            ):
                assert piece in text, piece
            desk.channel_list[1] = Channel("alexos", "alexos", "http://alex:8000", True, last=f"1 told at {ago(0)}")
            desk.tell()
            await until(lambda: "Last: 1 told at " in part.cards[1].text)
            assert "Z" not in part.cards[1].text, "the time of a machine"
            await click(part.cards[1].test)
            await until(lambda: desk.sent == ["alexos"])
            desk.channel_list[2] = Channel("mail", "email", "me@example.org", True)
            desk.tell()
            await until(lambda: len(t.messages) == 1)
            await click(part.cards[2].test)
            await until(lambda: len(t.messages) == 2)
            assert t.messages[-1] == Message(
                "The server of the mail did not answer.", "error", "Look at alerts.email in the settings."
            )
            await until(part.cards[2].test.isEnabled)

    on_loop(work())


def test_mute_is_seen_on_every_part_and_ended(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        desk = MemoryDesk(rule())
        async with tower(1200, 772, alerts=desk) as t:
            page = t.view.alerts
            t.view.present({"page": "alerts", "part": "channels"})
            assert not page.quiet.isVisible()
            await click(page.channels.hour)
            await until(page.quiet.isVisible)
            assert page.quiet.text.startswith("Quiet until ")
            page.show_part("active")
            await click(page.quiet.end)
            await until(lambda: not page.quiet.isVisible())
            assert desk.quiet_until == ""
            desk.hours_until = ago(-7200)
            await desk.mute(3600, actor="device:panel")
            await click(page.quiet.end)
            await until(lambda: t.messages[-1] == Message("The mute is over; the quiet hours of the settings go on.", "info"))
            assert page.quiet.isVisible()

    on_loop(work())
