"""Keeps what was refused at the webhooks, within bounds: whoever floods us with nonsense must not fill the disk.

A day (UTC) has room for so many refusals of callers that were let in, for their bodies, and apart from that for those of strangers, whose
bodies are never kept. What is beyond is counted. They are written a batch at a time, and a refusal never waits for the disk.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.envelope import label
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.received_webhooks import ReceivedWebhooks, RefusedWebhook

_log = logging.getLogger(__name__)

_GATHERING = 0.25
_MOST_WAITING = 1000
_STRANGERS_SHARE = 4
"""Strangers have a quarter of the room."""
_LONGEST_KEY = 300


@dataclass(slots=True)
class Room:
    """What is left of a day."""

    rows: int
    bytes: int = 0

    def take_row(self) -> bool:
        self.rows -= 1
        return self.rows >= 0

    def take_bytes(self, size: int) -> bool:
        if size > self.bytes:
            return False
        self.bytes -= size
        return True


@dataclass(slots=True)
class _Day:
    date: str
    known: Room
    strangers: Room
    waiting: list[RefusedWebhook] = field(default_factory=list)


class Refusals:
    """`rows` refusals and `bytes_` of bodies are kept a day. Use on the loop's thread; `open` before and `close` after."""

    def __init__(self, table: ReceivedWebhooks, tasks: Tasks, *, rows: int, bytes_: int) -> None:
        self._table = table
        self._tasks = tasks
        self._rows = rows
        self._bytes = bytes_
        self._day = self._new_day(utc_now()[:10])
        self._writing: asyncio.Task[None] | None = None
        self.not_kept = 0
        """Refusals since the start that found no room, or no disk."""

    async def open(self) -> None:
        """A start does not begin the day anew."""
        kept = await self._table.refused_since(self._day.date)
        for has_body, size in kept:
            # A stranger's has no body; one of somebody we know may have none either, and then the strangers have less room.
            room = self._day.known if has_body else self._day.strangers
            room.take_row()
            room.bytes = max(0, room.bytes - size)

    async def close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])
        await self._write()

    def add(
        self, path: str, caller: str, status: int, reason: str, *, size: int = 0, key: str = "", body: bytes | None = None
    ) -> None:
        """Of a stranger, give no `body`."""
        now = utc_now()
        if now[:10] != self._day.date:
            self._day, waiting = self._new_day(now[:10]), self._day.waiting
            self._day.waiting = waiting
        room = self._day.known if body is not None else self._day.strangers
        if len(self._day.waiting) >= _MOST_WAITING or not room.take_row():
            self.not_kept += 1
            return
        if body is not None and not room.take_bytes(len(body)):
            body = None
        one = RefusedWebhook(
            now, _line(path, 200), _line(caller, 220), _line(key, _LONGEST_KEY), status, _text(reason), size, body
        )
        self._day.waiting.append(one)
        if self._writing is None:
            self._writing = self._tasks.spawn("keep refused webhooks", self._write_soon())

    async def _write_soon(self) -> None:
        await asyncio.sleep(_GATHERING)
        self._writing = None
        await self._write()

    async def _write(self) -> None:
        refused, self._day.waiting = self._day.waiting, []
        if not refused:
            return
        try:
            await self._table.keep_refused(refused)
        except ChainBotError as error:
            self.not_kept += len(refused)
            _log.warning("%d refused webhooks could not be kept: %s", len(refused), error)

    def _new_day(self, date: str) -> _Day:
        strangers = max(1, self._rows // _STRANGERS_SHARE)
        return _Day(date, Room(self._rows, self._bytes), Room(strangers))


def _line(text: str, longest: int) -> str:
    return _text(label(text))[:longest]


def _text(text: str) -> str:
    """Half characters have no UTF-8, and no place in the database."""
    return text.encode(errors="replace").decode()
