"""What came in is kept with what it made, and no longer than it should be."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import Conflict, Unavailable
from chainbot_desktop.core.events import ExternalEventReceived, Recorded
from chainbot_desktop.core.events.webhooks import ExternalFact
from chainbot_desktop.core.ports import IdempotencyKey
from chainbot_desktop.store.received_webhooks import IncomingQuery, ReceivedWebhooks, RefusedWebhook
from tests.helpers.stores import Store, open_store

CALLER = "system:webhook@127.0.0.1"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def received(store: Store) -> ReceivedWebhooks:
    return ReceivedWebhooks(store.database, store.journal)


def event(number: int) -> ExternalEventReceived:
    return ExternalEventReceived(data=ExternalFact.model_validate({"event_type": "door", "number": number}), subject="door")


def refused(number: int, body: bytes | None = b"{", time: str = "2026-01-01T00:00:00.000000Z") -> RefusedWebhook:
    return RefusedWebhook(time, "event", CALLER, f"k{number}", 422, f"number {number} is wrong", 1, body)


async def test_many_at_once_each_with_its_event_and_its_bytes(store: Store, received: ReceivedWebhooks) -> None:
    """More than go into one statement, with and without keys, some twice."""

    async def one(number: int) -> int:
        body = b"%d\x00\xff" % number
        key = IdempotencyKey(CALLER, f"k{number}", "d") if number % 3 == 0 else None
        recorded = await received.append(event(number), key, "event", CALLER, key.key if key else "", len(body), body, "")
        return recorded.seq

    seqs = await asyncio.gather(*(one(number) for number in range(700)))
    again = await one(0)
    assert again == seqs[0]
    rows = {row.seq: row for row in await received.page(IncomingQuery(limit=500))}
    assert len(rows) == 500
    kept, wrong = await received.counts()
    assert (kept, wrong) == (701, 0)
    for number in (0, 1, 257, 699):
        first, *more = await received.of_event(seqs[number])
        assert await received.body(first.number) == b"%d\x00\xff" % number
        assert (first.path, first.caller, first.status, first.event_type) == ("event", CALLER, 200, "external_event_received")
        assert len(more) == (1 if number == 0 else 0)
        found = await store.journal.get(first.event_id)
        assert found is not None
        assert found.seq == seqs[number]


async def test_a_batch_of_deliveries_alone_and_one_of_all_kinds(store: Store, received: ReceivedWebhooks) -> None:
    """The one goes to disk in a single statement, the other in a transaction; what is kept is the same."""

    async def kept(seq: int) -> list[tuple[str, bytes | None, int | None]]:
        return [(row.key, await received.body(row.number), row.replay_of) for row in await received.of_event(seq)]

    def plain(number: int) -> Awaitable[Recorded[ExternalEventReceived]]:
        return received.append(event(number), None, "event", CALLER, f"k{number}", 3, b"\x00%d\xff" % number, "")

    # The first is alone; the others wait for it, and are a batch of their own.
    alone = await asyncio.gather(*(plain(number) for number in range(9)))
    assert [recorded.seq for recorded in alone] == list(range(1, 10))
    assert [await kept(recorded.seq) for recorded in alone] == [[(f"k{n}", b"\x00%d\xff" % n, None)] for n in range(9)]
    (original,) = await received.of_event(1)
    mixed = await asyncio.gather(
        plain(20),
        store.journal.append(event(21)),
        received.append_replay(event(22), original, "user:admin"),
        plain(23),
        received.append(event(24), IdempotencyKey(CALLER, "k24", "d"), "event", CALLER, "k24", 1, b"2", ""),
    )
    assert [recorded.seq for recorded in mixed] == list(range(10, 15))
    assert [await kept(recorded.seq) for recorded in mixed] == [
        [("k20", b"\x0020\xff", None)], [], [("", b"\x000\xff", original.number)], [("k23", b"\x0023\xff", None)], [("k24", b"2", None)]
    ]  # fmt: skip
    assert [row.status for row in await received.page(IncomingQuery())] == [200] * 13
    report = await store.journal.verify()
    assert (report.ok, report.checked) == (True, 14)


async def test_a_full_disk_keeps_neither_the_event_nor_its_delivery(store: Store, received: ReceivedWebhooks) -> None:
    await received.append(event(1), None, "event", CALLER, "", 1, b"1", "")
    writer = store.journal._require_writer()._connection

    async def set_limit(pages: int) -> None:
        await store.database.on_writer(lambda: writer.execute(f"PRAGMA max_page_count = {pages}").fetchone())

    await set_limit(1)  # SQLite takes that as: no more than there are
    body = bytes(200_000)
    with pytest.raises(Unavailable):
        await received.append(event(2), None, "event", CALLER, "", len(body), body, "")
    await set_limit(1_000_000)
    recorded = await received.append(event(3), None, "event", CALLER, "", 1, b"3", "")
    assert recorded.seq == 2
    assert await received.counts() == (2, 0)
    assert (await store.journal.verify()).ok


async def test_a_key_with_another_body_leaves_no_row_that_claims_an_event(store: Store, received: ReceivedWebhooks) -> None:
    first = IdempotencyKey(CALLER, "k", "one")
    await received.append(event(1), first, "event", CALLER, "k", 1, b"1", "")
    with pytest.raises(Conflict):
        await received.append(event(2), IdempotencyKey(CALLER, "k", "two"), "event", CALLER, "k", 1, b"2", "")
    assert await received.counts() == (1, 0)


async def test_a_row_that_sqlite_cannot_take_leaves_neither_it_nor_its_event(store: Store, received: ReceivedWebhooks) -> None:
    good = received.append(event(1), None, "event", CALLER, "", 1, b"1", "")
    bad = received.append(event(2), None, "event\ud800", CALLER, "", 1, b"2", "")
    results = await asyncio.gather(good, bad, return_exceptions=True)
    assert isinstance(results[1], Exception)
    assert not isinstance(results[0], BaseException)
    assert store.journal.head_seq == 1
    assert await received.counts() == (1, 0)


async def test_the_filters(received: ReceivedWebhooks) -> None:
    recorded = await received.append(event(1), None, "event", CALLER, "", 1, b"1", "")
    (row,) = await received.of_event(recorded.seq)
    await received.append_replay(event(2), row, "user:admin")
    await received.keep_refused([refused(7)])
    assert [one.state for one in await received.page(IncomingQuery())] == ["refused", "replayed", "accepted"]
    for state in ("refused", "replayed", "accepted"):
        assert [one.state for one in await received.page(IncomingQuery(state=state))] == [state]
    assert [one.number for one in await received.page(IncomingQuery(words=("WRONG", "k7")))] == [3]
    assert await received.page(IncomingQuery(words=("%",))) == []
    assert [one.number for one in await received.page(IncomingQuery(before=3, limit=1))] == [2]
    assert [one.number for one in await received.page(IncomingQuery(after=1))] == [2, 3]


async def test_a_replay_shows_the_body_of_what_was_played_again(received: ReceivedWebhooks) -> None:
    recorded = await received.append(event(1), None, "event", CALLER, "", 3, b"abc", "")
    (row,) = await received.of_event(recorded.seq)
    again = await received.append_replay(event(2), row, "user:admin")
    (replayed,) = await received.of_event(again.seq)
    assert replayed.replay_of == row.number
    assert await received.body(replayed.number) == b"abc"
    assert await received.body(99) is None


async def test_old_ones_go_and_too_many(received: ReceivedWebhooks) -> None:
    await received.keep_refused([refused(number) for number in range(10)])
    await received.keep_refused([refused(number, time="2026-05-01T00:00:00.000000Z") for number in range(10)])
    assert await received.prune("2026-02-01T00:00:00.000000Z", keep=100, limit=6) == 6
    assert await received.prune("2026-02-01T00:00:00.000000Z", keep=100, limit=6) == 4
    assert await received.prune("2026-02-01T00:00:00.000000Z", keep=100, limit=6) == 0
    assert await received.prune("2026-02-01T00:00:00.000000Z", keep=3, limit=50) == 7
    assert await received.counts() == (3, 3)


async def test_refused_ones_are_found_by_their_index(store: Store, received: ReceivedWebhooks) -> None:
    plan = await store.database.read(
        lambda c: str(
            c.exec_driver_sql(
                "EXPLAIN QUERY PLAN SELECT number FROM received_webhooks WHERE status >= 400 ORDER BY number DESC LIMIT 10"
            ).all()
        )
    )
    assert "ix_received_webhooks_refused" in plan


async def test_a_kill_leaves_each_event_with_its_row_and_each_row_with_its_event(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        pass
    for round_ in range(3):
        promised = _promised_until_killed(tmp_path, 200 + 37 * round_)
        async with open_store(tmp_path) as store:
            head = store.journal.head_seq
            assert head >= max(promised)
            report = await store.journal.verify()
            assert (report.ok, report.checked) == (True, head)
            seqs = await store.database.read(lambda c: c.exec_driver_sql("SELECT seq FROM received_webhooks").scalars().all())
            assert sorted(seqs) == list(range(1, head + 1))
            received = ReceivedWebhooks(store.database, store.journal)
            for seq in (1, head):
                (row,) = await received.of_event(seq)
                found = await store.journal.get(row.event_id)
                assert found is not None
                body = await received.body(row.number)
                assert body == b'{ "workflow_id": "%s" }' % found.event.subject.encode()


def _promised_until_killed(folder: Path, count: int) -> list[int]:
    """The places of the events that callers were told of, by a program that is killed after about `count` of them."""
    command = [sys.executable, "-m", "tests.helpers.webhook_child", str(folder)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3], text=True)
    assert child.stdout is not None
    promised = [int(child.stdout.readline()) for _ in range(count)]
    child.send_signal(signal.SIGKILL)
    promised += [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    child.stdout.close()
    child.wait(30)
    return promised
