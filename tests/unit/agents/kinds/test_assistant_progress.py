"""What an assistant had done when the program was killed is not done again, and what it had been told is not lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.helpers.assistants import ME, assistants, do, spawn, told, was_asked
from tests.helpers.model_server import Call, Reply, model_server
from tests.helpers.toolboxes import FakeConversations


class StuckConversations(FakeConversations):
    """A note is taken and the answer that it was never comes."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck = asyncio.Event()

    async def note(self, agent_id: str, text: str, *, run_id: str = "") -> str:
        self.notes.append(text)
        self.stuck.set()
        await asyncio.Event().wait()
        return ""


NOTE = Call("c1", "append_note", {"text": "paid"})


async def test_what_was_carried_out_before_a_kill_is_not_carried_out_again(tmp_path: Path) -> None:
    notes = FakeConversations()
    async with model_server() as server:
        async with assistants(tmp_path, server, conversations=notes) as house:
            agent_id = await spawn(house)
            server.say(Reply("", calls=[NOTE]), Reply("Noted just", holds=asyncio.Event()))
            run_id = await house.service.execute(agent_id, "Note it.", actor=ME)
            await was_asked(server, 2)
            await house.killed()
        server.say(Reply("It is noted."))
        async with assistants(tmp_path, server, conversations=notes) as house:
            row = await house.service.wait(run_id)
            assert (row.state, row.result) == ("succeeded", "It is noted.")
        assert notes.notes == ["paid"]
        assert "Note it." in told(server)
        assert len(server.requests) == 3, "the model was asked again for what it had answered"


async def test_an_approved_call_is_not_carried_out_twice(tmp_path: Path) -> None:
    async with model_server() as server:
        async with assistants(tmp_path, server) as house:
            agent_id = await spawn(house)
            count = {"command": ["sh", "-c", "echo once >> count"]}
            server.say(Reply("", calls=[Call("c1", "run_command", count)]), Reply("Counted just", holds=asyncio.Event()))
            run_id = await house.service.execute(agent_id, "Count.", actor=ME)
            request = await house.asked()
            await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
            await was_asked(server, 2)
            await house.killed()
        server.say(Reply("Counted."))
        async with assistants(tmp_path, server) as house:
            assert (await house.service.wait(run_id)).result == "Counted."
            assert len(await house.desk.latest()) == 1
        assert (tmp_path / "work" / "count").read_text() == "once\n"


async def test_a_call_that_was_cut_short_is_not_repeated_and_the_model_is_told(tmp_path: Path) -> None:
    stuck = StuckConversations()
    async with model_server() as server:
        async with assistants(tmp_path, server, conversations=stuck) as house:
            agent_id = await spawn(house)
            server.say(Reply("", calls=[NOTE]))
            run_id = await house.service.execute(agent_id, "Note it.", actor=ME)
            async with asyncio.timeout(20):
                await stuck.stuck.wait()
            await house.killed()
        server.say(Reply("I shall look."))
        async with assistants(tmp_path, server, conversations=stuck) as house:
            assert (await house.service.wait(run_id)).result == "I shall look."
        assert stuck.notes == ["paid"]
        assert "look whether it had its effect" in told(server)


async def test_a_message_that_was_taken_before_a_kill_still_arrives(tmp_path: Path) -> None:
    async with model_server() as server:
        async with assistants(tmp_path, server) as house:
            agent_id = await spawn(house)
            hold = asyncio.Event()
            first = Reply("Wait a", calls=[Call("c1", "list_files", {"path": "."})], holds=hold)
            server.say(first, Reply("In French just", holds=asyncio.Event()))
            run_id = await house.service.execute(agent_id, "Greet.", actor=ME)
            await was_asked(server)
            await house.service.message(agent_id, "In French, please.", actor=ME)
            hold.set()
            await was_asked(server, 2)
            await house.killed()
        server.say(Reply("Bonjour."))
        async with assistants(tmp_path, server) as house:
            assert (await house.service.wait(run_id)).result == "Bonjour."
        assert told(server).count("In French, please.") == 1


async def test_what_is_said_while_a_person_is_asked_arrives_with_the_answer(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        server.say(Reply("", calls=[Call("c1", "write_file", {"path": "a", "content": "a"})]), Reply("In b then."))
        run_id = await house.service.execute(agent_id, "Write.", actor=ME)
        request = await house.asked()
        await house.service.message(agent_id, "Rather in b.", actor=ME)
        await house.desk.decide(request.id, request.nonce, "deny", actor=ME)
        assert (await house.service.wait(run_id)).result == "In b then."
        assert "Rather in b." in told(server)


async def test_an_approval_is_for_one_call_even_where_the_server_repeats_its_ids(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        again = Call("call_0", "run_command", {"command": ["sh", "-c", "echo x >> count"]})
        server.say(Reply("", calls=[again]), Reply("", calls=[again]), Reply("Done."))
        run_id = await house.service.execute(agent_id, "Twice.", actor=ME)
        for count in (1, 2):
            request = await house.asked()
            await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
            await was_asked(server, count + 1)
        assert (await house.service.wait(run_id)).result == "Done."
        assert (tmp_path / "work" / "count").read_text() == "x\nx\n"


async def test_turns_are_counted_over_approvals(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house, max_turns=2)
        for name in "ab":
            server.say(Reply("", calls=[Call(name, "write_file", {"path": name, "content": name})]))
        run_id = await house.service.execute(agent_id, "Write.", actor=ME)
        for count in (1, 2):
            await was_asked(server, count)
            request = await house.asked()
            await house.desk.decide(request.id, request.nonce, "deny", actor=ME)
        assert "did not come to an end" in (await house.service.wait(run_id)).reason
        assert len(server.requests) == 2


async def test_what_no_person_can_judge_is_refused_and_the_task_goes_on(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house:
        agent_id = await spawn(house)
        huge = Call("c1", "write_file", {"path": "huge", "content": "𝄞" * 300_000})
        server.say(Reply("", calls=[huge]), Reply("Too large, then."))
        assert (await do(house, agent_id, "Write.")).result == "Too large, then."
        assert "too large for a person" in told(server)
