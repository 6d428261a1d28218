"""Whether a value is what the schema of a parameter says. Slow to import, and heavy: on a thread.

Schemas are strangers' text. What is about text and numbers is checked, without references (they are followed before) and with
patterns that are given up after half a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import regex
from jsonschema import Draft4Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.validators import extend

from chainbot_desktop.agents.kinds.api.documents import CHECKED, Value, written
from chainbot_desktop.core.errors import InvalidInput

_PATTERN_SECONDS = 0.5


def problem_with(value: Value, schema: Mapping[str, Any], dialect: str) -> str:
    """ "" where nothing is wrong. A request carries text: "7" is an integer where one is expected, and 7 a text."""
    kind = _MODERN if dialect.startswith(("3.1", "3.2")) else _FORMER
    checked = {name: part for name, part in schema.items() if name in CHECKED}
    try:
        kind.check_schema(checked)
        errors = [best_match(kind(checked).iter_errors(reading)) for reading in _readings(value)]
    except (SchemaError, RecursionError, regex.error, TimeoutError) as error:
        words = error.message if isinstance(error, SchemaError) else str(error) or type(error).__name__
        raise InvalidInput(f"The OpenAPI document says of a parameter what cannot be checked: {words[:200]}.") from None
    if any(error is None for error in errors):
        return ""
    # An error that is not about the type is closer to what was meant.
    found = [each for each in errors if each is not None]
    return _said(next((each for each in found if each.validator != "type"), found[0]))


def _readings(value: Value) -> list[Any]:
    """As which values the text of a request can be read."""
    if isinstance(value, list):
        return [
            value,
            *([read] if (read := [_read(part) for part in value]) != value else []),
            [written(part) for part in value],
        ]
    return [value, _read(value), written(value)]


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return read if isinstance(read, bool | int | float) and str(read).lower() not in ("nan", "inf", "-inf") else value


def _said(error: ValidationError) -> str:
    if error.validator == "enum" and isinstance(error.validator_value, list):
        choices = ", ".join(written(each) for each in error.validator_value[:20])
        return f"{json.dumps(error.instance, ensure_ascii=False)[:100]} is none of {choices}"
    return " ".join(error.message.split())[:300].removesuffix(".")


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not regex.search(pattern, instance, timeout=_PATTERN_SECONDS):
        yield ValidationError(f"{instance[:100]!r} does not match {pattern[:200]!r}")


_MODERN: Any = extend(Draft202012Validator, {"pattern": _pattern})
_FORMER: Any = extend(Draft4Validator, {"pattern": _pattern})
