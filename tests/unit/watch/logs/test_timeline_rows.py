"""The law of the timeline: whatever was kept and dropped, in whatever order pieces were searched, a selection shows exactly what
a plain filter over a list of the same lines shows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.watch.logs.document import Fold, LogQuery, LogRow
from chainbot_desktop.watch.logs.folding import masked
from chainbot_desktop.watch.logs.query import words_of
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.timeline_block import Piece
from chainbot_desktop.watch.logs.timeline_numbers import Numbers
from chainbot_desktop.watch.logs.timeline_search import Found, Search
from chainbot_desktop.watch.logs.timeline_selection import SearchedRows, WholeSelection
from chainbot_desktop.watch.logs.timeline_store import LineStore

TEXTS = ("a", "b", "a 1", "a 22", "b\na", "a\r\nb 3\n", "", "ä\x1b[1m\x00", "\n\nb", "c id=7", "c id=x", "x" * 60)
RECORDS = st.builds(
    LogRecord,
    time=st.sampled_from([0.0, 1.0005, 5.0, 5.5, 1e9, 1e9 + 7]),
    level=st.sampled_from([0, 5, 10, 20, 25, 30, 40, 50, 99]),
    source=st.sampled_from(["program", "agent"]),
    name=st.sampled_from(["one", "two"]),
    text=st.sampled_from(TEXTS),
)
SAME = st.builds(
    LogRecord, st.just(1.0), st.just(20), st.just("agent"), st.just("one"), st.sampled_from(["a 1", "a 2", "a\nb"])
)
STEPS = st.lists(st.lists(st.one_of(RECORDS, SAME), min_size=1, max_size=5) | st.sampled_from(["look", "take"]), max_size=30)
QUERIES = st.sampled_from(
    [
        LogQuery(),
        LogQuery(text="a"),
        LogQuery(text="A b"),
        LogQuery(text=r"\d$", regex=True),
        LogQuery(text="^$", regex=True),
        LogQuery(levels=frozenset({20, 50})),
        LogQuery(sources=frozenset({"agent"})),
        LogQuery(names=frozenset({"two"}), text="b"),
        LogQuery(after=1.0005, before=5.0),
        LogQuery(after=5.0, levels=frozenset({20})),
    ]
)
FOLDS = st.sampled_from(["none", "exact", "numbers", "template"])


def level_of(level: int) -> int:
    return min(50, max(10, level // 10 * 10)) if level > 0 else 0


class Model:
    """The same lines in a list."""

    def __init__(self) -> None:
        self.records: list[list[LogRow]] = []
        self.count = 0

    def add(self, records: Sequence[LogRecord]) -> None:
        for r in records:
            lines = r.text.rstrip("\r\n").replace("\r\n", "\n").split("\n")
            rows = [
                LogRow(self.count + i, round(r.time * 1000) / 1000, level_of(r.level), r.source, r.name, line, continues=i > 0)
                for i, line in enumerate(lines)
            ]
            self.count += len(rows)
            self.records.append(rows)

    def passing(self, query: LogQuery, first: int) -> list[list[LogRow]]:
        return [rows for rows in self.records if rows[0].number >= first and passes(query, rows)]


def passes(query: LogQuery, rows: list[LogRow]) -> bool:
    row = rows[0]
    assert row.time is not None
    return (
        (not query.levels or row.level in query.levels)
        and (not query.sources or row.source in query.sources)
        and (not query.names or row.name in query.names)
        and (query.after is None or row.time >= query.after)
        and (query.before is None or row.time <= query.before)
        and all(any(has(query, term, line.text) for line in rows) for term in terms(query))
    )


def terms(query: LogQuery) -> Sequence[str]:
    return (query.text,) if query.regex else words_of(query.text)


def has(query: LogQuery, term: str, line: str) -> bool:
    if query.regex:
        return regex.search(term, line, regex.MULTILINE | regex.IGNORECASE) is not None
    return term.lower() in line.lower()


def folded(records: list[list[LogRow]], fold: Fold) -> list[LogRow]:
    def key(rows: list[LogRow]) -> object:
        return rows[0].level, rows[0].source, rows[0].name, [masked(row.text.encode(), fold) for row in rows]

    if fold == "none":
        return [row for rows in records for row in rows]
    shown: list[LogRow] = []
    for _, run in itertools.groupby(records, key):
        members = list(run)
        shown += [replace(members[0][0], repeats=len(members) - 1), *members[0][1:]]
    return shown


@settings(max_examples=400, deadline=None)
@given(STEPS, QUERIES, FOLDS, st.integers(2_000, 6_000), st.integers(10, 200))
def test_a_selection_shows_what_a_filter_over_a_list_shows(
    steps: list[list[LogRecord] | str], query: LogQuery, fold: Fold, kept: int, block: int
) -> None:
    store, model = LineStore(kept, block), Model()
    store.add([LogRecord(1.0, 20, "agent", "one", "a 1")] * 3)
    model.add([LogRecord(1.0, 20, "agent", "one", "a 1")] * 3)
    search, rows = Search(query, fold), SearchedRows(store, folded=fold != "none")
    under_way: Piece | None = None
    for step in steps:
        if isinstance(step, list):
            store.add(step)
            model.add(step)
            dropped = store.drop()
            if dropped:
                rows.drop(dropped)
        elif step == "look":
            under_way = under_way or rows.next_piece()
        elif under_way is not None:
            rows.take(look(search, store, under_way))
            under_way = None
        check_part(rows, model, query, store)
    if under_way is not None:
        rows.take(look(search, store, under_way))
    while (piece := rows.next_piece()) is not None:
        rows.take(look(search, store, piece))
    expected = model.passing(query, store.first)
    shown = folded(expected, fold)
    assert list(rows.rows(0, 10_000)) == shown
    assert list(rows.rows(1, 2)) == shown[1:3]
    check_volume(rows, expected)
    assert list(WholeSelection(store).rows(0, 10_000)) == [row for r in model.passing(LogQuery(), store.first) for row in r]


def look(search: Search, store: LineStore, piece: Piece) -> Found:
    search.know(store.origins)
    return search.look(piece)


def check_part(rows: SearchedRows, model: Model, query: LogQuery, store: LineStore) -> None:
    """What was found so far is right for the stretch that was searched."""
    found = [r for r in model.passing(query, store.first) if rows.begin <= r[0].number < rows.end]
    shown = rows.rows(0, 10_000)
    assert sum(1 + row.repeats for row in shown if not row.continues) == len(found)
    check_volume(rows, found)


def check_volume(rows: SearchedRows, expected: list[list[LogRow]]) -> None:
    volume = rows.volume(7)
    if volume is None:
        assert not expected
        return
    [buckets] = {len(counts) for counts in volume.counts.values()}
    assert buckets <= 7
    assert volume.start <= min(r[0].time or 0 for r in expected) <= max(r[0].time or 0 for r in expected) < volume.end
    width = (volume.end - volume.start) / buckets
    for level, counts in volume.counts.items():
        times = [r[0].time for r in expected if r[0].level == level and r[0].time is not None]
        places = np.floor((np.array(times) - volume.start) / width + 1e-9).astype(int)
        assert np.bincount(places, minlength=buckets).tolist() == list(counts)
    assert sum(map(sum, volume.counts.values())) == len(expected)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["append", "prepend", "drop"]), st.integers(0, 9)), max_size=40))
def test_numbers_grow_at_both_ends(steps: list[tuple[str, int]]) -> None:
    numbers = Numbers()
    model: list[int] = []
    low = high = 1000
    for what, count in steps:
        if what == "append":
            more = list(range(high, high + count))
            high += count
            numbers.append(np.array(more, np.int64))
            model = model + more
        elif what == "prepend":
            more = list(range(low - count, low))
            low -= count
            numbers.prepend(np.array(more, np.int64))
            model = more + model
        else:
            gone = min(count, len(model))
            numbers.drop(gone)
            model = model[gone:]
        assert numbers.view.tolist() == model
        assert len(numbers) == len(model)
    assert numbers.place_of(1000) == sum(1 for number in model if number < 1000)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("took 12 ms", "took 7 ms"),
        ("user 3f2504e0-4f89-11d3-9a0c-0305e82c3301 in", "user 00000000-4f89-11d3-9a0c-0305e82c33ff in"),
        ("from 10.0.0.1:80 to [::1]", "from 192.168.7.200:9000 to [fe80::1]"),
        ('open "a b" failed', 'open "c" failed'),
        ("read /etc/hosts", "read ~/x/y.txt"),
        ("commit deadbeef12 done", "commit 0123abcdef0 done"),
        ("retry=3 host=alpha", "retry=x host=b.c"),
        ("GET https://a.b/c?d ok", "GET http://x/ ok"),
        ("at 0x7ffe12 end", "at 0xabc end"),
        ("mail a.b@c.de sent", "mail x@y.org sent"),
    ],
)
def test_a_template_is_what_does_not_vary(one: str, other: str) -> None:
    assert masked(one.encode(), "template") == masked(other.encode(), "template")
    assert masked(one.encode(), "exact") != masked(other.encode(), "exact")


@pytest.mark.parametrize("other", ["agent started", "Agent stops", "agent  stopped"])
def test_other_words_are_another_template(other: str) -> None:
    assert masked(b"agent stopped", "template") != masked(other.encode(), "template")


def test_masking_keeps_the_lines() -> None:
    text = b"".join(b"%d \"open quote\nnext' %d line\n" % (n, n) for n in range(3000))
    for fold in ("numbers", "template"):
        assert masked(text, fold).count(b"\n") == 6000
    assert re.fullmatch(rb"(\* \"open quote\nnext' \* line\n)+", masked(text, "template"))
