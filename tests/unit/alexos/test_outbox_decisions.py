"""What people decide about deliveries is obeyed at once, and the law of the outbox holds all the same."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.alexos.delivery_desk import DeliveryDesk
from chainbot_desktop.alexos.outbox import Fate, Outbox, Sent
from chainbot_desktop.alexos.pace import Pace
from chainbot_desktop.core.errors import ChainBotError, Conflict, NotFound, Unavailable
from chainbot_desktop.core.events import DeliveriesDecided, DeliveryGivenUp, Event, Recorded, WorkflowFailed
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.deliveries import DeliveryQuery, DeliveryTable
from tests.helpers.alexos import migrated_database, until
from tests.helpers.deliveries import StillWay
from tests.helpers.stores import Store, open_store
from tests.unit.alexos.test_outbox_law import HERE, FakeAlexOs, Mood, event_of, running

ME = "user:admin"
SLOW = Pace(gathering=0.001, noting=0.001, delivery_first=3600, delivery_longest=3600)
"""What fails once would not be tried again while the test runs."""


class Here(StillWay):
    """The way of a running outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox: Outbox = outbox  # type: ignore[assignment]  # a still way has none
        self.looked = 0

    def look_again(self) -> None:
        self.looked += 1


def desk_of(store: Store, outbox: Outbox | None) -> DeliveryDesk:
    way = Here(outbox) if outbox is not None else StillWay()
    return DeliveryDesk(DeliveryTable(store.database, store.journal), way, lambda: outbox.pending if outbox is not None else 0)


class Moody(FakeAlexOs):
    """Fails for the subjects in `ill`, and refuses WorkflowFailed unless it has learnt it. Holds what is in `held`."""

    def __init__(self) -> None:
        super().__init__()
        self.ill: set[str] = set()
        self.knows = False
        self.held: asyncio.Event | None = None
        self.sent: list[str] = []

    async def send(self, recorded: Recorded[Event], doubtful_since: float | None) -> Sent:
        self.sent.append(recorded.event.subject)
        if self.held is not None:
            await self.held.wait()
        if recorded.event.subject in self.ill:
            return Sent(Fate.FAILED, 503, "ill")
        if isinstance(recorded.event, WorkflowFailed) and not self.knows:
            return Sent(Fate.REFUSED, 422, "never heard of it")
        self.arrivals += 1
        self.record.append((recorded.event.id, recorded.event.subject))
        return Sent(Fate.DELIVERED, 200)


async def decisions(store: Store) -> list[tuple[str, str, int, str]]:
    found = [item.event for item in await store.journal.read(EventQuery(types=("deliveries_decided",)))]
    assert all(event.actor == ME for event in found)
    return [(e.data.action, e.data.was, e.data.count, e.subject) for e in found if isinstance(e, DeliveriesDecided)]


async def test_one_that_waits_for_its_next_try_goes_at_once(tmp_path: Path) -> None:
    other = Moody()
    other.ill = {"a"}
    async with open_store(tmp_path) as store, running(store, other, Tasks(), SLOW) as outbox:
        desk = desk_of(store, outbox)
        for _ in range(3):
            await store.journal.append(event_of("public", "a"))
        await until(lambda: other.sent == ["a"] and not outbox._in_flight)
        other.ill = set()
        await desk.retry(2, ME)
        await until(lambda: outbox.idle)
        assert other.arrivals == 3
        assert [known for known, _ in other.record] == [i.event.id for i in await store.journal.read(EventQuery(limit=3))]
        assert await decisions(store) == [("retry", "pending", 1, "a")]


async def test_one_that_was_given_up_goes_before_what_waits_behind_it(tmp_path: Path) -> None:
    other = Moody()
    async with open_store(tmp_path) as store, running(store, other, Tasks()) as outbox:
        desk = desk_of(store, outbox)
        await store.journal.append(event_of("refused", "a"))
        await until(lambda: outbox.given_up == 1 and outbox._lanes.loaded == 0)
        outbox.close_gate()
        for _ in range(2):
            await store.journal.append(event_of("public", "a"))
        other.knows = True
        row = await desk.retry(1, ME)
        assert row.state == "pending"
        assert outbox.given_up == 0
        outbox.open_gate()
        await until(lambda: len(other.record) == 3)
        events = {
            item.event.id: item.seq
            for item in await store.journal.read(EventQuery(types=("workflow_started", "workflow_failed")))
        }
        assert [events[known] for known, _ in other.record] == sorted(events.values())
        await until(lambda: outbox.idle)
        assert (await desk.census()).given_up == 0
        with pytest.raises(Conflict, match="arrived"):
            await desk.retry(1, ME)


async def test_giving_up_what_waits_lets_the_next_one_go(tmp_path: Path) -> None:
    other = Moody()
    other.ill = {"a"}
    async with open_store(tmp_path) as store, running(store, other, Tasks(), SLOW) as outbox:
        desk = desk_of(store, outbox)
        await store.journal.append(event_of("public", "a"))
        await store.journal.append(event_of("public", "a"))
        await until(lambda: other.sent == ["a"] and not outbox._in_flight)
        other.ill = set()
        row = await desk.give_up(1, ME)
        assert (row.state, row.attempts) == ("given_up", 1)
        await until(lambda: outbox.idle)
        assert len(other.record) == 1
        assert outbox.given_up == 1
        assert (await desk.get(1)).row.state == "given_up"
        with pytest.raises(Conflict, match="given up"):
            await desk.give_up(1, ME)
        with pytest.raises(NotFound):
            await desk.give_up(99, ME)


async def test_what_is_under_way_arrives_although_it_was_to_be_given_up(tmp_path: Path) -> None:
    other = Moody()
    other.held = asyncio.Event()
    tasks = Tasks()
    async with open_store(tmp_path) as store, running(store, other, tasks, SLOW) as outbox:
        desk = desk_of(store, outbox)
        await store.journal.append(event_of("public", "a"))
        await until(lambda: other.sent == ["a"])
        await outbox._notes.flush()
        giving_up = tasks.spawn("give up", desk.give_up(1, ME))
        await asyncio.sleep(0)
        other.held.set()
        with pytest.raises(Conflict, match="meanwhile"):
            await giving_up
        assert len(other.record) == 1
        assert await decisions(store) == []


async def test_what_is_under_way_and_fails_is_given_up_then(tmp_path: Path) -> None:
    other = Moody()
    other.ill, other.held = {"a"}, asyncio.Event()
    tasks = Tasks()
    async with open_store(tmp_path) as store, running(store, other, tasks) as outbox:
        desk = desk_of(store, outbox)
        await store.journal.append(event_of("public", "a"))
        await until(lambda: other.sent == ["a"])
        giving_up = tasks.spawn("give up", desk.give_up(1, ME))
        await asyncio.sleep(0)
        other.held.set()
        assert (await giving_up).state == "given_up"
        await until(lambda: outbox.idle)
        assert other.record == []


async def test_all_of_a_state(tmp_path: Path) -> None:
    other = Moody()
    async with open_store(tmp_path) as store, running(store, other, Tasks()) as outbox:
        desk = desk_of(store, outbox)
        for number in range(20):
            await store.journal.append(event_of("refused", f"s{number % 4}"))
        await until(lambda: outbox.given_up == 20)
        outbox.close_gate()
        other.knows = True
        assert await desk.retry_all("given_up", ME) == 20
        assert await desk.give_up_waiting(ME) == 20
        assert (outbox._lanes.loaded, outbox.given_up) == (0, 20)
        assert await desk.retry_all("given_up", ME) == 20
        outbox.open_gate()
        await until(lambda: outbox.idle)
        for number in range(4):
            seqs = [
                item.event.id for item in await store.journal.read(EventQuery(subject=f"s{number}", types=("workflow_failed",)))
            ]
            assert [known for known, subject in other.record if subject == f"s{number}"] == seqs
        assert await desk.retry_all("given_up", ME) == 0
        assert [(action, count) for action, _, count, _ in await decisions(store)] == [
            ("retry", 20),
            ("give_up", 20),
            ("retry", 20),
        ]


async def test_all_that_wait_are_hurried(tmp_path: Path) -> None:
    other = Moody()
    other.ill = {"a", "b", "c"}
    async with open_store(tmp_path) as store, running(store, other, Tasks(), SLOW) as outbox:
        desk = desk_of(store, outbox)
        for subject in "abc":
            await store.journal.append(event_of("public", subject))
        await until(lambda: sorted(other.sent) == ["a", "b", "c"] and not outbox._in_flight)
        other.ill = set()
        assert await desk.retry_all("pending", ME) == 3
        await until(lambda: outbox.idle)


async def test_a_disk_that_refuses_the_decision_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Moody()
    other.ill = {"a"}
    async with open_store(tmp_path) as store, running(store, other, Tasks(), SLOW) as outbox:
        desk = desk_of(store, outbox)
        await store.journal.append(event_of("public", "a"))
        await until(lambda: other.sent == ["a"] and not outbox._in_flight)

        async def full(*_arguments: object) -> None:
            raise Unavailable("The disk is full.")

        with monkeypatch.context() as now:
            now.setattr(DeliveryTable, "decide", full)
            with pytest.raises(Unavailable):
                await desk.give_up(1, ME)
            with pytest.raises(Unavailable):
                await desk.give_up_waiting(ME)
        assert (outbox._lanes.loaded, outbox.given_up) == (1, 0)
        other.ill = set()
        await desk.retry(1, ME)
        await until(lambda: outbox.idle)
        assert len(other.record) == 1


async def test_without_a_running_outbox_it_is_decided_on_disk(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        other = Moody()
        async with running(store, other, Tasks()) as outbox:
            for number in range(3):
                await store.journal.append(event_of("refused", f"s{number}"))
            await until(lambda: outbox.given_up == 3)
        desk = desk_of(store, None)
        assert (await desk.retry(1, ME)).state == "pending"
        assert await desk.retry_all("given_up", ME) == 2
        assert await desk.give_up_waiting(ME) == 3
        assert await desk.retry_all("given_up", ME) == 3
        other.knows = True
        async with running(store, other, Tasks()) as outbox:
            await until(lambda: outbox.idle)
        assert len(other.record) == 3


async def test_the_list(tmp_path: Path) -> None:
    other = Moody()
    async with open_store(tmp_path) as store, running(store, other, Tasks()) as outbox:
        desk = desk_of(store, outbox)
        for number in range(3):
            await store.journal.append(event_of("public", f"s{number}"))
        await store.journal.append(event_of("refused", "broken"))
        await until(lambda: outbox.given_up == 1 and outbox.idle)
        assert [row.seq for row in await desk.page(DeliveryQuery())] == [4, 3, 2, 1]
        assert [row.seq for row in await desk.page(DeliveryQuery(before=3, limit=1))] == [2]
        (gone,) = await desk.page(DeliveryQuery(state="given_up"))
        assert (gone.subject, gone.status_code, gone.attempts, gone.answer) == ("broken", 422, 3, "never heard of it")
        assert [row.seq for row in await desk.page(DeliveryQuery(words=("HEARD", "workflow")))] == [4]
        found = await desk.get(4)
        assert found.recorded is not None
        assert found.recorded.event.id.encode() in found.body


moods = st.lists(st.sampled_from(["well", "fails", "loses_answers", "away"]), max_size=6)
appends = st.lists(st.tuples(st.sampled_from(["public", "public", "refused"]), st.sampled_from("ab")), max_size=6)
acts = st.lists(
    st.tuples(
        st.sampled_from(["retry", "give_up", "retry_all", "hurry_all", "give_up_waiting"]),
        st.integers(1, 12),
        st.integers(0, 9),
    ),
    max_size=8,
)


@settings(max_examples=30, deadline=None)
@given(lives=st.lists(st.tuples(appends, moods, acts), min_size=1, max_size=3))
def test_whatever_is_decided_nothing_arrives_twice_nor_out_of_order(
    lives: list[tuple[list[tuple[str, str]], list[Mood], list[tuple[str, int, int]]]],
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="chainbot-law-"))
    try:
        shutil.copytree(migrated_database(), folder, dirs_exist_ok=True)
        asyncio.run(_live(folder, lives))
    finally:
        shutil.rmtree(folder)


async def _live(folder: Path, lives: list[tuple[list[tuple[str, str]], list[Mood], list[tuple[str, int, int]]]]) -> None:
    failures: list[object] = []
    tasks = Tasks(lambda name, error: failures.append((name, error)))
    other = FakeAlexOs()
    for appended, moods_of_life, acted in lives:
        async with open_store(folder) as store:
            other.moods = list(moods_of_life)
            async with running(store, other, tasks) as outbox:
                desk = desk_of(store, outbox)
                for kind, subject in appended:
                    await store.journal.append(event_of(kind, subject))
                await until(outbox._opened.is_set)
                for act, seq, turns in acted:
                    for _ in range(turns):
                        await asyncio.sleep(0)
                    await _act(desk, act, seq)
    other.moods = []
    async with open_store(folder) as store:
        async with running(store, other, tasks) as outbox:
            await until(lambda: outbox.idle, lambda: f"{outbox.pending} pending")
        rows = await DeliveryTable(store.database, store.journal).page(HERE, DeliveryQuery(limit=500))
        journal = await store.journal.read(EventQuery(limit=10_000))
    assert failures == []
    arrived = [known for known, _ in other.record]
    assert len(set(arrived)) == len(arrived)
    # What is noted as delivered arrived; what was given up by hand may have, if its answer was lost.
    assert {row.event_id for row in rows if row.state == "delivered"} <= set(arrived)
    assert not [row for row in rows if row.state == "pending"]
    stood_aside = _given_up_once(journal)
    for subject in "ab":
        never = [item.event.id for item in journal if item.event.subject == subject and item.seq not in stood_aside]
        order = [known for known, its in other.record if its == subject and known in never]
        assert order == [known for known in never if known in order]


def _given_up_once(journal: list[Recorded[Event]]) -> set[int]:
    """The places of events that were given up at some time: those may come after later ones of their subject."""
    found: set[int] = set()
    for item in journal:
        if isinstance(item.event, DeliveryGivenUp):
            found.add(item.event.data.seq)
        elif isinstance(item.event, DeliveriesDecided) and item.event.data.action == "give_up":
            found.update(range(item.event.data.first_seq, item.event.data.last_seq + 1))
    return found


async def _act(desk: DeliveryDesk, act: str, seq: int) -> None:
    try:
        if act == "retry":
            await desk.retry(seq, ME)
        elif act == "give_up":
            await desk.give_up(seq, ME)
        elif act == "give_up_waiting":
            await desk.give_up_waiting(ME)
        else:
            await desk.retry_all("given_up" if act == "retry_all" else "pending", ME)
    except ChainBotError as error:
        assert error.http_status in {404, 409}
