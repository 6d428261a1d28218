"""Which row stands at the top of the viewport, and how much of it is pushed out. Pure: no Qt.

A file may be taller than any number of pixels that a scroll bar can count, so places are rows; the rest of one is pixels.
"""

from __future__ import annotations

from collections.abc import Callable

from chainbot_desktop.ui.watchtower.logs.rows import Rows
from chainbot_desktop.watch.logs.document import LogRow

BAR_MOST = 1 << 30
"""The greatest value that a scroll bar is given (it counts in 32 bits)."""


class Position:
    """`lines_of` tells how many lines of the screen a row takes; without it every row takes one."""

    def __init__(self) -> None:
        self.place = 0
        self.offset = 0
        self.height = 1
        """Pixels of a line."""
        self.room = 1
        """Pixels of the viewport."""
        self.lines_of: Callable[[LogRow], int] | None = None
        self._anchor = (0, 0)
        """(number of a line, pixels of it over the upper edge; less than 0: where it stands below): what stays where it is."""

    def move(self, rows: Rows, pixels: int) -> None:
        """Down by `pixels` (up if negative), as far as there are rows."""
        if self.lines_of is None:
            self._set_top(rows, self.place * self.height + self.offset + pixels)
        else:
            self.offset += pixels
            self._settle(rows)
        self._remember(rows)

    def go(self, rows: Rows, place: int, offset: int = 0) -> None:
        """With that row at the top, as far as there are rows below it."""
        self.place, self.offset = max(0, min(place, rows.count - 1)), offset
        self.move(rows, 0)

    def to_end(self, rows: Rows) -> None:
        self.place, self.offset = self.end(rows)
        self._remember(rows)

    def keep(self, rows: Rows) -> None:
        """Rows came or went: the anchor stays where it is. It may be found only later, so it is not let go of here."""
        anchor = self._anchor
        number, self.offset = anchor
        self.place = max(0, min(rows.place_of(number), rows.count - 1))
        self.move(rows, 0)
        self._anchor = anchor

    def anchor(self, number: int, offset: int) -> None:
        """Hold on to this line, at the next `keep`."""
        self._anchor = (number, offset)

    def at_end(self, rows: Rows) -> bool:
        return (self.place, self.offset) >= self.end(rows)

    def end(self, rows: Rows) -> tuple[int, int]:
        """(place, offset) where the last row stands at the bottom."""
        if self.lines_of is None:
            return divmod(max(0, rows.count * self.height - self.room), self.height)
        place, left = rows.count, self.room
        for row in reversed(rows.rows(max(0, place - self.room // self.height - 1), self.room // self.height + 1)):
            place -= 1
            left -= self.lines_of(row) * self.height
            if left <= 0:
                return place, -left
        return 0, 0

    def reveal(self, rows: Rows, place: int) -> None:
        """Move as little as brings that row into view."""
        if place < self.place or (place == self.place and self.offset):
            self.go(rows, place)
            return
        if self.lines_of is None:
            above = (place - self.place) * self.height - self.offset
            tall = self.height
        elif place - self.place > self.room // self.height:
            self.go(rows, place)
            above, tall = 0, self._height(rows, place)
        else:
            heights = [self.lines_of(row) * self.height for row in rows.rows(self.place, place - self.place + 1)]
            above, tall = sum(heights[:-1]) - self.offset, sum(heights[-1:])
        below = min(above, above + tall - self.room)
        if above + tall > self.room:
            self.move(rows, below)

    def centre(self, rows: Rows, place: int) -> None:
        """With that row in the middle, if there are rows enough around it."""
        self.place, self.offset = max(0, min(place, rows.count - 1)), -((self.room - self.height) // 2)
        self.move(rows, 0)

    def bar(self, rows: Rows) -> tuple[int, int, int]:
        """(value, maximum, page) for a scroll bar; its unit is a pixel, or more where there are too many."""
        scale = self._scale(rows)
        end, offset = self.end(rows)
        return (
            min(self._top(rows), end * self.height + offset) // scale,
            (end * self.height + min(offset, self.height)) // scale,
            max(1, self.room // scale),
        )

    def from_bar(self, rows: Rows, value: int, maximum: int) -> None:
        if value >= maximum:
            self.to_end(rows)
            return
        place, offset = divmod(value * self._scale(rows), self.height)
        self.go(rows, place, offset)

    def _top(self, rows: Rows) -> int:
        """Pixels above the top, as if every row took one line."""
        part = self.offset if self.lines_of is None else self.offset * self.height // max(1, self._height(rows, self.place))
        return self.place * self.height + part

    def _scale(self, rows: Rows) -> int:
        return max(1, -(-rows.count * self.height // BAR_MOST))

    def _set_top(self, rows: Rows, top: int) -> None:
        top = max(0, min(top, rows.count * self.height - self.room))
        self.place, self.offset = divmod(top, self.height)

    def _settle(self, rows: Rows) -> None:
        """Bring `offset` into its row, and the top to where something is below it."""
        while self.offset < 0 and self.place > 0:
            self.place -= 1
            self.offset += self._height(rows, self.place)
        self.offset = max(0, self.offset)
        while self.place < rows.count - 1 and self.offset >= (height := self._height(rows, self.place)):
            self.offset -= height
            self.place += 1
        self.place, self.offset = min((self.place, self.offset), self.end(rows))

    def _height(self, rows: Rows, place: int) -> int:
        row = next(iter(rows.rows(place, 1)), None)
        return self.height if row is None or self.lines_of is None else self.lines_of(row) * self.height

    def _remember(self, rows: Rows) -> None:
        row = next(iter(rows.rows(self.place, 1)), None)
        if row is not None:
            self._anchor = (row.number, self.offset)
