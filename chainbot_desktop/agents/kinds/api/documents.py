"""What is common to the parts of an OpenAPI document: references, schemas of parameters, and values as requests carry them.

Documents come from strangers: references are followed within the document and only so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Scalar = str | int | float | bool
Value = Scalar | list[Scalar]

CHECKED = frozenset(
    {
        *("type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *(
            "minLength",
            "maxLength",
            "pattern",
            "items",
            "minItems",
            "maxItems",
            "uniqueItems",
            "anyOf",
            "oneOf",
            "allOf",
            "not",
        ),
    }
)
_TOLD = frozenset({"default", "example", "examples", "format"})
_MOST_PARTS = 500


def resolved(document: Mapping[str, Any], described: Any) -> Mapping[str, Any]:
    """References within the document followed, a few in a row; {} for what is nowhere."""
    for _ in range(10):
        reference = described.get("$ref") if isinstance(described, dict) else None
        if not isinstance(reference, str):
            return described if isinstance(described, dict) else {}
        described = document if reference.startswith("#/") else None
        for part in reference.removeprefix("#/").split("/"):
            described = described.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(described, dict) else None
    return {}


def expanded(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """What of `schema` is checked or told, with what it refers to in its place."""
    left = [_MOST_PARTS]

    def expand(part: Any, depth: int) -> Any:
        left[0] -= 1
        if left[0] < 0 or depth > 20:  # it refers to itself, or is no schema of a parameter
            return {}
        part = resolved(document, part)
        found = {name: value for name, value in part.items() if name in CHECKED or name in _TOLD}
        for name in found.keys() & {"anyOf", "oneOf", "allOf"}:
            if isinstance(found[name], list):
                found[name] = [expand(each, depth + 1) for each in found[name]]
        for name in found.keys() & {"items", "not"}:
            if isinstance(found[name], dict):
                found[name] = expand(found[name], depth + 1)
        return found

    expansion: dict[str, Any] = expand(schema, 0)
    return expansion


def written(value: object) -> str:
    """As an address has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
