"""Models over HTTP: our own face and OpenAI's, in front of providers, the embedded model and agents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import orjson
import pytest
from aiohttp import ClientSession
from openai import AsyncOpenAI

from tests.api.house import TOKEN, House, open_house
from tests.helpers.model_server import Call, ModelServer, Reply, model_server

KEY = "sk-of-the-test-which-nobody-may-see-0123456789"


@asynccontextmanager
async def asked(folder: Path, **settings: Any) -> AsyncIterator[tuple[House, ModelServer]]:
    """A house with one provider, `lan`."""
    async with model_server() as server:
        lan = {"name": "lan", "base_url": f"{server.url}/v1", "model": "fake-1"}
        given = {"models": {"servers": [lan], "context_tokens": 512, **settings}}
        async with open_house(folder, given, secrets={"model.lan": KEY}) as house:
            yield house, server


@asynccontextmanager
async def client_of(house: House, token: str = TOKEN) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{house.url}/v1", api_key=token, max_retries=0) as client:
        yield client


async def events(house: House, body: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    async with house.http.post(f"{house.url}/api/gpt/completion", json={**body, "stream": True}) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        for block in (await response.text()).split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if lines:
                found.append((lines["event"], orjson.loads(lines["data"])))
    return found


async def test_a_prompt_is_answered_and_counted(tmp_path: Path) -> None:
    async with asked(tmp_path) as (house, server):
        server.say(Reply("Good morning."))
        answer = await house.post("/api/gpt/completion", {"prompt": "Hello", "max_tokens": 50, "temperature": 0.5})
        assert answer == {
            "text": "Good morning.",
            "model": "lan/fake-1",
            "provider": "lan",
            "demonstration": False,
            "usage": {"input_tokens": 10, "output_tokens": 2},
            "cost": None,
            "finish_reason": "stop",
        }
        assert server.requests[0]["messages"] == [{"role": "user", "content": "Hello"}]
        assert (server.requests[0]["max_tokens"], server.requests[0]["temperature"]) == (50, 0.5)
        assert server.keys == [f"Bearer {KEY}"]
        [row] = await house.runtime._parts.ledger._table.since("2000-01-01")
        assert (row.agent_id, row.model, row.requests, row.input_tokens, row.output_tokens) == ("", "lan/fake-1", 1, 10, 2)


async def test_messages_and_a_persona_and_a_stream(tmp_path: Path) -> None:
    async with asked(tmp_path) as (house, server):
        server.say(Reply("One two three."))
        messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
        found = await events(house, {"messages": messages, "persona": "analyst"})
        assert [data["text"] for name, data in found if name == "text"] == ["One ", "two ", "three."]
        assert found[-1][0] == "end"
        assert found[-1][1]["text"] == "One two three."
        sent = server.requests[0]["messages"]
        assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
        assert len(sent[0]["content"]) > 100
        async with house.http.post(f"{house.url}/api/gpt/completion", json={"prompt": "x", "persona": "nobody"}) as response:
            assert response.status == 404


async def test_the_embedded_model_answers_where_nothing_is_set_up(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"models": {"context_tokens": 512}}) as house:
        found = await events(house, {"prompt": "Tell me a long story.", "max_tokens": 8, "temperature": 0})
        assert sum(1 for name, _ in found if name == "text") > 2
        name, end = found[-1]
        assert name == "end"
        assert (end["model"], end["demonstration"], end["cost"]) == ("local/smollm2-135m", True, 0.0)
        assert 0 < end["usage"]["output_tokens"] <= 8
        schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
        wanted: Any = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
        async with client_of(house) as client:
            answer = await client.chat.completions.create(
                model="local", messages=[{"role": "user", "content": "A city in France, as JSON"}], response_format=wanted
            )
            assert isinstance(orjson.loads(answer.choices[0].message.content or "")["city"], str)


async def test_openais_own_client_understands_us(tmp_path: Path) -> None:
    async with asked(tmp_path) as (house, server), client_of(house) as client:
        assert [model.id for model in (await client.models.list()).data][:1] == ["lan/fake-1"]
        server.say(Reply("Whole."))
        whole = await client.chat.completions.create(model="lan/fake-2", messages=[{"role": "user", "content": "Hello"}])
        assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("Whole.", "stop")
        assert whole.usage is not None
        assert whole.usage.total_tokens == 11
        assert server.requests[-1]["model"] == "fake-2"

        server.say(Reply("Piece by piece."))
        stream = await client.chat.completions.create(
            model="lan", messages=[{"role": "user", "content": "Hello"}], stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        said = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
        assert said == ["Piece ", "by ", "piece."]
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.completion_tokens == 3


async def test_tools_go_through_both_ways(tmp_path: Path) -> None:
    tool: Any = {
        "type": "function",
        "function": {
            "name": "look",
            "description": "Looks.",
            "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
        },
    }
    messages: list[Any] = [{"role": "user", "content": "Look"}]
    async with asked(tmp_path) as (house, server), client_of(house) as client:
        server.say(*[Reply("", calls=(Call("call-1", "look", {"at": "sky"}),))] * 2)
        whole = await client.chat.completions.create(model="", messages=messages, tools=[tool], tool_choice="required")
        [call] = whole.choices[0].message.tool_calls or []
        assert call.type == "function"
        assert (call.id, call.function.name, orjson.loads(call.function.arguments)) == ("call-1", "look", {"at": "sky"})
        assert whole.choices[0].finish_reason == "tool_calls"
        assert server.requests[0]["tools"][0]["function"]["parameters"]["properties"] == {"at": {"type": "string"}}
        assert server.requests[0]["tool_choice"] == "required"

        stream = await client.chat.completions.create(model="", messages=messages, tools=[tool], stream=True)
        parts = [part async for chunk in stream for part in chunk.choices[0].delta.tool_calls or []]
        assert [part.function.name for part in parts if part.function and part.function.name] == ["look"]
        assert orjson.loads("".join(part.function.arguments or "" for part in parts if part.function)) == {"at": "sky"}

        server.say(Reply("Blue."))
        messages += [whole.choices[0].message.model_dump(exclude_none=True)]
        messages += [{"role": "tool", "tool_call_id": "call-1", "content": "blue"}]
        await client.chat.completions.create(model="", messages=messages, tools=[tool])
        sent = server.requests[-1]["messages"]
        assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
        assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == "call-1"
        assert sent[2]["content"] == "blue"

        with pytest.raises(openai.UnprocessableEntityError, match="cannot call tools"):
            await client.chat.completions.create(model="local", messages=messages[:1], tools=[tool])


async def test_a_picture_comes_with_the_request_and_is_never_fetched(tmp_path: Path) -> None:
    async with asked(tmp_path) as (house, server), client_of(house) as client:

        async def show(url: str) -> None:
            parts: list[Any] = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": url}}]
            await client.chat.completions.create(model="", messages=[{"role": "user", "content": parts}])

        await show("data:image/png;base64,iVBORw0KGgo=")
        assert server.requests[0]["messages"][0]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
        for url in (f"{server.url}/v1/models", "data:image/png;base64,!!", "file:///etc/passwd"):
            with pytest.raises(openai.UnprocessableEntityError):
                await show(url)
        assert len(server.requests) == 1


async def test_an_answer_that_breaks_off_ends_with_an_error_and_nobody_takes_over(tmp_path: Path) -> None:
    async with asked(tmp_path, local_enabled=True, order=["lan", "local"]) as (house, server), client_of(house) as client:
        server.say(*[Reply("One two three four", drop_after=2)] * 2)
        found = await events(house, {"prompt": "x"})
        assert [data["text"] for name, data in found if name == "text"] == ["One ", "two "]
        assert found[-1][0] == "error"
        assert found[-1][1]["code"] == "answer_broke_off"
        stream = await client.chat.completions.create(model="", messages=[{"role": "user", "content": "x"}], stream=True)
        with pytest.raises(openai.APIError, match="broke off"):
            async for _ in stream:
                pass
        assert len(server.requests) == 2, "nothing was asked again"


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Reply(status=401), 502, "refuses the key"),
        (Reply(status=429, retry_after=0), 502, "asked too often"),
        (Reply(status=500), 502, "HTTP 500"),
        (Reply(status=400), 422, "refuses the request"),
        (Reply("One two", garbage=True), 502, "cannot be understood"),
    ],
)
async def test_what_a_provider_does_wrong_is_said_without_its_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, reply: Reply, status: int, words: str
) -> None:
    caplog.set_level("DEBUG")
    async with asked(tmp_path) as (house, server):
        server.usual = reply
        async with house.http.post(f"{house.url}/api/gpt/completion", json={"prompt": "x"}) as response:
            text = await response.text()
            assert (response.status, response.content_type) == (status, "application/problem+json"), text
        assert words in orjson.loads(text)["detail"]
        states = await house.get("/api/gpt/providers/status")
    assert KEY not in text + str(states) + caplog.text
    assert server.keys[0] == f"Bearer {KEY}", "the key did go to the provider"


async def test_errors_under_v1_have_openais_shape(tmp_path: Path) -> None:
    async with asked(tmp_path) as (house, _):
        async with client_of(house, "wrong") as client:
            with pytest.raises(openai.AuthenticationError) as refused:
                await client.models.list()
            assert refused.value.body == {
                "message": refused.value.body["message"],  # type: ignore[index]
                "type": "authentication_error",
                "param": None,
                "code": "unauthorized",
            }
        async with client_of(house) as client:
            with pytest.raises(openai.NotFoundError, match="to have the model 'nothing'"):
                await client.chat.completions.create(model="nothing", messages=[{"role": "user", "content": "x"}])
            with pytest.raises(openai.UnprocessableEntityError, match="'n'"):
                await client.chat.completions.create(model="", messages=[{"role": "user", "content": "x"}], n=2)
        async with ClientSession() as stranger, stranger.post(f"{house.url}/v1/chat/completions", json={}) as response:
            assert response.status == 401
            assert response.headers["WWW-Authenticate"]
            assert "error" in await response.json()


async def test_providers_are_probed_and_health_says_what_came_of_it(tmp_path: Path) -> None:
    async with asked(tmp_path) as (house, _):
        assert (await house.get("/api/gpt/health"))["status"] == "degraded"
        found = await house.post("/api/gpt/providers/probe", {})
        states = {each["name"]: (each["state"], each["models"]) for each in found["providers"]}
        assert states["lan"] == ("ready", ["fake-1", "fake-2"])
        assert states["openai"][0] == "unconfigured"
        assert (await house.get("/api/gpt/health"))["status"] == "healthy"
        ids = [row["id"] for row in (await house.get("/v1/models"))["data"]]
        assert ids == ["lan/fake-1", "lan/fake-2", "local/smollm2-135m"]
        async with house.http.post(f"{house.url}/api/gpt/providers/probe", json={"provider": "nobody"}) as response:
            assert response.status == 404
    async with open_house(tmp_path / "none", {"models": {"local_enabled": False}}) as house:
        await house.post("/api/gpt/providers/probe", {})
        assert (await house.get("/api/gpt/health"))["status"] == "unavailable"
        async with house.http.post(f"{house.url}/api/gpt/completion", json={"prompt": "x"}) as response:
            assert (response.status, (await response.json())["code"]) == (503, "no_model")


async def test_a_server_is_taken_in_and_let_go(tmp_path: Path) -> None:
    async with asked(tmp_path) as (house, server):
        found = await house.post("/api/gpt/providers", {"name": "den", "base_url": f"{server.url}/v1", "model": "fake-2"})
        assert [each["name"] for each in found["providers"] if each["state"] == "ready"] == ["den", "local"]
        assert (await house.post("/api/gpt/completion", {"prompt": "x", "model": "den"}))["model"] == "den/fake-2"
        for body, status in (
            ({"name": "den", "base_url": server.url}, 409),
            ({"name": "Not a name", "base_url": server.url}, 422),
            ({"name": "x", "base_url": "file:///etc/passwd"}, 422),
            ({"name": "x", "base_url": f"{server.url}/nothing"}, 503),
        ):
            async with house.http.post(f"{house.url}/api/gpt/providers", json=body) as response:
                assert response.status == status, await response.text()
        for status in (200, 404):
            async with house.http.delete(f"{house.url}/api/gpt/providers/den") as response:
                assert response.status == status


async def test_without_models_it_says_so(tmp_path: Path) -> None:
    async with open_house(tmp_path, agents=False) as house, house.http.get(f"{house.url}/api/gpt/health") as response:
        assert response.status == 503


async def test_an_agent_answers_by_its_name(tmp_path: Path) -> None:
    async with asked(tmp_path) as (house, _), client_of(house) as client:
        agent = await house.runs("Bob")
        assert "agent/Bob" in [model.id for model in (await client.models.list()).data]
        messages: list[Any] = [{"role": "system", "content": "be nice"}, {"role": "user", "content": "say hello"}]
        whole = await client.chat.completions.create(model="agent/Bob", messages=messages)
        row = (await house.runtime.runs_of(agent))[0]
        assert whole.choices[0].message.content == row.result
        assert row.result
        assert row.context == {"conversation": [{"role": "system", "content": "be nice"}]}
        assert row.actor == "user:admin"
        stream = await client.chat.completions.create(model=f"agent/{agent}", messages=messages, stream=True)
        said = [chunk.choices[0].delta.content or "" async for chunk in stream]
        assert "".join(said).strip() == row.result
        with pytest.raises(openai.NotFoundError, match="no agent"):
            await client.chat.completions.create(model="agent/Nobody", messages=messages)


async def test_the_limit_of_a_day_holds_here_too(tmp_path: Path) -> None:
    async with model_server() as server:
        lan = {"name": "lan", "base_url": f"{server.url}/v1", "model": "fake-1"}
        async with open_house(tmp_path, {"models": {"servers": [lan]}, "agents": {"day_tokens": 100}}) as house:
            async with house.http.post(f"{house.url}/api/gpt/completion", json={"prompt": "x"}) as response:
                assert (response.status, (await response.json())["code"]) == (429, "limit_reached")
            assert server.requests == []
            assert (await house.post("/api/gpt/completion", {"prompt": "x", "max_tokens": 20}))["text"]


async def test_personas_are_listed_with_what_is_wrong_with_others(tmp_path: Path) -> None:
    async with asked(tmp_path) as (house, _):
        (tmp_path / "personas").mkdir()
        (tmp_path / "personas" / "pirate.md").write_text("---\nname: pirate\ntools: [read_file]\n---\nSpeak like a pirate.\n")
        (tmp_path / "personas" / "broken.md").write_text("Speak.")
        found = await house.get("/api/gpt/personas")
        rows = {row["name"]: row for row in found["personas"]}
        assert rows["pirate"]["tools"] == ["read_file"]
        assert rows["pirate"]["instructions"] == "Speak like a pirate."
        assert rows["general_assistant"]["tools"] is None
        assert found["problems"] == ["broken.md: It does not begin with front matter between two lines of ---."]
