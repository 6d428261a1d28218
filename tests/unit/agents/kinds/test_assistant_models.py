"""Which model answers an assistant, what it is given, and what is counted."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import psutil
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, ToolReturnPart, UserPromptPart

from chainbot_desktop.agents.kinds.assistant.fitting import fitted, length
from chainbot_desktop.agents.runtime.live import RunUpdate
from tests.helpers.assistants import ME, assistants, do, spawn, told
from tests.helpers.model_server import Call, Reply, model_server


async def test_a_result_names_the_model_and_what_it_used(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        server.say(Reply("Let me look.", calls=[Call("c1", "list_files", {"path": "."})]), Reply("Nothing there."))
        heard: list[RunUpdate] = []
        run_id = await house.service.execute(agent_id, "What is there?", actor=ME)
        house.service.follow_run(run_id, heard.append)
        row = await house.service.wait(run_id)
        assert (row.data["model"], row.data["provider"], row.data["demonstration"]) == ("lan0/fake-1", "lan0", False)
        assert row.data["usage"] == {"requests": 2, "input_tokens": 20, "output_tokens": 5, "cost": None}
        assert (row.input_tokens, row.output_tokens) == (20, 5)
        said = "".join(update.text for update in heard if update.kind == "answer")
        assert said == "Let me look.\n\nNothing there."


async def test_an_answer_that_only_seems_to_end_is_no_answer(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        server.say(Reply("The door code is not 1234", closes_after=5))
        row = await do(house, agent_id, "What is the code?")
        assert row.state == "failed"
        assert "ended with an error" in row.reason


async def test_what_was_interrupted_counts_all_the_same(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        server.say(Reply("word " * 400, holds=asyncio.Event()))
        run_id = await house.service.execute(agent_id, "Talk. " * 100, actor=ME)
        heard: list[str] = []
        house.service.follow_run(run_id, lambda update: heard.append(update.text))
        async with asyncio.timeout(20):
            while len("".join(heard)) < 1900:
                await asyncio.sleep(0.01)
        await house.service.cancel_run(run_id, actor=ME)
        row = await house.service.wait(run_id)
        assert row.state == "cancelled"
        assert row.input_tokens > 150
        assert row.output_tokens > 400


async def test_a_provider_that_does_not_answer_is_asked_last_for_a_while(tmp_path: Path) -> None:
    async with model_server() as first, model_server() as second, assistants(tmp_path, first, second) as house:
        agent_id = await spawn(house)
        first.usual = Reply(status=503)
        await do(house, agent_id, "Hello?")
        asked = len(first.requests)
        assert asked
        assert (await do(house, agent_id, "Still there?")).state == "succeeded"
        assert len(first.requests) == asked


async def test_a_model_that_stands_in_and_has_no_tools_is_shown_none(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server, local_enabled=True, order=["lan0", "local"]) as house:
        agent_id = await spawn(house, max_output_tokens=16)
        server.usual = Reply(status=503)
        row = await do(house, agent_id, "Say hello.")
        assert row.state == "succeeded", row.reason
        assert row.data["demonstration"] is True
        assert server.requests[0]["tools"]


async def test_a_local_model_that_only_stands_in_is_not_started(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server, local_enabled=True, order=["lan0", "local"]) as house:
        agent_id = await spawn(house)
        assert (await do(house, agent_id, "Hello?")).state == "succeeded"
        assert psutil.Process().children() == []


async def test_a_conversation_is_not_taken_for_another_of_a_similar_name(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        await do(house, agent_id, "My name is Zelda.", conversation_id="a/b")
        await do(house, agent_id, "What is my name?", conversation_id="a_b")
        assert "Zelda" not in told(server)
        await do(house, agent_id, "What is my name?", conversation_id="a/b")
        assert "Zelda" in told(server)


async def test_what_a_persona_must_not_do_stays_denied_with_rules_of_the_agents_own(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        policy = {"rules": [{"tool": "write_file", "action": "allow"}]}
        agent_id = await spawn(house, persona="analyst", tools=["write_file", "read_file"], policy=policy)
        server.say(Reply("", calls=[Call("c1", "write_file", {"path": "a", "content": "a"})]), Reply("I may not."))
        assert (await do(house, agent_id, "Write.")).result == "I may not."
        assert not (tmp_path / "work" / "a").exists()
        assert [tool["function"]["name"] for tool in server.requests[0]["tools"]] == ["read_file"]


_IDLE = """
import asyncio, sys, tracemalloc
from pathlib import Path
from types import SimpleNamespace
from chainbot_desktop.agents.kinds.assistant import AssistantKind

async def main():
    kind = AssistantKind(SimpleNamespace(persona_folder=Path("/nonexistent")))
    await kind.make(None, kind.config_model()).start()
    tracemalloc.start()
    workers = [kind.make(None, kind.config_model()) for _ in range(20)]
    for worker in workers:
        await worker.start()
    print(tracemalloc.get_traced_memory()[0], "pydantic_ai" in sys.modules)

asyncio.run(main())
"""


def test_idle_assistants_cost_next_to_nothing() -> None:
    said = subprocess.run([sys.executable, "-c", _IDLE], capture_output=True, text=True, check=True, timeout=60)
    memory, loaded = said.stdout.split()
    assert int(memory) < 20 * 100_000
    assert loaded == "False", "the framework is loaded before it is needed"


def test_old_answers_of_tools_make_room_first() -> None:
    messages: list[ModelMessage] = [
        ModelRequest([UserPromptPart("q" * 500)]),
        ModelResponse([ToolCallPart("read_file", {"path": "a"}, "1")]),
        ModelRequest([ToolReturnPart("read_file", "a" * 5000, "1")]),
        ModelResponse([ToolCallPart("read_file", {"path": "b"}, "2")]),
        ModelRequest([ToolReturnPart("read_file", "b" * 5000, "2")]),
    ]
    short = fitted(messages, 7000)
    assert sum(map(length, short)) <= 7000
    assert "characters were left out" in str(short[2])
    assert short[4] == messages[4]
    assert short[0] == messages[0]
    shorter = fitted(messages, 3000)
    assert sum(map(length, shorter)) <= 3000
    assert "characters were left out" in str(shorter[4])
    assert fitted(messages, 20_000) == messages
