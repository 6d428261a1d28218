"""What passes over which link, and what is kept of it."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from itertools import pairwise

import pytest

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import AgentMessageDelivered, GuestAddressed
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.store.agents import AgentMessageTable
from tests.unit.agents.entanglements.talkers import ME, TalkHouse, heard


async def pair(talk: TalkHouse, kind: str) -> str:
    await talk.agent("Ada")
    await talk.agent("Bob")
    return (await talk.entanglements.create("Pair", kind, ["ada", "bob"], actor=ME)).id


async def test_a_direction_begins_a_run_and_the_answer_comes_back(talk: TalkHouse) -> None:
    link = await pair(talk, "control")
    events: list[AgentMessageDelivered] = []
    heard(talk.house, events)
    cause = await talk.hold("ada")
    message_id = (await talk.entanglements.tell("ada", "Bob", "count the files", run_id=cause)).message_id
    assert await talk.answer("bob") == "Bob says: Ada directs you:\n\ncount the files"
    run = (await talk.house.service.runs_of("bob"))[0]
    assert (run.parent_id, run.depth, run.actor) == (cause, 1, "agent:ada")
    await talk.entanglements.tell("bob", "ada", "there are three", run_id=run.id)
    talk.release("ada")
    assert (await talk.answer("ada")).endswith("Bob answers you:\n\nthere are three")
    kept = await talk.entanglements.messages(link)
    assert [(m.sender, m.recipient, m.kind, m.text) for m in kept] == [
        ("ada", "bob", "told", "count the files"),
        ("bob", "ada", "answer", "there are three"),
    ]
    assert kept[0].id == message_id
    assert [(e.data.run_id, e.data.size, e.actor) for e in events] == [(run.id, 15, "agent:ada"), (cause, 15, "agent:bob")]
    assert events[0].data.sha256 == sha256(b"count the files").hexdigest()
    assert "count the files" not in events[0].data_json()


async def test_agents_call_agents_only_so_deep(talk: TalkHouse) -> None:
    names = ["Ada", "Bob", "Cem", "Dan", "Eve"]
    for name in names:
        await talk.agent(name)
    for source, target in pairwise(names):
        await talk.entanglements.create("", "control", [source.lower(), target.lower()], actor=ME)
    run = await talk.hold("ada")
    for source, target in (("ada", "bob"), ("bob", "cem"), ("cem", "dan")):
        await talk.entanglements.tell(source, target, "HOLD", run_id=run)
        run = (await talk.house.service.runs_of(target))[0].id
        await talk.house.until(target, lambda live, run=run: live.run_id == run)  # type: ignore[misc]
    with pytest.raises(ChainBotError, match="3 deep"):
        await talk.entanglements.tell("dan", "eve", "one more", run_id=run)


async def test_no_link_no_message(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    with pytest.raises(NotFound, match="not entangled"):
        await talk.entanglements.tell("ada", "bob", "hello")
    link = await talk.entanglements.create("", "dependency", ["ada", "bob"], actor=ME)
    with pytest.raises(ChainBotError, match=r"link|entangled"):
        await talk.entanglements.tell("ada", "bob", "hello")
    with pytest.raises(Conflict, match="only waits"):
        await talk.entanglements.send(link.id, "bob", "hello", actor=ME)
    assert await talk.house.service.runs_of("bob") == []


async def test_those_who_are_directed_do_not_direct_each_other(talk: TalkHouse) -> None:
    for name in ("Ada", "Bob", "Cem"):
        await talk.agent(name)
    link = await talk.entanglements.create("", "control", ["ada", "bob", "cem"], actor=ME)
    with pytest.raises(Conflict, match="No link"):
        await talk.entanglements.tell("bob", "cem", "do this")
    delivered, refused = await talk.entanglements.broadcast(link.id, "to all", actor="agent:bob", sender="bob")
    assert ([one.recipient for one in delivered], refused) == (["ada"], [])
    delivered, refused = await talk.entanglements.broadcast(link.id, "to all", actor="agent:ada", sender="ada")
    assert [one.recipient for one in delivered] == ["bob", "cem"]


async def test_the_notebook_is_read_and_written_by_all(talk: TalkHouse) -> None:
    link = await pair(talk, "data")
    assert await talk.entanglements.notebook("ada") == "# Pair"
    await talk.entanglements.tell("ada", "bob", "the door is green")
    await talk.entanglements.tell("bob", "ada", "the window too")
    await talk.entanglements.broadcast(link, "paint nothing", actor=ME)
    for reader in ("ada", "bob"):
        lines = (await talk.entanglements.notebook(reader)).splitlines()
        assert lines[0] == "# Pair"
        assert [line.partition("] ")[2] for line in lines[1:]] == [
            "Ada: the door is green",
            "Bob: the window too",
            "user:me: paint nothing",
        ]
    assert await talk.house.service.runs_of("bob") == []  # a note starts nobody
    await talk.agent("Cem")
    assert await talk.entanglements.notebook("cem") == ""


async def test_an_agent_notes_into_its_notebooks(talk: TalkHouse) -> None:
    with pytest.raises(Conflict, match="no data link"):
        await talk.entanglements.note("ada", "alone")
    await pair(talk, "data")
    await talk.entanglements.note("ada", "remember", run_id="run-1")
    assert (await talk.entanglements.notebook("bob")).splitlines()[-1].endswith("Ada: remember")


async def test_a_long_notebook_keeps_its_newest_pages(talk: TalkHouse) -> None:
    await pair(talk, "data")
    for number in range(4):
        await talk.entanglements.tell("ada", "bob", f"{number}" * 40_000)
    lines = (await talk.entanglements.notebook("bob")).splitlines()
    assert lines[1] == "(2 earlier notes are left out)"
    assert [line[-1] for line in lines[2:]] == ["2", "3"]


async def test_a_guest_hears_over_the_event_bus(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.guest("visitor")
    await talk.entanglements.create("", "control", ["ada", "visitor"], actor=ME)
    told = await talk.entanglements.tell("ada", "visitor", "ring the bell")
    message_id = told.message_id
    assert told.note == "Sent to ALEX OS, no answer yet."
    (found,) = await talk.house.store.journal.read(EventQuery(types=("guest_addressed",)))
    assert isinstance(found.event, GuestAddressed)
    assert found.event.public
    said = found.event.data
    assert (said.agent_id, said.sender_name, said.text, said.message_id) == ("visitor", "Ada", "ring the bell", message_id)
    with pytest.raises(InvalidInput, match="16,384"):
        await talk.entanglements.tell("ada", "visitor", "x" * 20_000)


async def test_who_cannot_be_reached_is_named_and_nothing_is_told_of(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    await talk.foreign("told")
    link = await talk.entanglements.create("", "control", ["ada", "bob", "told"], actor=ME)
    events: list[AgentMessageDelivered] = []
    heard(talk.house, events)
    with pytest.raises(Conflict, match="does not run here"):
        await talk.entanglements.send(link.id, "told", "hello", actor=ME)
    await talk.house.service.stop("ada", actor=ME)
    delivered, refused = await talk.entanglements.broadcast(link.id, "hello", actor=ME)
    assert [one.recipient for one in delivered] == ["bob"]
    assert {one.recipient: one.reason for one in refused}.keys() == {"ada", "told"}
    assert len(events) == 1
    for text in ("", " \n", "x" * 100_001):
        with pytest.raises(InvalidInput):
            await talk.entanglements.broadcast(link.id, text, actor=ME)


async def test_a_note_goes_into_every_notebook_of_the_agent(talk: TalkHouse) -> None:
    await pair(talk, "data")
    await talk.agent("Cem")
    with pytest.raises(Conflict, match=r"link|notebook"):
        await talk.entanglements.note("cem", "hello")
    other = await talk.entanglements.create("Other", "data", ["ada", "cem"], actor=ME)
    await talk.entanglements.note("ada", "for all")
    assert (await talk.entanglements.notebook("bob")).endswith("Ada: for all")
    assert (await talk.entanglements.notebook("cem")).endswith("Ada: for all")
    assert len(await talk.entanglements.messages(other.id)) == 1


@pytest.mark.parametrize("how", ["released", "removed"])
async def test_what_was_said_goes_with_the_link(talk: TalkHouse, how: str) -> None:
    link = await pair(talk, "data")
    await talk.entanglements.tell("ada", "bob", "a secret")
    if how == "released":
        await talk.entanglements.release(link, actor=ME)
    else:
        await talk.house.service.remove("ada", actor=ME)
    assert await talk.entanglements.notebook("bob") == ""
    table = AgentMessageTable(talk.house.store.database, talk.house.store.journal)
    async with asyncio.timeout(5):
        while await table.of_entanglement(link):
            await asyncio.sleep(0.005)
    assert not await talk.house.store.journal.read(EventQuery(text="secret"))
