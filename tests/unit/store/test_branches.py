"""Branches on a real SQLite file: what is read of them, how quickly, and what is left when a part of them goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert, select, text

from chainbot_desktop.core.errors import Conflict
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.store.conversation_rows import Conversation, Message, Meter
from chainbot_desktop.store.conversation_segments import count_threads, read_after, read_before, segments_of
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.schema import messages, runs
from tests.helpers.stores import Store, open_store

ME = "user:test"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def table(store: Store) -> ConversationTable:
    return ConversationTable(store.database, store.journal)


async def fill(store: Store, conversation_id: str, count: int, thread: str = "") -> None:
    now = utc_now()
    row = {"conversation_id": conversation_id, "author": ME, "kind": "text", "created_at": now, "thread": thread}
    rows = [{"id": new_id(), "text": f"line {n}", **row} for n in range(count)]
    await store.database.write(lambda c: c.execute(insert(messages), rows) and None)


async def grown(table: ConversationTable, stem: Conversation, at: Message | None = None) -> Conversation:
    at = at or (await table.before(stem.id, None, 1))[0]
    return await table.branch(await table.get(stem.id), at, title="", floor=0, actor=ME)


async def texts(table: ConversationTable, conversation_id: str) -> list[str]:
    return [m.text for m in await table.before(conversation_id, None, 100)]


async def kept(store: Store) -> list[str]:
    return await store.database.read(lambda c: list(c.execute(select(messages.c.text).order_by(messages.c.number)).scalars()))


async def test_what_only_a_branch_still_showed_goes_with_it(store: Store, table: ConversationTable) -> None:
    stem = await table.create(actor=ME)
    said = [await table.post(stem.id, f"m{n}", author=ME) for n in range(4)]
    branch = await grown(table, stem)
    inner = await grown(table, branch)
    await table.post(inner.id, "own", author=ME)
    await table.clear(stem.id, said[1].number, actor=ME)
    assert await texts(table, stem.id) == ["m2", "m3"]
    assert await texts(table, branch.id) == ["m0", "m1", "m2", "m3"]
    await table.delete(branch.id, actor=ME)
    assert await texts(table, inner.id) == ["m0", "m1", "m2", "m3", "own"]
    assert await kept(store) == ["m0", "m1", "m2", "m3", "own"]
    await table.delete(inner.id, actor=ME)
    assert await texts(table, stem.id) == ["m2", "m3"]
    assert await kept(store) == ["m2", "m3"]


async def test_a_branch_at_what_was_cleared_meanwhile_is_refused(table: ConversationTable) -> None:
    stem = await table.create(actor=ME)
    said = await table.post(stem.id, "m", author=ME)
    before = await table.get(stem.id)
    await table.clear(stem.id, said.number, actor=ME)
    with pytest.raises(Conflict):
        await table.branch(before, said, title="", floor=0, actor=ME)
    assert [c.id for c in await table.listed()] == [stem.id]


async def test_what_was_cleared_stays_cleared_over_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        table = ConversationTable(store.database, store.journal)
        stem = await table.create(actor=ME)
        said = await table.post(stem.id, "before", author=ME)
        branch = await grown(table, stem)
        await table.clear(branch.id, said.number, actor=ME)
    async with open_store(tmp_path) as store:
        table = ConversationTable(store.database, store.journal)
        assert (await table.get(branch.id)).cleared_through == said.number
        assert await texts(table, branch.id) == []
        assert await texts(table, stem.id) == ["before"]


async def test_an_erasure_that_was_cut_off_is_finished_by_doing_it_again(
    store: Store, table: ConversationTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    stem = await table.create(actor=ME)
    said = [await table.post(stem.id, f"m{n}", author=ME) for n in range(4)]
    branch = await grown(table, stem, said[1])

    async def killed(*_: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr("chainbot_desktop.store.conversation_erasure.Erasure._erase", killed)
        with pytest.raises(RuntimeError, match="the power went"):
            await table.delete(stem.id, actor=ME)
    assert await texts(table, stem.id) == [], "hidden, though it is not erased yet"
    assert await texts(table, branch.id) == ["m0", "m1"]
    await table.delete(stem.id, actor=ME)
    assert await texts(table, branch.id) == ["m0", "m1"]
    assert await kept(store) == ["m0", "m1"]


async def test_while_a_stem_goes_its_branches_read_all_and_new_ones_may_grow(
    store: Store, table: ConversationTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainbot_desktop.store.conversation_erasure._SLICE", 3)
    stem = await table.create(actor=ME)
    said = [await table.post(stem.id, f"m{n}", author=ME) for n in range(40)]
    short, long = await grown(table, stem, said[19]), await grown(table, stem, said[29])
    going = asyncio.create_task(table.delete(stem.id, actor=ME))
    seen: set[str] = set()
    young: list[tuple[str, int]] = []
    while not going.done():
        assert await texts(table, short.id) == [f"m{n}" for n in range(20)]
        assert await texts(table, long.id) == [f"m{n}" for n in range(30)]
        lies = [m.conversation_id for m in await table.before(long.id, None, 100)]
        seen.add(f"{lies.count(long.id)} of its own")
        where = len(young) % 18
        at = await table.message(said[where].id)
        with suppress(Conflict):  # it was given away just now
            young.append(((await table.branch(await table.get(short.id), at, title="", floor=0, actor=ME)).id, where))
    await going
    assert len(seen) > 2, "it went bit by bit, and was read in between"
    assert len(young) > 1
    for made, where in young:
        assert await texts(table, made) == [f"m{n}" for n in range(where + 1)]
    assert await kept(store) == [f"m{n}" for n in range(30)]


async def test_threads_are_read_by_themselves(table: ConversationTable) -> None:
    stem = await table.create(actor=ME)
    await table.post(stem.id, "ask the others", author=ME)
    inner = [await table.post(stem.id, f"part {n}", author="agent:b", thread="run-1") for n in range(3)]
    answer = await table.post(stem.id, "together", author="agent:a", detail={"run_id": "run-1"})
    branch = await grown(table, stem)
    await table.post(stem.id, "later", author="agent:b", thread="run-1")
    assert await texts(table, branch.id) == ["ask the others", "together"]
    assert [m.text for m in await table.after(branch.id, 0, 10)] == ["ask the others", "together"]
    assert await table.thread(branch.id, "run-1") == inner
    assert await table.thread(branch.id, "run-1", after=inner[0].number, limit=1) == [inner[1]]
    assert await table.thread_counts(branch.id, ["run-1", "run-2"]) == {"run-1": 3}
    assert await table.thread_counts(stem.id, ["run-1"]) == {"run-1": 4}
    summary = await table.get(stem.id)
    assert (summary.last_number, summary.unread) == (answer.number, 2)


async def test_the_last_message_of_a_new_branch_is_that_of_its_stem(table: ConversationTable) -> None:
    stem = await table.create("Garden", actor=ME)
    await table.post(stem.id, "the last words", author=ME, read=True)
    branch = await grown(table, stem)
    await table.post(stem.id, "later", author=ME)
    assert {(c.id, c.last_text, c.unread) for c in await table.listed()} == {
        (stem.id, "later", 1),
        (branch.id, "the last words", 0),
    }


async def test_a_conversation_of_many_generations_opens_as_quickly_as_a_short_one(
    store: Store, table: ConversationTable
) -> None:
    short, long = await table.create("short", actor=ME), await table.create("long", actor=ME)
    await fill(store, short.id, 100)
    for _ in range(10):
        await fill(store, long.id, 10_000)
        await fill(store, long.id, 20, thread="run")
        long = await grown(table, long)
    await fill(store, long.id, 10)

    async def cost(conversation_id: str) -> float:
        best = 1.0
        for _ in range(15):
            begin = time.perf_counter()
            page = await table.before(conversation_id, None, 40)
            assert len(page) == 40
            await table.thread_counts(conversation_id, ["run"])
            await table.after(conversation_id, 0, 40)
            await table.get(conversation_id)
            best = min(best, time.perf_counter() - begin)
        return best

    short_cost, long_cost = await cost(short.id), await cost(long.id)
    assert len({m.conversation_id for m in await table.before(long.id, None, 40)}) == 2
    assert long_cost < 3 * short_cost + 0.003


async def test_pages_are_ranges_of_an_index(store: Store, table: ConversationTable) -> None:
    """Time alone does not tell that of small tables."""
    stem = await table.create(actor=ME)
    await table.post(stem.id, "m", author=ME)
    branch = await grown(table, stem)
    plans: list[str] = []

    def work(connection: Connection) -> None:
        seen: list[tuple[str, object]] = []
        segments = segments_of(connection, branch.id, 0)
        event.listen(connection, "before_cursor_execute", lambda c, cursor, sql, values, *_: seen.append((sql, values)))
        read_before(connection, segments, 10, 5)
        read_after(connection, segments, 0, 5)
        count_threads(connection, segments, ["run"])
        for sql, values in tuple(seen):
            plans.extend(str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values))  # type: ignore[arg-type]

    await store.database.read(work)
    reads = [plan for plan in plans if " messages " in plan]
    assert len(reads) == 6, "two segments, three times"
    assert all("SEARCH messages USING" in plan and "ix_messages_thread" in plan for plan in reads)
    assert not any("TEMP B-TREE FOR ORDER" in plan for plan in plans)


async def test_the_meter_counts_what_was_asked_here_and_what_that_led_to(store: Store, table: ConversationTable) -> None:
    made, other = await table.create(actor=ME), await table.create(actor=ME)
    assert await table.meter(made.id) == Meter(0, 0, None, 0)

    def run(run_id: str, conversation_id: str, parent_id: str, tokens: int, cost: float | None) -> dict[str, object]:
        blank = dict.fromkeys(("task", "started_at", "ended_at", "result", "reason"), "")
        ids = {"id": run_id, "agent_id": "a", "parent_id": parent_id, "conversation_id": conversation_id, "actor": ME}
        used = {"input_tokens": tokens, "output_tokens": 1 if tokens else 0, "cost": cost}
        return {**blank, **ids, **used, "depth": 0, "context": {}, "state": "succeeded", "data": {}}

    rows = [
        run("1", made.id, "", 10, 0.5),
        run("1.1", "", "1", 20, 0.25),
        run("1.1.1", "", "1.1", 40, None),
        run("1.2", other.id, "1", 80, 1.0),
        run("2", made.id, "", 0, None),
        run("3", other.id, "", 160, 2.0),
    ]
    await store.database.write(lambda c: c.execute(insert(runs), rows) and None)
    assert await table.meter(made.id) == Meter(70, 3, 0.75, 1)
    assert await table.meter(other.id) == Meter(240, 2, 3.0, 0)
    plan = await store.database.read(
        lambda c: str(c.execute(text("EXPLAIN QUERY PLAN SELECT id FROM runs WHERE parent_id = 'x'")).all())
    )
    assert "ix_runs_parent" in plan
