"""One client: what waits for it, what it asked for, and the one task that writes to it.

While it reads the past it gets nothing live; the moment it has read up to the head of the journal, without giving way to anything
else, it goes live. So there is no gap and nothing twice. Live frames wait in a bounded queue that loses its oldest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from api.websocket.frames import ALL, WATCHTOWER, frame, message_of
from api.websocket.requests import Subscribe
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.ports import EventQuery, Journal

_PAGE = 200

Snapshot = Callable[[str], Mapping[str, Any]]
"""The present state, for a window."""

Later = Callable[[], Awaitable[bytes]]
"""A frame that is put together when its turn has come: what it takes to do so does not wait in memory."""

Present = Callable[[Recorded[Any]], bytes | Later]
"""The frame of an event."""

Source = Callable[[], bytes | None]
"""The next frame about what is still being made, if there is news. It is asked when nothing else waits, so nothing of it piles up."""


def _no_news() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a connection is, for frames and statistics."""

    id: str
    window: str
    user: str
    address: str
    opened_at: str


class Connection:
    """Use on the loop's thread."""

    def __init__(
        self,
        identity: Identity,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        journal: Journal,
        snapshot: Snapshot,
        present: Present,
        queue_frames: int,
        may_stay: Callable[[], bool],
    ) -> None:
        self.identity = identity
        self.socket = socket
        self._transport = transport
        self._journal = journal
        self._snapshot = snapshot
        self._present = present
        self._most = queue_frames
        self.may_stay = may_stay
        self.source: Source = _no_news
        self._waiting: deque[tuple[int, bytes | Later]] = deque()
        self._wake = asyncio.Event()
        self._types: frozenset[str] | None = None
        self._asked: Subscribe | None = None
        self._live = False
        self._lost = 0
        self._lost_seqs = (0, 0)
        self.sent = 0
        self.dropped = 0

    @property
    def window(self) -> str:
        return self.identity.window

    @property
    def queued(self) -> int:
        return len(self._waiting)

    @property
    def live(self) -> bool:
        return self._live

    def wants(self, event_type: str, message: str, window: str) -> bool:
        """Whether an event of this type, message type and window is for this client."""
        own = self.identity.window
        if own not in (window, ALL, WATCHTOWER):
            return False
        return self._types is None or event_type in self._types or message in self._types

    def wants_message(self, message: str) -> bool:
        """Whether it takes frames of this type that are no events."""
        return self._types is None or message in self._types

    def offer(self, encoded: bytes | Later, seq: int = 0) -> None:
        """Queue a frame; the oldest goes where there is no room. Never waits."""
        if len(self._waiting) >= self._most:
            self._lose(self._waiting.popleft()[0])
        self._waiting.append((seq, encoded))
        self._wake.set()

    def look(self) -> None:
        """The source has news."""
        self._wake.set()

    def tell(self, message: str, data: Mapping[str, Any], seq: int | None = None) -> None:
        """Queue a frame that is no event."""
        self.offer(frame(message, self.identity.window, data, seq))

    def greet(self, data: Mapping[str, Any]) -> None:
        """Queue the first frame; what happens from now on follows it."""
        self.tell("window_open", data)
        self._live = True

    def subscribe(self, asked: Subscribe) -> None:
        """Start over from `asked.since`, before anything else is sent."""
        self._asked = asked
        self._live = False
        self._types = frozenset(asked.types) if asked.types is not None else None
        # Events that still wait would come twice, or were not asked for.
        self._waiting = deque(item for item in self._waiting if item[0] == 0)
        self._lost, self._lost_seqs = 0, (0, 0)
        self._wake.set()

    def abort(self) -> None:
        """Cut the connection, whatever still waits."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Send what waits, until cancelled or the connection breaks."""
        try:
            while True:
                if self._waiting or self._lost:
                    await self._send_waiting()
                elif self._asked is not None:
                    asked, self._asked = self._asked, None
                    await self._replay(asked)
                elif (news := self.source()) is not None:
                    await self._send(news)
                else:
                    self._wake.clear()
                    await self._wake.wait()
        except ConnectionError:
            return  # the client is gone; its reader sees it too and ends the connection

    async def _send_waiting(self) -> None:
        if self._lost:
            first, last = self._lost_seqs
            notice = {"count": self._lost, "first_seq": first or None, "last_seq": last or None}
            self._lost, self._lost_seqs = 0, (0, 0)
            await self._send(frame("dropped", self.identity.window, notice))
        else:
            await self._send(self._waiting.popleft()[1])

    async def _replay(self, asked: Subscribe) -> None:
        head = self._journal.head_seq
        position = head if asked.since is None else asked.since
        await self._send(frame("snapshot", self.identity.window, {**self._snapshot(self.window), "since": asked.since}, head))
        if position > head:
            await self._tell_gone(position, head, None)
            position = head
        try:
            while self._asked is None and position < self._journal.head_seq:
                while self._waiting:
                    await self._send_waiting()
                page = await self._journal.read(EventQuery(since=position, limit=_PAGE))
                if not page or page[0].seq != position + 1:
                    oldest = page[0].seq if page else None
                    await self._tell_gone(position, self._journal.head_seq, oldest)
                position = await self._send_page(page) if page else self._journal.head_seq
        except ChainBotError as error:
            # The past cannot be read now: the client hears why and asks again from where it is.
            await self._send(frame("error", self.window, {"code": error.code, "message": error.message, "since": position}))
        # Nothing was awaited since the head was compared: what is newer comes live.
        self._live = self._asked is None

    async def _send_page(self, page: list[Recorded[Event]]) -> int:
        for recorded in page:
            if self._asked is not None:
                break
            if self.wants(recorded.event.type, *message_of(recorded.event)):
                await self._send(self._present(recorded))
        return page[-1].seq

    async def _tell_gone(self, since: int, head: int, oldest: int | None) -> None:
        reason = "The journal does not reach that far." if since > head else "The events after it are no longer kept."
        gone = {"since": since, "head": head, "oldest": oldest, "reason": reason}
        await self._send(frame("position_gone", self.window, gone, head))

    async def _send(self, encoded: bytes | Later) -> None:
        if not isinstance(encoded, bytes):
            encoded = await encoded()
        # Waits while the client does not read: that is what fills its queue and nobody else's.
        await self.socket.send_frame(encoded, WSMsgType.TEXT)
        self.sent += 1

    def _lose(self, seq: int) -> None:
        self._lost += 1
        self.dropped += 1
        if seq:
            self._lost_seqs = (self._lost_seqs[0] or seq, seq)
