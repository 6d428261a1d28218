"""Events of ALEX OS come in once each: doubled, out of order, after a lost connection, by push or by asking."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from chainbot_desktop.alexos.simulator import Simulator
from chainbot_desktop.alexos.webhooks import Caller, WebhookIntake
from chainbot_desktop.core.events import AlexOsEventReceived, EventGapDetected
from chainbot_desktop.core.link import LinkState, Verdict
from tests.helpers.alexos import HURRIED, Linked, linked, until

QUICK_HEALTH = 0.02
BOTH = ["documented", "observed"]


async def ready(link: Linked) -> None:
    await link.reaches(LinkState.REGISTERED, LinkState.DEGRADED)
    await until(lambda: link.client.status.bus_connected)


def names(count: int, word: str = "happening") -> list[str]:
    return [f"{word}_{number}" for number in range(count)]


@pytest.mark.parametrize("dialect", BOTH)
async def test_an_event_keeps_what_it_says(tmp_path: Path, dialect: str) -> None:
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        await ready(link)
        simulator.house.publish("alert", {"agent_id": "g1", "message": "warm"}, severity="warning")
        await link.receives("alert")
        (event,) = await link.events("alexos_event_received")
        assert isinstance(event, AlexOsEventReceived)
        assert event.data.payload == {"agent_id": "g1", "message": "warm"}
        assert (event.source, event.severity, event.subject, event.actor) == ("alexos", "warning", "g1", "system:alexos")
        assert event.data.remote_id


async def test_doubled_and_reordered_events_are_one_each(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await ready(link)
        simulator.bad.duplicate = simulator.bad.reorder = True
        for name in names(21):
            simulator.house.publish(name, {})
        simulator.bad.duplicate = simulator.bad.reorder = False
        got = await link.receives(*names(21))
        simulator.house.publish("the_end", {})
        assert sorted(got) == sorted(names(21))
        assert len(await link.receives("the_end")) == 22


async def test_a_webhook_and_the_bus_tell_of_the_same_event(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await ready(link)
        event = simulator.house.publish("door_opened", {})
        await link.receives("door_opened")
        intake = WebhookIntake(link.store.journal, link.store.blobs)
        body = f'{{"event_type": "door_opened", "event_id": "{event["event_id"]}"}}'.encode()
        recorded = await intake.accept("event", body, Caller("system:alexos", is_alexos=True), None)
        assert recorded.event.type == "alexos_event_received"
        assert await link.events("external_event_received") == []


async def test_missed_events_are_read_again_after_a_reconnect(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await ready(link)
        simulator.house.publish("before", {})
        await link.receives("before")
        simulator.bad.drop_sockets = True
        await simulator.drop_sockets()
        for name in names(1200):
            simulator.house.publish(name, {})
        simulator.bad.drop_sockets = False
        got = await link.receives(*names(1200))
        assert got == ["before", *names(1200)]
        assert await link.events("event_gap_detected") == []


async def test_missed_events_are_read_again_after_a_restart_of_ours(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator:
        async with linked(tmp_path, simulator) as link:
            await ready(link)
            simulator.house.publish("before", {})
            await link.receives("before")
        for name in names(30):
            simulator.house.publish(name, {})
        async with linked(tmp_path, simulator) as link:
            assert await link.receives(*names(30)) == ["before", *names(30)]


async def test_what_cannot_be_read_again_is_a_gap(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await ready(link)
        simulator.house.publish("before", {})
        await link.receives("before")
        simulator.house.stored.clear()
        await simulator.drop_sockets()
        found = await link.journals(lambda events: any(isinstance(event, EventGapDetected) for event in events))
        (gap,) = [event for event in found if isinstance(event, EventGapDetected)]
        assert "answers 410" in gap.data.reason
        assert gap.data.disconnected_at <= gap.data.reconnected_at
        assert gap.severity == "warning"


async def test_dropped_sockets_come_back_and_we_register_again(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await ready(link)
        await simulator.drop_sockets()
        await until(lambda: len(simulator.house.registrations) == 2)
        await until(lambda: link.client.status.bus_connected)
        simulator.house.publish("again", {})
        await link.receives("again")
        assert len(await link.events("registration_success")) == 1


async def test_an_open_socket_without_a_pong_is_dead(tmp_path: Path) -> None:
    pace = dataclasses.replace(HURRIED, heartbeat=0.1)
    async with Simulator("observed", health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator, pace=pace) as link:
        await ready(link)
        simulator.bad.deaf_sockets = True
        await until(lambda: not link.client.status.bus_connected)
        simulator.bad.deaf_sockets = False
        await until(lambda: link.client.status.bus_connected)


async def test_a_documented_bus_that_falls_silent_is_dead(tmp_path: Path) -> None:
    pace = dataclasses.replace(HURRIED, heartbeat=0.2)
    async with Simulator("documented") as simulator:
        simulator.bad.deaf_sockets = True
        async with linked(tmp_path, simulator, pace=pace) as link:
            await until(lambda: link.client.status.bus_connected)
            await until(lambda: not link.client.status.bus_connected)
            simulator.bad.deaf_sockets = False
            await ready(link)
            simulator.house.publish("heard", {})
            await link.receives("heard")


async def test_the_observed_store_is_polled_across_restarts(tmp_path: Path) -> None:
    async with Simulator("observed", health_takes=QUICK_HEALTH) as simulator:
        for name in names(50, "old"):
            simulator.house.publish(name, {})
        async with linked(tmp_path, simulator) as link:
            got = await link.receives("old_49")
            assert len(got) <= 20
            for name in names(150):
                simulator.house.publish(name, {})
            got = await link.receives(*names(150))
            assert got[-150:] == names(150)
        for name in names(10, "meanwhile"):
            simulator.house.publish(name, {})
        async with linked(tmp_path, simulator) as link:
            got = await link.receives(*names(10, "meanwhile"))
            assert len(got) == len(set(got))
            assert await link.events("event_gap_detected") == []


async def test_more_than_the_observed_store_lists_is_a_gap(tmp_path: Path) -> None:
    async with Simulator("observed", health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        simulator.house.publish("before", {})
        await link.receives("before")
        for name in names(1500):
            simulator.house.publish(name, {})
        found = await link.journals(lambda events: any(isinstance(event, EventGapDetected) for event in events), 30)
        received = [event for event in found if isinstance(event, AlexOsEventReceived)]
        assert len(received) >= 990
        assert received[-1].data.event_type == "happening_1499"


async def test_an_emptied_store_that_counts_from_one_again(tmp_path: Path) -> None:
    async with Simulator("observed", health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        for name in names(40):
            simulator.house.publish(name, {})
        await link.receives("happening_39")
        simulator.house.stored.clear()
        simulator.house.row_number = 0
        simulator.house.publish("first_of_the_new", {})
        await link.receives("first_of_the_new")


async def test_a_bus_that_talks_nonsense_stays_connected(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await ready(link)
        for queue in simulator._bus._queues.values():
            for text in (
                "nonsense",
                "[]",
                "null",
                '{"event_type": 7}',
                "{" * 500,
                '{"event_type": "x\\u0000y", "data": [1], "severity": 9}',
            ):
                queue.put_nowait(text)
        simulator.house.publish("sane", {})
        got = await link.receives("sane")
        assert got == ["x\x00y", "sane"]
        assert link.row("bus", "/ws/events").verdict is Verdict.WORKS
        assert link.client.status.bus_connected


async def test_a_large_payload_is_kept_beside_the_journal(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator, linked(tmp_path, simulator) as link:
        await ready(link)
        simulator.house.publish("large", {"log": "x" * 100_000})
        await link.receives("large")
        (event,) = await link.events("alexos_event_received")
        reference = event.data.payload["body"]
        body = await link.store.blobs.get(reference["sha256"])
        assert body is not None
        assert len(body) == reference["size"] > 100_000
