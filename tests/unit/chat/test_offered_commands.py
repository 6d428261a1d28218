"""Slash commands that agents offer: who gets a line, how they are completed and told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ports import AgentCommand
from tests.helpers.chats import Chat, open_chat
from tests.helpers.talks import FakeTalk

PLAN = AgentCommand("plan", "Think first")
REVIEW = AgentCommand("review", "Review *the* changes", "what to look at")
STATUS = AgentCommand("status", "Its own status")
REMOTE = AgentCommand("mcp:git:log", "The history")


@pytest.fixture
def talk() -> FakeTalk:
    talk = FakeTalk("Ada")
    talk.add("Long name", commands=(PLAN, REVIEW, STATUS, REMOTE))
    return talk


@pytest.fixture
async def chat(tmp_path: Path, talk: FakeTalk) -> AsyncIterator[Chat]:
    async with open_chat(tmp_path, talk=talk) as opened:
        yield opened


async def post(chat: Chat, text: str, conversation_id: str = "", actor: str = "") -> str:
    """The id of the conversation."""
    conversation_id = conversation_id or (await chat.service.begin("Talk")).id
    await chat.service.post(conversation_id, text, actor=actor or None)
    return conversation_id


def completed(chat: Chat, text: str) -> list[str]:
    return [completion.text for completion in chat.service.offered.complete(text, len(text))]


@pytest.mark.parametrize("text", ["/review", "/review the tests\nand more", "/mcp:git:log  -3"])
async def test_a_line_goes_to_who_offers_it_word_for_word(chat: Chat, talk: FakeTalk, text: str) -> None:
    conversation = await post(chat, text)
    assert (talk.last.agent_id, talk.last.task) == ("id-Long name", text)
    [kept] = await chat.service.before(conversation, None, 10)
    assert (kept.kind, kept.text) == ("text", text)


async def test_the_panels_own_commands_win_but_not_behind_a_name(chat: Chat, talk: FakeTalk) -> None:
    await post(chat, "/status")
    assert not talk.runs
    await post(chat, '@"Long name" /status')
    assert (talk.last.agent_id, talk.last.task) == ("id-Long name", "/status")


async def test_of_several_the_lead_gets_it_and_without_one_the_error_teaches(chat: Chat, talk: FakeTalk) -> None:
    talk.add("Bob", commands=(PLAN,))
    with pytest.raises(InvalidInput) as caught:
        await post(chat, "/plan it")
    assert caught.value.message == 'Several agents know /plan: @"Long name", @Bob.'
    assert caught.value.hint == 'Name one, for example @"Long name" /plan.'
    conversation = await post(chat, "@Bob hello")
    await post(chat, "/plan it", conversation)
    assert (talk.last.agent_id, talk.last.task) == ("id-Bob", "/plan it")


async def test_what_nobody_offers_or_an_agent_types_is_refused(chat: Chat, talk: FakeTalk) -> None:
    for text, actor in (("/reviews", ""), ("/Review", ""), ("/review", "agent:x")):
        with pytest.raises(InvalidInput, match="There is no command"):
            await post(chat, text, actor=actor)
    talk.here.pop("id-Long name")
    with pytest.raises(InvalidInput, match="There is no command /review"):
        await post(chat, "/review")
    assert not talk.runs


async def test_a_doubled_slash_is_a_message_to_the_lead(chat: Chat, talk: FakeTalk) -> None:
    conversation = await post(chat, "@Ada hello")
    await post(chat, "//review", conversation)
    assert (talk.last.agent_id, talk.last.task) == ("id-Ada", "/review")


def test_completion(chat: Chat, talk: FakeTalk) -> None:
    assert completed(chat, "/") == ["/plan ", "/review ", "/mcp:git:log "]
    assert completed(chat, "/RE") == ["/review "]
    assert completed(chat, "/review ") == []
    assert completed(chat, '@"Long name" /') == [
        f'@"Long name" /{name} ' for name in ("plan", "review", "status", "mcp:git:log")
    ]
    assert completed(chat, "@Ada /") == []
    assert completed(chat, 'Hello @"Long name" /') == []
    assert completed(chat, "@nobody /p") == []
    talk.add("Bob", commands=(PLAN,))
    assert completed(chat, "/pl") == ['@"Long name" /plan ', "@Bob /plan "]
    talk.add("Off", commands=(REVIEW,), takes_tasks=False)
    assert completed(chat, "/rev") == ["/review "]


def test_what_follows_the_caret_stays(chat: Chat) -> None:
    [completion] = chat.service.offered.complete("/rev the tests", 4)
    assert (completion.text, completion.caret) == ("/review the tests", len("/review "))


def test_odd_names_are_not_offered_and_nothing_is_hidden_in_words(chat: Chat, talk: FakeTalk) -> None:
    odd = [AgentCommand(name, "") for name in ("", "two words", "/x", "@x", "a" * 101)]
    talk.add("Odd", commands=(*odd, AgentCommand("ok", "a\n\u202eb", "x\ny"), AgentCommand("ok", "the last one wins")))
    assert [offered.command.name for offered in chat.service.offered.all() if offered.agent.name == "Odd"] == ["ok"]
    talk.add("Odd", commands=(AgentCommand("ok", "a\n\u202eb", "x\ny"),))
    [completion] = chat.service.offered.complete("/ok", 3)
    assert completion.label == "/ok <x y>"
    assert completion.help.startswith("Odd: a ")
    assert "\u202e" not in completion.help


async def test_help_tells_them_as_they_are_written(chat: Chat, talk: FakeTalk) -> None:
    made = await chat.service.begin("Talk")
    text = (await chat.service.post(made.id, "/help")).answer.text
    assert "Review \\*the\\* changes" in text
    assert "/plan" in text
    one = (await chat.service.post(made.id, "/help review")).answer.text
    assert "what to look at" in one
    talk.here.clear()
    assert "Commands of agents" not in (await chat.service.post(made.id, "/help")).answer.text


async def test_whom_a_person_begins_to_write_to_may_get_ready(chat: Chat, talk: FakeTalk) -> None:
    talk.add("deaf", takes_tasks=False)
    expect = chat.service.offered.expect
    for text in ("", "hello", "/", "@Ad", "@Ada", "@nobody /", "write to ada", "@deaf /"):
        expect(text, "")
    assert talk.prepared == []
    expect("/", "id-Long name")
    expect("@Ada ", "id-Long name")
    expect('@"Long name" /re', "")
    assert talk.prepared == ["id-Long name", "id-Ada", "id-Long name"]
