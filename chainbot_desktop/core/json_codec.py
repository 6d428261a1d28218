"""JSON in and out of the house: bounded parsing for what strangers send, one canonical form for what is hashed.

Canonical form: UTF-8, keys sorted by code point, no white space, no NaN or infinity, numbers as orjson writes them. Text that was
canonical once is embedded verbatim in later documents (`Verbatim`), so a hash never depends on parsing it again.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
from pydantic_core import from_json

from chainbot_desktop.core.errors import InvalidInput

MAX_DEPTH = 64
JsonObject = dict[str, Any]

Verbatim = orjson.Fragment
"""JSON text (str or bytes) that `canonical_json` embeds as it stands."""


def parse_json(body: bytes | str, *, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a JSON document; InvalidInput where it is none, or is nested deeper than `max_depth`.

    Integers keep every digit, lone surrogates and NaN are refused, and of a repeated key the last value counts.
    """
    brackets = body.count(b"[") + body.count(b"{") if isinstance(body, bytes) else body.count("[") + body.count("{")
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        if "recursion limit" in str(error):
            raise _too_deep(max_depth) from None
        raise InvalidInput(f"The body is not JSON: {error}.", code="not_json") from None
    if brackets > max_depth and _depth_exceeds(value, max_depth):
        raise _too_deep(max_depth)
    return value


def parse_object(body: bytes | str) -> JsonObject:
    """As `parse_json`, for a document that must be an object."""
    value = parse_json(body)
    if not isinstance(value, dict):
        found = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")
        raise InvalidInput(f"The body must be a JSON object, not {found}.", code="not_an_object")
    return value


def canonical_json(value: Any) -> bytes:
    """The canonical form of a JSON value; ValueError or TypeError where it has none."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # orjson stops at 64 bits; a long integer that somebody sent is kept all the same.
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for container in level
            if isinstance(container, (dict, list))
            for child in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return False
    return any(isinstance(item, (dict, list)) for item in level)


def _too_deep(limit: int) -> InvalidInput:
    return InvalidInput(f"The body is nested deeper than {limit} levels.", code="too_deep")
