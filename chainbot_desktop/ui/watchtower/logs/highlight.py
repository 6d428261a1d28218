"""Where in a line the searched words stand. Pure: no Qt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import monotonic

import regex

from chainbot_desktop.ui.watchtower.logs.filter_text import check_expression
from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.query import words_of

_SECONDS = 0.006
"""What an expression may take in one frame: marking a hit is not worth a jerk."""
_MOST = 200


class Highlight:
    """`begin_frame` before the rows of a frame are asked for."""

    def __init__(self, pattern: str, *, case: bool) -> None:
        self._expression = regex.compile(pattern, 0 if case else regex.IGNORECASE)
        self._left = _SECONDS

    @classmethod
    def of(cls, query: LogQuery) -> Highlight | None:
        """Of the text of a query; None without any. InvalidInput for an expression that is none."""
        if query.regex:
            return cls(check_expression(query.text), case=query.case)
        words = sorted(words_of(query.text), key=len, reverse=True)
        return cls("|".join(map(re.escape, words)), case=query.case) if words else None

    def begin_frame(self) -> None:
        self._left = _SECONDS

    def find(self, text: str) -> Sequence[tuple[int, int]]:
        """(start, end) of what is to be marked; nothing when the frame's time for it is over."""
        if self._left <= 0:
            return ()
        begun = monotonic()
        found: list[tuple[int, int]] = []
        try:
            for hit in self._expression.finditer(text, timeout=self._left):
                if hit.end() > hit.start():
                    found.append(hit.span())
                if len(found) >= _MOST:
                    break
        except TimeoutError:
            found = []
        self._left -= monotonic() - begun
        return found
