"""Notes as people keep, change and forget them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chainbot_desktop.chat.recall.notes import MAX_NOTE_BYTES, NotesService
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound, TooLarge
from chainbot_desktop.store.memories import MemoryTable
from tests.helpers.stores import Store, open_store

ME = "user:test"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def notes(store: Store) -> NotesService:
    return NotesService(MemoryTable(store.database, store.journal))


async def test_the_same_note_twice_is_one_note(notes: NotesService) -> None:
    first = await notes.remember("The backup runs at 2", actor=ME)
    again = await notes.remember("  The backup runs at 2\n", actor="user:other")
    assert first.new
    assert not again.new
    assert again.note == first.note
    assert await notes.count() == 1


async def test_the_same_note_at_once_is_one_note(notes: NotesService) -> None:
    made = await asyncio.gather(*(notes.remember("at once", actor=ME) for _ in range(10)))
    assert sum(each.new for each in made) == 1
    assert await notes.count() == 1


@pytest.mark.parametrize("text", ["", "   \n", "half of \ud800 one", "a NUL \0 in it"])
async def test_what_is_no_text_is_refused_and_nothing_is_kept(notes: NotesService, text: str) -> None:
    with pytest.raises(InvalidInput):
        await notes.remember(text, actor=ME)
    assert await notes.count() == 0


async def test_a_note_may_have_16_kib_and_not_a_byte_more(notes: NotesService) -> None:
    kept = await notes.remember("ü" * (MAX_NOTE_BYTES // 2), actor=ME)
    with pytest.raises(TooLarge, match="16 KiB"):
        await notes.remember("ü" * (MAX_NOTE_BYTES // 2) + "x", actor=ME)
    with pytest.raises(TooLarge):
        await notes.edit(kept.note.id, "x" * (MAX_NOTE_BYTES + 1), actor=ME)
    assert await notes.note(kept.note.id) == kept.note


async def test_more_than_the_most_are_refused_also_when_they_come_at_once(store: Store) -> None:
    notes = NotesService(MemoryTable(store.database, store.journal), most=3)
    results = await asyncio.gather(*(notes.remember(f"note {n}", actor=ME) for n in range(5)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Conflict)]
    assert [error.code for error in refused] == ["too_many_notes"] * 2
    assert await notes.count() == 3
    assert not (await notes.remember("note 0", actor=ME)).new, "one that is there already needs no room"


async def test_an_edited_note_keeps_its_number_and_may_not_become_another_one(notes: NotesService) -> None:
    one = await notes.remember("one", actor=ME)
    two = await notes.remember("two", actor=ME)
    changed = await notes.edit(one.note.id, "uno", actor=ME)
    assert (changed.number, changed.text) == (one.note.number, "uno")
    with pytest.raises(Conflict, match=f"Note {two.note.number}"):
        await notes.edit(one.note.id, "two", actor=ME)
    assert await notes.edit(one.note.id, "uno", actor=ME) == changed


async def test_a_forgotten_note_is_gone_at_once_and_undoing_brings_it_back(notes: NotesService) -> None:
    told: list[int] = []
    notes.changed.add(lambda: told.append(1))
    kept = (await notes.remember("one", actor=ME)).note
    undoable = await notes.forget(kept.id, actor=ME)
    assert await notes.listed() == []
    with pytest.raises(NotFound):
        await notes.numbered(kept.number)
    await undoable.undo()
    assert await notes.listed() == [kept]
    assert len(told) == 3


async def test_undoing_makes_no_second_one_where_it_was_written_again(notes: NotesService) -> None:
    undoable = await notes.forget((await notes.remember("one", actor=ME)).note.id, actor=ME)
    again = await notes.remember("one", actor=ME)
    await undoable.undo()
    assert await notes.listed() == [again.note]


async def test_after_its_time_it_cannot_be_undone(store: Store) -> None:
    notes = NotesService(MemoryTable(store.database, store.journal), undo_seconds=-1)
    undoable = await notes.forget((await notes.remember("one", actor=ME)).note.id, actor=ME)
    with pytest.raises(NotFound, match="too late"):
        await undoable.undo()
    assert await notes.count() == 0
