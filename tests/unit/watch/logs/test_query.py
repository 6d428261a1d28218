"""The finding of words and expressions in blocks: exactly what looking at each line alone would find."""

from __future__ import annotations

import time

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.query import SLOW_PATTERN, TextMatcher, passing, words_of

LINES = st.lists(st.text(alphabet="abAB12 \täß\x1b[m\r\x00", max_size=12), min_size=1, max_size=12)
EXPRESSIONS = (
    "a", "a+b", "^a", "b$", "^$", r"\d+", r"a\s*b", r"a[^x]*b", "(a|b)+2", r"\bab\b", r"a(?=b)", r"a(?!\s)", r"(?<=\s)b", r"(?<!a)b",
    r"\Aa", r"b\Z", "a++b", "(?>a|ab)2", "(?s)a.b", r"\s", r"x*", r"[^a]", r"(?P<x>a)(?P=x)", r"\n", r"a.*b", "Ä",
)  # fmt: skip


def block_of(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@given(LINES, st.lists(st.sampled_from(["a", "ab", "AB", "1", "ä", "Ä", "12", "\x1b[", "ß"]), max_size=3), st.booleans())
def test_words_are_found_where_every_line_asked_alone_has_them(lines: list[str], words: list[str], case: bool) -> None:
    matcher = TextMatcher(LogQuery(text=" ".join(words), case=case))
    found = matcher.found(block_of(lines), len(lines))
    alone = [all((w in line) if case else (w.lower() in line.lower()) for w in words) for line in lines]
    assert found.all(axis=0).tolist() == alone


@given(LINES, st.sampled_from(EXPRESSIONS), st.booleans())
def test_an_expression_is_found_where_every_line_asked_alone_has_it(lines: list[str], text: str, case: bool) -> None:
    found = TextMatcher(LogQuery(text=text, regex=True, case=case)).found(block_of(lines), len(lines))
    pattern = regex.compile(text, regex.MULTILINE | (0 if case else regex.IGNORECASE))
    assert found[0].tolist() == [pattern.search(line) is not None for line in lines]


def test_a_record_passes_with_its_words_in_different_lines() -> None:
    matcher = TextMatcher(LogQuery(text="traceback keyerror"))
    block = b"Traceback (most recent call last):\n  File 1\nKeyError: 3\nTraceback\nValueError\n"
    assert passing(matcher.found(block, 5), np.array([0, 3])).tolist() == [True, False]


def test_no_text_passes_everything() -> None:
    matcher = TextMatcher(LogQuery(text="   "))
    assert matcher.terms == 0
    assert passing(matcher.found(b"a\nb\n", 2), np.array([0, 1])).tolist() == [True, True]


def test_quotes_make_one_of_several_words() -> None:
    assert words_of('a "b  c" d"e') == ("a", "b  c", 'd"e')


@pytest.mark.parametrize("text", ["(", "[a", "a{2,1}", "*", "(?P<a>x)(?P<a", "\\"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a regular expression"):
        TextMatcher(LogQuery(text=text, regex=True))


def test_an_expression_that_would_take_years_is_given_up() -> None:
    matcher = TextMatcher(LogQuery(text="(a|aa)+$", regex=True))
    started = time.monotonic()
    with pytest.raises(InvalidInput) as refused:
        matcher.found(b"a" * 2000 + b"!\n", 1)
    assert refused.value.code == SLOW_PATTERN
    assert time.monotonic() - started < 20


def test_what_is_no_utf_8_is_searched_all_the_same() -> None:
    block = b"\xff\xfe caf\xc3\xa9\n\xe4 \x00 end\n"
    assert TextMatcher(LogQuery(text="CAFÉ")).found(block, 2).tolist() == [[True, False]]
    assert TextMatcher(LogQuery(text="\x00 end")).found(block, 2).all(axis=0).tolist() == [False, True]
    assert TextMatcher(LogQuery(text="end$", regex=True)).found(block, 2).tolist() == [[False, True]]


def test_a_block_may_lack_its_last_line_feed() -> None:
    assert TextMatcher(LogQuery(text="b")).found(b"a\nab", 2).tolist() == [[False, True]]
    assert TextMatcher(LogQuery(text="b$", regex=True)).found(b"a\nab", 2).tolist() == [[False, True]]
