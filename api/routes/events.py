"""The journal: events by position, type, subject, words and time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from api.answers import json_answer
from api.endpoints import Answer, Endpoint
from api.keys import SERVICES
from api.reading import parse_query
from api.schemas import EventEnvelope, EventPage, EventParameters
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.events import Event, Recorded


async def list_events(request: web.Request) -> web.Response:
    return await event_page(request, _envelope)


async def event_page(request: web.Request, shape: Callable[[Recorded[Event]], dict[str, Any]]) -> web.Response:
    """What the request asks of the journal, each event in its `shape`."""
    asked = parse_query(request.query, EventParameters)
    found = await request.app[SERVICES].journal.read(asked.query())
    return json_answer(_cut(found, asked.limit, shape))


def _cut(found: Sequence[Recorded[Event]], limit: int, shape: Callable[[Recorded[Event]], dict[str, Any]]) -> dict[str, Any]:
    page = found[:limit]
    return {"items": [shape(recorded) for recorded in page], "next": page[-1].seq if len(found) > limit else None}


def _envelope(recorded: Recorded[Event]) -> dict[str, Any]:
    return recorded.envelope()


async def get_event(request: web.Request) -> web.Response:
    event_id = request.match_info["id"]
    recorded = await request.app[SERVICES].journal.get(event_id)
    if recorded is None:
        raise NotFound(f"There is no event {event_id[:100]!r}.", hint="GET /api/events lists them.")
    return json_answer(recorded.envelope())


_PROBLEMS = (422, 503)

ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/events",
        list_events,
        "Events",
        "events",
        (Answer("", EventPage),),
        query=EventParameters,
        problems=_PROBLEMS,
    ),
    Endpoint(
        "GET",
        "/api/events/{id}",
        get_event,
        "One event",
        "events",
        (Answer("", EventEnvelope),),
        problems=(404, 503),
        parameters={"id": "Id of the event"},
    ),
)
