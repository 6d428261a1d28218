"""The canonical index: guests come, change and go as events; ours that it lacks are announced."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from chainbot_desktop.alexos.identity import OwnAgent
from chainbot_desktop.alexos.listing import differs, read_listing
from chainbot_desktop.alexos.simulator import Simulator
from chainbot_desktop.alexos.simulator.house import guest
from chainbot_desktop.core.events import GuestAppeared, GuestChanged, GuestLeft
from chainbot_desktop.core.json_codec import JsonObject
from tests.helpers.alexos import HURRIED, linked, until

QUICK_HEALTH = 0.02
BOTH = ["documented", "observed"]


@pytest.mark.parametrize("dialect", BOTH)
async def test_guests_come_change_and_go(tmp_path: Path, dialect: str) -> None:
    async with Simulator(dialect, health_takes=QUICK_HEALTH) as simulator, linked(tmp_path, simulator) as link:
        found = await link.journals(lambda events: len([e for e in events if isinstance(e, GuestAppeared)]) == 5)
        harry = next(event for event in found if isinstance(event, GuestAppeared) and event.data.name == "Harry")
        assert (harry.source, harry.subject, harry.data.status) == ("alexos", harry.data.agent_id, "online")
        simulator.house.agents[harry.data.agent_id]["status"] = "degraded"
        simulator.house.publish("agent_status_update", {"agent_id": harry.data.agent_id})
        found = await link.journals(lambda events: any(isinstance(e, GuestChanged) for e in events))
        (changed,) = [event for event in found if isinstance(event, GuestChanged)]
        assert (changed.data.name, changed.data.status) == ("Harry", "degraded")
        del simulator.house.agents[harry.data.agent_id]
        simulator.house.publish("agent_terminated", {"agent_id": harry.data.agent_id})
        found = await link.journals(lambda events: any(isinstance(e, GuestLeft) for e in events))
        (left,) = [event for event in found if isinstance(event, GuestLeft)]
        assert left.data.name == "Harry"
        await until(lambda: link.client.status.guests == 4)
        simulator.house.agents["new"] = guest("new", "Visitor", "device", "")
        simulator.house.publish("agent_spawned", {"agent_id": "new"})
        await until(lambda: link.client.status.guests == 5)


async def test_guests_are_there_as_soon_as_we_are_registered(tmp_path: Path) -> None:
    """However busy the house is: agent events put a comparison off, a registration does not."""
    pace = dataclasses.replace(HURRIED, debounce=60)
    async with Simulator("documented", pace=0.01) as simulator, linked(tmp_path, simulator, pace=pace) as link:
        await until(lambda: link.client.status.guests >= 2)


async def test_the_index_is_compared_by_the_clock_too(tmp_path: Path) -> None:
    pace = dataclasses.replace(HURRIED, index=0.1)
    async with Simulator("documented") as simulator, linked(tmp_path, simulator, pace=pace) as link:
        await until(lambda: link.client.status.guests == 5)
        simulator.house.agents["new"] = guest("new", "Visitor", "device", "")
        await until(lambda: link.client.status.guests == 6)


async def test_guests_are_known_after_a_restart(tmp_path: Path) -> None:
    async with Simulator("documented") as simulator:
        async with linked(tmp_path, simulator) as link:
            await until(lambda: link.client.status.guests == 5)
        gone = simulator.house.agents.popitem()[1]
        async with linked(tmp_path, simulator) as link:
            assert link.client.status.guests == 5
            found = await link.journals(lambda events: any(isinstance(e, GuestLeft) for e in events))
            assert len([event for event in found if isinstance(event, GuestAppeared)]) == 5
            assert [event.data.name for event in found if isinstance(event, GuestLeft)] == [gone["name"]]


async def test_ours_are_announced_and_are_no_guests(tmp_path: Path) -> None:
    ours = [OwnAgent("p1", "Painter", "painter")]
    pace = dataclasses.replace(HURRIED, index=0.1)
    async with Simulator("documented") as simulator, linked(tmp_path, simulator, ours=lambda: ours, pace=pace) as link:
        await until(lambda: "p1" in simulator.house.agents)
        assert simulator.house.agents["p1"]["name"] == "Painter"
        ours.append(OwnAgent("p2", "Potter"))
        await until(lambda: "p2" in simulator.house.agents)
        assert link.client.status.guests == 5
        announced = [row for row in simulator.house.received if row["event_type"] == "agent_spawned"]
        assert [row["data"]["agent_id"] for row in announced] == ["p1", "p2"]


async def test_what_cannot_be_announced_is_said(tmp_path: Path) -> None:
    ours = (OwnAgent("p1", "Painter"),)
    async with (
        Simulator("observed", health_takes=QUICK_HEALTH) as simulator,
        linked(tmp_path, simulator, ours=lambda: ours) as link,
    ):
        await until(lambda: link.client.status.guests == 5)
        await until(lambda: link.row("index", "/api/agents/").detail == "1 of our agents cannot be announced")


def nobody(_agent_id: str, _row: JsonObject) -> bool:
    return False


def test_a_listing_in_any_shape() -> None:
    row = {"id": 7, "name": "Seven\nof nine", "type": "drone", "status": None, "extra": {"a": 1}}
    for value in ([row], {"agents": [row]}, {"items": [row], "next": None}):
        listing = read_listing(value, nobody)
        (found,) = listing.guests.values()
        assert (found.agent_id, found.name, found.agent_type, found.status) == ("7", "Seven of nine", "drone", "")
        assert found.details == {"extra": {"a": 1}}
        assert listing.complete


@pytest.mark.parametrize("value", [None, 3, "agents", {}, {"agents": None}, {"agents": {"a": 1}}])
def test_what_is_no_listing(value: object) -> None:
    assert not read_listing(value, nobody).usable


def test_unreadable_rows_are_counted_and_do_not_make_others_leave() -> None:
    listing = read_listing([{"uuid": "a"}, {}, None, {"uuid": "a"}, {"uuid": "x" * 300}], nobody)
    assert set(listing.guests) == {"a"}
    assert not listing.complete
    assert "3 of 5" in listing.problem
    assert "1 are listed twice" in listing.problem


def test_clocks_in_a_row_are_no_change() -> None:
    first = read_listing([{"uuid": "a", "last_seen": 1, "updated_at": "x", "score": 1}], nobody).guests["a"]
    later = read_listing([{"uuid": "a", "last_seen": 2, "updated_at": "y", "score": 1}], nobody).guests["a"]
    better = read_listing([{"uuid": "a", "last_seen": 2, "updated_at": "y", "score": 2}], nobody).guests["a"]
    assert not differs(first, later)
    assert differs(first, better)
