"""The timeline as its readers use it: on a loop, while records come, from wherever they come and whatever is in them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.logs import timeline_intake
from chainbot_desktop.watch.logs.document import LogDocument, LogQuery, LogSelection
from chainbot_desktop.watch.logs.query import SLOW_PATTERN
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.timeline import LogTimeline
from chainbot_desktop.watch.logs.timeline_store import BLOCK_BYTES, LONGEST_RECORD, MOST_NAMES, OTHER, LineStore
from chainbot_desktop.watch.redaction import HIDDEN, Redactor


@pytest.fixture
async def timeline() -> AsyncIterator[LogTimeline]:
    tasks = Tasks()
    made = LogTimeline(tasks, Redactor(["hunter2hunter2"]))
    yield made
    await made.close()
    await tasks.cancel_all()


def said(text: str, at: float = 1000.0, level: int = logging.INFO, name: str = "house") -> LogRecord:
    return LogRecord(at, level, "program", name, text)


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def searched(selection: LogSelection, timeline: LogDocument, count: int) -> None:
    await until(lambda: selection.searched == 1 and selection.count == count)
    assert timeline.read == 1


def texts(selection: LogSelection) -> list[str]:
    return [row.text for row in selection.rows(0, selection.count)]


async def test_what_is_added_is_there_line_by_line(timeline: LogTimeline) -> None:
    document: LogDocument = timeline
    timeline.add([said("one"), said("two\nlines\n", 1001.5, logging.ERROR, "house.x"), said("")])
    await timeline.kept()
    rows = document.select(LogQuery()).rows(0, 10)
    assert [(row.number, row.text, row.continues) for row in rows] == [
        (0, "one", False), (1, "two", False), (2, "lines", True), (3, "", False)
    ]  # fmt: skip
    assert (rows[1].time, rows[1].level, rows[1].source, rows[1].name) == (1001.5, logging.ERROR, "program", "house.x")
    assert document.names == {"program": ["house", "house.x"]}
    assert (document.first, document.end) == (0, 4)
    assert [row.text for row in document.lines(-5, 2)] == ["one", "two"]


async def test_a_selection_follows_what_comes(timeline: LogTimeline) -> None:
    timeline.add(said(f"line {n}", 1000 + n) for n in range(100))
    await timeline.kept()
    selection = timeline.select(LogQuery(text="7"))
    await searched(selection, timeline, 19)
    changes: list[int] = []
    timeline.on_change(lambda: changes.append(selection.count))
    timeline.add([said("no"), said("77")])
    await until(lambda: 20 in changes)
    assert texts(selection)[-1] == "77"
    assert selection.place_of(18) == 2
    assert selection.place_of(1000) == 20
    selection.close()


async def test_neighbouring_repeats_are_one_row(timeline: LogTimeline) -> None:
    timeline.add([said("took 1 ms"), said("took 22 ms"), said("other"), said("took 3 ms")])
    await timeline.kept()
    selection = timeline.select(LogQuery(), "numbers")
    await searched(selection, timeline, 3)
    timeline.add([said("took 4 ms"), said("took 4 ms", name="else")])
    await searched(selection, timeline, 4)
    assert [(row.text, row.repeats) for row in selection.rows(0, 9)] == [
        ("took 1 ms", 1), ("other", 0), ("took 3 ms", 1), ("took 4 ms", 0)
    ]  # fmt: skip
    volume = selection.volume(10)
    assert volume is not None
    assert sum(volume.counts[logging.INFO]) == 6, "a histogram counts what is folded too"


async def test_marks_are_the_lines_that_hold_the_text(timeline: LogTimeline) -> None:
    timeline.add([said("Traceback\n  File\nKeyError"), said("nothing"), said("KeyError")])
    await timeline.kept()
    marks = timeline.search(LogQuery(text="keyerror"))
    await searched(marks, timeline, 2)
    assert [row.number for row in marks.rows(0, 9)] == [2, 4]


async def test_the_oldest_are_dropped_and_numbers_stay_theirs() -> None:
    tasks = Tasks()
    timeline = LogTimeline(tasks, kept_bytes=1_000_000)
    selection, every = timeline.select(LogQuery(text="0")), timeline.select(LogQuery())
    for start in range(0, 60_000, 5_000):
        timeline.add(said(f"line {n} {'x' * 30}", 1000 + n) for n in range(start, start + 5_000))
        await timeline.kept()
    assert 0 < timeline.first < 60_000 == timeline.end
    assert timeline.size < 1_000_000
    await until(lambda: selection.count == sum("0" in str(n) for n in range(timeline.first, 60_000)))
    first = selection.rows(0, 1)[0]
    assert first.text.split()[1] == str(first.number)
    assert every.rows(0, 1)[0].number == timeline.first
    assert timeline.lines(0, 10) == []
    volume = every.volume(50)
    assert volume is not None
    assert sum(map(sum, volume.counts.values())) == 60_000 - timeline.first
    assert abs(volume.start - 1000 - timeline.first) < 30
    await timeline.close()
    assert await tasks.cancel_all() == ()


async def test_a_histogram_is_fine_again_once_the_odd_time_is_dropped() -> None:
    tasks = Tasks()
    timeline = LogTimeline(tasks, kept_bytes=1_000_000)
    timeline.add([said("0 long ago", 1.0), *(said(f"0 {n} {'x' * 30}", 1.7e9 + n) for n in range(2000))])
    await timeline.kept()
    selections = [
        timeline.select(LogQuery()),
        timeline.select(LogQuery(text="0")),
        timeline.select(LogQuery(text="0"), "exact"),
    ]
    timeline.add(said(f"0 {n} {'x' * 30}", 1.7e9 + n) for n in range(2000, 40_000))
    await timeline.kept()
    await until(lambda: len({sum(map(sum, v.counts.values())) for s in selections if (v := s.volume(10))}) == 1)
    for selection in selections:
        volume = selection.volume(100)
        assert volume is not None
        assert volume.start > 1.7e9
        assert sum(count > 0 for count in volume.counts[logging.INFO]) > 80
    await timeline.close()
    await tasks.cancel_all()


async def test_an_expression_that_takes_too_long_is_told_and_the_loop_goes_on(timeline: LogTimeline) -> None:
    timeline.add([said("a" * 5000 + "!")])
    await timeline.kept()
    selection = timeline.select(LogQuery(text="(a|aa)+$", regex=True))
    beats = 0
    while selection.error is None:
        await asyncio.sleep(0.01)
        beats += 1
    assert selection.error.code == SLOW_PATTERN
    assert beats > 20, "the loop stood still while the expression was tried"
    timeline.add([said("later")])
    await timeline.kept()
    assert selection.rows(0, 9) == []
    with pytest.raises(InvalidInput):
        timeline.select(LogQuery(text="(", regex=True))


async def test_secrets_never_get_in(timeline: LogTimeline) -> None:
    heard: list[LogRecord] = []
    timeline.on_records(lambda records, _: heard.extend(records))
    timeline.add([said("plain"), said("password=hunter3 x"), said("say hunter2hunter2\nAuthorization: Bearer abcdefghijkl")])
    await timeline.kept()
    shown = [row.text for row in timeline.lines(0, 9)]
    assert shown == ["plain", f"password={HIDDEN} x", f"say {HIDDEN}", f"Authorization: Bearer {HIDDEN}"]
    assert "hunter" not in "".join(record.text for record in heard)


async def test_who_listens_hears_every_record_with_its_line(timeline: LogTimeline) -> None:
    heard: list[tuple[str, int]] = []

    def listen(records: Sequence[LogRecord], numbers: Sequence[int]) -> None:
        heard.extend((record.text, number) for record, number in zip(records, numbers, strict=True))

    stop = timeline.on_records(listen)
    timeline.add([said("a\nb"), said("c")])
    await timeline.kept()
    stop()
    timeline.add([said("d")])
    await timeline.kept()
    assert heard == [("a\nb", 0), ("c", 2)]
    assert [timeline.lines(number, number + 1)[0].text for _, number in heard] == ["a", "c"]


@pytest.mark.parametrize(
    "text", ["\x00\x01\x7f \x1b[31mred\x1b[0m \x9b", "\ud800 half", "\u2028 \x0b \x85 one line", "a\rb", "\ufeffä 😀"]
)
async def test_odd_characters_stay_one_line(timeline: LogTimeline, text: str) -> None:
    timeline.add([said(text), said("next")])
    await timeline.kept()
    rows = timeline.lines(0, 9)
    assert [row.text for row in rows] == [text.encode(errors="backslashreplace").decode(), "next"]


async def test_a_line_of_a_megabyte_is_kept_and_of_a_longer_one_the_rest_is_counted(timeline: LogTimeline) -> None:
    timeline.add([said("x" * LONGEST_RECORD), said("y" * (LONGEST_RECORD + 5)), said("after")])
    await timeline.kept()
    long, longer, after = timeline.lines(0, 9)
    assert len(long.text) == LONGEST_RECORD
    assert longer.text.endswith("y … (5 more characters)")
    selection = timeline.select(LogQuery(text="x" * 100))
    await searched(selection, timeline, 1)
    assert after.text == "after"


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1e300, 1e300, -5.0])
async def test_an_impossible_time_does_no_harm(timeline: LogTimeline, at: float) -> None:
    timeline.add([said("odd", at), said("good", 1.8e9)])
    await timeline.kept()
    odd, good = timeline.lines(0, 9)
    assert odd.time is not None
    assert 0 <= odd.time < 253_402_300_800
    assert good.time == 1.8e9
    volume = timeline.select(LogQuery()).volume(100)
    assert volume is not None
    assert sum(volume.counts[logging.INFO]) == 2


async def test_clocks_that_jump_by_years_cost_only_memory() -> None:
    store = LineStore(10_000_000)
    records = [said(str(n), (n % 3) * 1e8) for n in range(3000)]
    store.add(records)
    assert [(row.text, row.time) for row in store.rows(range(3000))] == [(r.text, r.time) for r in records]


async def test_more_names_than_the_index_can_tell_are_one() -> None:
    store = LineStore(100_000_000)
    for start in range(0, MOST_NAMES + 4_000, 4_000):
        store.add([said("x", name=f"n{n}") for n in range(start, start + 4_000)])
    rows = store.rows([0, MOST_NAMES - 1, MOST_NAMES, store.end - 1])
    assert [row.name for row in rows] == ["n0", f"n{MOST_NAMES - 1}", OTHER, OTHER]


async def test_a_flood_beyond_all_room_is_counted(timeline: LogTimeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_intake, "MOST_WAITING", 1000)
    timeline.add(said(str(n)) for n in range(5000))
    await timeline.kept()
    await until(lambda: timeline.end == 1001)
    rows = timeline.lines(999, 1001)
    assert rows[0].text == "999"
    assert rows[1].text == "4000 records left out: they came faster than they could be kept."
    assert rows[1].level == logging.WARNING


async def test_searching_two_million_lines_leaves_the_loop_to_others() -> None:
    tasks = Tasks()
    timeline = LogTimeline(tasks, kept_bytes=400_000_000)
    line = "request {} for /api/agents took {} ms with status 200"
    for start in range(0, 2_000_000, 4_000):
        timeline._store.add([said(line.format(n, n % 1000)) for n in range(start, start + 4_000)])
    assert timeline.size / 2_000_000 - 60 < 12, "the index is small"
    late: list[float] = []
    selections = [timeline.select(LogQuery(text="took 999")), timeline.select(LogQuery(text=r"took 99\d ms", regex=True))]
    while not all(selection.searched == 1 for selection in selections):
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        late.append(time.perf_counter() - before - 0.005)
    assert [selection.count for selection in selections] == [
        sum("999" in line.format(n, n % 1000) for n in range(2_000_000)),
        20_000,
    ]
    assert sorted(late)[len(late) // 2] < 0.5, "seconds: the loop was held by the search"
    await timeline.close()
    await tasks.cancel_all()


async def test_a_batch_is_no_larger_than_a_few_blocks(timeline: LogTimeline) -> None:
    sizes: list[int] = []
    timeline.on_records(lambda records, _: sizes.append(sum(len(r.text) for r in records)))
    timeline.add(said("z" * 100_000) for _ in range(20))
    await timeline.kept()
    assert sum(sizes) == 2_000_000
    assert max(sizes) <= BLOCK_BYTES + 100_000
