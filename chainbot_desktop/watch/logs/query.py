"""Finding the text of a query in blocks of lines: what the timeline and a file share.

A block is bytes in which each line ends with a line feed (the last one may not). It is looked through as a whole, never line by line
in Python: by `bytes.find` for words, by the `regex` library for expressions, which lets other threads run meanwhile and gives up
in time where an expression would take years (`(a|aa)+$`). Use from any thread.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import AnyStr

import numpy as np
import regex
from numpy.typing import NDArray

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.watch.logs.document import LogQuery

Mask = NDArray[np.bool_]

SLOW_PATTERN = "slow_pattern"
_BLOCK_SECONDS = 1.0
"""What an expression may take for one block: of a megabyte, a simple one takes a few milliseconds."""
_TERM = re.compile(r'"([^"]+)"|(\S+)')
_SPACE = re.compile(r"\s")
_FEED = 10
_LINE_ALONE = re.compile(r"\(\?(?![:P])|\\[AZzGKXR]|[*+?}]\+|\(\*")
"""What makes an expression see over the end of its line (looking around, possessive repeats, anchors of the whole text)."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a filter that must all occur; what stands in double quotes is one."""
    return tuple(match[1] or match[2] for match in _TERM.finditer(text))


class TextMatcher:
    """`terms` is how many things are looked for: the words, or one expression; 0 where the query has no text.

    Letters are compared without case unless the query says so; in a word of ASCII letters, ASCII letters only.
    InvalidInput where the expression is none.
    """

    def __init__(self, query: LogQuery) -> None:
        self._pattern: regex.Pattern[str] | None = None
        self._alone = False
        self._ascii: tuple[bytes, ...] = ()
        self._wide: tuple[str, ...] = ()
        self._case = query.case
        if query.regex and query.text:
            self._pattern = _compiled(query.text, case=query.case)
            self._alone = _LINE_ALONE.search(query.text) is not None
        else:
            words = dict.fromkeys(word if query.case else word.lower() for word in words_of(query.text))
            self._ascii = tuple(word.encode() for word in words if word.isascii())
            self._wide = tuple(word for word in words if not word.isascii())

    @property
    def terms(self) -> int:
        return 1 if self._pattern is not None else len(self._ascii) + len(self._wide)

    def found(self, block: bytes, count: int) -> Mask:
        """Of each term, in which of the `count` lines of `block` it occurs: shape (terms, count).

        InvalidInput with the code `SLOW_PATTERN` where the expression takes too long.
        """
        found = np.zeros((self.terms, count), np.bool_)
        if self._pattern is not None:
            found[0, self._expression_lines(self._pattern, block)] = True
            return found
        if self._ascii:
            text = block if self._case else block.lower()
            for row, word in enumerate(self._ascii):
                found[row, _lines_with(text, word, b"\n")] = True
        if self._wide:
            wide = block.decode(errors="replace")
            wide = wide if self._case else wide.lower()
            for row, letters in enumerate(self._wide, len(self._ascii)):
                found[row, _lines_with(wide, letters, "\n")] = True
        return found

    def _expression_lines(self, pattern: regex.Pattern[str], block: bytes) -> list[int]:
        text = block.decode(errors="replace")
        end = time.monotonic() + _BLOCK_SECONDS
        try:
            return _lines_alone(pattern, text, end) if self._alone else _lines_matched(pattern, text, end)
        except TimeoutError:
            shown = pattern.pattern[:100]
            raise InvalidInput(f"/{shown}/ takes too long.", hint="Write it simpler.", code=SLOW_PATTERN) from None


def one_by_one(query: LogQuery) -> tuple[TextMatcher, ...]:
    """A matcher for each thing that is looked for, the longest word first: where that is not, the others need not be looked for."""
    if query.regex:
        return (TextMatcher(query),) if query.text else ()
    words = sorted(dict.fromkeys(words_of(query.text)), key=len, reverse=True)
    return tuple(TextMatcher(replace(query, text=f'"{word}"' if _SPACE.search(word) else word)) for word in words)


def only_lines(block: bytes, which: Mask) -> bytes:
    """Those lines of a block, in which each line ends with a line feed."""
    letters = np.frombuffer(block, np.uint8)
    lengths = np.diff(np.flatnonzero(letters == _FEED), prepend=-1)
    return letters[np.repeat(which, lengths)].tobytes()


def passing(found: Mask, starts: NDArray[np.intp]) -> Mask:
    """Which records have every term in one of their lines. `starts` are the indices of their first lines, the first of them 0."""
    passes = np.ones(len(starts), np.bool_)
    for term in found:
        passes &= np.logical_or.reduceat(term, starts) if len(starts) else passes
    return passes


def _compiled(text: str, *, case: bool) -> regex.Pattern[str]:
    try:
        return regex.compile(text, regex.MULTILINE | (0 if case else regex.IGNORECASE))
    except (regex.error, OverflowError, RecursionError, ValueError) as error:
        raise InvalidInput(f"/{text[:100]}/ is not a regular expression: {error}.", code="invalid_pattern") from None


def _lines_with(text: AnyStr, word: AnyStr, feed: AnyStr) -> list[int]:
    lines: list[int] = []
    line = begin = 0
    at = text.find(word)
    while at >= 0:
        line += text.count(feed, begin, at)
        lines.append(line)
        end = text.find(feed, at)
        if end < 0:
            break
        begin, line = end + 1, line + 1
        at = text.find(word, begin)
    return lines


def _lines_matched(pattern: regex.Pattern[str], text: str, deadline: float) -> list[int]:
    """A match that runs over the end of its line is none: that line is then asked alone."""
    lines: list[int] = []
    line = begin = 0
    while begin < len(text):
        match = pattern.search(text, begin, timeout=_left(deadline))
        if match is None:
            break
        at = match.start()
        if at == len(text) and text.endswith("\n"):
            break  # the nothing after the last line is no line
        line += text.count("\n", begin, at)
        first = text.rfind("\n", begin, at) + 1 or begin
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if match.end() <= end or pattern.search(text[first:end], timeout=_left(deadline)) is not None:
            lines.append(line)
        begin, line = end + 1, line + 1
    return lines


def _lines_alone(pattern: regex.Pattern[str], text: str, deadline: float) -> list[int]:
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [number for number, line in enumerate(lines) if pattern.search(line, timeout=_left(deadline)) is not None]


def _left(deadline: float) -> float:
    """Seconds; `regex` takes no time-out of zero or less."""
    return max(0.001, deadline - time.monotonic())
