"""The ways in which the simulator can be bad, and the middleware that makes it so."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

Garbage = Literal["null", "html", "no_ids", "wrong_types", "huge", "invalid_utf8", "deep"]

HTML_PAGE = "<!doctype html><html><head><title>Watchtower</title></head><body><div id='root'></div></body></html>"
_HUGE = 10 * 1024 * 1024


class Misbehaviour(BaseModel):
    """All off by default. Set at start by flags, at run time by `POST /simulator/misbehave` with the fields to change."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    down: bool = False
    """Connections end without an answer, sockets are closed."""
    slow: Annotated[float, Field(ge=0, le=600)] = 0
    """Seconds before every answer."""
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    """Every request is answered with this status in plain text."""
    html: bool = False
    """Every request is answered 200 with a web page."""
    garbage: Garbage | None = None
    """Every GET is answered 200 with this instead of what was asked."""
    lose_answers: bool = False
    """Requests are carried out, and then the connection breaks before the answer."""
    refuse_registration: Annotated[int, Field(ge=400, le=599)] | None = None
    refuse_events: dict[str, Annotated[int, Field(ge=400, le=599)]] = Field(default_factory=dict)
    """Event types that are answered with a status."""
    unknown_agent: bool = False
    """Health reports are answered 404 until somebody registers."""
    drop_sockets: bool = False
    """Sockets are closed a moment after they were opened."""
    deaf_sockets: bool = False
    """Sockets stay open and nothing is heard or said on them."""
    duplicate: bool = False
    """Every event is published twice."""
    reorder: bool = False
    """Every second event is published before the one that came first."""
    clock_ahead: Annotated[float, Field(ge=-1e9, le=1e9)] = 0
    """Seconds that its clock is ahead, as the `Date` of its answers tells; below zero it is behind."""
    silent_guests: bool = False
    """Guests that are told something do not answer."""


def garbage_answer(kind: Garbage) -> web.Response:
    """A listing as a broken ALEX OS would give it."""
    if kind == "html":
        return web.Response(text=HTML_PAGE, content_type="text/html")
    bodies: dict[Garbage, bytes] = {
        "null": b"null",
        "no_ids": b'[{"name": "nobody"}, {}, {"uuid": null, "name": null}, {"uuid": "  ", "name": "blank"}]',
        "wrong_types": b'[1, "two", null, {"uuid": 7, "name": ["x"], "status": {}}, {"uuid": {}, "name": 3}]',
        "huge": b'[{"uuid": "u", "name": "' + b"n" * _HUGE + b'"}]',
        "invalid_utf8": b'[{"uuid": "a", "name": "\xff\xfe"}]',
        "deep": b"[" * 5000 + b"]" * 5000,
    }
    return web.Response(body=bodies[kind], content_type="application/json")


def break_connection(request: web.Request) -> web.StreamResponse:
    """End the connection as a machine that lost its power would."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def instead_of_answer(request: web.Request, bad: Misbehaviour) -> web.StreamResponse | None:
    """What is answered instead of the real thing; None for the real thing."""
    if bad.slow:
        await asyncio.sleep(bad.slow)
    if bad.down:
        return break_connection(request)
    if bad.status is not None:
        return web.Response(status=bad.status, text="Internal Server Error")
    if bad.html:
        return web.Response(text=HTML_PAGE, content_type="text/html")
    if bad.garbage is not None and request.method == "GET" and request.headers.get("Upgrade", "").lower() != "websocket":
        return garbage_answer(bad.garbage)
    return None
