"""What the timeline keeps lines in (a block), and what a search is handed of it (a piece), which may go to another thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

CONTINUES = 8
"""In the byte of a line: it belongs to the record before it. The lower three bits are the level, divided by ten."""
LEVEL_BITS = 7
_INDEX_BYTES = 7
_BLOCK_OVERHEAD = 1_000
_FAR = 2**31 - 1
_ROOM = 512
_FEED = 10
_EVERY = slice(None)

Kind = TypeVar("Kind", bound=np.generic)


class Block:
    """`base` is the time from which its lines' times count, in milliseconds since the epoch."""

    def __init__(self, first: int, base: int) -> None:
        self.first = first
        self.base = base
        self.count = 0
        self.text: bytes | bytearray = bytearray()
        self.times: NDArray[np.int32] = np.empty(_ROOM, np.int32)
        self.origins: NDArray[np.uint16] = np.empty(_ROOM, np.uint16)
        self.marks: NDArray[np.uint8] = np.empty(_ROOM, np.uint8)

    @property
    def end(self) -> int:
        return self.first + self.count

    @property
    def size(self) -> int:
        return len(self.text) + self.count * _INDEX_BYTES + _BLOCK_OVERHEAD

    def reaches(self, milliseconds: NDArray[np.int64]) -> bool:
        return bool(np.all(np.abs(milliseconds - self.base) < _FAR))

    def add(self, data: bytes, milliseconds: NDArray[np.int64], origins: NDArray[np.uint16], marks: NDArray[np.uint8]) -> None:
        end = self.count + len(marks)
        if end > len(self.marks):
            room = max(end, 2 * len(self.marks))
            self.times, self.origins = _moved(self.times, self.count, room), _moved(self.origins, self.count, room)
            self.marks = _moved(self.marks, self.count, room)
        self.times[self.count : end] = milliseconds - self.base
        self.origins[self.count : end] = origins
        self.marks[self.count : end] = marks
        self.text += data
        self.count = end

    def records(self, at: NDArray[np.intp] | slice = _EVERY) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Of those of its lines (by place) that begin a record: milliseconds since the epoch, and level codes."""
        marks = self.marks[: self.count][at]
        begins = (marks & CONTINUES) == 0
        return self.times[: self.count][at][begins].astype(np.int64) + self.base, marks[begins] & np.uint8(LEVEL_BITS)

    def seal(self) -> None:
        """Nothing more comes: give back what was kept free."""
        self.text = bytes(self.text)
        self.times, self.origins = _moved(self.times, self.count, self.count), _moved(self.origins, self.count, self.count)
        self.marks = _moved(self.marks, self.count, self.count)


def _moved(array: NDArray[Kind], count: int, room: int) -> NDArray[Kind]:
    moved = np.empty(room, array.dtype)
    moved[:count] = array[:count]
    return moved


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of one block or of several, whole records, that do not change any more. `milliseconds` since the epoch."""

    first: int
    text: bytes
    milliseconds: NDArray[np.int64]
    origins: NDArray[np.uint16]
    marks: NDArray[np.uint8]

    @property
    def count(self) -> int:
        return len(self.marks)

    @property
    def end(self) -> int:
        return self.first + self.count

    def until(self, number: int) -> Piece:
        """Its lines before this one."""
        count = number - self.first
        if count >= self.count:
            return self
        cut = int(np.flatnonzero(np.frombuffer(self.text, np.uint8) == _FEED)[count - 1]) + 1
        return Piece(self.first, self.text[:cut], self.milliseconds[:count], self.origins[:count], self.marks[:count])

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> Piece:
        """One after the other."""
        if len(pieces) == 1:
            return pieces[0]
        return cls(
            pieces[0].first,
            b"".join(piece.text for piece in pieces),
            np.concatenate([piece.milliseconds for piece in pieces]),
            np.concatenate([piece.origins for piece in pieces]),
            np.concatenate([piece.marks for piece in pieces]),
        )
