"""Metrics, Link, Health, and the window around them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from chainbot_desktop.core.link import DialectRow, LinkState, LinkStatus, Verdict
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.pace import SLOWEST_MS
from chainbot_desktop.watch.checks import Check, Level
from chainbot_desktop.watch.health import Health
from tests.ui.watchtower.conftest import Build, door, doors, until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


STATUS = LinkStatus(
    state=LinkState.DEGRADED,
    reason="Registration is refused.",
    registry_url="http://alex:8000",
    event_bus_url="ws://alex:8000/ws",
    dialect="observed",
    bus_connected=True,
    attempts=3,
    outbox_pending=12,
    outbox_given_up=2,
    guests=4,
    rows=(
        DialectRow(
            capability="registration", path="/api/agents/", verdict=Verdict.REFUSES, status=405, detail="Method not allowed"
        ),
        DialectRow(capability="events", path="/api/events/", verdict=Verdict.WORKS, status=200),
    ),
)


def test_the_link_is_told_as_it_is(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("link")
            assert "retrying" in t.view.link.text
            assert "Nobody answers." in t.view.link.text
            t.link.become(STATUS)
            text = t.view.link.text
            for part in (
                "degraded",
                "Registration is refused.",
                "http://alex:8000",
                "observed",
                "3 attempts",
                "12 waiting",
                "2 refused",
            ):
                assert part in text
            for part in (
                "4 agents",
                "Registration: refuses",
                "status 405",
                "Method not allowed",
                "/api/agents/",
                "Events: works",
            ):
                assert part in text
            t.link.become(STATUS.model_copy(update={"rows": STATUS.rows[:1]}))
            assert "Events: works" not in t.view.link.text
            t.link.become(LinkStatus(state=LinkState.DISABLED))
            assert "disabled" in t.view.link.text
            t.view.show_page("events")
            assert t.link.listeners == 0

    on_loop(work())


def test_health_says_what_is_wrong_and_what_to_do(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("health")
            assert "Not assessed yet" in t.view.health.text
            t.health.record_task_failure("outbox", RuntimeError("boom"))
            await t.metrics.open()
            await until(lambda: "Degraded" in t.view.health.text)
            assert "outbox: RuntimeError" in t.view.health.text
            assert "Logs has the traceback." in t.view.health.text
            assert t.view.health.text.index("Background work") < t.view.health.text.index("Memory"), "the worst first"

    on_loop(work())


@pytest.mark.parametrize(
    ("check", "page"),
    [
        ("cpu", "metrics"),
        ("journal", "metrics"),
        ("power", "metrics"),
        ("writing", "metrics"),
        ("tasks", "logs"),
        ("link", "link"),
        ("clock", "metrics"),
    ],
)
def test_a_failing_check_leads_to_its_cause(tower: Build, on_loop: OnLoop, check: str, page: str) -> None:
    async def work() -> None:
        async with tower() as t:
            t.view.show_page("health")
            ill = Check(check, "Something", Level.WARNING, "It is not well.", "Look at it.")
            well = Check("disk", "Disk", Level.OK, "The disk has room.")
            t.view.health._show(Health("degraded", (well, ill)))
            first, second = t.view.health._cards
            await until(lambda: first.button.isVisible() and first.button.height() >= 48)
            assert not second.button.isVisible(), "a way to the cause of what is well"
            QTest.mouseClick(first.button, Qt.MouseButton.LeftButton)
            assert t.view.page == page

    on_loop(work())


def test_a_blocker_has_no_page_of_its_own(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            t.view.show_page("health")
            blocked = Check("blocker0", "Blocked", Level.WARNING, "A workflow waits.")
            refused = Check("deliveries", "Deliveries", Level.NOTICE, "1 delivery was refused by ALEX OS for good.")
            t.view.health._show(Health("degraded", (blocked, refused)))
            first, second = t.view.health._cards
            await until(second.button.isVisible)
            assert not first.button.isVisible()
            QTest.mouseClick(second.button, Qt.MouseButton.LeftButton)
            assert t.view.page == "deliveries"

    on_loop(work())


def test_present_goes_to_what_is_asked_for(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(300)) as t:
            old = (await t.store.journal.read(EventQuery(limit=1)))[0]
            t.view.present({"page": "logs"})
            assert t.view.page == "logs"
            t.view.present({"event_id": old.event.id})
            await until(lambda: t.view.events.inspector.event_id == old.event.id)
            assert t.view.page == "events"
            t.view.present({"event_id": "no-such-id"})
            await until(lambda: t.messages)
            await t.append(door(1, subject="front door"))
            t.view.present({"subject": "front door"})
            await until(lambda: len(t.view.events.stretch) == 1)
            t.view.present({"page": "machine"})
            assert t.view.page == "metrics"
            t.view.present({"page": "no such page", "other": 3})
            assert t.view.page == "metrics"

    on_loop(work())


def test_every_command_runs(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            commands = {command.id: command for command in t.view.commands()}
            commands["watchtower.metrics"].run()
            assert t.view.page == "metrics"
            commands["watchtower.filter"].run()
            assert t.view.page == "events"
            assert t.view.events.bar.field.hasFocus()
            commands["watchtower.pause"].run()
            assert t.view.events.bar.is_paused

    on_loop(work())


def test_the_pace_slows_with_what_a_frame_costs(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            pace = t.view.events._pace
            pace._cost, pace._rate = 0.0, 0.0
            assert pace.interval_ms == 16
            pace.spent(0.02)
            assert pace.interval_ms == 100
            pace.spent(1.0)
            assert pace.interval_ms == SLOWEST_MS

    on_loop(work())


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("name", "width", "height"), [("800", 720, 452), ("1280", 1200, 772)])
def test_screens(
    tower: Build, on_loop: OnLoop, theme_source: ThemeSource, shoot: Any, theme: Any, name: str, width: int, height: int
) -> None:
    async def work() -> None:
        theme_source.select(theme)
        events = [door(n, room="hall", subject=f"door-{n % 3}", attention=n % 7 == 0) for n in range(60)]
        async with tower(width, height, events=events) as t:
            t.link.become(STATUS)
            await t.metrics.open()
            t.bench.say("a warning\nTraceback\nKeyError: 'x'", level=30)
            for page in ("events", "logs", "metrics", "link", "health"):
                t.view.show_page(page)
                await until(lambda: t.health.current.checks and t.metrics.figures.get("cpu") is not None)
                await asyncio.sleep(0.3)
                picture = QImage(str(shoot(t.view, f"watchtower-{page}-{name}-{theme}")))
                assert (picture.width(), picture.height()) == (width, height)
                chip = t.view.strip.chips[page]
                assert t.view.strip.rect().contains(chip.mapTo(t.view.strip, chip.rect().bottomRight())), "its name is cut off"

    on_loop(work())


def test_focus_follows_the_page(tower: Build, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with tower(events=doors(3)) as t:
            t.view.activateWindow()
            QTest.keyClick(t.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
            t.view.show_page("logs")
            assert t.view.isAncestorOf(t.view.focusWidget()), "the keys of the window are dead"
            t.bench.say("hello")
            await until(t.view.logs.view.isVisible)
            t.view.show_page("events")
            t.view.show_page("logs")
            assert t.view.logs.view.hasFocus()

    on_loop(work())
