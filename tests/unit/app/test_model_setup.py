"""Getting models at the panel, against a real model server and a real secret store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from chainbot_desktop.agents.models.discovery import USUAL_PORTS
from chainbot_desktop.agents.models.model_files import embedded_model
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.app.model_setup import PanelModelSetup
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, Unavailable
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.security.secret_store import SecretStore
from tests.helpers.model_server import model_server
from tests.helpers.models import models


@asynccontextmanager
async def setup_of(
    folder: Path, settings: Mapping[str, Any] | None = None
) -> AsyncIterator[tuple[PanelModelSetup, ModelService, SecretStore]]:
    secrets = SecretStore(folder, "file", None)
    async with models(settings, secret=secrets.get, folder=folder / "models") as service:
        known = Settings.model_validate(settings or {})
        yield PanelModelSetup(service, secrets, known), service, secrets


async def test_an_address_is_completed_and_named_and_used_after_a_restart(tmp_path: Path) -> None:
    async with model_server() as server:
        async with setup_of(tmp_path) as (setup, service, _):
            status = await setup.use(server.url.removeprefix("http://"))
            assert (status.name, status.state, status.base_url) == ("127.0.0.1", "ready", f"{server.url}/v1")
            again = await setup.use(f"{server.url}/v1", "127.0.0.1")
            assert again.name == "127.0.0.1-2"
            assert (await service.choose())[0].provider == "127.0.0.1"
        async with setup_of(tmp_path) as (_, service, _):
            assert (await service.choose())[0].provider == "127.0.0.1"


@pytest.mark.parametrize(
    "address", ["", "http://", "ftp://den/v1", "http://den:99999999/v1", "two words", "http://[::1", "file:///etc"]
)
async def test_what_is_no_address_is_refused(tmp_path: Path, address: str) -> None:
    async with setup_of(tmp_path) as (setup, _, _):
        with pytest.raises(InvalidInput, match="is not an address"):
            await setup.use(address)


async def test_a_password_in_an_address_is_not_kept(tmp_path: Path) -> None:
    async with model_server() as server, setup_of(tmp_path) as (setup, _, _):
        for who in ("me:secret@", "me@", ":secret@"):
            with pytest.raises(InvalidInput, match="no user name and no password"):
                await setup.use(server.url.replace("://", f"://{who}"))
    assert not (tmp_path / "models" / "servers.json").exists()


async def test_a_host_is_asked_at_the_usual_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with model_server() as server, setup_of(tmp_path) as (setup, _, _):
        for name in USUAL_PORTS:
            monkeypatch.setitem(USUAL_PORTS, name, 1)
        monkeypatch.setitem(USUAL_PORTS, "ollama", int(server.url.rpartition(":")[2]))
        status = await setup.use("127.0.0.1")
        assert (status.name, status.base_url) == ("ollama", f"{server.url}/v1")
        with pytest.raises(Unavailable, match=r"that is not in use yet answers at 127\.0\.0\.1"):
            await setup.use("127.0.0.1")


async def test_a_server_that_does_not_answer_is_not_kept(tmp_path: Path) -> None:
    async with setup_of(tmp_path) as (setup, service, _):
        with pytest.raises(Unavailable):
            await setup.use("http://127.0.0.1:1")
        assert not [status for status in service.statuses() if status.name == "127.0.0.1"]


async def test_a_key_is_kept_if_it_is_not_refused(tmp_path: Path) -> None:
    async with model_server() as server:
        given = {"openai": {"base_url": f"{server.url}/v1"}}
        async with setup_of(tmp_path, given) as (setup, service, secrets):
            assert (await setup.give_key("openai", "sk-good")).state == "ready"
            assert secrets.get("model.openai") == "sk-good"
            assert (await service.choose())[0].provider == "openai"
            for key in ("", "two words", "tab\t", "ключ", "x" * 10_001):
                with pytest.raises(InvalidInput):
                    await setup.give_key("openai", key)
            assert secrets.get("model.openai") == "sk-good"
        given["openai"]["api_key"] = "sk-set"
        async with setup_of(tmp_path, given) as (setup, _, _):
            with pytest.raises(Conflict, match="that one wins"):
                await setup.give_key("openai", "sk-other")


async def test_a_refused_key_leaves_the_one_before(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        good = request.headers.get("Authorization") == "Bearer sk-good"
        return web.json_response({"data": [{"id": "m"}]} if good else {"error": {"message": "no"}}, status=200 if good else 401)

    app = web.Application()
    app.router.add_get("/v1/models", answer)
    async with TestServer(app) as server, setup_of(tmp_path, {"openai": {"base_url": str(server.make_url("/v1"))}}) as house:
        setup, service, secrets = house
        with pytest.raises(InvalidInput, match="refused this key"):
            await setup.give_key("openai", "sk-wrong")
        assert secrets.get("model.openai") is None
        await setup.give_key("openai", "sk-good")
        with pytest.raises(InvalidInput, match="refused this key"):
            await setup.give_key("openai", "sk-wrong")
        assert secrets.get("model.openai") == "sk-good"
        assert next(status for status in service.statuses() if status.name == "openai").state == "ready"


async def test_a_file_is_copied_and_answers_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    embedded = embedded_model()
    assert embedded is not None
    heard: list[tuple[int, int]] = []
    copying: asyncio.Task[Any]

    def give_up(done: int, total: int) -> None:
        copying.cancel()

    async with setup_of(tmp_path) as (setup, service, _):
        broken = tmp_path / "broken.gguf"
        broken.write_bytes(b"no model")
        with pytest.raises(ChainBotError, match="is not a GGUF file"):
            await setup.add_file(broken, lambda done, total: None)
        copying = asyncio.ensure_future(setup.add_file(embedded.path, give_up))
        with pytest.raises(asyncio.CancelledError):
            await copying
        status = await setup.add_file(embedded.path, lambda done, total: heard.append((done, total)))
        assert (status.state, status.demonstration, status.default_model) == ("ready", False, embedded.path.stem)
        size = embedded.path.stat().st_size
        await asyncio.sleep(0)
        assert heard[-1] == (size, size)
        assert not list((tmp_path / "models").glob("*.new"))
        assert (await service.choose())[0].provider == "local"
    async with setup_of(tmp_path, {"models": {"local_enabled": False}}) as (setup, _, _):
        with pytest.raises(Conflict, match="local_enabled is false"):
            await setup.add_file(embedded.path, lambda done, total: None)


async def test_a_server_that_wants_a_key_gets_it_and_a_refused_one_is_not_kept(tmp_path: Path) -> None:
    async def listing(request: web.Request) -> web.Response:
        good = request.headers.get("Authorization") == "Bearer sk-good"
        return web.json_response({"data": [{"id": "m"}]} if good else {"error": {"message": "no"}}, status=200 if good else 403)

    app = web.Application()
    app.router.add_get("/v1/models", listing)
    async with TestServer(app) as server:
        address = f"http://127.0.0.1:{server.port}/v1"
        async with setup_of(tmp_path) as (setup, service, secrets):
            for key, code in (("", "key_wanted"), ("sk-wrong", "key_refused")):
                with pytest.raises(Unavailable) as refused:
                    await setup.use(address, key=key)
                assert refused.value.code == code
                assert secrets.get("model.127.0.0.1") is None
                assert not [status for status in service.statuses() if status.name == "127.0.0.1"]
            with pytest.raises(InvalidInput, match="one word"):
                await setup.use(address, key="two words")
            status = await setup.use(address, key="sk-good")
            assert (status.name, status.state, status.models) == ("127.0.0.1", "ready", ("m",))
            assert secrets.get("model.127.0.0.1") == "sk-good"
        async with setup_of(tmp_path) as (_, service, _):
            assert [status.state for status in await service.probe("127.0.0.1") if status.name == "127.0.0.1"] == ["ready"]
        assert "sk-" not in (tmp_path / "models" / "servers.json").read_text()
