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
CLUES = (
    *("bearer", "basic", "digest", "key", "token", "secret", "passw", "ticket", "cookie", "session", "://"),
    *("sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "xox", "akia", "eyj"),
)
"""No pattern matches where none of these is. Looking for each is a hundred times quicker than one expression for all."""


class Redactor:
    """`add` and `redact` from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: tuple[str, ...] = ()
        """The longest first."""
        self._known: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """From now on these values are hidden wherever they occur."""
        with self._lock:
            known = {*self._secrets, *(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)}
            self._secrets = tuple(sorted(known, key=len, reverse=True))
            self._known = re.compile("|".join(map(re.escape, self._secrets))) if known else None

    def redact(self, text: str) -> str:
        known = self._known
        if known is not None and self.names_secret(text):
            text = known.sub(HIDDEN, text)
        if not _may_hold_secret(text):
            return text
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def names_secret(self, text: str) -> bool:
        """Whether a value that is known to be secret is in it."""
        return any(secret in text for secret in self._secrets)


def _may_hold_secret(text: str) -> bool:
    lower = text.lower()
    return any(clue in lower for clue in CLUES)
