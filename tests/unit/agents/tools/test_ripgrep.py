"""Searching with ripgrep tells what searching without it tells: laws over trees and patterns, and the cases that once differed."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.agents.tools import file_searching
from chainbot_desktop.agents.tools.ripgrep import candidates, wider_expression
from chainbot_desktop.agents.tools.tool import ToolFailed
from tests.helpers.toolboxes import Bench, open_bench

_RG = shutil.which("rg")
pytestmark = pytest.mark.skipif(_RG is None, reason="ripgrep is not installed")

_NAMES = ("a.py", "b.txt", "-c.py", "d", ".hidden.py", ".git", "\udcff.py")
_FOLDERS = ("", "src", "a.d", "node_modules", "src/.venv", "src/deep")
_LINES = (
    *(b"import os", b"print(os.sep)", b"-- import", b"x" * 5000 + b"import", b"", b"\tif (a[0] == '$x'):", b"KEY=value"),
    *(
        "gr\u00f6\u00dfe".encode(),
        "gr\u00f6\u00dfe".encode("latin-1"),
        b"a\x00import",
        b"os\x0cimport",
        b"import\ros",
        b"\xff\xfe",
    ),
)
_PATTERNS = (
    *(
        "import",
        "^import",
        "import$",
        r"^\s*if\b",
        r"\(os\.",
        "-- ",
        "-e",
        "--files",
        "gr.+e",
        "gr\u00f6\u00dfe",
        r"\w+\(",
        "x{3}",
    ),
    *(
        r"[a-z]+ os",
        "(import|print)",
        r"(?i)IMPORT",
        r"(?<=import )os",
        r"\Aos",
        r"^$",
        r"[[a-z]--[aeiou]]s",
        "a++",
        "k.y=",
        "$x",
    ),
    *(r"\$x", "[^a]mport", ".", "^", "(?:os|sep)", "{", "a{,3}b", r"\x41", "&&", "[a&&b]", r"\/", "#", " "),
)
_BODIES = st.tuples(st.lists(st.sampled_from(_LINES), max_size=6), st.sampled_from((b"\n", b"\r\n"))).map(
    lambda made: made[1].join(made[0])
)
_TREES = st.dictionaries(st.tuples(st.sampled_from(_FOLDERS), st.sampled_from(_NAMES)), _BODIES, min_size=1, max_size=8)


def _grow(root: Path, tree: dict[tuple[str, str], bytes]) -> None:
    for (folder, name), body in tree.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        if not (root / folder / name).is_dir():
            (root / folder / name).write_bytes(body)


async def _search(bench: Bench, **arguments: object) -> str:
    try:
        return await bench.execute("search_files", **arguments)
    except ToolFailed as error:
        return f"failed: {error}"


async def _both_ways(bench: Bench, monkeypatch: pytest.MonkeyPatch, **arguments: object) -> str:
    """What both say."""
    quick = await _search(bench, **arguments)
    with monkeypatch.context() as without:
        without.setattr(file_searching, "_ask_ripgrep", lambda *_: None)
        assert quick == await _search(bench, **arguments), arguments
    return quick


@settings(max_examples=60, deadline=None)
@given(
    tree=_TREES,
    pattern=st.sampled_from(_PATTERNS),
    names=st.sampled_from(("*", "*.py", "[!a]*", "src/*.py", "!*.py", "{a,b}*", "d")),
    literal=st.booleans(),
    ignore_case=st.booleans(),
    limit=st.sampled_from((1, 3, 100)),
)
def test_the_same_hits_in_the_same_order(
    tree: dict[tuple[str, str], bytes], pattern: str, names: str, literal: bool, ignore_case: bool, limit: int
) -> None:
    async def compare() -> None:
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            async with open_bench(Path(folder), sandbox="off") as bench:
                _grow(bench.workspace, tree)
                await _both_ways(
                    bench, patch, pattern=pattern, files=names, literal=literal, ignore_case=ignore_case, limit=limit
                )

    asyncio.run(compare())


@given(
    line=st.text(st.characters(codec="ascii", exclude_characters="\r\n\v\f\x1c\x1d\x1e"), max_size=30),
    pattern=st.sampled_from(_PATTERNS),
)
@settings(max_examples=100, deadline=None)
def test_what_our_expression_meets_ripgreps_meets(line: str, pattern: str) -> None:
    wider = wider_expression(pattern, literal=False, ignore_case=False)
    try:
        ours = regex.search(pattern, line)
    except regex.error:
        return
    if wider is not None and ours is not None:
        done = subprocess.run([str(_RG), "--text", "-q", f"--regexp={wider}"], input=f"{line}\n".encode(), check=False)
        assert done.returncode == 0, (pattern, wider, line)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, sandbox="off") as opened:
        yield opened


async def test_usual_patterns_are_given_to_ripgrep(bench: Bench) -> None:
    for pattern in ("import", "^def main", r"\bclass \w+\(", "a|b", r"foo\.bar", "[A-Z]+_ID", "-x"):
        assert wider_expression(pattern, literal=False, ignore_case=False) is not None
    (bench.workspace / "a.py").write_text("-x\n")
    (bench.workspace / "b.py").write_text("y\n")
    assert candidates(str(_RG), bench.workspace, r"\x2Dx", "*", (), ignore_case=False, seconds=9) == [bench.workspace / "a.py"]


async def test_secrets_links_and_special_files_are_never_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.workspace / ".env").write_text("needle\n")
    (bench.workspace.parent / "outside").mkdir()
    (bench.workspace.parent / "outside" / "a.txt").write_text("needle\n")
    (bench.workspace / "way-out").symlink_to(bench.workspace.parent / "outside")
    (bench.workspace / "link.txt").symlink_to(bench.workspace.parent / "outside" / "a.txt")
    os.mkfifo(bench.workspace / "pipe")
    assert await _both_ways(bench, monkeypatch, pattern="needle") == "[nothing found]"


async def test_what_is_skipped_is_searched_when_it_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _grow(
        bench.workspace,
        {("node_modules/one", "a.js"): b"needle\n", ("", ".gitignore"): b"ignored.txt\n", ("", "ignored.txt"): b"needle"},
    )
    assert await _both_ways(bench, monkeypatch, pattern="needle") == "ignored.txt:1: needle"
    assert await _both_ways(bench, monkeypatch, pattern="needle", path="node_modules") == "node_modules/one/a.js:1: needle"
    assert await _both_ways(bench, monkeypatch, pattern="needle", path="ignored.txt", files="*.py") == "ignored.txt:1: needle"


async def test_old_encodings_and_long_files(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.workspace / "latin").write_bytes("gr\u00f6\u00dfe\n".encode("latin-1"))
    (bench.workspace / "wide").write_bytes("gr\u00f6\u00dfe\n".encode("utf-16"))
    (bench.workspace / "late-zero").write_bytes(b"x\n" * 40_000 + b"\0\nneedle\n")
    (bench.workspace / "long-line").write_bytes(b"x" * 1_000_000 + b"needle\n")
    (bench.workspace / "beyond").write_bytes(b"x\n" * 1_500_000 + b"needle\n")
    assert await _both_ways(bench, monkeypatch, pattern="gr.+e$") == "latin:1: gr\u00f6\u00dfe\nwide:1: gr\u00f6\u00dfe"
    told = await _both_ways(bench, monkeypatch, pattern="needle")
    assert [line.split(":")[0] for line in told.splitlines()] == ["late-zero", "long-line"]


async def test_a_ripgrep_that_hangs_is_given_up_and_the_rest_of_the_time_is_used(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "rg"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexec sleep 600\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=":")
    monkeypatch.setattr(file_searching, "_SECONDS", 1.0)
    (bench.workspace / "a.txt").write_text("needle\n")
    assert await bench.execute("search_files", pattern="needle") == "a.txt:1: needle"
