"""Entanglements: typed links between agents, what is said over them, and tasks that agents share."""

from __future__ import annotations

from aiohttp import web

from api.agent_documents import delivery_document, message_document, refusal_document
from api.agents_here import entanglements_of
from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.entanglement_schemas import (
    AgentMessageDocument,
    BroadcastOrder,
    BroadcastReport,
    CoordinationDocument,
    DeliveryDocument,
    EntanglementDocument,
    EntanglementOrder,
    EntanglementStatus,
    MemberOrder,
    MessageOrder,
    MessageParameters,
    SharedTask,
)
from api.keys import REPEATS
from api.reading import parse_model, parse_query, read_body, read_object
from api.schemas import Done
from chainbot_desktop.agents.documents import connection_document
from chainbot_desktop.agents.entanglements.coordination import Coordination
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.json_codec import parse_object


async def list_links(request: web.Request) -> web.Response:
    return json_answer([connection_document(link) for link in entanglements_of(request).list()])


async def create(request: web.Request) -> web.Response:
    entanglements = entanglements_of(request)
    body = await read_body(request)
    order = parse_model(parse_object(body), EntanglementOrder)
    async with request.app[REPEATS].attempt(request, body) as attempt:
        if attempt.earlier is not None:
            return json_answer(connection_document(entanglements.get(attempt.fact().entanglement_id)))
        link = await entanglements.create(order.name, order.type, order.agents, actor=ADMIN, key=attempt.key)
    return json_answer(connection_document(link), 201)


async def get_link(request: web.Request) -> web.Response:
    return json_answer(connection_document(entanglements_of(request).get(request.match_info["id"])))


async def release(request: web.Request) -> web.Response:
    await entanglements_of(request).release(request.match_info["id"], actor=ADMIN)
    return json_answer({"status": "success", "message": "Released"})


async def status(request: web.Request) -> web.Response:
    return json_answer(await entanglements_of(request).status(request.match_info["id"]))


async def add_agent(request: web.Request) -> web.Response:
    order = parse_model(await read_object(request), MemberOrder)
    link = await entanglements_of(request).add(request.match_info["id"], order.agent_id, actor=ADMIN)
    return json_answer(connection_document(link))


async def remove_agent(request: web.Request) -> web.Response:
    order = parse_model(await read_object(request), MemberOrder)
    link = await entanglements_of(request).remove(request.match_info["id"], order.agent_id, actor=ADMIN)
    return json_answer(connection_document(link))


async def send(request: web.Request) -> web.Response:
    order = parse_model(await read_object(request), MessageOrder)
    entanglements = entanglements_of(request)
    sent = await entanglements.send(request.match_info["id"], order.to, order.text, actor=ADMIN, sender=order.sender)
    return json_answer(delivery_document(sent))


async def broadcast(request: web.Request) -> web.Response:
    order = parse_model(await read_object(request), BroadcastOrder)
    entanglements = entanglements_of(request)
    sent, refused = await entanglements.broadcast(request.match_info["id"], order.text, actor=ADMIN, sender=order.sender)
    return json_answer(
        {"delivered": [delivery_document(one) for one in sent], "refused": [refusal_document(r) for r in refused]}
    )


async def messages(request: web.Request) -> web.Response:
    asked = parse_query(request.query, MessageParameters)
    found = await entanglements_of(request).messages(request.match_info["id"], since=asked.since, limit=asked.limit)
    unanswered = await entanglements_of(request).guests.unanswered(found)
    return json_answer([message_document(message, unanswered) for message in found])


async def coordinate(request: web.Request) -> web.Response:
    order = parse_model(await read_object(request), SharedTask)
    found = await entanglements_of(request).coordinate(request.match_info["id"], order.task, actor=ADMIN)
    return json_answer(found.document())


async def coordination(request: web.Request) -> web.Response:
    return json_answer((await _coordination(request)).document())


async def cancel(request: web.Request) -> web.Response:
    wanted = await _coordination(request)
    found = await entanglements_of(request).cancel(wanted.id, actor=ADMIN)
    return json_answer(found.document())


async def _coordination(request: web.Request) -> Coordination:
    found = await entanglements_of(request).coordination(request.match_info["coordination"])
    if found.entanglement_id != request.match_info["id"]:
        raise NotFound("This entanglement has no such coordination.", hint="GET its status.")
    return found


_ID = {"id": "Id of the entanglement"}
_IDS = {**_ID, "coordination": "Id of the coordination"}
_BODY = (400, 404, 408, 409, 413, 415, 422, 503)
_BASE = "/api/entanglements/{id}"

ENDPOINTS = (
    *(
        Endpoint(
            "GET",
            path,
            list_links,
            "All entanglements",
            "entanglements",
            (Answer("", (EntanglementDocument,)),),
            problems=(503,),
        )
        for path in ("/api/entanglements", "/api/agents/connections")
    ),
    Endpoint(
        "POST",
        "/api/entanglements",
        create,
        "Entangle agents",
        "entanglements",
        (
            Answer("Made", EntanglementDocument, status=201),
            Answer("The same request came before", EntanglementDocument),
        ),
        description="data: a shared notebook; control: the first directs the others; dependency: the others wait for the first.",
        body=EntanglementOrder,
        problems=_BODY,
    ),
    Endpoint(
        "GET",
        _BASE,
        get_link,
        "One entanglement",
        "entanglements",
        (Answer("", EntanglementDocument),),
        problems=(404, 503),
        parameters=_ID,
    ),
    Endpoint(
        "DELETE",
        _BASE,
        release,
        "Release it, with what was said over it",
        "entanglements",
        (Answer("", Done),),
        problems=(404, 409, 503),
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        f"{_BASE}/status",
        status,
        "How its agents are, and what they do together",
        "entanglements",
        (Answer("", EntanglementStatus),),
        problems=(404, 503),
        parameters=_ID,
    ),
    *(
        Endpoint(
            "POST",
            f"{_BASE}/agents/{name}",
            handler,
            summary,
            "entanglements",
            (Answer("As it is now", EntanglementDocument),),
            body=MemberOrder,
            problems=_BODY,
            parameters=_ID,
        )
        for name, handler, summary in (
            ("add", add_agent, "Take an agent in"),
            ("remove", remove_agent, "Take an agent out"),
        )
    ),
    Endpoint(
        "GET",
        f"{_BASE}/messages",
        messages,
        "What was said over it, oldest first",
        "entanglements",
        (Answer("", (AgentMessageDocument,)),),
        query=MessageParameters,
        problems=(404, 422, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        f"{_BASE}/messages/send",
        send,
        "Tell one member something; over a data link it becomes a note",
        "entanglements",
        (Answer("", DeliveryDocument),),
        body=MessageOrder,
        problems=(*_BODY, 429),
        parameters=_ID,
    ),
    *(
        Endpoint(
            "POST",
            f"{_BASE}/{tail}",
            broadcast,
            "Tell all members something",
            "entanglements",
            (Answer("Whom it reached, and whom not", BroadcastReport),),
            body=BroadcastOrder,
            problems=_BODY,
            parameters=_ID,
        )
        for tail in ("broadcast", "messages/broadcast")
    ),
    Endpoint(
        "POST",
        f"{_BASE}/coordinate",
        coordinate,
        "Give one task to all",
        "entanglements",
        (Answer("The plan; it goes on", CoordinationDocument),),
        description="The lead of a control link writes one answer from those of the others; else they stand one after the other.",
        body=SharedTask,
        problems=_BODY,
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        f"{_BASE}/coordinate/{{coordination}}",
        coordination,
        "What came of a shared task so far",
        "entanglements",
        (Answer("", CoordinationDocument),),
        problems=(404, 503),
        parameters=_IDS,
    ),
    Endpoint(
        "POST",
        f"{_BASE}/coordinate/{{coordination}}/cancel",
        cancel,
        "End a shared task; the answers that came stay",
        "entanglements",
        (Answer("", CoordinationDocument),),
        problems=(404, 409, 503),
        parameters=_IDS,
    ),
)
