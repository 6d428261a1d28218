"""How a browser is let in: a ticket that works once, exchanged for a session."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from hashlib import sha256
from time import monotonic

TICKET_LIFETIME = 3600.0
SESSION_LIFETIME = 7 * 24 * 3600.0
_MOST_TICKETS = 100
_MOST_SESSIONS = 1000


class _ExpiringTokens:
    """Random tokens, kept as digests, each with its end; the oldest goes when there are too many."""

    def __init__(self, lifetime: float, most: int, clock: Callable[[], float]) -> None:
        self._lifetime = lifetime
        self._most = most
        self._clock = clock
        self._ends: dict[bytes, float] = {}

    def issue(self) -> str:
        self._forget_ended()
        while len(self._ends) >= self._most:
            del self._ends[next(iter(self._ends))]
        token = secrets.token_urlsafe(32)
        self._ends[_digest(token)] = self._clock() + self._lifetime
        return token

    def valid(self, token: str) -> bool:
        end = self._ends.get(_digest(token))
        return end is not None and end > self._clock()

    def revoke(self, token: str) -> None:
        self._ends.pop(_digest(token), None)

    def _forget_ended(self) -> None:
        now = self._clock()
        self._ends = {digest: end for digest, end in self._ends.items() if end > now}


class Tickets:
    """One-time tickets, good for an hour. In memory: a restart ends them."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._tokens = _ExpiringTokens(TICKET_LIFETIME, _MOST_TICKETS, clock)

    def issue(self) -> str:
        return self._tokens.issue()

    def redeem(self, ticket: str) -> bool:
        """Whether `ticket` was good; it is not any more."""
        good = self._tokens.valid(ticket)
        self._tokens.revoke(ticket)
        return good


class Sessions:
    """Sessions of browsers, good for seven days. In memory: a restart ends them."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._tokens = _ExpiringTokens(SESSION_LIFETIME, _MOST_SESSIONS, clock)

    def create(self) -> str:
        return self._tokens.issue()

    def valid(self, session: str) -> bool:
        return self._tokens.valid(session)

    def end(self, session: str) -> None:
        self._tokens.revoke(session)


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="surrogateescape")).digest()
