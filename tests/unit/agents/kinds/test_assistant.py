"""Assistants on the real runtime, the real tools and a provider that speaks the real protocols."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chainbot_desktop.agents.runtime.live import RunUpdate
from tests.helpers.assistants import ME, assistants, do, spawn, told, was_asked
from tests.helpers.model_server import Call, Reply, model_server


async def test_an_answer_is_streamed_and_counted(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        hold = asyncio.Event()
        server.say(Reply("One two three four", holds=hold))
        heard: list[RunUpdate] = []
        run_id = await house.service.execute(agent_id, "Count.", actor=ME)
        house.service.follow_run(run_id, heard.append)
        async with asyncio.timeout(20):
            while "two" not in "".join(update.text for update in heard):
                await asyncio.sleep(0.01)
        hold.set()
        row = await house.service.wait(run_id)
        assert (row.state, row.result) == ("succeeded", "One two three four")
        assert (row.input_tokens, row.output_tokens) == (10, 4)
        assert "".join(update.text for update in heard if update.kind == "answer") == "One two three four"
        assert "house that one person runs" in told(server)


async def test_anthropic_answers_too(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server, anthropic=server.url) as house:
        agent_id = await spawn(house, model="anthropic")
        server.say(Reply("", calls=[Call("t1", "list_files", {"path": "."})]), Reply("An empty folder."))
        row = await do(house, agent_id, "What is there?")
        assert (row.state, row.result) == ("succeeded", "An empty folder.")
        assert server.requests[0]["tools"]


async def test_what_the_policy_allows_is_done_and_told_to_the_model(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        (tmp_path / "work" / "note.txt").write_text("the word is plum")
        agent_id = await spawn(house)
        server.say(Reply("Let me look.", calls=[Call("c1", "read_file", {"path": "note.txt"})]), Reply("It is plum."))
        row = await do(house, agent_id, "What is the word?")
        assert row.result == "It is plum."
        assert "the word is plum" in told(server)
        assert not await house.desk.latest()


async def test_a_person_is_asked_and_what_was_approved_is_done(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        write = {"path": "new.txt", "content": "hello\n"}
        server.say(Reply(calls=[Call("c1", "write_file", write)], text=""), Reply("Done."))
        run_id = await house.service.execute(agent_id, "Write it.", actor=ME)
        request = await house.asked()
        waiting = await house.becomes(agent_id, "waiting")
        assert waiting.waiting_for == "your approval"
        assert "new.txt" in request.detail
        assert not (tmp_path / "work" / "new.txt").exists()
        await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        assert (await house.service.wait(run_id)).result == "Done."
        assert (tmp_path / "work" / "new.txt").read_text() == "hello\n"


async def test_a_denial_and_its_reason_reach_the_model(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        server.say(Reply("", calls=[Call("c1", "run_command", {"command": ["touch", "x"]})]), Reply("As you wish."))
        run_id = await house.service.execute(agent_id, "Touch x.", actor=ME)
        request = await house.asked()
        await house.desk.decide(request.id, request.nonce, "deny", answer="not on a Sunday", actor=ME)
        assert (await house.service.wait(run_id)).result == "As you wish."
        assert "not on a Sunday" in told(server)
        assert not (tmp_path / "work" / "x").exists()


async def test_of_several_calls_only_those_that_need_it_wait(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        server.say(
            Reply(
                "",
                calls=[
                    Call("a", "list_files", {"path": "."}),
                    Call("b", "write_file", {"path": "b.txt", "content": "b"}),
                    Call("c", "write_file", {"path": "c.txt", "content": "c"}),
                ],
            ),
            Reply("Both done."),
        )
        run_id = await house.service.execute(agent_id, "Write both.", actor=ME)
        async with asyncio.timeout(20):
            while len(pending := await house.desk.pending()) < 2:
                await asyncio.sleep(0.01)
        for request, word in zip(pending, ("approve", "deny"), strict=True):
            await house.desk.decide(request.id, request.nonce, word, actor=ME)  # type: ignore[arg-type]
        assert (await house.service.wait(run_id)).state == "succeeded"
        assert len(list((tmp_path / "work").iterdir())) == 1


async def test_an_approval_waits_over_a_restart_and_nothing_is_done_twice(tmp_path: Path) -> None:
    async with model_server() as server:
        async with assistants(tmp_path, server) as house:
            agent_id = await spawn(house, restart="always")
            server.say(
                Reply(
                    "",
                    calls=[
                        Call("a", "append_note", {"text": "seen"}),
                        Call("b", "write_file", {"path": "b.txt", "content": "b"}),
                    ],
                )
            )
            run_id = await house.service.execute(agent_id, "Write it.", actor=ME)
            request = await house.asked()
            await house.becomes(agent_id, "waiting")
            await house.killed()
        asked_before = len(server.requests)
        server.say(Reply("Written."))
        async with assistants(tmp_path, server) as house:
            assert [row.id for row in await house.desk.pending()] == [request.id]
            assert len(server.requests) == asked_before, "the model was asked again for what it had answered"
            await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
            row = await house.service.wait(run_id)
            assert (row.state, row.result) == ("succeeded", "Written.")
            assert (tmp_path / "work" / "b.txt").read_text() == "b"


async def test_a_message_is_delivered_between_two_calls(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        hold = asyncio.Event()
        server.say(Reply("Wait a", calls=[Call("c1", "list_files", {"path": "."})], holds=hold), Reply("In French: bonjour."))
        run_id = await house.service.execute(agent_id, "Greet.", actor=ME)
        await was_asked(server)
        await house.service.message(agent_id, "In French, please.", actor=ME)
        hold.set()
        assert (await house.service.wait(run_id)).result == "In French: bonjour."
        assert "In French, please." in told(server)
        assert len(await house.service.runs_of(agent_id)) == 1


async def test_it_remembers_its_conversation_over_a_restart_and_no_other(tmp_path: Path) -> None:
    async with model_server() as server:
        async with assistants(tmp_path, server) as house:
            agent_id = await spawn(house, restart="always")
            await do(house, agent_id, "My name is Zelda.", conversation_id="talk-1")
        async with assistants(tmp_path, server) as house:
            await house.becomes(agent_id, "idle")
            await do(house, agent_id, "What is my name?", conversation_id="talk-1")
            assert "Zelda" in told(server)
            await do(house, agent_id, "What is my name?", conversation_id="talk-2")
            assert "Zelda" not in told(server)
            broken = next((tmp_path / "agents").rglob("talk-1.json"))
            broken.write_bytes(b"{half")
            assert (await do(house, agent_id, "And now?", conversation_id="talk-1")).state == "succeeded"
            assert broken.with_suffix(".broken").exists()


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(status=401), "refuses the key"),
        (Reply(status=404), "not known"),
        (Reply(status=500), "failed"),
        (Reply("a b c d e f", drop_after=3), "broke off"),
        (Reply(garbage=True), "answer"),
    ],
)
async def test_what_goes_wrong_with_a_model_is_said(tmp_path: Path, reply: Reply, sentence: str) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        server.usual = reply
        row = await do(house, agent_id, "Hello?")
        assert row.state == "failed"
        assert sentence in row.reason
        assert "bug" not in row.reason
        server.usual = Reply("Back again.")
        assert (await do(house, agent_id, "And now?")).result == "Back again."


async def test_a_provider_that_is_down_is_stood_in_for_by_the_next(tmp_path: Path) -> None:
    async with model_server() as first, model_server() as second, assistants(tmp_path, first, second) as house:
        agent_id = await spawn(house)
        first.usual = Reply(status=503)
        second.usual = Reply("From the second.")
        assert (await do(house, agent_id, "Hello?")).result == "From the second."
        named = await house.service.spawn("assistant", "Bea", {"model": "lan0/fake-1"}, actor=ME)
        await house.becomes(named, "idle")
        assert (await do(house, named, "Hello?")).state == "failed", "a model that was named has no stand-in"


async def test_a_limit_refuses_the_request_before_it_is_sent(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house, limits={"run_tokens": 50}, max_output_tokens=100)
        row = await do(house, agent_id, "Hello?")
        assert row.state == "failed"
        assert "This task may use 50 tokens" in row.reason
        assert not server.requests


async def test_being_stopped_ends_the_request(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        server.say(Reply("never ends", holds=asyncio.Event()))
        run_id = await house.service.execute(agent_id, "Talk.", actor=ME)
        await was_asked(server)
        await house.service.cancel_run(run_id, actor=ME)
        assert (await house.service.wait(run_id)).state == "cancelled"
        await house.becomes(agent_id, "idle")


async def test_it_does_not_go_round_in_circles_for_ever(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house, max_turns=3)
        server.usual = Reply("", calls=[Call("again", "list_files", {"path": "."})])
        row = await do(house, agent_id, "Look.")
        assert (row.state, len(server.requests)) == ("failed", 3)
        assert "did not come to an end" in row.reason


async def test_the_embedded_model_really_answers(tmp_path: Path) -> None:
    async with assistants(tmp_path) as house:
        agent_id = await spawn(house, max_output_tokens=16)
        row = await do(house, agent_id, "Say hello.")
        assert row.state == "succeeded", row.reason
        assert row.result.strip()
        assert row.output_tokens > 0
        assert row.cost == 0


async def test_an_unknown_persona_is_named_at_the_start(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await house.service.spawn("assistant", "Ada", {"persona": "pirate"}, actor=ME)
        assert "no persona 'pirate'" in (await house.becomes(agent_id, "failed")).reason
