"""Conversations of several agents over the real runtime: what goes along with a task, what waits, what agents give each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.agents.conversation_context import CONVERSATION
from chainbot_desktop.agents.entanglements.handover import Handovers
from chainbot_desktop.agents.entanglements.people import Members
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.errors import Conflict
from chainbot_desktop.core.ports import TalkAttachment
from tests.helpers.agent_house import AgentHouse, open_agent_house
from tests.unit.app.test_agent_talk import ME, answered, open_chat_over, until


async def two(house: AgentHouse) -> tuple[str, str]:
    """Ada and Bob, idle; their workers are in this order."""
    ids = []
    for name in ("Ada", "Bob"):
        ids.append(await house.service.spawn("scripted", name, {"restart": "always"}, actor=ME))
        await house.becomes(ids[-1], "idle")
    return ids[0], ids[1]


async def working(house: AgentHouse, chat: ChatService, conversation_id: str, agent_id: str) -> str:
    """The run of a task that waits to be released."""
    run_id = (await house.becomes(agent_id, "running")).run_id
    await until(lambda: chat.answers is not None and chat.answers.of(conversation_id)[0].steps)
    return run_id


async def test_what_was_said_goes_along_while_it_is_worked_on_and_no_longer(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        await two(house)
        made = await chat.begin()
        await chat.post(made.id, "@Ada say hello there")
        await answered(chat, made.id)
        await chat.post(made.id, "@Bob wait")
        (_, bob) = (live.id for live in house.service.living())
        run_id = await working(house, chat, made.id, bob)
        talk = (await house.service.run(run_id)).context[CONVERSATION]
        assert [(line["author"], line["text"]) for line in talk["said"]] == [
            ("tester", "@Ada say hello there"),
            ("Ada", "hello there"),
        ]
        house.scripted.workers[1].release.set()
        await answered(chat, made.id)
        assert (await house.service.run(run_id)).context == {}


async def test_a_task_that_waits_is_edited_and_taken_back(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        answers = chat.answers
        assert answers is not None
        ada, _ = await two(house)
        made = await chat.begin()
        await chat.post(made.id, "@Ada wait")
        first = await working(house, chat, made.id, ada)
        await chat.post(made.id, "say old")
        await chat.post(made.id, "say never")
        second, third = answers.queued(made.id)
        await answers.edit(second.run_id, "say new", actor=ME)
        await answers.take_back(third.run_id, actor=ME)
        with pytest.raises(Conflict):
            await answers.edit(first, "say something else", actor=ME)
        house.scripted.workers[0].release.set()
        lines = [text for _, text in await answered(chat, made.id)]
        assert lines == [
            "@Ada wait",
            "say new",
            "say never",
            "**Ada** was not asked: the task was taken back before it began.",
            "released",
            "new",
        ]


async def test_what_is_attached_waits_where_a_word_would_be_slipped_in(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        answers = chat.answers
        assert answers is not None
        ada, _ = await two(house)
        made = await chat.begin()
        await chat.post(made.id, "@Ada wait")
        await working(house, chat, made.id, ada)
        attachment = TalkAttachment("a.txt", "text/plain", 2, await house.store.blobs.put(b"hi"))
        meant = answers.meant(await chat.conversation(made.id), "say look")
        await answers.ask(await chat.conversation(made.id), meant, actor=ME, delivery="between", attachments=(attachment,))
        (waiting,) = answers.queued(made.id)
        kept = (await house.service.run(waiting.run_id)).context[CONVERSATION]["attachments"]
        assert [one["name"] for one in kept] == ["a.txt"]
        house.scripted.workers[0].release.set()
        assert [text for _, text in await answered(chat, made.id)][-2:] == ["released", "look"]


async def test_a_run_that_a_run_causes_stands_in_a_thread(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        ada, bob = await two(house)
        made = await chat.begin()
        await chat.post(made.id, "@Ada wait")
        parent = await working(house, chat, made.id, ada)
        child = await house.service.execute(bob, "say seven", actor=f"agent:{ada}", parent_run_id=parent)
        await house.service.wait(child)
        house.scripted.workers[0].release.set()
        await answered(chat, made.id)
        messages = await chat._table.before(made.id, None, 10, with_threads=True)
        assert [(message.author, message.thread, message.text) for message in messages] == [
            (ME, "", "@Ada wait"),
            (f"agent:{ada}", parent, "say seven"),
            (f"agent:{bob}", parent, "seven"),
            (f"agent:{ada}", "", "released"),
        ]


async def test_a_task_that_is_handed_over_is_answered_in_its_conversation(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        ada, bob = await two(house)
        made = await chat.begin()
        await chat.post(made.id, "@Ada wait")
        await working(house, chat, made.id, ada)
        house.scripted.workers[1].release.set()
        await Handovers(Members(house.directory, lambda: house.service)).hand_over(ada, bob, actor=ME)
        lines = await answered(chat, made.id)
        assert (f"agent:{bob}", "released") in lines
