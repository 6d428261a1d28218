"""File names as people read them and as JSON keeps them: on Linux a name is bytes, and not always UTF-8."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

_SCHEME = "file://"


def absolute(path: Path) -> Path:
    """`path` from the root, links and `..` left alone."""
    return path.absolute()


def readable(path: Path | str) -> str:
    """`path` for a screen, a log or an event: bytes that are no UTF-8 and control characters become U+FFFD."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def path_to_uri(path: Path) -> str:
    """An absolute path as a file URI, which keeps every byte of it."""
    return _SCHEME + quote_from_bytes(os.fsencode(path.absolute()))


def path_from_uri(uri: str) -> Path:
    """The path of `path_to_uri`; ValueError for any other text."""
    if not uri.startswith(_SCHEME + "/"):
        raise ValueError(f"{uri!r} is no file URI")
    return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix(_SCHEME))))
