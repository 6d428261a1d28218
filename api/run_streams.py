"""Runs as they happen, as server-sent events: what waits for a slow reader is put together, and never grows without bound."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from api.answers import headers, json_bytes_of
from chainbot_desktop.agents.runtime.live import RunUpdate

_HEADERS = headers("text/event-stream; charset=utf-8", X_Accel_Buffering="no")
_MOST_WAITING = 1000
_MOST_TEXT = 1_000_000
"""Characters of the answer that wait for one reader; the oldest go."""
KEEP_ALIVE = 15.0
_TEXTS = ("answer", "thinking")


class Feed:
    """What one reader has still to be sent. Use on the loop's thread."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, str]] = deque()
        self._waiting_text = 0
        self._wake = asyncio.Event()
        self.dropped = 0
        self.ended = False

    def push(self, update: RunUpdate) -> None:
        if update.kind == "end":
            self.ended = True
        elif update.kind in _TEXTS and self._waiting and self._waiting[-1][0] == update.kind:
            kind, text = self._waiting.pop()
            self._waiting.append((kind, text + update.text))
            self._waiting_text += len(update.text)
        else:
            self._waiting.append((update.kind, update.text))
            self._waiting_text += len(update.text)
        while len(self._waiting) > _MOST_WAITING or (self._waiting_text > _MOST_TEXT and len(self._waiting) > 1):
            self._waiting_text -= len(self._waiting.popleft()[1])
            self.dropped += 1
        self._wake.set()

    def take(self) -> list[tuple[str, str]]:
        taken = list(self._waiting)
        self._waiting.clear()
        self._waiting_text = 0
        return taken

    async def wait(self, seconds: float) -> None:
        """Until there is something, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    def wake(self) -> None:
        self._wake.set()


class RunStreams:
    """All readers together: they are let go when the program stops."""

    def __init__(self) -> None:
        self._feeds: set[Feed] = set()
        self._closing = False

    def close(self) -> None:
        self._closing = True
        for feed in self._feeds:
            feed.wake()

    async def serve(
        self,
        request: web.Request,
        follow: Callable[[Callable[[RunUpdate], None]], Callable[[], None]],
        end: Callable[[], Awaitable[Any]],
        may_stay: Callable[[], bool],
    ) -> web.StreamResponse:
        """Send what happens until the run has ended (then what `end` answers), or until the reader goes or must go."""
        response = web.StreamResponse(headers=_HEADERS)
        feed = Feed()
        self._feeds.add(feed)
        cancel = follow(feed.push)
        try:
            await response.prepare(request)
            while not self._closing and may_stay():
                await self._send(response, feed)
                if feed.ended:
                    await response.write(event("end", await end()))
                    break
                await feed.wait(KEEP_ALIVE)
            await response.write_eof()
        except ConnectionError:
            pass  # the reader is gone
        finally:
            cancel()
            self._feeds.discard(feed)
        return response

    async def _send(self, response: web.StreamResponse, feed: Feed) -> None:
        if feed.dropped:
            dropped, feed.dropped = feed.dropped, 0
            await response.write(event("dropped", {"count": dropped}))
        taken = feed.take()
        for kind, text in taken:
            await response.write(event(kind, {"text": text}))
        if not taken and not feed.ended:
            await response.write(b": still here\n\n")


def event(name: str, data: Any) -> bytes:
    """One server-sent event. The JSON has no line breaks: it is one line whatever an agent says."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), json_bytes_of(data))
