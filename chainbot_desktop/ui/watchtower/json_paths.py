"""Ways through a JSON value that a stranger may have made: a level at a time, bounded, never by recursion. Pure: no Qt."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.json_codec import parse_json

Path = tuple[str | int, ...]

MOST_SEARCHED = 100_000
"""Values that one search looks at."""
MOST_FOUND = 1_000
LONGEST_RAW = 200_000
"""Characters that are shown of a text."""
_LONGEST_LINE = 4_000
_ON_LOOP = 64 * 1024
"""Bytes that are parsed at once."""
_SHOWN = 300
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_branch(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple)) and bool(value)


def children(value: Any, start: int, most: int) -> list[tuple[str | int, Any]]:
    """At most `most` of what is in it, from place `start`."""
    if isinstance(value, Mapping):
        keys = list(value)[start : start + most]
        return [(str(key), value[key]) for key in keys]
    return list(enumerate(value[start : start + most], start)) if isinstance(value, (list, tuple)) else []


def place_of(value: Any, key: str | int) -> int:
    """Where a child stands in it."""
    if isinstance(value, Mapping):
        return next((place for place, name in enumerate(value) if str(name) == key), 0)
    return key if isinstance(key, int) else 0


def value_at(value: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        value = (
            next((inner for name, inner in value.items() if str(name) == key), None)
            if isinstance(value, Mapping)
            else value[key]
        )
    return value


def path_text(path: Sequence[str | int]) -> str:
    """As one writes it: data.items[3].name, data["odd key"]."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f"[{json.dumps(key, ensure_ascii=False)}]"
    return text


def value_text(value: Any) -> str:
    """The whole value: a text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return str(type(value).__name__)


def shown_text(value: Any) -> str:
    """A value on one line. What would not be seen, or would turn the line around, is written as an escape."""
    if is_branch(value):
        return "1 entry" if len(value) == 1 else f"{len(value):,} entries"
    text = value if isinstance(value, str) else value_text(value)
    return visible(text[: _SHOWN + 1])[:_SHOWN] + ("…" if len(text) > _SHOWN else "")


def visible(text: str) -> str:
    """What a stranger wrote, on one line, without what would not be seen or would turn the line around."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\n\t\r" else f"\\u{ord(c):04x}" for c in text)


def find(value: Any, words: str) -> tuple[list[Path], bool]:
    """The paths whose key or plain value holds `words`, in any case, in their order; whether that is all of them."""
    wanted = words.casefold()
    found: list[Path] = []
    for looked, (path, inner) in enumerate(_walk(value)):
        if looked >= MOST_SEARCHED or len(found) >= MOST_FOUND:
            return found, False
        if path and (wanted in str(path[-1]).casefold() or (not is_branch(inner) and wanted in value_text(inner).casefold())):
            found.append(path)
    return found, True


def json_value(body: bytes) -> Any:
    """What a body says, None where it is no JSON. For large ones, not on the loop's thread."""
    try:
        return parse_json(body, max_depth=1000)
    except ChainBotError:
        return None


async def json_value_aside(body: bytes) -> Any:
    """As `json_value`; a large one is read in a thread."""
    return json_value(body) if len(body) <= _ON_LOOP else await asyncio.to_thread(json_value, body)


def pretty(body: bytes | str) -> str:
    """What is JSON on many lines, anything else as it is; bounded, and no line longer than a text view can take."""
    whole = body if isinstance(body, str) else body.decode("utf-8", errors="replace")
    text = _indented(whole) if len(whole) <= LONGEST_RAW * 4 else whole
    more = len(text) - LONGEST_RAW
    lines = (visible_line(line) for line in text[:LONGEST_RAW].split("\n"))
    return "\n".join(lines) + (f"\n… {more:,} more characters" if more > 0 else "")


def visible_line(line: str) -> str:
    line = "".join(c if c.isprintable() or c == "\t" else f"\\u{ord(c):04x}" for c in line.removesuffix("\r"))
    return "\n".join(line[start : start + _LONGEST_LINE] for start in range(0, max(1, len(line)), _LONGEST_LINE))


def _indented(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:  # whole numbers of more than 64 bits, half characters, or very deep
        pass
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except RecursionError:
        return text


def _walk(value: Any) -> Iterator[tuple[Path, Any]]:
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, inner = waiting.pop()
        yield path, inner
        if is_branch(inner):
            waiting += [((*path, key), child) for key, child in reversed(children(inner, 0, MOST_SEARCHED))]
