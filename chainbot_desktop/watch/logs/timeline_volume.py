"""How many records when, by level: counted as they come and go, so that a histogram is there at once, however many there are.

Counts stand in 4,096 fine buckets. A time that lies outside makes all of them twice as wide, until it fits: every count stays exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.document import LEVELS, Volume

_FINE = 4096
_CODES = len(LEVELS)


class VolumeCounts:
    """Times are milliseconds since the epoch, levels as `level_code` makes them."""

    def __init__(self) -> None:
        self._counts = np.zeros((_CODES, _FINE), np.int64)
        self._width = 1
        self._start: int | None = None
        """A multiple of the width."""

    def add(self, milliseconds: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        if len(milliseconds):
            self._reach(int(milliseconds.min()), int(milliseconds.max()))
            self._count(milliseconds, codes, 1)

    def remove(self, milliseconds: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        """They were added once."""
        if len(milliseconds):
            self._count(milliseconds, codes, -1)

    @property
    def coarse(self) -> bool:
        """What made the buckets wide is gone: counted anew they would tell more."""
        used = np.flatnonzero(self._counts.any(axis=0))
        return self._width > 1 and len(used) > 0 and int(used[-1] - used[0]) < _FINE // 16

    def clear(self) -> None:
        self._counts[:] = 0

    def volume(self, buckets: int) -> Volume | None:
        """At most `buckets`, each of as many fine ones, over the time in which there is something."""
        used = np.flatnonzero(self._counts.any(axis=0))
        if self._start is None or not len(used) or buckets < 1:
            return None
        first, last = int(used[0]), int(used[-1])
        fine = -(-(last - first + 1) // buckets)
        count = -(-(last - first + 1) // fine)
        padded = np.zeros((_CODES, fine * count), np.int64)
        padded[:, : last - first + 1] = self._counts[:, first : last + 1]
        counts = padded.reshape(_CODES, count, fine).sum(axis=2)
        start = self._start + first * self._width
        return Volume(
            start / 1000,
            (start + fine * count * self._width) / 1000,
            True,
            {code * 10: tuple(row.tolist()) for code, row in enumerate(counts) if row.any()},
        )

    def _count(self, milliseconds: NDArray[np.int64], codes: NDArray[np.uint8], sign: int) -> None:
        assert self._start is not None
        places = codes.astype(np.int64) * _FINE + (milliseconds - self._start) // self._width
        self._counts += sign * np.bincount(places, minlength=_CODES * _FINE).reshape(_CODES, _FINE)

    def _reach(self, low: int, high: int) -> None:
        if self._start is None or not self._counts.any():
            self._start, self._width = low, 1
        while low < self._start or high >= self._start + _FINE * self._width:
            self._widen(low)

    def _widen(self, low: int) -> None:
        """Twice as wide; to the front where `low` lies before the start, else to the back."""
        assert self._start is not None
        wide = 2 * self._width
        start = self._start - self._start % wide
        if low < start:
            start -= (_FINE // 2 - 1) * wide  # what there is still fits behind
        shift = (self._start - start) // self._width
        room = np.zeros((_CODES, 2 * _FINE), np.int64)
        room[:, shift : shift + _FINE] = self._counts
        self._counts = room.reshape(_CODES, _FINE, 2).sum(axis=2)
        self._start, self._width = start, wide
