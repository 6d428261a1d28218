"""How records get into the timeline: gathered for a moment, secrets hidden, and handed on in batches that take a few milliseconds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.timeline_store import BLOCK_BYTES, LONGEST_RECORD
from chainbot_desktop.watch.redaction import Redactor
from chainbot_desktop.watch.redaction_many import redact_all

GATHERED = 0.02
"""Seconds from the first record to the batch that it is in."""
MOST_WAITING = 200_000
MOST_WAITING_CHARACTERS = 32 * 1024 * 1024
_SLICE = 0.004
"""Seconds of the loop at a time."""
_PAUSE = 0.001
_FEWEST, _MOST = 256, 4096


class Intake:
    """`keep` is handed the batches, on the loop's thread. When more waits than there is room for, the newest are counted, not kept."""

    def __init__(self, keep: Callable[[Sequence[LogRecord]], None], redactor: Redactor) -> None:
        self._keep = keep
        self._redactor = redactor
        self._waiting: deque[LogRecord] = deque()
        self._characters = 0
        self._left_out = 0
        self._sources: list[Callable[[], Iterable[LogRecord]]] = []
        self._planned: asyncio.TimerHandle | None = None
        self._batch = 256
        self._emptied = asyncio.Event()
        self._emptied.set()

    def add(self, records: Iterable[LogRecord]) -> None:
        self._take(records)
        if self._waiting:
            self._begin()

    def _take(self, records: Iterable[LogRecord]) -> None:
        records = records if isinstance(records, list) else list(records)
        lengths = [len(record.text) for record in records]
        characters = sum(lengths)
        room = len(self._waiting) + len(records) <= MOST_WAITING and self._characters + characters <= MOST_WAITING_CHARACTERS
        if room and max(lengths, default=0) <= LONGEST_RECORD:
            self._waiting.extend(records)
            self._characters += characters
        else:
            self._add_what_there_is_room_for(records)

    def _add_what_there_is_room_for(self, records: Iterable[LogRecord]) -> None:
        for record in records:
            if len(self._waiting) >= MOST_WAITING or self._characters >= MOST_WAITING_CHARACTERS:
                self._left_out += 1
                continue
            text = record.text
            kept = record if len(text) <= LONGEST_RECORD else record._replace(text=_shortened(text))
            self._waiting.append(kept)
            self._characters += len(kept.text)

    def ask(self, source: Callable[[], Iterable[LogRecord]]) -> None:
        """Add what `source` gives when the next batch is made: whoever is in a hurry makes no records before."""
        self._sources.append(source)
        self._begin()

    async def emptied(self) -> None:
        """Everything that was added is kept. For a source that can wait: nothing of it is left out."""
        await self._emptied.wait()

    def close(self) -> None:
        """Keep what waits, however long it takes."""
        if self._planned is not None:
            self._planned.cancel()
        self._hear_sources()
        while self._waiting:
            self._keep_batch()
        self._emptied.set()

    def _begin(self) -> None:
        if self._planned is None:
            self._emptied.clear()
            self._plan(GATHERED)

    def _hear_sources(self) -> None:
        sources, self._sources = self._sources, []
        for source in sources:
            self._take(source())

    def _plan(self, delay: float) -> None:
        self._planned = asyncio.get_running_loop().call_later(delay, self._flush)

    def _flush(self) -> None:
        self._planned = None
        end = time.perf_counter() + _SLICE
        try:
            self._hear_sources()
            while self._waiting and time.perf_counter() < end:
                self._keep_batch()
            if self._left_out and len(self._waiting) < MOST_WAITING // 2:
                self._tell_left_out()
        finally:  # who hears of a batch may fail: the next one is kept all the same
            if self._waiting or self._sources:
                self._plan(_PAUSE)
            else:
                self._emptied.set()

    def _keep_batch(self) -> None:
        started = time.perf_counter()
        batch, texts = self._next_batch()
        hidden = redact_all(self._redactor, texts)
        if hidden is not texts:
            batch = [
                record if text is record.text else record._replace(text=text)
                for record, text in zip(batch, hidden, strict=True)
            ]
        self._keep(batch)
        each = max(1e-7, (time.perf_counter() - started) / len(batch))
        self._batch = min(_MOST, max(_FEWEST, int(_SLICE / 2 / each)))

    def _next_batch(self) -> tuple[list[LogRecord], list[str]]:
        """Of what waits the first, and their texts: not many, and not much more than a block; one at least."""
        take = self._waiting.popleft
        batch = [take() for _ in range(min(self._batch, len(self._waiting)))]
        texts = [record.text for record in batch]
        characters = sum(map(len, texts))
        while characters >= BLOCK_BYTES and len(batch) > 1:
            half = len(batch) // 2
            self._waiting.extendleft(reversed(batch[half:]))
            del batch[half:], texts[half:]
            characters = sum(map(len, texts))
        self._characters -= characters
        return batch, texts

    def _tell_left_out(self) -> None:
        text = f"{self._left_out} records left out: they came faster than they could be kept."
        self._left_out = 0
        self._waiting.append(LogRecord(time.time(), logging.WARNING, "program", __name__, text))


def _shortened(text: str) -> str:
    return f"{text[:LONGEST_RECORD]} … ({len(text) - LONGEST_RECORD} more characters)"
