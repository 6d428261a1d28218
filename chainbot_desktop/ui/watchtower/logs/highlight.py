"""Where in a line the searched words stand. Pure: no Qt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import thread_time

import regex

from chainbot_desktop.ui.watchtower.logs.filter_text import check_expression
from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.query import words_of

_SECONDS = 0.006
"""Of the processor that looking for hits may take in one frame: marking one is not worth a jerk."""
_TOO_SLOW = 0.05
"""Seconds after which an expression is not looked for any more: some would take years."""
_MOST = 200


class Highlight:
    """`begin_frame` before the rows of a frame are asked for."""

    def __init__(self, pattern: str, *, case: bool) -> None:
        self._expression = regex.compile(pattern, 0 if case else regex.IGNORECASE)
        self._left = _SECONDS
        self._given_up = False

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
        if self._left <= 0 or self._given_up:
            return ()
        begun = thread_time()
        found: list[tuple[int, int]] = []
        try:
            for hit in self._expression.finditer(text, timeout=_TOO_SLOW):
                if hit.end() > hit.start():
                    found.append(hit.span())
                if len(found) >= _MOST:
                    break
        except TimeoutError:
            self._given_up = True
        self._left -= thread_time() - begun
        return found
