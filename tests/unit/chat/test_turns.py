"""Whose turn it is: who is named or chosen, who takes part, and in which order they answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.chat.addressing import requests_in
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ports import TalkAgent
from chainbot_desktop.store.conversation_rows import TurnOrder
from tests.helpers.chats import Chat, open_chat
from tests.helpers.talking import settled, texts
from tests.helpers.talks import FakeTalk


async def in_order(chat: Chat, order: TurnOrder, *members: str) -> str:
    """A conversation of these members, in this order."""
    made = await chat.service.begin()
    await chat.service._table._update(made.id, {"turn_order": order, "members": list(members)})
    return made.id


async def asked(chat: Chat, talk: FakeTalk, conversation_id: str, text: str, **more: object) -> list[str]:
    """Who is asked by a message; they answer at once."""
    before = len(talk.runs)
    await chat.service.post(conversation_id, text, **more)  # type: ignore[arg-type]
    runs = list(talk.runs.values())[before:]
    for run in runs:
        run.finish("ok")
    await settled(chat)
    return [run.agent_id for run in runs]


async def test_who_is_addressed_takes_part(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob", "Cleo")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await asked(chat, talk, made.id, "@Bob hello")
        await asked(chat, talk, made.id, "@Ada and @Bob hello")
        assert (await chat.service.conversation(made.id)).members == ("id-Bob", "id-Ada")
        assert await asked(chat, talk, made.id, "nobody named") == ["id-Bob"], "the first leads"


async def test_all_are_the_members_or_everybody_where_there_are_none(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob", "Cleo")
    talk.add("watch", kind="command", takes_tasks=False)
    talk.add("gone", "stopped")
    async with open_chat(tmp_path, talk=talk) as chat:
        everybody = await chat.service.begin()
        assert await asked(chat, talk, everybody.id, "@all hello") == ["id-Ada", "id-Bob", "id-Cleo"]
        some = await in_order(chat, "lead", "id-Ada", "id-Cleo")
        assert await asked(chat, talk, some, "what do you say, @ALL?") == ["id-Ada", "id-Cleo"]
        with pytest.raises(InvalidInput):
            await chat.service.post(some, "@all")


async def test_where_nobody_is_here_all_is_nobody(tmp_path: Path) -> None:
    async with open_chat(tmp_path, talk=FakeTalk()) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@all hello")
        assert "There is no agent @all here" in (await texts(chat, made.id))[-1]


async def test_an_agent_may_be_called_all(tmp_path: Path) -> None:
    talk = FakeTalk("all", "Bob")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        assert await asked(chat, talk, made.id, "@all hello") == ["id-all"]


async def test_one_after_another_by_turns_also_after_a_restart(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob", "Cleo")
    members = ("id-Ada", "id-Bob", "id-Cleo")
    async with open_chat(tmp_path, talk=talk) as chat:
        here = await in_order(chat, "round_robin", *members)
        assert [await asked(chat, talk, here, "next") for _ in range(2)] == [["id-Ada"], ["id-Bob"]]
    async with open_chat(tmp_path, talk=talk) as chat:
        assert [await asked(chat, talk, here, "next") for _ in range(2)] == [["id-Cleo"], ["id-Ada"]]
        talk.add("Bob", "stopped")
        assert await asked(chat, talk, here, "next") == ["id-Cleo"], "who cannot be asked is passed over"
        assert await asked(chat, talk, here, "@Cleo you") == ["id-Cleo"]
        assert await asked(chat, talk, here, "next") == ["id-Ada"], "after who was asked last, however that was"


async def test_all_at_once_each_with_an_answer_of_its_own(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        here = await in_order(chat, "all", "id-Ada", "id-Bob")
        await chat.service.post(here, "hello")
        assert [(stream.agent_name, stream.state) for stream in answers.of(here)] == [("Ada", "working"), ("Bob", "working")]
        for run in talk.runs.values():
            run.finish(f"from {run.agent_id}")
        await settled(chat)
        assert sorted((await texts(chat, here))[1:]) == ["from id-Ada", "from id-Bob"]


async def test_chosen_ones_are_asked_and_nobody_else(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        assert await asked(chat, talk, made.id, "hello @Ada", to=["id-Bob"]) == ["id-Bob"]
        assert talk.last.task == "hello @Ada"
        with pytest.raises(InvalidInput, match="id-Zoe"):
            await chat.service.post(made.id, "hello", to=["id-Zoe"])
        assert len(await texts(chat, made.id)) == 2, "what cannot be sent leaves nothing"


async def test_who_does_what_is_told(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada @Bob go")
        await chat.service.post(made.id, "@Bob later")
        ada, bob, _ = talk.runs.values()

        def doing() -> list[tuple[str, str, str]]:
            return [(one.name, one.state, one.words) for one in answers.activity(made.id)]

        assert doing()[0] == ("Ada", "working", "is working")
        assert doing()[2] == ("Bob", "queued", "waits for its turn")
        ada.think("hm")
        bob.step("reads a file")
        assert doing()[:2] == [("Ada", "thinking", "is thinking"), ("Bob", "working", "reads a file")]
        ada.say("well")
        bob.waits("your approval")
        assert doing()[:2] == [("Ada", "typing", "is writing"), ("Bob", "waiting", "waits for your approval")]
        for run in talk.runs.values():
            run.finish("done")
        await settled(chat)
        assert answers.activity(made.id) == ()


MEMBERS = [TalkAgent(f"id-{name}", name, "assistant", "idle") for name in ("Bob", "Cleo", "Ada Lovelace")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Bob count them", [("Bob", "count them")]),
        ("I begin.\n\n@Bob: count\nthem all", [("Bob", "count\nthem all")]),
        ("@Bob one\n@Cleo two\n\nlines", [("Bob", "one"), ("Cleo", "two\n\nlines")]),
        ("@Bob, @Cleo do it", [("Bob", "do it"), ("Cleo", "do it")]),
        ("@Bob one\n@Cleo two\n@Bob three", [("Bob", "one\n\nthree"), ("Cleo", "two")]),
        ("  @Ada Lovelace write", [("Ada Lovelace", "write")]),
        ("I thank @Bob for it", []),
        ("> @Bob said so", []),
        ("```\n@Bob do\n```", []),
        ("@Bob", []),
        ("@Zoe do it", []),
    ],
)
def test_what_an_answer_asks_of_others(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(agent.name, task) for agent, task in requests_in(text, MEMBERS)] == expected
