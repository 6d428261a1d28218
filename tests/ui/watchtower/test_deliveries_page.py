"""The Deliveries page: what is listed, what one looks into, and what is decided from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from chainbot_desktop.alexos.backlog import NOT_TOLD
from chainbot_desktop.alexos.webhooks import Caller
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import PUBLIC_TYPES
from chainbot_desktop.core.link import LinkState
from chainbot_desktop.store.deliveries import DeliveryMark, DeliveryTable
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.deliveries_page import DeliveriesPage
from chainbot_desktop.ui.widgets import MenuSheet
from tests.helpers.deliveries import HERE
from tests.ui.watchtower.conftest import Build, Tower, until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]
CALLER = Caller("system:webhook@10.42.69.31")


async def deliver(t: Tower, count: int = 6) -> None:
    """Webhooks come in and become deliveries: one delivered, one that failed twice, one that was given up; one is refused."""
    for number in range(count):
        body = json.dumps(
            {"workflow_id": f"nightly-{number}", "workflow_name": "Nightly backup", "steps": [1, {"a": "b"}]}
        ).encode()
        await t.deliveries.intake.accept("workflow/started", body, CALLER, f"d-{number}")
    with pytest.raises(ChainBotError):
        await t.deliveries.intake.accept("workflow/started", b'{"workflow_id": 7, "x": "<b>bold</b>"}', CALLER)
    t.deliveries.intake.turn_away("event", "system:webhook@10.0.0.9", 401, "This needs a token.")
    await t.deliveries.refusals.close()
    table = DeliveryTable(t.store.database, t.store.journal)
    await table.begin(HERE, 100)
    await table.derive(HERE, PUBLIC_TYPES, NOT_TOLD, 100)
    marks = [
        DeliveryMark(1, "delivered", 0, "", 200, ""),
        DeliveryMark(2, "pending", 2, "2099-01-01T00:00:00.000000Z", 503, "503: come back later"),
    ]
    await table.mark(HERE, marks)
    third = next(one for one in await table.pending(HERE, 0, 10) if one.seq == 3)
    await table.give_up(HERE, third, 3, 422, "422: <script>alert(1)</script> \x1b[31mno such type\u202e")


async def page(t: Tower) -> DeliveriesPage:
    t.view.show_page("deliveries")
    deliveries = t.view.deliveries
    await until(lambda: len(deliveries.stretch))
    return deliveries


def titles(deliveries: DeliveriesPage) -> list[str]:
    return [deliveries.rows.row(index).text for index in deliveries.list.visible_rows()]


async def open_row(t: Tower, deliveries: DeliveriesPage, number: int) -> None:
    index = deliveries.stretch.index_of(number)
    assert index is not None
    y = index * deliveries.list.row_height + 20 - deliveries.list.verticalScrollBar().value()
    QTest.mouseClick(deliveries.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(120, y))
    await until(lambda: deliveries.panel.is_open and not t.tasks.names)


def press(deliveries: DeliveriesPage, text: str) -> None:
    found = [b for b in deliveries.findChildren(QAbstractButton) if b.text() == text and b.isVisible()]
    assert len(found) == 1, text
    found[0].click()


def test_outgoing_ones_are_listed_looked_into_and_tried_again(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(720, 452) as t:
            await deliver(t)
            deliveries = await page(t)
            assert len(deliveries.stretch) == 6
            await until(lambda: "1 given up" in deliveries.bar.status.text())
            assert "1 event is given up" in deliveries.notice.text
            await open_row(t, deliveries, 3)
            assert "422" in deliveries.panel.detail.text
            assert "\\u202e" in deliveries.panel.detail.text, "what turns the line around is written as an escape"
            assert deliveries.panel.detail.json.raw.toPlainText().startswith("{")
            press(deliveries, "Retry now")
            await until(lambda: t.messages and "at once" in t.messages[-1].text)  # type: ignore[attr-defined]
            await until(lambda: "waiting" in deliveries.panel.detail.text)
            row = await t.deliveries.desk.of_event(3)
            assert row is not None
            assert row.state == "pending"
            press(deliveries, "Give up")
            await until(lambda: "given up" in deliveries.panel.detail.text)
            deliveries.panel.detail.event_button.click()
            await until(lambda: t.view.page == "events" and t.view.events.inspector.isVisible())
            assert t.view.events.inspector.event_id == row.event_id

    on_loop(work())


def test_all_at_once(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772) as t:
            await deliver(t)
            deliveries = await page(t)
            await until(deliveries.notice.isVisible)
            press(deliveries, "Retry all")
            await until(
                lambda: "5 events are behind" in deliveries.notice.text or "waiting for the next" in deliveries.notice.text
            )
            press(deliveries, "Give up all")
            await until(lambda: "5 given up" in deliveries.bar.status.text())
            assert t.badges[-1] == 5

    on_loop(work())


def test_destructive_ones_stand_apart(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        for width, height in ((720, 452), (1200, 772)):
            async with tower(width, height) as t:
                await deliver(t)
                deliveries = await page(t)
                await open_row(t, deliveries, 2)
                detail = deliveries.panel.detail
                gap = detail.retry.mapTo(detail, QPoint(0, 0)).x() - detail.give_up.geometry().right()
                assert gap >= 96
                assert min(detail.retry.height(), detail.give_up.height()) >= 48
                return

    on_loop(work())


def test_what_came_in_is_listed_narrowed_and_played_again(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(720, 452) as t:
            await deliver(t)
            deliveries = await page(t)
            deliveries.chips["incoming"].click()
            await until(lambda: len(deliveries.stretch) == 8)
            await until(lambda: "8 kept · 2 of them refused" in deliveries.bar.status.text())
            deliveries.state_button.click()
            (menu,) = [menu for menu in t.view.findChildren(MenuSheet) if menu.isVisible()]
            next(row for row in menu.rows if row.text() == "Refused").click()
            await until(lambda: len(deliveries.stretch) == 2)
            await open_row(t, deliveries, 8)
            assert "not kept" in deliveries.panel.detail.text
            assert not deliveries.panel.detail.replay.isVisible()
            deliveries.panel.close_panel()
            await open_row(t, deliveries, 7)
            assert "<b>bold</b>" in deliveries.panel.detail.json.raw.toPlainText()
            press(deliveries, "Replay…")
            await until(lambda: deliveries.panel._offer.sheet is not None and deliveries.panel._offer.sheet.isVisible())
            assert not [b for b in t.view.findChildren(QAbstractButton) if b.text() == "Replay" and b.isVisible()]
            assert deliveries.panel._offer.sheet is not None
            deliveries.panel._offer.sheet.dismiss()
            deliveries.choose_state("accepted")
            deliveries.bar.field.setText("nightly-2")
            await until(lambda: len(deliveries.stretch) == 1)
            await open_row(t, deliveries, 3)
            press(deliveries, "Replay…")
            await until(lambda: [b for b in t.view.findChildren(QAbstractButton) if b.text() == "Replay" and b.isVisible()])
            head = t.store.journal.head_seq
            next(b for b in t.view.findChildren(QAbstractButton) if b.text() == "Replay" and b.isVisible()).click()
            await until(lambda: t.store.journal.head_seq == head + 1)
            (replayed,) = await t.deliveries.received.of_event(head + 1)
            assert replayed.replay_of == 3

    on_loop(work())


def test_what_arrives_appears_and_whoever_reads_is_left_in_peace(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(720, 452) as t:
            await deliver(t, 40)
            deliveries = await page(t)
            deliveries.show_list("incoming")
            await until(lambda: len(deliveries.stretch) == 42)
            await t.deliveries.intake.accept("workflow/started", b'{"workflow_id": "new"}', CALLER)
            await until(lambda: len(deliveries.stretch) == 43)
            deliveries.list.verticalScrollBar().setValue(500)
            await t.deliveries.intake.accept("workflow/started", b'{"workflow_id": "newer"}', CALLER)
            await until(lambda: "44 kept" in deliveries.bar.status.text())
            assert len(deliveries.stretch) == 43
            assert deliveries.list.verticalScrollBar().value() == 500
            assert "holding" in deliveries.bar.status.text()
            deliveries.list.scroll_to_top()
            await until(lambda: len(deliveries.stretch) == 44)

    on_loop(work())


def test_while_alex_os_is_away_it_says_how_many_wait(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(720, 452) as t:
            t.link.become(t.link.status.model_copy(update={"outbox_pending": 1204, "state": LinkState.RETRYING}))
            t.view.show_page("deliveries")
            deliveries = t.view.deliveries
            await until(deliveries.notice.isVisible)
            assert "1,204 events are behind" in deliveries.notice.text
            assert "Nobody answers." in deliveries.notice.text
            assert deliveries._empty.isVisible()

    on_loop(work())


def test_the_link_page_leads_here(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            await deliver(t)
            t.view.show_page("link")
            t.view.link.deliveries.click()
            assert t.view.page == "deliveries"
            t.view.present({"page": "deliveries", "outgoing": 3})
            await until(lambda: t.view.deliveries.panel.is_open)
            assert "#3" in t.view.deliveries.panel.detail.text
            t.view.present({"page": "deliveries", "incoming": 7})
            await until(lambda: "no. 7" in t.view.deliveries.panel.detail.text)
            t.view.present({"page": "deliveries", "incoming": 700})
            await until(lambda: t.messages and "no. 700" in t.messages[-1].text)  # type: ignore[attr-defined]

    on_loop(work())


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("name", "width", "height"), [("7in", 720, 452), ("10in", 1200, 772)])
def test_screens(
    tower: Build, on_loop: OnLoop, theme_source: ThemeSource, shoot: Any, theme: Any, name: str, width: int, height: int
) -> None:
    async def work() -> None:
        theme_source.select(theme)
        async with tower(width, height) as t:
            t.link.become(t.link.status.model_copy(update={"outbox_pending": 1204}))
            await deliver(t, 12)
            deliveries = await page(t)
            await until(deliveries.notice.isVisible)
            shoot(t.view, f"deliveries-outgoing-{name}-{theme}")
            await open_row(t, deliveries, 2)
            shoot(t.view, f"deliveries-one-{name}-{theme}")
            deliveries.show_list("incoming")
            await until(lambda: len(deliveries.stretch) == 14)
            shoot(t.view, f"deliveries-incoming-{name}-{theme}")
            await open_row(t, deliveries, 13)
            shoot(t.view, f"deliveries-refused-{name}-{theme}")
            await open_row(t, deliveries, 2) if not deliveries.panel.covers else deliveries.panel.close_panel()
            await deliveries.panel._offer.make(2)
            shoot(t.view, f"deliveries-replay-{name}-{theme}")
            assert deliveries.panel._offer.sheet is not None
            deliveries.panel._offer.sheet.dismiss()
            await t.deliveries.intake.accept("workflow/failed", b'{"workflow_id": "nightly-2", "error": "disk full"}', CALLER)
            await t.deliveries.replay.replay(2, "user:admin")
            t.view.show_page("events")
            recorded = (await t.store.journal.events_at([3]))[0]
            t.view.events._go_to(recorded)
            shoot(t.view, f"inspector-tree-{name}-{theme}")
            t.view.events.inspector.json.show_form("Chain")
            await until(t.view.events.inspector.chain.list.isVisible)
            shoot(t.view, f"inspector-chain-{name}-{theme}")
            t.view.events.inspector._on_go()
            shoot(t.view, f"inspector-go-{name}-{theme}")
            t.view.findChildren(MenuSheet)[-1].dismiss()
            t.view.events.inspector.json.show_form("Tree")
            t.view.events.inspector.json.field.setText("nightly")
            await until(lambda: t.view.events.inspector.json.count.text() == "1 of 3")
            shoot(t.view, f"inspector-find-{name}-{theme}")
            t.view.events.panel.close_panel()
            t.view.events.focus_filter()
            QTest.keyClicks(t.view.events.bar.field, "type:work")
            await until(t.view.events.suggestions.isVisible)
            shoot(t.view, f"events-suggestions-{name}-{theme}")

    on_loop(work())
