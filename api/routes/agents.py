"""Agents and their map."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from api.agent_schemas import AgentParameters
from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.history_schemas import HistoryParameters, MapHistoryDocument, MapParameters, PastAgentMap
from api.keys import SERVICES
from api.reading import parse_model, parse_query, read_object
from api.schemas import AgentDocument, Coordinates, Moved
from api.vitals_documents import map_with_vitals
from chainbot_desktop.agents.documents import agent_document, map_document, span_document
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
    asked = parse_query(request.query, MapParameters)
    if asked.at is None and asked.time is None:
        if asked.vitals and services.vitals is not None:
            await services.vitals.measured()
        document = services.agents.map_document(services.runtime)
        return json_answer(map_with_vitals(document, services.vitals, activity=asked.vitals))
    seq = asked.at if asked.at is not None else await services.history.seq_at(asked.time or "")
    moment = await services.history.at(seq)
    document = map_document(moment.agents, moment.entanglements)
    return json_answer({**map_with_vitals(document, None, activity=False), "at": {"seq": moment.seq, "time": moment.time}})


async def map_history(request: web.Request) -> web.Response:
    history = request.app[SERVICES].history
    asked = parse_query(request.query, HistoryParameters)
    span, density = await history.span(), await history.density(asked.buckets)
    return json_answer({"span": span_document(span), "density": [asdict(bucket) for bucket in density]})


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
    Endpoint(
        "GET",
        "/api/agents/map",
        agent_map,
        "Agents, connections and places, now or as they were",
        "agents",
        (Answer("", PastAgentMap),),
        description="CPU and memory are measured while somebody watches (the panel, a WebSocket of the map) or asks with `vitals`.",
        query=MapParameters,
        problems=(404, 422, 503),
    ),
    Endpoint(
        "GET",
        "/api/agents/map/history",
        map_history,
        "How far the map's past reaches, and when much happened in it",
        "agents",
        (Answer("", MapHistoryDocument),),
        query=HistoryParameters,
        problems=(422, 503),
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
