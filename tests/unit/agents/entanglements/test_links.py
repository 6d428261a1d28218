"""Which links there can be, who may change them, and what becomes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import EntanglementCreated, EntanglementDestroyed
from chainbot_desktop.core.events.agents import EntanglementFact
from chainbot_desktop.core.ports import EventQuery, IdempotencyKey
from tests.helpers.agent_events import disentangled, entangled
from tests.helpers.stores import open_store
from tests.unit.agents.entanglements.talkers import ME, TalkHouse


async def test_a_link_is_made_changed_and_released_and_told_of(talk: TalkHouse) -> None:
    for name in ("Ada", "Bob", "Cem"):
        await talk.agent(name)
    link = await talk.entanglements.create("Team", "control", ["ada", "bob"], actor=ME)
    assert (link.name, link.kind, link.agents, link.made_here) == ("Team", "control", ("ada", "bob"), True)
    assert [found.id for found in talk.entanglements.list()] == [link.id]
    assert (await talk.entanglements.add(link.id, "cem", actor=ME)).pairs == (("ada", "bob"), ("ada", "cem"))
    assert (await talk.entanglements.remove(link.id, "bob", actor=ME)).agents == ("ada", "cem")
    await talk.entanglements.release(link.id, actor=ME)
    assert list(talk.entanglements.list()) == []
    with pytest.raises(NotFound):
        talk.entanglements.get(link.id)
    events = await talk.house.store.journal.read(EventQuery(subject=link.id))
    assert [type(found.event) for found in events] == [EntanglementCreated] * 3 + [EntanglementDestroyed]
    assert all(found.event.actor == ME for found in events)


async def test_the_type_survives_a_restart(tmp_path: Path, talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    link = await talk.entanglements.create("", "data", ["ada", "bob"], actor=ME)
    await talk.house.directory.close()
    store = talk.house.store
    again = AgentDirectory(store.journal, store.bus, store.snapshots)
    await again.open()
    assert again.entanglement(link.id) == link
    await again.close()


@pytest.mark.parametrize(
    ("kind", "agents", "error"),
    [
        ("magic", ["ada", "bob"], InvalidInput),
        ("data", ["ada"], InvalidInput),
        ("data", ["ada", "ada"], InvalidInput),
        ("data", [], InvalidInput),
        ("data", ["ada", "nobody"], NotFound),
        ("control", ["visitor", "ada"], Conflict),
        ("dependency", ["ada", "visitor"], Conflict),
        ("dependency", ["told", "ada"], Conflict),
    ],
)
async def test_what_cannot_be_is_refused(talk: TalkHouse, kind: str, agents: list[str], error: type[Exception]) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    await talk.guest("visitor")
    await talk.foreign("told")
    with pytest.raises(error):
        await talk.entanglements.create("x", kind, agents, actor=ME)
    with pytest.raises(InvalidInput):
        await talk.entanglements.create("x" * 301, "data", ["ada", "bob"], actor=ME)
    assert list(talk.entanglements.list()) == []


async def test_agents_cannot_wait_for_each_other(talk: TalkHouse) -> None:
    for name in ("Ada", "Bob", "Cem"):
        await talk.agent(name)
    await talk.entanglements.create("", "dependency", ["ada", "bob"], actor=ME)
    chain = await talk.entanglements.create("", "dependency", ["bob", "cem"], actor=ME)
    with pytest.raises(Conflict, match="wait for each other"):
        await talk.entanglements.create("", "dependency", ["cem", "ada"], actor=ME)
    with pytest.raises(Conflict, match="wait for each other"):
        await talk.entanglements.add(chain.id, "ada", actor=ME)
    await talk.entanglements.release(chain.id, actor=ME)
    await talk.entanglements.create("", "dependency", ["cem", "ada"], actor=ME)


async def test_nobody_inherits_the_direction(talk: TalkHouse) -> None:
    for name in ("Ada", "Bob", "Cem"):
        await talk.agent(name)
    link = await talk.entanglements.create("", "control", ["ada", "bob", "cem"], actor=ME)
    with pytest.raises(Conflict, match="means nothing"):
        await talk.entanglements.remove(link.id, "ada", actor=ME)
    await talk.entanglements.remove(link.id, "bob", actor=ME)
    with pytest.raises(Conflict, match="no entanglement"):
        await talk.entanglements.remove(link.id, "cem", actor=ME)
    await talk.entanglements.add(link.id, "bob", actor=ME)
    await talk.house.service.remove("ada", actor=ME)
    assert list(talk.entanglements.list()) == []


async def test_webhooks_grant_and_change_nothing(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    journal = talk.house.store.journal
    forged = EntanglementFact.model_validate(
        {"entanglement_id": "forged", "agents": ("ada", "bob"), "entanglement_type": "control"}
    )
    await journal.append(EntanglementCreated(source="webhook", subject="forged", data=forged))
    assert talk.entanglements.get("forged").kind == "control"  # shown as it was told
    with pytest.raises(NotFound, match="not entangled"):
        await talk.entanglements.tell("ada", "bob", "hello")
    with pytest.raises(Conflict, match="another program"):
        await talk.entanglements.send("forged", "bob", "hello", actor=ME)
    link = await talk.entanglements.create("", "data", ["ada", "bob"], actor=ME)
    await journal.append(entangled(link.id, "ada", "somebody"))
    await journal.append(disentangled(link.id))
    assert talk.entanglements.get(link.id) == link


async def test_the_same_request_makes_one_link(talk: TalkHouse) -> None:
    await talk.agent("Ada")
    await talk.agent("Bob")
    key = IdempotencyKey("user:me", "k", "digest")
    first = await talk.entanglements.create("", "data", ["ada", "bob"], actor=ME, key=key)
    assert await talk.entanglements.create("", "data", ["ada", "bob"], actor=ME, key=key) == first
    assert len(talk.entanglements.list()) == 1


async def test_links_of_a_journal_written_before_have_no_type(tmp_path: Path) -> None:
    async with open_store(tmp_path / "old") as store:
        await store.journal.append(entangled("e", "a", "b"))
        directory = AgentDirectory(store.journal, store.bus, store.snapshots)
        await directory.open()
        (found,) = directory.entanglements
        assert (found.kind, found.made_here) == ("", False)
        await directory.close()
