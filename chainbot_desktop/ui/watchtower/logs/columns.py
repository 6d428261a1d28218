"""Where the parts of a row stand: what a narrow page has no room for is left out, the text last of all."""

from __future__ import annotations

from dataclasses import dataclass

WIDE, MIDDLE = 1000, 640
"""Pixels (unscaled) from which source and name have a column each, and from which the name has one."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Left edges in pixels; -1 where there is no such column. Widths of source and name are in letters."""

    time: int
    time_letters: int
    mark: int
    source: int
    source_letters: int
    name: int
    name_letters: int
    text: int
    cell: float
    width: int

    @property
    def text_columns(self) -> int:
        """Letters of text that can be seen at once."""
        return max(1, int((self.width - self.text) / self.cell))


def lay_out(width: int, cell: float, px: float, *, timed: bool, sources: bool, names: bool) -> Columns:
    """`px` is the scale of the screen, `cell` the width of a letter. Columns that would say the same in every row are left out."""
    gap, x = round(10 * px), round(10 * px)
    time = x if timed else -1
    time_letters = 12 if width >= MIDDLE * px else 8
    if timed:
        x += round(time_letters * cell) + gap
    mark = x
    x += round(14 * px) + gap
    source = name = -1
    if sources and width >= WIDE * px:
        source = x
        x += round(8 * cell) + gap
    name_letters = 20 if width >= WIDE * px else 14
    if names and width >= MIDDLE * px:
        name = x
        x += round(name_letters * cell) + gap
    return Columns(time, time_letters, mark, source, 8, name, name_letters, x, cell, width)
