"""Shared work outlives the program: what was answered stays, what goes on is waited for, and what failed is said to have failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from chainbot_desktop.agents.entanglements.coordination import Coordination
from chainbot_desktop.core.errors import Conflict, NotFound
from chainbot_desktop.core.events import CoordinationEnded, CoordinationStarted
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.store.schema import coordination_parts, coordinations
from tests.unit.agents.entanglements.talkers import ME, TalkHouse, open_talk_house


async def ended(talk: TalkHouse, coordination_id: str) -> Coordination:
    async with asyncio.timeout(10):
        return await talk.entanglements.wait_for(coordination_id)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def team(talk: TalkHouse, kind: str, *agents: str) -> str:
    return (await talk.entanglements.create("Team", kind, agents, actor=ME)).id


async def crash(folder: Path, work: Callable[[TalkHouse], Awaitable[str]]) -> str:
    """Do `work`, then leave everything as a kill would; what `work` returned."""
    async with open_talk_house(folder) as talk:
        found = await work(talk)
        await talk.entanglements.close()
        await talk.house.killed()
    return found


async def noted(talk: TalkHouse, coordination: str, place: int, state: str) -> None:
    """Wait until that state is on the disk: what is only known in memory does not outlive a kill."""
    c = coordination_parts.c
    query = select(c.state).where(c.coordination_id == coordination, c.place == place)
    async with asyncio.timeout(40):
        while await talk.house.store.database.read(lambda connection: connection.execute(query).scalar_one()) != state:
            await asyncio.sleep(0.005)


async def test_one_that_ended_is_read_as_it_was(tmp_path: Path) -> None:
    async with open_talk_house(tmp_path) as talk:
        await talk.agent("Ada", fails="out of ink")
        await talk.agent("Bob")
        link = await team(talk, "data", "ada", "bob")
        begun = await talk.entanglements.coordinate(link, "count the sheep", actor=ME)
        before = (await ended(talk, begun.id)).document()
        assert before["status"] == "succeeded"
        told = [item.event for item in await talk.house.store.journal.read(EventQuery(subject=link))]
        start, end = (event for event in told if isinstance(event, (CoordinationStarted, CoordinationEnded)))
        assert isinstance(start, CoordinationStarted)
        assert isinstance(end, CoordinationEnded)
        assert (start.data.agents, end.data.parts, end.data.state) == (("ada", "bob"), ("failed", "succeeded"), "succeeded")
        assert "sheep" not in start.data_json() + end.data_json()  # what is private stays out of the chain
    async with open_talk_house(tmp_path) as talk:
        assert (await talk.entanglements.coordination(begun.id)).document() == before
        assert (await talk.entanglements.status(link))["coordinations"] == [before]
        with pytest.raises(Conflict, match="ended already"):
            await talk.entanglements.cancel(begun.id, actor=ME)
        await talk.entanglements.release(link, actor=ME)
        async with asyncio.timeout(5):
            while True:
                try:
                    await talk.entanglements.coordination(begun.id)
                except NotFound:
                    break
                await asyncio.sleep(0.005)


async def test_after_a_crash_it_is_concluded_from_what_is_known(tmp_path: Path) -> None:
    async def work(talk: TalkHouse) -> str:
        await talk.agent("Ada")
        await talk.agent("Pat", kind="plain")
        link = await team(talk, "data", "ada", "pat")
        begun = await talk.entanglements.coordinate(link, "HOLD", actor=ME)
        talk.release("pat")
        await noted(talk, begun.id, 1, "succeeded")
        await talk.house.becomes("ada", "running")
        return begun.id

    begun = await crash(tmp_path, work)
    async with open_talk_house(tmp_path) as talk:
        found = await ended(talk, begun)
        assert (found.state, [part.state for part in found.parts]) == ("succeeded", ["failed", "succeeded"])
        assert found.parts[0].reason == "The program ended in the middle of it."
        assert "## Pat\n\nPat says: HOLD" in found.answer
        kept = await talk.entanglements.messages(found.entanglement_id)
        assert sorted((m.kind, m.sender) for m in kept) == [("answer", "pat"), ("task", ME), ("task", ME)]


async def test_a_clean_end_is_told_as_well(tmp_path: Path) -> None:
    async with open_talk_house(tmp_path) as talk:
        await talk.agent("Ada")
        await talk.agent("Bob")
        link = await team(talk, "dependency", "ada", "bob")
        begun = await talk.entanglements.coordinate(link, "HOLD", actor=ME)
        await talk.house.becomes("ada", "running")
    async with open_talk_house(tmp_path) as talk:
        found = await ended(talk, begun.id)
        assert (found.state, [part.state for part in found.parts]) == ("failed", ["cancelled", "failed"])
        assert [part.reason for part in found.parts] == ["The program was closed.", "Bob is stopped. Restart it first."]


async def test_what_goes_on_is_waited_for_and_the_rest_is_given_then(tmp_path: Path) -> None:
    async def work(talk: TalkHouse) -> str:
        await talk.agent("Ada", kind="scripted", restart="always")
        await talk.agent("Bob", restart="always")
        link = await team(talk, "dependency", "ada", "bob")
        begun = await talk.entanglements.coordinate(link, "ask ls", actor=ME)
        await talk.house.asked()
        return begun.id

    begun = await crash(tmp_path, work)
    async with open_talk_house(tmp_path) as talk:
        found = await talk.entanglements.coordination(begun)
        assert (found.state, [part.state for part in found.parts]) == ("running", ["running", "planned"])
        request = await talk.house.asked()
        await talk.house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        found = await ended(talk, begun)
        assert (found.state, found.parts[0].answer) == ("succeeded", "approved True")
        run = await talk.house.service.run(found.parts[1].run_id)
        assert run.context["answers"] == {"Ada": "approved True"}


async def test_a_run_that_was_given_and_not_noted_is_found_again(tmp_path: Path) -> None:
    async def work(talk: TalkHouse) -> str:
        await talk.agent("Ada", kind="scripted", restart="always")
        await talk.agent("Bob", restart="always")
        link = await team(talk, "dependency", "ada", "bob")
        begun = await talk.entanglements.coordinate(link, "ask ls", actor=ME)
        await talk.house.asked()
        await talk.entanglements.close()
        await talk.house.store.database.write(lambda c: c.execute(update(coordination_parts).values(run_id="")).rowcount)
        return begun.id

    begun = await crash(tmp_path, work)
    async with open_talk_house(tmp_path) as talk:
        request = await talk.house.asked()
        await talk.house.desk.decide(request.id, request.nonce, "deny", answer="no", actor=ME)
        found = await ended(talk, begun)
        assert found.parts[0].answer == "approved False no"
        assert len(await talk.house.service.runs_of("ada")) == 1


async def test_a_merge_that_was_cut_off_leaves_the_answers_one_after_the_other(tmp_path: Path) -> None:
    async def work(talk: TalkHouse) -> str:
        await talk.agent("Ada")
        await talk.agent("Bob")
        begun = await talk.entanglements.coordinate(await team(talk, "control", "ada", "bob"), "HOLD", actor=ME)
        await talk.house.becomes("bob", "running")
        talk.release("bob")
        await until(lambda: begun.state == "merging")
        await talk.house.becomes("ada", "running")
        return begun.id

    begun = await crash(tmp_path, work)
    async with open_talk_house(tmp_path) as talk:
        found = await ended(talk, begun)
        assert (found.state, found.merged_by) == ("succeeded", "")
        assert "Ada could not merge them. The program ended in the middle of it." in found.note
        assert found.answer.startswith("## Bob\n\nBob says: HOLD")


async def test_one_that_waits_can_be_cancelled_after_a_start(tmp_path: Path) -> None:
    async def work(talk: TalkHouse) -> str:
        await talk.agent("Ada", kind="scripted", restart="always")
        await talk.agent("Bob", restart="always")
        begun = await talk.entanglements.coordinate(await team(talk, "dependency", "ada", "bob"), "ask ls", actor=ME)
        await talk.house.asked()
        return begun.id

    begun = await crash(tmp_path, work)
    async with open_talk_house(tmp_path) as talk:
        await talk.house.asked()
        found = await talk.entanglements.cancel(begun, actor=ME)
        assert (found.state, [part.state for part in found.parts]) == ("cancelled", ["cancelled", "cancelled"])
        assert await talk.house.service.runs_of("bob") == []


async def test_an_end_that_was_asked_for_before_the_crash_is_carried_out(tmp_path: Path) -> None:
    async def work(talk: TalkHouse) -> str:
        await talk.agent("Ada", kind="scripted", restart="always")
        await talk.agent("Bob", restart="always")
        begun = await talk.entanglements.coordinate(await team(talk, "dependency", "ada", "bob"), "ask ls", actor=ME)
        await talk.house.asked()
        await talk.entanglements.close()
        await talk.house.store.database.write(lambda c: c.execute(update(coordinations).values(stopping=True)).rowcount)
        return begun.id

    begun = await crash(tmp_path, work)
    async with open_talk_house(tmp_path) as talk:
        found = await ended(talk, begun)
        assert (found.state, [part.state for part in found.parts]) == ("cancelled", ["cancelled", "cancelled"])


async def test_one_whose_link_is_gone_ends_with_that(tmp_path: Path) -> None:
    async def work(talk: TalkHouse) -> str:
        await talk.agent("Ada", kind="scripted", restart="always")
        await talk.agent("Bob")
        link = await team(talk, "data", "ada", "bob")
        begun = await talk.entanglements.coordinate(link, "ask ls", actor=ME)
        await talk.house.asked()
        await talk.entanglements.close()
        await talk.entanglements.release(link, actor=ME)
        return begun.id

    begun = await crash(tmp_path, work)
    async with open_talk_house(tmp_path) as talk:
        async with asyncio.timeout(10):
            while not (found := await talk.house.store.journal.read(EventQuery(types=("coordination_ended",)))):
                await asyncio.sleep(0.005)
        [recorded] = found
        assert isinstance(recorded.event, CoordinationEnded)
        assert (recorded.event.data.coordination_id, recorded.event.data.state) == (begun, "failed")


async def test_one_without_a_link_goes_on_too(tmp_path: Path) -> None:
    async def work(talk: TalkHouse) -> str:
        await talk.agent("Ada", kind="scripted", restart="always")
        await talk.agent("Pat", kind="plain")
        begun = await talk.entanglements.coordinate_among(["ada", "pat"], "ask ls", actor=ME)
        await noted(talk, begun.id, 1, "succeeded")
        await talk.house.asked()
        return begun.id

    begun = await crash(tmp_path, work)
    async with open_talk_house(tmp_path) as talk:
        found = await talk.entanglements.coordination(begun)
        assert (found.entanglement_id, [part.state for part in found.parts]) == ("", ["running", "succeeded"])
        request = await talk.house.asked()
        await talk.house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        found = await ended(talk, begun)
        assert (found.state, found.parts[0].answer) == ("succeeded", "approved True")
        assert found.answer == "## Ada\n\napproved True\n\n## Pat\n\nPat says: ask ls"


async def test_those_without_a_link_are_erased_by_no_end_and_no_release(tmp_path: Path) -> None:
    async with open_talk_house(tmp_path) as talk:
        await talk.agent("Ada")
        await talk.agent("Bob")
        alone = [await talk.entanglements.coordinate_among(["ada"], task, actor=ME) for task in ("count", "sing")]
        before = [(await ended(talk, begun.id)).document() for begun in alone]
        link = await team(talk, "data", "ada", "bob")
        shared = (await ended(talk, (await talk.entanglements.coordinate(link, "dance", actor=ME)).id)).id
        await talk.entanglements.release(link, actor=ME)
        with pytest.raises(NotFound):
            async with asyncio.timeout(5):
                while await talk.entanglements.coordination(shared):
                    await asyncio.sleep(0.005)
    async with open_talk_house(tmp_path) as talk:
        assert [(await talk.entanglements.coordination(begun.id)).document() for begun in alone] == before
