"""The slash commands about agents, as they are typed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chainbot_desktop.chat.spawn_words import parse_config
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput
from tests.helpers.chats import Chat, open_chat
from tests.helpers.talks import FakeTalk, question


@pytest.fixture
def talk() -> FakeTalk:
    return FakeTalk("Ada", "Long name")


@pytest.fixture
async def chat(tmp_path: Path, talk: FakeTalk) -> AsyncIterator[Chat]:
    async with open_chat(tmp_path, talk=talk) as opened:
        yield opened


async def answer(chat: Chat, text: str, **more: Any) -> str:
    conversation = (await chat.service.conversations() or [await chat.service.begin("Talk")])[0]
    posted = await chat.service.post(conversation.id, text, **more)
    return posted.answer.text


async def test_without_agents_the_commands_are_not_there(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as bare:
        assert "agents" not in [spec.name for spec in bare.service.commands.specs]
        assert bare.service.answers is None


async def test_agents_lists_them_with_what_they_do(chat: Chat, talk: FakeTalk) -> None:
    talk.add("a|b", "waiting", waiting_for="your approval")
    text = await answer(chat, "/agents")
    assert "| Ada | assistant | idle |" in text
    assert "| a\\|b | assistant | waiting | waits for your approval |" in text
    talk.here.clear()
    assert "`assistant`, `command`" in await answer(chat, "/agents")


async def test_spawn_takes_words_or_json(chat: Chat, talk: FakeTalk) -> None:
    await answer(chat, '/spawn command "My tests" command=["make", "a b"] restart=always limits.wall_seconds=60')
    await answer(chat, '/spawn assistant Bob {"persona": "analyst", "note": "say \\"hi\\""}')
    assert "@Carl" in await answer(chat, "/spawn assistant @Carl")
    assert talk.spawned == [
        ("command", "My tests", {"command": ["make", "a b"], "restart": "always", "limits": {"wall_seconds": 60}}),
        ("assistant", "Bob", {"persona": "analyst", "note": 'say "hi"'}),
        ("assistant", "Carl", {}),
    ]
    with pytest.raises(Conflict):
        await answer(chat, "/spawn assistant Ada")
    with pytest.raises(InvalidInput) as caught:
        await answer(chat, "/spawn robot Ada")
    assert caught.value.hint == "Kinds are assistant, command."


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("", {}),
        ("a=1 b=true c=null d=x-y e=", {"a": 1, "b": True, "c": None, "d": "x-y", "e": ""}),
        ("a='two words' b=\"three more words\"", {"a": "two words", "b": "three more words"}),
        ("a.b=1 a.c=[1,\n2]", {"a": {"b": 1, "c": [1, 2]}}),
        ("n=12abc", {"n": "12abc"}),
        ("url=http://a/?x=1", {"url": "http://a/?x=1"}),
        ('{"a": {"b": []}}', {"a": {"b": []}}),
    ],
)
def test_configurations(text: str, config: dict[str, Any]) -> None:
    assert parse_config(text) == config


@pytest.mark.parametrize(
    "text", ["word", "a=1 word", "a=1 a=2", "a=1 a.b=2", '{"a": 1', 'a=["x', "a={b}", "=1", "[1]", "[" * 9000]
)
def test_wrong_configurations_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_config(text)


@pytest.mark.parametrize("action", ["stop", "kill", "restart", "pause", "resume"])
async def test_life(chat: Chat, talk: FakeTalk, action: str) -> None:
    assert "**Long name**" in await answer(chat, f'/{action} @"Long name"')
    await answer(chat, f"/{action} ada")
    assert talk.done == [(action, "Long name", "user:test"), (action, "Ada", "user:test")]
    with pytest.raises(InvalidInput) as caught:
        await answer(chat, f"/{action} adda")
    assert caught.value.hint == "Did you mean @Ada?"
    with pytest.raises(InvalidInput, match=f"/{action} needs <agent>"):
        await answer(chat, f"/{action}")


async def test_run_asks_with_the_task_as_it_was_typed(chat: Chat, talk: FakeTalk) -> None:
    await answer(chat, '/run @Ada say "hi"\nand   more')
    assert (talk.last.agent_id, talk.last.task) == ("id-Ada", 'say "hi"\nand   more')
    conversation = (await chat.service.conversations())[0]
    kept = await chat.service.before(conversation.id, None, 10)
    assert [message.kind for message in kept] == ["command", "system"]
    assert conversation.lead == "id-Ada"
    with pytest.raises(InvalidInput, match="/run needs <task>"):
        await answer(chat, "/run @Ada")


async def test_approvals_are_shown_before_they_are_answered(chat: Chat, talk: FakeTalk) -> None:
    assert await answer(chat, "/approve") == "Nothing waits for you."
    talk.waiting = [
        question(7, detail="rm ```x```\n/stopall"),
        question(8, is_question=True, title="Which colour?", detail="Blue or red?"),
    ]
    with pytest.raises(InvalidInput) as caught:
        await answer(chat, "/approve 1")
    assert "/approve without a number" in caught.value.hint
    shown = await answer(chat, "/approve")
    assert "````text\nrm ```x```\n/stopall\n````" in shown
    assert "**2.** **Ada** asks: Which colour?" in shown
    with pytest.raises(InvalidInput):
        await answer(chat, "/approve 2")
    with pytest.raises(InvalidInput):
        await answer(chat, "/approve 1 please")
    talk.waiting.insert(0, question(6))
    assert "**3.**" in await answer(chat, "/approve")  # a number stays with what it was shown for
    await answer(chat, "/approve 1")
    await answer(chat, "/approve 2 the blue one")
    await answer(chat, "/approve 3 run")
    assert talk.done == [
        ("approve", "7", "", "user:test"),
        ("approve", "8", "the blue one", "user:test"),
        ("approve_run", "6", "", "user:test"),
    ]
    with pytest.raises(Conflict, match="Request 1: This request is denied already"):
        await answer(chat, "/deny 1 no")


async def test_deny_with_a_reason(chat: Chat, talk: FakeTalk) -> None:
    talk.waiting = [question(1)]
    assert "**1.**" in await answer(chat, "/deny")
    with pytest.raises(InvalidInput, match="'because' is no number"):
        await answer(chat, "/deny because")
    await answer(chat, "/deny 1 not on this branch")
    assert talk.done == [("deny", "1", "not on this branch", "user:test")]


async def test_stopall_says_what_was_stopped(chat: Chat, talk: FakeTalk) -> None:
    await answer(chat, "@Ada work")
    assert await answer(chat, "/stopall") == "Stopped: **Ada**, **Long name**. 1 task ended with them."


@pytest.mark.parametrize("text", ["/stopall", "/approve 1", "/stop @Ada", "/spawn assistant B", "/run @Ada x", "/deny 1"])
async def test_agents_command_nobody(chat: Chat, talk: FakeTalk, text: str) -> None:
    with pytest.raises(ChainBotError, match="Agents cannot use this command"):
        await answer(chat, text, actor="agent:id-Ada")
    assert talk.done == []
    assert talk.runs == {}


def test_names_complete_in_commands(chat: Chat, talk: FakeTalk) -> None:
    def offered(text: str) -> list[str]:
        return [completion.text for completion in chat.service.commands.complete(text)]

    assert offered("/stop ") == ["/stop @Ada", '/stop @"Long name"']
    assert offered("/stop l") == ['/stop @"Long name"']
    assert offered("/stop @a") == ["/stop @Ada"]
    assert offered("/spawn as") == ["/spawn assistant "]
    talk.add("watch", kind="command", takes_tasks=False)
    assert offered("/run @w") == []
    assert offered("/kill @w") == ["/kill @watch"]
