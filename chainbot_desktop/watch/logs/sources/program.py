"""The program's own log, as the ring of its newest records hands it over: from any thread, redacted, with tracebacks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.sources.source import Add, LogSource


class ProgramLog(LogSource):
    """Begins with what the ring still has of the time before it was first on."""

    source = "program"
    title = "This program"

    def __init__(self, add: Add, ring: LogRing) -> None:
        super().__init__(add)
        self._ring = ring
        self._taken = 0
        self._cancel: Callable[[], None] | None = None

    def _begin(self) -> None:
        if self._cancel is not None:
            self._taken = self._ring.count  # what was said while it was off is not asked for
        self._cancel = self._ring.subscribe(self._take)
        self._take()

    def _end(self) -> None:
        self._take()
        if self._cancel is not None:
            self._cancel()

    def _take(self) -> None:
        lines = self._ring.since(self._taken)
        if not lines:
            return
        missed = lines[0].number - self._taken - 1
        self._taken = lines[-1].number
        if missed:
            text = f"{missed} records left out: they came faster than they could be taken over."
            self._add([LogRecord(time.time(), logging.WARNING, "program", __name__, text)])
        self._add(LogRecord(line.created, line.level, "program", line.logger, line.full_text) for line in lines)
