"""Events that ALEX OS published while nobody listened: read again where it keeps them, else the gap is put on record."""

from __future__ import annotations

from typing import Any

from chainbot_desktop.alexos.answers import AlexOsHttp, Answer
from chainbot_desktop.alexos.board import LinkBoard
from chainbot_desktop.alexos.intake import RemoteEvents
from chainbot_desktop.core.events import EventGapDetected
from chainbot_desktop.core.events.alexos import EventGap
from chainbot_desktop.core.events.envelope import Severity
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.ports import Journal

DOCUMENTED_EVENTS = "/api/events"
OVERLAP = 20
"""So many events are read twice: some may have come out of order before the connection went. Doubles are known by their ids."""

_PAGE = 500
_MOST_PAGES = 200
_FIRST_LOOK = OVERLAP
_POLL_LIMIT = 100
_POLL_MOST = 1000


class MissedEvents:
    """Of the documented dialect: `since` an event id, oldest first."""

    def __init__(self, http: AlexOsHttp, events: RemoteEvents, journal: Journal) -> None:
        self._http = http
        self._events = events
        self._journal = journal

    async def catch_up(self, lost_at: str) -> None:
        """`lost_at` is when the bus ended (RFC 3339); empty at the first connection of this run."""
        latest = await self._events.latest_id(OVERLAP)
        if latest is None:
            if lost_at:
                await self._record_gap(lost_at, "Nothing was received before, so there is nothing to ask from.")
            return
        since, received_at = latest
        problem = await self._read_since(since)
        if problem:
            await self._record_gap(lost_at or received_at, problem)

    async def _read_since(self, since: str) -> str:
        for _ in range(_MOST_PAGES):
            answer = await self._http.get(DOCUMENTED_EVENTS, {"since": since, "limit": str(_PAGE)})
            found = _items(answer)
            if found is None:
                return f"GET {DOCUMENTED_EVENTS}?since={since} {answer.words}"
            await self._events.take_envelopes(found)
            if len(found) < _PAGE:
                return ""
            last = found[-1].get("event_id") if isinstance(found[-1], dict) else None
            if not isinstance(last, str) or last == since:
                return f"GET {DOCUMENTED_EVENTS} lists events without ids"
            since = last
        return f"More than {_MOST_PAGES * _PAGE} events were missed."

    async def _record_gap(self, lost_at: str, reason: str) -> None:
        gap = EventGap(disconnected_at=lost_at, reconnected_at=utc_now(), reason=reason)
        await self._journal.append(EventGapDetected(data=gap, severity=Severity.WARNING))


class EventStorePoll:
    """Of the observed dialect: its events are listed newest first, numbered, and nothing is pushed."""

    def __init__(self, http: AlexOsHttp, board: LinkBoard, events: RemoteEvents, journal: Journal) -> None:
        self._http = http
        self._board = board
        self._events = events
        self._journal = journal
        self._last: int | None = None
        self._looked_at = ""

    async def look(self, path: str) -> None:
        """Take what is new. The first look of a run goes back to what earlier runs had, or takes the newest few."""
        if self._last is None:
            await self._begin()
        limit = _POLL_LIMIT if self._last is not None else _FIRST_LOOK
        rows, reached = await self._newest(path, limit)
        if rows and not reached and self._last is not None:
            rows, reached = await self._newest(path, _POLL_MOST)
        if rows is None:
            return
        numbers = [number for row in rows if (number := _number(row)) is not None]
        if self._last is not None and numbers and max(numbers) < self._last:
            self._last, reached = None, True  # the store was emptied and counts from the start again
        last = self._last
        new = [row for row in reversed(rows) if last is None or (number := _number(row)) is None or number > last]
        await self._events.take_rows(new)
        if not reached and self._last is not None and min(numbers, default=0) > self._last + 1:
            reason = f"More than {len(rows)} events came between two looks at GET {path}."
            gap = EventGap(disconnected_at=self._looked_at or utc_now(), reconnected_at=utc_now(), reason=reason)
            await self._journal.append(EventGapDetected(data=gap, severity=Severity.WARNING))
        self._last = max(numbers, default=self._last if self._last is not None else 0)
        self._looked_at = utc_now()

    async def _begin(self) -> None:
        latest = await self._events.latest_id(1)
        if latest is not None and latest[0].isdecimal():
            self._last = max(0, int(latest[0]) - OVERLAP)
            self._looked_at = latest[1]

    async def _newest(self, path: str, limit: int) -> tuple[list[Any] | None, bool]:
        """The newest rows, and whether they go back to what we have."""
        answer = await self._http.get(path, {"limit": str(limit)})
        if not isinstance(answer.value, list) or not answer.accepted:
            self._board.note("events", f"GET {path}", answer, f"its events cannot be listed: {answer.words}")
            return None, False
        unusable = sum(1 for row in answer.value if _number(row) is None)
        detail = f"{unusable} of {len(answer.value)} listed events have no number" if unusable else ""
        self._board.note("events", f"GET {path}", answer, detail)
        numbers = [number for row in answer.value if (number := _number(row)) is not None]
        reached = len(answer.value) < limit or (self._last is not None and min(numbers, default=0) <= self._last + 1)
        return answer.value, reached


def _items(answer: Answer) -> list[Any] | None:
    if not answer.accepted:
        return None
    value = answer.value.get("items", answer.value.get("events")) if isinstance(answer.value, dict) else answer.value
    return value if isinstance(value, list) else None


def _number(row: Any) -> int | None:
    value = row.get("id") if isinstance(row, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
