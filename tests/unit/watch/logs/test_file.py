"""A log file as a document: real files, opened, read, searched, followed, cut, replaced and deleted."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.watch.logs.document import LogQuery, LogSelection
from chainbot_desktop.watch.logs.file import LogFile, open_log_file
from tests.helpers.processes import until

Opener = Callable[[Path], "Opening"]


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
    lines = [f"{number} {'x' * chance.choice((0, 5, 80, 3000))}" for number in range(60_000)]
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
