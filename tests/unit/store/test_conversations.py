"""Conversations on a real SQLite file: nothing lost, nothing out of order, and no slower for being long."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import insert

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.events import MessagePosted
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.store.conversation_rows import MARK_BEGIN, MARK_END
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.schema import messages
from tests.helpers.stores import Store, open_store

ME = "user:test"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def table(store: Store) -> ConversationTable:
    return ConversationTable(store.database, store.journal)


async def _fill(store: Store, conversation_id: str, count: int) -> None:
    now = utc_now()
    rows = [
        {
            "id": new_id(),
            "conversation_id": conversation_id,
            "author": ME,
            "kind": "text",
            "text": f"line {n}",
            "created_at": now,
        }
        for n in range(count)
    ]
    await store.database.write(lambda c: c.execute(insert(messages), rows) and None)


async def test_a_message_and_its_event_are_kept_together(store: Store, table: ConversationTable) -> None:
    made = await table.create(actor=ME)
    posted = await table.post(made.id, "Hello Pi ü", author=ME, title="Hello")
    events = await store.journal.read(EventQuery(types=("message_posted",)))
    assert len(events) == 1
    event = events[0].event
    assert isinstance(event, MessagePosted)
    assert event.data.message_id == posted.id
    assert event.data.size == len("Hello Pi ü".encode())
    assert event.data.sha256 == sha256("Hello Pi ü".encode()).hexdigest()
    assert await table.before(made.id, None, 10) == [posted]
    assert await table.message(posted.id) == posted
    assert (await table.get(made.id)).title == "Hello"


async def test_the_private_text_is_not_in_the_journal(store: Store, table: ConversationTable) -> None:
    made = await table.create(actor=ME)
    await table.post(made.id, "the password is swordfish", author=ME, title="the password is swordfish")
    assert await store.journal.read(EventQuery(text="swordfish")) == []


async def test_only_the_first_message_names_a_conversation(table: ConversationTable) -> None:
    made = await table.create(actor=ME)
    await table.post(made.id, "one", author=ME, title="one")
    await table.post(made.id, "two", author=ME, title="two")
    assert (await table.get(made.id)).title == "one"
    await table.rename(made.id, "three", actor=ME)
    await table.post(made.id, "four", author=ME, title="four")
    assert (await table.get(made.id)).title == "three"


async def test_a_message_to_nowhere_is_refused_and_others_are_kept(store: Store, table: ConversationTable) -> None:
    made = await table.create(actor=ME)
    before = store.journal.head_seq
    with pytest.raises(NotFound):
        await table.post(new_id(), "lost", author=ME)
    assert store.journal.head_seq == before
    await table.post(made.id, "kept", author=ME)
    assert [m.text for m in await table.before(made.id, None, 10)] == ["kept"]


async def test_paging_meets_at_the_seams(store: Store, table: ConversationTable) -> None:
    made, other = await table.create(actor=ME), await table.create(actor=ME)
    for n in range(25):
        await table.post(made.id, f"m{n}", author=ME)
        await table.post(other.id, f"x{n}", author=ME)
    newest = await table.before(made.id, None, 10)
    older = await table.before(made.id, newest[0].number, 10)
    oldest = await table.before(made.id, older[0].number, 10)
    assert [m.text for m in [*oldest, *older, *newest]] == [f"m{n}" for n in range(25)]
    again = await table.after(made.id, oldest[-1].number, 100)
    assert again == [*older, *newest]
    assert await table.after(made.id, newest[-1].number, 10) == []


async def test_a_floor_hides_what_is_below_it(table: ConversationTable) -> None:
    made = await table.create(actor=ME)
    numbers = [(await table.post(made.id, f"apple {n}", author=ME)).number for n in range(4)]
    assert [m.text for m in await table.before(made.id, None, 10, floor=numbers[1])] == ["apple 2", "apple 3"]
    assert [m.text for m in await table.after(made.id, 0, 10, floor=numbers[2])] == ["apple 3"]
    assert [h.number for h in await table.search("apple", floors={made.id: numbers[1]})] == [numbers[3], numbers[2]]
    summary = await table.get(made.id, floor=numbers[3])
    assert (summary.unread, summary.last_text) == (0, "")


async def test_the_list_shows_pins_first_then_the_newest(table: ConversationTable) -> None:
    a, b, c = [await table.create(title, actor=ME) for title in ("a", "b", "c")]
    await table.post(a.id, "later", author=ME)
    await table.change(b.id, {"pinned": True}, actor=ME)
    assert [x.title for x in await table.listed()] == ["b", "a", "c"]
    await table.change(c.id, {"archived": True}, actor=ME)
    assert [x.title for x in await table.listed()] == ["b", "a"]
    assert [x.title for x in await table.listed(archived=True)] == ["c"]
    assert [x.title for x in await table.listed(limit=1, offset=1)] == ["a"]


async def test_unread_counts_what_was_not_shown(table: ConversationTable) -> None:
    made = await table.create(actor=ME)
    posted = [await table.post(made.id, f"m{n}", author="agent:a") for n in range(3)]
    assert (await table.get(made.id)).unread == 3
    await table.mark_read(made.id, posted[1].number)
    await table.mark_read(made.id, posted[0].number)
    assert (await table.get(made.id)).unread == 1
    assert (await table.listed())[0].unread == 1


async def test_search_finds_over_all_with_a_marked_snippet(table: ConversationTable) -> None:
    a, b = await table.create("Garden", actor=ME), await table.create("House", actor=ME)
    await table.post(a.id, "The moisture sensor in bed 3 reads 41 %", author=ME)
    hit_message = await table.post(b.id, "Another sensor, on the roof", author=ME)
    hits = await table.search("sensor")
    assert [h.title for h in hits] == ["House", "Garden"]
    assert hits[0].message_id == hit_message.id
    assert f"{MARK_BEGIN}sensor{MARK_END}" in hits[0].snippet
    assert [h.title for h in await table.search("sens roo")] == []
    assert [h.title for h in await table.search("sensor roo")] == ["House"]
    assert await table.search("  ") == []
    for hostile in ('"', "a AND", "NEAR(", "*", "col:x", "'; DROP TABLE messages"):
        await table.search(hostile)


async def test_titles_are_found_as_they_stand(table: ConversationTable) -> None:
    await table.create("100 % done", actor=ME)
    await table.create("100 things", actor=ME)
    assert [c.title for c in await table.titled("0 % D")] == ["100 % done"]


async def test_drafts_are_kept_over_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        table = ConversationTable(store.database, store.journal)
        made = await table.create(actor=ME)
        await table.save_draft(made.id, "half a tho")
    async with open_store(tmp_path) as store:
        assert (await ConversationTable(store.database, store.journal).get(made.id)).draft == "half a tho"


async def test_clear_and_delete_erase_text_and_search(store: Store, table: ConversationTable) -> None:
    made, other = await table.create(actor=ME), await table.create(actor=ME)
    await _fill(store, made.id, 5_000)
    await table.post(other.id, "line of another", author=ME)
    last = (await table.before(made.id, None, 1))[0].number
    newest = await table.post(made.id, "line after", author=ME)
    await table.clear(made.id, last, actor=ME)
    assert await table.before(made.id, None, 10) == [newest]
    assert {h.message_id for h in await table.search("line")} == {
        newest.id,
        (await table.before(other.id, None, 1))[0].id,
    }
    await table.delete(made.id, actor=ME)
    with pytest.raises(NotFound):
        await table.get(made.id)
    assert await table.before(made.id, None, 10) == []
    types = [r.event.type for r in await store.journal.read(EventQuery(subject=made.id))]
    assert types[-2:] == ["conversation_cleared", "conversation_deleted"]


async def test_numbers_are_never_used_twice(table: ConversationTable) -> None:
    made, other = await table.create(actor=ME), await table.create(actor=ME)
    gone = await table.post(made.id, "x", author=ME)
    await table.delete(made.id, actor=ME)
    assert (await table.post(other.id, "y", author=ME)).number > gone.number


async def test_history_is_what_people_typed(table: ConversationTable) -> None:
    made = await table.create(actor=ME)
    await table.post(made.id, "first", author=ME)
    await table.post(made.id, "an answer", author="system:chainbot", kind="system")
    await table.post(made.id, "/status", author=ME, kind="command")
    assert await table.typed(made.id) == ["/status", "first"]


async def test_a_long_conversation_pages_as_quickly_as_a_short_one(store: Store, table: ConversationTable) -> None:
    short, long = await table.create("short", actor=ME), await table.create("long", actor=ME)
    await _fill(store, short.id, 100)
    await _fill(store, long.id, 100_000)

    async def cost(conversation_id: str) -> float:
        best = 1.0
        for _ in range(15):
            begin = time.perf_counter()
            page = await table.before(conversation_id, None, 50)
            await table.before(conversation_id, page[0].number, 50)
            await table.get(conversation_id)
            best = min(best, time.perf_counter() - begin)
        return best

    short_cost, long_cost = await cost(short.id), await cost(long.id)
    assert long_cost < 3 * short_cost + 0.002
