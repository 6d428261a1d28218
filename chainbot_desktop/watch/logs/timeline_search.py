"""Which records of a piece of the timeline pass a query: the part of a search that runs in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.document import Fold, LogQuery
from chainbot_desktop.watch.logs.folding import record_keys
from chainbot_desktop.watch.logs.query import Mask, TextMatcher, passing
from chainbot_desktop.watch.logs.timeline_store import CONTINUES, LEVEL_BITS, Origin, Piece, level_code

Lines = NDArray[np.int64]
_LEVEL = np.uint8(LEVEL_BITS)


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
        self._text = TextMatcher(query)
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
        found: Mask = np.zeros((0, 0), np.bool_)
        if self._text.terms and passes.any():
            found = self._text.found(piece.text, piece.count)
            passes &= passing(found, starts)
        chosen = np.flatnonzero(passes)
        first_lines = starts[chosen]
        lengths = np.diff(starts, append=piece.count)[chosen]
        return Found(
            piece.first,
            piece.end,
            first_lines + piece.first,
            lengths,
            self._hits(found, starts, passes, piece),
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

    def _hits(self, found: Mask, starts: NDArray[np.intp], passes: Mask, piece: Piece) -> Lines:
        if not self._text.terms:
            return starts[passes] + piece.first
        if not passes.any():
            return np.zeros(0, np.int64)
        of_record = np.repeat(passes, np.diff(starts, append=piece.count))
        return np.flatnonzero(found.any(axis=0) & of_record) + piece.first

    def _keys(self, piece: Piece, starts: NDArray[np.intp], chosen: NDArray[np.intp]) -> NDArray[np.uint64]:
        if self.fold == "none" or not len(chosen):
            return np.zeros(0, np.uint64)
        text, first_lines = piece.text, starts
        if len(chosen) < len(starts) // 2:
            text, first_lines = _only(piece.text, starts, chosen, piece.count)
            chosen, starts = np.arange(len(chosen)), starts[chosen]
        who = piece.origins[starts].astype(np.uint64) * np.uint64(8) + (piece.marks[starts] & _LEVEL).astype(np.uint64)
        return record_keys(text, first_lines, who, self.fold)[chosen]


def _only(text: bytes, starts: NDArray[np.intp], chosen: NDArray[np.intp], count: int) -> tuple[bytes, NDArray[np.intp]]:
    """The text of the chosen records alone, and where each begins, in lines."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10) + 1
    bounds = np.concatenate([[0], ends])
    after = np.append(starts[1:], count)[chosen]
    parts = [text[begin:end] for begin, end in zip(bounds[starts[chosen]].tolist(), bounds[after].tolist(), strict=True)]
    lengths = after - starts[chosen]
    return b"".join(parts), np.cumsum(lengths) - lengths
