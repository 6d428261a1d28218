"""What a log file holds from when it was made until it is cut or replaced: its bytes, its layout and format, its index, its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.logs.file_bytes import FileBytes
from chainbot_desktop.watch.logs.file_index import BLOCK, FileChanged, LineIndex
from chainbot_desktop.watch.logs.file_text import TextLayout, detect
from chainbot_desktop.watch.logs.file_volume import Sample
from chainbot_desktop.watch.logs.parsing import LineFormat, detect_format, level_share

SHOWN = 20_000
"""Bytes of a line that a row shows; `LogFile.text` gives all of them."""
_TOGETHER = 4 << 20
"""Lines of so many bytes are read in one go."""
_COMPRESSED = {b"\x1f\x8b": "gunzip -k", b"BZh": "bunzip2 -k", b"\xfd7zXZ\0": "unxz -k", b"\x28\xb5\x2f\xfd": "unzstd"}
_TIME_SAMPLE = 4096
_FINE = 512
"""Of a file of fewer blocks so many times are remembered all the same: its histogram would else be a few steps."""
_FORMAT_SAMPLE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Window:
    """Whole lines as UTF-8 with line feeds: `starts` says where each begins in `block`. `first` is the number of the first one."""

    first: int
    block: bytes
    starts: NDArray[np.int64]

    def line(self, place: int) -> bytes:
        """Without its end."""
        begin = int(self.starts[place])
        end = int(self.starts[place + 1]) if place + 1 < len(self.starts) else len(self.block)
        return self.block[begin : end - 1 if self.block[end - 1 : end] == b"\n" else end]


@dataclass(eq=False)
class Content:
    """Numbers of lines are from 0 here; `base` is what the document adds. `size` is what the file had when it was last looked at."""

    source: FileBytes
    name: str
    base: int = 0
    size: int = 0
    layout: TextLayout = field(default_factory=TextLayout)
    format: LineFormat = field(default_factory=LineFormat)
    sampled: int = 0
    """Of how many bytes layout and format were told."""
    samples: list[Sample] = field(default_factory=list)
    """Some lines, evenly spread over the bytes."""
    index: LineIndex = field(init=False)

    def __post_init__(self) -> None:
        self.index = LineIndex(self.layout)

    @classmethod
    def of(cls, source: FileBytes, name: str, base: int) -> Content:
        """Reads samples: for a thread. OSError; InvalidInput where it is compressed."""
        status = source.status()
        size = status.st_size
        head = source.read(0, min(size, _FORMAT_SAMPLE))
        _refuse_compressed(head, name)
        tail = source.read(size - _FORMAT_SAMPLE, _FORMAT_SAMPLE) if size > 2 * _FORMAT_SAMPLE else b""
        layout = detect(head, tail[: len(tail) // 4 * 4])
        lines = layout.as_utf8(_whole_units(head[layout.start :], layout)).split(b"\n")
        if layout.unit == 1:
            lines += layout.as_utf8(tail).split(b"\n")[1:]
        return cls(source, name, base, size, layout, detect_format(_spread(lines), status.st_mtime), len(head))

    @property
    def indexed(self) -> bool:
        return self.index.extent.size >= self.size

    @property
    def lines(self) -> int:
        return self.index.extent.lines

    def window(self, first: int, end: int) -> Window:
        """FileChanged or OSError where the lines are no longer there."""
        bounds = self.index.bounds(first, end, self.source.read)
        raw = self.source.read(int(bounds[0]), int(bounds[-1] - bounds[0]))
        if len(raw) != bounds[-1] - bounds[0]:
            raise FileChanged
        block = self.layout.as_utf8(raw)
        if block is raw:
            return Window(first, block, bounds[:-1] - bounds[0])
        starts = np.concatenate([[0], np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + 1])[: end - first]
        if len(starts) != end - first:
            raise FileChanged
        return Window(first, block, starts)

    def raw_line(self, line: int, limit: int) -> bytes:
        """At most `limit` bytes of it."""
        begin, end = self.index.bounds(line, line + 1, self.source.read).tolist()
        return self.source.read(begin, min(limit, end - begin))

    def text(self, line: int, limit: int = 1 << 30) -> str:
        return self._decoded(self.raw_line(line, limit))

    def rows(self, first: int, end: int) -> Sequence[LogRow]:
        """FileChanged or OSError where they are no longer there."""
        if first >= end:
            return []
        bounds = self.index.bounds(first, end, self.source.read).tolist()
        shown = SHOWN // self.layout.unit * self.layout.unit
        if bounds[-1] - bounds[0] > _TOGETHER:
            raws = [self.source.read(a, min(b - a, shown)) for a, b in pairwise(bounds)]
        else:
            block = self.source.read(bounds[0], bounds[-1] - bounds[0])
            raws = [block[a - bounds[0] : min(b, a + shown) - bounds[0]] for a, b in pairwise(bounds)]
        lengths = [b - a for a, b in pairwise(bounds)]
        return self.rows_of(raws, lengths, first)

    def rows_of(
        self, raws: Sequence[bytes], lengths: Sequence[int], first: int, *, number_from: int | None = None
    ) -> list[LogRow]:
        rows: list[LogRow] = []
        time: float | None = None
        level = 0
        for place, (raw, length) in enumerate(zip(raws, lengths, strict=True)):
            line = self._line(raw)
            continues = first + place > 0 and not self.format.begins(line)
            if not continues:
                time, level = self.format.time(line), self.format.level(line)
            elif place == 0 and number_from is None:
                time, level = self._of_record(first)
            text = self._decoded(raw)
            if length > len(raw):
                text = f"{text} … ({length - len(raw):,} more bytes)"
            number = self.base + first + place if number_from is None else number_from + place
            rows.append(LogRow(number, time, level, "file", self.name, text, continues))
        return rows

    def _of_record(self, line: int) -> tuple[float | None, int]:
        """Time and level of the record that `line` continues: of its first line, where that is not farther back than a block or two."""
        first, _ = self.index.owned(max(0, self.index.block_of(line) - 1), 0)
        if line - first > 0:
            bounds = self.index.bounds(first, line, self.source.read).tolist()
            if bounds[-1] - bounds[0] <= _TOGETHER:
                block = self.source.read(bounds[0], bounds[-1] - bounds[0])
                for b, a in pairwise(reversed(bounds)):
                    head = self._line(block[a - bounds[0] : b - bounds[0]])
                    if self.format.begins(head):
                        return self.format.time(head), self.format.level(head)
        return None, 0

    def _line(self, raw: bytes) -> bytes:
        return self.layout.as_utf8(raw).rstrip(b"\n")

    def _decoded(self, raw: bytes) -> str:
        separator = chr(self.layout.separator)
        text = self.layout.decode(raw).removesuffix(separator)
        return text.removesuffix("\r") if separator == "\n" else text

    def tail(self, count: int) -> list[LogRow]:
        """The last lines, whatever is indexed; numbered from the end: the last one is -1."""
        size, unit = self.source.status().st_size, self.layout.unit
        length = BLOCK
        while True:
            begin = max(self.layout.start, (size - length) // unit * unit)
            block = self.source.read(begin, size - begin)
            units = self.layout.units(block)
            ends = (np.flatnonzero(units == self.layout.separator) + 1) * unit
            bounds = [0, *ends.tolist()] if begin == self.layout.start else ends.tolist()
            if not bounds or bounds[-1] != len(block):
                bounds.append(len(block))
            if len(bounds) > count or begin == self.layout.start or length >= _TOGETHER:
                break
            length *= 4
        bounds = bounds[-count - 1 :]
        pairs = list(pairwise(bounds))
        raws = [block[a : min(b, a + SHOWN)] for a, b in pairs]
        return self.rows_of(raws, [b - a for a, b in pairs], 1, number_from=-len(pairs))

    def take_samples(self, block: int) -> None:
        """Remember the times of some lines of a block that is indexed: of a small file of many, of a large one of one. OSError."""
        first, end = self.index.owned(block, block + 1)
        each = max(1, self.size // _FINE)
        raw = self.source.read(block * BLOCK, _TIME_SAMPLE + (BLOCK if each < BLOCK else 0)) if self.format.timed else b""
        starts = (np.flatnonzero(self.layout.units(raw) == self.layout.separator) + 1) * self.layout.unit
        if block == 0:
            starts = np.concatenate([[self.layout.start], starts])
        known = self.samples[-1].line - first if self.samples else -1
        stretch = int(starts[known]) // each if 0 <= known < len(starts) else -1
        for place in range(max(0, known + 1), min(end - first, len(starts) - 1)):
            begin = int(starts[place])
            if begin // each == stretch:
                continue
            line = self._line(raw[begin : starts[place + 1]])
            moment = self.format.time(line) if self.format.begins(line) else None
            if moment is not None:
                lines = self.layout.as_utf8(_whole_units(raw[begin : begin + _TIME_SAMPLE], self.layout)).split(b"\n")[:-1]
                self.samples.append(Sample(first + place, moment, level_share(self.format, lines or [line])))
                stretch = begin // each


def _refuse_compressed(head: bytes, name: str) -> None:
    for magic, program in _COMPRESSED.items():
        if head.startswith(magic):
            raise InvalidInput(f"{name} is compressed.", hint=f"Unpack it first, for instance with {program}.")


def _whole_units(raw: bytes, layout: TextLayout) -> bytes:
    return raw[: len(raw) // layout.unit * layout.unit]


def _spread(lines: Sequence[bytes]) -> Sequence[bytes]:
    """Some of them, from everywhere."""
    step = max(1, len(lines) // 400)
    return lines[::step]
