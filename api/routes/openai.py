"""The models and agents of the house for programs that speak OpenAI's protocol."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from api.agent_answers import AGENT_PREFIX, answering_agents
from api.answering import collect, completions_of, stream
from api.answers import json_answer
from api.chat_wire import DONE, ChatWire, event, order_of
from api.endpoints import Answer, Endpoint
from api.gpt_schemas import ChatCompletion, ChatCompletionRequest, ModelRows
from api.keys import SERVICES
from api.openai_errors import error_of
from api.reading import parse_model, read_object
from chainbot_desktop.agents.models.completion import Piece
from chainbot_desktop.agents.models.gateway import ProviderStatus


async def list_models(request: web.Request) -> web.Response:
    rows = [row for status in completions_of(request).models.statuses() for row in _rows(status)]
    runtime = request.app[SERVICES].runtime
    if runtime is not None:
        rows += [_row(f"{AGENT_PREFIX}{agent.name}", "agent") for agent in answering_agents(runtime)]
    return json_answer({"object": "list", "data": rows})


async def chat(request: web.Request) -> web.StreamResponse:
    asked = parse_model(await read_object(request), ChatCompletionRequest)
    order = order_of(asked)
    wire = ChatWire(order.model)
    if not asked.stream:
        return json_answer(wire.whole(await collect(request, order)))
    with_usage = asked.stream_options is not None and asked.stream_options.include_usage

    def events(piece: Piece) -> Iterable[bytes]:
        return wire.events(piece, with_usage=with_usage)

    return await stream(request, order, events, wire.begin(), DONE, lambda error: event(error_of(error)))


def _rows(status: ProviderStatus) -> list[dict[str, object]]:
    """Of a provider that was not asked yet its default is known."""
    if status.state not in ("ready", "unknown"):
        return []
    names = dict.fromkeys((*status.models, status.default_model))
    return [_row(f"{status.name}/{name}", status.name) for name in names if name]


def _row(model: str, owner: str) -> dict[str, object]:
    return {"id": model, "object": "model", "created": 0, "owned_by": owner}


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/models",
        list_models,
        "Models and agents that can be asked (OpenAI's protocol)",
        "models",
        (Answer("", ModelRows),),
        problems=(503,),
    ),
    Endpoint(
        "POST",
        "/v1/chat/completions",
        chat,
        "An answer of a model or of an agent (OpenAI's protocol)",
        "models",
        (Answer("With `stream: true` server-sent events", ChatCompletion),),
        description=(
            "`model` is an id of /v1/models; `agent/NAME` gives the last message to an agent as its task. Another provider takes over "
            "only where no model is named, and only before the first piece of an answer; one that breaks off later ends with an error."
        ),
        body=ChatCompletionRequest,
        problems=(400, 404, 408, 409, 413, 415, 422, 502, 503),
    ),
)
