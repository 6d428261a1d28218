"""The directory beside a real journal: complete after every start, whatever happened before, and true while events come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainbot_desktop.agents.directory import SNAPSHOT, AgentDirectory
from chainbot_desktop.agents.fold import AgentFold
from chainbot_desktop.agents.records import Agent, DirectoryChange, Entanglement, Place
from chainbot_desktop.core.errors import InvalidInput, NotFound
from chainbot_desktop.core.events import Event, Recorded
from tests.helpers.agent_events import (
    disentangled,
    entangled,
    guest_appeared,
    guest_changed,
    guest_left,
    health_reported,
    moved,
    spawned,
    terminated,
)
from tests.helpers.stores import Store, open_store

Contents = tuple[tuple[Agent, ...], tuple[Entanglement, ...], dict[str, Place]]


def directory_of(store: Store, snapshot_delay: float = 3600) -> AgentDirectory:
    return AgentDirectory(store.journal, store.bus, store.snapshots, snapshot_delay=snapshot_delay)


def contents(directory: AgentDirectory) -> Contents:
    return directory.agents, directory.entanglements, dict(directory._fold.spare_places)


async def append_all(store: Store, events: Sequence[Event]) -> None:
    await asyncio.gather(*(store.journal.append(event) for event in events))


async def test_what_happened_before_the_start_and_after_it_is_there(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await append_all(store, [spawned("a", agent_name="Coder"), spawned("b"), entangled("e", "a", "b")])
        directory = directory_of(store)
        await directory.open()
        changes: list[DirectoryChange] = []
        cancel = directory.subscribe(changes.append)
        await append_all(store, [terminated("b"), spawned("c")])
        cancel()
        await store.journal.append(spawned("d"))
        assert [agent.name for agent in directory.agents] == ["Coder", "b", "c", "d"]
        assert not directory.entanglements
        assert changes == [DirectoryChange(frozenset("b"), frozenset("e")), DirectoryChange(frozenset("c"))]
        await directory.close()


async def test_events_that_come_while_the_past_is_read_count_once(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await append_all(store, [spawned(f"old{n}") for n in range(2500)])
        directory = directory_of(store)
        opening = asyncio.ensure_future(directory.open())
        await append_all(store, [event for n in range(300) for event in (spawned(f"new{n}"), moved(f"old{n}", n, 0))])
        await opening
        await append_all(store, [spawned("last")])
        expected = [f"old{n}" for n in range(2500)] + [f"new{n}" for n in range(300)] + ["last"]
        assert [agent.id for agent in directory.agents] == expected
        assert directory.get("old299") is not None
        assert directory.agents[299].place == Place(299, 0)
        await directory.close()


async def test_a_start_after_a_clean_stop_reads_only_what_is_new(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        first = directory_of(store)
        await first.open()
        await append_all(store, [spawned("a", budget={"tokens": 5}), moved("a", 1, 2), moved("ghost", 3, 4), spawned("b")])
        await first.close()
        await append_all(store, [spawned("c"), entangled("e", "a", "c")])
    async with open_store(tmp_path) as store:
        stored = await store.snapshots.load(SNAPSHOT)
        assert stored is not None
        assert stored[0] == 4
        second = directory_of(store)
        await second.open()
        assert [agent.id for agent in second.agents] == ["a", "b", "c"]
        assert second.agents[:2] == first.agents
        assert [link.id for link in second.entanglements_of("a")] == ["e"]
        await second.close()


async def test_a_snapshot_is_taken_from_time_to_time(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        directory = directory_of(store, snapshot_delay=0)
        await directory.open()
        await store.journal.append(spawned("a"))
        async with asyncio.timeout(5):
            while (stored := await store.snapshots.load(SNAPSHOT)) is None:
                pass  # each look is a turn of the loop
        assert stored[0] == 1
        await directory.close()


@pytest.mark.parametrize("state", [{"version": 99}, {"version": 1, "agents": [{"id": 3}]}, None, "text"])
async def test_a_snapshot_that_cannot_be_read_costs_only_time(
    tmp_path: Path, state: object, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_store(tmp_path) as store:
        await append_all(store, [spawned("a"), spawned("b")])
        await store.snapshots.save(SNAPSHOT, 2, state)
        directory = directory_of(store)
        await directory.open()
        assert [agent.id for agent in directory.agents] == ["a", "b"]
        assert "cannot be read" in caplog.text
        await directory.close()


async def test_a_snapshot_from_beyond_the_journal_is_left_aside(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.journal.append(spawned("a"))
        await store.snapshots.save(SNAPSHOT, 50, {"version": 1, "agents": [], "entanglements": [], "spare_places": []})
        directory = directory_of(store)
        await directory.open()
        assert [agent.id for agent in directory.agents] == ["a"]
        await directory.close()


async def test_moving_an_agent_is_an_event_of_who_moved_it(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        directory = directory_of(store)
        await directory.open()
        await store.journal.append(spawned("a"))
        recorded = await directory.move("a", 12.5, -7, "user:ann")
        assert (recorded.event.actor, recorded.event.subject) == ("user:ann", "a")
        assert directory.agents[0].place == Place(12.5, -7)
        with pytest.raises(NotFound):
            await directory.move("nobody", 0, 0, "user:ann")
        for x in (float("nan"), float("inf"), 2e6):
            with pytest.raises(InvalidInput):
                await directory.move("a", x, 0, "user:ann")
        assert store.journal.head_seq == 2
        await directory.close()


async def test_the_documents_are_what_clients_read(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        directory = directory_of(store)
        await directory.open()
        await append_all(
            store,
            [
                spawned(
                    "a", agent_name="Coder", agent_type="assistant", status="running", model="qwen3", capabilities=["edit"]
                ),
                spawned("b"),
                guest_appeared("g", status="online"),
                entangled("e", "a", "b", name="review"),
                moved("a", 10, 20),
            ],
        )
        document = directory.map_document()
        assert document["layout"] == {"a": {"x": 10, "y": 20}}
        assert document["connections"][0]["connections"] == [{"source": "a", "target": "b"}]
        first = directory.list_document()[0]
        for key in ("id", "name", "type", "status", "capabilities", "created_at", "last_active", "metadata"):
            assert key in first
        assert (first["status"], first["status_word"], first["capabilities"]) == ("working", "running", ["edit"])
        assert [row["id"] for row in directory.list_document(guests=False, model_backed=False)] == ["b"]
        assert [row["id"] for row in directory.list_document(model_backed=True)] == ["a"]
        assert [row["id"] for row in directory.list_document()] == ["a", "b", "g"]
        await directory.close()


async def test_ten_thousand_agents_are_read_soon(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for start in range(0, 10_000, 5_000):
            events = [spawned(f"agent-{n}", agent_name=f"Agent {n}", status="running") for n in range(start, start + 5_000)]
            await append_all(store, events)
        cold = directory_of(store)
        begun = time.monotonic()
        await cold.open()
        from_journal = time.monotonic() - begun
        await cold.close()
        warm = directory_of(store)
        begun = time.monotonic()
        await warm.open()
        from_snapshot = time.monotonic() - begun
        assert len(warm.agents) == 10_000
        assert warm.agents == cold.agents
        print(f"10,000 agents: {from_journal:.2f} s from the journal, {from_snapshot:.2f} s from the snapshot")
        assert from_journal < 10
        assert from_snapshot < 5
        await warm.close()


IDS = st.sampled_from(["a", "b", "c", "d"])
WORDS = st.sampled_from(["running", "idle", "failed", "offline", "strange", None])
NAMES = st.sampled_from(["Coder", "Twin", None])
COORDINATES = st.floats(-1000, 1000).map(lambda value: round(value, 3))
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(lambda i, w, n, t: spawned(i, status=w, agent_name=n, requires_attention=t), IDS, WORDS, NAMES, st.booleans()),
    st.builds(lambda i, w: terminated(i, status=w), IDS, WORDS),
    st.builds(moved, IDS, COORDINATES, COORDINATES),
    st.builds(lambda i, w: guest_appeared(i, status=w or ""), IDS, WORDS),
    st.builds(lambda i, w: guest_changed(i, status=w or ""), IDS, WORDS),
    st.builds(guest_left, IDS),
    st.builds(lambda e, m: entangled(e, *m), st.sampled_from(["x", "y"]), st.lists(IDS, max_size=4)),
    st.builds(disentangled, st.sampled_from(["x", "y"])),
    st.builds(lambda n, w: health_reported(n, status_id=w), st.sampled_from(["a", "Coder", "Twin", "z"]), WORDS),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, max_size=30), st.lists(EVENTS, max_size=15), st.lists(EVENTS, max_size=15))
def test_however_it_is_read_the_journal_tells_one_story(before: list[Event], live: list[Event], later: list[Event]) -> None:
    asyncio.run(tell_the_story(before, live, later))


async def tell_the_story(before: list[Event], live: list[Event], later: list[Event]) -> None:
    with TemporaryDirectory() as folder:
        async with open_store(Path(folder)) as store:
            await append_all(store, before)
            followed = directory_of(store)
            await followed.open()
            await append_all(store, live)
            await followed.close()
            await append_all(store, later)

            continued = directory_of(store)
            await continued.open()
            await store.snapshots.save(SNAPSHOT, 0, None)
            rebuilt = directory_of(store)
            await rebuilt.open()
            assert contents(continued) == contents(rebuilt)
            check_sanity(rebuilt)

            plain = AgentFold()
            for seq, event in enumerate([*before, *live, *later], 1):
                plain.apply(Recorded(seq, event, "", ""))
            assert tuple(plain.agents.values()) == rebuilt.agents
            assert tuple(plain.entanglements.values()) == rebuilt.entanglements
            await continued.close()
            await rebuilt.close()


def check_sanity(directory: AgentDirectory) -> None:
    for agent in directory.agents:
        assert agent.name
        assert agent.ended == (agent.ended_at != "")
        assert agent.born_seq <= agent.last_seq
        for link in directory.entanglements_of(agent.id):
            assert agent.id in link.agents
    for link in directory.entanglements:
        assert len(set(link.agents)) == len(link.agents)
        assert all(link in directory.entanglements_of(member) for member in link.agents)
