"""An API agent calls below its address and nowhere else, asks before it changes anything, and never shows its key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from chainbot_desktop.agents.kinds.api.target import below
from chainbot_desktop.core.errors import ChainBotError
from tests.helpers.agent_house import open_agent_house
from tests.helpers.api_agents import ME, agent, api_kind, do

SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/things/{id}": {"get": {"operationId": "getThing", "parameters": [{"$ref": "#/components/parameters/verbose"}]}},
        "/things": {"post": {"operationId": "makeThing"}},
    },
    "components": {"parameters": {"verbose": {"name": "verbose", "in": "query"}}},
}


def _large_document() -> dict[str, Any]:
    filler = {f"/filler/{number}": {"get": {"operationId": f"filler{number}"}} for number in range(3000)}
    return {**SPEC, "paths": {**SPEC["paths"], **filler}}


def _fixed(path: str) -> web.Response | None:
    """What does not depend on how it was asked."""
    places = {
        "/away": "http://127.0.0.1:1/elsewhere",
        "/near": "/v1/things/7",
        "/nowhere": "mailto:me@example.com",
        "/nonsense": "http://[broken",
    }
    if path in places:
        return web.Response(status=302, headers={"Location": places[path]})
    answers: dict[str, Callable[[], web.Response]] = {
        "/odd": lambda: web.Response(body="größer".encode(), headers={"Content-Type": "text/plain; charset=klingon"}),
        "/broken": lambda: web.json_response({"error": "no such thing"}, status=404),
        "/large": lambda: web.Response(text="x" * 3_000_000),
        "/openapi.json": lambda: web.json_response(SPEC),
        "/large.json": lambda: web.json_response(_large_document()),
    }
    return answers[path]() if path in answers else None


@asynccontextmanager
async def api() -> AsyncIterator[tuple[str, list[web.Request]]]:
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        path = request.path.removeprefix("/v1")
        if path == "/slow":
            await asyncio.Event().wait()
        if path == "/echo":
            return web.json_response({"given": dict(request.headers)})
        body = (await request.text()) or None
        return _fixed(path) or web.json_response({"path": request.path_qs, "method": request.method, "body": body})

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1", asked
    finally:
        await runner.cleanup()


async def test_a_call_is_made_and_answered(tmp_path: Path) -> None:
    async with api() as (base, asked), agent(tmp_path, base) as (house, agent_id):
        row = await do(house, agent_id, "GET /things/7?a=b")
        assert json.loads(row.result)["path"] == "/v1/things/7?a=b"
        row = await do(house, agent_id, "Look it up", path="things", query={"q": "a b"})
        assert json.loads(row.result)["path"] == "/v1/things?q=a+b"
        assert (await do(house, agent_id, "GET /near")).state == "succeeded"
        assert len(asked) == 4


async def test_operations_by_name(tmp_path: Path) -> None:
    async with api() as (base, _), agent(tmp_path, base, openapi="/openapi.json") as (house, agent_id):
        row = await do(house, agent_id, "Get it", operation="getThing", parameters={"id": "a b", "verbose": True})
        assert json.loads(row.result)["path"] == "/v1/things/a%20b?verbose=true"
        escape = await do(house, agent_id, "Get it", operation="getThing", parameters={"id": "a/../../b"})
        assert "leads out" in escape.reason
        assert "needs the parameter 'id'" in (await do(house, agent_id, "getThing")).reason
        unknown = await do(house, agent_id, "x", operation="dropThing")
        assert "getThing, makeThing" in unknown.reason


async def test_what_changes_something_is_asked_first(tmp_path: Path) -> None:
    async with api() as (base, asked), agent(tmp_path, base) as (house, agent_id):
        run_id = await house.service.execute(
            agent_id, "Make one", actor=ME, context={"method": "POST", "path": "/things", "body": {"name": "lamp"}}
        )
        request = await house.asked()
        assert not asked
        assert request.detail.startswith(f"POST {base}/things")
        assert "lamp" in request.detail
        await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        row = await house.service.wait(run_id)
        assert json.loads(json.loads(row.result)["body"]) == {"name": "lamp"}
        denied = await house.service.execute(agent_id, "DELETE /things/7", actor=ME)
        request = await house.asked()
        await house.desk.decide(request.id, request.nonce, "deny", answer="keep it", actor=ME)
        assert "keep it" in (await house.service.wait(denied)).reason
        assert len(asked) == 1


@pytest.mark.parametrize("kind", ["bearer", "header", "basic"])
async def test_the_key_goes_to_the_api_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("shop-key", "s3cr3t-value")
    auth = {"type": kind, "secret": "shop-key", "user": "me"}
    async with api() as (base, asked), agent(tmp_path, base, auth=auth) as (house, agent_id):
        row = await do(house, agent_id, "GET /things")
        sent = {"bearer": "Bearer s3cr3t-value", "header": "s3cr3t-value", "basic": "Basic bWU6czNjcjN0LXZhbHVl"}[kind]
        assert sent in asked[0].headers.values()
        away = await do(house, agent_id, "GET /away")
        assert "not below the base address" in away.reason
        lines, _ = house.service.log(agent_id).since(0)
        assert "s3cr3t" not in row.result + away.reason + "".join(line.text for line in lines)


async def test_what_goes_wrong_is_said(tmp_path: Path) -> None:
    async with api() as (base, _), agent(tmp_path, base) as (house, agent_id):
        assert "answered 404" in (await do(house, agent_id, "GET /broken")).reason
        assert "is no call" in (await do(house, agent_id, "please")).reason
        large = await do(house, agent_id, "GET /large")
        assert large.result.endswith("(cut)")
        assert len(large.result) < 110_000
    (tmp_path / "b").mkdir()
    async with agent(tmp_path / "b", "http://127.0.0.1:1") as (house, agent_id):
        assert "cannot be reached" in (await do(house, agent_id, "GET /")).reason
    (tmp_path / "c").mkdir()
    async with (
        api() as (base, _),
        agent(tmp_path / "c", base, auth={"type": "bearer", "secret": "nothing"}) as (house, agent_id),
    ):
        assert "secret set nothing" in (await do(house, agent_id, "GET /")).reason


async def test_odd_answers_are_answers_or_sentences(tmp_path: Path) -> None:
    async with api() as (base, _), agent(tmp_path, base) as (house, agent_id):
        for path in ("/nowhere", "/nonsense"):
            assert "not below the base address" in (await do(house, agent_id, f"GET {path}")).reason
        assert (await do(house, agent_id, "GET /odd")).result == "größer"
        row = await do(house, agent_id, "Third page", path="things", query={"page": 3, "all": True})
        assert json.loads(row.result)["path"] == "/v1/things?page=3&all=true"
        assert not house.failures


@pytest.mark.parametrize("kind", ["bearer", "header", "basic"])
async def test_a_key_that_the_api_repeats_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("shop-key", "s3cr3t-value")
    auth = {"type": kind, "secret": "shop-key", "user": "me"}
    async with api() as (base, _), agent(tmp_path, base, auth=auth) as (house, agent_id):
        row = await do(house, agent_id, "GET /echo")
        assert "given" in row.result
        assert "s3cr3t-value" not in row.result
        assert "bWU6czNjcjN0LXZhbHVl" not in row.result


async def test_a_large_document_is_read_whole(tmp_path: Path) -> None:
    async with api() as (base, _), agent(tmp_path, base, openapi="/large.json") as (house, agent_id):
        row = await do(house, agent_id, "filler2999")
        assert json.loads(row.result)["path"] == "/v1/filler/2999"


async def test_a_document_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with api() as (base, _), agent(tmp_path, base, openapi="/broken") as (house, agent_id):
        live = house.service.live(agent_id)
        assert live is not None
        assert "OpenAPI document is not there" in live.reason


async def test_a_question_waits_over_a_kill_and_is_sent_once(tmp_path: Path) -> None:
    async with api() as (base, asked):
        async with agent(tmp_path, base) as (house, agent_id):
            run_id = await house.service.execute(agent_id, "DELETE /things/7", actor=ME)
            request = await house.asked()
            await house.becomes(agent_id, "waiting")
            await house.killed()
        async with open_agent_house(tmp_path, kinds=[api_kind()]) as house:
            assert [row.id for row in await house.desk.pending()] == [request.id]
            await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
            assert (await house.service.wait(run_id)).state == "succeeded"
        assert [call.method for call in asked] == ["DELETE"]


async def test_what_was_on_its_way_when_the_program_was_killed_is_not_sent_again(tmp_path: Path) -> None:
    async with api() as (base, asked):
        async with agent(tmp_path, base) as (house, agent_id):
            run_id = await house.service.execute(agent_id, "DELETE /slow", actor=ME)
            request = await house.asked()
            await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
            async with asyncio.timeout(10):
                while not asked:
                    await asyncio.sleep(0.01)
            await house.killed()
        async with open_agent_house(tmp_path, kinds=[api_kind()]) as house:
            assert "whether it arrived is not known" in (await house.service.wait(run_id)).reason
        assert len(asked) == 1


async def test_a_broken_document_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text("just: text")
    async with agent(tmp_path, "http://127.0.0.1:1/", openapi="spec.yaml") as (house, agent_id):
        live = house.service.live(agent_id)
        assert live is not None
        assert (live.state, live.reason) == ("failed", "This is no OpenAPI document: it has no paths.")


@pytest.mark.parametrize(
    "path",
    [
        "http://evil/",
        "//evil/x",
        "/../admin",
        "/a/../../b",
        "/%2e%2e/b",
        "/%252e%252e/b",
        "\\\\evil\\x",
        "/..\\b",
        "@evil/",
        "/a\r\nX: y",
        "/a?b\r\nX: y",
        "/\ud800",
        "/a?\ud800",
        "/a#b",
        "/v1/..;/admin",
        "/%c0%ae%c0%ae/admin",
        "/%25252525252e%25252525252e/b",
    ],
)
def test_no_path_leads_elsewhere(path: str) -> None:
    with pytest.raises(ChainBotError):
        below(URL("http://api.test/v1"), path)


async def test_a_call_that_breaks_off_is_not_sent_again(tmp_path: Path) -> None:
    deleted = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal deleted
        while head := await _head(reader):
            if head.startswith(b"DELETE"):
                deleted += 1
                break
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        async with agent(tmp_path, base, allowed_methods=["GET", "DELETE"]) as (house, agent_id):
            assert (await do(house, agent_id, "GET /things")).state == "succeeded"
            assert "Whether DELETE had its effect is not known." in (await do(house, agent_id, "DELETE /things/7")).reason
    finally:
        server.close()
    assert deleted == 1


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
