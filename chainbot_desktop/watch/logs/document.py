"""What a view of log lines stands on: a document (the timeline, a file) and selections of its lines.

A line is one physical line; a record of several lines (a traceback) is a line and those that `continues`. Lines are numbered from 0
for as long as the document is open, and a number always means the same line: the first ones may be dropped, their numbers stay theirs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from chainbot_desktop.core.errors import InvalidInput

LEVELS: Mapping[int, str] = {
    0: "none",
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "critical",
}
"""Levels as `logging` numbers them, and their names; 0 is a line that names none."""

Fold = Literal["none", "exact", "numbers", "template"]
"""Which neighbouring records are one: none, those of the same text, the same but for numbers, those of one template."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line as it is shown. `time` is seconds since the epoch, `text` as it was written (with its ANSI colours, without line end).

    `source` says what kind of thing said it (program | agent | journald | alexos | http | file), `name` which one. `repeats` counts
    the records that are folded into this one beside itself.
    """

    number: int
    time: float | None
    level: int
    source: str
    name: str
    text: str
    continues: bool = False
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which records: all that pass every part. No levels, sources or names: any. `text` is words, or an expression with `regex`.

    `after` and `before` are inclusive, in seconds since the epoch; a record without a time passes neither.
    """

    levels: frozenset[int] = frozenset()
    sources: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    text: str = ""
    regex: bool = False
    case: bool = False
    after: float | None = None
    before: float | None = None

    @property
    def empty(self) -> bool:
        return self == LogQuery(regex=self.regex, case=self.case)


@dataclass(frozen=True, slots=True)
class Volume:
    """A histogram: `counts[level][bucket]` records. From `start` to `end`: seconds since the epoch, or numbers of timeless lines."""

    start: float
    end: float
    timed: bool
    counts: Mapping[int, Sequence[int]]


class LogSelection(Protocol):
    """The lines of a document that pass a query, folded. Grows while the document does, or while it is still searched."""

    @property
    def count(self) -> int:
        """Rows found so far."""
        ...

    @property
    def searched(self) -> float:
        """How much of the document was looked at: 0 to 1."""
        ...

    @property
    def error(self) -> InvalidInput | None:
        """Why nothing more is found: an expression that takes too long, a file that went away."""
        ...

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        """Rows by place, at most what there is. Quick enough for a frame at a screenful."""
        ...

    def place_of(self, number: int) -> int:
        """The place of the first row whose line is not before the line of that number; `count` where all are."""
        ...

    def volume(self, buckets: int) -> Volume | None:
        """How many records when; None before anything is known. Answers at once, from what was found so far."""
        ...

    def close(self) -> None:
        """End the search; the selection is not used any more."""
        ...


class LogDocument(Protocol):
    """Use on the loop's thread. What takes long is done elsewhere, and told by `on_change`."""

    @property
    def title(self) -> str: ...

    @property
    def first(self) -> int:
        """The number of the first line that is kept."""
        ...

    @property
    def end(self) -> int:
        """The number after the last line that is known."""
        ...

    @property
    def read(self) -> float:
        """How much of it is indexed: 0 to 1."""
        ...

    @property
    def names(self) -> Mapping[str, Sequence[str]]:
        """The names that occurred, by source."""
        ...

    def select(self, query: LogQuery, fold: Fold = "none") -> LogSelection:
        """InvalidInput for an expression that is none. The search begins at once, from the end backwards or as is quickest."""
        ...

    def lines(self, first: int, end: int) -> Sequence[LogRow]:
        """The lines themselves, by number, whatever passes: the context of a hit."""
        ...

    def search(self, query: LogQuery) -> LogSelection:
        """Like `select` without folding, for marks in a scroll bar: its rows are hits, in the order of their lines."""
        ...

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` soon after lines, names or results came, once for many; returns what ends it."""
        ...

    async def close(self) -> None: ...
