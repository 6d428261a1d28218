"""One answer: who is asked, who takes over and when, what it is refused for, and what of it is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chainbot_desktop.agents.models.completion import Finished, Message, OfferedTool, Order, TextPiece
from chainbot_desktop.agents.models.completions import Completions
from chainbot_desktop.agents.models.failing import AnswerBrokeOff, ModelFailed, ModelRefused
from chainbot_desktop.agents.runtime.budget import Ledger, LimitReached
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.store.agents import UsageTable
from tests.helpers.model_server import ModelServer, Reply, model_server
from tests.helpers.models import models
from tests.helpers.stores import open_store

KEY = "sk-of-the-test-which-nobody-may-see-0123456789"
DOWN = Reply(status=503, retry_after=0)


@dataclass
class Asked:
    completions: Completions
    first: ModelServer
    second: ModelServer
    usage: UsageTable

    async def answer(self, model: str = "", **order: Any) -> tuple[str, Finished]:
        """What was streamed, and the end."""
        said = ""
        async with aclosing(self.completions.stream(Order([Message("user", "Hello")], model, **order))) as pieces:
            async for piece in pieces:
                if isinstance(piece, TextPiece):
                    said += piece.text
        assert isinstance(piece, Finished)
        return said, piece

    def states(self) -> dict[str, str]:
        return {status.name: status.state for status in self.completions.models.statuses()}


@asynccontextmanager
async def two_providers(folder: Path, **agents: Any) -> AsyncIterator[Asked]:
    async with open_store(folder) as store, model_server() as first, model_server() as second:
        servers = [
            {"name": "first", "base_url": f"{first.url}/v1", "model": "one", "api_key": KEY},
            {"name": "second", "base_url": f"{second.url}/v1", "model": "two"},
        ]
        async with models({"models": {"servers": servers}}) as service:
            usage = UsageTable(store.database)
            ledger = Ledger(usage, AgentsSettings(**agents))
            await ledger.open()
            yield Asked(Completions(service, ledger), first, second, usage)


async def test_another_provider_takes_over_before_the_first_piece_and_is_asked_first_then(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        asked.first.usual = DOWN
        said, end = await asked.answer()
        assert (said, end.model, end.text) == ("Hello there.", "second/two", "Hello there.")
        assert len(asked.first.requests) == 2, "one retry and no more"
        assert (asked.states()["first"], asked.states()["second"]) == ("unreachable", "ready")
        await asked.answer()
        assert len(asked.first.requests) == 2, "it is not waited for again at once"
        asked.first.usual = Reply()
        await asked.completions.models.probe()
        assert (await asked.answer())[1].model == "first/one"


async def test_a_provider_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        servers = [{"name": "gone", "base_url": "http://127.0.0.1:1/v1", "model": "m"}]
        servers += [{"name": "here", "base_url": f"{asked.second.url}/v1", "model": "m"}]
        async with models({"models": {"servers": servers}}) as service:
            asked.completions = Completions(service, asked.completions._ledger)
            assert (await asked.answer())[1].provider == "here"


async def test_a_rate_limit_is_waited_for_once(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        busy = Reply(status=429, retry_after=0)
        asked.first.say(busy, Reply("after a pause"))
        assert (await asked.answer())[0] == "after a pause"
        asked.first.say(busy, busy)
        assert (await asked.answer())[1].provider == "second"


async def test_a_long_pause_is_not_waited_for(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked, asyncio.timeout(15):
        asked.first.usual = Reply(status=429, retry_after=30)
        assert (await asked.answer())[1].provider == "second"
        assert len(asked.first.requests) == 1
        async with models({"anthropic": {"base_url": asked.first.url, "api_key": "k"}}) as service:
            asked.completions = Completions(service, asked.completions._ledger)
            with pytest.raises(ModelFailed, match="asked too often"):
                await asked.answer()
        assert len(asked.first.requests) == 2


async def test_who_names_a_provider_gets_that_one_or_an_error(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        asked.first.usual = DOWN
        with pytest.raises(ModelFailed, match="HTTP 503"):
            await asked.answer("first")
        assert asked.second.requests == []


async def test_when_all_fail_each_says_why(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        asked.first.usual, asked.second.usual = DOWN, Reply(status=401)
        with pytest.raises(ModelFailed, match=r"HTTP 503.*refuses the key"):
            await asked.answer()


async def test_nobody_takes_over_in_the_middle_of_an_answer_and_what_came_is_counted(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        asked.first.say(Reply("one two three four", drop_after=2))
        with pytest.raises(AnswerBrokeOff, match="first/one broke off"):
            await asked.answer()
        assert asked.second.requests == []
        [row] = await asked.usage.since("2000-01-01")
        assert (row.agent_id, row.model, row.requests) == ("", "first/one", 1)


async def test_a_request_that_is_refused_is_not_tried_elsewhere(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        asked.first.usual = Reply(status=400)
        with pytest.raises(ModelRefused, match="refused with 400"):
            await asked.answer()
        assert asked.second.requests == []


async def test_the_limits_hold_before_anything_is_asked(tmp_path: Path) -> None:
    async with two_providers(tmp_path, run_tokens=50) as asked:
        with pytest.raises(LimitReached):
            await asked.answer(max_tokens=100)
        assert asked.first.requests == asked.second.requests == []
        assert (await asked.answer(max_tokens=10))[0]


async def test_the_small_model_is_not_asked_for_tools(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        with pytest.raises(InvalidInput, match="cannot call tools"):
            await asked.answer("local", tools=(OfferedTool("look", "", {"type": "object"}),))


async def test_half_a_character_does_no_harm(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        asked.first.say(Reply("half \ud83d a sign"))
        said, end = await asked.answer()
        assert said == end.text == "half ? a sign"


async def test_a_reader_that_goes_leaves_the_next_one_its_way(tmp_path: Path) -> None:
    async with two_providers(tmp_path) as asked:
        asked.first.say(Reply("word " * 200, rate=200))
        async with aclosing(asked.completions.stream(Order([Message("user", "x")]))) as pieces:
            await anext(pieces)
        assert (await asked.answer())[0] == "Hello there."
