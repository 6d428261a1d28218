"""Search and the list of conversations in the table: right, and no dearer for what is not asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chainbot_desktop.store import message_search
from chainbot_desktop.store.conversation_rows import MARK_BEGIN, MARK_END, Totals
from chainbot_desktop.store.conversations import ConversationTable
from tests.helpers.stores import Store, open_store

ME = "user:test"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def table(store: Store) -> ConversationTable:
    return ConversationTable(store.database, store.journal)


async def _set(store: Store, conversation_id: str, **values: Any) -> None:
    names = ", ".join(f"{name} = :{name}" for name in values)

    def work(connection: Any) -> None:
        connection.execute(text(f"UPDATE conversations SET {names} WHERE id = :id"), {**values, "id": conversation_id})

    await store.database.write(work)


async def test_the_newest_come_first_with_the_words_marked(table: ConversationTable) -> None:
    made = await table.create("Garden", actor=ME)
    for line in ("pepper one", "salt", "Pepper twö", "peppermint"):
        await table.post(made.id, line, author=ME)
    await table.post(made.id, "/find pepper", author=ME, kind="command")
    hits = await table.search("PEPPER")
    marked = [hit.snippet.replace(MARK_BEGIN, "<").replace(MARK_END, ">") for hit in hits]
    assert marked == ["<peppermint>", "<Pepper> twö", "<pepper> one"]
    assert [hit.number for hit in await table.search("pepper two")] == [hits[1].number]
    assert len(await table.search("pepper", limit=2)) == 2
    assert await table.search('" OR salt') == []


async def test_a_branch_has_what_it_shares_and_no_more(store: Store, table: ConversationTable) -> None:
    stem = await table.create("Stem", actor=ME)
    early = await table.post(stem.id, "apple early", author=ME)
    fork = await table.post(stem.id, "apple fork", author=ME)
    await table.post(stem.id, "apple late", author=ME)
    middle = await table.create("Middle", actor=ME)
    await _set(store, middle.id, branched_from=stem.id, branched_at=fork.number)
    own = await table.post(middle.id, "apple middle", author=ME)
    top = await table.create("Top", actor=ME)
    await _set(store, top.id, branched_from=middle.id, branched_at=early.number)
    await table.post(top.id, "apple top", author=ME)

    async def found(conversation_id: str) -> list[str]:
        return [h.snippet.split(" ")[-1] for h in await table.search("apple", conversation_id=conversation_id)]

    assert await found(stem.id) == ["late", "fork", "early"]
    assert await found(middle.id) == ["middle", "fork", "early"]
    assert await found(top.id) == ["top", "early"]  # it left the middle one before that had anything of its own
    assert (await table.search("apple", conversation_id=middle.id))[0].number == own.number
    assert await table.search("apple", conversation_id="nobody") == []
    await _set(store, top.id, branched_from=top.id)  # a ring ends
    assert await found(top.id) == ["top"]


async def test_what_was_cleared_is_not_found(store: Store, table: ConversationTable) -> None:
    made = await table.create("Garden", actor=ME)
    gone = await table.post(made.id, "apple gone", author=ME)
    await table.post(made.id, "apple here", author=ME)
    assert len(await table.search("apple", floors={made.id: gone.number})) == 1
    await _set(store, made.id, cleared_through=gone.number)
    assert len(await table.search("apple")) == 1


async def test_pages_and_totals_leave_out_what_is_to_be_left_out(store: Store, table: ConversationTable) -> None:
    keys = [(await table.create(f"Talk {n}", actor=ME)).id for n in range(7)]
    for key in keys[:3]:
        await table.post(key, "unread", author="agent:a")
    await table.change(keys[4], {"pinned": True}, actor="user:test")
    await table.change(keys[0], {"archived": True}, actor="user:test")
    everything = [c.id for c in await table.listed()]
    assert everything[0] == keys[4]
    assert everything[1:] == [keys[2], keys[1], keys[6], keys[5], keys[3]]
    pages = [*await table.listed(limit=2), *await table.listed(limit=2, offset=2), *await table.listed(limit=2, offset=4)]
    assert [c.id for c in pages] == everything
    assert await table.totals() == Totals(active=6, archived=1, unread=2)
    assert await table.totals(without=[keys[1], keys[6]]) == Totals(active=4, archived=1, unread=1)
    assert keys[1] not in [c.id for c in await table.listed(without=[keys[1]])]
    assert await table.titles([keys[0], "nobody"]) == {keys[0]: "Talk 0"}


async def test_a_search_walks_the_index_and_sorts_nothing(store: Store) -> None:
    def plan(connection: Any) -> list[str]:
        query = text("EXPLAIN QUERY PLAN " + message_search._FOUND + message_search._NEWEST)
        return [row[-1] for row in connection.execute(query, {"words": "x", "limit": 5})]

    steps = await store.database.read(plan)
    assert len(steps) == 3
    assert "VIRTUAL TABLE INDEX" in steps[0]
    assert all(step.startswith("SEARCH ") for step in steps[1:])
