"""A document of lines in memory whose searches go on as far as a test says: what a view must bear is made here on purpose."""

from __future__ import annotations

import asyncio
import logging
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.watch.logs.document import Fold, LogDocument, LogQuery, LogRow, LogSelection, Volume
from chainbot_desktop.watch.logs.query import TextMatcher

START = 1_700_000_000.0


class MemoryDocument:
    """`say` adds lines. With `slow`, searches look at nothing until `search_on`."""

    def __init__(self, title: str = "memory.log") -> None:
        self.title = title
        self.first = 0
        self.read = 1.0
        self.slow = False
        self.selections: list[MemorySelection] = []
        self.closed = False
        self._lines: list[LogRow] = []
        self._changed: Listeners[[]] = Listeners()
        self._noticed = False

    @property
    def end(self) -> int:
        return self.first + len(self._lines)

    @property
    def listeners(self) -> bool:
        return bool(self._changed)

    @property
    def names(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, dict[str, None]] = {}
        for row in self._lines:
            found.setdefault(row.source, {})[row.name] = None
        return {source: tuple(names) for source, names in found.items()}

    def say(
        self, *texts: str, level: int = logging.INFO, name: str = "house", source: str = "program", time: float | None = None
    ) -> None:
        """A text of several lines is one record."""
        for text in texts:
            moment = START + self.end if time is None else time
            for number, line in enumerate(text.split("\n")):
                self._lines.append(LogRow(self.end, moment, level, source, name, line, continues=number > 0))
        self._grown()

    def drop(self, count: int) -> None:
        """Forget the oldest lines."""
        del self._lines[:count]
        self.first += count
        for selection in self.selections:
            selection.dropped()
        self.notice()

    def lines(self, first: int, end: int) -> Sequence[LogRow]:
        return self._lines[max(0, first - self.first) : max(0, end - self.first)]

    def select(self, query: LogQuery, fold: Fold = "none") -> LogSelection:
        selection = MemorySelection(self, query, fold)
        self.selections.append(selection)
        if not self.slow:
            selection.look()
        return selection

    def search(self, query: LogQuery) -> LogSelection:
        return self.select(query)

    def search_on(self, upto: int) -> None:
        """Slow searches look at the lines before that number."""
        for selection in self.selections:
            selection.look(upto)
        self.notice()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._changed.add(listener)

    async def close(self) -> None:
        self.closed = True

    def notice(self) -> None:
        if not self._noticed:
            self._noticed = True
            asyncio.get_running_loop().call_soon(self._give_notice)

    def _give_notice(self) -> None:
        self._noticed = False
        self._changed.tell()

    def _grown(self) -> None:
        if not self.slow:
            for selection in self.selections:
                selection.look()
        self.notice()


class MemorySelection:
    def __init__(self, document: MemoryDocument, query: LogQuery, fold: Fold) -> None:
        self._document, self.query, self._fold = document, query, fold
        self._matcher = TextMatcher(query)
        self._rows: list[LogRow] = []
        self._looked = document.first
        self.error: InvalidInput | None = None
        self.closed = False

    @property
    def count(self) -> int:
        return len(self._rows)

    @property
    def searched(self) -> float:
        kept = self._document.end - self._document.first
        return (self._looked - self._document.first) / kept if kept else 1.0

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        return self._rows[max(0, first) : max(0, first) + count]

    def place_of(self, number: int) -> int:
        return bisect_left(self._rows, number, key=lambda row: row.number)

    def volume(self, buckets: int) -> Volume | None:
        times = [row for row in self._rows if row.time is not None]
        if not times:
            return None
        start, end = times[0].time or 0.0, (times[-1].time or 0.0) + 1
        counts: dict[int, list[int]] = {}
        for row in times:
            at = min(buckets - 1, int(((row.time or 0.0) - start) / (end - start) * buckets))
            counts.setdefault(row.level, [0] * buckets)[at] += 1
        return Volume(start, end, timed=True, counts=counts)

    def close(self) -> None:
        self.closed = True
        if self in self._document.selections:
            self._document.selections.remove(self)

    def look(self, upto: int | None = None) -> None:
        end = self._document.end if upto is None else min(upto, self._document.end)
        record: list[LogRow] = []
        for row in (*self._document.lines(self._looked, end), None):
            if row is None or not row.continues:
                self._take(record)
                record = []
            if row is not None:
                record.append(row)
        self._looked = max(self._looked, end)

    def dropped(self) -> None:
        del self._rows[: self.place_of(self._document.first)]
        self._looked = max(self._looked, self._document.first)

    def _take(self, record: Sequence[LogRow]) -> None:
        if not record or not self._passes(record):
            return
        last = next((place for place in reversed(range(len(self._rows))) if not self._rows[place].continues), None)
        if last is not None and self._key(self._rows[last]) == self._key(record[0]) and self._fold != "none":
            self._rows[last] = replace(self._rows[last], repeats=self._rows[last].repeats + 1)
        else:
            self._rows += record

    def _key(self, row: LogRow) -> str:
        return row.text if self._fold == "exact" else re.sub(r"\d+", "#", row.text)

    def _passes(self, record: Sequence[LogRow]) -> bool:
        query, row = self.query, record[0]
        wanted = ((query.levels, row.level), (query.sources, row.source), (query.names, row.name))
        if any(among and value not in among for among, value in wanted):
            return False
        if not (query.after or row.time or 0) <= (row.time or 0) <= (query.before or row.time or 0):
            return False
        text = "\n".join(line.text for line in record).encode(errors="replace")
        return bool(self._matcher.found(text, len(record)).any(axis=1).all()) if self._matcher.terms else True


def numbered(count: int) -> Iterable[str]:
    return (f"line {number}" for number in range(count))


_check: type[LogDocument] = MemoryDocument
