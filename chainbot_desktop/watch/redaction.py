"""Keeps secrets out of what is kept, shown and sent: by their form, and by their value where the program knows it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

HIDDEN = "[redacted]"
_SHORTEST_SECRET = 6
"""A known value shorter than this would blank out ordinary words."""

_NAME = r"(?:api[_-]?key|access[_-]?key|token|secret(?:[_-]?key)?|password|passwd|ticket|cookie|session)"
_PATTERNS = (
    # Authorization: Bearer abc, "authorization": "Basic abc"
    (re.compile(r"(?i)\b(bearer|basic|digest)(\s+)([A-Za-z0-9._~+/=-]{8,})"), r"\1\2" + HIDDEN),
    # api_key=abc, "password": "abc", ?token=abc
    (
        re.compile(rf"(?i)\b([\w-]*{_NAME})(\"?'?\s*[=:]\s*)(?!\[redacted\])(\"[^\"]*\"|'[^']*'|[^\s,;&\"'}}\])]+)"),
        r"\1\2" + HIDDEN,
    ),
    # https://user:password@host
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@]+:)[^\s@/]+(@)"), rf"\g<1>{HIDDEN}\g<2>"),
    # keys and tokens with a form of their own: sk-…, ghp_…, xoxb-…, AKIA…, JSON web tokens
    (
        re.compile(
            r"\b(?:sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}"
            r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"
        ),
        HIDDEN,
    ),
)
_MAYBE = re.compile(r"(?i)bearer|basic|digest|key|token|secret|passw|ticket|cookie|session|://|sk-|gh[pousr]_|xox|AKIA|eyJ")


class Redactor:
    """`add` and `redact` from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: frozenset[str] = frozenset()
        self._known: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """From now on these values are hidden wherever they occur."""
        with self._lock:
            self._secrets |= {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
            longest_first = sorted(self._secrets, key=len, reverse=True)
            self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def redact(self, text: str) -> str:
        known = self._known
        if known is not None:
            text = known.sub(HIDDEN, text)
        if _MAYBE.search(text) is None:
            return text
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text
