"""Where the viewport gets its rows: a selection, or for a while all lines around a hit, or those that were folded into one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from chainbot_desktop.watch.logs.document import LogDocument, LogRow, LogSelection

_TAIL = 2_000
"""Lines of the end that are shown before a document is indexed."""
_CUT = re.compile(r" … \([0-9,]+ more bytes\)$")
"""How a document says that a row is the beginning of a longer line."""
_LOOKED_AT = 200
"""Rows before one without a time in which one is looked for."""


class Rows(Protocol):
    """Rows by place from the top, in the order of their lines' numbers. A `LogSelection` is one."""

    @property
    def count(self) -> int: ...

    def rows(self, first: int, count: int) -> Sequence[LogRow]: ...

    def place_of(self, number: int) -> int: ...


class AllLines:
    """Every line of a document, whatever passes."""

    def __init__(self, document: LogDocument) -> None:
        self._document = document

    @property
    def count(self) -> int:
        return self._document.end - self._document.first

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        start = self._document.first + max(0, first)
        return self._document.lines(start, min(self._document.end, start + count))

    def place_of(self, number: int) -> int:
        return min(max(0, number - self._document.first), self.count)


class Stretch:
    """The rows of a selection from the line `first` to before the line `end`."""

    def __init__(self, selection: LogSelection, first: int, end: int) -> None:
        self._selection = selection
        self._first, self._end = first, end

    @property
    def count(self) -> int:
        return self._selection.place_of(self._end) - self._selection.place_of(self._first)

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        begin = self._selection.place_of(self._first)
        return self._selection.rows(begin + first, min(count, self.count - first)) if first < self.count else ()

    def place_of(self, number: int) -> int:
        begin = self._selection.place_of(self._first)
        return min(max(0, self._selection.place_of(number) - begin), self.count)


@runtime_checkable
class EarlyEnd(Protocol):
    """A document whose last lines can be shown before it is indexed: numbered from the end, the last one is -1."""

    def tail(self, count: int) -> Sequence[LogRow]: ...


@runtime_checkable
class LongLines(Protocol):
    """A document whose rows hold the beginning of a very long line."""

    async def text(self, number: int) -> str:
        """All of the line. ChainBotError where it is no longer there."""
        ...


class Tail:
    """The last lines of a document that is not indexed yet."""

    def __init__(self, document: EarlyEnd) -> None:
        self._rows = document.tail(_TAIL)

    @property
    def count(self) -> int:
        return len(self._rows)

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        return self._rows[max(0, first) : max(0, first) + count]

    def place_of(self, number: int) -> int:
        return min(max(0, number + len(self._rows)), len(self._rows))


async def whole_line(document: LogDocument, row: LogRow) -> LogRow:
    """The row with all of its text."""
    if isinstance(document, LongLines) and _CUT.search(row.text[-40:]):
        return replace(row, text=await document.text(row.number))
    return row


def record_around(document: LogDocument, number: int, most: int = 2_000) -> Sequence[LogRow]:
    """All lines of the record that the line belongs to, of at most `most` before it and after it."""
    lines = document.lines(max(document.first, number - most), min(document.end, number + most))
    at = next((index for index, row in enumerate(lines) if row.number >= number), None)
    if at is None:
        return ()
    first = at
    while first > 0 and lines[first].continues:
        first -= 1
    end = at + 1
    while end < len(lines) and lines[end].continues:
        end += 1
    return lines[first:end]


def place_at_time(rows: Rows, seconds: float) -> int:
    """The place of the first row of that time or later; `count` where all are earlier. Rows without a time are as those before them."""
    low, high = 0, rows.count
    while low < high:
        middle = (low + high) // 2
        moment = _time_at(rows, middle)
        if moment is not None and moment >= seconds:
            high = middle
        else:
            low = middle + 1
    return low


def _time_at(rows: Rows, place: int) -> float | None:
    row = next(iter(rows.rows(place, 1)), None)
    if row is None or row.time is not None:
        return row.time if row is not None else None
    first = max(0, place - _LOOKED_AT)
    before = [row.time for row in rows.rows(first, place - first) if row.time is not None]
    return before[-1] if before else None
