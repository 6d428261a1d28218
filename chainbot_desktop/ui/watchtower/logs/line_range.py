"""Which lines are chosen: from where somebody began to where they are, by the lines' numbers. Pure: no Qt."""

from __future__ import annotations


class LineRange:
    """Numbers stay when rows come and go; `current` is None when nothing is chosen."""

    def __init__(self) -> None:
        self.anchor: int | None = None
        self.current: int | None = None

    @property
    def first(self) -> int | None:
        return None if self.current is None or self.anchor is None else min(self.anchor, self.current)

    @property
    def last(self) -> int | None:
        return None if self.current is None or self.anchor is None else max(self.anchor, self.current)

    @property
    def several(self) -> bool:
        return self.anchor != self.current

    def __contains__(self, number: int) -> bool:
        first, last = self.first, self.last
        return first is not None and last is not None and first <= number <= last

    def choose(self, number: int) -> None:
        self.anchor = self.current = number

    def extend(self, number: int) -> None:
        if self.anchor is None:
            self.anchor = number
        self.current = number

    def move_end(self, number: int, *, last: bool) -> None:
        """Put the first or the last line of the range elsewhere; past the other it becomes the other."""
        first, end = self.first, self.last
        if first is None or end is None:
            return
        self.anchor, self.current = (first, number) if last else (end, number)

    def clear(self) -> None:
        self.anchor = self.current = None
