"""A log file as a document: real files, opened, read, searched, followed, cut, replaced and deleted."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import random
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import count, groupby
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.watch.logs.document import Fold, LogQuery, LogSelection
from chainbot_desktop.watch.logs.file import LogFile, open_log_file
from chainbot_desktop.watch.logs.file_bytes import FileBytes
from tests.helpers import processes


async def until(condition: Callable[[], bool]) -> None:
    await processes.until(condition, 60)


class Opening:
    """Opens files and closes them when the test is over."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def __call__(self, path: Path, *, indexed: bool = True) -> LogFile:
        file = await open_log_file(path)
        self._stack.push_async_callback(file.close)
        if indexed:
            await until(lambda: file.read == 1)
        return file


@pytest.fixture
async def opened() -> AsyncIterator[Opening]:
    async with AsyncExitStack() as stack:
        yield Opening(stack)


async def found(selection: LogSelection) -> list[str]:
    await until(lambda: selection.searched == 1)
    assert selection.error is None
    return [row.text for row in selection.rows(0, selection.count)]


async def test_a_file_is_its_lines(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "some.log"
    path.write_text("first\nsecond\r\n\nlast without an end")
    file = await opened(path)
    rows = file.lines(0, 10)
    assert [row.text for row in rows] == ["first", "second", "", "last without an end"]
    assert [row.number for row in rows] == [0, 1, 2, 3]
    assert (file.first, file.end, file.title, file.names) == (0, 4, "some.log", {"file": ("some.log",)})
    assert [row.text for row in file.tail(2)] == ["", "last without an end"]
    assert [row.number for row in file.tail(2)] == [-2, -1]


async def test_any_line_of_a_large_file_is_found_by_its_number(tmp_path: Path, opened: Opening) -> None:
    chance = random.Random(3)
    lines = [f"{number} {'x' * chance.choice((0, 5, 80, 3000))}" for number in range(12_000)]
    path = tmp_path / "large.log"
    path.write_text("\n".join(lines) + "\n")
    file = await opened(path)
    assert file.end == len(lines)
    for first in [0, 1, 59_990, *(chance.randrange(len(lines)) for _ in range(200))]:
        assert [row.text for row in file.lines(first, first + 7)] == lines[first : first + 7]
    assert file.index_memory < path.stat().st_size / 4000


async def test_what_passes_an_expression_is_selected(tmp_path: Path, opened: Opening) -> None:
    lines = [f"2026-01-02T03:04:05Z INFO request {number}" for number in range(200_000)]
    path = tmp_path / "requests.log"
    path.write_text("\n".join(lines))
    file = await opened(path)
    selection = file.select(LogQuery(text=r"7777$", regex=True))
    assert await found(selection) == [line for line in lines if line.endswith("7777")]
    assert selection.place_of(7778) == 1
    with pytest.raises(InvalidInput):
        file.select(LogQuery(text="(", regex=True))


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "unreadable"])
async def test_what_is_no_readable_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "unreadable":
        if os.geteuid() == 0:
            pytest.skip("root may read everything")
        path.write_text("secret")
        path.chmod(0)
    with pytest.raises(ChainBotError) as refused:
        await open_log_file(path)
    assert isinstance(refused.value, NotFound if kind == "missing" else InvalidInput)
    assert str(path) in refused.value.message
    assert refused.value.hint


async def test_what_is_appended_follows_and_is_searched(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "growing.log"
    path.write_text("one error\ntwo\nthr")
    file = await opened(path)
    changes: list[int] = []
    file.on_change(lambda: changes.append(file.end))
    selection = file.select(LogQuery(text="error"))
    assert await found(selection) == ["one error"]
    with path.open("a") as writer:
        writer.write("ee error\nfour\n")
    await until(lambda: selection.count == 2)
    assert [row.text for row in file.lines(2, 9)] == ["three error", "four"]
    assert [(row.number, row.text) for row in selection.rows(0, 9)] == [(0, "one error"), (2, "three error")]
    await until(lambda: changes[-1] == 4)


async def test_a_line_that_is_not_finished_keeps_its_number(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "slow.log"
    path.write_text("a\nwarn")
    file = await opened(path)
    selection = file.select(LogQuery(text="warn"))
    assert await found(selection) == ["warn"]
    with path.open("a") as writer:
        writer.write("ing: later\nb")
    await until(lambda: file.end == 3)
    await until(lambda: [row.text for row in selection.rows(0, 5)] == ["warning: later"])
    assert [row.text for row in file.lines(0, 5)] == ["a", "warning: later", "b"]


async def test_an_empty_file_becomes_one_with_lines(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "empty.log"
    path.touch()
    file = await opened(path)
    selection = file.select(LogQuery(text="x"))
    assert (file.first, file.end, file.read, file.lines(0, 5), file.tail(5)) == (0, 0, 1.0, [], [])
    assert selection.volume(10) is None
    path.write_text("2026-01-02T03:04:05Z ERROR x\n  at y\n")
    await until(lambda: file.end == 2)
    assert file.format == "iso"
    assert await found(selection) == ["2026-01-02T03:04:05Z ERROR x", "  at y"]


async def test_a_file_that_is_cut_goes_on_with_new_numbers(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "cut.log"
    path.write_text("".join(f"old {number}\n" for number in range(100)))
    file = await opened(path)
    selection = file.select(LogQuery(text="9"))
    assert len(await found(selection)) == 19
    with path.open("w") as writer:  # as copytruncate does
        writer.write("new 9\n")
    await until(lambda: file.first == 100)
    assert (file.end, [(row.number, row.text) for row in file.lines(0, 999)]) == (101, [(100, "new 9")])
    await until(lambda: [row.number for row in selection.rows(0, 99)] == [100])
    assert selection.place_of(100) == 0
    assert "cut" in file.notice
    with pytest.raises(NotFound):
        await file.text(5)


async def test_a_file_that_is_written_over_is_seen_though_it_is_longer(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "over.log"
    path.write_text("old\n" * 10)
    file = await opened(path)
    with path.open("r+") as writer:
        writer.truncate()
        writer.write("new\n" * 50)
    await until(lambda: file.end == 60)
    assert (file.first, {row.text for row in file.lines(0, 99)}) == (10, {"new"})


async def test_a_rotated_file_is_followed_by_its_name(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "app.log"
    path.write_text("one\ntwo\n")
    file = await opened(path)
    selection = file.select(LogQuery(text="o"))
    assert await found(selection) == ["one", "two"]
    path.rename(tmp_path / "app.log.1")
    path.write_text("four\n")
    await until(lambda: file.end == 3)
    assert [(row.number, row.text) for row in file.lines(file.first, 99)] == [(2, "four")]
    await until(lambda: [row.text for row in selection.rows(0, 9)] == ["four"])
    assert "rotated" in file.notice
    with path.open("a") as writer:
        writer.write("more\n")
    await until(lambda: selection.count == 2)


async def test_a_deleted_file_is_still_shown_and_it_is_said(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "gone.log"
    path.write_text("still\nhere\n")
    file = await opened(path)
    path.unlink()
    await until(lambda: "deleted" in file.notice)
    assert [row.text for row in file.lines(0, 9)] == ["still", "here"]
    path.write_text("back\n")
    await until(lambda: file.end == 3)
    assert [row.text for row in file.lines(file.first, 9)] == ["back"]


async def test_a_disk_that_fails_is_said_and_tried_again(
    tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "broken.log"
    path.write_text("a\n")
    file = await opened(path)

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(FileBytes, "read_into", fail)
        with path.open("a") as writer:
            writer.write("b\n")
        await until(lambda: "Input/output error" in file.notice)
        assert file.end == 1
    await until(lambda: file.end == 2)
    await until(lambda: file.notice == "")


async def test_lines_of_any_length_are_lines(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "long.log"
    with path.open("wb") as writer:
        writer.write(b"short\n")
        for _ in range(40):
            writer.write(b"m" * 1_000_000 + b"needle\n")
        writer.write(b"x" * 100_000_000 + b"needle\nend")
    file = await opened(path)
    assert file.end == 43
    rows = file.lines(0, 43)
    assert [row.text for row in (rows[0], rows[-1])] == ["short", "end"]
    assert all(len(row.text) < 30_000 for row in rows)
    assert rows[1].text.endswith("… (980,007 more bytes)")
    text = await file.text(41)
    assert (len(text), text[-6:]) == (100_000_006, "needle")
    selection = file.select(LogQuery(text="needle"))
    await until(lambda: selection.searched == 1)
    assert [row.number for row in selection.rows(0, 99)] == list(range(1, 42))
    assert [row.text[-6:] for row in file.tail(1)] == ["end"]


@pytest.mark.parametrize(
    ("raw", "texts", "encoding"),
    [
        ("a\nä\n".encode("utf-8-sig"), ["a", "ä"], "UTF-8"),
        ("a\r\nä€\n\n日本".encode("utf-16"), ["a", "ä€", "", "日本"], "UTF-16-LE"),
        (b"\xfe\xff" + "a\nb\u0a0a\n".encode("utf-16-be"), ["a", "b\u0a0a"], "UTF-16-BE"),
        ("a\n日\n".encode("utf-32"), ["a", "日"], "UTF-32-LE"),
        ("Größe\nfür\x80\n".encode("latin-1"), ["Größe", "für€"], "Latin-1"),
        (b"one\rtwo\rthree", ["one", "two", "three"], "UTF-8"),
        (b"10%\r20%\rdone\nnext\r\n", ["10%\r20%\rdone", "next"], "UTF-8"),
        ("gut: ä ö ü\n".encode() + b"bad \xff\x00\x07\x1b[31mred\n", ["gut: ä ö ü", "bad \ufffd\x00\x07\x1b[31mred"], "UTF-8"),
        (b"\n", [""], "UTF-8"),
        (b"\xef\xbb\xbf", [], "UTF-8"),
        (b"\xff\xfea\x00\n", ["a\ufffd"], "UTF-16-LE"),
    ],
)
async def test_encodings_and_line_ends(tmp_path: Path, opened: Opening, raw: bytes, texts: list[str], encoding: str) -> None:
    path = tmp_path / "some.txt"
    path.write_bytes(raw)
    file = await opened(path)
    assert ([row.text for row in file.lines(0, 99)], file.encoding) == (texts, encoding)
    assert [row.text for row in file.tail(99)] == texts
    selection = file.select(LogQuery(text="n"))
    assert await found(selection) == [text for text in texts if "n" in text.lower()]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-8", "crlf"])
async def test_a_large_file_of_any_encoding_is_searched(tmp_path: Path, opened: Opening, encoding: str) -> None:
    lines = [f"{number} größer als {number % 97} ok" for number in range(150_000)]
    path = tmp_path / "large.txt"
    if encoding == "crlf":
        path.write_bytes("\r\n".join(lines).encode())
    else:
        path.write_bytes("\n".join(lines).encode(encoding))
    file = await opened(path)
    assert file.end == len(lines)
    for query, wanted in [
        (LogQuery(text="größer 7777"), [line for line in lines if "7777" in line]),
        (LogQuery(text=r"als 9[56] ok$", regex=True), [line for line in lines if line.endswith(("95 ok", "96 ok"))]),
    ]:
        selection = file.select(query)
        assert await found(selection) == wanted


@pytest.mark.parametrize("name", ["gz", "bz2", "xz", "zst"])
async def test_a_compressed_file_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    magic = {"zst": b"\x28\xb5\x2f\xfd and more"}
    packed: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    path = tmp_path / f"old.log.{name}"
    path.write_bytes(magic[name] if name in magic else packed[name](b"a line\n"))
    with pytest.raises(InvalidInput, match="compressed"):
        await open_log_file(path)


_TRACE = """\
2026-01-02T03:04:05Z INFO app: fine
2026-01-02T03:04:06Z ERROR app: it broke
Traceback (most recent call last):
  File "x.py", line 1, in <module>
ValueError: no
2026-01-02T03:04:07Z INFO app: fine again
2026-01-02T03:04:08Z WARNING app: hm
"""


async def test_a_record_of_several_lines_passes_as_a_whole(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "trace.log"
    path.write_text(_TRACE)
    file = await opened(path)
    texts = _TRACE.splitlines()
    assert [row.continues for row in file.lines(0, 9)] == [False, False, True, True, True, False, False]
    assert [row.level for row in file.lines(3, 5)] == [40, 40]
    assert file.lines(3, 4)[0].time == file.lines(1, 2)[0].time
    assert await found(file.select(LogQuery(levels=frozenset({40})))) == texts[1:5]
    assert await found(file.select(LogQuery(text="broke valueerror"))) == texts[1:5]
    assert await found(file.search(LogQuery(text="broke valueerror"))) == [texts[1], texts[4]]
    assert await found(file.search(LogQuery(levels=frozenset({40})))) == [texts[1]]
    assert await found(file.select(LogQuery(levels=frozenset({30, 20})))) == [texts[0], *texts[5:]]
    at = datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC).timestamp()
    assert await found(file.select(LogQuery(after=at, before=at + 1))) == texts[1:6]
    assert await found(file.select(LogQuery(text="fine", after=at))) == [texts[5]]
    assert await found(file.select(LogQuery(sources=frozenset({"program"}), text="fine"))) == []


@pytest.mark.parametrize("with_ripgrep", [True, False])
@pytest.mark.parametrize("levels", [{40}, {0, 20}, {30, 40}])
@pytest.mark.parametrize("in_column", [True, False])
async def test_levels_of_a_large_file_are_those_of_its_records(
    tmp_path: Path, opened: Opening, levels: set[int], in_column: bool, with_ripgrep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    lines, wanted = [], []
    for number in range(12_000):
        level = chance.choice(["INFO", "INFO", "WARNING", "ERROR", "-"])
        passes = {"INFO": 20, "WARNING": 30, "ERROR": 40, "-": 0}[level] in levels
        level = level if in_column or number % 2 else f"part: {level}"
        record = [f"2026-01-02T03:04:05.{number % 1000:03d}Z {level} says this and more {number}"]
        record += ["  detail " + "d" * 50] * chance.choice([0, 0, 0, 1, 40])
        lines += record
        wanted += record if passes else []
    path = tmp_path / "levels.log"
    path.write_text("\n".join(lines))
    if not with_ripgrep:
        monkeypatch.setenv("PATH", "")
    file = await opened(path)
    selection = file.select(LogQuery(levels=frozenset(levels)))
    await until(lambda: selection.searched == 1)
    assert [row.text for row in selection.rows(0, len(lines))] == wanted


async def test_what_changes_while_it_is_searched_ends_right(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "busy.log"
    path.write_text("".join(f"old {number} x\n" for number in range(400_000)))
    file = await opened(path, indexed=False)
    selection = file.select(LogQuery(text='"7 x"'))
    path.write_text("".join(f"new {number} x\n" for number in range(100)))
    await until(lambda: file.end - file.first == 100 and selection.count == 10 and selection.searched == 1)
    assert [row.text for row in selection.rows(0, 99)] == [f"new {number} x" for number in range(7, 100, 10)]


async def test_the_histogram_counts_what_was_found_when(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "hours.log"
    with path.open("w") as writer:
        for number in range(100_000):
            level = "ERROR" if number % 10 == 0 else "INFO"
            when = datetime.fromtimestamp(1_700_000_000 + number, UTC).isoformat()
            writer.write(f"{when} {level} something or other happened here {number}\n")
    file = await opened(path)
    volume = file.select(LogQuery()).volume(10)
    assert volume is not None
    assert volume.timed
    assert 1_700_000_000 <= volume.start < volume.end <= 1_700_100_000
    assert sum(map(sum, volume.counts.values())) == pytest.approx(100_000, abs=10)
    assert sum(volume.counts[40]) == pytest.approx(10_000, rel=0.2)
    selection = file.select(LogQuery(levels=frozenset({40})))
    await until(lambda: selection.searched == 1)
    errors = selection.volume(10)
    assert errors is not None
    assert list(errors.counts) == [40]
    assert sum(errors.counts[40]) == 10_000
    assert all(count == pytest.approx(1000, rel=0.1) for count in errors.counts[40])
    late = file.select(LogQuery(text="99999"))
    await until(lambda: late.searched == 1)
    last = late.volume(10)
    assert last is not None
    assert last.counts == {0: [0] * 9 + [1]}
    assert file.end == 100_000


def _ends_at(file: LogFile, end: int) -> bool:
    return file.end == end


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_the_histogram_of_a_small_file_is_fine_to_its_end(tmp_path: Path, opened: Opening, encoding: str) -> None:
    path = tmp_path / "small.log"

    def line(number: int) -> str:
        return f"{datetime.fromtimestamp(1_700_000_000 + number, UTC).isoformat()} INFO line {number}\n  and more\n"

    with path.open("w", encoding=encoding) as writer:
        writer.write("".join(map(line, range(2000))))
    file = await opened(path)
    selection = file.select(LogQuery())
    volume = selection.volume(20)
    assert volume is not None
    assert volume.timed
    assert volume.start == 1_700_000_000
    assert volume.end == pytest.approx(1_700_002_000, abs=10)
    assert all(count == pytest.approx(200, abs=10) for count in volume.counts[20])
    with path.open("a", encoding=encoding.replace("16", "16-le")) as writer:
        for number in range(2000, 4000, 50):
            writer.write("".join(map(line, range(number, number + 50))))
            writer.flush()
            await until(partial(_ends_at, file, 2 * number + 100))

    def is_even() -> bool:
        grown = selection.volume(20)
        return grown is not None and all(count == pytest.approx(400, abs=20) for count in grown.counts[20])

    await until(is_even)  # the times of new lines follow the lines themselves
    few = tmp_path / "few.log"
    few.write_text("".join(map(line, range(5))))
    volume = (await opened(few)).select(LogQuery()).volume(5)
    assert volume is not None
    assert (volume.start, volume.end, sum(volume.counts[20])) == (1_700_000_000, 1_700_000_004, 10)


async def test_a_file_without_times_has_its_histogram_over_its_lines(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "plain.txt"
    path.write_text("a\n" * 50 + "b\n" * 50)
    file = await opened(path)
    selection = file.select(LogQuery(text="b"))
    await until(lambda: selection.searched == 1)
    volume = selection.volume(4)
    assert volume is not None
    assert (volume.timed, volume.start, volume.end, volume.counts) == (False, 0.0, 100.0, {0: [0, 0, 25, 25]})


async def test_a_file_that_is_closed_ends_its_threads(tmp_path: Path) -> None:
    path = tmp_path / "some.log"
    path.write_text("x\n" * 1000)
    others = set(threading.enumerate())
    file = await open_log_file(path)
    file.select(LogQuery(text="x"))
    await file.close()
    assert not [thread.name for thread in set(threading.enumerate()) - others if "log file" in thread.name]
    assert file.lines(0, 5) == []


@pytest.mark.parametrize(("fold", "repeats"), [("exact", [1, 0, 0, 0, 0]), ("numbers", [1, 2, 0]), ("template", [1, 2, 0])])
async def test_what_is_said_again_is_folded_whatever_its_time(
    tmp_path: Path, opened: Opening, fold: Fold, repeats: list[int]
) -> None:
    path = tmp_path / "again.log"
    says = ["start", "start", "try 1 of 3", "try 2 of 3", "try 3 of 3", "stop"]
    path.write_text("".join(f"2026-01-02T03:04:{second:02d}Z INFO {text}\n" for second, text in enumerate(says)))
    file = await opened(path)
    selection = file.select(LogQuery(), fold)
    await until(lambda: selection.searched == 1)
    assert [row.repeats for row in selection.rows(0, 99)] == repeats
    with path.open("a") as writer:
        writer.write("2026-01-02T03:05:00Z INFO stop\n2026-01-02T03:05:00Z INFO stop\n")
    await until(lambda: [row.repeats for row in selection.rows(0, 99)] == [*repeats[:-1], 2])


async def test_folding_a_large_file_is_folding_its_records(tmp_path: Path, opened: Opening) -> None:
    chance = random.Random(9)
    texts: list[str] = []
    while len(texts) < 60_000:
        texts += [chance.choice(["connected", "timed out", "lost\n  because\n  of that"]) + " " + "z" * 40] * chance.choice(
            [1, 1, 2, 50]
        )
    path = tmp_path / "again.log"
    path.write_text("\n".join(f"2026-01-02T03:04:05.{number % 1000:03d}Z INFO {text}" for number, text in enumerate(texts)))
    file = await opened(path)
    selection = file.select(LogQuery(text="z"), "exact")
    await until(lambda: selection.searched == 1)
    expected = [(text, len(list(run)) - 1) for text, run in groupby(texts)]
    rows = [row for row in selection.rows(0, selection.count) if not row.continues]
    assert [row.repeats for row in rows] == [times for _, times in expected]
    assert selection.count == sum(text.count("\n") + 1 for text, _ in expected)


async def test_what_grows_by_much_after_it_was_searched_is_searched_once(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "much.log"
    path.write_text("first x\nsecond x\nthi")
    file = await opened(path)
    selection, folded = file.select(LogQuery(text="x")), file.select(LogQuery(text="x"), "exact")
    assert await found(selection) == ["first x", "second x"]
    more = [f"line {number} x" for number in range(300_000)]
    with path.open("a") as writer:
        writer.write("rd x\n" + "\n".join(more))
    await until(lambda: selection.count == folded.count == 300_003)
    for each in (selection, folded):
        assert [row.number for row in each.rows(0, 5)] == [0, 1, 2, 3, 4]
        assert [row.text for row in each.rows(300_000, 9)] == more[-3:]
        assert each.place_of(150_000) == 150_000


async def test_a_span_of_time_is_found_in_a_large_file(tmp_path: Path, opened: Opening) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    lines = [
        f"{datetime.fromtimestamp(start + number, UTC).isoformat()} INFO request {number} of that day, and of that only"
        for number in range(90_000)
    ]
    path = tmp_path / "days.log"
    path.write_text("\n".join(lines))
    file = await opened(path)
    for query, wanted in [
        (LogQuery(after=start + 40_000, before=start + 60_000), lines[40_000:60_001]),
        (LogQuery(after=start + 89_990), lines[89_990:]),
        (LogQuery(before=start + 5), lines[:6]),
        (LogQuery(text="request 50", after=start + 50_000, before=start + 50_099), lines[50_000:50_100]),
        (LogQuery(after=start + 1e6), []),
        (LogQuery(levels=frozenset({20}), after=start + 80_000, before=start + 80_001), lines[80_000:80_002]),
    ]:
        assert await found(file.select(query)) == wanted


async def test_a_span_of_time_is_found_where_time_goes_back(tmp_path: Path, opened: Opening) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    chance = random.Random(4)
    seconds = [chance.randrange(90_000) for _ in range(30_000)]
    lines = [f"{datetime.fromtimestamp(start + second, UTC).isoformat()} INFO in no order {second}" for second in seconds]
    path = tmp_path / "merged.log"
    path.write_text("\n".join(lines))
    file = await opened(path)
    wanted = [line for line, second in zip(lines, seconds, strict=True) if 40_000 <= second <= 50_000]
    assert await found(file.select(LogQuery(after=start + 40_000, before=start + 50_000))) == wanted


@pytest.mark.parametrize("fold", ["none", "exact"])
async def test_a_read_that_fails_in_the_middle_of_a_search_costs_no_line_and_doubles_none(
    tmp_path: Path, opened: Opening, fold: Fold, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{number} and so on, and so on, and on and on and on and on" for number in range(150_000)]
    path = tmp_path / "flaky.log"
    path.write_text("\n".join(lines))
    file = await opened(path)
    monkeypatch.setenv("PATH", "")
    read, calls = FileBytes.read, count()

    def flaky(source: FileBytes, offset: int, size: int) -> bytes:
        if size > 100_000 and next(calls) in {3, 4, 9}:
            raise OSError(errno.EIO, "Input/output error")
        return read(source, offset, size)

    monkeypatch.setattr(FileBytes, "read", flaky)
    selection = file.select(LogQuery(text="77 and"), fold)
    await until(lambda: selection.searched == 1)
    assert next(calls) > 10
    assert [row.text for row in selection.rows(0, len(lines))] == [line for line in lines if "77" in line]


async def test_a_log_that_is_packed_in_its_place_is_said(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "packed.log"
    path.write_text("plain line\n" * 100)
    file = await opened(path)
    path.write_bytes(gzip.compress(b"x\n"))
    await until(lambda: "compressed" in file.notice)
    path.write_text("plain again\n")
    await until(lambda: [row.text for row in file.lines(file.first, file.end)] == ["plain again"])
