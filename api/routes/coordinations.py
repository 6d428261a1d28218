"""One task for agents that were chosen one by one; those of an entanglement are at its own routes as well."""

from __future__ import annotations

from aiohttp import web

from api.agents_here import entanglements_of
from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.entanglement_schemas import ChosenTask, CoordinationDocument
from api.reading import parse_model, read_object


async def coordinate(request: web.Request) -> web.Response:
    order = parse_model(await read_object(request), ChosenTask)
    found = await entanglements_of(request).coordinate_among(order.agents, order.task, actor=ADMIN)
    return json_answer(found.document())


async def get(request: web.Request) -> web.Response:
    return json_answer((await entanglements_of(request).coordination(request.match_info["id"])).document())


async def cancel(request: web.Request) -> web.Response:
    return json_answer((await entanglements_of(request).cancel(request.match_info["id"], actor=ADMIN)).document())


_ID = {"id": "Id of the coordination"}

ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/coordinations",
        coordinate,
        "Give one task to agents of your choice",
        "entanglements",
        (Answer("The plan; it goes on", CoordinationDocument),),
        description="They need no link; their answers stand one after the other.",
        body=ChosenTask,
        problems=(400, 404, 408, 409, 413, 415, 422, 503),
    ),
    Endpoint(
        "GET",
        "/api/coordinations/{id}",
        get,
        "What came of a shared task so far",
        "entanglements",
        (Answer("", CoordinationDocument),),
        problems=(404, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        "/api/coordinations/{id}/cancel",
        cancel,
        "End a shared task; the answers that came stay",
        "entanglements",
        (Answer("", CoordinationDocument),),
        problems=(404, 409, 503),
        parameters=_ID,
    ),
)
