"""The slash commands about links, shared tasks, models, personas and budgets, with the real runtime of agents under them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.kind import AgentConfig, KindInfo
from chainbot_desktop.app.agent_control import HouseControl
from chainbot_desktop.app.agent_talk import ServiceTalk
from chainbot_desktop.chat.builtin_commands import StatusProbes
from chainbot_desktop.chat.commands import Answer
from chainbot_desktop.chat.link_commands import LinkCommands
from chainbot_desktop.chat.model_commands import ModelCommands
from chainbot_desktop.chat.service import ChatService, Surroundings
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.store.agents import AgentMessageTable
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.coordinations import CoordinationTable
from tests.helpers.agent_house import AgentHouse, ScriptedConfig, ScriptedKind, open_agent_house
from tests.helpers.models import models

ME = "user:tester"


class _RoleConfig(ScriptedConfig):
    model: str = ""
    persona: str = "general_assistant"


class _RoleKind(ScriptedKind):
    info = KindInfo("role", "Role", "Plays a persona.", model_backed=True, default_restart="never")
    config_model: type[AgentConfig] = _RoleConfig


@dataclass
class Talk:
    chat: ChatService
    house: AgentHouse
    links: Entanglements
    conversation: str
    role: _RoleKind

    async def says(self, text: str) -> Answer:
        return (await self.chat.post(self.conversation, text)).answer

    async def agent(self, name: str, kind: str = "role", **config: Any) -> str:
        agent_id = await self.house.service.spawn(kind, name, config, actor=ME)
        await self.house.becomes(agent_id, "idle")
        return agent_id

    async def texts(self) -> list[str]:
        return [message.text for message in await self.chat.before(self.conversation, None, 100)]

    def completes(self, text: str) -> dict[str, str]:
        return {completion.text: completion.help for completion in self.chat.commands.complete(text)}


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def open_talk(folder: Path) -> AsyncIterator[Talk]:
    role = _RoleKind()
    settings = AgentsSettings(day_tokens=1000, day_cost=5.0)
    given = {"openai": {"base_url": "http://127.0.0.1:9/v1", "api_key": "key", "model": "gpt-small"}}
    async with open_agent_house(folder, kinds=[role], settings=settings) as house, models(given) as known_models:
        store = house.store
        links = Entanglements(
            house.directory,
            store.journal,
            AgentMessageTable(store.database, store.journal),
            CoordinationTable(store.database, store.journal),
            house.tasks,
            lambda: house.service,
            store.bus,
            store.blobs,
        )
        links.open()
        probes = StatusProbes(lambda: (), lambda: LinkStatus(state=LinkState.DISABLED, registry_url=""), lambda: 0)
        around = Surroundings(probes, folder, lambda: None, ServiceTalk(house.service, house.desk, links.guests))
        table = ConversationTable(store.database, store.journal)
        chat = ChatService(table, store.journal, store.bus, house.tasks, store.preferences, around, me=ME)
        await chat.open()
        answers = chat.answers
        assert answers is not None
        ledger = house.service._parts.ledger
        control = HouseControl(house.service, house.directory, links, known_models, ledger, folder / "personas")
        LinkCommands(control, lambda: answers.addressable, answers, house.tasks).register_in(chat.commands)
        commands = ModelCommands(control, lambda: answers.agents)
        commands.register_in(chat.commands)
        await commands.load()
        try:
            yield Talk(chat, house, links, (await chat.begin("Talk")).id, role)
        finally:
            await chat.close()
            await links.close()


async def test_entangle_and_release_with_a_way_back(tmp_path: Path) -> None:
    async with open_talk(tmp_path) as talk:
        ada, bob = await talk.agent("Ada"), await talk.agent("Big Bob")
        answer = await talk.says('/entangle @ada @"Big Bob" control')
        [link] = talk.links.list()
        assert (link.kind, link.agents) == ("control", (ada, bob))
        assert f"chainbot:agent-map?agent_id={bob}) takes directions from [Ada](" in answer.text
        assert f"/release {link.id}" in answer.text
        with pytest.raises(Conflict, match="have a control link already"):
            await talk.says('/entangle @Ada @"Big Bob" control')
        assert (await talk.says('/entangle Ada "Big Bob"')).text.count("share a notebook") == 1
        released = await talk.says('/release @"Big Bob" @Ada')
        assert talk.links.list() == ()
        assert released.undoable is not None
        await released.undoable.undo()
        assert sorted(found.kind for found in talk.links.list()) == ["control", "data"]
        assert {found.agents for found in talk.links.list()} == {(ada, bob)}
        await talk.says(f"/release {talk.links.list()[0].id}")
        assert len(talk.links.list()) == 1


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("/entangle @Ada", "/entangle needs <other agent>.", "for example /entangle @Ada @Bob"),
        ("/entangle @Ada @Bbo", "There is no agent '@Bbo' here.", "Did you mean @Bob?"),
        ("/entangle @Ada @Bob contrl", "There is no kind of link 'contrl'.", "Did you mean control?"),
        ("/entangle @Ada @Bob zzz", "There is no kind of link 'zzz'.", "Kinds are data, control, dependency."),
        ("/entangle @Ada @ada", "Ada cannot be linked with itself.", "Name another agent."),
        ("/release @Ada @Bob", "@Ada and @Bob have no link of their own.", "/entangle makes one."),
        ("/release nothing", "There is no link 'nothing'.", "There is none yet"),
        ("/release @Ada", "@Ada is an agent: of which link?", "Name the other agent too"),
        ("/coordinate @Ada", "/coordinate needs <task>.", "for example /coordinate @Ada @Bob"),
        ("/coordinate @Ada @Bob", "Say what Ada should do.", ""),
        ("/coordinate @Nob do it", "There is no agent 'Nob' here.", "Did you mean @Bob?"),
        ("/coordinate Team do it", "There is no link 'Team'.", "There is none yet"),
        ("/model @Ada nothing/here", "No provider is known to have the model 'nothing/here'.", "There are automatic, "),
        ("/model @Plain", "Plain is a plain agent: it has no model.", "/model lists"),
        ("/persona", "/persona needs <@agent>.", "for example /persona @Ada"),
        ("/persona @Ada analist", "There is no persona 'analist'.", "Did you mean "),
        ("/persona @Plain x", "Plain is a plain agent: it plays no persona.", "Assistants do."),
        ("/budget @Ada much", "'much' is no limit.", "Write tokens=200000"),
        ("/budget @Ada tokens=1.5", "'1.5' is no whole number of tokens.", "Write tokens="),
        ("/budget @Ada tokens=0", "A limit is more than nothing.", "/pause"),
        ("/budget @Ada cost=x", "'x' is no amount.", "Write tokens="),
        ("/budget @Ada cost=1 cost=2", "cost is given twice.", "Write tokens="),
    ],
)
async def test_errors_teach_and_leave_nothing_behind(tmp_path: Path, text: str, message: str, hint: str) -> None:
    class PlainKind(ScriptedKind):
        info = KindInfo("plain", "Plain", "Has no model.", model_backed=False, default_restart="never")
        config_model = AgentConfig

        def describe(self, config: AgentConfig) -> dict[str, str]:
            return {}

        def make(self, context: Any, config: AgentConfig) -> Any:
            return super().make(context, ScriptedConfig())

    async with open_talk(tmp_path) as talk:
        talk.house.service._kinds._kinds["plain"] = PlainKind()
        before = {agent: talk.house.service.definition(await talk.agent(agent)) for agent in ("Ada", "Bob")}
        await talk.agent("Plain", "plain")
        with pytest.raises((InvalidInput, NotFound)) as caught:
            await talk.says(text)
        assert caught.value.message == message
        assert hint in caught.value.hint
        assert await talk.texts() == []
        assert talk.links.list() == ()
        for row in before.values():
            assert talk.house.service.definition(row.id).config == row.config


async def test_agents_may_use_none_of_these(tmp_path: Path) -> None:
    async with open_talk(tmp_path) as talk:
        ada, bob = await talk.agent("Ada"), await talk.agent("Bob")
        for text in (
            "/entangle @Ada @Bob",
            "/coordinate @Ada say x",
            "/model @Ada automatic",
            "/budget @Ada off",
            "/persona @Ada",
        ):
            with pytest.raises(ChainBotError) as caught:
                await talk.chat.post(talk.conversation, text, actor=f"agent:{ada}")
            assert caught.value.code == "not_for_agents"
        assert talk.links.list() == ()
        assert await talk.house.service.runs_of(bob) == []


async def test_coordinate_tells_each_part_as_it_comes_and_the_whole(tmp_path: Path) -> None:
    async with open_talk(tmp_path) as talk:
        await talk.agent("Ada", "scripted")
        await talk.agent("Big Bob", "scripted")
        answer = await talk.says('/coordinate @Ada @"Big Bob" wait for me\nand *then* go on')
        assert "Asked together: **Ada**, **Big Bob**" in answer.text
        await until(lambda: _working(talk, 2))
        talk.house.scripted.workers[1].release.set()
        await until(lambda: _has(talk, "**Big Bob** answers (1 of 2).\n\nreleased"))
        assert not any("The shared task" in text for text in await talk.texts())
        talk.house.scripted.workers[0].release.set()
        await until(lambda: _has(talk, "The shared task has ended."))
        texts = await talk.texts()
        assert any(text.startswith("**Ada** answers (2 of 2).") for text in texts)


async def test_coordinate_over_a_link_and_a_part_that_fails(tmp_path: Path) -> None:
    async with open_talk(tmp_path) as talk:
        ada, bob = await talk.agent("Ada", "scripted"), await talk.agent("Bob", "scripted")
        await talk.links.create("Team", "data", (ada, bob), actor=ME)
        assert talk.completes("/coordinate te")["/coordinate Team "] == "data: Ada, Bob"
        await talk.says("/coordinate team fail it *cannot* be")
        await until(lambda: _has(talk, "Nobody could finish the shared task."))
        assert any("**Ada** could not finish" in text and "it \\*cannot\\* be" in text for text in await talk.texts())


async def test_coordinate_in_a_conversation_that_is_deleted_meanwhile_harms_nothing(tmp_path: Path) -> None:
    async with open_talk(tmp_path) as talk:
        await talk.agent("Ada", "scripted")
        await talk.says("/coordinate @Ada wait for me")
        await until(lambda: _working(talk, 1))
        await talk.chat.delete(talk.conversation)
        await talk.chat._erasures.carry_out(talk.conversation)
        talk.house.scripted.workers[0].release.set()
        async with asyncio.timeout(10):
            while any("coordination" in name for name in talk.house.tasks.names):
                await asyncio.sleep(0.005)
        assert talk.house.failures == []


async def _working(talk: Talk, count: int) -> bool:
    return sum(live.state == "running" for live in talk.house.service.living()) == count


async def _has(talk: Talk, beginning: str) -> bool:
    return any(text.startswith(beginning) for text in await talk.texts())


async def test_model_shows_and_changes_under_the_same_agent(tmp_path: Path) -> None:
    async with open_talk(tmp_path) as talk:
        ada = await talk.agent("Ada")
        text = (await talk.says("/model")).text
        assert "- **openai:** unreachable (" in text
        assert "- **anthropic:** not set up (No key is set)" in text
        assert "a demonstration model" in text
        assert "Ada** is driven by what the order of the settings gives." in (await talk.says("/model @Ada")).text
        changed = await talk.says("/model @Ada openai/gpt-other")
        assert "driven by `openai/gpt-other` now" in changed.text
        assert talk.house.service.definition(ada).config["model"] == "openai/gpt-other"
        assert changed.undoable is not None
        await talk.house.becomes(ada, "idle")
        await changed.undoable.undo()
        assert talk.house.service.definition(ada).config["model"] == ""
        await talk.house.becomes(ada, "idle")
        await talk.says("/model @Ada local")
        await talk.house.becomes(ada, "idle")
        await talk.says("/model @Ada automatic")
        assert talk.house.service.definition(ada).config["model"] == ""
        assert "/model @Ada openai" in talk.completes("/model @Ada op")
        assert [live.id for live in talk.house.service.living()] == [ada]


async def test_what_works_is_not_swapped(tmp_path: Path) -> None:
    async with open_talk(tmp_path) as talk:
        ada = await talk.agent("Ada")
        run = await talk.house.service.execute(ada, "wait", actor=ME)
        await talk.house.at_work(run)
        for text in ("/model @Ada local", "/persona @Ada analyst", "/budget @Ada tokens=5"):
            with pytest.raises(ChainBotError) as caught:
                await talk.says(text)
            assert caught.value.code in ("at_work", "no_such_persona")
        assert (await talk.house.service.run(run)).state == "running"


async def test_persona_shows_and_changes(tmp_path: Path) -> None:
    (tmp_path / "personas").mkdir()
    (tmp_path / "personas" / "poet.md").write_text("---\nname: poet\ndescription: Writes *verses*.\n---\nWrite verses.\n")
    async with open_talk(tmp_path) as talk:
        ada = await talk.agent("Ada")
        text = (await talk.says("/persona @Ada")).text
        assert "**Ada** is `general_assistant`" in text
        assert "- `poet` Writes \\*verses\\*" in text
        assert talk.completes("/persona @Ada poe") == {"/persona @Ada poet": "Writes *verses*."}
        changed = await talk.says("/persona @Ada Poet")
        assert talk.house.service.definition(ada).config["persona"] == "poet"
        await talk.house.becomes(ada, "idle")
        assert changed.undoable is not None
        await changed.undoable.undo()
        assert talk.house.service.definition(ada).config["persona"] == "general_assistant"


async def test_budget_counts_limits_and_lets_go(tmp_path: Path) -> None:
    async with open_talk(tmp_path) as talk:
        ada = await talk.agent("Ada")
        run = await talk.house.service.execute(ada, "spend 120", actor=ME)
        await talk.house.service.wait(run)
        await talk.house.becomes(ada, "idle")
        text = (await talk.says("/budget")).text
        assert "**All together:** 120 tokens of 1,000 (880 left), $0.01 of $5.00 ($4.99 left)." in text
        assert "**Ada**: 120 tokens, $0.01, no limit of its own." in text
        changed = await talk.says("/budget @Ada tokens=0.2k cost=$1.50")
        assert "120 tokens of 200 (80 left), $0.01 of $1.50 ($1.49 left)." in changed.text
        await talk.house.becomes(ada, "idle")
        assert (await talk.house.service.wait(await talk.house.service.execute(ada, "spend 100", actor=ME))).state == "failed"
        await talk.house.becomes(ada, "idle")
        await talk.says("/budget @Ada tokens=off")
        limits = talk.house.service.definition(ada).config["limits"]
        assert (limits["day_tokens"], limits["day_cost"]) == (None, 1.5)
        await talk.house.becomes(ada, "idle")
        assert (
            await talk.house.service.wait(await talk.house.service.execute(ada, "spend 100", actor=ME))
        ).state == "succeeded"
        assert changed.undoable is not None
        await talk.house.becomes(ada, "idle")
        await talk.says("/budget @Ada off")
        assert "no limit of its own" in (await talk.says("/budget @Ada")).text
        assert "/budget @Ada tokens=5 cost=" in talk.completes("/budget @Ada tokens=5 c")
