"""Counts of the last 60 seconds by key, one bucket a second: made for thousands of counts a second over thousands of keys.

The running second is a plain array of machine words, so a count is one increment. When the second is over the whole array becomes
one row of a ring, whoever counts or asks first in the next second does that: there is no timer here.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

SECONDS = 60
_MOST = np.iinfo(np.uint16).max
_FIRST_CAPACITY = 64

Levels = NDArray[np.uint16]


class Buckets:
    """Use on one thread. `clock` in seconds, and never turned back. A bucket holds at most 65,535."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._second = int(clock())
        self._rows: dict[str, int] = {}
        self._free: list[int] = []
        # Row 0 is nobody's and stays 0: it answers for keys that nothing was counted of.
        self._used = 1
        self._now = array("I", bytes(4 * _FIRST_CAPACITY))
        self._ring: Levels = np.zeros((SECONDS, _FIRST_CAPACITY), np.uint16)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    @property
    def second(self) -> int:
        """The running second; the window has moved on when it is another."""
        self._turn()
        return self._second

    def add(self, key: str, count: int = 1) -> None:
        if int(self._clock()) != self._second:
            self._turn()
        row = self._rows.get(key)
        if row is None:
            row = self._take_row(key)
        self._now[row] += count

    def forget(self, key: str) -> None:
        row = self._rows.pop(key, None)
        if row is not None:
            self._now[row] = 0
            self._ring[:, row] = 0
            self._free.append(row)

    def levels(self, keys: Sequence[str]) -> Levels:
        """Shape (len(keys), 60), the oldest second first, the running one last."""
        self._turn()
        rows = np.fromiter((self._rows.get(key, 0) for key in keys), np.intp, len(keys))
        order = np.arange(self._second + 1, self._second + SECONDS) % SECONDS
        found = np.empty((len(keys), SECONDS), np.uint16)
        found[:, :-1] = self._ring[order[:, None], rows].T
        found[:, -1] = self._running()[rows]
        return found

    def of(self, key: str) -> tuple[int, ...]:
        return tuple(self.levels((key,))[0].tolist())

    def total(self, key: str) -> int:
        """Of the whole window."""
        self._turn()
        row = self._rows.get(key, 0)
        return int(self._ring[:, row].sum(dtype=np.int64)) + min(self._now[row], _MOST)

    def totals(self, keys: Sequence[str]) -> list[int]:
        totals: list[int] = self.levels(keys).sum(axis=1, dtype=np.int64).tolist()
        return totals

    def moving(self) -> set[str]:
        """The keys with anything in the window: what is shown of them moves with every second."""
        self._turn()
        busy = (self._ring.any(axis=0) | (self._running() > 0)).tolist()
        return {key for key, row in self._rows.items() if busy[row]}

    def _running(self) -> Levels:
        return np.minimum(np.frombuffer(self._now, np.uint32), _MOST).astype(np.uint16)

    def _turn(self) -> None:
        second = int(self._clock())
        passed = second - self._second
        if passed <= 0:
            return
        self._ring[self._second % SECONDS] = self._running()
        # Up to the bucket of the new second, which holds what is 60 s old by now and stays empty until that second is over.
        empty = np.arange(self._second + 1, self._second + min(passed, SECONDS) + 1) % SECONDS
        self._ring[empty] = 0
        self._now = array("I", bytes(4 * len(self._now)))
        self._second = second

    def _take_row(self, key: str) -> int:
        if self._free:
            row = self._free.pop()
        else:
            if self._used == len(self._now):
                self._grow()
            row = self._used
            self._used += 1
        self._rows[key] = row
        return row

    def _grow(self) -> None:
        more = len(self._now)
        self._now.extend(bytes(more))
        self._ring = np.concatenate([self._ring, np.zeros((SECONDS, more), np.uint16)], axis=1)
