"""The past of the map beside a real journal: at every event what a fresh fold gives, whoever asks in which order."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainbot_desktop.agents.checkpoints import Checkpoints
from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.agents.fold import AgentFold
from chainbot_desktop.agents.moments import HistorySpan, MapMoment, MarkKind
from chainbot_desktop.agents.records import Agent, Entanglement
from chainbot_desktop.agents.replay import MapHistory
from chainbot_desktop.core.errors import InvalidInput, NotFound
from chainbot_desktop.core.events import (
    AgentRemoved,
    AgentStateChanged,
    Event,
    Recorded,
    Severity,
    UnknownEvent,
    WorkflowStarted,
)
from chainbot_desktop.core.events.agents import AgentName, StateFact
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

Contents = tuple[tuple[Agent, ...], tuple[Entanglement, ...]]


def other(number: int = 0) -> WorkflowStarted:
    """An event that changes nothing on the map."""
    return WorkflowStarted.model_validate({"subject": f"w-{number}", "data": {"workflow_id": f"w-{number}"}})


def ours(event: Event) -> Event:
    """As the runtime tells it."""
    return event.model_copy(update={"source": RUNTIME_SOURCE})


def went(agent_id: str, state: str, *, attention: bool = False) -> AgentStateChanged:
    fact = StateFact.model_validate({"agent_id": agent_id, "agent_name": agent_id, "state": state, "before": "idle"})
    return AgentStateChanged(source=RUNTIME_SOURCE, subject=agent_id, requires_attention=attention, data=fact)


async def append_all(store: Store, events: Sequence[Event]) -> list[Recorded[Any]]:
    return list(await asyncio.gather(*(store.journal.append(event) for event in events)))


def fresh(recorded: Sequence[Recorded[Any]], seq: int) -> Contents:
    fold = AgentFold()
    for event in recorded[:seq]:
        fold.apply(event)
    return tuple(fold.agents.values()), tuple(fold.entanglements.values())


def contents(moment: MapMoment) -> Contents:
    return moment.agents, moment.entanglements


# The law.

ids = st.sampled_from(["a", "b", "c", "d", "e"])
link_ids = st.sampled_from(["x", "y"])
words = st.sampled_from(["running", "failed", "idle", "needs_input", "done", "nonsense"])
happenings: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        lambda id_, word, own: ours(spawned(id_, status=word)) if own else spawned(id_, status=word), ids, words, st.booleans()
    ),
    st.builds(lambda id_, word, own: ours(terminated(id_, status=word)) if own else terminated(id_), ids, words, st.booleans()),
    st.builds(went, ids, st.sampled_from(["running", "failed", "stopped", "waiting"]), attention=st.booleans()),
    st.builds(lambda id_: AgentRemoved(source=RUNTIME_SOURCE, data=AgentName(agent_id=id_, agent_name=id_)), ids),
    st.builds(moved, ids, st.integers(0, 3).map(float), st.just(0.0)),
    st.builds(lambda id_, word: guest_appeared(id_, status=word), ids, words),
    st.builds(lambda id_, word: guest_changed(id_, status=word), ids, words),
    st.builds(guest_left, ids),
    st.builds(lambda id_, agents: entangled(id_, *agents), link_ids, st.lists(ids, max_size=4)),
    st.builds(disentangled, link_ids),
    st.builds(lambda name, word: health_reported(name, status_id=word), ids, words),
    st.just(None).map(lambda _: other()),
    st.just(None).map(lambda _: UnknownEvent(type="told_by_tomorrow", data={"agent_id": "a"})),
    st.just(None).map(lambda _: UnknownEvent(type="agent_spawned", version=99, data={"agent_id": "a"})),
)


@given(
    st.lists(happenings, min_size=1, max_size=40),
    st.lists(happenings, max_size=20),
    st.randoms(use_true_random=False),
    st.sampled_from([(2, 10_000_000, 3), (256, 10_000_000, 1), (4, 2_000, 2), (256, 10_000_000, 128)]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_at_every_event_the_map_is_what_a_fresh_fold_gives(
    before: list[Event], meanwhile: list[Event], chance: random.Random, bounds: tuple[int, int, int]
) -> None:
    most, room, spacing = bounds

    async def work(folder: Path) -> None:
        async with open_store(folder) as store:
            recorded = await append_all(store, before)
            history = MapHistory(store.journal, lambda: Checkpoints(most=most, room=room, spacing=spacing))
            asked = list(range(1, len(before) + 1))
            chance.shuffle(asked)
            later = list(meanwhile)
            for seq in asked:
                if later and chance.random() < 0.5:
                    recorded += await append_all(store, [later.pop(0)])
                assert contents(await history.at(seq)) == fresh(recorded, seq)
            recorded += await append_all(store, later)
            asked = list(range(1, len(recorded) + 1))
            chance.shuffle(asked)
            moments = await asyncio.gather(*(history.at(seq) for seq in asked))
            for seq, moment in zip(asked, moments, strict=True):
                assert contents(moment) == fresh(recorded, seq)
                assert (moment.seq, moment.time) == (seq, recorded[seq - 1].event.time)

    with TemporaryDirectory() as folder:
        asyncio.run(work(Path(folder)))


# Where the past begins and ends.


async def test_the_span_is_from_the_first_event_to_the_last(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        history = MapHistory(store.journal)
        assert await history.span() == HistorySpan(0, "", 0, "")
        assert (await history.span()).empty
        recorded = await append_all(store, [spawned("a"), other(), spawned("b")])
        span = await history.span()
        assert span == HistorySpan(1, recorded[0].event.time, 3, recorded[2].event.time)
        assert not span.pruned


async def test_what_never_happened_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        history = MapHistory(store.journal)
        with pytest.raises(NotFound, match="Nothing has happened yet"):
            await history.at(1)
        assert await history.density(10) == ()
        await append_all(store, [spawned("a"), spawned("b")])
        for seq, sentence in ((3, "There is no event 3. The journal ends with 2"), (0, "begins with 1")):
            with pytest.raises(NotFound, match=sentence):
                await history.at(seq)
        for buckets in (0, 1_001):
            with pytest.raises(InvalidInput, match="expected from 1 to 1000"):
                await history.density(buckets)


async def prune(store: Store, upto: int) -> None:
    await store.database.write(lambda connection: connection.exec_driver_sql("DELETE FROM journal WHERE seq <= ?", (upto,)))


async def test_a_pruned_journal_begins_where_it_can(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        recorded = await append_all(store, [spawned(f"a{n}") for n in range(6)])
        history = MapHistory(store.journal, lambda: Checkpoints(spacing=1))
        assert len((await history.at(6)).agents) == 6
        await prune(store, 3)
        span = await history.span()
        assert (span.first_seq, span.first_time, span.pruned) == (4, recorded[3].event.time, True)
        with pytest.raises(NotFound, match=r"There is no event 3\. The journal begins with 4: what came before was pruned"):
            await history.at(3)
        assert [agent.id for agent in (await history.at(5)).agents] == ["a3", "a4"]
        assert [bucket.count for bucket in await history.density(10)] == [1, 1, 1]


# Times.


async def test_a_time_finds_the_last_event_before_it_also_where_the_clock_jumped(tmp_path: Path) -> None:
    def on(day: int) -> Event:
        return spawned("a").model_copy(update={"time": f"2026-01-{day:02}T12:00:00.000000Z"})

    async with open_store(tmp_path) as store:
        # After the third event the machine started with a clock that had stopped long ago, and was set right after the fifth.
        await append_all(store, [on(10), on(11), on(12), on(1), on(2), on(13)])
        history = MapHistory(store.journal)
        for time_, seq in (
            ("2026-01-11T12:00:00Z", 2),
            ("2026-01-11T13:30:00+01:00", 2),
            ("2026-01-12T23:00:00Z", 3),
            ("2026-01-01T18:00:00Z", 4),
            ("2026-01-05T00:00:00Z", 5),
            ("2030-01-01T00:00:00Z", 6),
        ):
            assert await history.seq_at(time_) == seq
        with pytest.raises(NotFound, match="Nothing was recorded by 2025-01-01"):
            await history.seq_at("2025-01-01T00:00:00Z")
        for nonsense in ("yesterday", "2026-01-11T12:00:00", "", "0001-01-01T00:00:00+23:00"):
            with pytest.raises(InvalidInput, match="is no time"):
                await history.seq_at(nonsense)
        assert [step.seq for step in await history.steps_after(2)] == [3, 4, 5, 6]
        assert [step.time[:10] for step in await history.steps_after(2, 2)] == ["2026-01-12", "2026-01-01"]


# What is worth seeing.


async def test_marks_are_the_moments_worth_seeing(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await append_all(
            store,
            [
                spawned("a", agent_name="Coder", status="running"),
                other(),
                moved("a", 1, 2),
                spawned("a", status="waiting_for_input"),
                spawned("a", status="waiting_for_input", task="still"),
                terminated("a", severity=Severity.ERROR),
                ours(spawned("b")),
                went("b", "failed"),
                went("b", "running"),
                guest_appeared("g"),
                guest_left("g"),
                spawned("a"),
                terminated("a"),
                ours(terminated("b")),
                AgentRemoved(source=RUNTIME_SOURCE, data=AgentName(agent_id="b", agent_name="b")),
            ],
        )
        history = MapHistory(store.journal)
        marks = [mark for bucket in await history.density(15) for mark in bucket.marks]
        assert [(mark.seq, mark.kind.value, mark.agent_id) for mark in marks] == [
            (1, "spawned", "a"),
            (4, "needed_input", "a"),
            (6, "failed", "a"),
            (7, "spawned", "b"),
            (8, "failed", "b"),
            (10, "spawned", "g"),
            (11, "terminated", "g"),
            (12, "spawned", "a"),
            (13, "terminated", "a"),
            (14, "terminated", "b"),
        ]
        assert marks[0].agent_name == "Coder"
        assert await history.neighbour(1, forward=True, mark=False) == 3
        assert await history.neighbour(1, forward=True, mark=True) == 4
        assert await history.neighbour(4, forward=False, mark=True) == 1
        assert await history.neighbour(3, forward=False, mark=False) == 1
        assert await history.neighbour(1, forward=False, mark=False) is None
        assert await history.neighbour(15, forward=True, mark=False) is None
        assert await history.neighbour(14, forward=True, mark=True) is None


async def test_the_density_covers_the_journal_and_counts_what_changes_the_map(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        recorded = await append_all(
            store, [event for n in range(50) for event in (other(n), spawned(f"a{n % 9}", status="idle"))]
        )
        history = MapHistory(store.journal)
        buckets = await history.density(7)
        assert len(buckets) == 7
        assert (buckets[0].from_seq, buckets[-1].to_seq) == (1, 100)
        assert all(before.to_seq + 1 == after.from_seq for before, after in itertools.pairwise(buckets))
        for bucket in buckets:
            assert bucket.time == recorded[bucket.from_seq - 1].event.time
            expected = sum(1 for seq in range(bucket.from_seq, bucket.to_seq + 1) if seq % 2 == 0)
            assert bucket.count == expected
        assert len(await history.density(1_000)) == 100


async def test_of_many_marks_in_one_stretch_the_newest_of_each_kind_is_told(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await append_all(store, [event for n in range(5) for event in (spawned(f"a{n}"), terminated(f"a{n}"))])
        (bucket,) = await MapHistory(store.journal).density(1)
        assert [(mark.seq, mark.kind) for mark in bucket.marks] == [(9, MarkKind.SPAWNED), (10, MarkKind.TERMINATED)]


async def test_a_first_look_at_the_density_does_not_wait_for_the_marks(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await append_all(store, [spawned(f"a{n}") for n in range(600)])
        history = MapHistory(store.journal)
        (quick,) = await history.density(1, whole=False)
        assert (quick.count, quick.marks) == (600, ())
        (whole,) = await history.density(1)
        assert (whole.count, [mark.seq for mark in whole.marks]) == (600, [600])


# Cancelled, bounded, quick.


async def test_a_look_that_is_given_up_leaves_the_past_true(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        recorded = await append_all(
            store, [event for n in range(700) for event in (spawned(f"a{n % 40}"), moved(f"a{n % 40}", n, 0))]
        )
        history = MapHistory(store.journal, lambda: Checkpoints(spacing=50))
        for _ in range(12):  # each gives up in another page
            looking = asyncio.ensure_future(history.at(1_400))
            for _ in range(8):
                await asyncio.sleep(0.0005)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        for seq in (1_400, 3, 777, 1_399):
            assert contents(await history.at(seq)) == fresh(recorded, seq)


async def test_checkpoints_stay_few_and_light_and_share_what_did_not_change(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        recorded = await append_all(
            store, [*(spawned(f"a{n}", task="t" * 200) for n in range(100)), *(moved(f"a{n % 5}", n, 0) for n in range(900))]
        )
        made: list[Checkpoints] = []

        def make() -> Checkpoints:
            made.append(Checkpoints(most=10, room=400_000, spacing=4))
            return made[-1]

        history = MapHistory(store.journal, make)
        await history.at(1_000)
        kept = made[-1].kept
        assert 3 <= len(kept) <= 10
        assert made[-1].weight <= 400_000
        assert kept[-1].agents[50] is kept[-2].agents[50]
        gaps = [after.folded - before.folded for before, after in itertools.pairwise(kept)]
        assert max(gaps) <= 2 * min(gaps)
        for seq in (1, 99, 100, 101, 555, 1_000):
            assert contents(await history.at(seq)) == fresh(recorded, seq)


async def test_any_moment_of_a_long_past_is_there_at_once_and_the_loop_goes_on(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        chance = random.Random(7)
        for _ in range(12):
            await append_all(
                store,
                [
                    spawned(f"a{n}", agent_name=f"Agent {n}", status=chance.choice(["running", "idle"]), task="x" * 80)
                    if chance.random() < 0.5
                    else other(n)
                    for n in (chance.randrange(1_000) for _ in range(1_000))
                ],
            )
        history = MapHistory(store.journal)
        spent: list[float] = []
        watching = asyncio.ensure_future(watch_loop(spent))
        await history.density(200)
        took = []
        for _ in range(60):
            begun = time.perf_counter()
            await history.at(chance.randint(1, 12_000))
            took.append(time.perf_counter() - begun)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        took.sort()
        print(f"median {took[30] * 1e3:.1f} ms, worst {took[-1] * 1e3:.1f} ms, at most {max(spent) * 1e3:.1f} ms of the loop")
        # Of a wrong kind of work it would be many times as much, on any machine; how quick it is `make bench` measures.
        assert took[30] < 0.5
        assert max(spent) < 0.2


async def watch_loop(spent: list[float]) -> None:
    """What the loop's thread itself computes from one turn to the next: others that share the processor do not count."""
    while True:
        begun = time.thread_time()
        await asyncio.sleep(0)
        spent.append(time.thread_time() - begun)


async def test_what_is_no_event_of_agents_is_passed_over(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await append_all(
            store,
            [
                UnknownEvent(type="agent_teleported", data={"agent_id": "a"}),
                UnknownEvent(type="agent_spawned", version=99, data={"agent_id": "a"}),
                other(),
                spawned("b"),
            ],
        )
        history = MapHistory(store.journal)
        assert [len((await history.at(seq)).agents) for seq in (1, 2, 3, 4)] == [0, 0, 0, 1]
