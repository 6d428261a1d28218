"""Expressions that are looked for in log lines: one that takes too long is given up, and few are tried on a line.

Most expressions can match only where a certain piece of text stands. All those pieces together are one search; only where it finds
something are the expressions behind it tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import regex

from chainbot_desktop.core.errors import InvalidInput

MOST_TEXT = 16_384
"""Characters of a line that are looked at."""
NO_LEVEL = 1_000
"""Above the level of any line."""
_SECONDS = 0.02
_SLOW_TIMES = 3
_LEAST = 3
"""Letters of a piece below which it excludes hardly a line."""
_FLAGS = regex.compile(r"\(\?[A-Za-z0-9-]*[)]")
"""Flags in the middle of an expression: what comes after them may mean something else."""


class LinePattern:
    """One expression. InvalidInput (code "bad_pattern") where it is none."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.error = ""
        try:
            self._expression = regex.compile(text)
        except (regex.error, RecursionError, OverflowError) as error:
            raise InvalidInput(f"The expression {text[:100]!r} is not usable: {error}.", code="bad_pattern") from error
        self.groups: tuple[str, ...] = tuple(self._expression.groupindex)
        loose = self._expression.flags & (regex.IGNORECASE | regex.VERBOSE) or _FLAGS.search(text)
        self.piece = "" if loose else required_piece(text)
        """A text without which it matches nothing; "" where none is known."""
        self._slow = 0

    def search(self, text: str) -> dict[str, str] | None:
        """Its named groups where it matches, else None."""
        if self._slow >= _SLOW_TIMES:
            return None
        try:
            found = self._expression.search(text, timeout=_SECONDS)
        except TimeoutError:
            self._slow += 1
            if self._slow >= _SLOW_TIMES:
                self.error = (
                    f"it took more than {_SECONDS * 1000:.0f} ms on a line {_SLOW_TIMES} times, and is not looked for any more"
                )
            return None
        if found is None:
            return None
        return {name: value or "" for name, value in found.groupdict().items()}


def required_piece(pattern: str) -> str:
    """The longest run of plain letters that every match of `pattern` must hold, as far as a short look tells; "" for none."""
    best, run, place = "", "", 0
    while place < len(pattern):
        letter = pattern[place]
        step = 1
        if letter == "|":
            return ""
        if letter == "\\" and place + 1 < len(pattern) and not pattern[place + 1].isalnum():
            letter, step, plain = pattern[place + 1], 2, True
        else:
            plain = letter not in "\\.^$*+?{}[]()"
        if plain:
            run += letter
        else:
            if letter in "*?{":
                run = run[:-1]
            best, run = max(best, run, key=len), ""
            step = _past(pattern, place) - place
        place += step
    best = max(best, run, key=len)
    return best if len(best) >= _LEAST else ""


def _past(pattern: str, place: int) -> int:
    """Where what opens at `place` has closed: an escape, a class, a group, a count, or one sign."""
    letter = pattern[place]
    if letter == "\\":
        return _past_escape(pattern, place)
    if letter == "{":
        return pattern.find("}", place) + 1 or len(pattern)
    if letter == "[":
        return _past_class(pattern, place)
    if letter == "(":
        return _past_group(pattern, place)
    return place + 1


def _past_escape(pattern: str, place: int) -> int:
    """What belongs to it (\\x41, \\p{L}, \\g<name>) is not plain text."""
    end = place + 2
    while end < len(pattern) and pattern[end] in "{<":
        end = pattern.find("}" if pattern[end] == "{" else ">", end) + 1 or len(pattern)
    while end < len(pattern) and pattern[place + 1] in "xuUN0123456789" and pattern[end].isalnum():
        end += 1
    return end


def _past_group(pattern: str, place: int) -> int:
    depth, end = 0, place
    while end < len(pattern):
        sign = pattern[end]
        if sign == "\\":
            end += 2
            continue
        if sign == "[":
            end = _past_class(pattern, end)
            continue
        depth += (sign == "(") - (sign == ")")
        end += 1
        if depth == 0:
            break
    return end


def _past_class(pattern: str, place: int) -> int:
    end = place + 1
    if pattern[end : end + 1] == "^":
        end += 1
    if pattern[end : end + 1] == "]":
        end += 1
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return end + 1


T = TypeVar("T")


class PatternIndex(Generic[T]):
    """Which of many `items` are worth a try on a line: by the lowest level they take, and the piece that must stand in it."""

    def __init__(self, items: Iterable[tuple[LinePattern, int, T]]) -> None:
        self._always: list[tuple[int, T]] = []
        self._by_piece: dict[str, list[tuple[int, T]]] = {}
        self.least = NO_LEVEL
        """No line of a lower level is worth a try on any."""
        for pattern, level, item in items:
            self.least = min(self.least, level)
            if pattern.piece:
                self._by_piece.setdefault(pattern.piece, []).append((level, item))
            else:
                self._always.append((level, item))
        self._pieces = regex.compile(r"\L<pieces>", pieces=list(self._by_piece)) if self._by_piece else None

    def candidates(self, text: str, level: int) -> Sequence[T]:
        if level < self.least:
            return ()
        found = [item for least, item in self._always if level >= least]
        if self._pieces is not None and self._pieces.search(text) is not None:
            for piece, items in self._by_piece.items():
                if piece in text:
                    found.extend(item for least, item in items if level >= least)
        return found
