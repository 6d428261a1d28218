"""Whatever is done to the journal behind the program's back is found, and at the right place."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainbot_desktop.core.events import UnknownEvent
from chainbot_desktop.core.events.envelope import chain_hash, hashed_fields
from chainbot_desktop.core.json_codec import canonical_json, parse_json
from chainbot_desktop.core.ports import ChainReport, Head
from chainbot_desktop.store import chain_quick
from chainbot_desktop.store.chain import verify_chain
from chainbot_desktop.store.chain_workers import ChainWorkers
from chainbot_desktop.store.event_rows import COLUMNS
from chainbot_desktop.store.schema import JOURNAL_INDEXES
from tests.helpers.stores import open_store

EVENTS = 600
"""More than two stretches, so that their seams are tried as well."""
SEAM = 256


def numbered(number: int) -> UnknownEvent:
    # Letters that JSON writes in more than one way, in every place that takes them.
    return UnknownEvent(
        type=f"made_{number % 3}",
        source='a "source" \\ ä😀',
        subject=f"subject/{number}",
        requires_attention=number % 2 == 0,
        data={"number": number, "text": 'ä "quoted"\n\t\x7f \u2028', "float": number / 3, "none": None},
    )


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journal")

    async def fill() -> None:
        async with open_store(folder) as store:
            await asyncio.gather(*(store.journal.append(numbered(number)) for number in range(1, EVENTS + 1)))

    asyncio.run(fill())
    return folder / "journal.db"


def damaged(journal: Path, folder: Path, *statements: tuple[str, Iterable[Any]]) -> Path:
    copy = folder / "damaged.db"
    copy.unlink(missing_ok=True)
    shutil.copy(journal, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for name in JOURNAL_INDEXES:  # they refuse what is no JSON; who edits the file itself does not ask them
            connection.execute(f"DROP INDEX {name}")
        for statement, values in statements:
            connection.execute(statement, tuple(values))
    return copy


def found(path: Path, heads: Iterable[Head] = (), workers: int | None = None) -> ChainReport:
    report = verify_chain(path, tuple(heads), workers=workers)
    assert report is not None
    return report


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that 600 events are some for each process."""
    monkeypatch.setattr("chainbot_desktop.store.chain_workers._EVENTS_ASKED", 100)


def head_at(path: Path, seq: int) -> Head:
    with closing(sqlite3.connect(path)) as connection:
        (own,) = connection.execute("SELECT hash FROM journal WHERE seq = ?", (seq,)).fetchone()
    return Head(seq, own, "2026-01-01T00:00:00.000000Z")


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.usefixtures("small_portions")
def test_a_whole_journal_is_whole_and_the_quick_way_says_so(
    journal: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    def slow_way(*_: object) -> None:
        raise AssertionError("the quick way did not understand events as they are written")

    monkeypatch.setattr("chainbot_desktop.store.chain.first_fault", slow_way)
    told: list[tuple[int, int]] = []
    heads = [head_at(journal, 300), head_at(journal, EVENTS)]
    report = verify_chain(journal, heads, lambda *both: told.append(both), workers=workers)
    assert report == ChainReport(True, EVENTS, vouched=EVENTS)
    assert told == sorted(told)
    assert told[-1] == (EVENTS, EVENTS)


OTHER_VALUES = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=20),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.sampled_from(["", "\x00", "a\x00b", '"', "0", 0, 1, 2, 1.5]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seq=st.integers(1, EVENTS) | st.sampled_from([SEAM - 1, SEAM, SEAM + 1, SEAM + 2]),
    column=st.sampled_from(COLUMNS[1:]),
    how=st.sampled_from(["replace", "append", "as blob", "nul"]),
    value=OTHER_VALUES,
)
def test_any_change_of_one_column_is_found(journal: Path, tmp_path: Path, seq: int, column: str, how: str, value: Any) -> None:
    expression = {
        "replace": "?",
        "append": f"{column} || ?",
        "as blob": f"CAST({column} || substr(?, 1, 0) AS BLOB)",
        "nul": f"{column} || char(0) || ?",
    }[how]
    try:
        path = damaged(journal, tmp_path, (f"UPDATE journal SET {column} = {expression} WHERE seq = ?", (value, seq)))
    except sqlite3.IntegrityError:
        return  # the database itself refuses it
    with closing(sqlite3.connect(path)) as new, closing(sqlite3.connect(journal)) as old:
        asked = f"SELECT {column}, typeof({column}) FROM journal WHERE seq = ?"
        for connection in (new, old):
            connection.text_factory = bytes
        same = new.execute(asked, (seq,)).fetchone() == old.execute(asked, (seq,)).fetchone()
    report = found(path)
    assert report.ok == same
    if not same:
        assert report.broken_at == seq
        assert report.checked == seq - 1
        assert report.fault in {"changed", "reordered", "broken_link"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seq=st.integers(1, EVENTS),
    name=st.sampled_from(list(hashed_fields(1, numbered(1), "{}"))),
    value=st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.none()
    | st.booleans(),
    workers=st.sampled_from([0, 0, 0, 0, 2]),
)
def test_any_change_of_what_an_event_says_is_found(
    journal: Path, tmp_path: Path, seq: int, name: str, value: Any, workers: int
) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        (envelope,) = connection.execute("SELECT envelope FROM journal WHERE seq = ?", (seq,)).fetchone()
    changed = canonical_json({**parse_json(envelope), name: value}).decode()
    report = found(
        damaged(journal, tmp_path, ("UPDATE journal SET envelope = ? WHERE seq = ?", (changed, seq))), workers=workers
    )
    if changed == envelope:
        assert report.ok
    else:
        assert (report.ok, report.broken_at, report.fault) == (False, seq, "changed")


DAMAGE = {
    "field": ("UPDATE journal SET envelope = json_set(envelope, '$.subject', ?) WHERE seq = ?", "x"),
    "type": ("UPDATE journal SET envelope = CAST(envelope || substr(?, 1, 0) AS BLOB) WHERE seq = ?", "x"),
    "type of a hash": ("UPDATE journal SET hash = CAST(hash || substr(?, 1, 0) AS BLOB) WHERE seq = ?", "x"),
    "no text": ("UPDATE journal SET envelope = CAST(? AS TEXT) WHERE seq = ?", b"\xff\xfe"),
    "a line more": ("UPDATE journal SET envelope = envelope || char(10) || ? WHERE seq = ?", "x"),
    "nothing": ("UPDATE journal SET envelope = substr(?, 1, 0) WHERE seq = ?", "x"),
    "no text in a hash": ("UPDATE journal SET hash = CAST(? AS TEXT) WHERE seq = ?", b"\xff\n\xfe"),
    "no text in a link": ("UPDATE journal SET prev_hash = CAST(? AS TEXT) WHERE seq = ?", b"\xff\n \xfe"),
    "nul": ("UPDATE journal SET envelope = envelope || char(0) || ? WHERE seq = ?", "x"),
    "boundary": (
        "UPDATE journal SET prev_hash = prev_hash || substr(envelope, 1, 1), envelope = substr(envelope, 2) WHERE ? = 'x' AND seq = ?",
        "x",
    ),
    "missing": ("DELETE FROM journal WHERE ? = 'x' AND seq = ?", "x"),
}


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("seq", [2, 100, 101, 256, 400, 599])
def test_processes_beside_this_one_find_the_same(journal: Path, tmp_path: Path, damage: str, seq: int) -> None:
    statement, value = DAMAGE[damage]
    path = damaged(journal, tmp_path, (statement, (value, seq)))
    report = found(path, workers=2)
    assert not report.ok
    assert report.broken_at == seq
    assert report == found(path, workers=0)


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("many", [1, 2])
def test_a_process_that_is_killed_takes_nothing_with_it(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    look = ChainWorkers.look

    def kill_some(workers: ChainWorkers, *asked: Any) -> Any:
        for worker in workers._workers[:many]:
            worker._process.kill()
            worker._process.wait()
        return look(workers, *asked)

    monkeypatch.setattr(ChainWorkers, "look", kill_some)
    assert found(journal, workers=2) == ChainReport(True, EVENTS)
    path = damaged(
        journal, tmp_path, ("UPDATE journal SET envelope = json_set(envelope, '$.subject', 'x') WHERE seq = 450", ())
    )
    assert found(path, workers=2).broken_at == 450


def test_processes_that_cannot_start_are_done_without_and_that_is_said(
    journal: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert found(journal, workers=2) == ChainReport(True, EVENTS)
    assert "/nowhere/python" in caplog.text
    caplog.clear()


def test_processes_end_with_the_one_that_asked(journal: Path) -> None:
    """However it ends: nobody is left behind who holds the database."""
    workers = ChainWorkers(journal, 2)
    process = workers._workers[0]._process
    assert workers.ends() == [(1, EVENTS), (1, EVENTS)]
    assert process.stdin is not None
    process.stdin.close()  # as the system does when the one that asked is killed
    assert process.wait(30) == 0
    others = workers._workers[1]._process
    workers.close()
    assert others.returncode is not None


@pytest.mark.usefixtures("small_portions")
def test_more_than_one_of_them_may_stop_in_the_middle(journal: Path) -> None:
    told: list[int] = []
    report = verify_chain(journal, progress=lambda checked, _: told.append(checked), stop=lambda: len(told) >= 2, workers=2)
    assert report is None
    assert told == [100, 200]


def test_what_is_written_meanwhile_is_left_for_the_next_time(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process sees a state of its own: one begins before, the others after an event was written."""
    path = damaged(journal, tmp_path, ("DELETE FROM journal WHERE seq > 590", ()))
    start = ChainWorkers.__init__

    def write_and_start(workers: ChainWorkers, *given: Any) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("ATTACH ? AS whole", (str(journal),))
            connection.execute("INSERT INTO journal SELECT * FROM whole.journal WHERE seq > 590")
        start(workers, *given)

    monkeypatch.setattr(ChainWorkers, "__init__", write_and_start)
    assert found(path, workers=2) == ChainReport(True, 590)
    assert found(path, workers=0) == ChainReport(True, EVENTS)


def test_events_too_large_to_be_joined_are_left_to_be_looked_at_one_by_one(journal: Path) -> None:
    with closing(chain_quick.reading_connection(journal)) as connection:
        assert chain_quick.quick_look(connection, 1, EVENTS) is not None
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2000)
        assert chain_quick.quick_look(connection, 1, EVENTS) is None


@pytest.mark.parametrize("events", [1, 2, SEAM, SEAM + 1])
@pytest.mark.parametrize("more", [",", ",,", "\n", ",x"])
def test_a_link_that_says_more_is_found_also_in_an_event_alone(journal: Path, tmp_path: Path, events: int, more: str) -> None:
    rest = ("DELETE FROM journal WHERE seq > ?", (events,))
    for column in ("prev_hash", "hash"):
        path = damaged(journal, tmp_path, rest, (f"UPDATE journal SET {column} = {column} || ? WHERE seq = ?", (more, events)))
        assert (found(path).ok, found(path).broken_at) == (False, events)


@pytest.mark.parametrize(("seq", "other"), [(5, 6), (255, 256), (256, 257), (3, 599), (1, 2)])
def test_two_events_in_each_others_place_are_found(journal: Path, tmp_path: Path, seq: int, other: int) -> None:
    path = damaged(
        journal,
        tmp_path,
        ("UPDATE journal SET seq = -1 WHERE seq = ?", (seq,)),
        ("UPDATE journal SET seq = ? WHERE seq = ?", (seq, other)),
        ("UPDATE journal SET seq = ? WHERE seq = -1", (other,)),
    )
    report = found(path)
    assert (report.ok, report.broken_at) == (False, seq)
    if seq > 1:
        assert report.fault == "reordered"
        assert report.reason == f"Event {seq} was event {other}: the order was changed."


@pytest.mark.parametrize(("first", "last"), [(1, 1), (1, 400), (256, 256), (257, 257), (100, 450), (250, 256)])
def test_missing_events_are_found(journal: Path, tmp_path: Path, first: int, last: int) -> None:
    report = found(damaged(journal, tmp_path, ("DELETE FROM journal WHERE seq BETWEEN ? AND ?", (first, last))))
    assert (report.ok, report.broken_at, report.fault) == (False, first, "missing")
    assert "missing" in report.reason


def test_a_cut_end_is_found_by_what_was_kept_outside(journal: Path, tmp_path: Path) -> None:
    heads = [head_at(journal, 200), head_at(journal, EVENTS)]
    path = damaged(journal, tmp_path, ("DELETE FROM journal WHERE seq > 590", ()))
    assert found(path).ok  # the rows alone cannot tell
    report = found(path, heads)
    assert (report.ok, report.broken_at, report.fault, report.vouched) == (False, 591, "truncated", 200)


def rewritten(journal: Path, folder: Path, seq: int) -> Path:
    """Event `seq` changed, and everything from there on hashed again: a chain without a fault."""
    path = damaged(
        journal, folder, ("UPDATE journal SET envelope = json_set(envelope, '$.subject', 'nobody') WHERE seq = ?", (seq,))
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        (prev,) = connection.execute("SELECT hash FROM journal WHERE seq = ?", (seq - 1,)).fetchone()
        asked = f"SELECT {','.join(COLUMNS)} FROM journal WHERE seq >= ? ORDER BY seq"
        for row in connection.execute(asked, (seq,)).fetchall():
            own = chain_hash(prev, row[1].encode())
            connection.execute("UPDATE journal SET prev_hash = ?, hash = ? WHERE seq = ?", (prev, own, row[0]))
            prev = own
    return path


def test_a_chain_that_was_computed_anew_is_found_by_what_was_kept_outside(journal: Path, tmp_path: Path) -> None:
    heads = [head_at(journal, seq) for seq in (100, 200, 300, EVENTS)]
    path = rewritten(journal, tmp_path, 250)
    assert found(path).ok
    report = found(path, reversed(heads))
    assert (report.ok, report.broken_at, report.fault, report.vouched) == (False, 201, "rehashed", 200)
    assert "at the latest 300" in report.reason


def test_an_event_hashed_again_alone_does_not_fit_the_next(journal: Path, tmp_path: Path) -> None:
    path = damaged(
        journal, tmp_path, ("UPDATE journal SET envelope = json_set(envelope, '$.subject', 'nobody') WHERE seq = 256", ())
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        row = connection.execute(f"SELECT {','.join(COLUMNS)} FROM journal WHERE seq = 256").fetchone()
        own = chain_hash(row[-2], row[1].encode())
        connection.execute("UPDATE journal SET hash = ? WHERE seq = 256", (own,))
    report = found(path)
    assert (report.broken_at, report.fault) == (257, "broken_link")


def test_the_first_of_two_faults_is_told(journal: Path, tmp_path: Path) -> None:
    both = ("UPDATE journal SET envelope = json_set(envelope, '$.actor', 'user:other') WHERE seq IN (40, 500)", ())
    assert found(damaged(journal, tmp_path, both), [head_at(journal, EVENTS)]).broken_at == 40


def test_letters_that_json_writes_in_two_ways_are_no_fault(tmp_path: Path) -> None:
    async def fill() -> None:
        async with open_store(tmp_path) as store:
            for type_ in ("a\x01b", "tab\there", "line\nbreak", "\x7f", "\u2028"):
                await store.journal.append(UnknownEvent(type=type_, data=10**30))

    asyncio.run(fill())
    assert found(tmp_path / "journal.db").ok


async def test_verifying_can_be_given_up_and_leaves_the_store_usable(tmp_path: Path, journal: Path) -> None:
    shutil.copy(journal, tmp_path / "journal.db")
    async with open_store(tmp_path) as store:
        held = threading.Event()

        async def verify() -> ChainReport:
            return await store.journal.verify(lambda *_: held.set())

        task = asyncio.ensure_future(verify())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await store.journal.verify()).checked == EVENTS
    assert verify_chain(tmp_path / "journal.db", stop=lambda: True) is None


def test_an_empty_journal_is_whole(tmp_path: Path) -> None:
    async def make() -> None:
        async with open_store(tmp_path):
            pass

    asyncio.run(make())
    assert found(tmp_path / "journal.db") == ChainReport(True, 0)
    cut = found(tmp_path / "journal.db", [Head(3, "0" * 64, "2026-01-01T00:00:00.000000Z")])
    assert (cut.broken_at, cut.fault) == (1, "truncated")
