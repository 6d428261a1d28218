"""Agents and their map."""

from __future__ import annotations

from aiohttp import web

from api.agent_schemas import AgentParameters
from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import SERVICES
from api.reading import parse_model, parse_query, read_object
from api.schemas import AgentDocument, AgentMap, Coordinates, Moved
from chainbot_desktop.agents.documents import agent_document
from chainbot_desktop.core.errors import NotFound


async def list_agents(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    asked = parse_query(request.query, AgentParameters)
    return json_answer(services.agents.list_document(services.runtime, only=asked.filter()))


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
    return json_answer(services.agents.map_document(services.runtime))


_ID = {"id": "Id of the agent"}

ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/agents",
        list_agents,
        "All agents, guests included, or those that are asked for",
        "agents",
        (Answer("", (AgentDocument,)),),
        query=AgentParameters,
        problems=(422,),
    ),
    Endpoint("GET", "/api/agents/map", agent_map, "Agents, connections and places", "agents", (Answer("", AgentMap),)),
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
