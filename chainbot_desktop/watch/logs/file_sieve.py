"""Which lines of a window of a file pass a query. The answer depends on the window and a block on each side of it alone.

So windows can be looked at in any order, and again when the file has grown. A record that is longer than a block (64 KiB) beyond the
window is cut there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.document import Fold, LogQuery
from chainbot_desktop.watch.logs.file_content import Content, Window
from chainbot_desktop.watch.logs.file_expression import Expression, expressions_of
from chainbot_desktop.watch.logs.file_folding import Records
from chainbot_desktop.watch.logs.file_hits import Numbers
from chainbot_desktop.watch.logs.file_index import LineIndex
from chainbot_desktop.watch.logs.file_ripgrep import Matches
from chainbot_desktop.watch.logs.file_span import Span, Where
from chainbot_desktop.watch.logs.folding import record_keys
from chainbot_desktop.watch.logs.parsing import LineFormat
from chainbot_desktop.watch.logs.query import Mask, TextMatcher, passing

_FEW = 64
"""So few lines of a window are looked at one by one."""
_LINE_AND_NEXT = 4096
_NEXT = 800
"""What of the next line is wanted to see whether it begins a record."""


@dataclass(frozen=True, slots=True)
class Passed:
    """`lines` are those of the records that pass; `hits` those among them in which the text is, or the first ones of records."""

    lines: Numbers
    hits: Numbers
    records: Records | None = None
    """Where they are to be folded."""


NOTHING_PASSED = Passed(np.zeros(0, np.int64), np.zeros(0, np.int64))


class Sieve:
    """A query for a format. InvalidInput for an expression that is none. Use in one thread.

    `expressions` is what ripgrep can look for: one per term, and last one for levels where the format has an expression for them;
    None where it can look for nothing.
    """

    def __init__(self, query: LogQuery, format_: LineFormat, fold: Fold = "none") -> None:
        self.query = query
        self.fold: Fold = fold
        self._format = format_
        self._matcher = TextMatcher(query)
        self._levels = query.levels
        self._span = Span(query)
        self.expressions = self._expressions()

    @property
    def terms(self) -> int:
        return self._matcher.terms

    def whole(self, content: Content, first: int, end: int) -> bool:
        """Whether every line of these blocks passes, so that nothing of it must be read."""
        if self.fold != "none" or self.terms or self._levels:
            return False
        return self._where(content, first, end) is Where.INSIDE

    def none(self, content: Content, first: int, end: int) -> bool:
        """Whether it is clear that no line of these blocks passes."""
        query = self.query
        if (query.sources and "file" not in query.sources) or (query.names and content.name not in query.names):
            return True
        return self._where(content, first, end) is Where.OUTSIDE

    def _where(self, content: Content, first: int, end: int) -> Where:
        return self._span.where(content.samples, *_with_neighbours(content.index, first, end))

    def _expressions(self) -> tuple[Expression, ...] | None:
        words = expressions_of(self.query)
        if words is None:
            return None
        if not self.terms and self._levels and 0 not in self._levels:
            levels = self._format.level_expression(self._levels)
            return (Expression(f"(?-u){levels}", exact=True, wide=True),) if levels is not None else None
        return words or None

    def look(self, content: Content, first: int, end: int, found: Sequence[Matches] | None) -> Passed:
        """At the lines of the blocks `first` to `end`. `found` is what ripgrep found, for each expression.

        InvalidInput (an expression that takes too long), FileChanged, OSError.
        """
        index = content.index
        own_first, own_end = index.owned(first, end)
        if own_first >= own_end:
            return NOTHING_PASSED
        begin, stop = _with_neighbours(index, first, end)
        timely = self._span.where(content.samples, begin, stop) is Where.INSIDE
        here: Sequence[Matches] | None = None
        if found is not None and self._certain(content, first, end):
            here = [matches.between(begin, stop) for matches in found]
            alone = self._alone(content, here, timely=timely) if self.fold == "none" else None
            if alone is not None:
                alone = alone[(alone >= own_first) & (alone < own_end)]
                return Passed(alone, alone)
        window = content.window(begin, stop)
        mask = self._mask(window, here)
        heads, passes = self._records(window, mask, timely=timely)
        lengths = np.diff(heads, append=len(window.starts))
        lines = np.repeat(passes, lengths)
        if self.terms:
            hits = mask.any(axis=0) & lines
        else:
            hits = np.zeros(len(lines), np.bool_)
            hits[heads[passes]] = True
        own = slice(own_first - begin, own_end - begin)
        records = self._folding(window, heads, lengths, passes, own) if self.fold != "none" else None
        return Passed(np.flatnonzero(lines[own]) + own_first, np.flatnonzero(hits[own]) + own_first, records)

    def _certain(self, content: Content, first: int, end: int) -> bool:
        """Whether what ripgrep found here is what the matcher would."""
        exact = all(expression.exact for expression in self.expressions or ())
        return exact or content.index.plain(max(0, first - 1), end + 1)

    def _alone(self, content: Content, found: Sequence[Matches], *, timely: bool) -> Numbers | None:
        """The lines that pass, where they are few and each of them a record; else None. OSError."""
        rarest = min(found, key=lambda matches: len(matches.numbers))
        if len(rarest.numbers) > _FEW or content.layout.codec != "utf-8":
            return None
        others = [matches.numbers for matches in found if matches is not rarest]
        passed: list[int] = []
        for number, offset in zip(rarest.numbers.tolist(), rarest.offsets.tolist(), strict=True):
            line, following = _line_and_next(content.source.read(offset, _LINE_AND_NEXT))
            if line is None or not (number == 0 or self._format.begins(line)):
                return None
            if following is not None and not self._format.begins(following):
                return None
            if all(_holds(numbers, number) for numbers in others) and self._suits(line, timely=timely):
                passed.append(number)
        return np.array(passed, np.int64)

    def _mask(self, window: Window, found: Sequence[Matches] | None) -> Mask:
        """Of each expression or term, in which lines it is."""
        count = len(window.starts)
        if found is None:
            return self._matcher.found(window.block, count)
        mask = np.zeros((len(found), count), np.bool_)
        for row, matches in enumerate(found):
            mask[row, matches.numbers - window.first] = True
        return mask

    def _records(self, window: Window, mask: Mask, *, timely: bool) -> tuple[NDArray[np.intp], Mask]:
        """Where records begin, and which of them pass."""
        heads = self._heads(window, mask)
        passes = passing(mask, heads)
        if not timely or (self._levels and len(mask) == self.terms):
            for record in np.flatnonzero(passes).tolist():
                passes[record] = self._suits(window.line(int(heads[record])), timely=timely)
        return heads, passes

    def _folding(self, window: Window, heads: NDArray[np.intp], lengths: NDArray[np.intp], passes: Mask, own: slice) -> Records:
        """Of the records that begin in the window proper."""
        chosen = passes & (heads >= own.start) & (heads < own.stop)
        if not chosen.any():
            return Records(NOTHING_PASSED.lines, NOTHING_PASSED.lines, np.zeros(0, np.uint64))
        keys = record_keys(self._format.timeless(window.block), heads, np.zeros(len(heads), np.uint64), self.fold)
        return Records(heads[chosen] + window.first, lengths[chosen], keys[chosen])

    def _heads(self, window: Window, mask: Mask) -> NDArray[np.intp]:
        """Where records begin. Only those matter that may pass: where the rarest term is, and these are often lines of their own."""
        count = len(window.starts)
        if len(mask):
            rarest = mask[np.count_nonzero(mask, axis=1).argmin()]
            near = rarest.copy()
            near[1:] |= rarest[:-1]
            places = np.flatnonzero(near)
            if self._begin(window, places).all():
                return np.arange(count)
        begins = self._begin(window, np.arange(count))
        begins[0] = True
        return np.flatnonzero(begins)

    def _begin(self, window: Window, places: NDArray[Any]) -> Mask:
        begins = self._format.begin_mask(window.block, window.starts[places])
        if window.first == 0 and len(places) and places[0] == 0:
            begins[0] = True
        return begins

    def _suits(self, line: bytes, *, timely: bool) -> bool:
        """Level and time of the record that begins with `line`."""
        if self._levels and self._format.level(line) not in self._levels:
            return False
        return timely or self._span.holds(self._format.time(line))


def _with_neighbours(index: LineIndex, first: int, end: int) -> tuple[int, int]:
    """The lines of these blocks and of one more on each side."""
    return index.owned(max(0, first - 1), first)[0], index.owned(first, end + 1)[1]


def _line_and_next(data: bytes) -> tuple[bytes | None, bytes | None]:
    """A line and what follows it, None at the end of the file. No line where `data` is too short for both."""
    end = data.find(b"\n")
    if end < 0:
        return (data, None) if len(data) < _LINE_AND_NEXT else (None, None)
    following = data[end + 1 :]
    if len(data) == _LINE_AND_NEXT and len(following) < _NEXT and b"\n" not in following:
        return None, None
    return data[:end], (following.split(b"\n", 1)[0] if following else None)


def _holds(numbers: Numbers, number: int) -> bool:
    place = int(np.searchsorted(numbers, number))
    return place < len(numbers) and int(numbers[place]) == number
