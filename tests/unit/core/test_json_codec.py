"""What strangers send is read within bounds; what is hashed has one form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.json_codec import Verbatim, canonical_json, parse_json, parse_object

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_canonical_form_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    def reversed_keys(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: reversed_keys(item[key]) for key in reversed(list(item))}
        return [reversed_keys(part) for part in item] if isinstance(item, list) else item

    try:
        canonical = canonical_json(value)
    except (TypeError, UnicodeEncodeError):
        return  # lone surrogates have no UTF-8 and so no canonical form
    assert canonical_json(reversed_keys(value)) == canonical
    assert json.loads(canonical) == value


def test_a_long_integer_keeps_its_digits() -> None:
    assert canonical_json(parse_json(b'{"b": 123456789012345678901234567890, "a": 1}')) == (
        b'{"a":1,"b":123456789012345678901234567890}'
    )


def test_verbatim_text_is_embedded_as_it_stands() -> None:
    assert canonical_json({"z": 1, "data": Verbatim('{"b":1.0}')}) == b'{"data":{"b":1.0},"z":1}'


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_64_levels_are_allowed_and_65_are_not() -> None:
    parse_json(nested(64))
    with pytest.raises(InvalidInput) as caught:
        parse_json(nested(65))
    assert caught.value.code == "too_deep"


@pytest.mark.parametrize("depth", [300, 5_000, 400_000])
def test_absurd_nesting_is_refused_as_nesting(depth: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(nested(depth))
    assert caught.value.code == "too_deep"


def test_many_shallow_brackets_are_not_depth() -> None:
    assert len(parse_json(b"[" + b",".join([b"{}"] * 1000) + b"]")) == 1000


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe{}", b"{'a':1}", b'{"a":NaN}', b'{"a":Infinity}', b'"\\ud800"', b"{} {}", b"\x00", b'{"a":1,}'],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_json(body)
    assert caught.value.code == "not_json"


@pytest.mark.parametrize(("body", "found"), [(b"[]", "an array"), (b"1", "a number"), (b"null", "null"), (b'"x"', "a string")])
def test_an_object_must_be_an_object(body: bytes, found: str) -> None:
    with pytest.raises(InvalidInput, match=found):
        parse_object(body)
