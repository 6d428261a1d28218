"""What ALEX OS polls every half minute, standing still while it waits: answered from memory, and nobody is called back."""

from __future__ import annotations

from aiohttp import web

from api.answers import json_answer
from api.endpoints import Answer, Endpoint
from api.keys import SERVICES
from api.reading import parse_model, read_object
from api.schemas import AgentDocument, Execution, Inputs, WorkflowDocument
from chainbot_desktop.core.errors import NotFound


async def alex_agents(request: web.Request) -> web.Response:
    return _own(request, model_backed=False)


async def ai_agents(request: web.Request) -> web.Response:
    return _own(request, model_backed=True)


def _own(request: web.Request, *, model_backed: bool) -> web.Response:
    services = request.app[SERVICES]
    return json_answer(services.agents.list_document(services.runtime, guests=False, model_backed=model_backed))


async def workflows(request: web.Request) -> web.Response:
    # This version runs none, and says so.
    return json_answer([])


async def execute(request: web.Request) -> web.Response:
    if request.can_read_body:
        parse_model(await read_object(request), Inputs)
    raise NotFound(f"There is no workflow {request.match_info['id']!r}.", hint="GET /api/chainbot/workflows lists them.")


_AGENTS = (Answer("Our agents", (AgentDocument,)),)

ENDPOINTS = (
    Endpoint("GET", "/api/chainbot/alex-agents", alex_agents, "Our agents that no model drives", "alex-os", _AGENTS),
    Endpoint("GET", "/api/chainbot/ai-agents", ai_agents, "Our agents that a model drives", "alex-os", _AGENTS),
    Endpoint("GET", "/api/chainbot/workflows", workflows, "Our workflows", "alex-os", (Answer("", (WorkflowDocument,)),)),
    Endpoint(
        "POST",
        "/api/chainbot/workflows/{id}/execute",
        execute,
        "Run a workflow",
        "alex-os",
        (Answer("Started", Execution),),
        body=Inputs,
        problems=(400, 404, 408, 413, 415, 422),
        parameters={"id": "Id of the workflow"},
    ),
)
