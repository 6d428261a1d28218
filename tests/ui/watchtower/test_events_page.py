from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QScroller, QWidget

from chainbot_desktop.alexos.webhooks import Caller
from chainbot_desktop.core.events import AgentSpawned, Recorded, Severity
from chainbot_desktop.core.events.agents import AgentFact
from chainbot_desktop.ui.widgets import MenuSheet
from tests.ui.finding import focused
from tests.ui.watchtower.conftest import Build, Tower, door, doors, until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


def press(widget: QWidget, key: Qt.Key) -> None:
    QTest.keyClick(widget, key)


def tap(tower: Tower, row: int) -> None:
    events = tower.view.events.list
    y = row * events.row_height + events.row_height // 2 - events.verticalScrollBar().value()
    QTest.mouseClick(events.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(100, y))


def button(tower: Tower, text: str) -> QAbstractButton:
    return next(b for b in tower.view.findChildren(QAbstractButton) if b.text() == text and b.isVisible())


def test_fifty_thousand_events_open_at_the_newest_and_page_back(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(50_000)) as t:
            assert t.texts()[0] == "door_opened · number 49999"
            assert "of 50,000 events" in t.view.events.bar.status.text()
            loaded = len(t.view.events.stretch)
            assert loaded <= 1000, "only a page is read at first"
            bar = t.view.events.list.verticalScrollBar()
            for _ in range(20):
                oldest = t.view.events.stretch.oldest
                bar.setValue(bar.maximum())
                await until(lambda oldest=oldest: t.view.events.stretch.oldest < oldest)  # type: ignore[misc]
                await until(lambda: not t.tasks.names)
            assert t.view.events.stretch.oldest <= 50_000 - 20 * 200
            assert len(t.view.events.stretch) <= 3000, "memory has a limit"
            assert not t.view.events.stretch.at_head
            await t.append(door(50_000))
            press(t.view.events.list, Qt.Key.Key_Home)
            await until(lambda: t.view.events.stretch.at_head and t.texts()[0] == "door_opened · number 50000")

    on_loop(work())


def test_what_arrives_is_seen_within_a_moment(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            for number in range(3, 8):
                await t.append(door(number))
                begun = time.monotonic()
                await until(lambda number=number: t.texts()[0] == f"door_opened · number {number}")  # type: ignore[misc]
                assert time.monotonic() - begun < 5

    on_loop(work())


def test_reading_further_down_is_not_disturbed(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(100)) as t:
            events = t.view.events
            events.list.verticalScrollBar().setValue(10 * events.list.row_height)
            before = t.texts()
            await t.append(*doors(30, 100))
            await until(events.pill.isVisible)
            assert "30 new" in events.pill.text()
            assert t.texts() == before
            events.pill.click()
            await until(lambda: t.texts()[0] == "door_opened · number 129")
            assert not events.pill.isVisible()

    on_loop(work())


def test_paused_it_holds_still_and_counts(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            t.view.events.list.setFocus()
            press(t.view.events.list, Qt.Key.Key_Space)
            assert button(t, "Follow")
            await t.append(*doors(5000, 3))
            await until(lambda: "5,000 new" in t.view.events.pill.text())
            assert "dropped here" in t.view.events.pill.text()
            assert t.texts()[0] == "door_opened · number 2"
            assert "paused" in t.view.events.bar.status.text()
            press(t.view.events.list, Qt.Key.Key_Space)
            await until(lambda: t.texts()[0] == "door_opened · number 5002")
            shown = [t.view.events.stretch[n].seq for n in range(len(t.view.events.stretch))]
            assert shown == list(range(5003, 5003 - len(shown), -1)), "a hole where rows were dropped"

    on_loop(work())


def test_a_storm_is_taken_calmly(tower: Build, on_loop: OnLoop) -> None:
    """20,000 events, published as fast as can be: few frames, the newest on top, nothing twice."""

    async def work() -> None:
        async with tower(events=doors(3)) as t:
            frames = 0
            update = t.view.events._pace._update

            def counted() -> int:
                nonlocal frames
                frames += 1
                return update()

            t.view.events._pace._update = counted
            first = t.store.journal.head_seq + 1
            storm = [Recorded(first + n, door(n), "0" * 64, "1" * 64) for n in range(20_000)]
            begun = time.monotonic()
            for start in range(0, len(storm), 50):
                t.store.bus.publish(storm[start : start + 50])
                await asyncio.sleep(0)
            seconds = time.monotonic() - begun
            await until(lambda: t.view.events.stretch.newest == storm[-1].seq)
            assert frames <= seconds / 0.2 + 6, "more than 5 frames a second under a storm"
            shown = [t.view.events.stretch[n].seq for n in range(len(t.view.events.stretch))]
            assert shown == list(range(shown[0], shown[0] - len(shown), -1)), "a hole or a repeat"

    on_loop(work())


def test_hidden_it_costs_an_append(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            t.view.hide()
            frames = 0

            def counted() -> int:
                nonlocal frames
                frames += 1
                return 0

            update, t.view.events._pace._update = t.view.events._pace._update, counted
            await t.append(*doors(4000, 3))
            await asyncio.sleep(0.3)
            assert frames == 0
            assert len(t.view.events._incoming) <= 2000, "memory has a limit"
            t.view.events._pace._update = update
            t.view.show()
            await until(lambda: t.texts() and t.texts()[0] == "door_opened · number 4002")

    on_loop(work())


def test_the_filter_searches_the_journal_and_what_comes(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        events = [*doors(500), door(1000, subject="needle"), *doors(500, 501)]
        async with tower(events=events) as t:
            QTest.keyClick(t.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
            field = t.view.events.bar.field
            assert field.hasFocus()
            QTest.keyClicks(field, "needle")
            await until(lambda: len(t.view.events.stretch) == 1)
            assert t.texts() == ["door_opened · number 1000"]
            await t.append(door(7), door(2000, subject="needle"))
            await until(lambda: len(t.view.events.stretch) == 2)
            assert t.texts()[0] == "door_opened · number 2000"
            press(field, Qt.Key.Key_Escape)
            await until(lambda: len(t.view.events.stretch) > 100)
            press(field, Qt.Key.Key_Down)
            assert t.view.events.list.hasFocus()

    on_loop(work())


def test_a_bad_filter_says_why_and_keeps_the_list(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(5)) as t:
            t.view.events.set_filter("colour:red")
            assert "“colour:” is not a term" in t.view.events.bar.status.text()
            assert len(t.view.events.stretch) == 5
            t.view.events.set_filter("nothinglikeit")
            await until(lambda: not len(t.view.events.stretch))
            assert not t.view.events.list.isVisible(), "an empty view says so"

    on_loop(work())


def test_an_empty_journal_says_what_would_be_here(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            assert not t.view.events.list.isVisible()
            await t.append(door(1))
            await until(lambda: t.view.events.list.isVisible() and t.titles() == ["external_event_received"])

    on_loop(work())


@pytest.mark.parametrize(("width", "covers"), [(720, True), (1200, False)])
def test_a_tap_opens_the_inspector_and_escape_closes_it(tower: Build, on_loop: OnLoop, width: int, covers: bool) -> None:
    async def work() -> None:
        async with tower(width, events=[door(n, room="hall") for n in range(4)]) as t:
            tap(t, 1)
            inspector = t.view.events.inspector
            wanted = t.view.events.stretch[1]
            assert inspector.isVisible()
            assert inspector.event_id == wanted.event.id
            assert t.view.events.list.isVisible() is not covers
            raw = inspector.json.raw.toPlainText()
            assert wanted.hash in raw
            assert '"room": "hall"' in raw
            QTest.keyClick(inspector.json.tree, Qt.Key.Key_Escape)
            assert not inspector.isVisible()
            assert t.view.events.list.hasFocus()

    on_loop(work())


def test_an_event_is_sent_to_the_chat(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=[door(1, room="hall")]) as t:
            tap(t, 0)
            chat = next(b for b in t.view.events.findChildren(QAbstractButton) if b.accessibleName() == "Send to chat")
            assert chat.isVisible()
            QTest.mouseClick(chat, Qt.MouseButton.LeftButton)
            ((key, content),) = t.opened
            assert isinstance(content, dict)
            assert (key, content["attach"]["kind"], content["attach"]["name"]) == ("chat", "event", "event-1.json")
            assert '"room": "hall"' in content["attach"]["text"]

    on_loop(work())


def test_keys_walk_and_open(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772, events=doors(200)) as t:
            events = t.view.events
            events.list.setFocus()
            for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
                press(events.list, key)
            assert events.inspector.event_id == events.stretch[1].event.id
            press(events.list, Qt.Key.Key_Down)
            assert events.inspector.event_id == events.stretch[2].event.id, "the open inspector follows"
            press(events.list, Qt.Key.Key_End)
            assert events.list.current == 199
            press(events.list, Qt.Key.Key_PageUp)
            assert events.list.current < 199
            press(events.list, Qt.Key.Key_Escape)
            assert not events.inspector.isVisible()

    on_loop(work())


def test_the_current_row_moves_with_its_event(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, events=doors(10)) as t:
            tap(t, 2)
            event_id = t.view.events.inspector.event_id
            await t.append(*doors(3, 10))
            await until(lambda: len(t.view.events.stretch) == 13)
            assert t.view.events.list.current == 5
            assert t.view.events.stretch[5].event.id == event_id
            assert t.view.events.inspector.event_id == event_id

    on_loop(work())


def go(t: Tower, label: str) -> None:
    """Open "Go to" and choose the row that begins so."""
    button(t, "Go to").click()
    menus = [menu for menu in t.view.window().findChildren(MenuSheet) if menu.isVisible()]
    (row,) = [row for row in menus[-1].rows if row.text().startswith(label)]
    row.click()


def test_the_inspector_leads_on(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        spawned = AgentSpawned(source="webhook", subject="a-1", data=AgentFact(agent_id="a-1", agent_name="coder"))
        async with tower(events=[door(1, subject="a-1"), door(2), spawned]) as t:
            tap(t, 0)
            go(t, "Agent coder")
            assert t.opened == [("agent-map", {"agent_id": "a-1"})]
            t.view.events.inspector.json.copy_all()
            assert '"agent_spawned"' in QGuiApplication.clipboard().text()
            go(t, "Everything about")
            await until(lambda: len(t.view.events.stretch) == 2)
            assert not t.view.events.inspector.isVisible()

    on_loop(work())


def test_a_large_body_is_fetched(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            digest = await t.store.blobs.put(b'{"big": [1, 2, 3]}')
            gone = {"sha256": "0" * 64, "size": 3}
            await t.append(
                door(1, body={"sha256": digest, "size": 18}),
                door(2, body=gone),
                door(3, file={"sha256": "x", "size": 1, "path": "p"}),
            )
            await until(lambda: len(t.view.events.stretch) == 3)
            tap(t, 2)
            go(t, "The body")
            await until(lambda: '"big"' in t.view.events.inspector.json.raw.toPlainText())
            press(t.view.events.inspector.json.raw, Qt.Key.Key_Escape)
            tap(t, 1)
            go(t, "The body")
            await until(lambda: t.messages)
            assert "no longer kept" in t.messages[-1].text  # type: ignore[attr-defined]
            t.view.events.panel.close_panel()
            tap(t, 0)
            assert not [label for label, *_ in t.view.events.inspector.jumps() if "body" in label], (
                "a digest among other things is not a body of ours"
            )

    on_loop(work())


def test_the_badge_counts_what_wants_a_human_until_it_is_seen(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            t.view.hide()
            await t.append(door(1, attention=True), door(2), door(3, attention=True, severity=Severity.ERROR))
            await until(lambda: t.badges[-1:] == [2])
            t.view.show()
            await until(lambda: t.badges[-1] == 0)
            t.view.show_page("metrics")
            await t.append(door(4, attention=True))
            await until(lambda: t.badges[-1] == 1)
            t.view.show_page("events")
            await until(lambda: t.badges[-1] == 0)

    on_loop(work())


def test_a_finger_scrolls_and_taps(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(100)) as t:
            viewport = t.view.events.list.viewport()
            device = QTest.createTouchDevice()
            assert device.type() == QPointingDevice.DeviceType.TouchScreen
            touch = QTest.touchEvent(viewport, device)
            touch.press(0, QPoint(200, 250), viewport).commit()
            for step in range(1, 16):
                touch.move(0, QPoint(200, 250 - step * 14), viewport).commit()
                await asyncio.sleep(0.01)
            touch.release(0, QPoint(200, 40), viewport).commit()
            await until(lambda: t.view.events.list.verticalScrollBar().value() > 100)
            assert not t.view.events.inspector.isVisible(), "a drag is not a tap"
            await until(lambda: not _gliding(viewport))
            index = t.view.events.list.visible_rows()[2]
            y = index * 48 + 24 - t.view.events.list.verticalScrollBar().value()
            QTest.touchEvent(viewport, device).press(1, QPoint(200, y), viewport).commit()
            QTest.touchEvent(viewport, device).release(1, QPoint(200, y), viewport).commit()
            await until(t.view.events.inspector.isVisible)
            assert t.view.events.inspector.event_id == t.view.events.stretch[index].event.id

    on_loop(work())


def _gliding(viewport: QWidget) -> bool:
    return QScroller.scroller(viewport).state() != QScroller.State.Inactive


def test_a_filter_loses_nothing_in_a_storm(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            t.view.events.set_filter("subject:needle")
            await until(lambda: not len(t.view.events.stretch))
            await t.append(*(door(n, subject="needle" if n % 100 == 0 else "hay") for n in range(10_000)))
            await until(lambda: t.view.events.stretch.newest and not t.tasks.names)
            await until(lambda: len(t.view.events.stretch) == 100)

    on_loop(work())


def test_what_waited_under_another_filter_is_not_called_new(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            t.view.events.bar.set_paused(True)
            await t.append(door(3, severity=Severity.ERROR), door(4))
            await until(t.view.events.pill.isVisible)
            t.view.events.set_filter("severity>=error")
            await until(lambda: t.texts() == ["door_opened · number 3"])
            await until(lambda: not t.tasks.names)
            assert not t.view.events.pill.isVisible()

    on_loop(work())


def test_tab_goes_from_the_pages_to_the_filter_and_then_to_the_list(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            t.view.activateWindow()
            await until(t.view.isActiveWindow)
            t.view.setFocus()
            assert t.view.events.list.hasFocus()
            button(t, "Health").setFocus()
            met = []
            for _ in range(3):
                press(focused(), Qt.Key.Key_Tab)
                met.append(focused())
            assert met == [t.view.events.bar.field, t.view.events.bar.button, t.view.events.list]

    on_loop(work())


def test_a_filter_is_completed_by_a_tap(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        spawned = AgentSpawned(source="webhook", subject="a-1", data=AgentFact(agent_id="a-1", agent_name="coder"))
        async with tower(720, 452, events=[*doors(3), spawned]) as t:
            events = t.view.events
            events.focus_filter()
            QTest.keyClicks(events.bar.field, "spaw")
            await until(events.suggestions.isVisible)
            assert events.suggestions.shown == ["type:agent_spawned"]
            QTest.mouseClick(events.suggestions.buttons[0], Qt.MouseButton.LeftButton)
            assert events.bar.field.text() == "type:agent_spawned "
            await until(lambda: len(events.stretch) == 1)
            assert not events.suggestions.isVisible()
            events.bar.field.clear()
            QTest.keyClicks(events.bar.field, "a")
            assert events.suggestions.isVisible()
            row = events.suggestions
            await until(lambda: all(row.rect().contains(b.geometry()) for b in row.buttons if b.isVisible()))
            assert row.shown == ["actor:", "after:"]
            events.list.setFocus()
            assert not events.suggestions.isVisible()

    on_loop(work())


def test_a_huge_event_is_opened_searched_and_copied_from(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(720, 452) as t:
            rows = [{"name": f"row {number}", "<b>html</b>\u202e": number} for number in range(300)]
            deep: object = "needle"
            for _ in range(50):
                deep = {"x": deep}
            await t.append(door(1, rows=rows, deep=deep))
            await until(lambda: len(t.view.events.stretch) == 1)
            tap(t, 0)
            view = t.view.events.inspector.json
            view.field.setText("needle")
            await until(lambda: view.tree.current_path is not None and len(view.tree.current_path) == 52)
            assert view.count.text() == "1 of 1"
            view.copy_path()
            assert QGuiApplication.clipboard().text() == "data.deep" + ".x" * 50
            view.copy_row()
            assert QGuiApplication.clipboard().text() == "needle"
            view.field.setText("row 299")
            await until(lambda: view.tree.current_path == ("data", "rows", 299, "name"))
            item = view.tree.currentItem()
            assert item is not None
            parent = item.parent()
            assert parent is not None
            assert parent.child(1).text(0) == "<b>html</b>\\u202e"  # type: ignore[union-attr]
            view.show_form("Raw")
            assert "\\u202e" in view.raw.toPlainText()

    on_loop(work())


def test_the_chain_leads_from_cause_to_effect_and_back(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(1200, 772) as t:
            caller = Caller("system:webhook@10.0.0.1")
            started = await t.deliveries.intake.accept("workflow/started", b'{"workflow_id": "w"}', caller)
            failed = await t.deliveries.intake.accept("workflow/failed", b'{"workflow_id": "w", "error": "full"}', caller)
            inspector = t.view.events.inspector
            t.view.present({"event_id": failed.event.id})
            await until(lambda: inspector.event_id == failed.event.id)
            inspector.json.show_form("Chain")
            await until(inspector.chain.list.isVisible)
            titles = [inspector.chain.rows.row(index).title for index in range(len(inspector.chain.rows))]
            assert titles == ["↑ webhook came in", "↑ workflow: workflow_started", "this event: workflow_failed"]
            inspector.chain.list.opened.emit(1)
            await until(lambda: inspector.chain.rows.row(1).title == "this event: workflow_started")
            assert inspector.event_id == started.event.id
            inspector.chain.list.opened.emit(2)
            await until(lambda: inspector.chain.rows.row(2).title == "this event: workflow_failed")
            assert inspector.event_id == failed.event.id
            inspector.chain.list.opened.emit(0)
            await until(lambda: t.view.page == "deliveries" and "no. 1" in t.view.deliveries.panel.detail.text)

    on_loop(work())


def test_a_webhook_is_replayed_from_its_event(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(720, 452) as t:
            caller = Caller("system:webhook@10.0.0.1")
            await t.deliveries.intake.accept("workflow/started", b'{"workflow_id": "w"}', caller)
            await until(lambda: len(t.view.events.stretch) == 1)
            tap(t, 0)
            go(t, "Replay the webhook")
            await until(lambda: [b for b in t.view.findChildren(QAbstractButton) if b.text() == "Replay" and b.isVisible()])
            button(t, "Replay").click()
            await until(lambda: len(t.view.events.stretch) == 2)
            assert t.view.events.stretch[0].event.source == "replay"

    on_loop(work())
