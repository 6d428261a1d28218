"""The program's own log, the last 20,000 records in memory: for the Watchtower, the API and the health report.

Records come through the standard `logging` module (structlog ends there too) from any thread. What is kept is text, redacted on
the way in, so that no reader has to think of it again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from chainbot_desktop.core.ids import format_time
from chainbot_desktop.watch.redaction import Redactor

CAPACITY = 20_000
_LONGEST_TEXT = 20_000
_NOTICE_DELAY = 0.05
"""Seconds in which many records make one notice."""
_STRUCTLOG_OWN = frozenset(
    {"event", "level", "logger", "timestamp", "_record", "_from_structlog", "exc_info", "exception", "stack_info"}
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record. `number` counts from 1 without gaps, `created` is seconds since the epoch, `exception` a traceback or ""."""

    number: int
    created: float
    level: int
    logger: str
    text: str
    exception: str
    thread: str

    @property
    def level_name(self) -> str:
        return logging.getLevelName(self.level).lower()

    @property
    def time(self) -> str:
        return format_time(datetime.fromtimestamp(self.created, UTC))

    @property
    def full_text(self) -> str:
        return f"{self.text}\n{self.exception}" if self.exception else self.text


class LogRing:
    """Thread-safe. `follow` ties the notices to a loop; before that, subscribers hear nothing and lose nothing."""

    def __init__(self, redactor: Redactor | None = None, capacity: int = CAPACITY) -> None:
        self.redactor = redactor or Redactor()
        self._lines: deque[LogLine] = deque(maxlen=capacity)
        self._lock = threading.Lock()
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._notice_planned = False

    @property
    def count(self) -> int:
        """Records since the start: the number of the newest."""
        return self._count

    @property
    def dropped(self) -> int:
        """How many of them are no longer kept."""
        with self._lock:
            return self._count - len(self._lines)

    def since(self, number: int, limit: int | None = None) -> list[LogLine]:
        """The kept lines after `number`, oldest first; the newest `limit` of them."""
        with self._lock:
            wanted = min(self._count - number, len(self._lines))
            if limit is not None:
                wanted = min(wanted, limit)
            if wanted <= 0:
                return []
            lines = list(islice(reversed(self._lines), wanted))
        lines.reverse()
        return lines

    def excerpt(self, limit: int = 10, least: int = logging.WARNING) -> list[str]:
        """The last `limit` lines of at least that level, oldest first, one line of text each."""
        with self._lock:
            found = list(islice((line for line in reversed(self._lines) if line.level >= least), limit))
        return [f"{line.time} {line.level_name} {line.logger}: {_one_line(line)}" for line in reversed(found)]

    def add(self, *, created: float, level: int, logger: str, text: str, exception: str = "", thread: str = "") -> None:
        text, exception = self.redactor.redact(_shortened(text)), self.redactor.redact(_shortened(exception))
        with self._lock:
            self._count += 1
            self._lines.append(LogLine(self._count, created, level, logger, text, exception, thread))
            loop = self._loop if self._listeners and not self._notice_planned else None
            self._notice_planned = self._notice_planned or loop is not None
        if loop is not None:
            self._plan_notice(loop)

    def follow(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Notices are given on `loop` from now on; None before it closes."""
        with self._lock:
            self._loop = loop
            self._notice_planned = False

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` on the loop's thread soon after new lines, once for many; returns what ends it."""
        self._listeners = (*self._listeners, listener)

        def cancel() -> None:
            self._listeners = tuple(known for known in self._listeners if known is not listener)

        return cancel

    def _plan_notice(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.call_soon_threadsafe(loop.call_later, _NOTICE_DELAY, self._give_notice)
        except RuntimeError:
            self.follow(None)  # the loop has ended, and with it everybody who listened

    def _give_notice(self) -> None:
        with self._lock:
            self._notice_planned = False
        for listener in self._listeners:
            listener()


class LogRingHandler(logging.Handler):
    """Puts every record of the loggers it is added to into a ring."""

    def __init__(self, ring: LogRing, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._ring = ring

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._ring.add(
                created=record.created,
                level=record.levelno,
                logger=record.name,
                text=_text(record),
                exception=_exception(record),
                thread=record.threadName or "",
            )
        except Exception:  # the border of logging: a record that cannot be formatted must not end the work that logged it
            self.handleError(record)


def _text(record: logging.LogRecord) -> str:
    message: Any = record.msg
    if not isinstance(message, Mapping):
        return record.getMessage()
    extras = " ".join(f"{key}={value}" for key, value in message.items() if key not in _STRUCTLOG_OWN)
    return f"{message.get('event', '')} {extras}".strip()


def _exception(record: logging.LogRecord) -> str:
    parts = []
    info: Any = record.exc_info
    if isinstance(record.msg, Mapping):
        parts.append(str(record.msg.get("exception", "")))
        info = info or record.msg.get("exc_info")
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        parts.append("".join(traceback.format_exception(*info)).rstrip())
    elif record.exc_text:
        parts.append(record.exc_text)
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(part for part in parts if part)


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_LONGEST_TEXT]} … ({len(text) - _LONGEST_TEXT} more characters)"


def _one_line(line: LogLine) -> str:
    first = " ".join(line.text.split())
    last = line.exception.rsplit("\n", 1)[-1].strip() if line.exception else ""
    return f"{first} ({last})"[:500] if last else first[:500]
