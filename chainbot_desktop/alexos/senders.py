"""How one event is delivered in each dialect, and what the answer to it means for the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from chainbot_desktop.alexos.answers import AlexOsHttp, Answer
from chainbot_desktop.alexos.board import LinkBoard
from chainbot_desktop.alexos.envelopes import documented_event, observed_event
from chainbot_desktop.alexos.identity import Identity
from chainbot_desktop.alexos.outbox import Fate, Sent
from chainbot_desktop.alexos.probing import Routes
from chainbot_desktop.core.events.envelope import Event, Recorded

_FOR_NOW = frozenset({404, 405, 408, 425, 429})
_NOBODY = frozenset({401, 403, 407})
_LOOK_BACK = 1000


class DialectSender:
    """Implements `outbox.Sender` over whatever `routes` are known at the moment. `on_delivered` is handed the sent bytes.

    `is_heard` tells whether ALEX OS takes anything at all: an event is refused for good only where something else is taken.
    """

    def __init__(
        self,
        http: AlexOsHttp,
        board: LinkBoard,
        identity: Identity,
        routes: Callable[[], Routes | None],
        on_delivered: Callable[[str, bytes], None],
        is_heard: Callable[[], Awaitable[bool]],
    ) -> None:
        self._http = http
        self._board = board
        self._identity = identity
        self._routes = routes
        self._on_delivered = on_delivered
        self._is_heard = is_heard
        self._there: frozenset[str] = frozenset()
        self._looked_at = 0.0

    async def send(self, recorded: Recorded[Event], doubtful_since: float | None) -> Sent:
        routes = self._routes()
        if routes is None or routes.events is None:
            return Sent(Fate.AWAY, detail="ALEX OS takes no events now")
        if routes.style == "documented":
            sent = await self._send_documented(routes.events, recorded.event)
        else:
            sent = await self._send_observed(routes.events, recorded.event, doubtful_since)
        if sent.fate is Fate.REFUSED and not await self._is_heard():
            return Sent(Fate.AWAY, sent.status, sent.detail)
        return sent

    async def _send_documented(self, prefix: str, event: Event) -> Sent:
        body = documented_event(event, self._identity)
        answer = await self._http.post(prefix + quote(event.type, safe=""), body, {"webhook-id": event.id})
        sent = self._judge(prefix, answer)
        if sent.fate is Fate.DELIVERED:
            self._on_delivered(event.id, body)
        return sent

    async def _send_observed(self, path: str, event: Event, doubtful_since: float | None) -> Sent:
        if doubtful_since is not None:
            problem = await self._look(path, doubtful_since)
            if problem is not None:
                return problem
            if event.id in self._there:
                return Sent(Fate.DELIVERED, detail="it was there already")
        return self._judge(path, await self._http.post(path, observed_event(event, self._identity)))

    async def _look(self, path: str, doubtful_since: float) -> Sent | None:
        """Read back what the event store has of us, if that was not done since the doubt arose: it drops no doubles itself."""
        if self._looked_at > doubtful_since:
            return None
        now = asyncio.get_running_loop().time()
        answer = await self._http.get(path, {"agent_uuid": self._identity.uuid, "limit": str(_LOOK_BACK)})
        if not answer.accepted or not isinstance(answer.value, list):
            sent = self._judge(path, answer)
            return Sent(Fate.FAILED, answer.status, f"its events cannot be read: {answer.words}") if _took(sent) else sent
        rows = [row.get("payload") for row in answer.value if isinstance(row, dict)]
        ids = (payload.get("event_id") for payload in rows if isinstance(payload, dict))
        self._there = frozenset(event_id for event_id in ids if isinstance(event_id, str))
        self._looked_at = now
        return None

    def _judge(self, path: str, answer: Answer) -> Sent:
        status = answer.status
        if status is None:
            return Sent(Fate.AWAY, None, answer.problem, ambiguous=True)
        if answer.accepted:
            self._board.note("events", path, answer)
            return Sent(Fate.DELIVERED, status)
        if status in _NOBODY:
            self._board.note("events", path, answer)
            return Sent(Fate.AWAY, status, answer.words)
        if status in _FOR_NOW or status >= 500 or status < 400:
            return Sent(Fate.FAILED, status, answer.words, ambiguous=status >= 500)
        return Sent(Fate.REFUSED, status, answer.words)


def _took(sent: Sent) -> bool:
    return sent.fate in {Fate.DELIVERED, Fate.REFUSED}
