"""Walking through the journal by place and time: answered from indexes, also for a great many places."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import event as sql_event

from chainbot_desktop.core.ports import JournalEnds
from tests.helpers.agent_events import moved, spawned, terminated
from tests.helpers.stores import open_store


async def test_an_empty_journal_has_no_ends(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.journal.ends() is None
        assert await store.journal.seq_at("2026-01-01T00:00:00.000000Z") is None
        assert list(await store.journal.seqs(["agent_spawned"])) == []
        assert await store.journal.events_at([1, 2]) == []
        assert await store.journal.times([1]) == {}


async def test_places_are_found_by_type_and_events_by_place(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        made = [event for n in range(2_000) for event in (spawned(f"a{n}"), moved(f"a{n}", n, 0), terminated(f"a{n}"))]
        recorded = await asyncio.gather(*(store.journal.append(event) for event in made))
        assert await store.journal.ends() == JournalEnds(1, recorded[0].event.time, 6_000, recorded[-1].event.time)
        both = await store.journal.seqs(["agent_terminated", "agent_spawned"])
        assert list(both) == [seq for seq in range(1, 6_001) if seq % 3 != 2]
        assert list(await store.journal.seqs(["agent_moved"], since=5_996)) == [5_999 - 3 + 3]
        everywhere = range(6_003)
        assert await store.journal.events_at(everywhere) == recorded
        assert await store.journal.times(everywhere) == {item.seq: item.event.time for item in recorded}
        assert await store.journal.events_at([6_000, 7, 9_999]) == [recorded[6], recorded[5_999]]


async def test_no_answer_reads_the_table_from_end_to_end(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.journal.append(spawned("a"))
        said: list[tuple[str, object]] = []

        def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            said.append((statement, parameters))

        sql_event.listen(store.database._read_engine, "before_cursor_execute", note)
        await store.journal.ends()
        await store.journal.seqs(["agent_spawned", "agent_moved"], since=3)
        await store.journal.times([1])
        await store.journal.events_at([1])
        await store.journal.seq_at("2026-01-01T00:00:00.000000Z")
        sql_event.remove(store.database._read_engine, "before_cursor_execute", note)
        assert len(said) == 6
        for statement, parameters in said:
            plan = await store.database.read(
                lambda connection, s=statement, p=parameters: connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", p).all()  # type: ignore[misc]
            )
            words = " ".join(str(row[-1]) for row in plan)
            assert "TEMP B-TREE" not in words, words
            assert "SEARCH" in words or "LIMIT" in statement, words
