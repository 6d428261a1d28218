"""Which records of a piece of the timeline pass a query: the part of a search that runs in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.document import Fold, LogQuery
from chainbot_desktop.watch.logs.folding import record_keys
from chainbot_desktop.watch.logs.query import Mask, TextMatcher, one_by_one, only_lines
from chainbot_desktop.watch.logs.query_ripgrep import RipgrepMatcher
from chainbot_desktop.watch.logs.timeline_block import CONTINUES, LEVEL_BITS, Piece
from chainbot_desktop.watch.logs.timeline_store import Origin, level_code

Lines = NDArray[np.int64]
_LEVEL = np.uint8(LEVEL_BITS)
_FEW = 4
"""Up to a fourth of its lines are taken out of a piece to be looked at alone: that costs less than looking at all."""


@dataclass(frozen=True, slots=True)
class Found:
    """What passes of the lines from `first` to `end`.

    `records` are the numbers of the first lines of the records, `lengths` how many lines each has; `keys` are equal for repeats
    (empty where nothing is folded). `hits` are the lines in which the text of the query is.
    """

    first: int
    end: int
    records: Lines
    lengths: Lines
    hits: Lines
    keys: NDArray[np.uint64]
    milliseconds: NDArray[np.int64]
    codes: NDArray[np.uint8]


class Search:
    """A query, made ready. InvalidInput for an expression that is none."""

    def __init__(self, query: LogQuery, fold: Fold) -> None:
        self.query = query
        self.fold: Fold = fold
        self._terms = list(one_by_one(query))
        self._ripgrep = RipgrepMatcher(query, self._terms[0]) if query.regex and self._terms else None
        self._levels = np.ones(8, np.bool_)
        if query.levels:
            self._levels[:] = False
            self._levels[[level_code(level) for level in query.levels]] = True
        self._origins = np.zeros(0, np.bool_)
        """Of each origin, by its place in the store, whether it passes."""

    def know(self, origins: Sequence[Origin]) -> None:
        """On the loop's thread, before a piece is looked at: who has spoken so far."""
        known = len(self._origins)
        if len(origins) > known:
            sources, names = self.query.sources, self.query.names
            passes = [
                (not sources or origin.source in sources) and (not names or origin.name in names) for origin in origins[known:]
            ]
            self._origins = np.concatenate([self._origins, np.array(passes, np.bool_)])

    def look(self, piece: Piece) -> Found:
        """From any thread. InvalidInput where an expression takes too long."""
        starts = np.flatnonzero((piece.marks & CONTINUES) == 0)
        passes = self._passes(piece, starts)
        hits = self._find(piece, starts, passes)
        chosen = np.flatnonzero(passes)
        first_lines = starts[chosen]
        lengths = np.diff(starts, append=piece.count)[chosen]
        return Found(
            piece.first,
            piece.end,
            first_lines + piece.first,
            lengths,
            hits + piece.first,
            self._keys(piece, starts, chosen),
            piece.milliseconds[first_lines],
            piece.marks[first_lines] & _LEVEL,
        )

    def _passes(self, piece: Piece, starts: NDArray[np.intp]) -> Mask:
        passes: Mask = self._levels[piece.marks[starts] & _LEVEL]
        if self.query.sources or self.query.names:
            passes &= self._origins[piece.origins[starts]]
        if self.query.after is not None or self.query.before is not None:
            times = piece.milliseconds[starts] / 1000
            if self.query.after is not None:
                passes &= times >= self.query.after
            if self.query.before is not None:
                passes &= times <= self.query.before
        return passes

    def _find(self, piece: Piece, starts: NDArray[np.intp], passes: Mask) -> Lines:
        """Take away from `passes` what does not have the text; the lines in which it is, or the first lines where there is none."""
        if not self._terms:
            return starts[passes]
        lengths = np.diff(starts, append=piece.count)
        hits = np.zeros(piece.count, np.bool_)
        rarest, fewest = 0, piece.count
        for place, term in enumerate(self._terms):
            wanted = np.repeat(passes, lengths)
            everywhere = np.count_nonzero(wanted) > piece.count // _FEW
            found = self._found(term, piece, None if everywhere else wanted)
            passes &= np.logical_or.reduceat(found, starts)
            hits |= found
            if everywhere and (count := int(np.count_nonzero(found))) < fewest:
                rarest, fewest = place, count
        self._terms.insert(0, self._terms.pop(rarest))  # in the next piece it leaves the others least to look at
        return np.flatnonzero(hits & np.repeat(passes, lengths))

    def _found(self, term: TextMatcher, piece: Piece, wanted: Mask | None) -> Mask:
        """In which lines of a piece it is, of all or of those that are wanted."""
        if wanted is None:
            return self._lines(term, piece.text, piece.count)
        found = np.zeros(piece.count, np.bool_)
        if count := int(np.count_nonzero(wanted)):
            found[wanted] = self._lines(term, only_lines(piece.text, wanted), count)
        return found

    def _lines(self, term: TextMatcher, text: bytes, count: int) -> Mask:
        found = self._ripgrep.found(text, count) if self._ripgrep is not None else None
        return term.found(text, count)[0] if found is None else found

    def _keys(self, piece: Piece, starts: NDArray[np.intp], chosen: NDArray[np.intp]) -> NDArray[np.uint64]:
        if self.fold == "none" or not len(chosen):
            return np.zeros(0, np.uint64)
        text, first_lines = piece.text, starts
        if len(chosen) < len(starts) // 2:
            lengths = np.diff(starts, append=piece.count)
            wanted = np.zeros(len(starts), np.bool_)
            wanted[chosen] = True
            text = only_lines(piece.text, np.repeat(wanted, lengths))
            first_lines = np.cumsum(lengths[chosen]) - lengths[chosen]
            chosen, starts = np.arange(len(chosen)), starts[chosen]
        who = piece.origins[starts].astype(np.uint64) * np.uint64(8) + (piece.marks[starts] & _LEVEL).astype(np.uint64)
        return record_keys(text, first_lines, who, self.fold)[chosen]
