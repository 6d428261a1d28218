"""Headers that a configuration or a task may set: which names are free, and which values a header can carry."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_LONGEST = 8_000
MOST_HEADERS = 50

_OWN = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"),
        *("accept-encoding", "content-encoding", "proxy-connection", "proxy-authorization", "http2-settings"),
    }
)
"""Set by the program, or about the connection, which is the program's."""
_OTHER_METHOD = frozenset({"x-http-method-override", "x-http-method", "x-method-override"})
"""With these a GET becomes a DELETE behind the back of whoever approves what changes something."""
_KEYS = frozenset(
    {"authorization", "cookie", "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-csrf-token"}
)


def name_problem(name: str) -> str:
    """What is wrong with a header's name; "" where nothing is."""
    if not _NAME.fullmatch(name):
        return f"{name[:100]!r} is no name of a header"
    if name.lower() in _OWN:
        return f"the program sets {name} itself"
    if name.lower() in _OTHER_METHOD:
        return f"{name} would change the method after it was approved"
    return ""


def value_problem(value: str) -> str:
    """What is wrong with a header's value, without repeating it; "" where nothing is."""
    if len(value) > _LONGEST:
        return f"it has more than {_LONGEST:,} characters"
    if not _VALUE.fullmatch(value):
        return "it is empty, begins or ends with a space, or has characters other than printable ASCII"
    return ""


def is_key(name: str) -> bool:
    """Whether what stands in this header is secret as a rule."""
    return name.lower() in _KEYS


def doubled(names: Iterable[str]) -> str:
    """The first name that is there twice, whatever its case; "" where none is."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return ""
