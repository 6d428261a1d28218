"""Reading the timeline page by page, forwards and backwards, for who is not on the loop all the time: the API and its exports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from chainbot_desktop.watch.logs.document import LogQuery, LogRow
from chainbot_desktop.watch.logs.timeline_block import Piece
from chainbot_desktop.watch.logs.timeline_search import Found, Search
from chainbot_desktop.watch.logs.timeline_store import LineStore

_PAGE_CHARACTERS = 4 * 1024 * 1024
_AT_A_TIME = 500
"""Records of an export: two milliseconds of the loop."""


@dataclass(frozen=True, slots=True)
class WholeRecord:
    """One record with all its lines. `first` is its first line, whose number is the record's."""

    first: LogRow
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """`records` are the oldest first. What passes and is older lies before the line `begin`, what is newer from the line `end` on.

    `dropped` lines, from which the page should have begun, are no longer kept.
    """

    records: Sequence[WholeRecord]
    begin: int
    end: int
    dropped: int = 0


class TimelineReader:
    """On the loop's thread; the looking is done in `threads`. InvalidInput for an expression that is none or takes too long."""

    def __init__(self, store: LineStore, threads: Executor, query: LogQuery) -> None:
        self._store = store
        self._threads = threads
        self._search = Search(query, "none")

    async def newest(self, limit: int, before: int | None = None) -> Page:
        """The last `limit` records that lie before a line; fewer where they are very long, or older ones are not kept."""
        end = self._at_record(self._store.end if before is None else before)
        at = end
        found: list[WholeRecord] = []
        characters = 0
        while at > self._store.first and len(found) < limit and characters < _PAGE_CHARACTERS:
            piece = self._store.piece(self._store.block_first(at - 1)).until(at)
            for record in reversed(self._records(await self._look(piece), slice(len(found) - limit, None))):
                found.append(record)
                characters += len(record.text)
                at = record.first.number
                if len(found) == limit or characters >= _PAGE_CHARACTERS:
                    break
            else:
                at = piece.first
        return Page(found[::-1], at, end)

    async def oldest(self, limit: int, start: int) -> Page:
        """The first `limit` records from a line on; fewer where they are very long, or there are no more yet."""
        begin = self._at_record(start)
        dropped = max(0, begin - start)
        at = begin
        found: list[WholeRecord] = []
        characters = 0
        while at < self._store.end and len(found) < limit and characters < _PAGE_CHARACTERS:
            piece = self._store.piece(at)
            at = piece.end
            for record in self._records(await self._look(piece), slice(limit - len(found))):
                found.append(record)
                characters += len(record.text)
                if len(found) == limit or characters >= _PAGE_CHARACTERS:
                    at = record.first.number + record.text.count("\n") + 1
                    break
            at = max(at, self._store.first)
        return Page(found, begin, at, dropped)

    async def all(self) -> AsyncGenerator[Sequence[WholeRecord], None]:
        """Everything that is there now and passes, the oldest first, a few hundred at a time."""
        at, end = self._store.first, self._store.end
        while at < end:
            piece = self._store.piece(at)
            found = await self._look(piece.until(end))
            for start in range(0, len(found.records), _AT_A_TIME):
                yield self._records(found, slice(start, start + _AT_A_TIME))
            at = max(piece.end, self._store.first)

    async def _look(self, piece: Piece) -> Found:
        self._search.know(self._store.origins)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._search.look, piece)

    def _records(self, found: Found, part: slice) -> list[WholeRecord]:
        """A part of them, as far as they were not dropped meanwhile."""
        records: list[WholeRecord] = []
        for number, lines in zip(found.records[part].tolist(), found.lengths[part].tolist(), strict=True):
            if number >= self._store.first:
                rows = self._store.rows(range(number, number + lines))
                records.append(WholeRecord(rows[0], "\n".join(row.text for row in rows)))
        return records

    def _at_record(self, number: int) -> int:
        """The line itself, made one that begins a record and is kept."""
        number = min(self._store.end, max(self._store.first, number))
        return self._store.record_first(number) if number < self._store.end else number
