"""Expressions over lines: what is left out by their piece of text would not have matched."""

from __future__ import annotations

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.watch.alerts.patterns import LinePattern, PatternIndex, required_piece

_PIECES = st.sampled_from(
    [
        "abc",
        "def",
        "x",
        "a*",
        "bc?",
        "c+",
        "d{0,2}",
        ".",
        r"\.",
        r"\d",
        "[ab]",
        "[^]]",
        "(ab|cd)",
        "(?:e)?",
        "^",
        "$",
        r"\x41",
        "|",
        " ",
    ]
)
_LINES = st.text(alphabet="abcdefx.A1 ]", max_size=24)


@settings(max_examples=500, deadline=None)
@given(parts=st.lists(_PIECES, min_size=1, max_size=7), lines=st.lists(_LINES, max_size=8))
def test_the_piece_excludes_no_line_that_matches(parts: list[str], lines: list[str]) -> None:
    text = "".join(parts)
    try:
        expression = regex.compile(text)
    except regex.error:
        return
    piece = LinePattern(text).piece
    index = PatternIndex([(LinePattern(text), 0, "it")])
    for line in lines:
        if expression.search(line):
            assert piece in line
            assert index.candidates(line, 0) == ["it"]


def test_pieces_are_the_longest_plain_text() -> None:
    assert required_piece(r"^task (?P<task>.+) failed$") == " failed"
    assert required_piece(r"a wrong token came from \S+") == "a wrong token came from "
    assert required_piece("error|warning") == ""
    assert LinePattern("(?i)error").piece == ""
    assert LinePattern("(?x) e r r").piece == ""
    assert required_piece(r"colou?r: \d+") == "colo"


def test_an_expression_without_end_is_given_up_and_says_so() -> None:
    pattern = LinePattern(r"(a|a|b)*c(a|a|b)*d(?:x+x+)+y")
    slow = LinePattern(r"^(\w+\s?)*\(\d+\)$|(x+x+)+y")
    line = "x" * 40 + " " + "w" * 4000
    for _ in range(5):
        slow.search(line)
        pattern.search(line)
    assert "not looked for any more" in slow.error
