"""Who asked our server what, and what it answered. The route as it is declared, never the query: no token or ticket gets in."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.sources.source import LogSource

_PROBES = frozenset({"/health", "/metrics"})
"""Asked all day long by machines: what went well is of no interest."""
_READERS = frozenset({"/api/logs"})
"""Whoever asks again and again for what is new would else be told of nothing but his own asking."""


_Request = tuple[float, str, str, int, float, int | None]
"""When, and what `answered` was told."""


class HttpAccess(LogSource):
    """The server calls `answered` after each request; while it is off, that costs a look, and while it is on a note.

    A request must not wait for its line: records are made of the notes when the timeline asks for them. `ask` has it do that soon.
    """

    source = "http"
    title = "Requests"

    def __init__(self, ask: Callable[[Callable[[], Iterable[LogRecord]]], None]) -> None:
        super().__init__(lambda records: ask(lambda: records))
        self._ask = ask
        self._noted: list[_Request] = []

    def answered(self, method: str, route: str, status: int, seconds: float, size: int | None) -> None:
        """`size` is the bytes of the body, None where they are not known."""
        if self.on and (status >= 400 or route not in _READERS):
            if not self._noted:
                self._ask(self._records)
            self._noted.append((time.time(), method, route, status, seconds, size))

    def _records(self) -> Iterable[LogRecord]:
        noted, self._noted = self._noted, []
        return [_record(*request) for request in noted]

    def _begin(self) -> None:
        """It is told by the server."""

    def _end(self) -> None:
        """It is told by the server."""


def _record(at: float, method: str, route: str, status: int, seconds: float, size: int | None) -> LogRecord:
    text = f"{method} {route} {status} {seconds * 1000:.1f} ms{'' if size is None else f' {size} B'}"
    return LogRecord(at, _level(route, status), "http", route, text)


def _level(route: str, status: int) -> int:
    if status >= 500:
        return logging.ERROR
    if status >= 400:
        return logging.WARNING
    return logging.DEBUG if route in _PROBES else logging.INFO
