"""A task that waits can get other words, or be taken back; one that has begun cannot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chainbot_desktop.agents.runtime.service import MAX_TASK_BYTES
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.ports import EventQuery
from tests.helpers.agent_house import AgentHouse, open_agent_house

ME = "user:tester"


async def busy(house: AgentHouse) -> tuple[str, str, str]:
    """An agent, the run that it works on, and the one that waits."""
    agent_id = await house.service.spawn("scripted", "Ada", {"restart": "always"}, actor=ME)
    await house.becomes(agent_id, "idle")
    first = await house.service.execute(agent_id, "wait", actor=ME)
    await house.at_work(first)
    return agent_id, first, await house.service.execute(agent_id, "say old words", actor=ME)


async def test_the_new_words_are_worked_on(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id, first, second = await busy(house)
        await house.service.edit_queued(second, "say new words", actor=ME)
        assert (await house.service.run(second)).task == "say new words"
        (recorded,) = await house.store.journal.read(EventQuery(types=("run_edited",)))
        data = recorded.event.model_dump()["data"]
        assert (data["run_id"], data["agent_id"], data["size"]) == (second, agent_id, len("say new words"))
        assert "new words" not in str(data), "what a task says is private"
        house.scripted.workers[0].release.set()
        assert (await house.service.wait(second)).result == "new words"
        for run_id in (first, second):
            with pytest.raises(Conflict, match="has ended already"):
                await house.service.edit_queued(run_id, "say more", actor=ME)


async def test_what_has_begun_or_is_no_task_is_refused(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        _, first, second = await busy(house)
        with pytest.raises(Conflict, match="has begun already"):
            await house.service.edit_queued(first, "say more", actor=ME)
        with pytest.raises(Conflict, match="has begun already"):
            await house.service.take_back(first, actor=ME)
        with pytest.raises(NotFound):
            await house.service.edit_queued("nothing", "say more", actor=ME)
        for wrong in (" \n", "x" * (MAX_TASK_BYTES + 1)):
            with pytest.raises(InvalidInput):
                await house.service.edit_queued(second, wrong, actor=ME)
        assert (await house.service.run(second)).task == "say old words"
        await house.service.edit_queued(second, "say half a \ud83d character", actor=ME)
        assert (await house.service.run(second)).task == "say half a ? character"


async def test_what_is_taken_back_is_cancelled_and_nobody_begins_it(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id, _, second = await busy(house)
        await house.service.take_back(second, actor=ME)
        row = await house.service.run(second)
        assert (row.state, row.reason) == ("cancelled", "Taken back by tester.")
        house.scripted.workers[0].release.set()
        await house.becomes(agent_id, "idle")
        assert (await house.service.runs_of(agent_id))[0].state == "cancelled"


async def test_a_disk_that_refuses_leaves_the_old_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_agent_house(tmp_path) as house:
        _, _, second = await busy(house)

        async def refuse(*_: object) -> None:
            await asyncio.sleep(0)
            raise Unavailable("The disk is full.")

        monkeypatch.setattr(house.service._parts.runs, "set_task", refuse)
        with pytest.raises(ChainBotError, match="The disk is full"):
            await house.service.edit_queued(second, "say new words", actor=ME)
        house.scripted.workers[0].release.set()
        assert (await house.service.wait(second)).result == "old words"


async def test_the_new_words_survive_a_kill(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        _, _, second = await busy(house)
        await house.service.edit_queued(second, "say new words", actor=ME)
        await house.killed()
    async with open_agent_house(tmp_path) as house:
        assert (await house.service.wait(second)).result == "new words"


async def test_each_run_is_told_of_before_it_begins(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        heard: list[tuple[str, str]] = []
        stop = house.service.on_accepted(lambda row: heard.append((row.task, row.parent_id)))
        agent_id, first, _ = await busy(house)
        child = await house.service.execute(agent_id, "say child", actor=ME, parent_run_id=first)
        assert heard == [("wait", ""), ("say old words", ""), ("say child", first)]
        stop()
        await house.service.take_back(child, actor=ME)
