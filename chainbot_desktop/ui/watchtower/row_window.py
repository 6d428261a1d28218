"""A bounded stretch of an endless list, newest first, that follows its head, or holds still while somebody reads.

Pure: no Qt. Items carry a growing number (`seq` of an event, number of a log line), which keeps the stretch free of repeats.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class RowWindow(Generic[T]):
    """`limit` is the most rows kept, and the most newer ones kept waiting while it is `held`; of those the oldest go first."""

    def __init__(self, number: Callable[[T], int], limit: int) -> None:
        self._number = number
        self._limit = limit
        self._rows: deque[T] = deque()
        self._waiting: deque[T] = deque(maxlen=limit)
        self._waiting_count = 0
        self.held = False
        """Whether what arrives waits."""
        self.complete = False
        """Whether nothing older exists."""
        self.at_head = True
        """Whether the first row is the newest that was known when it was loaded."""

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> T:
        """The row at `index` from the top; 0 is the newest."""
        return self._rows[-1 - index]

    @property
    def newest(self) -> int:
        """The number of the first row; 0 when there is none."""
        return self._number(self._rows[-1]) if self._rows else 0

    @property
    def oldest(self) -> int:
        return self._number(self._rows[0]) if self._rows else 0

    @property
    def waiting(self) -> int:
        """How many arrived while it was held."""
        return self._waiting_count

    @property
    def dropped(self) -> int:
        """How many of these are no longer kept here (the source still has them)."""
        return self._waiting_count - len(self._waiting)

    def index_of(self, number: int) -> int | None:
        for index, row in enumerate(reversed(self._rows)):
            if self._number(row) <= number:
                return index if self._number(row) == number else None
        return None

    def replace(self, rows: Sequence[T], *, complete: bool) -> None:
        """Start again with `rows`, oldest first, the newest there are. What waits and is newer goes on waiting."""
        self._rows = deque(rows)
        self.complete, self.at_head = complete, True
        self._trim_oldest()
        newest = self.newest
        self._waiting = deque((row for row in self._waiting if self._number(row) > newest), maxlen=self._limit)
        self._waiting_count = len(self._waiting)

    def arrive(self, rows: Sequence[T], *, missed: int = 0) -> int:
        """Take in newer `rows`, oldest first; how many became rows at the top. `missed` more before them were lost on the way."""
        newest = max(self.newest, self._number(self._waiting[-1]) if self._waiting else 0)
        fresh = [row for row in rows if self._number(row) > newest]
        if self.held or not self.at_head:
            if missed:
                self._waiting.clear()  # what came before a hole cannot be shown with what comes after it
            self._waiting.extend(fresh)
            self._waiting_count += len(fresh) + missed
            return 0
        if missed or len(fresh) >= self._limit:
            self._rows.clear()
            self.complete = False
        self._rows.extend(fresh)
        self._trim_oldest()
        return len(fresh)

    def follow(self) -> bool:
        """Stop holding and show what waited. False: rows in between are not here, the newest must be loaded again."""
        self.held = False
        if not self.at_head:
            return False
        waiting, missed = list(self._waiting), self.dropped
        self._waiting.clear()
        self._waiting_count = 0
        self.arrive(waiting, missed=missed)
        return True

    def extend_older(self, rows: Sequence[T], *, complete: bool) -> int:
        """Add older `rows`, newest first; how many rows went at the top to make room."""
        oldest = self.oldest
        self._rows.extendleft(row for row in rows if not self._rows or self._number(row) < oldest)
        self.complete = complete
        gone = 0
        while len(self._rows) > self._limit:
            self._rows.pop()
            self.at_head = False
            gone += 1
        return gone

    def extend_newer(self, rows: Sequence[T], *, reaches_head: bool) -> int:
        """Add newer `rows`, oldest first, to a stretch that is not at the head; how many became rows at the top."""
        newest = self.newest
        fresh = [row for row in rows if self._number(row) > newest]
        self._rows.extend(fresh)
        self._trim_oldest()
        self.at_head = reaches_head
        return len(fresh)

    def clear(self) -> None:
        self._rows.clear()
        self._waiting.clear()
        self._waiting_count = 0
        self.complete, self.at_head = False, True

    def _trim_oldest(self) -> None:
        while len(self._rows) > self._limit:
            self._rows.popleft()
            self.complete = False
