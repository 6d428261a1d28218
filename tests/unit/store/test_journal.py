"""The journal on a real file: durable, gapless, ordered, idempotent, searchable."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chainbot_desktop.core.errors import ChainBotError, Conflict, Unavailable
from chainbot_desktop.core.events import Event, ExternalEventReceived, UnknownEvent, WorkflowStarted
from chainbot_desktop.core.events.envelope import GENESIS_HASH, Recorded
from chainbot_desktop.core.ports import EventQuery, IdempotencyKey
from chainbot_desktop.store import journal as journal_module
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.idempotency import _FIND, _FOUND
from tests.helpers.stores import open_store


def started(workflow: str = "w-1", **extra: Any) -> WorkflowStarted:
    return WorkflowStarted.model_validate({"subject": workflow, "data": {"workflow_id": workflow, **extra}})


async def test_what_was_appended_is_there_after_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        first = await store.journal.append(started(note="ä😀"))
        second = await store.journal.append(started("w-2"))
    assert (first.seq, second.seq) == (1, 2)
    assert first.prev_hash == GENESIS_HASH
    assert second.prev_hash == first.hash
    async with open_store(tmp_path) as store:
        assert await store.journal.read(EventQuery()) == [first, second]
        third = await store.journal.append(started("w-3"))
        assert (third.seq, third.prev_hash) == (3, second.hash)


async def test_many_writers_leave_no_gap_and_subscribers_hear_in_order(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        heard: list[int] = []
        store.bus.subscribe(lambda recorded: heard.append(recorded.seq))

        async def writer(number: int) -> list[int]:
            return [(await store.journal.append(started(f"w-{number}", step=step))).seq for step in range(50)]

        seqs = await asyncio.gather(*(writer(number) for number in range(40)))
        assert all(own == sorted(own) for own in seqs)
        assert sorted(seq for own in seqs for seq in own) == list(range(1, 2001))
        assert heard == list(range(1, 2001))
        report = await store.journal.verify()
        assert (report.ok, report.checked) == (True, 2000)


async def test_a_caller_that_gives_up_does_not_lose_the_event(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        task = asyncio.ensure_future(store.journal.append(started()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.journal.append(started("w-2"))
        assert [recorded.event.subject for recorded in await store.journal.read(EventQuery())] == ["w-1", "w-2"]


async def test_a_key_seen_before_answers_as_the_first_time(tmp_path: Path) -> None:
    key = IdempotencyKey("caller", "delivery-1", "digest")
    async with open_store(tmp_path) as store:
        heard: list[int] = []
        store.bus.subscribe(lambda recorded: heard.append(recorded.seq))
        at_once = await asyncio.gather(*(store.journal.append(started(), key) for _ in range(10)))
        assert {recorded.seq for recorded in at_once} == {1}
        assert {recorded.event.id for recorded in at_once} == {at_once[0].event.id}
        later = await store.journal.append(started(), key)
        assert later.event.id == at_once[0].event.id
        assert heard == [1]
    async with open_store(tmp_path) as store:
        after_restart = await store.journal.append(started(), key)
        assert after_restart == at_once[0]
        assert store.journal.head_seq == 1


async def test_a_key_with_another_body_is_refused_alone(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        outcomes = await asyncio.gather(
            store.journal.append(started("w-1"), IdempotencyKey("caller", "k", "one")),
            store.journal.append(started("w-2"), IdempotencyKey("caller", "k", "two")),
            store.journal.append(started("w-3"), IdempotencyKey("another caller", "k", "two")),
            store.journal.append(started("w-4")),
            return_exceptions=True,
        )
        first, refused, other, plain = outcomes
        assert isinstance(refused, Conflict)
        assert (refused.code, refused.http_status) == ("idempotency_mismatch", 422)
        assert [r.seq for r in (first, other, plain) if isinstance(r, Recorded)] == [1, 2, 3]


async def test_many_keys_at_once_are_each_answered_as_the_first_time(tmp_path: Path) -> None:
    """Known and unknown ones, and one with another body, in more than one statement takes."""

    def key(number: int, digest: str = "d") -> IdempotencyKey:
        return IdempotencyKey(f"caller {number % 3}", f"k{number}", digest)

    async with open_store(tmp_path) as store:
        evens = range(0, 800, 2)
        first = await asyncio.gather(*(store.journal.append(started(), key(number)) for number in evens))
        again = await asyncio.gather(
            *(store.journal.append(started(), key(number, "other" if number == 4 else "d")) for number in range(800)),
            return_exceptions=True,
        )
        assert [number for number, found in enumerate(again) if isinstance(found, Conflict)] == [4]
        seqs = [found.seq for found in again if isinstance(found, Recorded)]
        assert set(seqs) == set(range(1, 801)) - {first[2].seq}
        for number, recorded in zip(evens, first, strict=True):
            found = again[number]
            assert number == 4 or (isinstance(found, Recorded) and found.seq == recorded.seq)
        assert store.journal.head_seq == 800
        plan = await store.database.read(
            lambda c: [row[3] for row in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {_FIND}(?,?){_FOUND}", ("a", "b", 0.0))]
        )
    assert any(step.startswith("SEARCH known") and "key=?" in step for step in plan), plan


async def test_a_key_is_forgotten_after_seven_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = IdempotencyKey("caller", "k", "d")
    async with open_store(tmp_path) as store:
        await store.journal.append(started(), key)
        now = journal_module_time()
        monkeypatch.setattr("chainbot_desktop.store.idempotency.time.time", lambda: now + 7 * 24 * 3600 + 1)
        assert (await store.journal.append(started(), key)).seq == 2


def journal_module_time() -> float:
    import time

    return time.time()


async def test_rows_of_other_tables_share_the_events_fate(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:

        def remember(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO preferences (name, value) VALUES ('seen', '1')")

        def fail(connection: sqlite3.Connection) -> None:
            remember(connection)
            raise sqlite3.OperationalError("disk full")

        with pytest.raises(Unavailable, match="disk full"):
            await store.journal.append(started(), write=fail)
        assert await store.preferences.all() == {}
        assert (await store.journal.append(started(), write=remember)).seq == 1
        assert await store.preferences.get("seen") == 1
        assert (await store.journal.verify()).ok


async def test_a_full_disk_loses_nothing_and_recovers(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        told: list[bool] = []
        store.journal.on_refusal_changed = lambda: told.append(store.journal.refused is not None)
        await store.journal.append(started())
        writer = store.journal._writer
        assert writer is not None
        connection = writer._connection

        def limit(pages: int) -> None:
            connection.execute(f"PRAGMA max_page_count={pages}")

        (pages,) = await store.database.on_writer(lambda: connection.execute("PRAGMA page_count").fetchone())
        await store.database.on_writer(lambda: limit(pages))
        with pytest.raises(Unavailable, match="full"):
            for _ in range(100):
                await store.journal.append(started(filler="x" * 5000))
        assert told == [True]
        assert store.journal.refused is not None
        assert "full" in store.journal.refused.reason
        kept = store.journal.head_seq
        await store.database.on_writer(lambda: limit(1_000_000))
        assert (await store.journal.append(started())).seq == kept + 1
        assert told == [True, False]
        assert (await store.journal.verify()).ok


async def test_too_many_waiting_appends_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "MAX_WAITING", 5)
    async with open_store(tmp_path) as store:
        outcomes = await asyncio.gather(*(store.journal.append(started()) for _ in range(50)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, ChainBotError)]
        assert refused
        assert all(error.code == "overloaded" for error in refused)
        assert store.journal.head_seq == 50 - len(refused)


async def test_close_waits_for_the_disk_and_refuses_what_comes_later(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        waiting = [asyncio.ensure_future(store.journal.append(started())) for _ in range(200)]
        await asyncio.sleep(0)
        await store.journal.close()
        assert [recorded.seq for recorded in await asyncio.gather(*waiting)] == list(range(1, 201))
        with pytest.raises(Unavailable):
            await store.journal.append(started())


async def test_reading_by_range_type_subject_time_and_order(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        read = store.journal.read
        for number in range(10):
            await store.journal.append(started(f"w-{number % 2}"))
        await store.journal.append(ExternalEventReceived.model_validate({"data": {"event_type": "door"}}))

        def seqs(found: list[Recorded[Event]]) -> list[int]:
            return [recorded.seq for recorded in found]

        assert seqs(await read(EventQuery(since=8))) == [9, 10, 11]
        assert seqs(await read(EventQuery(since=8, limit=1))) == [9]
        assert seqs(await read(EventQuery(order="desc", limit=3))) == [11, 10, 9]
        assert seqs(await read(EventQuery(order="desc", since=3))) == [2, 1]
        assert seqs(await read(EventQuery(types=("external_event_received",)))) == [11]
        assert seqs(await read(EventQuery(subject="w-1", limit=2))) == [2, 4]
        middle = (await read(EventQuery(since=4, limit=1)))[0].event.time
        assert seqs(await read(EventQuery(after=middle, limit=1))) == [5]
        assert seqs(await read(EventQuery(before=middle))) == [1, 2, 3, 4, 5]
        event_id = (await read(EventQuery(since=4, limit=1)))[0].event.id
        found = await store.journal.get(event_id)
        assert found is not None
        assert found.seq == 5
        assert await store.journal.get("nothing") is None


async def test_full_text_finds_what_was_just_written(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.journal.append(started("w-1", note="Überwachung der Küche"))
        await store.journal.append(started("w-2", note="garden"))

        async def find(words: str) -> list[str]:
            return [recorded.event.subject for recorded in await store.journal.read(EventQuery(text=words))]

        assert await find("kuche") == ["w-1"]
        assert await find("gard") == ["w-2"]
        assert await find("workflow_started") == ["w-1", "w-2"]
        assert await find("garden kuche") == []
        for hostile in ('"', "' OR 1=1", "NEAR(", "a* AND", "-", "\x00x", "()", "col:x", "^"):
            await find(hostile)
        assert await find("   ") == ["w-1", "w-2"]


async def test_an_event_of_a_newer_program_is_read_and_keeps_its_hash(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.journal.append(UnknownEvent(type="from_the_future", data={"list": [1, {"a": None}]}))
        (recorded,) = await store.journal.read(EventQuery())
        assert isinstance(recorded.event, UnknownEvent)
        assert recorded.event.data == {"list": [1, {"a": None}]}
        assert (await store.journal.verify()).ok


@pytest.mark.parametrize(
    ("damage", "broken_at"),
    [
        ("UPDATE journal SET envelope = replace(envelope, 'w-3', 'w-9') WHERE seq = 3", 3),
        ("UPDATE journal SET envelope = json_set(envelope, '$.time', '2020-01-01T00:00:00.000000Z') WHERE seq = 4", 4),
        ("UPDATE journal SET envelope = json_set(envelope, '$.requires_attention', json('true')) WHERE seq = 2", 2),
        ("DELETE FROM journal WHERE seq = 5", 5),
        ("UPDATE journal SET hash = prev_hash WHERE seq = 6", 6),
        ("UPDATE journal SET prev_hash = hash WHERE seq = 7", 7),
        ("UPDATE journal SET seq = 99 WHERE seq = 1", 1),
    ],
)
async def test_damage_is_found_where_it_is(tmp_path: Path, damage: str, broken_at: int) -> None:
    async with open_store(tmp_path) as store:
        for number in range(1, 9):
            await store.journal.append(started(f"w-{number}"))
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute(damage)
    connection.close()
    async with open_store(tmp_path) as store:
        report = await store.journal.verify()
    assert (report.ok, report.broken_at) == (False, broken_at)
    assert report.reason


class Step:
    """What may happen to a journal; hypothesis strings them together."""

    kinds = st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(1, 5)),
            st.tuples(st.just("keyed"), st.integers(0, 3)),
            st.tuples(st.just("fail"), st.integers(0, 0)),
            st.tuples(st.just("restart"), st.integers(0, 0)),
        ),
        max_size=12,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=Step.kinds)
async def test_whatever_happens_the_chain_verifies_and_nothing_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    acknowledged: dict[str, int] = {}

    def fail(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    position = 0
    while position <= len(steps):
        async with open_store(folder) as store:
            while position < len(steps) and steps[position][0] != "restart":
                kind, number = steps[position]
                position += 1
                if kind == "append":
                    for recorded in await asyncio.gather(*(store.journal.append(started()) for _ in range(number))):
                        acknowledged[recorded.event.id] = recorded.seq
                elif kind == "keyed":
                    recorded = await store.journal.append(started(), IdempotencyKey("c", f"k-{number}", "d"))
                    assert acknowledged.setdefault(recorded.event.id, recorded.seq) == recorded.seq
                else:
                    with pytest.raises(Unavailable):
                        await store.journal.append(started(), write=fail)
            report = await store.journal.verify()
            stored = {r.event.id: r.seq for r in await store.journal.read(EventQuery(limit=10_000))}
        assert report.ok
        assert stored == acknowledged
        assert sorted(stored.values()) == list(range(1, len(stored) + 1))
        position += 1


async def test_an_event_that_cannot_be_written_does_not_take_others_with_it(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:

        def fail(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO preferences (name, value) VALUES ('x', '1')")
            raise ValueError("a mistake of whoever wrote this")

        first = asyncio.gather(
            store.journal.append(started("good")),
            store.journal.append(started("bad"), IdempotencyKey("a", "\udcff", "d")),
            store.journal.append(started("worse"), write=fail),
            store.journal.append(started("repeated"), IdempotencyKey("a", "k", "d")),
            store.journal.append(started("repeated"), IdempotencyKey("a", "k", "d")),
            return_exceptions=True,
        )
        good, bad, worse, one, again = await first
        assert isinstance(bad, UnicodeEncodeError)
        assert isinstance(worse, ValueError)
        assert isinstance(good, Recorded)
        assert isinstance(one, Recorded)
        assert (good.seq, one.seq) == (1, 2)
        assert again == one
        assert [recorded.event.subject for recorded in await store.journal.read(EventQuery())] == ["good", "repeated"]
        assert await store.preferences.get("x") is None
        assert (await store.journal.verify()).ok


async def test_closing_does_not_wait_for_a_long_look_at_the_past(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    database = Database(tmp_path / "journal.db")
    await database.open()
    looks = [asyncio.ensure_future(database.read(lambda c: c.execute(text(endless)).scalar())) for _ in range(5)]
    await asyncio.wait(looks, timeout=0.2)
    async with asyncio.timeout(5):
        await database.close()
    outcomes = await asyncio.gather(*looks, return_exceptions=True)
    assert all(isinstance(outcome, (Unavailable, asyncio.CancelledError)) for outcome in outcomes), outcomes


async def test_a_search_does_not_keep_appends_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_SEARCH_SLICE", 10)
    async with open_store(tmp_path) as store:
        await asyncio.gather(*(store.journal.append(started(f"w-{number}")) for number in range(500)))
        search = asyncio.ensure_future(store.journal.read(EventQuery(text="workflow_started", limit=1000)))
        await asyncio.sleep(0)
        await store.journal.append(started("meanwhile"))
        assert not search.done()
        assert len(await search) >= 500


async def test_keys_past_their_time_are_forgotten_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_FORGET_EVERY", 0.01)
    async with open_store(tmp_path) as store:
        for name in ("old", "new"):
            await store.journal.append(started(name), IdempotencyKey("a", name, "d"))
        old = "UPDATE idempotency_keys SET recorded_at = recorded_at - 8 * 86400 WHERE key = 'old'"
        await store.database.write(lambda c: c.execute(text(old)).rowcount)

        async def left() -> list[str]:
            return await store.database.read(lambda c: list(c.execute(text("SELECT key FROM idempotency_keys")).scalars()))

        async with asyncio.timeout(5):
            while await left() != ["new"]:
                await asyncio.sleep(0.01)
