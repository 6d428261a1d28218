"""What agents that run here do: tasks, messages, how they are, what they print, what they did."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from api.agent_documents import conversation_messages, run_document, status_document
from api.agent_schemas import (
    AgentConversation,
    AgentStatus,
    Handover,
    LogPage,
    LogParameters,
    PageParameters,
    RunBegun,
    RunDocument,
    TaskOrder,
    Word,
    WordTaken,
)
from api.agents_here import agent_here, entanglements_of, runtime_of
from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import REPEATS, SERVICES
from api.reading import parse_model, parse_query, read_body, read_object
from chainbot_desktop.core.json_codec import parse_object


async def execute(request: web.Request) -> web.Response:
    agent_id = agent_here(request).id
    body = await read_body(request)
    order = parse_model(parse_object(body), TaskOrder)
    async with request.app[REPEATS].attempt(request, body) as attempt:
        if attempt.earlier is not None:
            return await _begun(request, attempt.fact().run_id)
        run_id = await runtime_of(request).execute(
            agent_id,
            order.task,
            actor=ADMIN,
            context=order.context,
            conversation_id=order.conversation_id,
            delivery=order.delivery,
            key=attempt.key,
        )
    return await _begun(request, run_id)


async def message(request: web.Request) -> web.Response:
    guest = request.app[SERVICES].agents.get(request.match_info["id"])
    if guest is not None and guest.guest:
        word = parse_model(await read_object(request), Word)
        message_id = await entanglements_of(request).tell_guest(guest.id, word.text, actor=ADMIN)
        return json_answer({"run_id": None, "message_id": message_id, "agent_id": guest.id, "status": "told"})
    agent_id = agent_here(request).id
    word = parse_model(await read_object(request), Word)
    return await _begun(request, await runtime_of(request).message(agent_id, word.text, actor=ADMIN, delivery=word.delivery))


async def hand_over(request: web.Request) -> web.Response:
    agent_id = agent_here(request).id
    order = parse_model(await read_object(request), Handover)
    to = agent_here(request, order.to).id
    run_id = await entanglements_of(request).handover(agent_id, to, run_id=order.run_id, actor=ADMIN)
    return await _begun(request, run_id)


async def _begun(request: web.Request, run_id: str) -> web.Response:
    row = await runtime_of(request).run(run_id)
    return json_answer({"run_id": run_id, "agent_id": row.agent_id, "status": row.state})


async def status(request: web.Request) -> web.Response:
    vitals, agent_id = request.app[SERVICES].vitals, agent_here(request).id
    if vitals is not None:
        await vitals.measured(agent_id)
    live = agent_here(request)  # as it is after the measuring
    return json_answer(status_document(live, vitals.figures(agent_id) if vitals is not None else None))


async def log(request: web.Request) -> web.Response:
    agent_id = agent_here(request).id
    asked = parse_query(request.query, LogParameters)
    lines, dropped = runtime_of(request).log(agent_id).since(asked.since, asked.limit)
    last = lines[-1].number if lines else asked.since
    return json_answer({"lines": [asdict(line) for line in lines], "next": last, "dropped": dropped})


async def runs(request: web.Request) -> web.Response:
    agent_id = agent_here(request).id
    asked = parse_query(request.query, PageParameters)
    found = await runtime_of(request).runs_of(agent_id, asked.limit)
    return json_answer([run_document(row) for row in found])


async def conversation(request: web.Request) -> web.Response:
    agent_id = agent_here(request).id
    asked = parse_query(request.query, PageParameters)
    found = await runtime_of(request).runs_of(agent_id, asked.limit)
    messages = [message for row in reversed(found) for message in conversation_messages(row)]
    return json_answer({"agent_id": agent_id, "messages": messages})


_ID = {"id": "Id of the agent"}
_BODY = (400, 404, 408, 409, 413, 415, 422, 429, 503)
_READ = (404, 409, 422, 503)
_BEGUN = (Answer("It is on the disk", RunBegun),)

ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/agents/{id}/execute",
        execute,
        "Give an agent a task",
        "agents",
        _BEGUN,
        description="Returns at once; GET /api/runs/{id} has what came of it. With an `Idempotency-Key` nothing is done twice.",
        body=TaskOrder,
        problems=_BODY,
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        "/api/agents/{id}/message",
        message,
        "Tell an agent something",
        "agents",
        (Answer("It is on the disk", WordTaken),),
        description="Reaches the run under way between two of its tool calls; an agent at rest begins a run with it; "
        "a guest is told over the event bus of ALEX OS.",
        body=Word,
        problems=_BODY,
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        "/api/agents/{id}/handover",
        hand_over,
        "Give an agent's task to another, with what was answered so far",
        "agents",
        _BEGUN,
        body=Handover,
        problems=_BODY,
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        "/api/agents/{id}/status",
        status,
        "How an agent is now",
        "agents",
        (Answer("", AgentStatus),),
        problems=(404, 409, 503),
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        "/api/agents/{id}/log",
        log,
        "What it printed and did, from memory",
        "agents",
        (Answer("", LogPage),),
        query=LogParameters,
        problems=_READ,
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        "/api/agents/{id}/runs",
        runs,
        "Its runs, newest first",
        "agents",
        (Answer("", (RunDocument,)),),
        query=PageParameters,
        problems=_READ,
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        "/api/gpt/conversation/{id}",
        conversation,
        "Its latest runs as messages, oldest first",
        "agents",
        (Answer("", AgentConversation),),
        query=PageParameters,
        problems=_READ,
        parameters=_ID,
    ),
)
