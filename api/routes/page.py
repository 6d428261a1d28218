"""The page at `/`: what agents ask, the screen, the health, the latest events, STOP ALL; and the way in for an unknown browser."""

from __future__ import annotations

from aiohttp import web

from api.answers import redirect
from api.door import address_of
from api.endpoints import Access, Answer, Endpoint
from api.keys import DOOR, FOLDERS, SIGN_IN
from api.problems import TooManyTries, Unauthorized

PAGE_FILES = ("index.html", "page.js", "approvals.js", "page.css")


async def index(request: web.Request) -> web.StreamResponse:
    door = request.app[DOOR]
    ticket = request.query.get("ticket")
    if ticket is not None and request.method == "GET":
        return _redeem(request, ticket)
    try:
        door.admit(request, Access.TOKEN)
    except Unauthorized:
        if "text/html" not in request.headers.get("Accept", ""):
            raise
        return request.app[SIGN_IN].answer()
    return request.app[FOLDERS].page.answer(request, "index.html")


def _redeem(request: web.Request, ticket: str) -> web.StreamResponse:
    door, sign_in = request.app[DOOR], request.app[SIGN_IN]
    if door.keys.tickets.redeem(ticket):
        response = redirect("/")
        door.let_in(response, secure=request.secure)
        return response
    if door.knows(request):
        return redirect("/")  # the link was opened a second time by a browser that is in
    try:
        door.limit.count(address_of(request))
    except TooManyTries as error:
        return sign_in.slow_down(error)
    return sign_in.answer("This link was used before, or its hour is over.")


async def page_file(request: web.Request) -> web.Response:
    return request.app[FOLDERS].page.answer(request, request.match_info["file"])


_FILE = Answer("The file", None, "text/javascript")

ENDPOINTS = (
    Endpoint(
        "GET",
        "/",
        index,
        "The page",
        "panel",
        (Answer("The page", None, "text/html"), Answer("A ticket was redeemed: the cookie is set", None, "", 303)),
        access=Access.OPEN,
        description="A browser without a session gets a page (401) that says how to get in; `?ticket=` redeems a one-time link.",
        problems=(401, 429),
    ),
    Endpoint(
        "GET",
        "/page/{file}",
        page_file,
        "A file of the page",
        "panel",
        (_FILE,),
        problems=(404,),
        parameters={"file": "page.js, approvals.js or page.css"},
    ),
)
