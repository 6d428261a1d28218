"""Agents that run here: what kinds there are, and how one is made, changed, stopped and deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from api.agent_documents import definition_document
from api.agent_schemas import (
    AgentChange,
    AgentDefinition,
    AgentDone,
    AgentOrder,
    AgentSpawnedAnswer,
    KindDocument,
    StopAllReport,
)
from api.agents_here import agent_here, runtime_of
from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint, Handler
from api.keys import REPEATS
from api.reading import parse_model, read_body, read_object
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.json_codec import parse_object


async def list_kinds(request: web.Request) -> web.Response:
    runtime = runtime_of(request)
    return json_answer(
        [
            {
                "name": info.name,
                "title": info.title,
                "description": info.description,
                "model_backed": info.model_backed,
                "takes_tasks": info.takes_tasks,
                "default_restart": info.default_restart,
                "config_schema": runtime.config_schema(info.name),
            }
            for info in runtime.kinds()
        ]
    )


async def spawn(request: web.Request) -> web.Response:
    runtime = runtime_of(request)
    body = await read_body(request)
    order = parse_model(parse_object(body), AgentOrder)
    config = dict(order.config)
    name = _text(config.pop("name", None))
    async with request.app[REPEATS].attempt(request, body) as attempt:
        if attempt.earlier is not None:
            return _spawned(runtime, attempt.fact().agent_id, 200)
        agent_id = await runtime.spawn(order.agent_type, name, config, actor=ADMIN, key=attempt.key)
    return _spawned(runtime, agent_id, 201)


def _spawned(runtime: AgentService, agent_id: str, status: int) -> web.Response:
    live = runtime.live(agent_id)
    return json_answer({"agent_id": agent_id, "status": live.state if live is not None else "removed"}, status)


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise InvalidInput("The configuration needs a name, as text.", hint='{"config": {"name": "..."}}', code="invalid_name")
    return name


async def replace(request: web.Request) -> web.Response:
    return await _swap(request, merge=False)


async def change(request: web.Request) -> web.Response:
    return await _swap(request, merge=True)


async def _swap(request: web.Request, *, merge: bool) -> web.Response:
    agent_id = agent_here(request).id
    runtime = runtime_of(request)
    wanted = parse_model(await read_object(request), AgentChange)
    config = dict(wanted.config) if wanted.config is not None else None
    name = wanted.name
    if config is not None and "name" in config:
        name = _text(config.pop("name"))
    if config is not None and merge:
        config = _merged(runtime.definition(agent_id).config, config)
    await runtime.hot_swap(agent_id, actor=ADMIN, kind=wanted.agent_type, name=name, config=config)
    return _definition(runtime, agent_id)


def _merged(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`null` takes a field back to what its kind says."""
    return {key: value for key, value in {**before, **changes}.items() if value is not None}


async def get_config(request: web.Request) -> web.Response:
    return _definition(runtime_of(request), agent_here(request).id)


def _definition(runtime: AgentService, agent_id: str) -> web.Response:
    live = runtime.live(agent_id)
    row = runtime.definition(agent_id)
    assert live is not None
    return json_answer(definition_document(row, live))


async def delete(request: web.Request) -> web.Response:
    agent_id = agent_here(request).id
    await runtime_of(request).remove(agent_id, actor=ADMIN)
    return json_answer({"agent_id": agent_id, "status": "removed"})


async def stop_all(request: web.Request) -> web.Response:
    report = await runtime_of(request).stop_all(actor=ADMIN)
    stopped = [{"agent_id": agent_id, "name": name} for agent_id, name in report.agents]
    return json_answer({"stopped": stopped, "runs": report.runs})


_Deed = Callable[[AgentService], Callable[..., Awaitable[None]]]


def _doing(deed: _Deed) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        agent_id = agent_here(request).id
        runtime = runtime_of(request)
        await deed(runtime)(agent_id, actor=ADMIN)
        live = runtime.live(agent_id)
        return json_answer({"agent_id": agent_id, "status": live.state if live is not None else "removed"})

    return handle


_DEEDS: Mapping[str, tuple[_Deed, str, str]] = {
    "stop": (
        lambda runtime: runtime.stop,
        "Stop an agent",
        "Answers when nothing of it is left: terminated, after 5 s killed.",
    ),
    "terminate": (lambda runtime: runtime.stop, "Stop an agent, as older clients call it", "The same as stop."),
    "kill": (lambda runtime: runtime.kill, "Kill an agent without asking it", "Answers when nothing of it is left."),
    "restart": (lambda runtime: runtime.restart, "Start an agent anew", "Tasks that wait for it go on waiting."),
    "pause": (lambda runtime: runtime.pause, "Hold an agent up", ""),
    "resume": (lambda runtime: runtime.resume, "Let a paused agent go on", ""),
}
_ID = {"id": "Id of the agent"}
_BODY = (400, 408, 413, 415, 422)
_SPAWNED = (
    Answer("It starts", AgentSpawnedAnswer, status=201),
    Answer("The same request came before", AgentSpawnedAnswer),
)
_KEYED = "With an `Idempotency-Key` the same request does nothing twice."

ENDPOINTS = (
    Endpoint(
        "GET", "/api/agents/types", list_kinds, "Kinds of agents", "agents", (Answer("", (KindDocument,)),), problems=(503,)
    ),
    *(
        Endpoint(
            "POST",
            path,
            spawn,
            "Make an agent and start it",
            "agents",
            _SPAWNED,
            description=_KEYED,
            body=AgentOrder,
            problems=(*_BODY, 404, 409, 429, 503),
        )
        for path in ("/api/agents", "/api/agents/spawn")
    ),
    Endpoint(
        "POST", "/api/agents/stop-all", stop_all, "Stop every agent", "agents", (Answer("", StopAllReport),), problems=(503,)
    ),
    *(
        Endpoint(
            method,
            f"/api/agents/{{id}}{tail}",
            handler,
            summary,
            "agents",
            (Answer("What it is now", AgentDefinition),),
            description="Another kind, model, persona or name under the same id, place, links and conversation (hot swap).",
            body=AgentChange,
            problems=(*_BODY, 404, 409, 503),
            parameters=_ID,
        )
        for tail in ("", "/config")
        for method, handler, summary in (
            ("PUT", replace, "Replace an agent's configuration"),
            ("PATCH", change, "Change parts of an agent's configuration"),
        )
    ),
    Endpoint(
        "GET",
        "/api/agents/{id}/config",
        get_config,
        "An agent's configuration",
        "agents",
        (Answer("", AgentDefinition),),
        problems=(404, 409, 503),
        parameters=_ID,
    ),
    Endpoint(
        "DELETE",
        "/api/agents/{id}",
        delete,
        "Stop an agent and delete it for good",
        "agents",
        (Answer("", AgentDone),),
        problems=(404, 409, 503),
        parameters=_ID,
    ),
    *(
        Endpoint(
            "POST",
            f"/api/agents/{{id}}/{name}",
            _doing(deed),
            summary,
            "agents",
            (Answer("", AgentDone),),
            description=description,
            problems=(404, 409, 503),
            parameters=_ID,
        )
        for name, (deed, summary, description) in _DEEDS.items()
    ),
)
