"""Vitals in a house of agents: what counts as activity, what passes over links, what was used, and who hears of a change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from chainbot_desktop.agents.vitals import AgentVitals, Figures, Pulse, Rate
from chainbot_desktop.agents.vitals.buckets import SECONDS
from chainbot_desktop.core.events import AlexOsEventReceived, ExternalEventReceived, WorkflowStarted
from chainbot_desktop.core.events.alexos import ReceivedEvent
from chainbot_desktop.core.events.webhooks import ExternalFact, WorkflowFact
from chainbot_desktop.core.ports import EventQuery
from tests.helpers.agent_events import entangled, guest_left, health_reported, moved, spawned, terminated
from tests.unit.agents.entanglements.talkers import ME, TalkHouse, open_talk_house
from tests.unit.agents.test_vitals_buckets import FakeClock


@dataclass
class Measured:
    talk: TalkHouse
    vitals: AgentVitals
    clock: FakeClock
    pulses: list[Pulse]

    def counted(self, agent_id: str) -> int:
        return self.vitals.figures(agent_id).per_minute

    async def agent(self, name: str, kind: str = "talker") -> str:
        """Idle, and so long ago that its beginning is no activity of the last minute."""
        agent_id = await self.talk.agent(name, kind)
        # Its last state is on its way to the disk when it is idle already.
        await self.talk.house.service._agents[agent_id]._journal.written()
        self.clock.at += 100
        return agent_id

    def passed(self) -> list[tuple[str, str, str]]:
        return [(pulse.source, pulse.target, pulse.kind) for pulse in self.pulses]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Measured]:
    clock = FakeClock()
    async with open_talk_house(tmp_path) as talk:
        vitals = AgentVitals(talk.house.directory, talk.house.store.bus, talk.house.service, talk.house.tasks, clock=clock)
        vitals.open()
        pulses: list[Pulse] = []
        vitals.on_pulse(pulses.append)
        try:
            yield Measured(talk, vitals, clock, pulses)
        finally:
            await vitals.close()


# Activity


async def test_lines_pieces_and_events_of_an_agent_are_its_activity(house: Measured) -> None:
    ada, bob = await house.agent("Ada"), await house.agent("Bob")
    assert house.vitals.activity(ada) == (0,) * SECONDS
    house.talk.house.service.log(ada).add("out", "one\ntwo\nthree")
    house.clock.at += 1
    await house.talk.hold(ada)  # which streams one piece
    run = house.talk.house.service._agents[ada].run
    assert run is not None
    await house.talk.house.service._agents[ada]._journal.written()
    before = house.counted(ada)
    assert before >= 3 + 1
    for piece in ("so", " far", ""):
        run.stream(piece)
    assert house.counted(ada) == before + 2  # an empty piece is none
    assert house.vitals.activity(ada)[-2] == 3
    assert house.counted(bob) == 0
    levels = house.vitals.activity_levels([bob, ada, "nobody"])
    assert levels.shape == (3, SECONDS)
    assert levels.sum(axis=1).tolist() == [0, house.counted(ada), 0]
    assert house.vitals.figures(ada).last_line == "three"
    house.talk.release(ada)


async def test_events_count_for_those_that_they_name_wherever_they_run(house: Measured) -> None:
    append = house.talk.house.store.journal.append
    await house.talk.guest("guest")
    for agent_id in ("told", "other"):
        await append(spawned(agent_id, agent_name=agent_id.title()))
    house.clock.at += 100
    await append(ExternalEventReceived(data=ExternalFact.model_validate({"event_type": "built", "agent_id": "told"})))
    assert house.counted("told") == 1
    await append(WorkflowStarted(subject="w", data=WorkflowFact.model_validate({"workflow_id": "w", "agent_id": "told"})))
    await append(health_reported("Told"))  # by its name, which nobody else bears
    await append(health_reported("told"))  # by its id
    await append(AlexOsEventReceived(data=ReceivedEvent(event_type="agent_status_update", payload={"agent_id": "guest"})))
    await append(moved("told", 1, 2))  # somebody moved its picture
    await append(WorkflowStarted(subject="Told", data=WorkflowFact(workflow_id="Told")))  # a workflow that is called alike
    await append(entangled("link", "told", "stranger"))
    assert (house.counted("told"), house.counted("guest"), house.counted("other")) == (5, 1, 0)
    assert house.counted("stranger") == 0


async def test_who_is_gone_leaves_nothing_and_who_comes_again_begins_anew(house: Measured) -> None:
    append = house.talk.house.store.journal.append
    await house.talk.guest("guest")
    assert house.counted("guest") == 1
    await append(guest_left("guest"))
    assert house.counted("guest") == 0
    assert "guest" not in house.vitals
    ada = await house.talk.agent("Ada")
    assert house.counted(ada) > 0
    log = house.talk.house.service.log(ada)
    await house.talk.house.service.remove(ada, actor=ME)
    log.add("out", "a last word")
    assert house.counted(ada) == 0
    assert house.vitals.figures(ada) == Figures()


async def test_nothing_of_the_past_is_replayed(house: Measured) -> None:
    await house.talk.house.store.journal.append(spawned("told"))
    parts = house.talk.house
    later = AgentVitals(parts.directory, parts.store.bus, parts.service, parts.tasks)
    later.open()
    assert later.figures("told").per_minute == 0
    await later.close()


async def test_what_was_closed_counts_no_more(house: Measured) -> None:
    await house.talk.foreign("told")
    await house.vitals.close()
    await house.talk.house.store.journal.append(terminated("told"))
    assert house.counted("told") == 1


# Figures


async def test_what_a_task_used_and_what_it_does_now(house: Measured) -> None:
    service = house.talk.house.service
    heard: set[str] = set()
    changed = asyncio.Event()

    def hear(ids: frozenset[str]) -> None:
        heard.update(ids)
        changed.set()

    house.vitals.on_change(hear)
    agent = await service.spawn("scripted", "Spender", {}, actor=ME)
    await house.talk.house.becomes(agent, "idle")
    at_rest = house.vitals.figures(agent)
    assert (at_rest.tokens_task, at_rest.cost_task, at_rest.tokens_today, at_rest.cost_today) == (None, None, 0, 0.0)
    assert (at_rest.cpu_percent, at_rest.memory_bytes, at_rest.doing) == (None, None, "")
    await service.execute(agent, "spend_and_wait 1200", actor=ME)
    await house.talk.house.until(agent, lambda live: live.activity == "waiting to be released")
    figures = house.vitals.figures(agent)
    assert (figures.tokens_task, figures.cost_task, figures.tokens_today, figures.cost_today) == (1200, 0.01, 1200, 0.01)
    assert (figures.doing, figures.last_line) == ("waiting to be released",) * 2
    async with asyncio.timeout(5):
        while agent not in heard:
            changed.clear()
            await changed.wait()
    house.talk.house.scripted.workers[0].release.set()
    await house.talk.house.becomes(agent, "idle")
    assert (house.vitals.figures(agent).tokens_task, house.vitals.figures(agent).tokens_today) == (None, 1200)
    assert (await _figures_of_foreign(house)).tokens_today is None


async def _figures_of_foreign(house: Measured) -> Figures:
    await house.talk.house.store.journal.append(spawned("told", activity="baking bread"))
    figures = house.vitals.figures("told")
    assert figures.doing == "baking bread"
    return figures


# Who hears of changes


async def test_changes_are_told_of_four_times_a_second_at_most_and_all_of_them(house: Measured) -> None:
    loop = asyncio.get_running_loop()
    ada, bob = await house.agent("Ada"), await house.agent("Bob")
    told: list[tuple[float, frozenset[str]]] = []
    third = asyncio.Event()

    def hear(ids: frozenset[str]) -> None:
        told.append((loop.time(), ids))
        if len(told) == 3:
            third.set()

    leave = house.vitals.on_change(hear)
    logs = [house.talk.house.service.log(agent_id) for agent_id in (ada, bob)]
    async with asyncio.timeout(10):
        while not third.is_set():
            for log in logs:
                log.add("out", "and on it goes")
            await asyncio.sleep(0)
    leave()
    logs[0].add("out", "to nobody")
    times = [at for at, _ in told]
    assert all(later - earlier >= 0.24 for earlier, later in pairwise(times))
    assert all({ada, bob} <= ids for _, ids in told[1:])
    assert len(told) == 3


async def test_a_line_that_moves_is_told_of_every_second_until_it_is_empty(house: Measured) -> None:
    ada, bob = await house.agent("Ada"), await house.agent("Bob")
    house.talk.house.service.log(ada).add("out", "here")
    notices: asyncio.Queue[frozenset[str]] = asyncio.Queue()
    house.vitals.on_change(notices.put_nowait)
    async with asyncio.timeout(10):
        while ada not in await notices.get():
            pass
        for _ in range(2):
            house.clock.at += 1
            assert await notices.get() == {ada}
        house.clock.at += SECONDS
        assert await notices.get() == {ada}  # it has just become empty
        while house.vitals._notices._timer is not None:  # and nothing wakes the loop any more
            await asyncio.sleep(0.01)
    assert notices.empty()
    house.talk.house.service.log(bob).add("out", "later")
    async with asyncio.timeout(10):
        assert await notices.get() == {bob}


# Passages


async def test_directions_answers_and_notes_pulse_from_whom_to_whom(house: Measured) -> None:
    for name in ("Ada", "Bob", "Cem"):
        await house.agent(name)
    talks = house.talk.entanglements
    control = await talks.create("Team", "control", ("ada", "bob"), actor=ME)
    data = await talks.create("Book", "data", ("bob", "cem"), actor=ME)
    await house.talk.hold("ada")
    await talks.tell("ada", "bob", "begin")
    await talks.tell("bob", "ada", "done")
    await talks.note("bob", "seven")
    await talks.send(control.id, "bob", "hello", actor=ME)
    await talks.send(data.id, "cem", "a note of a person", actor=ME)
    house.talk.release("ada")
    assert house.passed() == [
        ("ada", "bob", "told"),
        ("bob", "ada", "answer"),
        ("bob", "", "note"),
        ("", "bob", "told"),
        ("", "", "note"),
    ]
    assert [pulse.entanglement_id for pulse in house.pulses] == [control.id, control.id, data.id, control.id, data.id]
    seqs = [pulse.seq for pulse in house.pulses]
    assert seqs == sorted(set(seqs))
    event = (await house.talk.house.store.journal.read(EventQuery(since=seqs[0] - 1, limit=1)))[0].event
    assert (event.type, event.data.sender) == ("agent_message_delivered", "ada")
    assert house.vitals.rate(control.id) == Rate(3, 3)
    house.clock.at += SECONDS
    assert house.vitals.rate(control.id) == Rate(0, 3)
    assert house.vitals.rates_per_minute([control.id, data.id, "none"]) == [0, 0, 0]
    await talks.release(control.id, actor=ME)
    assert house.vitals.rate(control.id) == Rate()
    assert house.vitals.rate(data.id) == Rate(0, 2)


async def test_shared_work_and_words_for_a_guest_pulse_once_each(house: Measured) -> None:
    await house.agent("Ada", "plain")
    await house.agent("Bob", "plain")
    await house.talk.guest("guest")
    link = await house.talk.entanglements.create("Team", "control", ("ada", "bob", "guest"), actor=ME)
    found = await house.talk.entanglements.coordinate(link.id, "count", actor=ME)
    await house.talk.entanglements.wait_for(found.id)
    assert sorted(house.passed()) == [
        ("", "ada", "task"),
        ("", "bob", "task"),
        ("", "guest", "told"),
        ("ada", "", "answer"),
        ("bob", "", "answer"),
    ]
    assert house.vitals.rate(link.id) == Rate(5, 5)


async def test_a_task_that_is_handed_over_goes_along_the_link_of_the_two(house: Measured) -> None:
    for name in ("Ada", "Bob", "Cem"):
        await house.agent(name)
    link = await house.talk.entanglements.create("Team", "control", ("ada", "bob"), actor=ME)
    await house.talk.hold("ada")
    house.clock.at += 100
    run_id = await house.talk.entanglements.handover("ada", "bob", actor=ME)
    assert house.passed() == [("ada", "bob", "handover")]
    assert house.vitals.rate(link.id) == Rate(1, 1)
    assert house.counted("ada") > 0
    await house.talk.entanglements.handover("bob", "cem", run_id=run_id, actor=ME)  # no link, and nothing to show it on
    assert len(house.pulses) == 1
    house.talk.release("ada")
    for name in ("bob", "cem"):
        house.talk.release(name)


async def test_what_a_link_did_that_others_tell_of_is_not_made_up(house: Measured) -> None:
    for agent_id in ("one", "two"):
        await house.talk.foreign(agent_id)
    await house.talk.house.store.journal.append(entangled("told", "one", "two"))
    assert house.pulses == []
    assert house.vitals.rate("told") == Rate()
