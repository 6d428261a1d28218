"""The store of the metrics against a naive model, clocks that jump, processes that are killed, and disks that refuse."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.store.metric_file import MetricFile, Retention
from chainbot_desktop.store.metric_rows import MinuteOfSeconds, Rollup
from chainbot_desktop.watch.metric_store import MetricStore
from tests.helpers.processes import until
from tests.unit.watch.conftest import FakeClock

NOON = 1_800_000_000
"""A full hour."""


@asynccontextmanager
async def opened(path: Path, clock: FakeClock | None = None, retention: Retention | None = None) -> AsyncIterator[MetricStore]:
    store = MetricStore(MetricFile(path, retention), clock=clock or FakeClock())
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.db"


async def seconds(store: MetricStore, start: int, count: int, name: str = "cpu") -> list[float | None]:
    line = (await store.query([name], start, start + count, 1)).lines[name]
    return [None if np.isnan(value) else float(value) for value in line.mean]


async def test_a_day_of_seconds_becomes_minutes_and_hours(path: Path) -> None:
    clock = FakeClock()
    async with opened(path, clock) as store:
        for second in range(2 * 3600):
            clock.now += 1
            store.add(NOON + second, {"cpu": float(second % 60), "temperature": None})
        await store.flush()
        minutes = (await store.query(["cpu", "temperature"], NOON, NOON + 7200, 60)).lines
        assert minutes["cpu"].low.tolist() == [0] * 120
        assert minutes["cpu"].high.tolist() == [59] * 120
        assert minutes["cpu"].mean.tolist() == pytest.approx([29.5] * 120)
        assert minutes["cpu"].count.tolist() == [60] * 120
        assert np.isnan(minutes["temperature"].mean).all(), "what is not measured is not made up"
        hours = (await store.query(["cpu"], NOON, NOON + 7200, 3600)).lines["cpu"]
        assert hours.count.tolist() == [3600, 3600]
        assert hours.mean.tolist() == pytest.approx([29.5, 29.5], rel=1e-4)


async def test_the_running_minute_counts_before_it_is_written(path: Path) -> None:
    async with opened(path) as store:
        for second in range(90):
            store.add(NOON + second, {"cpu": 10.0})
        lines = (await store.query(["cpu"], NOON, NOON + 120, 60)).lines["cpu"]
        assert lines.count.tolist() == [60, 30]
        assert (await store.query(["cpu"], NOON, NOON + 3600, 3600)).lines["cpu"].count.tolist() == [90]


async def test_sleep_is_a_gap(path: Path) -> None:
    async with opened(path) as store:
        for second in (*range(10), *range(40, 50)):
            store.add(NOON + second, {"cpu": 1.0})
        assert await seconds(store, NOON, 50) == [1.0] * 10 + [None] * 30 + [1.0] * 10


async def test_after_a_restart_the_hour_of_seconds_is_there_again(path: Path) -> None:
    async with opened(path) as store:
        for second in range(100):
            store.add(NOON + second, {"cpu": float(second), "queue:journal": 3.0})
    async with opened(path) as store:
        assert await seconds(store, NOON, 100) == [float(n) for n in range(100)]
        for second in range(100, 130):  # the minute goes on where it was left
            store.add(NOON + second, {"cpu": float(second)})
        await store.flush()
        minute = (await store.query(["cpu"], NOON + 60, NOON + 120, 60)).lines["cpu"]
        assert (minute.low[0], minute.high[0], minute.count[0]) == (60, 119, 60)
        assert (await store.query(None, NOON, NOON + 130, 1)).lines.keys() == {"cpu", "queue:journal"}


async def test_a_clock_that_goes_back_changes_nothing_that_is_known(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(path) as store:
        for second in range(120):
            store.add(NOON + second, {"cpu": 1.0})
        with caplog.at_level(logging.WARNING):
            for second in range(60, 150):
                store.add(NOON + second, {"cpu": 9.0})
        assert caplog.text.count("the clock went back by 59 s") == 1
        assert await seconds(store, NOON, 150) == [1.0] * 120 + [9.0] * 30
        await store.flush()
        counts = (await store.query(["cpu"], NOON, NOON + 180, 60)).lines["cpu"].count
        assert counts.tolist() == [60, 60, 30], "a second counts once"


async def test_a_minute_whose_seconds_are_gone_is_closed(path: Path) -> None:
    async with opened(path) as store:
        for second in range(2 * 3600):
            store.add(NOON + second, {"cpu": 1.0})
        for second in range(600):
            store.add(NOON + second, {"cpu": 50.0})
        await store.flush()
        lines = (await store.query(["cpu"], NOON, NOON + 7200, 60)).lines["cpu"]
        assert lines.high.max() == 1
        assert lines.count.tolist() == [60] * 120


async def test_a_clock_that_was_far_ahead_throws_nothing_out(path: Path) -> None:
    later = NOON + 4 * 365 * 86400
    async with opened(path) as store:
        for second in range(3600):
            store.add(NOON + second, {"cpu": 1.0})
        for second in range(120):
            store.add(later + second, {"cpu": 2.0})
        await store.flush()
        for second in range(3600, 7200):
            store.add(NOON + second, {"cpu": 3.0})
        await store.flush()
        assert (await store.query(["cpu"], NOON, NOON + 7200, 60)).lines["cpu"].count.tolist() == [60] * 120
        assert (await store.query(["cpu"], NOON, NOON + 7200, 3600)).lines["cpu"].count.tolist() == [3600] * 2
        newest_hour = await seconds(store, NOON + 3600, 3600)
        assert newest_hour == [3.0] * 3600


@dataclass
class Model:
    """What the store promises, as simply as it can be said."""

    keep: Retention
    known: dict[int, float] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    hours: list[int] = field(default_factory=list)
    rows: dict[int, list[float]] = field(default_factory=dict)
    counted: int = 0
    unsaved: dict[int, list[float]] = field(default_factory=dict)

    def add(self, second: int, value: float) -> None:
        minute, hour = second - second % 60, second - second % 3600
        if second in self.known or (minute in self.begun and minute not in self.open):
            return
        if minute not in self.begun:
            self.begun.append(minute)
            self.rows[minute] = []
        if hour not in self.hours:
            self.hours.append(hour)
        self.known[second] = value
        self.rows[minute].append(value)
        self.counted += 1
        self.unsaved.setdefault(minute, []).append(value)
        self.known = {s: v for s, v in self.known.items() if s - s % 60 in self.open}
        # What nobody wrote waits for the file, but not for ever.
        for lost in [start for start in self.unsaved if start not in self.open][: -self.keep.minutes]:
            values = self.unsaved.pop(lost)
            self.rows[lost] = self.rows[lost][: -len(values)]
            self.counted -= len(values)

    def flush(self) -> None:
        self.unsaved.clear()
        self.begun = self.begun[-self.keep.minutes :]

    @property
    def open(self) -> list[int]:
        return self.begun[-self.keep.seconds :]


Step = tuple[str, int, int]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(-400, 400), st.integers(1, 90)),
        st.tuples(st.just("flush"), st.just(0), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


@given(steps=STEPS)
@example(steps=[("add", 90, 90)] * 8)  # more than is kept of minutes, and never written
@example(steps=[("add", 0, 1), ("add", 89, 90), ("add", 150, 90), ("add", -23, 1), ("add", -400, 2)])  # back to one that left
@settings(max_examples=60)
def test_the_store_is_the_naive_model(tmp_path_factory: pytest.TempPathFactory, steps: list[Step]) -> None:
    asyncio.run(_like_the_model(tmp_path_factory.mktemp("store") / "metrics.db", steps))


async def _like_the_model(path: Path, steps: list[Step]) -> None:
    keep = Retention(seconds=3, minutes=7, hours=100)
    model, now, value = Model(keep), NOON, 0.0
    store = MetricStore(MetricFile(path, keep), clock=FakeClock())
    await store.open()
    for what, jump, count in steps:
        if what == "add":
            now += jump
            for _ in range(count):
                now += 1
                value += 1
                store.add(now, {"cpu": value})
                model.add(now, value)
        elif what == "flush":
            await store.flush()
            model.flush()
        else:
            model.flush()
            await store.close()
            store = MetricStore(MetricFile(path, keep), clock=FakeClock())
            await store.open()
        await _compare(store, model)
    await store.flush()
    model.flush()
    await _compare(store, model)
    await store.close()
    with sqlite3.connect(path) as connection:
        assert [start for (start,) in connection.execute("SELECT start FROM minutes ORDER BY id")] == model.begun
        assert [start for (start,) in connection.execute("SELECT start FROM seconds ORDER BY id")] == model.open
    connection.close()


async def _compare(store: MetricStore, model: Model) -> None:
    start, end = NOON - 12_000, NOON + 18_000
    found = (await store.query(["cpu"], start, end, 1)).lines["cpu"].mean
    assert {start + int(n): float(found[n]) for n in np.flatnonzero(~np.isnan(found))} == model.known
    lines = (await store.query(["cpu"], start, end, 60)).lines["cpu"]
    there = {start + 60 * int(n): n for n in np.flatnonzero(lines.count)}
    # Rows are taken away when others are written: until then the file may have some more.
    newest = model.begun[-model.keep.minutes :]
    assert set(newest) <= set(there)
    for minute in newest:
        values, n = model.rows[minute], there[minute]
        assert (lines.low[n], lines.high[n], lines.count[n]) == (min(values), max(values), len(values))
        assert lines.mean[n] == pytest.approx(sum(values) / len(values), rel=1e-5)
    hours = (await store.query(["cpu"], start - start % 3600, end, 3600)).lines["cpu"]
    assert int(hours.count.sum()) == model.counted, "every second counts once in its hour"


@pytest.mark.parametrize(("seconds_kept", "added"), [(61, 61), (61, 62), (61, 200)])
async def test_retention_at_its_border(path: Path, seconds_kept: int, added: int) -> None:
    async with opened(path, retention=Retention(seconds_kept, 100, 2)) as store:
        for minute in range(added):
            store.add(NOON + 60 * minute, {"cpu": float(minute)})
        await store.flush()
        oldest = max(0, added - seconds_kept)
        values = await seconds(store, NOON, added * 60)
        assert next(n for n, value in enumerate(values) if value is not None) == oldest * 60
        counts = (await store.query(["cpu"], NOON, NOON + added * 60, 60)).lines["cpu"].count
        assert np.flatnonzero(counts)[0] == max(0, added - 100)
        hours = (await store.query(["cpu"], NOON, NOON + 4 * 3600, 3600)).lines["cpu"].count
        assert np.count_nonzero(hours) == min(2, -(-added // 60))


WRITER = """
import asyncio, sys, time
from pathlib import Path
from chainbot_desktop.store.metric_file import MetricFile
from chainbot_desktop.watch.metric_store import MetricStore

async def main():
    now = [0.0]
    store = MetricStore(MetricFile(Path(sys.argv[1])), clock=lambda: now[0])
    await store.open()
    second = int(sys.argv[2])
    while True:  # a second a millisecond, or as fast as it goes
        now[0] += 1
        store.add(second, {f"figure{n}": float(second) for n in range(30)})
        print(second, flush=True)
        second += 1
        await asyncio.sleep(0.0005)

asyncio.run(main())
"""


async def test_a_writer_that_is_killed_loses_a_minute_and_breaks_nothing(path: Path) -> None:
    start = NOON
    for _ in range(4):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, str(path), str(start), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        last = start
        while last < start + 400:
            last = int(await process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = (await process.stdout.read()).split(b"\n")
        last = max([last, *(int(line) for line in rest[:-1] if line)])
        await process.wait()
        async with opened(path) as store:
            assert store.trouble == ""
            values = await seconds(store, start, last - start + 1, "figure7")
            kept = [n for n, value in enumerate(values) if value is not None]
            # The reader may have been behind: what counts is what was said to be measured, less a minute and the write under way.
            assert len(kept) >= (last - start) - 130
            assert kept == list(range(len(kept))), "what is kept has no holes"
            counts = (await store.query(["figure7"], start, start + 240, 60)).lines["figure7"].count
            assert counts.tolist()[:4] == [60] * 4
        start = last - last % 60 + 3600


def junk(path: Path) -> None:
    path.write_bytes(os.urandom(10_000))


async def test_a_file_that_is_no_database_is_put_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    junk(path)
    async with opened(path) as store:
        store.add(NOON, {"cpu": 4.0})
        await store.flush()
        assert store.trouble == ""
    assert path.with_name("metrics.db.broken").stat().st_size == 10_000, "it was thrown away"
    assert "metrics.db.broken" in caplog.text
    async with opened(path) as store:
        assert await seconds(store, NOON, 1) == [4.0]


def damage(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        assert path.stat().st_size > page * 4096
        file.seek(page * 4096)
        file.write(os.urandom(4096))


@pytest.mark.parametrize("page", range(1, 40, 3))
async def test_whatever_page_is_damaged_what_is_measured_now_is_kept(path: Path, page: int) -> None:
    async with opened(path) as store:
        for second in range(4000):
            store.add(NOON + second, {f"figure{n}": 1.0 for n in range(10)})
    damage(path, page)
    async with opened(path) as store:
        for second in range(4000, 4100):
            store.add(NOON + second, {"figure3": 2.0})
        await store.flush()
        await store.flush()
        assert store.trouble == ""
        await store.query(None, NOON, NOON + 4100, 60)
        await store.flush()
        assert await seconds(store, NOON + 4000, 100, "figure3") == [2.0] * 100
    async with opened(path) as store:
        assert await seconds(store, NOON + 4000, 100, "figure3") == [2.0] * 100


async def test_a_locked_file_is_tried_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(path) as store:
        store.add(NOON, {"cpu": 1.0})
        await store.flush()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for second in range(1, 60):
            store.add(NOON + second, {"cpu": 1.0})
        await store.flush()
        assert "locked" in store.trouble
        assert await seconds(store, NOON, 60) == [1.0] * 60
        assert (await store.query(["cpu"], NOON, NOON + 60, 60)).lines["cpu"].count.tolist() == [60]
        other.execute("ROLLBACK")
        other.close()
        await store.flush()
        assert store.trouble == ""
    assert caplog.text.count("kept in memory only") == 1
    async with opened(path) as store:
        assert (await store.query(["cpu"], NOON, NOON + 60, 60)).lines["cpu"].count.tolist() == [60]


async def test_a_file_that_was_locked_at_the_start_is_taken_up_later(path: Path) -> None:
    async with opened(path) as store:
        for second in range(70):
            store.add(NOON + second, {"cpu": 1.0})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    async with opened(path) as store:
        assert store.trouble
        for second in range(65, 90):
            store.add(NOON + second, {"cpu": 5.0})
        other.execute("ROLLBACK")
        other.close()
        await store.flush()
        assert store.trouble == ""
        assert await seconds(store, NOON, 90) == [1.0] * 70 + [5.0] * 20
        assert (await store.query(["cpu"], NOON, NOON + 120, 60)).lines["cpu"].count.tolist() == [60, 30]


async def test_a_full_disk_loses_nothing_of_what_is_in_memory(path: Path) -> None:
    async with opened(path) as store:
        store.add(NOON, {"cpu": 1.0})
        await store.flush()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("metrics.db-wal").stat().st_size, limits[1]))
        try:
            for second in range(1, 7200):
                store.add(NOON + second, {"cpu": 1.0})
            await store.flush()
            assert store.trouble
            assert (await store.query(["cpu"], NOON, NOON + 7200, 3600)).lines["cpu"].count.tolist() == [3600] * 2
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)
        await store.flush()
        assert store.trouble == ""
    async with opened(path) as store:
        assert (await store.query(["cpu"], NOON, NOON + 7200, 60)).lines["cpu"].count.tolist() == [60] * 120
        assert (await store.query(["cpu"], NOON, NOON + 7200, 3600)).lines["cpu"].count.tolist() == [3600] * 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_without_permission_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    async with opened(folder / "metrics.db") as store:
        store.add(NOON, {"cpu": 1.0})
        assert store.trouble
        assert await seconds(store, NOON, 1) == [1.0]


async def test_a_place_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    async with opened(tmp_path / "file" / "metrics.db") as store:
        store.add(NOON, {"cpu": 1.0})
        assert "cannot be used" in store.trouble
        assert await seconds(store, NOON, 1) == [1.0]


async def test_it_writes_when_a_minute_of_the_clock_is_over(path: Path) -> None:
    clock = FakeClock()
    async with opened(path, clock) as store:
        written: list[tuple[float, list[int]]] = []
        write = store._file.write

        def noted(seconds: Sequence[MinuteOfSeconds], grown: Mapping[int, Rollup]) -> None:
            written.append((clock.now, [minute.start - NOON for minute in seconds]))
            write(seconds, grown)

        store._file.write = noted  # type: ignore[method-assign]
        for second in range(45, 300):
            store.add(NOON + second, {"cpu": 1.0})
            clock.now += 1
            await until(lambda: not store._tasks.names)
        assert written == [(1016.0 + 60 * n, [60 * n]) for n in range(4)]


@pytest.mark.parametrize(
    ("start", "end", "step", "words"),
    [
        (NOON, NOON, 1, "ends before"),
        (NOON, NOON - 5, 60, "ends before"),
        (NOON, float("nan"), 60, "ends before"),
        (float("-inf"), NOON, 60, "ends before"),
        (NOON, NOON + 60, 7, "expected 1, 60 or 3600"),
        (0, NOON, 1, "at most 100,000"),
    ],
)
async def test_bad_questions(path: Path, start: float, end: float, step: int, words: str) -> None:
    async with opened(path) as store:
        with pytest.raises(InvalidInput, match=words):
            await store.query(["cpu"], start, end, step)


async def test_no_number_is_kept_that_is_none(path: Path) -> None:
    values: Mapping[str, float | None] = {"a": float("nan"), "b": float("inf"), "c": None, "d": 1e300, "e": 2.0}
    async with opened(path) as store:
        store.add(NOON, values)
        store.add(-5, values)
        store.add(1 << 50, values)
        await store.flush()
        assert store.trouble == ""
        lines = (await store.query(None, NOON, NOON + 60, 60)).lines
        assert "e" in lines
        assert set(lines) <= {"d", "e"}


async def test_the_step_follows_from_the_time_and_from_what_is_kept(path: Path) -> None:
    async with opened(path) as store:
        for second in range(3 * 3600):
            store.add(NOON + second, {"cpu": 1.0})
        now = NOON + 3 * 3600
        assert store.step_for(now - 600, now, 2000) == 1
        assert store.step_for(now - 3600, now, 2000) == 60
        assert store.step_for(NOON, NOON + 600, 2000) == 60, "its seconds are gone"
        assert store.step_for(now - 7 * 86400, now, 2000) == 3600
        assert store.step_for(now - 400 * 86400, now, 2000) == 3600


async def test_all_of_a_time_comes_as_finely_as_it_is_kept(path: Path) -> None:
    clock = FakeClock()
    async with opened(path, clock, Retention(seconds=2)) as store:
        for second in (*range(300), *range(3600, 3690)):
            clock.now += 1
            store.add(NOON + second, {"cpu": float(second)})
        windows = await store.finest(["cpu"], NOON - 8 * 86_400, NOON + 3700)
        assert [(window.start - NOON, window.end - NOON, window.step) for window in windows] == [
            (-8 * 86_400, -166 * 3600 - 3600, 3600),
            (-167 * 3600, 3600, 60),
            (3600, 3720, 1),
        ]
        _, minutes, fine = (window.lines["cpu"] for window in windows)
        assert [float(value) for value in minutes.low[~np.isnan(minutes.low)]] == [0.0, 60.0, 120.0, 180.0, 240.0]
        assert [float(value) for value in fine.mean[:90]] == [float(second) for second in range(3600, 3690)]
        assert int(fine.count.sum()) == 90
    # Seconds of before and after a time in which nothing was measured, with minutes between them.
    async with opened(path, clock, Retention(seconds=3)) as store:
        store.add(NOON + 7200, {"cpu": 1.0})
        windows = await store.finest(["cpu"], NOON + 3600, NOON + 7300)
        assert [(window.start - NOON, window.end - NOON, window.step) for window in windows] == [
            (3600, 3720, 1),
            (3720, 7200, 60),
            (7200, 7260, 1),
            (7260, 7320, 60),
        ]
