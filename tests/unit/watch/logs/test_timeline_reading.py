"""Pages of the timeline: whichever way they are read, together they are everything that passes, once and in order."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.timeline_reading import TimelineReader
from chainbot_desktop.watch.logs.timeline_store import LineStore

TEXTS = st.lists(st.sampled_from(["a", "b", "a\nb", "", "b\n\na", "x" * 40]), max_size=40)


def filled(texts: list[str], block: int = 30, kept: int = 1_000_000) -> LineStore:
    store = LineStore(kept, block)
    for number, text in enumerate(texts):
        store.add([LogRecord(float(number), 20, "agent", "ann", text)])
    return store


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.sampled_from(["", "a", "b", "x"]), st.integers(1, 7))
def test_pages_in_either_direction_are_everything_once(texts: list[str], word: str, limit: int) -> None:
    store = filled(texts)
    expected = [text for text in texts if word in text]

    async def read() -> None:
        with ThreadPoolExecutor(1) as threads:
            reader = TimelineReader(store, threads, LogQuery(text=word))
            backwards: list[str] = []
            page = await reader.newest(limit)
            while True:
                assert len(page.records) <= limit
                backwards = [record.text for record in page.records] + backwards
                if page.begin <= store.first:
                    break
                page = await reader.newest(limit, page.begin)
            assert backwards == expected
            forwards: list[str] = []
            at = 0
            while at < store.end:
                page = await reader.oldest(limit, at)
                forwards += [record.text for record in page.records]
                at = page.end
            assert forwards == expected
            assert [record.text async for part in reader.all() for record in part] == expected

    asyncio.run(read())


@pytest.mark.parametrize("start", [-5, 0, 3, 10**30])
async def test_a_place_that_is_none_is_made_one(start: int) -> None:
    store = filled(["a\nb\nc\nd", "e"])
    with ThreadPoolExecutor(1) as threads:
        reader = TimelineReader(store, threads, LogQuery())
        forwards = await reader.oldest(10, start)
        backwards = await reader.newest(10, start)
    assert [r.text for r in forwards.records] == (["a\nb\nc\nd", "e"] if start < 4 else [])
    assert [r.text for r in backwards.records] == ([] if start < 4 else ["a\nb\nc\nd", "e"])


async def test_a_page_of_very_long_records_is_short_and_says_where_it_goes_on() -> None:
    store = filled(["y" * 1_000_000 + str(number) for number in range(9)], kept=100_000_000)
    with ThreadPoolExecutor(1) as threads:
        reader = TimelineReader(store, threads, LogQuery())
        first = await reader.oldest(100, 0)
        second = await reader.oldest(100, first.end)
        last = await reader.newest(100)
    assert [r.text[-1] for r in first.records] == ["0", "1", "2", "3", "4"]
    assert [r.text[-1] for r in second.records] == ["5", "6", "7", "8"]
    assert [r.text[-1] for r in last.records] == ["4", "5", "6", "7", "8"]


async def test_what_is_dropped_while_it_is_read_is_left_out() -> None:
    store = filled([f"{number} {'z' * 50}" for number in range(200)])
    with ThreadPoolExecutor(1) as threads:
        parts = TimelineReader(store, threads, LogQuery()).all()
        read = [record.text.split()[0] for record in await anext(parts)]
        store.kept = store.size // 2
        assert store.drop()
        kept_from = store.first
        read += [record.text.split()[0] async for part in parts for record in part]
    assert read == ["0", *(str(number) for number in range(kept_from, 200))]
