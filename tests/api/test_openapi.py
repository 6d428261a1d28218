"""The document is valid, complete, and true: what is served answers as it says."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from chainbot_desktop.alexos.backlog import NOT_TOLD
from chainbot_desktop.core.events import PUBLIC_TYPES
from chainbot_desktop.store.deliveries import DeliveryTable
from tests.api.house import House
from tests.api.test_alerts import fire
from tests.helpers.deliveries import HERE


@pytest.fixture
async def document(house: House) -> dict[str, Any]:
    found: dict[str, Any] = await house.get("/openapi.json")
    return found


async def test_it_is_valid(house: House, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    lowered = await house.get("/docs/openapi.json")
    assert lowered["openapi"].startswith("3.0")
    OpenAPIV30SpecValidator(lowered).validate()
    assert b'"null"' not in orjson.dumps(lowered)
    assert set(lowered["paths"]) == set(document["paths"])


async def test_every_route_is_documented_and_every_documented_one_is_served(house: House, document: dict[str, Any]) -> None:
    served = set()
    for route in house.application.router.routes():
        assert route.resource is not None
        path = route.resource.canonical
        if route.method != "HEAD":
            served.add((route.method, path if path == "/" else path.rstrip("/")))
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == served


async def test_each_operation_says_what_a_caller_must_know(document: dict[str, Any]) -> None:
    ids = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            ids.append(operation["operationId"])
            assert operation["summary"]
            assert operation["tags"][0] in {tag["name"] for tag in document["tags"]}
            named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))
            assert any(status.startswith(("1", "2")) for status in operation["responses"])
            problems = [answer for status, answer in operation["responses"].items() if status >= "400"]
            assert problems
            shape = "application/json" if path.startswith("/v1/") else "application/problem+json"
            assert all(shape in answer["content"] for answer in problems)
            if operation.get("security") != []:
                assert "401" in operation["responses"]
            if method in ("post", "put", "patch") and "requestBody" in operation:
                assert {"413", "422"} <= set(operation["responses"])
    assert len(ids) == len(set(ids))
    assert document["security"]


async def test_answers_are_as_documented(house: House, document: dict[str, Any]) -> None:
    await house.spawn("a-1", model="m")
    await house.spawn("a-2")
    answer = await house.post("/api/webhooks/chainbot/entanglement/created", {"entanglement_id": "e", "agents": ["a-1", "a-2"]})
    await house.post("/api/agents/a-1/position", {"x": 1, "y": 2})
    fill = {
        "/api/agents/{id}": "/api/agents/a-1",
        "/api/events/{id}": f"/api/events/{answer['event_id']}",
        "/api/alerts/{id}": f"/api/alerts/{(await fire(house, 'smoke'))[0]['id']}",
        "/api/alert-rules/{name}": "/api/alert-rules/cpu-busy",
        "/api/audit/export/manifest": f"/api/audit/export/manifest?id={await exported(house)}",
        "/api/deliveries/incoming/{number}": "/api/deliveries/incoming/1",
        "/api/deliveries/{seq}": f"/api/deliveries/{await outgoing(house, answer['seq'])}",
        **await at_work(house),
    }
    checked = 0
    for path, methods in document["paths"].items():
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            continue
        found = await house.get(fill.get(path, path))
        Draft202012Validator({**schema, "components": document["components"]}).validate(found)
        checked += 1
    assert checked >= 30
    Draft202012Validator({"$ref": "#/components/schemas/Accepted", "components": document["components"]}).validate(answer)


async def exported(house: House) -> str:
    async with house.http.get(house.url + "/api/audit/export") as response:
        await response.read()
        return response.headers["X-Audit-Export"]


async def outgoing(house: House, seq: int) -> int:
    """The event is one that ALEX OS is to be told."""
    table = DeliveryTable(house.store.database, house.store.journal)
    await table.begin(HERE, 100)
    await table.derive(HERE, PUBLIC_TYPES, NOT_TOLD, 100)
    return seq


async def at_work(house: House) -> dict[str, str]:
    """Agents at work of every sort, and the paths that lead to them."""
    asking, other = await house.runs("Asking"), await house.runs("Other")
    run = (await house.post(f"/api/agents/{asking}/execute", {"task": "ask rm -r /"}))["run_id"]
    while not (pending := await house.get("/api/approvals")):
        await house.becomes(asking, "waiting")
    link = (await house.services.entanglements.create("", "data", [asking, other], actor="user:test")).id  # type: ignore[union-attr]
    await house.post(f"/api/entanglements/{link}/broadcast", {"text": "hello"})
    shared = await house.post(f"/api/entanglements/{link}/coordinate", {"task": "say hello"})
    chosen = await house.post("/api/coordinations", {"agents": [other], "task": "say hello"})
    one = f"/api/agents/{asking}"
    base = f"/api/entanglements/{link}"
    chat = (await house.post_new("/api/conversations", {"title": "Documented"}))["id"]
    said = (await house.post_new(f"/api/conversations/{chat}/messages", {"text": "@Other wait"}))["message"]["id"]
    note = (await house.post_new("/api/memories", {"text": "Documented."}))["id"]
    return {
        **{f"/api/agents/{{id}}/{name}": f"{one}/{name}" for name in ("config", "status", "log", "runs")},
        "/api/gpt/conversation/{id}": f"/api/gpt/conversation/{asking}",
        "/api/runs/{id}": f"/api/runs/{run}",
        "/api/memories/{id}": f"/api/memories/{note}",
        "/api/conversations/{id}": f"/api/conversations/{chat}",
        **{
            f"/api/conversations/{{id}}/{name}": f"/api/conversations/{chat}/{name}"
            for name in ("messages", "activity", "meter")
        },
        "/api/conversations/{id}/export": f"/api/conversations/{chat}/export?format=json",
        "/api/conversations/{id}/messages/{message}": f"/api/conversations/{chat}/messages/{said}",
        "/api/approvals/{id}": f"/api/approvals/{pending[0]['id']}",
        "/api/entanglements/{id}": base,
        "/api/coordinations/{id}": f"/api/coordinations/{chosen['id']}",
        **{f"/api/entanglements/{{id}}/{name}": f"{base}/{name}" for name in ("status", "messages")},
        "/api/entanglements/{id}/coordinate/{coordination}": f"{base}/coordinate/{shared['id']}",
    }


async def test_problems_are_as_documented(house: House, document: dict[str, Any]) -> None:
    problem = Draft202012Validator({"$ref": "#/components/schemas/Problem", "components": document["components"]})
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("DELETE", "/status", 405),
        ("POST", "/api/webhooks/chainbot/event", 422),
        ("GET", "/api/events?x=1", 422),
        ("GET", "/ws", 426),
    ):
        async with house.http.request(method, house.url + path) as response:
            assert response.status == status
            found = orjson.loads(await response.read())
        problem.validate(found)
        assert found["instance"] == path.partition("?")[0]
