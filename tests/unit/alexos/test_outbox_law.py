"""The law of the outbox: whatever fails, repeats or dies, the other side ends up with every public event, in order per subject."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.alexos.outbox import Fate, Outbox, Sent
from chainbot_desktop.alexos.pace import Pace
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.events import (
    AgentSpawned,
    DeliveryGivenUp,
    HealthChanged,
    WorkflowFailed,
    WorkflowStarted,
)
from chainbot_desktop.core.events.agents import AgentFact
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.events.panel import HealthChange
from chainbot_desktop.core.events.webhooks import WorkflowFact
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.deliveries import DeliveryMark, DeliveryTable
from tests.helpers.alexos import migrated_database, until
from tests.helpers.stores import Store, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = "http://alex-os.invalid"
PACE = Pace(gathering=0.001, noting=0.001, delivery_first=0.0005, delivery_longest=0.002)
Mood = Literal["well", "fails", "loses_answers", "away", "refuses"]


@dataclass
class FakeAlexOs:
    """The other side: keeps what it is given once by its id, and answers by its mood of the moment. Refuses WorkflowFailed."""

    record: list[tuple[str, str]] = field(default_factory=list)
    moods: list[Mood] = field(default_factory=list)
    arrivals: int = 0

    async def send(self, recorded: Recorded[Event], doubtful_since: float | None) -> Sent:
        await asyncio.sleep(0)
        mood = self.moods.pop(0) if self.moods else "well"
        event = recorded.event
        if mood == "away":
            return Sent(Fate.AWAY, None, "nobody there", ambiguous=True)
        if mood == "fails":
            return Sent(Fate.FAILED, 503, "ill")
        if isinstance(event, WorkflowFailed):
            return Sent(Fate.REFUSED, 422, "never heard of it")
        self.arrivals += 1
        if event.id not in {known for known, _ in self.record}:
            self.record.append((event.id, event.subject))
        if mood == "loses_answers":
            return Sent(Fate.AWAY, None, "the connection broke", ambiguous=True)
        return Sent(Fate.DELIVERED, 200)


@asynccontextmanager
async def running(store: Store, other: FakeAlexOs, tasks: Tasks, pace: Pace = PACE) -> AsyncIterator[Outbox]:
    """An outbox at work until the block ends, as abruptly as a kill: nothing is flushed."""
    outbox: Outbox

    def reopen(_reason: str) -> None:
        asyncio.get_running_loop().call_soon(outbox.open_gate)

    outbox = Outbox(
        HERE,
        table=DeliveryTable(store.database, store.journal),
        journal=store.journal,
        bus=store.bus,
        sender=other,
        tasks=tasks,
        pace=pace,
        on_away=reopen,
    )
    tasks.spawn("outbox", outbox.run())
    outbox.open_gate()
    try:
        yield outbox
    finally:
        assert await tasks.cancel_all() == ()


def event_of(kind: str, subject: str) -> Event:
    if kind == "private":
        return HealthChanged(data=HealthChange(before="healthy", after="degraded"), subject=subject)
    if kind == "from_alexos":
        return AgentSpawned(data=AgentFact(agent_id=subject or "none"), subject=subject, source="alexos")
    if kind == "refused":
        return WorkflowFailed(data=WorkflowFact(workflow_id=subject or "none"), subject=subject)
    return WorkflowStarted(data=WorkflowFact(workflow_id=subject or "none"), subject=subject)


moods = st.lists(st.sampled_from(["well", "fails", "loses_answers", "away"]), max_size=6)
kinds = st.sampled_from(["public", "public", "public", "private", "from_alexos", "refused"])
appends = st.lists(st.tuples(kinds, st.sampled_from(["a", "b", "c", ""])), max_size=8)
lives = st.lists(st.tuples(appends, moods, st.integers(0, 30)), min_size=1, max_size=4)


@settings(max_examples=30, deadline=None)
@given(lives=lives)
def test_every_public_event_arrives_once_and_in_order(lives: list[tuple[list[tuple[str, str]], list[Mood], int]]) -> None:
    """Each life: events are appended, ALEX OS has its moods, and after some turns of the loop the program is killed."""
    folder = Path(tempfile.mkdtemp(prefix="chainbot-law-"))
    try:
        shutil.copytree(migrated_database(), folder, dirs_exist_ok=True)
        asyncio.run(_live(folder, lives))
    finally:
        shutil.rmtree(folder)


async def _live(folder: Path, lives: list[tuple[list[tuple[str, str]], list[Mood], int]]) -> None:
    failures: list[object] = []
    tasks = Tasks(lambda name, error: failures.append((name, error)))
    other = FakeAlexOs()
    for appended, moods_of_life, turns in lives:
        async with open_store(folder) as store:
            other.moods = list(moods_of_life)
            async with running(store, other, tasks):
                for kind, subject in appended:
                    await store.journal.append(event_of(kind, subject))
                for _ in range(turns):
                    await asyncio.sleep(0)
    other.moods = []
    async with open_store(folder) as store:
        async with running(store, other, tasks) as outbox:
            await until(lambda: outbox.idle, lambda: f"{outbox.pending} pending")
            assert await outbox.count() == 0
        journal = [item.event for item in await store.journal.read(EventQuery(limit=10_000))]
    public = [event for event in journal if event.public and event.source != "alexos"]
    wanted = [event for event in public if not isinstance(event, WorkflowFailed)]
    assert sorted(known for known, _ in other.record) == sorted(event.id for event in wanted)
    for subject in {event.subject for event in wanted}:
        expected = [event.id for event in wanted if event.subject == subject]
        assert [known for known, its in other.record if its == subject] == expected
    refused = [event.id for event in public if isinstance(event, WorkflowFailed)]
    given_up = [event.data.event_id for event in journal if isinstance(event, DeliveryGivenUp)]
    assert sorted(given_up) == sorted(refused)
    assert failures == []


async def test_a_subject_that_fails_waits_alone(tmp_path: Path) -> None:
    class OneIsIll(FakeAlexOs):
        async def send(self, recorded: Recorded[Event], doubtful_since: float | None) -> Sent:
            if recorded.event.subject == "ill":
                return Sent(Fate.FAILED, 503, "ill")
            return await super().send(recorded, doubtful_since)

    other = OneIsIll()
    async with open_store(tmp_path) as store, running(store, other, Tasks()) as outbox:
        for number in range(40):
            await store.journal.append(event_of("public", "ill" if number % 4 == 0 else f"s{number % 3}"))
        await until(lambda: len(other.record) == 30)
        assert outbox.pending == 10


async def test_nothing_is_written_while_alex_os_is_away(tmp_path: Path) -> None:
    other = FakeAlexOs()
    async with open_store(tmp_path) as store:
        table = DeliveryTable(store.database, store.journal)
        async with running(store, other, Tasks()) as outbox:
            outbox.close_gate()
            for number in range(100):
                await store.journal.append(event_of("public", f"s{number}"))
            assert await outbox.count() == 100
            assert await outbox.count() == 100
            counts = await table.counts(HERE)
            assert (counts.position, counts.pending) == (0, 0)
            assert other.arrivals == 0
            outbox.open_gate()
            await until(lambda: outbox.idle)
            assert len(other.record) == 100
            assert await outbox.count() == 0


async def test_a_steady_stream_is_not_written_an_event_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = FakeAlexOs()
    writes: list[str] = []
    for name in ("derive", "mark"):
        real: Callable[..., object] = getattr(DeliveryTable, name)

        async def counted(*arguments: object, name: str = name, real: Callable[..., object] = real) -> object:
            writes.append(name)
            return await real(*arguments)  # type: ignore[misc]  # the method that was replaced

        monkeypatch.setattr(DeliveryTable, name, counted)
    async with open_store(tmp_path) as store, running(store, other, Tasks(), Pace(gathering=0.2, noting=0.2)) as outbox:
        await store.journal.append(event_of("public", "first"))
        await until(lambda: other.arrivals == 1)
        assert writes == ["derive"], "the first one after a rest waits for nothing"
        for number in range(30):
            await store.journal.append(event_of("public", f"s{number}"))
        await until(lambda: outbox.idle)
        assert other.arrivals == 31
        assert len(writes) <= 10


async def test_a_count_that_is_overtaken_by_deliveries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting takes a moment; what became a delivery in that moment must not be counted twice."""
    other = FakeAlexOs()
    real = DeliveryTable.behind
    counting = asyncio.Event()
    go_on = asyncio.Event()

    async def behind(self: DeliveryTable, types: frozenset[str], without: tuple[str, ...], after: int, upto: int) -> int:
        found = await real(self, types, without, after, upto)
        counting.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(DeliveryTable, "behind", behind)
    async with open_store(tmp_path) as store:
        tasks = Tasks()
        async with running(store, other, tasks) as outbox:
            outbox.close_gate()
            for number in range(30):
                await store.journal.append(event_of("public", f"s{number}"))
            count = tasks.spawn("count", outbox.count())
            await counting.wait()
            outbox.open_gate()
            await until(lambda: outbox.idle)
            go_on.set()
            await count
            assert outbox.pending == 0


async def test_a_full_disk_does_not_end_the_outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = FakeAlexOs()
    real: Callable[..., object] = DeliveryTable.mark
    refusals = iter([True, True, False])

    async def mark(self: DeliveryTable, destination: str, marks: list[DeliveryMark]) -> None:
        if next(refusals, False):
            raise Unavailable("The disk is full.")
        await real(self, destination, marks)  # type: ignore[misc]  # the method that was replaced

    monkeypatch.setattr(DeliveryTable, "mark", mark)
    async with open_store(tmp_path) as store, running(store, other, Tasks()) as outbox:
        await store.journal.append(event_of("public", "a"))
        await until(lambda: outbox.idle)
        await store.journal.append(event_of("public", "b"))
        await until(lambda: outbox.idle)
        assert [subject for _, subject in other.record] == ["a", "b"]
        assert other.arrivals == 2


async def test_what_was_on_its_way_is_noted_at_the_end(tmp_path: Path) -> None:
    other = FakeAlexOs()
    async with open_store(tmp_path) as store:
        table = DeliveryTable(store.database, store.journal)
        async with running(store, other, Tasks()) as outbox:
            for number in range(5):
                await store.journal.append(event_of("public", f"s{number}"))
            await until(lambda: len(other.record) == 5)
            await outbox.flush(1.0)
            assert (await table.counts(HERE)).pending == 0


async def test_a_new_registry_is_not_sent_the_whole_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainbot_desktop.alexos.backlog.HISTORY", 10)
    other = FakeAlexOs()
    async with open_store(tmp_path) as store:
        for number in range(30):
            await store.journal.append(event_of("public", f"old{number}"))
        async with running(store, other, Tasks()) as outbox:
            outbox.close_gate()
            await outbox.count()
            for number in range(25):
                await store.journal.append(event_of("public", f"new{number}"))
            assert await outbox.count() == 35
        # It stays away over a restart: what came since it was first heard of waits for it all the same.
        async with running(store, other, Tasks()) as outbox:
            outbox.open_gate()
            await until(lambda: outbox.idle)
        assert len(other.record) == 35


async def test_a_disk_that_takes_nothing_at_the_start_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = DeliveryTable.begin
    refusals = iter([Unavailable("full"), Unavailable("full")])

    async def begin(self: DeliveryTable, destination: str, history: int) -> None:
        if (error := next(refusals, None)) is not None:
            raise error
        await real(self, destination, history)

    monkeypatch.setattr(DeliveryTable, "begin", begin)
    other = FakeAlexOs()
    async with open_store(tmp_path) as store:
        await store.journal.append(event_of("public", "s"))
        async with running(store, other, Tasks()) as outbox:
            outbox.open_gate()
            await until(lambda: len(other.record) == 1)


async def test_being_told_to_stop_in_the_moment_of_waking_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery that ends wakes the outbox; where both happen at once, the end of the program counts."""

    class Ill(FakeAlexOs):
        async def send(self, recorded: Recorded[Event], doubtful_since: float | None) -> Sent:
            return Sent(Fate.FAILED, 503, "ill")

    tasks = Tasks()
    async with open_store(tmp_path) as store, running(store, Ill(), tasks) as outbox:
        monkeypatch.setattr(outbox._backoff, "draw", lambda _failures: 60.0)
        await store.journal.append(event_of("public", "ill"))
        await until(lambda: outbox._lanes.due and not outbox._in_flight)
        (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "outbox")
        await until(lambda: not outbox._wake.is_set())
        for _ in range(5):
            await asyncio.sleep(0.01)  # it rests until the delivery is due again
        outbox._wake.set()
        task.cancel()
        await asyncio.wait([task], timeout=2)
        assert task.cancelled()
