"""Agents alive: states, tasks, steering, limits, restarts, and what the journal and the map say of it all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chainbot_desktop.agents.runtime.budget import LimitReached
from chainbot_desktop.agents.runtime.live import RunUpdate
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import AgentTerminated
from chainbot_desktop.core.events.agents import AgentFact
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.settings import AgentsSettings
from tests.helpers.agent_house import AgentHouse, open_agent_house

ME = "user:tester"


async def spawn(house: AgentHouse, name: str = "Ada", **config: object) -> str:
    agent_id = await house.service.spawn("scripted", name, config, actor=ME)
    await house.becomes(agent_id, "idle")
    return agent_id


async def types(house: AgentHouse) -> list[str]:
    return [recorded.event.type for recorded in await house.store.journal.read(EventQuery(limit=1000))]


async def test_an_agent_is_born_works_and_is_stopped(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        heard: list[RunUpdate] = []
        run_id = await house.service.execute(agent_id, "say hello there", actor=ME)
        house.service.follow_run(run_id, heard.append)
        row = await house.service.wait(run_id)
        assert (row.state, row.result) == ("succeeded", "hello there")
        assert "".join(update.text for update in heard if update.kind == "answer") == "hello there "
        assert heard[-1].kind == "end"
        await house.becomes(agent_id, "idle")

        await house.service.stop(agent_id, actor=ME)
        live = house.service.live(agent_id)
        assert live is not None
        assert (live.state, live.reason) == ("stopped", "Stopped by tester.")
        assert house.scripted.workers[0].stops == 1
        shown = house.directory.get(agent_id)
        assert shown is not None
        assert (shown.state.value, shown.runs_here, shown.metadata["model"]) == ("done", True, "scripted")
        found = await types(house)
        assert found[0] == "agent_spawned"
        assert found[-1] == "agent_terminated"
        assert {"run_accepted", "run_finished", "agent_state_changed"} <= set(found)
        assert not house.failures


async def test_who_follows_a_run_in_the_moment_of_its_end_hears_that_it_has_ended(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        run_id = await house.service.execute(agent_id, "say hello", actor=ME)
        live = house.service._runs[run_id]
        late: list[RunUpdate] = []
        await live.finished
        live.follow(late.append)()
        assert [(update.kind, update.text.strip()) for update in late] == [("answer", "hello"), ("end", "succeeded")]


async def test_the_map_follows_the_states(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        run_id = await house.service.execute(agent_id, "ask rm -rf build", actor=ME)
        await house.becomes(agent_id, "waiting")
        request = await house.asked()
        shown = await _shown(house, agent_id, "needs_input")
        assert shown == "your approval"
        await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        assert (await house.service.wait(run_id)).result == "approved True"
        await _shown(house, agent_id, "idle")


async def test_nobody_else_says_how_an_agent_is(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        lie = AgentTerminated(source="webhook", data=AgentFact(agent_id=agent_id, status="failed"))
        await house.store.journal.append(lie)
        shown = house.directory.get(agent_id)
        assert shown is not None
        assert not shown.ended


async def test_tasks_queue_and_keep_their_order(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        first = await house.service.execute(agent_id, "wait", actor=ME)
        await house.becomes(agent_id, "running")
        second = await house.service.execute(agent_id, "say two", actor=ME)
        third = await house.service.execute(agent_id, "say three", actor=ME)
        live = house.service.live(agent_id)
        assert live is not None
        assert (live.run_id, live.queued) == (first, 2)
        house.scripted.workers[0].release.set()
        ends = [await house.service.wait(run_id) for run_id in (first, second, third)]
        assert [row.state for row in ends] == ["succeeded"] * 3
        assert ends[1].ended_at <= ends[2].ended_at


async def test_a_message_reaches_a_working_agent_between_its_steps(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        run_id = await house.service.execute(agent_id, "wait", actor=ME)
        await house.becomes(agent_id, "running")
        assert await house.service.message(agent_id, "hurry", actor=ME) == run_id
        house.scripted.workers[0].release.set()
        assert (await house.service.wait(run_id)).result == "released hurry"


async def test_a_message_that_comes_too_late_becomes_a_task(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        run_id = await house.service.execute(agent_id, "ask ls", actor=ME)
        request = await house.asked()
        await house.service.message(agent_id, "say as well", actor=ME)
        await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        await house.service.wait(run_id)
        [late] = await house.service.following(run_id)
        assert (late.task, late.actor, late.follows) == ("say as well", ME, run_id)
        assert (await house.service.wait(late.id)).result == "as well"


async def test_what_came_too_late_is_a_task_for_each_who_said_it_and_each_place(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        run_id = await house.service.execute(agent_id, "ask ls", actor=ME, conversation_id="here")
        request = await house.asked()
        for text, actor, place in (
            ("say one", ME, "here"),
            ("say other", "user:other", "there"),
            ("two", ME, ""),
            ("three", ME, "here"),
        ):
            assert await house.service.message(agent_id, text, actor=actor, conversation_id=place) == run_id
        await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        await house.service.wait(run_id)
        late = await house.service.following(run_id)
        assert [(row.task, row.actor, row.conversation_id) for row in late] == [
            ("say one\n\ntwo\n\nthree", ME, "here"),
            ("say other", "user:other", "there"),
        ]
        assert [(await house.service.wait(row.id)).state for row in late] == ["succeeded"] * 2
        assert await house.service.following(late[0].id) == []


async def test_what_was_said_to_an_agent_that_is_stopped_ends_with_the_reason(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        run_id = await house.service.execute(agent_id, "forever", actor=ME)
        await house.becomes(agent_id, "running")
        await house.service.message(agent_id, "say as well", actor=ME)
        await house.service.stop(agent_id, actor=ME)
        [late] = await house.service.following(run_id)
        assert (late.state, late.reason) == ("cancelled", f"Stopped by {ME.partition(':')[2]}.")
        assert house.failures == []


async def test_a_message_can_interrupt(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        run_id = await house.service.execute(agent_id, "forever", actor=ME)
        queued = await house.service.execute(agent_id, "say later", actor=ME)
        await house.becomes(agent_id, "running")
        urgent = await house.service.message(agent_id, "say now", actor=ME, delivery="interrupt")
        ends = [await house.service.wait(id_) for id_ in (run_id, urgent, queued)]
        assert [row.state for row in ends] == ["cancelled", "succeeded", "succeeded"]
        assert ends[1].ended_at <= ends[2].ended_at


async def test_failures_and_bugs_end_a_task_and_not_the_agent(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        failed = await house.service.wait(await house.service.execute(agent_id, "fail The disk is full.", actor=ME))
        assert (failed.state, failed.reason) == ("failed", "The disk is full. Try another word.")
        broken = await house.service.wait(await house.service.execute(agent_id, "bug", actor=ME))
        assert broken.state == "failed"
        assert "a bug" in broken.reason
        assert (await house.service.wait(await house.service.execute(agent_id, "say on", actor=ME))).state == "succeeded"


async def test_a_run_is_cancelled_queued_or_under_way(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        working = await house.service.execute(agent_id, "forever", actor=ME)
        await house.becomes(agent_id, "running")
        queued = await house.service.execute(agent_id, "say x", actor=ME)
        await house.service.cancel_run(queued, actor=ME)
        await house.service.cancel_run(working, actor=ME)
        assert [(await house.service.wait(id_)).reason for id_ in (working, queued)] == ["Cancelled by tester."] * 2
        with pytest.raises(Conflict):
            await house.service.cancel_run(working, actor=ME)


async def test_a_task_that_takes_too_long_fails_but_waiting_for_a_person_costs_no_time(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house, limits={"wall_seconds": 0.3})
        late = await house.service.wait(await house.service.execute(agent_id, "forever", actor=ME))
        assert (late.state, late.reason) == ("failed", "It took longer than 0.3 s.")
        asked = await house.service.execute(agent_id, "ask may I?", actor=ME)
        await house.becomes(agent_id, "waiting")
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - began < 0.5:
            await asyncio.sleep(0.05)
        request = await house.asked()
        await house.desk.decide(request.id, request.nonce, "deny", answer="too dear", actor=ME)
        assert (await house.service.wait(asked)).result == "approved False too dear"


async def test_pausing_holds_tasks_back(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        await house.service.pause(agent_id, actor=ME)
        run_id = await house.service.execute(agent_id, "say x", actor=ME)
        live = house.service.live(agent_id)
        assert live is not None
        assert (live.state, live.queued) == ("paused", 1)
        assert house.scripted.workers[0].paused
        with pytest.raises(Conflict):
            await house.service.pause(agent_id, actor=ME)
        await house.service.resume(agent_id, actor=ME)
        assert (await house.service.wait(run_id)).state == "succeeded"


async def test_stopping_ends_what_it_does_and_what_waits(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        runs = [await house.service.execute(agent_id, task, actor=ME) for task in ("ask ls", "say x")]
        await house.becomes(agent_id, "waiting")
        await house.service.stop(agent_id, actor=ME)
        assert [(await house.service.wait(run_id)).state for run_id in runs] == ["cancelled", "cancelled"]
        assert not await house.desk.pending()
        with pytest.raises(Conflict, match="stopped"):
            await house.service.execute(agent_id, "say y", actor=ME)
        with pytest.raises(Conflict):
            await house.service.stop(agent_id, actor=ME)
        await house.service.restart(agent_id, actor=ME)
        await house.becomes(agent_id, "idle")


async def test_an_agent_that_cannot_start_has_failed_with_its_reason(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await house.service.spawn(
            "scripted", "Ada", {"fails_to_start": "The program is missing.", "restart": "always"}, actor=ME
        )
        live = await house.becomes(agent_id, "failed")
        assert live.reason == "The program is missing."
        await _shown(house, agent_id, "failed")


async def test_one_that_ends_by_itself_is_started_again_if_it_should_be(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house, restart="on-failure", ends_with="It crashed.")
        run_id = await house.service.execute(agent_id, "end", actor=ME)
        assert (await house.service.wait(run_id)).reason == "It crashed."
        waiting = await house.becomes(agent_id, "waiting")
        assert "It crashed." in waiting.waiting_for
        again = await house.becomes(agent_id, "idle")
        assert again.restarts == 1


async def test_one_that_ends_well_is_left_ended(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house, restart="on-failure")
        await house.service.execute(agent_id, "end", actor=ME)
        assert (await house.becomes(agent_id, "stopped")).reason == "It ended by itself."


async def test_a_hot_swap_keeps_the_identity_and_the_queue(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        await house.directory.move(agent_id, 10, 20, ME)
        await house.service.execute(agent_id, "forever", actor=ME)
        waits = await house.service.execute(agent_id, "say on", actor=ME)
        await house.becomes(agent_id, "running")
        await house.service.hot_swap(agent_id, name="Bea", config={"model": "other"}, actor=ME)
        assert (await house.service.wait(waits)).state == "succeeded"
        shown = house.directory.get(agent_id)
        assert shown is not None
        assert (shown.name, shown.metadata["model"], shown.place is not None) == ("Bea", "other", True)
        assert "agent_reconfigured" in await types(house)


async def test_a_removed_agent_is_gone(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        folder = tmp_path / "agents" / agent_id
        assert folder.is_dir()
        await house.service.stop(agent_id, actor=ME)
        await house.service.remove(agent_id, actor=ME)
        assert not folder.exists()
        assert (await types(house)).count("agent_terminated") == 1, "it had ended before"
        assert house.directory.get(agent_id) is None
        with pytest.raises(NotFound):
            house.service.definition(agent_id)
    async with open_agent_house(tmp_path) as house:
        assert not house.service.living()


async def test_what_it_cost_includes_what_it_is_doing(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await spawn(house)
        for expected in (0.01, 0.02):
            await house.service.wait(await house.service.execute(agent_id, "spend 5", actor=ME))
            live = house.service.live(agent_id)
            assert live is not None
            assert live.cost == pytest.approx(expected)
        await house.service.execute(agent_id, "spend_and_wait 5", actor=ME)
        spending = await house.until(agent_id, lambda known: known.input_tokens == 15)
        assert spending.cost == pytest.approx(0.03)


async def test_stop_all_says_what_it_stopped(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        ids = [await spawn(house, name) for name in ("Ada", "Bea", "Cleo")]
        await house.service.execute(ids[0], "forever", actor=ME)
        await house.service.execute(ids[0], "say x", actor=ME)
        await house.becomes(ids[0], "running")
        report = await house.service.stop_all(actor=ME)
        assert sorted(name for _, name in report.agents) == ["Ada", "Bea", "Cleo"]
        assert report.runs == 2
        assert {live.state for live in house.service.living()} == {"stopped"}
        assert (await house.service.stop_all(actor=ME)).agents == ()


@pytest.mark.parametrize(
    ("kind", "name", "config", "error"),
    [
        ("nothing", "Ada", {}, NotFound),
        ("scripted", "  ", {}, InvalidInput),
        ("scripted", "a\nb\x00", {}, InvalidInput),
        ("scripted", "x" * 201, {}, InvalidInput),
        ("scripted", "Ada", {"modle": "typo"}, InvalidInput),
        ("scripted", "Ada", {"model": 7}, InvalidInput),
        ("scripted", "Ada", {"limits": {"run_tokens": 0}}, InvalidInput),
        ("scripted", "taken", {}, Conflict),
    ],
)
async def test_what_cannot_be_spawned_is_refused_and_leaves_nothing(
    tmp_path: Path, kind: str, name: str, config: dict[str, object], error: type[Exception]
) -> None:
    async with open_agent_house(tmp_path) as house:
        await spawn(house, "Taken")
        with pytest.raises(error):
            await house.service.spawn(kind, name, config, actor=ME)
        assert len(house.service.living()) == 1


async def test_no_more_agents_than_allowed(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path, settings=AgentsSettings(max_agents=2)) as house:
        await spawn(house, "Ada")
        await spawn(house, "Bea")
        with pytest.raises(LimitReached, match="2 agents run already"):
            await house.service.spawn("scripted", "Cleo", {}, actor=ME)


async def test_agents_call_agents_only_so_deep(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path, settings=AgentsSettings(max_depth=2)) as house:
        agents = [await spawn(house, name) for name in ("Ada", "Bea", "Cleo", "Dora")]
        parent = ""
        for agent_id in agents[:3]:
            parent = await house.service.execute(agent_id, "forever", actor=ME, parent_run_id=parent)
            await house.becomes(agent_id, "running")
        with pytest.raises(LimitReached, match="2 deep"):
            await house.service.execute(agents[3], "say x", actor=ME, parent_run_id=parent)


async def _shown(house: AgentHouse, agent_id: str, state: str) -> str:
    """Wait until the map shows the agent in `state`; why it needs attention."""
    async with asyncio.timeout(10):
        while (shown := house.directory.get(agent_id)) is None or shown.state != state:
            await asyncio.sleep(0.01)
    return shown.attention
