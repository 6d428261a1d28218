"""Agents and their map."""

from __future__ import annotations

from aiohttp import web

from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import SERVICES
from api.reading import parse_model, parse_query, read_object
from api.schemas import AgentDocument, AgentMap, Coordinates, MapParameters, Moved
from api.vitals_documents import map_with_vitals
from chainbot_desktop.agents.documents import agent_document
from chainbot_desktop.core.errors import NotFound


async def list_agents(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    return json_answer(services.agents.list_document(services.runtime))


async def get_agent(request: web.Request) -> web.Response:
    agent_id = request.match_info["id"]
    services = request.app[SERVICES]
    agent = services.agents.get(agent_id)
    if agent is None:
        raise NotFound(f"There is no agent {agent_id!r}.", hint="GET /api/agents lists them.")
    return json_answer(agent_document(agent, services.runtime))


async def move_agent(request: web.Request) -> web.Response:
    agent_id = request.match_info["id"]
    place = parse_model(await read_object(request), Coordinates)
    recorded = await request.app[SERVICES].agents.move(agent_id, place.x, place.y, ADMIN)
    event_id, seq = recorded.event.id, recorded.seq
    return json_answer(
        {"status": "success", "agent_id": agent_id, "x": place.x, "y": place.y, "event_id": event_id, "seq": seq},
    )


async def agent_map(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    asked = parse_query(request.query, MapParameters)
    if asked.vitals and services.vitals is not None:
        await services.vitals.measured()
    document = services.agents.map_document(services.runtime)
    return json_answer(map_with_vitals(document, services.vitals, activity=asked.vitals))


_ID = {"id": "Id of the agent"}

ENDPOINTS = (
    Endpoint("GET", "/api/agents", list_agents, "All agents, guests included", "agents", (Answer("", (AgentDocument,)),)),
    Endpoint(
        "GET",
        "/api/agents/map",
        agent_map,
        "Agents, connections and places",
        "agents",
        (Answer("", AgentMap),),
        description="CPU and memory are measured while somebody watches (the panel, a WebSocket of the map) or asks with `vitals`.",
        query=MapParameters,
        problems=(422,),
    ),
    Endpoint(
        "GET",
        "/api/agents/{id}",
        get_agent,
        "One agent",
        "agents",
        (Answer("", AgentDocument),),
        problems=(404,),
        parameters=_ID,
    ),
    *(
        Endpoint(
            method,
            "/api/agents/{id}/position",
            move_agent,
            "Give an agent its place on the map",
            "agents",
            (Answer("Moved", Moved),),
            body=Coordinates,
            problems=(400, 404, 408, 413, 415, 422, 503),
            parameters=_ID,
        )
        for method in ("PUT", "POST")
    ),
)
