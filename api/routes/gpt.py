"""The models of the house: how they are, and one answer of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from api.answering import collect, completions_of, stream
from api.answers import json_answer
from api.endpoints import Answer, Endpoint
from api.gpt_schemas import (
    CompletionAnswer,
    CompletionRequest,
    GptHealth,
    PersonaList,
    ProbeAnswer,
    ProbeRequest,
    ProviderList,
    ServerRequest,
)
from api.keys import SERVICES
from api.reading import parse_model, read_body, read_object
from api.run_streams import event
from chainbot_desktop.agents.models.completion import Finished, Message, Order, Piece, TextPiece, ThinkingPiece
from chainbot_desktop.agents.models.discovery import find_servers
from chainbot_desktop.agents.models.gateway import ProviderStatus
from chainbot_desktop.agents.personas import Personas
from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.core.json_codec import parse_object
from chainbot_desktop.core.settings import NamedModelServer


async def complete(request: web.Request) -> web.StreamResponse:
    asked = parse_model(await read_object(request), CompletionRequest)
    order = await _order(request, asked)
    if not asked.stream:
        return json_answer(_answer(await collect(request, order)))
    return await stream(request, order, _events, b"", b"", _failed)


async def provider_status(request: web.Request) -> web.Response:
    return json_answer({"providers": _documents(completions_of(request).models.statuses())})


async def probe(request: web.Request) -> web.Response:
    models = completions_of(request).models
    body = await read_body(request)
    asked = parse_model(parse_object(body) if body else {}, ProbeRequest)
    statuses = await models.probe(asked.provider)
    found = await find_servers([status.base_url for status in statuses]) if asked.provider is None else []
    return json_answer({"providers": _documents(statuses), "found": [asdict(server) for server in found]})


async def take_in(request: web.Request) -> web.Response:
    models = completions_of(request).models
    asked = parse_model(await read_object(request), ServerRequest)
    await models.take_in(NamedModelServer(name=asked.name, base_url=asked.base_url, model=asked.model))
    return json_answer({"providers": _documents(models.statuses())})


async def let_go(request: web.Request) -> web.Response:
    models = completions_of(request).models
    await models.let_go(request.match_info["name"])
    return json_answer({"providers": _documents(models.statuses())})


async def health(request: web.Request) -> web.Response:
    statuses = completions_of(request).models.statuses()
    status, reason = _health(statuses)
    return json_answer({"status": status, "reason": reason, "providers": {each.name: each.state for each in statuses}})


async def personas(request: web.Request) -> web.Response:
    found = await _personas(request)
    rows = [
        {
            "name": persona.name,
            "title": persona.title,
            "description": persona.description,
            "model": persona.model or None,
            "tools": list(persona.tools) if persona.tools is not None else None,
            "instructions": persona.instructions,
        }
        for persona in found.by_name.values()
    ]
    return json_answer({"personas": rows, "problems": list(found.problems)})


async def _personas(request: web.Request) -> Personas:
    load = request.app[SERVICES].personas
    if load is None:
        raise Unavailable("This program has no personas now.", code="no_personas")
    return await asyncio.to_thread(load)


async def _order(request: web.Request, asked: CompletionRequest) -> Order:
    if asked.messages is not None:
        messages = [Message(message.role, message.content) for message in asked.messages]
    else:
        messages = [Message("user", asked.prompt or "")]
    model = asked.model
    if asked.persona:
        persona = (await _personas(request)).get(asked.persona)
        messages.insert(0, Message("system", persona.instructions))
        model = model or persona.model
    return Order(messages, model, asked.max_tokens, asked.temperature)


def _health(statuses: Iterable[ProviderStatus]) -> tuple[str, str]:
    known = list(statuses)
    if any(status.state == "ready" and not status.demonstration for status in known):
        return "healthy", ""
    if any(status.state == "unknown" for status in known):
        return "degraded", "No provider was asked yet: POST /api/gpt/providers/probe."
    problems = [f"{status.name}: {status.reason}" for status in known if status.state in ("unreachable", "refused")]
    if any(status.state == "ready" for status in known):
        return "degraded", " ".join(["Only the demonstration model answers.", *problems])
    return "unavailable", " ".join(["No model can be asked.", *problems])


def _documents(statuses: Iterable[ProviderStatus]) -> list[dict[str, Any]]:
    return [asdict(status) for status in statuses]


def _answer(end: Finished) -> dict[str, Any]:
    return {
        "text": end.text,
        "model": end.model,
        "provider": end.provider,
        "demonstration": end.demonstration,
        "usage": {"input_tokens": end.input_tokens, "output_tokens": end.output_tokens},
        "cost": end.cost,
        "finish_reason": end.reason,
    }


def _events(piece: Piece) -> Iterable[bytes]:
    if isinstance(piece, TextPiece):
        yield event("text", {"text": piece.text}) if piece.text else b": still here\n\n"
    elif isinstance(piece, ThinkingPiece):
        yield event("thinking", {"text": piece.text})
    elif isinstance(piece, Finished):
        yield event("end", _answer(piece))


def _failed(error: ChainBotError) -> bytes:
    return event("error", {"code": error.code, "detail": error.message, "hint": error.hint})


_BODY = (400, 404, 408, 409, 413, 415, 422, 502, 503)

ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/gpt/completion",
        complete,
        "One answer of a model or of an agent",
        "models",
        (Answer("With `stream: true` server-sent events: `text`, `thinking`, then `end` or `error`", CompletionAnswer),),
        description="Without a model the providers are asked in the order of the settings until one answers.",
        body=CompletionRequest,
        problems=_BODY,
    ),
    Endpoint(
        "GET",
        "/api/gpt/providers/status",
        provider_status,
        "How the providers were when last seen",
        "models",
        (Answer("", ProviderList),),
        problems=(503,),
    ),
    Endpoint(
        "POST",
        "/api/gpt/providers/probe",
        probe,
        "Ask the providers how they are",
        "models",
        (Answer("", ProbeAnswer),),
        description="Without a provider it also looks for Ollama, llama.cpp and LM Studio at their usual ports of this machine.",
        body=ProbeRequest,
        problems=(400, 404, 408, 413, 415, 422, 503),
    ),
    Endpoint(
        "POST",
        "/api/gpt/providers",
        take_in,
        "Use a model server from now on",
        "models",
        (Answer("All providers", ProviderList),),
        description="It must answer. A key, if it wants one, is set before: `chainbot-desktop secret set model.NAME`.",
        body=ServerRequest,
        problems=(400, 408, 409, 413, 415, 422, 503),
    ),
    Endpoint(
        "DELETE",
        "/api/gpt/providers/{name}",
        let_go,
        "No longer use a model server that was taken in",
        "models",
        (Answer("All providers", ProviderList),),
        problems=(404, 503),
        parameters={"name": "Its name"},
    ),
    Endpoint(
        "GET", "/api/gpt/health", health, "Whether models can be asked", "models", (Answer("", GptHealth),), problems=(503,)
    ),
    Endpoint(
        "GET",
        "/api/gpt/personas",
        personas,
        "Who an assistant can be",
        "models",
        (Answer("Read anew from the disk", PersonaList),),
        problems=(503,),
    ),
)
