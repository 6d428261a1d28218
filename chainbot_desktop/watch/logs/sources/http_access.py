"""Who asked our server what, and what it answered. The route as it is declared, never the query: no token or ticket gets in."""

from __future__ import annotations

import logging
import time

from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.sources.source import LogSource

_PROBES = frozenset({"/health", "/metrics"})
"""Asked all day long by machines: what went well is of no interest."""
_READERS = frozenset({"/api/logs"})
"""Whoever asks again and again for what is new would else be told of nothing but his own asking."""


class HttpAccess(LogSource):
    """The server calls `answered` after each request; while it is off, that costs a look."""

    source = "http"
    title = "Requests"

    def answered(self, method: str, route: str, status: int, seconds: float, size: int | None) -> None:
        """`size` is the bytes of the body, None where they are not known."""
        if self.on and not (route in _READERS and status < 400):
            text = f"{method} {route} {status} {seconds * 1000:.1f} ms{'' if size is None else f' {size} B'}"
            self._add((LogRecord(time.time(), _level(route, status), "http", route, text),))

    def _begin(self) -> None:
        """It is told by the server."""

    def _end(self) -> None:
        """It is told by the server."""


def _level(route: str, status: int) -> int:
    if status >= 500:
        return logging.ERROR
    if status >= 400:
        return logging.WARNING
    return logging.DEBUG if route in _PROBES else logging.INFO
