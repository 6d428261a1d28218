"""The difference that a card shows is all of the difference, and comes while somebody still waits for it."""

from __future__ import annotations

import re
import time

from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.agents.tools.differences import unified

LINES = st.lists(st.sampled_from("abcde"), max_size=60)
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def patched(before: list[str], rows: list[str]) -> list[str]:
    """`before` with the rows of a difference carried out, as patch(1) does it."""
    after: list[str] = []
    place = 0
    for row in rows[2:]:
        if found := _HUNK.fullmatch(row):
            start, length = int(found[1]), int(found[2] or 1)
            begin = start - 1 if length else start
            after += before[place:begin]
            place = begin
            assert len(after) == int(found[3]) - (1 if int(found[4] or 1) else 0)
        elif row[0] == "+":
            after.append(row[1:])
        else:
            assert before[place] == row[1:]
            place += 1
            if row[0] == " ":
                after.append(row[1:])
    return after + before[place:]


@given(LINES, LINES, st.sampled_from((0, 100, 1_000_000)))
def test_who_carries_it_out_has_the_new_text(before: list[str], after: list[str], effort: int) -> None:
    rows = list(unified(before, after, "a/x", "b/x", effort=effort))
    assert patched(before, rows) == after
    assert (rows == []) == (before == after)


def test_it_shows_what_changed_and_a_little_around_it() -> None:
    before = [str(number) for number in range(1, 101)]
    after = [*before[:49], "new", *before[50:]]
    assert list(unified(before, after, "a/x", "b/x")) == [
        "--- a/x",
        "+++ b/x",
        "@@ -47,7 +47,7 @@",
        *(" 47", " 48", " 49", "-50", "+new", " 51", " 52", " 53"),
    ]


def test_lines_that_changed_places_do_not_take_minutes() -> None:
    before = [str(number) for number in range(40_000)]
    after = [line for pair in zip(before[1::2], before[::2], strict=True) for line in pair]
    began = time.perf_counter()
    rows = list(unified(before, after, "a/x", "b/x"))
    assert time.perf_counter() - began < 5
    assert patched(before, rows) == after
