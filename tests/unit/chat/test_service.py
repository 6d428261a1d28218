"""Conversations as the windows and the API use them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chainbot_desktop.chat.service import MAX_MESSAGE_BYTES, Change
from chainbot_desktop.core.errors import InvalidInput, NotFound, TooLarge
from chainbot_desktop.core.ports import EventQuery
from tests.helpers.chats import Chat, open_chat


async def test_a_plain_message_is_kept_and_nobody_answers(chat: Chat) -> None:
    made = await chat.service.begin()
    await chat.service.post(made.id, "# Hello *house*\nhow are you?")
    messages = await chat.service.before(made.id, None, 10)
    assert [(m.author, m.kind, m.text) for m in messages] == [("user:test", "text", "# Hello *house*\nhow are you?")]
    assert (await chat.service.conversation(made.id)).title == "Hello *house"


async def test_two_slashes_send_one(chat: Chat) -> None:
    made = await chat.service.begin()
    posted = await chat.service.post(made.id, "//help is a command")
    assert posted.message is not None
    assert posted.message.text == "/help is a command"


@pytest.mark.parametrize("text", ["", "  \n", "\ud800"])
async def test_bad_text_is_refused(chat: Chat, text: str) -> None:
    made = await chat.service.begin()
    with pytest.raises(InvalidInput):
        await chat.service.post(made.id, text)
    with pytest.raises(TooLarge):
        await chat.service.post(made.id, "x" * (MAX_MESSAGE_BYTES + 1))
    assert await chat.service.before(made.id, None, 10) == []


async def test_hostile_text_comes_back_as_it_was(chat: Chat) -> None:
    made = await chat.service.begin()
    text = "a\x00b \u202e <b> ' \" ; DROP TABLE messages; -- 🦖" + "x" * 200_000
    await chat.service.post(made.id, text)
    assert (await chat.service.before(made.id, None, 10))[0].text == text


async def test_every_change_is_told(chat: Chat) -> None:
    told: list[Change] = []
    end = chat.service.on_change(told.append)
    made = await chat.service.begin()
    posted = await chat.service.post(made.id, "x")
    await chat.service.rename(made.id, "New name")
    await chat.service.pin(made.id, True)
    assert posted.message is not None
    assert told == [Change(made.id), Change(made.id, posted.message.id), Change(made.id), Change(made.id)]
    end()
    await chat.service.rename(made.id, "Another")
    assert len(told) == 4


async def test_delete_hides_at_once_and_can_be_undone(chat: Chat) -> None:
    made = await chat.service.begin("Gone")
    await chat.service.post(made.id, "apple")
    undoable = await chat.service.delete(made.id)
    assert undoable.text == "“Gone” was deleted."
    assert await chat.service.conversations() == []
    assert (await chat.service.search("apple")).hits == ()
    assert (await chat.service.search("Gone")).conversations == ()
    for refused in (chat.service.conversation(made.id), chat.service.post(made.id, "x"), chat.service.before(made.id, None, 1)):
        with pytest.raises(NotFound):
            await refused
    await undoable.undo()
    assert [c.title for c in await chat.service.conversations()] == ["Gone"]
    assert len((await chat.service.search("apple")).hits) == 1
    with pytest.raises(NotFound):
        await undoable.undo()


async def test_after_the_undo_time_it_is_gone(tmp_path: Path) -> None:
    async with open_chat(tmp_path, undo_seconds=0.02) as chat:
        made = await chat.service.begin("Gone")
        await chat.service.post(made.id, "apple")
        undoable = await chat.service.delete(made.id)
        gone = asyncio.Event()
        chat.service.on_change(lambda change: gone.set())
        await gone.wait()
        with pytest.raises(NotFound):
            await undoable.undo()
        assert "conversation_deleted" in [r.event.type for r in await chat.store.journal.read(EventQuery())]


async def test_what_was_deleted_stays_deleted_over_a_restart(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        deleted, cleared = await chat.service.begin("Gone"), await chat.service.begin("Cleared")
        await chat.service.post(deleted.id, "apple")
        await chat.service.post(cleared.id, "pear")
        await chat.service.delete(deleted.id)
        await chat.service.clear(cleared.id)
        await chat.service.post(cleared.id, "plum")
    async with open_chat(tmp_path) as chat:
        assert [c.title for c in await chat.service.conversations()] == ["Cleared"]
        assert [m.text for m in await chat.service.before(cleared.id, None, 10)] == ["plum"]


async def test_what_was_deleted_stays_deleted_when_the_program_is_killed(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        deleted, cleared = await chat.service.begin("Gone"), await chat.service.begin("Cleared")
        await chat.service.post(deleted.id, "apple")
        await chat.service.post(cleared.id, "pear")
        await chat.service.delete(deleted.id)
        await chat.service.clear(cleared.id)
        chat.service.close = chat.service._erasures._save  # type: ignore[method-assign]  # killed: nothing is carried out
    async with open_chat(tmp_path) as chat:
        assert [c.title for c in await chat.service.conversations()] == ["Cleared"]
        assert await chat.service.before(cleared.id, None, 10) == []
        while (await chat.store.preferences.get("chat.to_erase")) != {}:
            await asyncio.sleep(0.005)
        events = [r.event.type for r in await chat.store.journal.read(EventQuery())]
        assert {"conversation_deleted", "conversation_cleared"} <= set(events)


async def test_cleared_messages_do_not_count_as_unread(chat: Chat) -> None:
    made = await chat.service.begin()
    await chat.service.post(made.id, "one", actor="agent:a")
    assert await chat.service.unread() == 1
    undoable = await chat.service.clear(made.id)
    assert await chat.service.unread() == 0
    await undoable.undo()
    assert await chat.service.unread() == 1


async def test_what_one_writes_oneself_is_not_unread(chat: Chat) -> None:
    made = await chat.service.begin()
    await chat.service.post(made.id, "news", actor="agent:a")
    await chat.service.post(made.id, "mine")
    await chat.service.post(made.id, "/status")
    assert await chat.service.unread() == 0


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
async def test_names_are_checked(chat: Chat, title: str) -> None:
    made = await chat.service.begin("Fine")
    with pytest.raises(InvalidInput):
        await chat.service.rename(made.id, title)
    assert (await chat.service.conversation(made.id)).title == "Fine"


async def test_a_draft_and_the_open_conversation_survive(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        made = await chat.service.begin("Talk")
        await chat.service.save_draft(made.id, "half")
        await chat.service.remember_open(made.id)
    async with open_chat(tmp_path) as chat:
        assert await chat.service.last_open() == made.id
        assert (await chat.service.conversation(made.id)).draft == "half"
