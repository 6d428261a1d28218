"""What agents ask a human, and where a human answers."""

from __future__ import annotations

from aiohttp import web

from api.agent_documents import approval_document
from api.agent_schemas import ApprovalDecision, ApprovalDocument, ApprovalParameters
from api.agents_here import desk_of
from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.reading import parse_model, parse_query, read_object
from chainbot_desktop.core.errors import InvalidInput


async def list_approvals(request: web.Request) -> web.Response:
    desk = desk_of(request)
    asked = parse_query(request.query, ApprovalParameters)
    found = (await desk.pending())[: asked.limit] if asked.state == "pending" else await desk.latest(asked.limit)
    return json_answer([approval_document(row) for row in found])


async def get_approval(request: web.Request) -> web.Response:
    return json_answer(approval_document(await desk_of(request).get(request.match_info["id"])))


async def decide(request: web.Request) -> web.Response:
    desk = desk_of(request)
    found = parse_model(await read_object(request), ApprovalDecision)
    approval_id = request.match_info["id"]
    await desk.get(approval_id)
    if not found.nonce:
        raise InvalidInput(
            "The nonce is missing.",
            hint=f"GET /api/approvals/{approval_id} has it, with what exactly is asked.",
            code="nonce_missing",
        )
    answer = found.answer or found.reason
    row = await desk.decide(approval_id, found.nonce, found.decision, answer=answer, actor=ADMIN)
    return json_answer(approval_document(row))


_ID = {"id": "Id of the request"}

ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/approvals",
        list_approvals,
        "What waits for a human, oldest first; or the latest, newest first",
        "approvals",
        (Answer("", (ApprovalDocument,)),),
        query=ApprovalParameters,
        problems=(422, 503),
    ),
    Endpoint(
        "GET",
        "/api/approvals/{id}",
        get_approval,
        "One request",
        "approvals",
        (Answer("", ApprovalDocument),),
        problems=(404, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        "/api/approvals/{id}",
        decide,
        "Answer a request, once",
        "approvals",
        (Answer("As it is settled", ApprovalDocument),),
        description="Whoever is first wins; 409 `already_answered` for the others.",
        body=ApprovalDecision,
        problems=(400, 404, 408, 409, 413, 415, 422, 503),
        parameters=_ID,
    ),
)
