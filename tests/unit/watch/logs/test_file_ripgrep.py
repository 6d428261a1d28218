"""A search says the same with ripgrep as without it: laws over lines and expressions, and what befalls ripgrep on its way."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.file import LogFile, open_log_file
from chainbot_desktop.watch.logs.file_bytes import FileBytes
from chainbot_desktop.watch.logs.file_expression import expressions_of
from chainbot_desktop.watch.logs.file_ripgrep import Ripgrep
from chainbot_desktop.watch.logs.query import TextMatcher
from tests.helpers import processes


async def until(condition: Callable[[], bool]) -> None:
    await processes.until(condition, 60)


_RG = shutil.which("rg")
pytestmark = pytest.mark.skipif(_RG is None, reason="ripgrep is not installed")

_PIECES = st.sampled_from(
    [
        "a",
        "A",
        "k",
        "K",
        "s",
        "i",
        "I",
        "ab",
        "error",
        "ERROR",
        " ",
        "\t",
        "7",
        "42",
        "_",
        "-",
        ".",
        "*",
        "(",
        "]",
        "\\",
        "^",
        "$",
        "\x00",
        "\x1b[31m",
    ]
)
_ODD = st.sampled_from(["é", "É", "ß", "ſ", "K", "İ", "ı", "٣", "日本", "\u2028", "\x85", "\u00a0", "\x1c", "😀"])
_ASCII_LINE = st.lists(_PIECES, max_size=8).map("".join).map(str.encode)
_ODD_LINE = st.lists(
    st.one_of(
        _PIECES.map(str.encode), _ODD.map(str.encode), st.sampled_from([b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f", b"\r"])
    ),
    max_size=8,
).map(b"".join)
_ATOM = st.sampled_from([
    "a", "A", "k", "s", "i", "error", "7", "_", " ", r"\.", r"\*", r"\t", ".", r"\w",
    r"\W", r"\d", r"\D", r"\s", r"\S", "[a-z]", "[^a-z]", r"[\w.-]", "[0-9_]", "[^ ]", "(?:ab|a)", "(a|7)", "(?P<x>k)", "é", "日",
])  # fmt: skip
_QUANTIFIED = st.tuples(_ATOM, st.sampled_from(["", "", "", "*", "+", "?", "*?", "{2}", "{1,3}"])).map("".join)
_EXPRESSION = st.tuples(
    st.sampled_from(["", "^", r"\b"]),
    st.lists(_QUANTIFIED, min_size=1, max_size=4).map("".join),
    st.sampled_from(["", "$", r"\b", "|ab", "|^$"]),
).map("".join)
_QUERY = st.one_of(
    st.builds(LogQuery, text=_EXPRESSION, regex=st.just(True), case=st.booleans()),
    st.builds(LogQuery, text=st.one_of(_PIECES, _ODD).filter(lambda text: text.strip() not in {"", '"'}), case=st.booleans()),
)


def by_ripgrep(path: Path, lines: list[bytes], pattern: str) -> set[int]:
    path.write_bytes(b"\n".join(lines) + b"\n")
    source = FileBytes.open(path)
    assert _RG is not None
    run = Ripgrep(_RG, pattern, "utf-8", source, 0, path.stat().st_size)
    try:
        matches = [match for match in run.matches() if len(match.numbers)]
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)
        for match in matches:
            assert [starts[number] for number in match.numbers.tolist()] == match.offsets.tolist()
        return {number for match in matches for number in match.numbers.tolist()}
    finally:
        run.close()
        source.close()


@settings(max_examples=150)
@given(lines=st.lists(st.one_of(_ASCII_LINE, _ODD_LINE), min_size=1, max_size=12), query=_QUERY)
@example(lines=[b"\xd9\xa3\xd9\xa3\xd9\xa3x"], query=LogQuery(text=r"^\d{3}x", regex=True))
@example(lines=[b"K", b"k", "İ".encode()], query=LogQuery(text="[a-z]", regex=True))
@example(lines=[b"", b"a"], query=LogQuery(text="a*", regex=True))
@example(lines=[b"x\r"], query=LogQuery(text="x$", regex=True))
def test_ripgrep_finds_what_the_matcher_finds(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], query: LogQuery
) -> None:
    expressions = expressions_of(query)
    assert expressions is not None, "what these are made of can be translated"
    found = TextMatcher(query).found(b"\n".join(lines) + b"\n", len(lines))
    path = tmp_path_factory.getbasetemp() / "law.log"
    for expression, mask in zip(expressions, found, strict=True):
        ripgrep = by_ripgrep(path, lines, expression.pattern)
        ours = set(mask.nonzero()[0].tolist())
        plain = {number for number, line in enumerate(lines) if line.isascii() and b"\r" not in line}
        assert ripgrep & plain == ours & plain
        if expression.exact:
            assert ripgrep == ours
        if expression.wide:
            without_feed = TextMatcher(query).found(b"\n".join(line.removesuffix(b"\r") for line in lines) + b"\n", len(lines))
            assert ripgrep >= set(without_feed[list(found).index(mask) if len(found) > 1 else 0].nonzero()[0].tolist())


@pytest.mark.parametrize("text", [r"(?=a)", r"(a)\1", r"a++", r"(?i)a", r"[[:alpha:]]", r"\p{L}", r"a{,3}", r"\x41", "[a&&b]"])
def test_what_ripgrep_may_understand_otherwise_is_left_to_the_matcher(text: str) -> None:
    assert expressions_of(LogQuery(text=text, regex=True)) is None


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Some megabytes of lines of all kinds; most are ASCII."""
    chance = random.Random(11)
    odd = [
        b"caf\xc3\xa9 error 12",
        b"broken \xff\xfe error 34",
        b"x" * 150_000 + b" error 56",
        b"with\0nul error",
        b"error at the end\r",
        b"K elvin",
    ]
    lines = [
        chance.choice(odd)
        if chance.random() < 0.0005
        else b"%d some error of another kind %x" % (number, chance.getrandbits(64))
        for number in range(90_000)
    ]
    lines[:3] = ["déjà vu à la café error".encode()] * 3  # else it could be Latin-1
    path = tmp_path / "mixed.log"
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.fixture
async def file(log: Path) -> AsyncIterator[LogFile]:
    async with AsyncExitStack() as stack:
        file = await open_log_file(log)
        stack.push_async_callback(file.close)
        await until(lambda: file.read == 1)
        yield file


async def numbers_of(file: LogFile, query: LogQuery) -> tuple[list[int], bool]:
    selection = file.search(query)
    await until(lambda: selection.searched == 1 or selection.error is not None)
    assert selection.error is None
    numbers = [row.number for row in selection.rows(0, selection.count)]
    used = selection.uses_ripgrep
    selection.close()
    return numbers, used


_QUERIES = [
    LogQuery(text=r"777\d\b", regex=True),
    LogQuery(text="error$", regex=True),
    LogQuery(text=r"caf. error", regex=True, case=True),
    LogQuery(text="error nul"),
    LogQuery(text="k"),
    LogQuery(text="^k", regex=True),
    LogQuery(text="café"),
    LogQuery(text="CAFÉ"),
    LogQuery(text=".", regex=True),
    LogQuery(text=r"\xff", regex=True),
]


@pytest.mark.parametrize("query", _QUERIES, ids=lambda query: query.text)
async def test_a_file_is_searched_alike_with_ripgrep_without_it_and_line_by_line(
    file: LogFile, log: Path, query: LogQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_it, used = await numbers_of(file, query)
    assert used == (query.text != r"\xff")
    monkeypatch.setenv("PATH", "")
    without, used = await numbers_of(file, query)
    assert not used
    assert with_it == without
    texts = [line.decode(errors="replace").removesuffix("\r") for line in await asyncio.to_thread(_lines_of, log)]
    flags = 0 if query.case else regex.IGNORECASE
    wanted = [query.text] if query.regex else [regex.escape(word) for word in query.text.split()]
    assert with_it == [number for number, text in enumerate(texts) if all(regex.search(each, text, flags) for each in wanted)]


def _lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def fake_ripgrep(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "bin" / "rg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    "script",
    ["kill -9 $$", "head -c 100000 >/dev/null; echo 1:0:x; kill -11 $$", "exit 2", "echo 12; exit 0"],
    ids=["killed", "crashed", "refuses", "cut off"],
)
async def test_a_ripgrep_that_fails_costs_time_but_no_hit(
    file: LogFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected, _ = await numbers_of(file, _QUERIES[0])
    if "12" in script:
        script = "printf '12:34'"
    fake_ripgrep(tmp_path, monkeypatch, script)
    numbers, used = await numbers_of(file, _QUERIES[0])
    assert (numbers, used) == (expected, False)
    assert "goes on without ripgrep" in caplog.text


async def test_a_search_that_is_given_up_leaves_no_process(
    file: LogFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_ripgrep(tmp_path, monkeypatch, "exec sleep 1000")
    selection = file.select(LogQuery(text="error"))
    await until(lambda: any(child.name() == "sleep" for child in children()))
    selection.close()
    await until(lambda: not any(child.name() == "sleep" for child in children()))
    other = file.select(LogQuery(text="error"))
    await until(lambda: any(child.name() == "sleep" for child in children()))
    await file.close()
    assert not any(child.name() == "sleep" for child in children())
    assert other.searched < 1


async def test_an_expression_that_takes_too_long_is_given_up_and_said(tmp_path: Path) -> None:
    path = tmp_path / "slow.log"
    path.write_text("a" * 60 + "b\n")
    async with AsyncExitStack() as stack:
        file = await open_log_file(path)
        stack.push_async_callback(file.close)
        selection = file.select(LogQuery(text=r"^(a|aa)+\b$", regex=True, case=True))
        await until(lambda: selection.error is not None)
        assert selection.error is not None
        assert "takes too long" in selection.error.message


def test_the_words_of_a_query_never_reach_ripgrep_as_an_expression() -> None:
    expressions = expressions_of(LogQuery(text='a.c "x (y" [z', case=True))
    assert expressions is not None
    for expression, word in zip(expressions, ["a.c", "x (y", "[z"], strict=True):
        inside = expression.pattern.removeprefix("(?-u:").removesuffix(")")
        assert re.sub(r"\\x([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), inside) == word
