"""What models of the house are asked to word: titles and summaries, from a real provider, and never from the demonstration's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chainbot_desktop.agents.models.completions import Completions
from chainbot_desktop.agents.models.failing import ModelFailed
from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.app.wording import ModelWording
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.store.agents import UsageTable
from tests.helpers.model_server import Reply, model_server
from tests.helpers.models import models
from tests.helpers.stores import open_store


@asynccontextmanager
async def wording(folder: Path, settings: dict[str, Any]) -> AsyncIterator[ModelWording]:
    async with open_store(folder) as store, models(settings) as service:
        ledger = Ledger(UsageTable(store.database), AgentsSettings())
        await ledger.open()
        yield ModelWording(Completions(service, ledger))


def one(url: str) -> dict[str, Any]:
    return {"models": {"servers": [{"name": "here", "base_url": f"{url}/v1", "model": "one"}]}}


async def test_a_provider_is_asked_for_a_title(tmp_path: Path) -> None:
    async with model_server() as server, wording(tmp_path, one(server.url)) as asked:
        server.say(Reply("  Garden beds \n"))
        assert await asked.title("Question: why so dry?\n\nAnswer: the valve.") == "Garden beds"
        (request,) = server.requests
        assert [message["role"] for message in request["messages"]] == ["system", "user"]
        assert request["messages"][1]["content"] == "Question: why so dry?\n\nAnswer: the valve."


async def test_a_summary_is_as_long_as_it_may_be(tmp_path: Path) -> None:
    async with model_server() as server, wording(tmp_path, one(server.url)) as asked:
        server.say(Reply("They found the valve shut."), Reply("word " * 2_000))
        assert await asked.summarise("A long talk", 100) == "They found the valve shut."
        assert "at most 70 words" in server.requests[0]["messages"][0]["content"]
        assert len(await asked.summarise("A long talk", 100)) <= 600


async def test_a_provider_that_fails_is_an_error(tmp_path: Path) -> None:
    async with model_server() as server, wording(tmp_path, one(server.url)) as asked:
        server.usual = Reply(status=503, retry_after=0)
        with pytest.raises(ModelFailed):
            await asked.title("x")
        with pytest.raises(ModelFailed):
            await asked.summarise("x", 100)


async def test_the_demonstration_words_nothing(tmp_path: Path) -> None:
    async with wording(tmp_path, {}) as asked:
        choices = await asked._completions.models.choose()
        assert [choice.demonstration for choice in choices] == [True], "the embedded model is there"
        assert await asked.title("x") is None
        with pytest.raises(Unavailable, match="No model can write a summary"):
            await asked.summarise("x", 100)


async def test_without_any_model_nothing_is_worded(tmp_path: Path) -> None:
    async with wording(tmp_path, {"models": {"local_enabled": False}}) as asked:
        assert await asked.title("x") is None
        with pytest.raises(Unavailable):
            await asked.summarise("x", 100)
