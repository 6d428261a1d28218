"""Selections of the timeline: all of its lines, or those that a search found, folded where that is asked.

A search looks at the newest lines first: what comes is appended, what is older is put before. Use on the loop's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.logs.document import LogRow, Volume
from chainbot_desktop.watch.logs.timeline_block import Block, Piece
from chainbot_desktop.watch.logs.timeline_numbers import Numbers
from chainbot_desktop.watch.logs.timeline_search import Found, Lines, Search
from chainbot_desktop.watch.logs.timeline_store import LineStore
from chainbot_desktop.watch.logs.timeline_volume import VolumeCounts


class WholeSelection:
    """Every line that is kept."""

    error: InvalidInput | None = None
    searched = 1.0

    def __init__(self, store: LineStore) -> None:
        self._store = store

    @property
    def count(self) -> int:
        return self._store.end - self._store.first

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        begin = self._store.first + max(0, first)
        return self._store.rows(range(begin, min(self._store.end, begin + max(0, count))))

    def place_of(self, number: int) -> int:
        return min(self.count, max(0, number - self._store.first))

    def volume(self, buckets: int) -> Volume | None:
        return self._store.counts.volume(buckets)

    def close(self) -> None:
        """There is nothing to end."""


class SearchedRows:
    """What a search found so far, as rows. It is fed with `take` and `drop`, in whatever order pieces were looked at."""

    def __init__(self, store: LineStore, *, folded: bool, hits_only: bool = False) -> None:
        self._store = store
        self._folded = folded
        self._hits_only = hits_only
        self.begin = self.end = store.end
        """From where to where was looked."""
        self.numbers = Numbers()
        self._counts = VolumeCounts()
        self._repeats = Numbers(np.int32)
        self._records = Numbers()
        """All that were found, the folded ones too; kept only where something is folded."""
        self._first_key: int | None = None
        self._last_key: int | None = None

    def volume(self, buckets: int) -> Volume | None:
        return self._counts.volume(buckets)

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        first = max(0, first)
        asked = slice(first, first + max(0, count))
        numbers = self.numbers.view[asked].tolist()
        if not self._folded:
            return self._store.rows(numbers)
        return self._store.rows(numbers, self._repeats.view[asked].tolist().__getitem__)

    def next_piece(self) -> Piece | None:
        """What is to be looked at next: what came, else what is older; None where everything was."""
        if self.end < self._store.end:
            return self._store.pieces_from(self.end)
        if self.begin > self._store.first:
            return self._store.pieces_before(self.begin)
        return None

    def take(self, found: Found) -> None:
        """What was found in the last of `next_piece`. If a part of that was dropped meanwhile, the rest is looked at again."""
        if found.first < self._store.first:
            return
        newer = found.first >= self.end
        self.begin, self.end = min(self.begin, found.first), max(self.end, found.end)
        if self._hits_only:
            (self.numbers.append if newer else self.numbers.prepend)(found.hits)
            return
        self._counts.add(found.milliseconds, found.codes)
        if not self._folded:
            rows = _all_lines(found.records, found.lengths)
            (self.numbers.append if newer else self.numbers.prepend)(rows)
        elif len(found.records):
            self._fold(found, newer=newer)

    def drop(self, blocks: Sequence[Block]) -> None:
        """The document dropped these."""
        first = self._store.first
        members = self._records if self._folded else self.numbers
        if not self._hits_only:
            for block in blocks:
                self._counts.remove(*_times_of(block, members))
        gone = self.numbers.place_of(first)
        self.numbers.drop(gone)
        if self._folded:
            self._repeats.drop(gone)
            self._records.drop(self._records.place_of(first))
            self._begin_again()
        if self._counts.coarse:
            self._counts.clear()
            for block in self._store.blocks_from(first):
                self._counts.add(*_times_of(block, members))
        self.begin, self.end = max(self.begin, first), max(self.end, first)

    def _begin_again(self) -> None:
        """The first run may have lost its first record and go on without it."""
        if not len(self._records):
            self._first_key = self._last_key = None
            return
        record = int(self._records.view[0])
        if len(self.numbers) and record == self.numbers.view[0]:
            return
        following = int(self.numbers.view[0]) if len(self.numbers) else self._store.end
        repeats = self._records.place_of(following) - 1
        self._put_first(np.array([record]), np.array([self._store.record_end(record) - record]), np.array([repeats]))

    def _fold(self, found: Found, *, newer: bool) -> None:
        keys = found.keys
        runs = np.concatenate([[0], np.flatnonzero(keys[1:] != keys[:-1]) + 1])
        records, lengths = found.records[runs], found.lengths[runs]
        repeats = np.diff(runs, append=len(keys)) - 1
        if newer:
            if self._last_key == int(keys[0]):
                self._add_to_last(int(repeats[0]) + 1)
                records, lengths, repeats = records[1:], lengths[1:], repeats[1:]
            self._records.append(found.records)
            self.numbers.append(_all_lines(records, lengths))
            self._repeats.append(_at_first_lines(repeats, lengths))
        else:
            if self._first_key == int(keys[-1]):
                repeats[-1] += self._take_first() + 1
            self._records.prepend(found.records)
            self._put_first(records, lengths, repeats)
        if newer or self._last_key is None:
            self._last_key = int(keys[-1])
        if not newer or self._first_key is None:
            self._first_key = int(keys[0])

    def _add_to_last(self, more: int) -> None:
        last = self._store.record_first(int(self.numbers.view[-1]))
        self._repeats.view[self.numbers.place_of(last)] += more

    def _take_first(self) -> int:
        """Take away the first row's record; how many repeated it."""
        repeats = int(self._repeats.view[0])
        record = int(self.numbers.view[0])
        lines = self._store.record_end(record) - record
        self.numbers.drop(lines)
        self._repeats.drop(lines)
        return repeats

    def _put_first(self, records: Lines, lengths: Lines, repeats: Lines) -> None:
        self.numbers.prepend(_all_lines(records, lengths))
        self._repeats.prepend(_at_first_lines(repeats, lengths))


class SearchSelection:
    """A search over the timeline. It goes on, and follows what comes, while `work` runs."""

    def __init__(self, store: LineStore, search: Search, rows: SearchedRows, closed: Callable[[SearchSelection], None]) -> None:
        self._closed = closed
        self.error: InvalidInput | None = None
        self._store = store
        self._search = search
        self._rows = rows
        self._more = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        return len(self._rows.numbers)

    @property
    def searched(self) -> float:
        """Of what was there when it began: it does not fall back for what comes."""
        kept = self._store.end - self._store.first
        return 1 - (self._rows.begin - self._store.first) / kept if kept else 1.0

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        return self._rows.rows(first, count)

    def place_of(self, number: int) -> int:
        return self._rows.numbers.place_of(number)

    def volume(self, buckets: int) -> Volume | None:
        return self._rows.volume(buckets)

    def close(self) -> None:
        if self._working is not None:
            self._working.cancel()
        self._closed(self)

    def begin(self, tasks: Tasks, threads: Executor, changed: Callable[[], None]) -> None:
        """Search until it is closed; `changed` is called after each piece."""
        self._working = tasks.spawn("search the timeline", self._work(threads, changed))

    def grown(self, dropped: Sequence[Block]) -> None:
        """Lines came, and perhaps others went."""
        if dropped:
            self._rows.drop(dropped)
        self._more.set()

    async def _work(self, threads: Executor, changed: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        while self.error is None:
            self._more.clear()
            piece = self._rows.next_piece()
            if piece is None:
                await self._more.wait()
                continue
            self._search.know(self._store.origins)
            try:
                self._rows.take(await loop.run_in_executor(threads, self._search.look, piece))
            except InvalidInput as error:
                self.error = error
            changed()


def _times_of(block: Block, numbers: Numbers) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Times and levels of the records among these lines that are in a block."""
    return block.records(numbers.view[numbers.place_of(block.first) : numbers.place_of(block.end)] - block.first)


def _all_lines(records: Lines, lengths: Lines) -> NDArray[np.int64]:
    """The numbers of all lines of records."""
    if not len(records) or int(lengths.max()) == 1:
        return records
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(records, lengths) + within


def _at_first_lines(repeats: Lines, lengths: Lines) -> NDArray[np.int64]:
    """What belongs to a record, at the place of its first line."""
    placed = np.zeros(int(lengths.sum()), np.int64)
    placed[np.cumsum(lengths) - lengths] = repeats
    return placed
