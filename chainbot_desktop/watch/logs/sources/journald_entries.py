"""What `journalctl -o json` prints, as records: one JSON object a line, whatever is in it, and lines that are none."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import orjson

from chainbot_desktop.watch.logs.records import LogRecord

LONGEST_LINE = 8 * 1024 * 1024
"""Bytes of one entry. A binary message comes as a list of numbers: four times its size."""
_REMEMBERED = 20_000
_PRIORITIES = {
    **dict.fromkeys("012", logging.CRITICAL),
    "3": logging.ERROR,
    "4": logging.WARNING,
    **dict.fromkeys("56", logging.INFO),
    "7": logging.DEBUG,
}
_NAMES = ("SYSLOG_IDENTIFIER", "_COMM", "_SYSTEMD_UNIT")
FIELDS = ("MESSAGE", "PRIORITY", "_PID", "_TRANSPORT", *_NAMES)


class EntryReader:
    """Bytes in, records out. An entry that was read before (by its cursor) gives nothing, however often it comes.

    What the process `own_pid` prints is left out: the program's own log is in the timeline already.
    """

    def __init__(self, own_pid: int) -> None:
        self._own = str(own_pid)
        self._begun = bytearray()
        self._skipping = False
        self._seen: OrderedDict[int, None] = OrderedDict()
        self.cursor = ""
        """Of the last entry."""
        self.unreadable = 0
        """Lines that were no entry."""

    def feed(self, chunk: bytes) -> list[LogRecord]:
        self._begun += chunk
        records: list[LogRecord] = []
        lines: list[bytearray] = []
        if b"\n" in chunk:
            *lines, self._begun = self._begun.split(b"\n")
        for line in lines:
            if self._skipping:
                self._skipping = False
            elif line.strip():
                records += self._read(line)
        if len(self._begun) > LONGEST_LINE:
            self._skip_the_rest()
        return records

    def start_anew(self) -> None:
        """Another process begins to print: half a line of the last one is none."""
        if self._begun:
            self.unreadable += 1
        self._begun.clear()
        self._skipping = False

    def _skip_the_rest(self) -> None:
        if not self._skipping:
            self.unreadable += 1
        self._skipping = True
        self._begun.clear()

    def _read(self, line: bytearray) -> list[LogRecord]:
        if len(line) > LONGEST_LINE:
            self.unreadable += 1
            return []
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            entry = None
        if not isinstance(entry, dict):
            self.unreadable += 1
            return []
        if not self._is_new(entry) or self._is_ours(entry):
            return []
        return [LogRecord(_time(entry), _level(entry), "journald", _name(entry), text_of(entry.get("MESSAGE")))]

    def _is_new(self, entry: Mapping[str, Any]) -> bool:
        cursor = entry.get("__CURSOR")
        if not isinstance(cursor, str) or not cursor:
            return True
        key = hash(cursor)
        if key in self._seen:
            return False
        self.cursor = cursor
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def _is_ours(self, entry: Mapping[str, Any]) -> bool:
        return entry.get("_PID") == self._own and entry.get("_TRANSPORT") == "stdout"


def text_of(field: Any) -> str:
    """A field as text: a string, the bytes of what is no UTF-8 as numbers, null for none, or a list of these for one that is repeated."""
    if isinstance(field, str):
        return field
    if isinstance(field, list):
        try:
            return bytes(field).decode(errors="backslashreplace")
        except (TypeError, ValueError):
            return "\n".join(text_of(part) for part in field)
    return "" if field is None else str(field)


def _time(entry: Mapping[str, Any]) -> float:
    stamp = text_of(entry.get("__REALTIME_TIMESTAMP"))
    return int(stamp) / 1_000_000 if stamp.isascii() and stamp.isdigit() and len(stamp) <= 18 else time.time()


def _level(entry: Mapping[str, Any]) -> int:
    return _PRIORITIES.get(text_of(entry.get("PRIORITY")), logging.NOTSET)


def _name(entry: Mapping[str, Any]) -> str:
    for field in _NAMES:
        name = text_of(entry.get(field)).partition("\n")[0].strip()
        if name:
            return name
    return "journal"
