"""After a restart of the program the states are true, and what waits for a human still waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from chainbot_desktop.agents.runtime.shared import Leases
from chainbot_desktop.store.agent_rows import Lease
from tests.helpers.agent_house import AgentHouse, open_agent_house

ME = "user:tester"


class Killed(Exception):
    """The program ends here, and nobody closes anything."""


async def crash(folder: Path, work: Callable[[AgentHouse], Awaitable[None]]) -> None:
    """Run the house, and leave its tables as a kill would: agents are not stopped, runs not ended."""
    with suppress(Killed):
        async with open_agent_house(folder) as house:
            await work(house)
            await house.killed()
            raise Killed


async def spawned(house: AgentHouse, name: str, **config: object) -> str:
    agent_id = await house.service.spawn("scripted", name, config, actor=ME)
    await house.becomes(agent_id, "idle")
    return agent_id


async def test_what_ran_and_is_gone_has_failed_with_its_cause(tmp_path: Path) -> None:
    ids: dict[str, str] = {}

    async def work(house: AgentHouse) -> None:
        ids["agent"] = await spawned(house, "Ada", restart="never")
        ids["run"] = await house.service.execute(ids["agent"], "forever", actor=ME)
        await house.becomes(ids["agent"], "running")
        await house.at_work(ids["run"])
        await house.service._agents[ids["agent"]]._journal.written()

    await crash(tmp_path, work)
    async with open_agent_house(tmp_path) as house:
        live = house.service.live(ids["agent"])
        assert live is not None
        assert (live.state, live.reason) == ("failed", "The program ended without stopping it.")
        run = await house.service.run(ids["run"])
        assert (run.state, run.reason) == ("failed", "The program ended in the middle of it.")
        shown = house.directory.get(ids["agent"])
        assert shown is not None
        assert shown.state.value == "failed"


async def test_it_is_started_again_if_its_policy_says_so_and_goes_on_with_what_waited(tmp_path: Path) -> None:
    ids: dict[str, str] = {}

    async def work(house: AgentHouse) -> None:
        ids["agent"] = await spawned(house, "Ada", restart="on-failure")
        ids["working"] = await house.service.execute(ids["agent"], "forever", actor=ME)
        ids["queued"] = await house.service.execute(ids["agent"], "say later", actor=ME)
        await house.becomes(ids["agent"], "running")
        await house.at_work(ids["working"])
        await house.service._agents[ids["agent"]]._journal.written()

    await crash(tmp_path, work)
    async with open_agent_house(tmp_path) as house:
        assert (await house.service.run(ids["working"])).state == "failed"
        assert (await house.service.wait(ids["queued"])).result == "later"
        await house.becomes(ids["agent"], "idle")


async def test_a_request_to_a_human_survives_and_is_answered_once(tmp_path: Path) -> None:
    ids: dict[str, str] = {}

    async def work(house: AgentHouse) -> None:
        ids["agent"] = await spawned(house, "Ada", restart="always")
        ids["run"] = await house.service.execute(ids["agent"], "ask rm -rf build", actor=ME)
        await house.becomes(ids["agent"], "waiting")
        request = await house.asked()
        ids["approval"] = request.id
        await house.service._agents[ids["agent"]]._journal.written()

    await crash(tmp_path, work)
    async with open_agent_house(tmp_path) as house:
        await house.becomes(ids["agent"], "waiting")
        request = await house.asked()
        assert (request.id, request.detail) == (ids["approval"], "rm -rf build")
        await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        assert (await house.service.wait(ids["run"])).result == "approved True"


async def test_an_answer_given_while_its_agent_was_away_is_found(tmp_path: Path) -> None:
    ids: dict[str, str] = {}

    async def work(house: AgentHouse) -> None:
        ids["agent"] = await spawned(house, "Ada", restart="always")
        ids["run"] = await house.service.execute(ids["agent"], "ask ls", actor=ME)
        await house.becomes(ids["agent"], "waiting")
        request = await house.asked()
        await house.service._agents[ids["agent"]]._journal.written()
        house.desk._end = lambda row: None  # type: ignore[method-assign]
        await house.desk.decide(request.id, request.nonce, "deny", answer="no", actor=ME)

    await crash(tmp_path, work)
    async with open_agent_house(tmp_path) as house:
        assert (await house.service.wait(ids["run"])).result == "approved False no"


async def test_a_clean_end_starts_again_only_what_should_always_run(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        always = await spawned(house, "Ada", restart="always")
        failure = await spawned(house, "Bea", restart="on-failure")
        stopped = await spawned(house, "Cleo", restart="always")
        await house.service.stop(stopped, actor=ME)
    async with open_agent_house(tmp_path) as house:
        await house.becomes(always, "idle")
        states = {live.id: live.state for live in house.service.living()}
        assert (states[failure], states[stopped]) == ("stopped", "stopped")


async def test_what_is_left_of_its_process_is_ended_by_its_lease(tmp_path: Path) -> None:
    ended: list[Lease] = []
    lease = Lease(12345, 678, "boot")
    agent_ids: list[str] = []

    async def work(house: AgentHouse) -> None:
        agent_ids.append(await spawned(house, "Ada", restart="never"))
        agent = house.service._agents[agent_ids[0]]
        agent._journal.keep_lease(lease)
        await agent._journal.written()

    await crash(tmp_path, work)
    leases = Leases(lambda _: None, lambda _: False, ended.append)
    async with open_agent_house(tmp_path, leases=leases):
        assert ended == [lease]
