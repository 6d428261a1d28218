"""The tasks of all agents; of one, what came of it, what it does now, and its end before its time."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from api.agent_documents import run_document
from api.agent_schemas import RunDocument, RunPage, RunParameters, TaskWords
from api.agents_here import runtime_of
from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import DOOR, RUN_STREAMS
from api.reading import parse_model, parse_query, read_object


async def list_runs(request: web.Request) -> web.Response:
    asked = parse_query(request.query, RunParameters)
    found = await runtime_of(request).runs_listed(asked.query())
    page = found[: asked.limit]
    more = f"{page[-1].started_at}~{page[-1].id}" if len(found) > asked.limit else None
    return json_answer({"items": [run_document(row) for row in page], "next": more})


async def get_run(request: web.Request) -> web.Response:
    return json_answer(run_document(await runtime_of(request).run(request.match_info["id"])))


async def edit_run(request: web.Request) -> web.Response:
    runtime, run_id = runtime_of(request), request.match_info["id"]
    words = parse_model(await read_object(request), TaskWords)
    await runtime.edit_queued(run_id, words.task, actor=ADMIN)
    return json_answer(run_document(await runtime.run(run_id)))


async def cancel_run(request: web.Request) -> web.Response:
    runtime = runtime_of(request)
    run_id = request.match_info["id"]
    await runtime.cancel_run(run_id, actor=ADMIN)
    return json_answer(run_document(await runtime.wait(run_id)))


async def stream_run(request: web.Request) -> web.StreamResponse:
    runtime = runtime_of(request)
    run_id = request.match_info["id"]
    await runtime.run(run_id)

    async def end() -> dict[str, Any]:
        return run_document(await runtime.run(run_id))

    return await request.app[RUN_STREAMS].serve(
        request, lambda listener: runtime.follow_run(run_id, listener), end, request.app[DOOR].stay(request)
    )


_ID = {"id": "Id of the run"}

ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/runs",
        list_runs,
        "The runs of all agents, newest first",
        "agents",
        (Answer("", RunPage),),
        query=RunParameters,
        problems=(422, 503),
    ),
    Endpoint(
        "GET", "/api/runs/{id}", get_run, "One run", "agents", (Answer("", RunDocument),), problems=(404, 503), parameters=_ID
    ),
    Endpoint(
        "PATCH",
        "/api/runs/{id}",
        edit_run,
        "Give a task that waits other words",
        "agents",
        (Answer("As it is now", RunDocument),),
        description="409 (`task_begun`) where its agent has begun it, or it has ended.",
        body=TaskWords,
        problems=(400, 404, 408, 409, 413, 415, 422, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        "/api/runs/{id}/cancel",
        cancel_run,
        "End a run before its time",
        "agents",
        (Answer("As it ended", RunDocument),),
        problems=(404, 409, 503),
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        "/api/runs/{id}/stream",
        stream_run,
        "What a run does, as it happens",
        "agents",
        (Answer("Server-sent events", None, "text/event-stream"),),
        description=(
            "Begins with the answer so far. Events: `answer`, `thinking`, `step`, `plan`, `state` with `{text}`; `dropped` with "
            "`{count}` for a reader that is too slow; last `end` with the whole run."
        ),
        problems=(404, 503),
        parameters=_ID,
    ),
)
