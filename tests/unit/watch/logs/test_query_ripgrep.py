"""An expression over a block of the timeline: ripgrep says what the matcher says, whatever is in the lines and whatever befalls it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.logs import query_ripgrep
from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.query import TextMatcher
from chainbot_desktop.watch.logs.query_ripgrep import WORTH_A_PROCESS, RipgrepMatcher
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.timeline import LogTimeline
from tests.helpers.processes import until

pytestmark = pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")

LINES = st.lists(
    st.lists(
        st.sampled_from(["a", "K", "7", "error", " ", "\t", "\x00", "\x1b[1m", "é", "ſ", "K", "İ", "\u2028", "٣", "\r", "😀"]),
        max_size=8,
    ).map("".join),
    min_size=1,
    max_size=30,
)
EXPRESSIONS = st.sampled_from([
    "error", "^a", r"\d$", "a*", "^$", r"\bk", r"[^a]7", r"\w+\s", ".", r"x|7\t", "(?:a|error){2}", r"\S$", r"(\w)\1", r"(?=7)",
])  # fmt: skip


def matchers(query: LogQuery) -> tuple[TextMatcher, RipgrepMatcher]:
    matcher = TextMatcher(query)
    return matcher, RipgrepMatcher(query, matcher)


@settings(max_examples=120, deadline=None)
@given(LINES, EXPRESSIONS, st.booleans())
@example(["a\r", *["a"] * 9], "a$", False)
@example(["ſ", *["s"] * 9], "s", False)
def test_it_finds_what_the_matcher_finds(lines: list[str], expression: str, case: bool) -> None:
    matcher, ripgrep = matchers(LogQuery(text=expression, regex=True, case=case))
    block = "".join(f"{line}\n" for line in lines).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(query_ripgrep, "WORTH_A_PROCESS", 0)
        found = ripgrep.found(block, len(lines))
    odd = sum(not line.isascii() or "\r" in line for line in lines)
    if expression in {r"(\w)\1", r"(?=7)"} or odd > len(lines) // 4:
        assert found is None, "that is for the matcher"
    else:
        assert found is not None
        assert found.tolist() == matcher.found(block, len(lines))[0].tolist()


def test_few_lines_are_not_worth_a_process() -> None:
    _, ripgrep = matchers(LogQuery(text="a", regex=True))
    assert ripgrep.found(b"a\n" * (WORTH_A_PROCESS // 2 - 1), WORTH_A_PROCESS // 2 - 1) is None
    found = ripgrep.found(b"a\n" * WORTH_A_PROCESS, WORTH_A_PROCESS)
    assert found is not None
    assert found.all()


@pytest.mark.parametrize(
    "script", ["kill -9 $$", "cat >/dev/null; exit 2", "exit 2", ""], ids=["killed", "refuses", "does not read", "is none"]
)
async def test_a_ripgrep_that_fails_costs_time_but_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, script: str
) -> None:
    program = tmp_path / "rg"
    program.write_text(f"#!/bin/sh\n{script}\n" if script else "\x00 not a program")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    tasks = Tasks()
    timeline = LogTimeline(tasks)
    selection = timeline.select(LogQuery(text="[05]$", regex=True))
    timeline.add(LogRecord(1.0, 20, "program", "x", f"a line {n}") for n in range(20_000))
    await timeline.kept()
    await until(lambda: selection.searched == 1 and selection.count == 4_000, 60)
    assert selection.rows(0, 1)[0].text == "a line 0"
    assert caplog.text.count("goes on without ripgrep") == 1
    await timeline.close()
    await tasks.cancel_all()
