"""Notes on a real SQLite file, and what the journal is told of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.events import MemoryChanged, MemoryForgotten, MemoryKept
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.store.memories import MemoryTable
from tests.helpers.stores import Store, open_store

ME = "user:test"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def table(store: Store) -> MemoryTable:
    return MemoryTable(store.database, store.journal)


async def test_a_note_and_its_event_are_kept_together(store: Store, table: MemoryTable) -> None:
    kept = await table.add("The key hangs behind the door ü", author=ME, conversation_id="c")
    assert await table.get(kept.id) == kept == await table.numbered(kept.number)
    [recorded] = await store.journal.read(EventQuery(types=("memory_kept",)))
    assert isinstance(recorded.event, MemoryKept)
    assert recorded.event.data.memory_id == kept.id
    assert recorded.event.data.size == len(kept.text.encode())
    assert recorded.event.data.sha256 == sha256(kept.text.encode()).hexdigest()
    assert recorded.event.actor == ME


async def test_no_text_of_a_note_is_in_the_journal(store: Store, table: MemoryTable) -> None:
    kept = await table.add("swordfish", author=ME)
    await table.edit(kept.id, "swordfish and chips", actor=ME)
    await table.delete(kept.id, actor=ME)
    assert await store.journal.read(EventQuery(text="swordfish")) == []
    types = [recorded.event.type for recorded in await store.journal.read(EventQuery())]
    assert types == ["memory_kept", "memory_changed", "memory_forgotten"]


async def test_an_edited_note_is_found_by_its_new_words_alone(store: Store, table: MemoryTable) -> None:
    kept = await table.add("the backup runs at two", author=ME)
    changed = await table.edit(kept.id, "the backup runs at three", actor=ME)
    assert (changed.number, changed.created_at) == (kept.number, kept.created_at)
    assert await table.search("two") == []
    assert await table.search("thr") == [changed]
    [recorded] = await store.journal.read(EventQuery(types=("memory_changed",)))
    assert isinstance(recorded.event, MemoryChanged)
    assert recorded.event.data.size == len(changed.text)


async def test_what_is_deleted_is_gone_and_can_be_put_back_as_it_was(store: Store, table: MemoryTable) -> None:
    first, second = await table.add("one", author=ME), await table.add("two", author=ME)
    gone = await table.delete(second.id, actor="user:other")
    assert gone == second
    with pytest.raises(NotFound):
        await table.get(second.id)
    with pytest.raises(NotFound):
        await table.edit(second.id, "three", actor=ME)
    assert await table.search("two") == []
    third = await table.add("three", author=ME)
    assert third.number > second.number, "a number is never used twice"
    await table.put_back(gone, actor=ME)
    assert await table.listed() == [third, second, first]
    [recorded] = await store.journal.read(EventQuery(types=("memory_forgotten",)))
    assert isinstance(recorded.event, MemoryForgotten)
    assert recorded.event.actor == "user:other"


async def test_pages_go_from_the_newest_to_the_oldest_without_a_gap(table: MemoryTable) -> None:
    made = [await table.add(f"note {number} of seven", author=ME) for number in range(7)]
    pages, before = [], 0
    while page := await table.listed(before=before, limit=3):
        pages += page
        before = page[-1].number
    assert pages == made[::-1]
    found, before = [], 0
    while page := await table.search("seven note", before=before, limit=3):
        found += page
        before = page[-1].number
    assert found == made[::-1]
    assert await table.count() == 7


@pytest.mark.parametrize("words", ['"', "* OR", "NEAR(", "\x00", "a AND", "'; DROP TABLE memories"])
async def test_a_search_takes_anything_for_words(table: MemoryTable, words: str) -> None:
    await table.add("something", author=ME)
    assert len(await table.search(words)) <= 1
    assert await table.count() == 1
