"""Ascending line numbers (or what goes with them) that grow at both ends and are dropped from the front, without copying each time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Numbers:
    """A piece of an array with room before and after it. `view` is valid until the next change."""

    def __init__(self, dtype: DTypeLike = np.int64) -> None:
        self._room: NDArray[Any] = np.empty(0, dtype)
        self._begin = 0
        self._end = 0

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def view(self) -> NDArray[Any]:
        return self._room[self._begin : self._end]

    def append(self, more: NDArray[Any]) -> None:
        if self._end + len(more) > len(self._room):
            self._move(before=0, after=len(more) + len(self))
        self._room[self._end : self._end + len(more)] = more
        self._end += len(more)

    def prepend(self, more: NDArray[Any]) -> None:
        if len(more) > self._begin:
            self._move(before=len(more) + len(self), after=len(self._room) - self._end)
        self._room[self._begin - len(more) : self._begin] = more
        self._begin -= len(more)

    def drop(self, count: int) -> None:
        """Forget so many from the front."""
        self._begin += count

    def place_of(self, number: int) -> int:
        """The place of the first that is not less than `number`."""
        return int(np.searchsorted(self.view, number))

    def _move(self, *, before: int, after: int) -> None:
        count = len(self)
        room = np.empty(before + count + after, self._room.dtype)
        room[before : before + count] = self.view
        self._room, self._begin, self._end = room, before, before + count
