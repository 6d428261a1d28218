"""Finding and replacing, as positions of bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.code_agent.folding import BASE, BLANK, HEAD, fold_levels
from chainbot_desktop.ui.code_agent.indentation import Indentation, indentation_of
from chainbot_desktop.ui.code_agent.languages import language_of
from chainbot_desktop.ui.code_agent.search import Query, find_all, next_span, previous_span, replacements

TEXT = "Task tasks ünd task😀task\n".encode()


def found(query: Query, text: bytes = TEXT) -> list[str]:
    return [text[first:last].decode() for first, last in find_all(query, text)]


def test_case_words_and_expressions() -> None:
    assert found(Query("task")) == ["Task", "task", "task", "task"]
    assert found(Query("task", match_case=True)) == ["task"] * 3
    assert found(Query("task", whole_word=True)) == ["Task", "task", "task"]
    assert found(Query(r"t\w+ks", regex=True)) == ["tasks"]
    assert found(Query("a.k")) == []
    assert found(Query("ÜND")) == ["ünd"]
    assert found(Query("")) == []
    assert found(Query("x*", regex=True)) == []
    assert found(Query("^b$", regex=True), b"a\nb\nc") == ["b"]


def test_a_bad_expression_is_a_sentence() -> None:
    with pytest.raises(InvalidInput, match="no regular expression"):
        find_all(Query("(", regex=True), TEXT)
    with pytest.raises(InvalidInput, match="not there"):
        replacements(Query("(t)", regex=True), TEXT, r"\2")


@given(st.text(max_size=60), st.text(min_size=1, max_size=3))
def test_spans_are_what_was_searched_for(text: str, wanted: str) -> None:
    utf8 = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode()
    for first, last in find_all(Query(wanted, match_case=True), utf8):
        assert utf8[first:last].decode() == wanted


@given(st.text(alphabet="ab😀ü\n", max_size=60))
def test_replacing_everything_is_what_python_does(text: str) -> None:
    utf8 = text.encode()
    for first, last, new in reversed(replacements(Query("a", match_case=True), utf8, "😀x")):
        utf8 = utf8[:first] + new + utf8[last:]
    assert utf8.decode() == text.replace("a", "😀x")


def test_groups_go_into_the_replacement_only_in_expressions() -> None:
    assert replacements(Query(r"(\w)=(\w)", regex=True), b"a=b", r"\2=\1") == [(0, 3, b"b=a")]
    assert replacements(Query("a"), b"a", r"\1") == [(0, 1, rb"\1")]


def test_next_and_previous_go_round() -> None:
    spans = [(0, 2), (5, 7)]
    assert next_span(spans, 1) == (5, 7)
    assert next_span(spans, 6) == (0, 2)
    assert previous_span(spans, 5) == (0, 2)
    assert previous_span(spans, 0) == (5, 7)
    assert next_span([], 0) is None
    assert previous_span([], 0) is None


@pytest.mark.parametrize(
    ("name", "beginning", "label"),
    [
        ("a.py", b"", "Python"),
        ("A.PY", b"", "Python"),
        ("Dockerfile", b"", "Dockerfile"),
        ("Dockerfile.dev", b"", "Dockerfile"),
        ("CMakeLists.txt", b"", "CMake"),
        ("script", b"#!/usr/bin/env python3\n", "Python"),
        ("script", b"#!/bin/bash\n", "Shell"),
        ("script", b"#!/usr/bin/env -S uv run\n", "Python"),
        ("app.tsx", b"", "TypeScript"),
        ("notes", b"hello", "Plain text"),
    ],
)
def test_languages(name: str, beginning: bytes, label: str) -> None:
    assert language_of(name, beginning).label == label


def test_indentation_is_taken_from_the_text() -> None:
    usual = Indentation(tabs=False, width=4)
    assert indentation_of(b"a:\n  b:\n    c\n  d\n", usual) == Indentation(tabs=False, width=2)
    assert indentation_of(b"a\n\tb\n\t\tc\n", usual).tabs
    assert indentation_of(b"flat\ntext\n", usual) == usual


def test_folds_follow_the_indentation() -> None:
    levels = fold_levels([b"a:", b"  b:", b"", b"    c", b"d"], 4)
    assert levels == [BASE + HEAD, BASE + 2 + HEAD, BASE + 4 + BLANK, BASE + 4, BASE]


def test_an_expression_without_end_is_given_up() -> None:
    with pytest.raises(InvalidInput, match="takes too long"):
        find_all(Query("(a|aa)+$", regex=True), b"a" * 100 + b"!")
