"""Deliveries: what goes out to ALEX OS, to be tried again or given up, and the webhooks that came in, to be played again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from aiohttp import web

from api.answers import headers, json_answer
from api.delivery_schemas import (
    DeliveryParameters,
    HowMany,
    IncomingDelivery,
    IncomingPage,
    IncomingParameters,
    OutgoingDelivery,
    OutgoingInFull,
    OutgoingPage,
    ReplayOutcome,
    ReplayParameters,
    WhichDeliveries,
)
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import SERVICES
from api.reading import parse_query
from api.services import DeliveryServices
from chainbot_desktop.alexos.replaying import ReplayPreview
from chainbot_desktop.core.errors import InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.json_codec import Verbatim
from chainbot_desktop.store.deliveries import DeliveryRow
from chainbot_desktop.store.received_webhooks import ReceivedWebhook

T = TypeVar("T")
_OUT, _IN = "/api/deliveries", "/api/deliveries/incoming"


async def list_outgoing(request: web.Request) -> web.Response:
    asked, desk = parse_query(request.query, DeliveryParameters), _deliveries(request).desk
    rows, census = await desk.page(asked.query()), await desk.census()
    page, more = _page(rows, asked.limit)
    items = [_outgoing(row) for row in page]
    return json_answer({"items": items, "next": page[-1].seq if more else None, **asdict(census)})


async def get_outgoing(request: web.Request) -> web.Response:
    found = await _deliveries(request).desk.get(_number(request, "seq"))
    event = found.recorded.envelope() if found.recorded is not None else None
    body = Verbatim(found.body.decode()) if found.body else None
    return json_answer({**_outgoing(found.row), "event": event, "body": body})


async def retry(request: web.Request) -> web.Response:
    return json_answer(_outgoing(await _deliveries(request).desk.retry(_number(request, "seq"), ADMIN)))


async def give_up(request: web.Request) -> web.Response:
    return json_answer(_outgoing(await _deliveries(request).desk.give_up(_number(request, "seq"), ADMIN)))


async def retry_all(request: web.Request) -> web.Response:
    which = parse_query(request.query, WhichDeliveries)
    return json_answer({"count": await _deliveries(request).desk.retry_all(which.state, ADMIN)})


async def give_up_waiting(request: web.Request) -> web.Response:
    return json_answer({"count": await _deliveries(request).desk.give_up_waiting(ADMIN)})


async def list_incoming(request: web.Request) -> web.Response:
    asked, deliveries = parse_query(request.query, IncomingParameters), _deliveries(request)
    page, more = _page(await deliveries.received.page(asked.query()), asked.limit)
    kept, refused = await deliveries.received.counts()
    counts = {"kept": kept, "refused": refused, "not_kept": deliveries.not_kept()}
    return json_answer({"items": [_incoming(one) for one in page], "next": page[-1].number if more else None, **counts})


async def get_incoming(request: web.Request) -> web.Response:
    return json_answer(_incoming(await _received(request)))


async def get_body(request: web.Request) -> web.Response:
    found = await _received(request)
    body = await _deliveries(request).received.body(found.number)
    if body is None:
        raise NotFound(f"The body of delivery {found.number} is not kept.", code="body_not_kept")
    # A stranger wrote it: no browser is to take it for anything but bytes.
    return web.Response(body=body, headers=headers("application/octet-stream"))


async def replay(request: web.Request) -> web.Response:
    asked, service = parse_query(request.query, ReplayParameters), _deliveries(request).replay
    number = (await _received(request)).number
    preview = await service.preview(number, ADMIN)
    recorded = None if asked.preview else await service.replay(number, ADMIN)
    return json_answer(_outcome(preview, recorded))


def _outcome(preview: ReplayPreview, recorded: Recorded[Any] | None) -> dict[str, Any]:
    event: Event | None = recorded.event if recorded is not None else preview.event
    return {
        "valid": event is not None,
        "problem": preview.problem,
        "same": preview.same,
        "event": recorded.envelope() if recorded is not None else None,
        "event_type": event.type if event is not None else None,
        "subject": event.subject if event is not None else None,
        "severity": event.severity.value if event is not None else None,
        "data": Verbatim(event.data_json()) if event is not None else None,
    }


def _outgoing(row: DeliveryRow) -> dict[str, Any]:
    return {**asdict(row), "next_attempt_at": row.next_attempt_at or None}


def _incoming(one: ReceivedWebhook) -> dict[str, Any]:
    found = asdict(one)
    found["body_kept"] = found.pop("has_body")
    return {**found, "state": one.state, "event_id": one.event_id or None, "event_type": one.event_type or None}


def _page(rows: Sequence[T], limit: int) -> tuple[Sequence[T], bool]:
    return rows[:limit], len(rows) > limit


async def _received(request: web.Request) -> ReceivedWebhook:
    number = _number(request, "number")
    found = await _deliveries(request).received.get(number)
    if found is None:
        raise NotFound(f"There is no delivery number {number}.", hint=f"GET {_IN} lists them.")
    return found


def _number(request: web.Request, name: str) -> int:
    written = request.match_info[name]
    if not (written.isascii() and written.isdigit() and len(written) <= 18):
        raise InvalidInput(f"{written[:100]!r} is no number of a delivery.", hint="A whole number stands there.")
    return int(written)


def _deliveries(request: web.Request) -> DeliveryServices:
    found = request.app[SERVICES].deliveries
    if found is None:
        raise Unavailable("This program keeps no deliveries now.", code="no_deliveries")
    return found


_SEQ = {"seq": "Place of the event in the journal"}
_NUMBER = {"number": "Number of the delivery"}

ENDPOINTS = (
    Endpoint(
        "GET",
        _OUT,
        list_outgoing,
        "Deliveries to ALEX OS, the newest first",
        "deliveries",
        (Answer("", OutgoingPage),),
        query=DeliveryParameters,
        problems=(422, 503),
    ),
    Endpoint(
        "GET",
        _IN,
        list_incoming,
        "Webhooks that came in, the newest first",
        "deliveries",
        (Answer("", IncomingPage),),
        query=IncomingParameters,
        problems=(422, 503),
    ),
    Endpoint(
        "POST",
        f"{_OUT}/retry",
        retry_all,
        "Try all that were given up, or all that wait, at once",
        "deliveries",
        (Answer("", HowMany),),
        description="Of those given up the oldest come first, as many as fit; ask again until the count is 0.",
        query=WhichDeliveries,
        problems=(409, 422, 503),
    ),
    Endpoint(
        "POST",
        f"{_OUT}/give-up",
        give_up_waiting,
        "Give up all that wait",
        "deliveries",
        (Answer("", HowMany),),
        description="But for those that are under way at this moment.",
        problems=(409, 503),
    ),
    Endpoint(
        "GET",
        f"{_IN}/{{number}}",
        get_incoming,
        "One webhook that came in",
        "deliveries",
        (Answer("", IncomingDelivery),),
        problems=(404, 422, 503),
        parameters=_NUMBER,
    ),
    Endpoint(
        "GET",
        f"{_IN}/{{number}}/body",
        get_body,
        "The very bytes that came",
        "deliveries",
        (Answer("The body", None, "application/octet-stream"),),
        problems=(404, 422, 503),
        parameters=_NUMBER,
    ),
    Endpoint(
        "POST",
        f"{_IN}/{{number}}/replay",
        replay,
        "Take it once more, as the program is now",
        "deliveries",
        (Answer("", ReplayOutcome),),
        description=(
            "The event that comes of it has the source `replay` and names what it is a replay of in `replay_of`; ALEX OS is not told "
            "of it. 409 (`body_not_kept`) where the body is not kept."
        ),
        query=ReplayParameters,
        problems=(400, 404, 409, 422, 503),
        parameters=_NUMBER,
    ),
    Endpoint(
        "GET",
        f"{_OUT}/{{seq}}",
        get_outgoing,
        "One delivery, with its event and its body as it is sent",
        "deliveries",
        (Answer("", OutgoingInFull),),
        problems=(404, 422, 503),
        parameters=_SEQ,
    ),
    Endpoint(
        "POST",
        f"{_OUT}/{{seq}}/retry",
        retry,
        "Try it at once",
        "deliveries",
        (Answer("As it is now", OutgoingDelivery),),
        problems=(404, 409, 422, 503),
        parameters=_SEQ,
    ),
    Endpoint(
        "POST",
        f"{_OUT}/{{seq}}/give-up",
        give_up,
        "Do not try it any more",
        "deliveries",
        (Answer("As it is now", OutgoingDelivery),),
        description="Waits for the attempt that is under way; 409 where that delivered it.",
        problems=(404, 409, 422, 503),
        parameters=_SEQ,
    ),
)
