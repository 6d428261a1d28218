"""Templates of agents: what one can begin from, kept and deleted."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from api.agent_schemas import TemplateDocument, TemplateDone, TemplateKept, TemplateOrder
from api.agents_here import agent_here, runtime_of, templates_of
from api.answers import json_answer
from api.endpoints import Answer, Endpoint
from api.reading import parse_model, read_object
from chainbot_desktop.agents.templates import Template
from chainbot_desktop.core.errors import InvalidInput


async def list_templates(request: web.Request) -> web.Response:
    return json_answer([_document(template) for template in templates_of(request).list()])


async def keep(request: web.Request) -> web.Response:
    templates, runtime = templates_of(request), runtime_of(request)
    order = parse_model(await read_object(request), TemplateOrder)
    if (order.agent_id is None) == (order.agent_type is None) or (order.agent_id is not None and order.config is not None):
        raise InvalidInput(
            "A template is of an agent, or of a kind with a configuration.",
            hint='Give {"title", "agent_id"} or {"title", "agent_type", "config"}.',
            code="invalid_template",
        )
    if order.agent_id is not None:
        row = runtime.definition(agent_here(request, order.agent_id).id)
        kind, config = row.kind, row.config
    else:
        kind, config = order.agent_type or "", order.config or {}
        runtime.check_config(kind, config)
    template, left_out = await templates.save(order.title, kind, config, description=order.description)
    return json_answer({**_document(template), "left_out": list(left_out)}, 201)


async def delete(request: web.Request) -> web.Response:
    template_id = request.match_info["id"]
    await templates_of(request).delete(template_id)
    return json_answer({"template_id": template_id, "status": "removed"})


def _document(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "title": template.title,
        "description": template.description,
        "name": template.name,
        "agent_type": template.kind,
        "config": dict(template.config),
        "own": template.own,
    }


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/agent-templates",
        list_templates,
        "Templates of agents, one's own included",
        "agents",
        (Answer("", (TemplateDocument,)),),
        description="What stands in `config`, with a name, is what POST /api/agents/spawn takes.",
        problems=(503,),
    ),
    Endpoint(
        "POST",
        "/api/agent-templates",
        keep,
        "Keep an agent's configuration as a template",
        "agents",
        (Answer("Kept", TemplateKept, status=201),),
        description="What looks like a secret is left out, and named in the answer.",
        body=TemplateOrder,
        problems=(400, 404, 408, 409, 413, 415, 422, 503),
    ),
    Endpoint(
        "DELETE",
        "/api/agent-templates/{id}",
        delete,
        "Delete a template of one's own",
        "agents",
        (Answer("", TemplateDone),),
        problems=(404, 409, 503),
        parameters={"id": "Id of the template"},
    ),
)
