"""What the lines of a log file say of themselves: time, level, and whether a line begins a record. Works on UTF-8 bytes.

The format is detected once from a sample (`detect_format`) and is then the only one that is tried. Times without an offset are those
of this machine's time zone. In a file with a format, a line that does not begin as its records do continues the record before it.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.line_times import TIME_IN_JSON, TIME_IN_LOGFMT, moment_of

_LEVEL_NAMES = {
    logging.DEBUG: ("trace", "debug", "dbg", "verbose", "fine"),
    logging.INFO: ("info", "information", "notice"),
    logging.WARNING: ("warn", "warning"),
    logging.ERROR: ("err", "error", "severe"),
    logging.CRITICAL: ("crit", "critical", "fatal", "alert", "emerg", "emergency", "panic"),
}
_LEVEL_OF = {name.encode(): level for level, names in _LEVEL_NAMES.items() for name in names}
_BUNYAN = {10: 10, 20: 10, 30: 20, 40: 30, 50: 40, 60: 50}
"""Numbers as levels in JSON: those of bunyan and pino."""
_SEVERITY = (50, 50, 50, 40, 30, 20, 20, 10)
"""Of syslog (RFC 5424), 0 to 7."""
_NAMES = "|".join(sorted((name for names in _LEVEL_NAMES.values() for name in names), key=len, reverse=True))

_ISO = rb"[\[(\x22]?(?:\d{4})[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d"
_PRIORITY = rb"<(\d{1,3})>"
_HEADS = {
    "rfc5424": _PRIORITY + rb"\d{1,2} " + _ISO,
    "iso": _ISO,
    "syslog_priority": _PRIORITY + rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d",
    "syslog": rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d",
    "apache_error": rb"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4}\]",
    "access": rb"\S{1,200} \S{1,200} [^\[\x22\n]{1,200}\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]",
    "json": rb"\{[ \t]*[\x22}]",
    "epoch": rb"\[?1\d{9}(?:\d{3})?(?:\.\d{1,9})?\]?[ \t:,]",
    "logfmt": rb"[A-Za-z_][A-Za-z_0-9.@/-]*=\S*[ \t]+[A-Za-z_]",
    "python": rb"(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):",
}
"""How a record begins, the most telling format first."""
_LEVELS = {
    "rfc5424": _PRIORITY,
    "syslog_priority": _PRIORITY,
    "access": rb"\x22 (\d)\d\d (?:\d+|-)",
    "json": rb"\x22(?:level|levelname|severity|lvl|log\.level|loglevel|PRIORITY)\x22[ \t]*:[ \t]*\x22?(\w+)",
    "logfmt": rb"\b(?:level|lvl|severity)=\x22?(\w+)",
    "python": rb"(\w+):",
}
_TIME_IN_ACCESS = re.compile(rb"\[\d\d/[A-Z][a-z]{2}/\d{4}:[^\]\n]*\]", re.ASCII)
_TOKEN = rb"[\[(<|\x22']*((?i:" + _NAMES.encode() + rb"))\b"
_ANYWHERE = re.compile(rb"\b((?-i:" + _NAMES.upper().encode() + rb"))\b|[\[<(]((?i:" + _NAMES.encode() + rb"))[\])>]", re.ASCII)
_BLANK = frozenset({b"", b" ", b"\t", b"\n"})
_KINDS_BY_SIGN = {
    "9": b"0123456789",
    "0": b" 0123456789",
    "A": bytes(range(65, 91)),
    "a": bytes(range(97, 123)),
    "-": b"-/",
    "T": b"T ",
    "_": b" ",
    ":": b":",
    "{": b"{",
    "}": b'"}',
    "x": bytes(set(range(256)) - set(b" \t\n")),
}
_KINDS = np.zeros(256, np.uint16)
for _bit, _members in enumerate(_KINDS_BY_SIGN.values()):
    _KINDS[list(_members)] |= 1 << _bit
_SHAPES = {"iso": "9999-99-99T99:99:99", "syslog": "Aaa_09_99:99:99", "json": "{}", "plain": "x"}
"""What the usual line begins like, column by column: no line is like that and does not begin a record."""
_LOOKED_AT = 300
"""Bytes at the beginning of a line in which time and level stand; JSON and logfmt may have them later."""
_SAMPLE = 400
_HAS_LEVEL_IN_COLUMN = 0.98


@dataclass(frozen=True)
class LineFormat:
    """`name` is "plain" where nothing was recognised. `column` is which word after the time is the level, -1 where it has no
    place of its own.

    `year` completes times that name none: they lie before `latest`, in seconds since the epoch.
    """

    name: str = "plain"
    column: int = -1
    latest: float = 0.0
    _head: re.Pattern[bytes] | None = field(default=None, repr=False)
    _level: re.Pattern[bytes] | None = field(default=None, repr=False)

    @property
    def _shape(self) -> list[int]:
        bits = list(_KINDS_BY_SIGN)
        return [1 << bits.index(kind) for kind in _SHAPES.get(self.name, "")]

    @property
    def timed(self) -> bool:
        return self.name not in {"plain", "python"}

    def begins(self, line: bytes) -> bool:
        """Whether it is the first line of a record."""
        if self._head is None:
            return line[:1] not in _BLANK or not line.strip()
        return line[:1] not in _BLANK and self._head.match(line) is not None

    def begin_mask(self, block: bytes, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Of each line that starts at `starts`, whether it begins a record: `begins`, for many at once."""
        units = np.frombuffer(block, np.uint8)
        shape = self._shape
        mask: NDArray[np.bool_] = np.full(len(starts), bool(shape) and len(units) > 0)
        for column, kinds in enumerate(shape if len(units) else ()):
            mask &= (_KINDS[units[np.minimum(starts + column, len(units) - 1)]] & kinds) != 0
        for place in np.flatnonzero(~mask).tolist():  # rare shapes, and lines that go on
            mask[place] = self._begins_at(block, int(starts[place]))
        return mask

    def _begins_at(self, block: bytes, start: int) -> bool:
        if self._head is not None:
            return block[start : start + 1] not in _BLANK and self._head.match(block, start) is not None
        end = block.find(b"\n", start)
        return self.begins(block[start : len(block) if end < 0 else end])

    def timeless(self, block: bytes) -> bytes:
        """Lines without the times that they name, as many as before: what is said again is said at another time."""
        if not self.timed:
            return block
        if self.name in {"json", "logfmt"}:
            return TIME_IN_JSON.sub(b"", block) if self.name == "json" else TIME_IN_LOGFMT.sub(b"", block)
        if self.name == "access":
            return _TIME_IN_ACCESS.sub(b"", block)
        return re.sub(rb"^" + _HEADS[self.name] + rb"[^ \t\n]*(?: [+-]\d{4}\b)?", b"", block, flags=re.ASCII | re.MULTILINE)

    def time(self, line: bytes) -> float | None:
        """Seconds since the epoch."""
        return moment_of(self.name, line[: 4096 if self.name in {"json", "logfmt"} else _LOOKED_AT], self.latest)

    def level(self, line: bytes) -> int:
        """Of `LEVELS`; 0 where it names none."""
        if self._level is None:
            found = _ANYWHERE.search(line, 0, _LOOKED_AT)
            return _LEVEL_OF[(found[1] or found[2]).lower()] if found else 0
        search = self._level.search if self.name in {"json", "logfmt", "access"} else self._level.match
        found = search(line)
        return _level_of(self.name, found[1].lower()) if found else 0

    def level_expression(self, levels: frozenset[int]) -> str | None:
        """For `re` and ripgrep: what the first line of a record with one of these levels (without 0) matches, and no other one.

        None where no expression tells them apart.
        """
        if self.name in {"rfc5424", "syslog_priority"}:
            numbers = (str(number) for number in range(192) if _SEVERITY[number % 8] in levels)
            return f"^<(?:{'|'.join(numbers)})>"
        if self._level is None or (self.column < 0 and self.name != "python"):
            return None
        names = "|".join(name for level in levels for name in _LEVEL_NAMES.get(level, ()))
        if self.name == "python":
            return f"^(?:{names.upper()}):"
        assert self._head is not None
        return "^" + self._level.pattern.decode().replace(_NAMES, names)


def detect_format(sample: Sequence[bytes], latest: float) -> LineFormat:
    """From lines of the file. `latest` is when it was written last, in seconds since the epoch."""
    lines = [line for line in sample[:_SAMPLE] if line.strip() and line[:1] not in {b" ", b"\t"}]
    best, most = "plain", max(1, len(lines) // 5)
    for name, head in _HEADS.items():
        pattern = re.compile(head, re.ASCII)
        count = sum(_fits(name, pattern, line) for line in lines)
        if count > most or (count == most and best == "plain"):
            best, most = name, count
    if best == "plain":
        return LineFormat()
    pattern = re.compile(_HEADS[best], re.ASCII)
    if best in _LEVELS:
        return LineFormat(best, -1, latest, pattern, re.compile(_LEVELS[best], re.ASCII))
    column = _level_column(pattern, [line for line in lines if pattern.match(line)])
    if column < 0:
        return LineFormat(best, -1, latest, pattern)
    return LineFormat(best, column, latest, pattern, _in_column(best, column))


def _fits(name: str, pattern: re.Pattern[bytes], line: bytes) -> bool:
    if pattern.match(line) is None:
        return False
    if name in {"json", "python", "logfmt"}:
        return name != "logfmt" or line.count(b"=") > 1
    return moment_of(name, line, 0.0) is not None


def _in_column(name: str, column: int) -> re.Pattern[bytes]:
    return re.compile(_HEADS[name] + rb"\S*[ \t]+" + rb"(?:\S+[ \t]+){%d}" % column + _TOKEN, re.ASCII)


def _level_column(head: re.Pattern[bytes], lines: list[bytes]) -> int:
    """Which word after the time names the level in all but a few lines; -1 if none does."""
    token = re.compile(_TOKEN, re.ASCII)
    columns: Counter[int] = Counter()
    for line in lines:
        found = head.match(line)
        assert found is not None
        words = line[found.end() : _LOOKED_AT].split()
        if line[found.end() : found.end() + 1].strip():
            words = words[1:]  # the rest of the time
        columns.update([at for at, word in enumerate(words[:8]) if token.match(word)][:1])
    column, count = columns.most_common(1)[0] if columns else (-1, 0)
    return column if count >= sum(columns.values()) * _HAS_LEVEL_IN_COLUMN else -1


def _level_of(name: str, found: bytes) -> int:
    if name in {"rfc5424", "syslog_priority"}:
        return _SEVERITY[int(found) % 8]
    if name == "access":
        return {b"4": logging.WARNING, b"5": logging.ERROR}.get(found, logging.INFO)
    if name == "json" and found.isdigit():
        number = int(found)
        return _SEVERITY[number] if number < 8 else _BUNYAN.get(number, 0)
    return _LEVEL_OF.get(found, 0)


def level_share(format_: LineFormat, lines: Sequence[bytes]) -> dict[int, int]:
    """How many of the records that begin in `lines` have which level."""
    counts: dict[int, Any] = Counter(format_.level(line) for line in lines if format_.begins(line))
    return dict(counts)
