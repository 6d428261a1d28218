"""The fields of a record that is written as JSON, or that ends in JSON. Pure: no Qt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

_LONGEST = 100_000
_MOST_FIELDS = 200


def fields_of(text: str) -> Sequence[tuple[str, str]]:
    """(name, value) of each field, those of objects inside by their path; nothing where there is no object."""
    start = text.find("{")
    if start < 0 or len(text) > _LONGEST or not text.rstrip().endswith("}"):
        return ()
    try:
        content = json.loads(text[start:])
    except (ValueError, RecursionError):
        return ()
    found: list[tuple[str, str]] = []
    if isinstance(content, Mapping):
        _add(found, "", content)
    return found


def _add(found: list[tuple[str, str]], path: str, content: Mapping[str, object]) -> None:
    for key, value in content.items():
        if len(found) >= _MOST_FIELDS:
            return
        name = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and value:
            _add(found, name, value)
        else:
            found.append((name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
