"""Numbers of lines, in little memory: two bytes each where they are few, a bit for each line of the file where they are many.

Kept by stretches of 65,536 lines: a sorted array of the low halves, or a bitmap where that is smaller (as Roaring bitmaps do).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Part = NDArray[Any]

_STRETCH = 1 << 16
_BITMAP = _STRETCH // 8
_EMPTY: Numbers = np.zeros(0, np.int64)


class LineNumbers:
    """Ascending. One thread writes; the owner keeps readers out meanwhile."""

    def __init__(self) -> None:
        self._stretches: list[int] = []
        self._parts: list[Part] = []
        self._before: list[int] = [0]
        """How many stand before each part, and in all."""

    def __len__(self) -> int:
        return self._before[-1]

    @property
    def memory(self) -> int:
        """Bytes of the numbers."""
        return sum(part.nbytes for part in self._parts)

    def append(self, numbers: Numbers) -> None:
        """Ascending, all after those that are there."""
        at = 0
        while at < len(numbers):
            stretch = int(numbers[at]) >> 16
            end = int(np.searchsorted(numbers, (stretch + 1) << 16))
            self._append(stretch, (numbers[at:end] & 0xFFFF).astype(np.uint16))
            at = end

    def append_range(self, first: int, end: int) -> None:
        for begin in range(first, end, 16 * _STRETCH):
            self.append(np.arange(begin, min(end, begin + 16 * _STRETCH), dtype=np.int64))

    def cut(self, line: int) -> None:
        """Forget those from `line` on."""
        keep = self.rank(line)
        while self._parts and self._before[-2] >= keep:
            self._parts.pop()
            self._stretches.pop()
            self._before.pop()
        if self._before[-1] > keep:
            self._parts[-1] = _low(self._parts[-1])[: keep - self._before[-2]]
            self._before[-1] = keep

    def take(self, first: int, count: int) -> Numbers:
        """`count` of them by place, at most what there is."""
        first, end = max(0, first), min(first + count, len(self))
        found: list[Numbers] = []
        part = bisect_right(self._before, first) - 1
        while first < end:
            low = _low(self._parts[part])[first - self._before[part] : end - self._before[part]]
            found.append(low.astype(np.int64) + (self._stretches[part] << 16))
            first += len(low)
            part += 1
        return np.concatenate(found) if found else _EMPTY

    def rank(self, line: int) -> int:
        """How many are before `line`."""
        part = bisect_left(self._stretches, line >> 16)
        if line < 0 or part == len(self._stretches) or self._stretches[part] != line >> 16:
            return 0 if line < 0 else self._before[part]
        return self._before[part] + _rank(self._parts[part], line & 0xFFFF)

    def _append(self, stretch: int, low: Part) -> None:
        if self._stretches and self._stretches[-1] == stretch:
            low = np.concatenate([_low(self._parts.pop()), low])
            self._before.pop()
        else:
            self._stretches.append(stretch)
        self._parts.append(_packed(low) if low.nbytes > _BITMAP else low)
        self._before.append(self._before[-1] + len(low))


def _packed(low: Part) -> Part:
    bits = np.zeros(_STRETCH, np.bool_)
    bits[low] = True
    return np.packbits(bits)


def _low(part: Part) -> Part:
    return part if part.dtype == np.uint16 else np.flatnonzero(np.unpackbits(part)).astype(np.uint16)


def _rank(part: Part, low: int) -> int:
    if part.dtype == np.uint16:
        return int(np.searchsorted(part, low))
    whole, bits = divmod(low, 8)
    count = int(np.bitwise_count(part[:whole]).sum())
    return count + (int(part[whole]) >> (8 - bits)).bit_count()
