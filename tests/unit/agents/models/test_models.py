"""Providers, the order in which they are asked, and the embedded model that really answers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import AnyUrl

from chainbot_desktop.agents.models.model_files import embedded_model
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.core.errors import ChainBotError, Conflict, NotFound, Unavailable
from chainbot_desktop.core.settings import NamedModelServer
from tests.helpers.model_server import ModelServer, Reply, model_server
from tests.helpers.models import models


def at(server: ModelServer, name: str = "lan", **rest: object) -> dict[str, Any]:
    return {"models": {"servers": [{"name": name, "base_url": f"{server.url}/v1", "model": "fake-1", **rest}]}}


async def answer(service: ModelService, name: str = "") -> str:
    from pydantic_ai.direct import model_request_stream
    from pydantic_ai.messages import ModelRequest

    [choice, *_] = await service.choose(name)
    model = await service.open_model(choice)
    async with model_request_stream(
        model, [ModelRequest.user_text_prompt("Say hello.")], model_settings={"max_tokens": 12}
    ) as stream:
        parts = 0
        async for _event in stream:
            parts += 1
        assert parts > 2, "it was not streamed"
        return "".join(getattr(part, "content", "") for part in stream.get().parts)


async def test_the_embedded_model_answers_and_only_who_has_its_key() -> None:
    async with models() as service:
        assert not service.local.server.running
        [choice] = await service.choose()
        assert (choice.name, choice.demonstration, choice.tools) == ("local/smollm2-135m", True, False)
        assert await answer(service)
        assert service.price(choice, 10, 10) == 0
        async with (
            service.local.server.in_use() as address,
            aiohttp.ClientSession() as stranger,
            stranger.post(f"{address.url}/v1/chat/completions", json={"messages": []}) as refused,
        ):
            assert refused.status == 401
        assert service.local.server._child is not None
        await service.local.server._child.stop(grace=0)
        assert await answer(service), "it is started again after a crash"


async def test_the_local_model_stops_when_nobody_asks() -> None:
    async with models({"models": {"idle_minutes": 0.05 / 60}}) as service:
        async with service.local.server.in_use():
            await asyncio.sleep(0.1)
            assert service.local.server.running
        async with asyncio.timeout(10):
            while service.local.server.running:
                await asyncio.sleep(0.02)


async def test_a_damaged_model_file_is_named(tmp_path: Path) -> None:
    no_model = tmp_path / "text.gguf"
    no_model.write_text("not a model")
    async with models({"models": {"local_model": str(no_model)}}) as service:
        [choice] = await service.choose()
        with pytest.raises(Unavailable, match="not a GGUF file"):
            await service.open_model(choice)
        assert service.statuses()[-1].state == "unreachable"
    cut = tmp_path / "cut.gguf"
    embedded = embedded_model()
    assert embedded is not None
    cut.write_bytes(embedded.path.read_bytes()[:100_000])
    async with models({"models": {"local_model": str(cut)}}) as service:
        [choice] = await service.choose()
        with pytest.raises(Unavailable, match="ended before it was ready"):
            await service.open_model(choice)


async def test_servers_on_the_network_are_asked_first_and_with_their_key() -> None:
    async with model_server() as server, models(at(server), secret={"model.lan": "from-keyring"}.get) as service:
        [choice] = await service.choose()
        assert (choice.name, choice.demonstration, choice.tools) == ("lan/fake-1", False, True)
        server.say(Reply("Good morning to you all."))
        assert await answer(service) == "Good morning to you all."
        assert server.keys == ["Bearer from-keyring"]
        assert service.price(choice, 10, 10) is None


async def test_anthropic_streams_too() -> None:
    async with model_server() as server:
        settings = {"anthropic": {"base_url": server.url, "api_key": "k-1", "model": "claude-sonnet-5-5"}}
        async with models(settings) as service:
            server.say(Reply("Three short words"))
            assert await answer(service) == "Three short words"
            assert server.keys == ["Bearer k-1"]
            [choice] = await service.choose()
            price = service.price(choice, 1_000_000, 0)
            assert price is not None
            assert price > 0


async def test_the_order_of_the_settings_counts_and_the_embedded_model_stands_in_for_nobody() -> None:
    async with model_server() as server:
        settings = {
            "openai": {"api_key": "k"},
            "models": {"order": ["lan", "openai"], "servers": [{"name": "lan", "base_url": server.url, "model": "m"}]},
        }
        async with models(settings) as service:
            assert [choice.provider for choice in await service.choose()] == ["lan", "openai"]
            assert [choice.name for choice in await service.choose("openai")] == ["openai/gpt-6.1-terra"]
            assert [choice.name for choice in await service.choose("local")] == ["local/smollm2-135m"]
        settings["models"]["order"] = ["openai", "local", "lan"]  # type: ignore[index]
        async with models(settings) as service:
            assert [choice.provider for choice in await service.choose()] == ["openai", "local", "lan"]


@pytest.mark.parametrize(
    ("name", "error"), [("anthropic", Unavailable), ("maclink/x", Unavailable), ("what-is-this", NotFound)]
)
async def test_a_model_that_cannot_be_asked_is_refused_with_what_to_do(name: str, error: type[ChainBotError]) -> None:
    async with models() as service:
        with pytest.raises(error) as refused:
            await service.choose(name)
        assert refused.value.hint


async def test_no_model_at_all_says_how_to_get_one() -> None:
    async with models({"models": {"local_enabled": False}}) as service:
        with pytest.raises(Unavailable, match="No model is set up"):
            await service.choose()


async def test_providers_are_asked_how_they_are() -> None:
    async with model_server() as server:
        settings = {
            "openai": {"base_url": f"{server.url}/nothing", "api_key": "secret-key"},
            "maclink": {"base_url": "http://me:secret-word@127.0.0.1:1/v1"},
            **at(server),
        }
        async with models(settings) as service:
            assert {status.state for status in service.statuses()} == {"unknown", "unconfigured", "ready"}
            found = {status.name: status for status in await service.probe()}
            assert (found["lan"].state, found["lan"].models) == ("ready", ("fake-1", "fake-2"))
            assert (found["openai"].state, found["openai"].reason) == ("unreachable", "It answers with HTTP 404.")
            assert found["maclink"].state == "unreachable"
            assert found["anthropic"].state == "unconfigured"
            assert found["local"].demonstration
            assert found["maclink"].base_url == "http://127.0.0.1:1/v1"
            assert "secret" not in repr(found)
            [choice] = await service.choose("fake-2")
            assert choice.name == "lan/fake-2"
            with pytest.raises(NotFound):
                await service.probe("nobody")


async def test_a_reader_that_goes_early_does_not_keep_the_local_model_alive() -> None:
    from pydantic_ai.direct import model_request_stream
    from pydantic_ai.messages import ModelRequest

    async with models({"models": {"idle_minutes": 0.05 / 60}}) as service:
        [choice] = await service.choose()
        model = await service.open_model(choice)
        begun = asyncio.Event()

        async def read() -> None:
            prompt = [ModelRequest.user_text_prompt("Count to one thousand.")]
            async with model_request_stream(model, prompt, model_settings={"max_tokens": 800}) as stream:
                async for _ in stream:
                    begun.set()

        reading = asyncio.create_task(read())
        async with asyncio.timeout(20):
            await begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        async with asyncio.timeout(10):
            while service.local.server.running:
                await asyncio.sleep(0.02)


async def test_a_server_is_taken_in_for_good_and_let_go(tmp_path: Path) -> None:
    async with model_server() as server:
        found = NamedModelServer(name="ollama", base_url=AnyUrl(f"{server.url}/v1"))
        async with models(folder=tmp_path) as service:
            await service.take_in(found)
            assert [choice.name for choice in await service.choose()] == ["ollama/fake-1"]
            with pytest.raises(Conflict):
                await service.take_in(found)
            with pytest.raises(Unavailable, match="cannot be used"):
                await service.take_in(NamedModelServer(name="other", base_url=AnyUrl("http://127.0.0.1:1/v1")))
        async with models(folder=tmp_path) as service:
            assert await answer(service) == "Hello there."
            await service.let_go("ollama")
            assert [choice.provider for choice in await service.choose()] == ["local"]
            with pytest.raises(NotFound):
                await service.let_go("ollama")


async def test_a_server_whose_model_nobody_named_is_asked_which_it_has() -> None:
    async with model_server() as server:
        settings = {"models": {"servers": [{"name": "lan", "base_url": f"{server.url}/v1"}]}}
        async with models(settings) as service:
            assert [choice.name for choice in await service.choose()] == ["lan/fake-1"]
        async with models(settings) as service:
            assert [choice.name for choice in await service.choose("lan")] == ["lan/fake-1"]


async def test_a_key_that_was_changed_is_used_after_a_probe_and_every_key_is_hidden_from_logs() -> None:
    secrets, hidden = {"model.lan": "key-one"}, set[str]()
    async with model_server() as server, models(at(server), secret=secrets.get, hide=hidden.add) as service:
        await answer(service)
        secrets["model.lan"] = "key-two"
        await service.probe()
        await answer(service)
        assert server.keys == ["Bearer key-one", "Bearer key-two", "Bearer key-two"]
        assert hidden == {"key-one", "key-two"}


async def test_a_keyring_that_does_not_answer_is_said_and_stops_nothing() -> None:
    def locked(_: str) -> str:
        raise Unavailable("The keyring is locked.")

    async with models({"maclink": {"base_url": "http://127.0.0.1:1/v1"}}, secret=locked) as service:
        found = {status.name: (status.state, status.reason) for status in service.statuses()}
        assert found["openai"] == ("unconfigured", "The keyring is locked.")
        assert [choice.provider for choice in await service.choose()] == ["local"]
