"""Coordination, handover and waiting."""

from __future__ import annotations

import asyncio

import pytest

from chainbot_desktop.agents.entanglements.coordination import Coordination
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import ExternalEventReceived
from tests.unit.agents.entanglements.talkers import ME, TalkHouse


async def team(talk: TalkHouse, kind: str, *agents: str) -> str:
    return (await talk.entanglements.create("Team", kind, agents, actor=ME)).id


async def coordinated(talk: TalkHouse, link: str, task: str) -> Coordination:
    found = await talk.entanglements.coordinate(link, task, actor=ME)
    async with asyncio.timeout(10):
        return await talk.entanglements.wait_for(found.id)


async def test_a_lead_writes_one_answer_from_those_of_the_others(talk: TalkHouse) -> None:
    for name in ("Ada", "Bob", "Cem"):
        await talk.agent(name)
    link = await team(talk, "control", "ada", "bob", "cem")
    found = await coordinated(talk, link, "count")
    assert (found.state, found.merged_by, found.note) == ("succeeded", "ada", "")
    assert [(part.agent_id, part.role, part.state) for part in found.parts] == [
        ("bob", "member", "succeeded"),
        ("cem", "member", "succeeded"),
    ]
    assert found.parts[0].answer == "Bob says: count\n\nYour role: member. The same task was given to Cem."
    assert found.answer.startswith("Ada says: Several agents worked on this task:\n\ncount")
    assert all(part.answer in found.answer for part in found.parts)
    kept = await talk.entanglements.messages(link)
    assert sorted((m.kind, m.sender, m.recipient) for m in kept) == [
        ("answer", "ada", ME),
        ("answer", "bob", ME),
        ("answer", "cem", ME),
        ("task", ME, "bob"),
        ("task", ME, "cem"),
    ]
    run = await talk.house.service.run(found.parts[0].run_id)
    assert run.context == {"entanglement": "Team", "coordination": found.id, "role": "member"}


async def test_a_failure_of_one_does_not_lose_the_others(talk: TalkHouse) -> None:
    await talk.agent("Ada", fails="out of ink")
    await talk.agent("Bob")
    await talk.agent("Pat", kind="plain")
    await talk.agent("Mut", kind="mute")
    await talk.foreign("told")
    found = await coordinated(talk, await team(talk, "data", "ada", "bob", "pat", "mut", "told"), "count")
    assert found.state == "succeeded"
    assert {part.agent_id: part.state for part in found.parts} == {
        "ada": "failed",
        "bob": "succeeded",
        "pat": "succeeded",
        "mut": "skipped",
        "told": "skipped",
    }
    assert found.merged_by == ""
    assert "one after the other" in found.note
    assert "## Ada (failed)\n\nout of ink" in found.answer
    assert "## Pat\n\nPat says: count" in found.answer  # no role for one without a model
    assert "takes no tasks" in found.parts[3].reason


async def test_if_all_fail_it_failed(talk: TalkHouse) -> None:
    await talk.agent("Ada", fails="out of ink")
    await talk.agent("Bob", fails="out of paper")
    found = await coordinated(talk, await team(talk, "data", "ada", "bob"), "count")
    assert (found.state, [part.reason for part in found.parts]) == ("failed", ["out of ink", "out of paper"])


async def test_a_lead_that_cannot_merge_is_named(talk: TalkHouse) -> None:
    await talk.agent("Ada", fails="out of ink")
    await talk.agent("Bob")
    found = await coordinated(talk, await team(talk, "control", "ada", "bob"), "count")
    assert (found.state, found.merged_by) == ("succeeded", "")
    assert "Ada could not merge them. out of ink" in found.note
    assert found.answer == "## Bob\n\nBob says: count"


async def test_partial_results_are_there_before_the_end_and_it_can_be_cancelled(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    await talk.agent("Pat", kind="plain")
    link = await team(talk, "data", "ada", "pat")
    await talk.hold("ada")
    begun = await talk.entanglements.coordinate(link, "count", actor=ME)
    pat = begun.parts[1]
    async with asyncio.timeout(10):
        while pat.state != "succeeded":
            await asyncio.sleep(0.005)
    assert begun.state == "running"
    shown = (await talk.entanglements.status(link))["coordinations"][0]
    assert [part["state"] for part in shown["plan"]] == ["running", "succeeded"]
    assert shown["plan"][1]["answer"] == "Pat says: count"
    ended = await talk.entanglements.cancel(begun.id, actor=ME)
    assert ended.state == "cancelled"
    assert [part.state for part in ended.parts] == ["cancelled", "succeeded"]
    assert "Pat says: count" in ended.answer
    live = talk.house.service.live("ada")
    assert live is not None
    assert live.queued == 0
    with pytest.raises(Conflict, match="ended already"):
        await talk.entanglements.cancel(begun.id, actor=ME)


async def test_dependent_agents_begin_with_what_the_first_answered(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    found = await coordinated(talk, await team(talk, "dependency", "ada", "bob"), "count")
    run = await talk.house.service.run(found.parts[1].run_id)
    assert run.context["answers"] == {"Ada": found.parts[0].answer}
    assert [part.role for part in found.parts] == ["first", "then"]


async def test_nobody_can_take_the_task(talk: TalkHouse) -> None:
    await talk.foreign("one")
    await talk.foreign("two")
    link = await team(talk, "data", "one", "two")
    with pytest.raises(Conflict, match="No agent"):
        await talk.entanglements.coordinate(link, "count", actor=ME)
    with pytest.raises(InvalidInput):
        await talk.entanglements.coordinate(link, " ", actor=ME)
    with pytest.raises(NotFound):
        await talk.entanglements.coordination("nothing")


async def test_a_task_goes_over_with_its_context_and_what_was_answered(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    run = await talk.house.service.execute("ada", "HOLD the line", actor=ME, context={"file": "a.txt"}, conversation_id="c")
    heard: asyncio.Queue[str] = asyncio.Queue()
    talk.house.service.follow_run(run, lambda update: heard.put_nowait(update.text) if update.kind == "answer" else None)
    async with asyncio.timeout(5):
        assert await heard.get() == "so far so good"
    new = await talk.entanglements.handover("ada", "bob", actor=ME)
    before = await talk.house.service.wait(run)
    assert before.state == "cancelled"
    talk.release("bob")
    row = await talk.house.service.wait(new)
    assert (row.agent_id, row.state, row.conversation_id) == ("bob", "succeeded", "c")
    assert row.task == "HOLD the line\n\nAda began this and handed it over. Its answer so far:\n\nso far so good"
    assert row.context == {
        "file": "a.txt",
        "handed_over_by": "Ada",
        "handed_over_run": run,
    }
    with pytest.raises(Conflict, match="works on nothing"):
        await talk.entanglements.handover("ada", "bob", actor=ME)
    with pytest.raises(Conflict, match="not one of"):
        await talk.entanglements.handover("ada", "bob", run_id=new, actor=ME)


async def test_one_without_a_model_is_given_the_bare_task(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Pat", kind="plain")
    done = await talk.house.service.execute("ada", "count", actor=ME)
    await talk.house.service.wait(done)
    new = await talk.house.service.wait(await talk.entanglements.handover("ada", "pat", run_id=done, actor=ME))
    assert (new.task, new.context["answer_so_far"]) == ("count", "Ada says: count")
    assert (await talk.house.service.run(done)).state == "succeeded"  # what has ended stays as it is


async def test_a_run_that_cannot_be_taken_over_goes_on(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Mut", kind="mute")
    await talk.agent("Bob")
    run = await talk.hold("ada")
    with pytest.raises(Conflict, match="takes no tasks"):
        await talk.entanglements.handover("ada", "mut", actor=ME)
    with pytest.raises(Conflict, match="No control link"):
        await talk.entanglements.handover("ada", "bob", actor="agent:ada")
    assert (await talk.house.service.run(run)).state in ("queued", "running")


async def test_a_dependent_task_begins_when_the_other_has_ended(talk: TalkHouse) -> None:
    for name in ("Ada", "Bob", "Cem"):
        await talk.agent(name)
    link = await team(talk, "dependency", "ada", "bob")
    await talk.hold("ada")
    run = await talk.house.service.execute("bob", "count", actor=ME)
    other = await talk.house.service.execute("cem", "count", actor=ME)
    assert (await talk.house.service.wait(other)).state == "succeeded"
    live = await talk.house.until("bob", lambda live: live.state == "waiting")
    assert live.waiting_for == "Ada, which it depends on"
    assert (await talk.entanglements.status(link))["members"][1]["depends_on"] == ["Ada"]
    assert (await talk.house.service.run(run)).state != "succeeded"
    talk.release("ada")
    async with asyncio.timeout(5):
        assert (await talk.house.service.wait(run)).result == "Bob says: count"


async def test_who_directs_does_not_wait_for_who_waits_for_it(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    await team(talk, "dependency", "ada", "bob")
    cause = await talk.hold("ada")
    run = await talk.house.service.execute("bob", "count", actor="agent:ada", parent_run_id=cause)
    async with asyncio.timeout(5):
        assert (await talk.house.service.wait(run)).state == "succeeded"


async def test_a_task_that_waits_can_be_cancelled(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    await team(talk, "dependency", "ada", "bob")
    await talk.hold("ada")
    run = await talk.house.service.execute("bob", "count", actor=ME)
    await talk.house.until("bob", lambda live: live.state == "waiting")
    await talk.house.service.cancel_run(run, actor=ME)
    assert (await talk.house.service.wait(run)).state == "cancelled"


async def test_a_guest_has_a_part_once_it_answers(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    await talk.guest("visitor")
    link = await team(talk, "control", "ada", "bob", "visitor")
    found = await coordinated(talk, link, "count")
    guest = found.parts[-1]
    assert (guest.state, guest.answer, guest.reason) == ("told", "", "Sent to ALEX OS, no answer yet.")
    await talk.house.store.journal.append(answered(guest.message_id))
    async with asyncio.timeout(10):
        while (await talk.entanglements.coordination(found.id)).parts[-1].state == "told":
            await asyncio.sleep(0.005)
    guest = (await talk.entanglements.coordination(found.id)).parts[-1]
    assert (guest.state, guest.answer, guest.reason) == ("succeeded", "seven", "")


async def test_who_listens_is_told_of_each_step_and_of_what_comes_after_the_end(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    await talk.guest("visitor")
    told: list[tuple[str, ...]] = []
    end = talk.entanglements.on_coordination(lambda found: told.append((found.state, *(part.state for part in found.parts))))
    link = await team(talk, "control", "ada", "bob", "visitor")
    found = await coordinated(talk, link, "count")
    assert list(dict.fromkeys(told)) == [
        ("running", "planned", "told"),
        ("running", "running", "told"),
        ("running", "succeeded", "told"),
        ("merging", "succeeded", "told"),
        ("succeeded", "succeeded", "told"),
    ]
    told.clear()
    await talk.house.store.journal.append(answered(found.parts[-1].message_id))
    async with asyncio.timeout(10):
        while not told:
            await asyncio.sleep(0.005)
    assert told == [("succeeded", "succeeded", "succeeded")]
    end()
    told.clear()
    await coordinated(talk, link, "again")
    assert told == []


async def test_what_a_guest_answers_to_a_word_without_a_link_is_kept(talk: TalkHouse) -> None:
    await talk.guest("visitor")
    await talk.agent("Ada")
    question = await talk.entanglements.tell_guest("visitor", "how many?", actor=ME)
    await talk.house.store.journal.append(answered(question))
    async with asyncio.timeout(10):
        answer = await talk.entanglements.guests.answer(question)
    assert answer is not None
    assert (answer.text, answer.sender, answer.recipient) == ("seven", "visitor", ME)
    with pytest.raises(InvalidInput, match="no guest"):
        await talk.entanglements.tell_guest("ada", "how many?", actor=ME)


def answered(question: str) -> ExternalEventReceived:
    answer = {"event_type": "guest_answered", "agent_id": "visitor", "text": "seven", "in_reply_to": question}
    return ExternalEventReceived.model_validate({"data": answer})
