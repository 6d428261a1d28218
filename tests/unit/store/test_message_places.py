"""Where a message stands in its conversation, also in one that branched."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from chainbot_desktop.store.conversations import ConversationTable
from tests.helpers.stores import open_store

ME = "user:test"


async def test_places_are_counted_over_a_branch_and_its_stem(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        table = ConversationTable(store.database, store.journal)
        stem, branch, other = [await table.create(name, actor=ME) for name in ("stem", "branch", "other")]
        in_stem = [(await table.post(stem.id, f"s{n}", author=ME)).number for n in range(3)]
        await table.post(other.id, "elsewhere", author=ME)
        values = {"id": branch.id, "stem": stem.id, "at": in_stem[1]}
        query = text("UPDATE conversations SET branched_from = :stem, branched_at = :at WHERE id = :id")
        await store.database.write(lambda c: c.execute(query, values) and None)
        own = (await table.post(branch.id, "b0", author=ME)).number
        places = table
        assert await places.count(stem.id) == 3
        assert await places.count(branch.id) == 3
        assert await places.count(branch.id, before=own) == 2
        assert [await places.number_at(branch.id, n) for n in range(4)] == [in_stem[0], in_stem[1], own, None]
        assert await places.count(branch.id, floor=in_stem[0]) == 2
        assert await places.number_at(branch.id, 0, floor=in_stem[0]) == in_stem[1]


async def test_what_belongs_to_a_thread_has_no_place_of_its_own(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        table = ConversationTable(store.database, store.journal)
        made = await table.create("talk", actor=ME)
        numbers = [(await table.post(made.id, f"m{n}", author=ME)).number for n in range(3)]
        query = text("UPDATE messages SET thread = 'run' WHERE number = :number")
        await store.database.write(lambda c: c.execute(query, {"number": numbers[1]}) and None)
        assert await table.count(made.id) == 2
        assert await table.number_at(made.id, 1) == numbers[2]
