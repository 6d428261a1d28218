"""How a configuration is written in a chat line: a JSON object, or `key=value` words (`limits.wall_seconds=60`). Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.json_codec import parse_json

_KEY = re.compile(r"\s*([A-Za-z_][\w.-]*)=")
_WORD = re.compile(r"'([^']*)'|(\S+)")
_HINT = 'Write key=value, for example command=["make", "test"] restart=always, or one JSON object.'


def parse_config(text: str) -> dict[str, Any]:
    """A value is JSON where it is that, else a word (or what stands in single quotation marks) as it is."""
    text = text.strip()
    if text.startswith("{"):
        value = parse_json(text)
        if not isinstance(value, dict):  # pragma: no cover - what begins so and parses is an object
            raise InvalidInput("A configuration is a JSON object.", hint=_HINT)
        return value
    config: dict[str, Any] = {}
    position = 0
    while text[position:].strip():
        key = _KEY.match(text, position)
        if key is None:
            raise InvalidInput(f"{text[position:].split()[0]!r} is no key=value.", hint=_HINT, code="bad_argument")
        value, position = _value(text, key.end())
        _put(config, key[1], value)
    return config


def _value(text: str, position: int) -> tuple[Any, int]:
    try:
        value, end = json.JSONDecoder().raw_decode(text, position)
    except (ValueError, RecursionError):
        value, end = None, -1
    if end >= 0 and (end == len(text) or text[end].isspace()):
        return value, end
    if text[position : position + 1] in ("[", "{", '"'):
        raise InvalidInput(
            "A value begins like JSON and is none.", hint="Look at its quotation marks and brackets.", code="not_json"
        )
    word = _WORD.match(text, position)
    if word is None:
        return "", position
    return (word[1] if word[1] is not None else word[2]), word.end()


def _put(config: dict[str, Any], path: str, value: Any) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        config = config.setdefault(parent, {})
        if not isinstance(config, dict):
            raise InvalidInput(f"{path} and {parent} contradict each other.", hint=_HINT, code="bad_argument")
    if name in config:
        raise InvalidInput(f"{path} is given twice.", hint=_HINT, code="bad_argument")
    config[name] = value
