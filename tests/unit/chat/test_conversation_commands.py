"""The slash commands about the conversation they are typed in, on the real conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chainbot_desktop.chat.commands import Answer
from chainbot_desktop.chat.conversation_commands import ConversationCommands
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from tests.helpers.chats import Chat, open_chat
from tests.helpers.talks import FakeTalk


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    talk = FakeTalk("Ada", "Big Bob")
    async with open_chat(tmp_path, talk=talk) as opened:
        answers = opened.service.answers
        assert answers is not None
        ConversationCommands(opened.service, lambda: answers.agents).register_in(opened.service.commands)
        yield opened


async def says(chat: Chat, text: str, conversation: str = "") -> Answer:
    known = conversation or (await chat.service.conversations() or [await chat.service.begin("Talk")])[0].id
    return (await chat.service.post(known, text)).answer


async def test_rename(chat: Chat) -> None:
    answer = await says(chat, '/rename  Garden   *sensors* "2"')
    [conversation] = await chat.service.conversations()
    assert conversation.title == "Garden *sensors* 2"
    assert answer.text == "This conversation is called **Garden \\*sensors\\* 2** now."
    with pytest.raises(InvalidInput, match="/rename needs <title>"):
        await says(chat, "/rename")


async def texts(chat: Chat, conversation: str) -> list[str]:
    return [m.text for m in await chat.service.before(conversation, None, 50) if m.kind == "text"]


async def test_branch_counts_what_was_said_and_opens_it(chat: Chat) -> None:
    made = await chat.service.begin("Talk")
    with pytest.raises(NotFound, match="only 0 messages"):
        await says(chat, "/branch", made.id)
    for text in ("one", "two", "three"):
        await chat.service.post(made.id, text)
    await says(chat, "/members", made.id)  # commands and their answers are not counted
    answer = await says(chat, "/branch 1", made.id)
    assert answer.open is not None
    branch = str(answer.open.content["conversation_id"])
    assert answer.open.window == "chat"
    assert await texts(chat, branch) == ["one", "two"]
    assert await texts(chat, made.id) == ["one", "two", "three"]
    for text in ("/branch x", "/branch -1", "/branch 9999999"):
        with pytest.raises(InvalidInput, match="is no number of messages"):
            await says(chat, text, made.id)
    with pytest.raises(NotFound) as caught:
        await says(chat, "/branch 3", made.id)
    assert "/fork" in caught.value.hint


async def test_fork_takes_all(chat: Chat) -> None:
    made = await chat.service.begin("Talk")
    await chat.service.post(made.id, "one")
    answer = await says(chat, "/fork", made.id)
    assert answer.open is not None
    assert await texts(chat, str(answer.open.content["conversation_id"])) == ["one"]


async def test_members_and_order(chat: Chat) -> None:
    assert (await says(chat, "/members")).text == "Nobody was chosen to take part."
    answer = await says(chat, '/members @Ada @"Big Bob" @ada')
    [conversation] = await chat.service.conversations()
    assert conversation.members == ("id-Ada", "id-Big Bob")
    assert conversation.lead == "id-Ada"
    assert "[Ada](chainbot:agent-map?agent_id=id-Ada) (lead), [Big Bob](" in answer.text
    assert "`lead`: the lead answers" in (await says(chat, "/order")).text
    assert "`round_robin` now: the members answer by turns." in (await says(chat, "/order Round-Robin")).text
    [conversation] = await chat.service.conversations()
    assert conversation.turn_order == "round_robin"
    await says(chat, '/members @"Big Bob"')
    [conversation] = await chat.service.conversations()
    assert (conversation.members, conversation.lead) == (("id-Big Bob",), "id-Big Bob")
    await says(chat, "/members none")
    [conversation] = await chat.service.conversations()
    assert conversation.members == ()
    with pytest.raises(InvalidInput) as caught:
        await says(chat, "/members @Adda")
    assert caught.value.hint == "Did you mean @Ada?"
    with pytest.raises(InvalidInput) as caught:
        await says(chat, "/order al")
    assert "Orders are lead, round_robin, all." in caught.value.hint


async def test_several_names_complete_one_after_the_other(chat: Chat) -> None:
    def offered(text: str) -> list[str]:
        return [completion.text for completion in chat.service.commands.complete(text)]

    assert offered("/members ") == ["/members none ", "/members @Ada ", '/members @"Big Bob" ']
    assert offered("/members @Ada ") == ["/members @Ada none ", '/members @Ada @"Big Bob" ']
    assert offered('/members @Ada @"big b') == ['/members @Ada @"Big Bob" ']
    assert offered("/order r") == ["/order round_robin"]
    assert offered("/memebrs") == ["/members "]


async def test_agents_may_not(chat: Chat) -> None:
    made = await chat.service.begin("Talk")
    for text in ("/rename x", "/fork", "/members @Ada", "/order all", "/branch"):
        with pytest.raises(ChainBotError) as caught:
            await chat.service.post(made.id, text, actor="agent:id-Ada")
        assert caught.value.code == "not_for_agents"
