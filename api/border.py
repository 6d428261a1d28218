"""The one middleware: the door before a handler, problem+json for what it raises, a count after it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import perf_counter

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from api.answers import JSON_HEADERS, add_headers
from api.counts import RequestCounts
from api.door import Door, address_of
from api.endpoints import Access, Endpoint
from api.keys import CALLER
from api.openai_errors import as_openai_error, speaks_openai
from api.problems import problem, problem_of_bug, problem_of_error, problem_of_framework
from chainbot_desktop.core.errors import ChainBotError

_log = logging.getLogger(__name__)
WEBHOOKS = "/api/webhooks/chainbot"
BAD_BODY = "The request body ended early, or is not encoded as its headers say."


def make_border(
    door: Door,
    counts: RequestCounts,
    routes: Mapping[web.AbstractRoute, Endpoint],
    turn_away: Callable[[str, str, int, str], None],
    answered: Callable[[str, str, int, float, int | None], None],
) -> Middleware:
    """`routes` is read at each request and may be filled later.

    `turn_away` hears of webhooks that did not come in: path below `WEBHOOKS`, caller, status, reason. `answered` hears of every
    request: method, route as it is declared, status, seconds, bytes of the body (None: not known).
    """

    @web.middleware
    async def border(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = perf_counter()
        endpoint = routes.get(request.match_info.route)
        access = Access.TOKEN if endpoint is None else endpoint.access
        response: web.StreamResponse
        try:
            if access is not Access.OPEN:
                by_address = _admit(door, request, access, turn_away)
                if access is Access.WEBHOOK:
                    request[CALLER] = door.caller(request, by_address=by_address)
            response = await handler(request)
        except ChainBotError as error:
            response = problem_of_error(error, request.path)
        except web.HTTPException as error:
            response = problem_of_framework(error, request.path)
        except (web.RequestPayloadError, ConnectionError):
            response = problem(400, "bad_body", BAD_BODY, request.path)
        except Exception:  # the border of a request
            _log.exception("%s %s failed", request.method, request.path)
            response = problem_of_bug(request.path)
        if speaks_openai(request.path):
            response = as_openai_error(response)
        if "Server" not in response.headers and not response.prepared:
            add_headers(response, JSON_HEADERS)
        method, path = (
            (request.method, endpoint.path) if endpoint is not None else _unknown(request, response.status, turn_away)
        )
        seconds = perf_counter() - started
        counts.add(method, path, response.status, seconds)
        answered(method, path, response.status, seconds, _size(response))
        return response

    return border


def _size(response: web.StreamResponse) -> int | None:
    """Of what was streamed, or of the body that is about to be sent."""
    return response.body_length if response.prepared else response.content_length


def _admit(door: Door, request: web.Request, access: Access, turn_away: Callable[[str, str, int, str], None]) -> bool:
    try:
        return door.admit(request, access)
    except ChainBotError as error:
        if access is Access.WEBHOOK:
            turn_away(*_who_and_where(request), error.http_status, error.message)
        raise


def _unknown(request: web.Request, status: int, turn_away: Callable[[str, str, int, str], None]) -> tuple[str, str]:
    """How a request to nothing is counted; one that was meant for a webhook is heard of."""
    if request.path.startswith(WEBHOOKS):
        turn_away(*_who_and_where(request), status, f"There is no webhook {request.method} {request.path[:200]}")
    return "*", "(unknown)"


def _who_and_where(request: web.Request) -> tuple[str, str]:
    return request.path.removeprefix(WEBHOOKS).strip("/"), f"system:webhook@{address_of(request)}"
