"""Whatever JSON a stranger sent: it is walked, searched and shown, within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.ui.watchtower.json_paths import (
    LONGEST_RAW,
    MOST_FOUND,
    children,
    find,
    json_value,
    path_text,
    place_of,
    pretty,
    shown_text,
    value_at,
    visible,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(value=VALUES, words=st.text(min_size=1, max_size=3))
def test_each_find_is_there_and_reached_by_its_path(value: Any, words: str) -> None:
    found, complete = find(value, words)
    assert complete
    for path in found:
        inner = value
        for key in path:
            assert children(inner, place_of(inner, key), 1)[0][0] == key
            inner = value_at(inner, (key,))
        assert value_at(value, path) == inner
        held = words.casefold() in str(path[-1]).casefold()
        assert (
            held or words.casefold() in (inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)).casefold()
        )
        assert path_text(path)


@given(body=st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_shown_in_letters_that_can_be_seen(body: bytes) -> None:
    shown = pretty(body)
    assert all(character.isprintable() or character in "\n\t" for character in shown)
    json_value(body)


@given(text=st.text(max_size=100))
def test_a_line_stays_a_line(text: str) -> None:
    assert visible(text).isprintable()
    assert "\n" not in shown_text(text)


def test_paths_as_one_writes_them() -> None:
    assert path_text(("data", "items", 3, "name")) == "data.items[3].name"
    assert path_text(("odd key", 'a"b')) == '["odd key"]["a\\"b"]'


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000])
def test_what_is_nested_without_end_is_shown_as_it_is(body: bytes) -> None:
    assert json_value(body) is None
    assert pretty(body).replace("\n", "").startswith(body[:100].decode())


def test_a_value_as_deep_as_the_journal_takes() -> None:
    text = '{"a":' * 190 + '"end"' + "}" * 190
    value = json_value(text.encode())
    assert value is not None
    (path,), complete = find(value, "end")
    assert len(path) == 190
    assert complete
    assert pretty(text)


def test_a_huge_body_is_cut_and_its_search_ends() -> None:
    body = json.dumps([{"n": number} for number in range(200_000)]).encode()
    shown = pretty(body)
    assert len(shown) < LONGEST_RAW * 1.1
    assert "more characters" in shown
    found, complete = find(json_value(body), "n")
    assert len(found) == MOST_FOUND
    assert not complete


def test_a_line_of_a_megabyte_is_broken_for_the_eye() -> None:
    assert max(len(line) for line in pretty(b'"' + b"x" * 150_000 + b'"').split("\n")) <= 4_000


def test_big_numbers_keep_every_digit() -> None:
    assert "123456789012345678901234567890" in pretty(b'{"n": 123456789012345678901234567890}')
