"""The OpenAPI document, made from the endpoints and their models: what is served is what is written, by construction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.endpoints import Access, Answer, Endpoint
from api.gpt_schemas import OpenAIError
from api.openai_errors import speaks_openai
from api.problems import PROBLEM_TYPE
from api.schemas import Problem
from chainbot_desktop import __version__

_REF = "#/components/schemas/{model}"
_TAGS = {
    "health": "How the program fares",
    "webhooks": "What other programs of the house report",
    "alex-os": "What ALEX OS polls",
    "agents": "Agents, their map and their work",
    "approvals": "What agents ask a human",
    "entanglements": "Links between agents",
    "conversations": "Conversations with agents: messages, search, export",
    "models": "Models: how they are, and answers of theirs",
    "events": "The journal",
    "logs": "Log lines of everything that runs here",
    "alerts": "What went wrong, what is done about it, and the rules that find it",
    "deliveries": "What goes out to ALEX OS, and the webhooks that came in",
    "audit": "Who did what, and the proof",
    "metrics": "What is measured, now and over time",
    "websocket": "Live events",
    "panel": "The panel and its page",
    "auth": "Coming in",
    "docs": "This documentation",
}
_ABOUT = (
    "The API of the panel. Every path is served with and without a trailing slash. Errors are problem+json (RFC 9457) with a stable "
    "`code`; under /v1 they have OpenAI's shape. Everything but `/health` and `/api/health` needs the token of `chainbot-desktop token` "
    "or the session of a browser; webhooks also come in from the addresses in `security.trusted_webhook_sources`."
)
_Mode = Literal["validation", "serialization"]


@dataclass(frozen=True, slots=True)
class Documents:
    """As bytes: `current` is OpenAPI 3.1; `lowered` says the same in 3.0, the newest that the viewer of `/docs` reads."""

    current: bytes
    lowered: bytes


def make_documents(endpoints: Sequence[Endpoint]) -> Documents:
    document = describe(endpoints)
    return Documents(orjson.dumps(document), orjson.dumps(lower(document)))


def describe(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ChainBot Desktop",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": meaning} for name, meaning in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas(endpoints),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The admin token."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "chainbot_session_PORT",
                    "description": "A browser's session; its name ends with the port of the server.",
                },
            },
        },
        "security": [{"token": []}, {"session": []}],
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    slug = re.sub(r"\W+", "_", endpoint.path).strip("_") or "page"
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}_{slug}",
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": {**_answers(endpoint.answers), **_problems(endpoint)},
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.body is not None:
        schema = {"$ref": _REF.format(model=endpoint.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if endpoint.uploads:
        content = {media_type: {"schema": _upload_schema(media_type)} for media_type in endpoint.uploads}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.access is Access.OPEN:
        operation["security"] = []
    return operation


def _upload_schema(media_type: str) -> dict[str, Any]:
    file = {"type": "string", "format": "binary"}
    return {"type": "object", "properties": {"file": file}} if media_type.startswith("multipart/") else file


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)\}", endpoint.path)
    return [
        {"name": name, "in": "path", "required": True, "description": endpoint.parameters[name], "schema": {"type": "string"}}
        for name in names
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = endpoint.query.model_json_schema()
    found = []
    for name, described in schema["properties"].items():
        meaning = described.pop("description", "")
        described.pop("title", None)
        required = name in schema.get("required", ())
        found.append({"name": name, "in": "query", "required": required, "description": meaning, "schema": described})
    return found


def _answers(answers: Iterable[Answer]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for answer in answers:
        described = found.setdefault(
            str(answer.status), {"description": answer.description or HTTPStatus(answer.status).phrase}
        )
        if answer.media_type and answer.status < 300:
            # Several answers with one status are one in several media types.
            described.setdefault("content", {})[answer.media_type] = {"schema": _answer_schema(answer)}
    return found


def _answer_schema(answer: Answer) -> dict[str, Any]:
    if isinstance(answer.schema, tuple):
        return {"type": "array", "items": {"$ref": _REF.format(model=answer.schema[0].__name__)}}
    if answer.schema is not None:
        return {"$ref": _REF.format(model=answer.schema.__name__)}
    return {"type": "object"} if answer.media_type == "application/json" else {"type": "string"}


def _problems(endpoint: Endpoint) -> dict[str, Any]:
    statuses = {*endpoint.problems, 500}
    if endpoint.access is not Access.OPEN:
        statuses |= {401, 403, 429}
    model, media_type = (OpenAIError, "application/json") if speaks_openai(endpoint.path) else (Problem, PROBLEM_TYPE)
    content = {media_type: {"schema": {"$ref": _REF.format(model=model.__name__)}}}
    return {str(status): {"description": HTTPStatus(status).phrase, "content": content} for status in sorted(statuses)}


def _schemas(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    modes: dict[type[BaseModel], _Mode] = {Problem: "serialization", OpenAIError: "serialization"}
    for endpoint in endpoints:
        for answer in endpoint.answers:
            model = answer.schema[0] if isinstance(answer.schema, tuple) else answer.schema
            if model is not None:
                modes[model] = "serialization"
    for endpoint in endpoints:
        if endpoint.body is not None:
            modes[endpoint.body] = "validation"
    _, schema = models_json_schema(list(modes.items()), ref_template=_REF)
    return dict(sorted(schema["$defs"].items()))


def lower(value: Any) -> Any:
    """A 3.1 document, or a part of it, in the words of 3.0. Covers what pydantic writes for the models here; a test checks all of it."""
    if isinstance(value, list):
        return [lower(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: lower(item) for key, item in value.items() if key not in ("identifier", "examples")}
    if found.get("openapi") == "3.1.0":
        found["openapi"] = "3.0.3"
    if "const" in found and not isinstance(found["const"], dict):
        found["enum"] = [found.pop("const")]
    choices = found.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        del found["anyOf"]
        found |= {"nullable": True, **({"anyOf": rest} if len(rest) > 1 or "$ref" in rest[0] else rest[0])}
    return found
