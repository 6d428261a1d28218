"""How a path, a command or a text is put before a person and a model: exact, on one line where it must be, without tricks.

A character that prints nothing or turns the direction of reading is written as an escape: what a card shows is what happens.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

_KEPT = "\n\t"


def plain(text: str, kept: str = _KEPT) -> str:
    r"""`text` with every character that cannot be seen as an escape (`\x1b`, `\u202e`); `kept` ones stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in kept else _escape(c) for c in text)


def line(text: str, limit: int = 300) -> str:
    """One line of at most `limit` characters, as an event's label may be."""
    shown = plain(text, kept="")
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def path_text(path: Path | str) -> str:
    """A path for a sentence; bytes that are no UTF-8 become U+FFFD."""
    return plain(os.fsencode(path).decode("utf-8", "replace"), kept="")


def quoted(arguments: Sequence[str]) -> str:
    """An argument vector as a shell would have to be given it: one line, nothing invisible."""
    return " ".join(_quoted(argument) for argument in arguments)


def cut(text: str, limit: int) -> str:
    """Head and tail of a long text, with how much is missing between."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    tail = limit - head
    return f"{text[:head]}\n… {len(text) - limit} characters left out …\n{text[-tail:]}"


def _quoted(argument: str) -> str:
    if argument.isprintable():
        return shlex.quote(argument)
    body = argument.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(c if c.isprintable() else _escape(c) for c in body) + "'"


def _escape(character: str) -> str:
    code = ord(character)
    if character in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
