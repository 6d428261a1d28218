"""The lines of the timeline: blocks of bytes with a small index beside them, the oldest dropped when it is too much.

A line costs its bytes and seven more: four for its time, two for who said it, one for its level. Where lines begin is not kept:
counting line feeds in a block takes a tenth of a millisecond, and a few blocks that are being looked at remember it.
A record never lies in two blocks. Use on one thread; a `Piece` may go to another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.timeline_block import CONTINUES, LEVEL_BITS, Block, Piece
from chainbot_desktop.watch.logs.timeline_volume import VolumeCounts

BLOCK_BYTES = 256 * 1024
LONGEST_RECORD = 1024 * 1024
"""Characters; of a longer record the rest is counted, not kept."""
MOST_NAMES = 60_000
"""Who spoke, at most (the index has two bytes for it); whoever comes after these is called `OTHER`."""
OTHER = "(other)"
_LONGEST_NAME = 200
_LATEST = 253_402_300_799
"""Seconds: the end of the year 9999."""
_REMEMBERED = 8
_TOGETHER = 4
_FEED = 10


@lru_cache(256)
def level_code(level: int) -> int:
    """0 for none, else 1 to 5 for debug to critical: a level between two is the lower one."""
    return min(5, max(1, level // 10)) if level > 0 else 0


@dataclass(frozen=True, slots=True)
class Origin:
    source: str
    name: str


class LineStore:
    """`kept` is in bytes, the index included; the newest block stays, however large."""

    def __init__(self, kept: int, block_bytes: int = BLOCK_BYTES) -> None:
        self.kept = kept
        self._block_bytes = block_bytes
        self._together = max(1, min(_TOGETHER, kept // block_bytes // 16))
        """Blocks that are looked through in one go: few of those that are kept, or they would be dropped meanwhile."""
        self._blocks: list[Block] = [Block(0, 0)]
        self._firsts: list[int] = [0]
        self._size = 0
        """Of the blocks before the last."""
        self.origins: list[Origin] = []
        self._origin_ids: dict[tuple[str, str], int] = {}
        self._ends: OrderedDict[int, NDArray[np.intp]] = OrderedDict()
        self.counts = VolumeCounts()
        """Of the records that are kept."""

    @property
    def first(self) -> int:
        return self._blocks[0].first

    @property
    def end(self) -> int:
        return self._blocks[-1].end

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return self._size + self._blocks[-1].size

    def add(self, records: Sequence[LogRecord]) -> Sequence[int]:
        """Keep `records`; the number of the first line of each. At most a few hundred kilobytes at a time, or it takes long."""
        texts = [record.text.rstrip("\r\n") for record in records]
        joined = "\n".join(texts)
        if "\r" in joined:
            joined = joined.replace("\r\n", "\n")
        data = joined.encode(errors="backslashreplace") + b"\n"
        times = np.array([record.time for record in records], np.float64)
        milliseconds = np.rint(np.clip(np.nan_to_num(times), 0, _LATEST) * 1000).astype(np.int64)
        codes = np.array([level_code(record.level) for record in records], np.uint8)
        self.counts.add(milliseconds, codes)
        origins = self._origins(records)
        if data.count(b"\n") == len(texts):
            numbers = range(self.end, self.end + len(texts))
            self._keep(data, milliseconds, origins, codes, np.ones(len(texts), np.intp))
            return numbers
        counts = np.array([text.count("\n") + 1 for text in texts], np.intp)
        starts = np.cumsum(counts) - counts
        marks = np.repeat(codes | CONTINUES, counts).astype(np.uint8)
        marks[starts] = codes
        first = self.end
        self._keep(data, np.repeat(milliseconds, counts), np.repeat(origins, counts), marks, counts)
        return [first + start for start in starts.tolist()]

    def drop(self) -> list[Block]:
        """Forget what is too much; the blocks that are gone, oldest first."""
        gone = 0
        while self.size > self.kept and gone < len(self._blocks) - 1:
            self._size -= self._blocks[gone].size
            gone += 1
        dropped = self._blocks[:gone]
        if dropped:
            del self._blocks[:gone], self._firsts[:gone]
            for block in dropped:
                self._ends.pop(block.first, None)
                self.counts.remove(*block.records())
            if self.counts.coarse:
                self.counts.clear()
                for block in self._blocks:
                    self.counts.add(*block.records())
        return dropped

    def blocks_from(self, number: int) -> Iterable[Block]:
        """The block in which this line is, and those after it."""
        return self._blocks[bisect_right(self._firsts, number) - 1 :]

    def piece(self, number: int) -> Piece:
        """From this line, which begins a record and is kept, to the end of its block."""
        block = self._block(number)
        skipped = number - block.first
        begin = int(self._ends_of(block)[skipped - 1]) + 1 if skipped else 0
        whole = begin == 0 and isinstance(block.text, bytes)
        return Piece(
            number,
            block.text if whole and isinstance(block.text, bytes) else bytes(block.text[begin:]),
            block.times[skipped : block.count].astype(np.int64) + block.base,
            block.origins[skipped : block.count],
            block.marks[skipped : block.count],
        )

    def pieces_from(self, number: int) -> Piece:
        """From this line, which begins a record and is kept, to the end of a few blocks."""
        pieces = [self.piece(number)]
        while pieces[-1].end < self.end and len(pieces) < self._together:
            pieces.append(self.piece(pieces[-1].end))
        return Piece.of(pieces)

    def pieces_before(self, number: int) -> Piece:
        """A few blocks up to this line, before which there is one that is kept."""
        pieces = [self.piece(self.block_first(number - 1)).until(number)]
        while pieces[0].first > self.first and len(pieces) < self._together:
            pieces.insert(0, self.piece(self.block_first(pieces[0].first - 1)))
        return Piece.of(pieces)

    def block_first(self, number: int) -> int:
        """The first line of the block in which this line is."""
        return self._block(number).first

    def rows(self, numbers: Iterable[int], repeats: Callable[[int], int] | None = None) -> list[LogRow]:
        """The lines of these numbers, which are kept. `repeats` tells that of a place among them."""
        return [self._row(number, repeats(place) if repeats is not None else 0) for place, number in enumerate(numbers)]

    def record_end(self, number: int) -> int:
        """The number after the last line of the record that begins with this one."""
        block = self._block(number)
        at = number - block.first + 1
        while at < block.count and block.marks[at] & CONTINUES:
            at += 1
        return block.first + at

    def record_first(self, number: int) -> int:
        """The first line of the record of this line."""
        block = self._block(number)
        at = number - block.first
        while at and block.marks[at] & CONTINUES:
            at -= 1
        return block.first + at

    def _row(self, number: int, repeats: int) -> LogRow:
        block = self._block(number)
        at = number - block.first
        ends = self._ends_of(block)
        begin = int(ends[at - 1]) + 1 if at else 0
        text = block.text[begin : int(ends[at])].decode(errors="replace")
        mark = int(block.marks[at])
        origin = self.origins[block.origins[at]]
        time = (int(block.times[at]) + block.base) / 1000
        level = (mark & LEVEL_BITS) * 10
        return LogRow(number, time, level, origin.source, origin.name, text, bool(mark & CONTINUES), repeats)

    def _block(self, number: int) -> Block:
        return self._blocks[bisect_right(self._firsts, number) - 1]

    def _ends_of(self, block: Block) -> NDArray[np.intp]:
        """Where the line feeds of a block are."""
        ends = self._ends.get(block.first)
        if ends is None or len(ends) < block.count:
            ends = np.flatnonzero(np.frombuffer(block.text, np.uint8) == _FEED)
            self._ends[block.first] = ends
            if len(self._ends) > _REMEMBERED:
                self._ends.popitem(last=False)
        self._ends.move_to_end(block.first)
        return ends

    def _keep(
        self,
        data: bytes,
        milliseconds: NDArray[np.int64],
        origins: NDArray[np.uint16],
        marks: NDArray[np.uint8],
        counts: NDArray[np.intp],
    ) -> None:
        block = self._blocks[-1]
        if not block.count:
            block.base = int(milliseconds[0])
        elif len(block.text) >= self._block_bytes or not block.reaches(milliseconds):
            block = self._next_block(int(milliseconds[0]))
        if block.reaches(milliseconds):
            block.add(data, milliseconds, origins, marks)
            return
        # Clocks that are weeks apart: a block for each, as far as it takes.
        half = max(1, len(counts) // 2)
        lines = int(counts[:half].sum())
        cut = int(np.flatnonzero(np.frombuffer(data, np.uint8) == _FEED)[lines - 1]) + 1
        self._keep(data[:cut], milliseconds[:lines], origins[:lines], marks[:lines], counts[:half])
        self._keep(data[cut:], milliseconds[lines:], origins[lines:], marks[lines:], counts[half:])

    def _next_block(self, base: int) -> Block:
        last = self._blocks[-1]
        last.seal()
        self._size += last.size
        block = Block(last.end, base)
        self._blocks.append(block)
        self._firsts.append(block.first)
        return block

    def _origins(self, records: Sequence[LogRecord]) -> NDArray[np.uint16]:
        spoke = [(record.source, record.name) for record in records]
        known = list(map(self._origin_ids.get, spoke))
        if None in known:
            known = [self._origin(source, name) for source, name in spoke]
        return np.array(known, np.uint16)

    def _origin(self, source: str, name: str) -> int:
        known = self._origin_ids.get((source, name))
        if known is not None:
            return known
        name = name[:_LONGEST_NAME] if len(self.origins) < MOST_NAMES else OTHER
        known = self._origin_ids.get((source, name))
        if known is None:
            known = self._origin_ids[source, name] = len(self.origins)
            self.origins.append(Origin(source, name))
        return known
