"""Records of a file of which neighbours repeat each other: which lines are shown, and how often each was said again."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.file_hits import LineNumbers, Numbers


@dataclass(frozen=True, slots=True)
class Records:
    """That passed: the numbers of their first lines, how many lines each has, and their keys: equal where they repeat each other."""

    first: Numbers
    lengths: Numbers
    keys: NDArray[np.uint64]


class FoldedLines:
    """`lines` are the shown ones. Fed in the order of the file."""

    def __init__(self, lines: LineNumbers) -> None:
        self._lines = lines
        self._heads = array("Q")
        self._repeats = array("L")
        """Of the records that were said again: their first lines, and how often."""
        self._last_key: int | None = None
        self._last_head = 0
        self._kept: tuple[int, int, int, int | None, int] = (0, 0, 0, None, 0)

    def add(self, records: Records) -> None:
        if not len(records.keys):
            return
        runs = np.concatenate([[0], np.flatnonzero(records.keys[1:] != records.keys[:-1]) + 1])
        repeats = np.diff(runs, append=len(records.keys)) - 1
        if self._last_key == int(records.keys[0]):
            self._say_again(self._last_head, int(repeats[0]) + 1)
            runs, repeats = runs[1:], repeats[1:]
        first, lengths = records.first[runs], records.lengths[runs]
        for again in np.flatnonzero(repeats).tolist():
            self._say_again(int(first[again]), int(repeats[again]))
        if len(runs):
            offsets = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            self._lines.append(np.repeat(first, lengths) + offsets)
            self._last_key, self._last_head = int(records.keys[runs[-1]]), int(first[-1])

    def repeats_of(self, line: int) -> int:
        place = bisect_left(self._heads, line)
        return self._repeats[place] if place < len(self._heads) and self._heads[place] == line else 0

    def keep(self) -> None:
        """What is added from now on can be taken back."""
        last = self._repeats[-1] if self._repeats else 0
        self._kept = (len(self._lines), len(self._heads), last, self._last_key, self._last_head)

    def take_back(self) -> None:
        lines, count, last, self._last_key, self._last_head = self._kept
        if lines < len(self._lines):
            self._lines.cut(int(self._lines.take(lines, 1)[0]))
        del self._heads[count:], self._repeats[count:]
        if count:
            self._repeats[-1] = last

    def _say_again(self, line: int, times: int) -> None:
        if self._heads and self._heads[-1] == line:
            self._repeats[-1] += times
        else:
            self._heads.append(line)
            self._repeats.append(times)
