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

from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.file_content import Content, Window
from chainbot_desktop.watch.logs.file_expression import Expression, expressions_of
from chainbot_desktop.watch.logs.file_hits import Numbers
from chainbot_desktop.watch.logs.parsing import LineFormat
from chainbot_desktop.watch.logs.query import Mask, TextMatcher, passing

_NONE: Numbers = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Passed:
    """`lines` are those of the records that pass; `hits` those among them in which the text is, or the first ones of records."""

    lines: Numbers
    hits: Numbers


class Sieve:
    """A query for a format. InvalidInput for an expression that is none. Use in one thread.

    `expressions` is what ripgrep can look for: one per term, and last one for levels where the format has an expression for them;
    None where it can look for nothing.
    """

    def __init__(self, query: LogQuery, format_: LineFormat) -> None:
        self.query = query
        self._format = format_
        self._matcher = TextMatcher(query)
        self._levels = query.levels
        self.expressions = self._expressions()

    @property
    def terms(self) -> int:
        return self._matcher.terms

    @property
    def passes_all(self) -> bool:
        """Whether every line of a window passes in which nothing was found."""
        return not self.terms and not self._levels

    @property
    def impossible(self) -> bool:
        return bool(self.query.sources) and "file" not in self.query.sources

    def _expressions(self) -> tuple[Expression, ...] | None:
        words = expressions_of(self.query)
        if words is None:
            return None
        if not self.terms and self._levels and 0 not in self._levels:
            levels = self._format.level_expression(self._levels)
            return (Expression(f"(?-u){levels}", exact=True, wide=True),) if levels is not None else None
        return words or None

    def look(self, content: Content, first: int, end: int, found: Sequence[Numbers] | None) -> Passed:
        """At the lines of the blocks `first` to `end`. `found` are the lines that ripgrep found, one array per expression.

        InvalidInput (an expression that takes too long), FileChanged, OSError.
        """
        index = content.index
        own_first, own_end = index.owned(first, end)
        if own_first >= own_end:
            return Passed(_NONE, _NONE)
        begin, _ = index.owned(max(0, first - 1), first)
        _, stop = index.owned(first, end + 1)
        window = content.window(begin, stop)
        certain = found is not None and (
            all(expression.exact for expression in self.expressions or ()) or index.plain(max(0, first - 1), end + 1)
        )
        mask = self._mask(window, found if certain else None)
        passes, hits = self._records(window, mask)
        own = slice(own_first - begin, own_end - begin)
        return Passed(np.flatnonzero(passes[own]) + own_first, np.flatnonzero(hits[own]) + own_first)

    def _mask(self, window: Window, found: Sequence[Numbers] | None) -> Mask:
        """Of each expression or term, in which lines it is."""
        count = len(window.starts)
        if found is None:
            return self._matcher.found(window.block, count)
        mask = np.zeros((len(found), count), np.bool_)
        for row, numbers in enumerate(found):
            low, high = np.searchsorted(numbers, [window.first, window.first + count])
            mask[row, numbers[low:high] - window.first] = True
        return mask

    def _records(self, window: Window, mask: Mask) -> tuple[Mask, Mask]:
        """Which lines belong to records that pass, and which of them are hits."""
        count = len(window.starts)
        heads = self._heads(window, mask)
        passes = passing(mask, heads)
        by_level = len(mask) > self.terms  # ripgrep looked for the levels
        if self._levels and not by_level:
            self._keep(window, heads, passes, lambda line: self._format.level(line) in self._levels)
        if self.query.after is not None or self.query.before is not None:
            self._keep(window, heads, passes, self._in_time)
        lengths = np.diff(heads, append=count)
        lines = np.repeat(passes, lengths)
        if self.terms:
            return lines, mask.any(axis=0) & lines
        hits = np.zeros(count, np.bool_)
        hits[heads[passes]] = True
        return lines, hits

    def _heads(self, window: Window, mask: Mask) -> NDArray[np.intp]:
        """Where records begin. Of those in which nothing was found it does not matter, so few lines are looked at where little was."""
        count = len(window.starts)
        if self.terms == 1 or len(mask) > self.terms:
            found = np.flatnonzero(mask.any(axis=0))
            near = np.unique(np.concatenate([found, np.minimum(found + 1, count - 1)]))
            if len(near) * 4 < count and self._begin(window, near).all():
                begins: Mask = np.ones(count, np.bool_)
                return np.flatnonzero(begins)
        begins = self._begin(window, np.arange(count))
        begins[0] = True
        return np.flatnonzero(begins)

    def _begin(self, window: Window, places: NDArray[Any]) -> Mask:
        begins = self._format.begin_mask(window.block, window.starts[places])
        if window.first == 0 and len(places) and places[0] == 0:
            begins[0] = True
        return begins

    def _keep(self, window: Window, heads: NDArray[np.intp], passes: Mask, wanted: Any) -> None:
        for record in np.flatnonzero(passes).tolist():
            passes[record] = wanted(window.line(int(heads[record])))

    def _in_time(self, line: bytes) -> bool:
        time = self._format.time(line)
        after, before = self.query.after, self.query.before
        return time is not None and (after is None or time >= after) and (before is None or time <= before)
