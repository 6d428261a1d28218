"""Where the lines of a file begin, without an entry per line: how many lines end before each block of 64 KiB.

A line is found by bisection and one look into its block; 10 GB take 1.3 MB of memory whatever their lines are. One thread extends
the index while others read it: what they see is complete up to `extent`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.file_text import TextLayout

BLOCK = 64 * 1024
_AT_ONCE = 16
"""Blocks that are looked through together."""

Read = Callable[[int, int], bytes]
Offsets = NDArray[np.int64]


class FileChanged(Exception):
    """The bytes are not those that were indexed: the file was cut or written over meanwhile."""


class Extent(NamedTuple):
    """`ended` lines are whole, in `size` bytes; what comes after the last line end, from `rest` on, is one more line."""

    ended: int = 0
    size: int = 0
    rest: int = 0

    @property
    def lines(self) -> int:
        return self.ended + (self.rest < self.size)


class LineIndex:
    def __init__(self, layout: TextLayout) -> None:
        self.layout = layout
        self.extent = Extent(rest=layout.start)
        self._ended = array("Q", [0])
        """How many lines end before each block."""
        self._plain = bytearray()

    @property
    def blocks(self) -> int:
        """Whole ones."""
        return len(self._ended) - 1

    @property
    def memory(self) -> int:
        """Bytes."""
        return self._ended.itemsize * len(self._ended) + len(self._plain)

    @property
    def next(self) -> int:
        """The offset from which `extend` wants bytes: the end of the last whole block."""
        return self.blocks * BLOCK

    def extend(self, data: bytearray, length: int) -> None:
        """The first `length` bytes of `data` are what stands at `next`. In the indexing thread only."""
        at = self.next
        layout = self.layout
        del self._plain[self.blocks :]
        ended = self._ended[-1]
        for begin in range(0, length, BLOCK):
            end = min(begin + BLOCK, length)
            units = layout.units(memoryview(data)[begin:end])
            ended += int(np.count_nonzero(units == layout.separator))
            self._plain.append(_is_plain(data, begin, end, units))
            if end - begin == BLOCK:
                self._ended.append(ended)
        last = _last_end(data, length, layout)
        self.extent = Extent(ended, at + length, self.extent.rest if last is None else at + last)

    def plain(self, first: int, end: int) -> bool:
        """Whether these blocks hold nothing but ASCII without carriage returns."""
        return 0 not in self._plain[max(0, first) : end]

    def owned(self, first: int, end: int) -> tuple[int, int]:
        """The lines of these blocks: those that begin after a line end in them, and the very first line."""
        begin = self._ended[first] + 1 if first else 0
        extent = self.extent
        return begin, max(begin, self._ended[end] + 1 if end <= self.blocks and end * BLOCK < extent.size else extent.lines)

    def block_of(self, line: int) -> int:
        """The block whose line it is."""
        return bisect_right(self._ended, line - 1) - 1 if line else 0

    def bounds(self, first: int, end: int, read: Read) -> Offsets:
        """The offsets at which the lines `first` to `end` begin, that of `end` included (or where the file ends): one more than lines.

        FileChanged where they are no longer there.
        """
        extent = self.extent
        ends = self._line_ends(max(0, first - 1), min(end, extent.ended), read)
        parts: list[Any] = [ends + self.layout.unit]
        if first == 0:
            parts.insert(0, [self.layout.start])
        if end > extent.ended:
            parts.append([extent.size])
        return np.concatenate(parts).astype(np.int64)

    def _line_ends(self, first: int, end: int, read: Read) -> Offsets:
        parts = [np.zeros(0, np.int64)]
        while first < end:
            block = bisect_right(self._ended, first) - 1
            stop = min(max(block + 1, bisect_left(self._ended, end)), block + _AT_ONCE)
            if stop > block + 1 and self._ended[block + 1] - self._ended[block] < 4:
                stop = block + 1  # long lines: most blocks hold no end of one
            data = read(block * BLOCK, (stop - block) * BLOCK)
            found = np.flatnonzero(self.layout.units(data) == self.layout.separator)
            found = found[first - self._ended[block] : end - self._ended[block]]
            if not len(found):
                raise FileChanged
            parts.append(found * self.layout.unit + block * BLOCK)
            first += len(found)
        return np.concatenate(parts)


def _is_plain(data: bytearray, begin: int, end: int, units: NDArray[Any]) -> bool:
    if units.dtype.itemsize == 1:
        return bool(units.max() < 128) and data.find(b"\r", begin, end) < 0
    return bool(len(units)) and bool(units.max() < 128) and not (units == 13).any()


def _last_end(data: bytearray, length: int, layout: TextLayout) -> int | None:
    """Where the line begins that follows the last line end."""
    if layout.unit == 1:
        found = data.rfind(layout.separator, 0, length)
        return found + 1 if found >= 0 else None
    ends = np.flatnonzero(layout.units(memoryview(data)[:length]) == layout.separator)
    return (int(ends[-1]) + 1) * layout.unit if len(ends) else None
