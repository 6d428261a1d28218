"""What a source of the timeline says: one record, whole, before it becomes lines with numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

Source = Literal["program", "agent", "journald", "alexos", "http"]
SOURCES: tuple[Source, ...] = ("program", "agent", "journald", "alexos", "http")


class LogRecord(NamedTuple):
    """`time` is seconds since the epoch as the source tells it, `level` as in `logging` (0: none), `name` who of the source said it.

    `text` is as it was written: several lines, ANSI colours and control characters included.
    """

    time: float
    level: int
    source: Source
    name: str
    text: str


RecordsListener = Callable[[Sequence[LogRecord], Sequence[int]], None]
"""Hears of records that were kept, in the order in which they came, and the number of the first line of each. On the loop's thread."""
