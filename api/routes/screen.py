"""What the panel shows now, as a picture."""

from __future__ import annotations

from aiohttp import web

from api.answers import headers
from api.endpoints import Answer, Endpoint
from api.keys import CAMERA

_HEADERS = headers("image/png")


async def screen(request: web.Request) -> web.Response:
    return web.Response(body=await request.app[CAMERA].picture(), headers=_HEADERS)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/screen.png",
        screen,
        "What the panel shows now",
        "panel",
        (Answer("The picture", None, "image/png"),),
        description="404 with the reason where the program runs without a panel.",
        problems=(404,),
    ),
)
