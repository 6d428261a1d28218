"""Requests that may come twice: one with an `Idempotency-Key` that was seen before answers as then and does nothing again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from weakref import WeakValueDictionary

from aiohttp import web

from api.door import ADMIN
from api.services import ApiServices
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.ports import IdempotencyKey

MAX_KEY = 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """`key` goes with the event of the request; `earlier` is the event of the first request with it, if there was one."""

    key: IdempotencyKey | None
    earlier: Recorded[Event] | None

    def fact(self) -> Any:
        """The data of the earlier event."""
        assert self.earlier is not None
        return self.earlier.event.data


class Repeats:
    """Use on the loop's thread. Requests with the same key go one at a time: the second of two that cross finds what the first did."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services
        self._under_way: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def attempt(self, request: web.Request, body: bytes) -> AsyncIterator[Attempt]:
        """Within it the request is carried out, if nothing earlier is found. Conflict (HTTP 422) for a key with another body."""
        async with self.attempt_with(key_of(request.headers.get("Idempotency-Key"), request.path, body)) as attempt:
            yield attempt

    @asynccontextmanager
    async def attempt_with(self, key: IdempotencyKey | None) -> AsyncIterator[Attempt]:
        """The same for what came another way than as an HTTP request."""
        earlier = self._services.earlier
        if key is None or earlier is None:
            yield Attempt(key, None)
            return
        # A request may take its time (a command that asks a human): those with other keys do not wait for it.
        async with self._under_way.setdefault(key.key, asyncio.Lock()):
            yield Attempt(key, await earlier(key))


def key_of(written: str | None, place: str, body: bytes) -> IdempotencyKey | None:
    """What the caller wrote, as the key of a request to `place` with this body. InvalidInput where it is none."""
    if written is None:
        return None
    if not 0 < len(written) <= MAX_KEY:
        raise InvalidInput(f"The Idempotency-Key has {len(written)} characters, expected 1 to {MAX_KEY}.", code="invalid_key")
    if any("\ud800" <= character <= "\udfff" for character in written):
        raise InvalidInput("The Idempotency-Key is not UTF-8.", hint="Use letters, digits and dashes.", code="invalid_key")
    return IdempotencyKey(ADMIN, written, sha256(place.rstrip("/").encode() + b"\0" + body).hexdigest())
