"""The system journal, through a `journalctl` that does everything wrong that one can do."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.sources.journald import SystemJournal
from chainbot_desktop.watch.logs.sources.journald_entries import LONGEST_LINE, EntryReader, text_of
from chainbot_desktop.watch.logs.timeline import LogTimeline
from tests.helpers.journalctl import FakeJournalctl, Step, entry
from tests.helpers.processes import children, until


class Followed:
    def __init__(self, timeline: LogTimeline, journal: SystemJournal) -> None:
        self.timeline = timeline
        self.journal = journal

    @property
    def texts(self) -> list[str]:
        return [row.text for row in self.timeline.lines(0, self.timeline.end)]

    @property
    def trouble(self) -> str:
        return self.journal.trouble.reason if self.journal.trouble else ""


@asynccontextmanager
async def following(program: Path) -> AsyncIterator[Followed]:
    tasks = Tasks()
    timeline = LogTimeline(tasks)
    try:
        async with children() as starter:
            journal = SystemJournal(
                timeline.add, lambda: starter, tasks, timeline.kept, program=str(program), pauses=(0.01, 0.05)
            )
            journal.start()
            try:
                yield Followed(timeline, journal)
            finally:
                journal.stop()
                await journal.ended()
                assert await tasks.cancel_all(10) == ()
    finally:
        await timeline.close()


async def test_entries_come_with_all_that_they_say(tmp_path: Path) -> None:
    fake = FakeJournalctl(tmp_path, [("out", entry(1, "one\ntwo", PRIORITY="3")), ("out", entry(2, "three", PRIORITY="7"))])
    async with following(fake.path) as followed:
        await until(lambda: len(followed.texts) == 3)
        one, two, three = followed.timeline.lines(0, 3)
        assert (one.text, one.level, one.source, one.name, one.time) == ("one", 40, "journald", "kernel", 1_700_000_000.0)
        assert (two.text, two.continues, three.level) == ("two", True, logging.DEBUG)
        assert followed.trouble == ""
    assert "--all" in fake.calls[0]
    assert any(argument.startswith("--lines=") for argument in fake.calls[0])


async def test_one_that_dies_is_started_again_where_it_was_and_nothing_comes_twice(tmp_path: Path) -> None:
    fake = FakeJournalctl(
        tmp_path,
        [("out", entry(1, "a") + entry(2, "b")), ("kill", int(signal.SIGKILL))],
        [("out", entry(2, "b") + entry(3, "c") + entry(1, "a")), ("err", "Journal file corrupted\n"), ("exit", 1)],
        [("out", entry(4, "d") + entry(4, "d"))],
    )
    async with following(fake.path) as followed:
        await until(lambda: len(followed.texts) == 4)
        assert followed.texts == ["a", "b", "c", "d"]
        await until(lambda: followed.trouble == "")
    assert fake.calls[1][-1] == "--after-cursor=s=1;i=2"
    assert fake.calls[2][-1] == "--after-cursor=s=1;i=3"


async def test_a_cursor_that_it_does_not_know_is_given_up(tmp_path: Path) -> None:
    fake = FakeJournalctl(
        tmp_path,
        [("out", entry(1, "a")), ("exit", 0)],
        [("err", "Failed to seek to cursor: Invalid argument\n"), ("exit", 1)],
        [("out", entry(1, "a") + entry(7, "z"))],
    )
    async with following(fake.path) as followed:
        await until(lambda: followed.texts == ["a", "z"])
    assert "--lines" in fake.calls[2][-1]


async def test_no_permission_is_said_with_what_to_do(tmp_path: Path) -> None:
    said = "No journal files were opened due to insufficient permissions.\n"
    run: list[Step] = [("err", said), ("exit", 1)]
    fake = FakeJournalctl(tmp_path, *[run] * 9)
    async with following(fake.path) as followed:
        await until(lambda: "insufficient permissions" in followed.trouble)
        assert followed.journal.trouble is not None
        assert "systemd-journal" in followed.journal.trouble.hint
        await until(lambda: len(fake.calls) >= 3)


async def test_with_half_the_permission_it_goes_on_and_says_so(tmp_path: Path) -> None:
    hint = "Hint: You are currently not seeing messages from other users and the system.\n"
    fake = FakeJournalctl(tmp_path, [("err", hint), ("out", entry(1, "mine"))])
    async with following(fake.path) as followed:
        await until(lambda: followed.texts == ["mine"] and "not seeing messages" in followed.trouble)


async def test_a_program_that_is_missing_is_found_once_it_is_there(tmp_path: Path) -> None:
    async with following(tmp_path / "journalctl") as followed:
        await until(lambda: "There is no program" in followed.trouble)
        FakeJournalctl(tmp_path, [("out", entry(1, "installed"))])
        await until(lambda: followed.texts == ["installed"])
        await until(lambda: followed.trouble == "")


@pytest.mark.parametrize(
    ("steps", "texts"),
    [
        ([("out", "no json\n\n[1]\n" + entry(1, "good"))], ["good"]),
        ([("hex", "fffe0a"), ("out", entry(1, "good"))], ["good"]),
        ([("out", entry(1, "good") + '{"MESSAGE": "ha'), ("exit", 0)], ["good"]),
        ([("out", "x" * 200_000 + "\n" + entry(1, "good"))], ["good"]),
    ],
)
async def test_what_cannot_be_read_is_counted_and_the_rest_kept(tmp_path: Path, steps: list[Step], texts: list[str]) -> None:
    fake = FakeJournalctl(tmp_path, steps, [])
    async with following(fake.path) as followed:
        await until(lambda: followed.texts == texts and "could not be read" in followed.trouble)


async def test_an_entry_may_come_in_pieces_and_be_huge(tmp_path: Path) -> None:
    half = entry(1, "ä" * 10)
    cut = half.index("u00e4") + 2
    fake = FakeJournalctl(
        tmp_path, [("out", half[:cut]), ("wait", "go"), ("out", half[cut:] + entry(2, "x" * 1_000_000) + entry(3, "after"))]
    )
    async with following(fake.path) as followed:
        await until(lambda: len(fake.calls) == 1)
        fake.allow("go")
        await until(lambda: len(followed.texts) == 3)
        assert followed.texts[0] == "ä" * 10
        assert len(followed.texts[1]) == 1_000_000


async def test_turned_off_it_ends_its_process_and_turned_on_it_goes_on_where_it_was(tmp_path: Path) -> None:
    fake = FakeJournalctl(tmp_path, [("out", entry(1, "a"))], [("out", entry(1, "a") + entry(2, "b"))])
    async with following(fake.path) as followed:
        await until(lambda: followed.texts == ["a"])
        followed.journal.stop()
        followed.journal.start()
        await until(lambda: followed.texts == ["a", "b"])
        assert len(fake.calls) == 2


async def test_more_than_there_is_room_for_is_held_back_and_not_left_out(tmp_path: Path) -> None:
    lines = "".join(entry(number, f"line {number}") for number in range(30_000))
    fake = FakeJournalctl(tmp_path, [("out", lines)])
    async with following(fake.path) as followed:
        await until(lambda: followed.timeline.end == 30_000, 60)
        assert followed.texts == [f"line {number}" for number in range(30_000)]


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="there is no journalctl here")
@pytest.mark.parametrize("cursor", ["", "s=1;i=2"])
async def test_the_real_one_understands_how_it_is_asked(tmp_path: Path, cursor: str) -> None:
    async with following(tmp_path / "missing") as followed:
        followed.journal._program = "journalctl"
        followed.journal._entries.cursor = cursor
        asked = [argument for argument in followed.journal._arguments() if argument != "--follow"]
    answered = await asyncio.to_thread(subprocess.run, asked, capture_output=True)
    said = answered.stderr
    # It may have a journal or none, see it or not, know the cursor or not.
    assert answered.returncode == 0 or b"cursor" in said or b"permission" in said
    assert b"option" not in said


def read(*lines: str) -> list[LogRecord]:
    return EntryReader(own_pid=77).feed("".join(lines).encode())


def test_messages_of_every_form() -> None:
    found = read(
        entry(1, [104, 105, 255, 27]),
        entry(2, None),
        entry(3, ["one", [116, 119, 111]]),
        entry(4, []),
        entry(5, 5),
        entry(6, [300]),
    )
    assert [record.text for record in found] == ["hi\\xff\x1b", "", "one\ntwo", "", "5", "300"]


@pytest.mark.parametrize(
    ("priority", "level"), [("0", 50), ("2", 50), ("3", 40), ("4", 30), ("5", 20), ("7", 10), ("x", 0), (None, 0)]
)
def test_levels(priority: str | None, level: int) -> None:
    assert read(entry(1, "x", PRIORITY=priority))[0].level == level


def test_who_said_it() -> None:
    found = read(
        entry(1, "x", SYSLOG_IDENTIFIER=None, _COMM="sshd"),
        entry(2, "x", SYSLOG_IDENTIFIER="", _SYSTEMD_UNIT="a.service"),
        entry(3, "x", SYSLOG_IDENTIFIER=None),
        entry(4, "x", SYSLOG_IDENTIFIER=["two", "names"]),
    )
    assert [record.name for record in found] == ["sshd", "a.service", "journal", "two"]


def test_times_that_are_none_are_now() -> None:
    for stamp in (None, "soon", "9" * 40, -5, [49, 55]):
        record = read(entry(1, "x", __REALTIME_TIMESTAMP=stamp))[0]
        assert 0 <= record.time < 1e11


def test_our_own_output_is_there_already() -> None:
    ours = entry(1, "ours", _PID="77", _TRANSPORT="stdout")
    assert [r.text for r in read(ours, entry(2, "other", _PID="78", _TRANSPORT="stdout"), entry(3, "kernel", _PID="77"))] == [
        "other",
        "kernel",
    ]
    assert EntryReader(os.getpid()).feed(ours.encode())[0].text == "ours"


def test_an_entry_without_end_is_given_up() -> None:
    reader = EntryReader(1)
    for _ in range(LONGEST_LINE // 1_000_000 + 5):
        assert reader.feed(b"x" * 1_000_000) == []
    assert [record.text for record in reader.feed(b"xx\n" + entry(1, "next").encode())] == ["next"]
    assert reader.unreadable == 1


def test_entries_without_a_cursor_are_all_kept() -> None:
    line = json.dumps({"MESSAGE": "same"}) + "\n"
    assert len(read(line, line)) == 2


def test_fields_as_text() -> None:
    fields: list[Callable[[], str]] = [
        lambda: text_of("a"),
        lambda: text_of(None),
        lambda: text_of({"a": 1}),
        lambda: text_of(1.5),
    ]
    assert [field() for field in fields] == ["a", "", "{'a': 1}", "1.5"]
