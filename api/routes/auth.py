"""Coming in with a browser: a form for the token, one-time links, and the way out."""

from __future__ import annotations

from urllib.parse import parse_qsl

from aiohttp import web

from api.answers import json_answer, redirect
from api.door import address_of, require_same_origin
from api.endpoints import Access, Answer, Endpoint
from api.keys import DOOR, HUB, SIGN_IN
from api.problems import TooManyTries, Unauthorized
from api.reading import parse_model, read_limited
from api.schemas import Done, Ticket, TokenShown
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.json_codec import JsonObject, parse_object

_MOST = 8 * 1024
_FORM = "application/x-www-form-urlencoded"


async def open_session(request: web.Request) -> web.StreamResponse:
    door = request.app[DOOR]
    require_same_origin(request)
    by_form = request.content_type == _FORM
    body = await read_limited(request, _MOST)
    shown = parse_model(_form(body) if by_form else parse_object(body), TokenShown)
    if not door.keys.token.matches(shown.token.strip()):
        try:
            door.limit.count(address_of(request))
        except TooManyTries as error:
            if not by_form:
                raise
            return request.app[SIGN_IN].slow_down(error)
        if by_form:
            return request.app[SIGN_IN].answer("That is not the token of this panel.")
        raise Unauthorized("The token is wrong.", hint="`chainbot-desktop token` prints it.")
    response = redirect("/") if by_form else json_answer({"status": "success", "message": "Come in"})
    door.let_in(response, secure=request.secure)
    return response


async def issue_ticket(request: web.Request) -> web.Response:
    ticket = request.app[DOOR].keys.tickets.issue()
    url = f"{request.scheme}://{request.host}/?ticket={ticket}"
    return json_answer({"ticket": ticket, "url": url, "expires": "It opens once, within the hour."})


async def log_out(request: web.Request) -> web.Response:
    response = json_answer({"status": "success", "message": "Signed out"})
    request.app[DOOR].let_out(request, response)
    await request.app[HUB].dismiss_signed_out()
    return response


def _form(body: bytes) -> JsonObject:
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=10))
    except ValueError:
        raise InvalidInput("The form cannot be read.", code="invalid_form") from None


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/auth/session",
        open_session,
        "Exchange the token for a browser's session",
        "auth",
        (Answer("The cookie is set", Done), Answer("The same, for a form", None, "", 303)),
        access=Access.OPEN,
        description="JSON or a form. The cookie is HttpOnly and SameSite=Strict.",
        body=TokenShown,
        problems=(400, 401, 403, 408, 413, 422, 429),
    ),
    Endpoint(
        "POST", "/api/auth/ticket", issue_ticket, "A new link that lets a browser in, once", "auth", (Answer("", Ticket),)
    ),
    Endpoint("POST", "/api/auth/logout", log_out, "End the browser's session and its WebSockets", "auth", (Answer("", Done),)),
)
