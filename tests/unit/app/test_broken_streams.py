"""An answer whose stream breaks off ends honestly: what came is kept, why there is no more is said, and the next task is answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil

from chainbot_desktop.chat.answer_stream import note_of
from chainbot_desktop.chat.service import ChatService
from tests.helpers.assistants import assistants, spawn
from tests.helpers.model_server import Reply, model_server
from tests.unit.app.test_agent_talk import open_chat_over

WORDS = " ".join(f"word{number}" for number in range(50))


async def answered(chat: ChatService, conversation_id: str) -> list[tuple[str, str]]:
    """Author and text of every message, when no answer is under way any more: the first task loads a framework."""
    answers = chat.answers
    assert answers is not None
    async with asyncio.timeout(60):
        while answers.of(conversation_id):
            await asyncio.sleep(0.01)
    return [(message.author, message.text) for message in await chat.before(conversation_id, None, 50)]


async def streaming(chat: ChatService, conversation_id: str, words: str) -> None:
    """Until this has been heard of the one answer."""
    answers = chat.answers
    assert answers is not None
    async with asyncio.timeout(60):
        while not any(words in stream.text for stream in answers.of(conversation_id)):
            await asyncio.sleep(0.01)


async def test_a_connection_that_is_cut_in_the_middle(tmp_path: Path) -> None:
    async with model_server() as server, assistants(tmp_path, server) as house, open_chat_over(house, tmp_path) as chat:
        agent_id = await spawn(house)
        made = await chat.begin()
        for cut in (Reply(WORDS, drop_after=20), Reply(WORDS, closes_after=20)):
            server.say(cut)
            await chat.post(made.id, "@Ada count")
            lines = await answered(chat, made.id)
            assert lines[-2][0] == f"agent:{agent_id}"
            assert lines[-2][1].startswith("word0 word1 ")
            assert "word49" not in lines[-2][1]
            assert lines[-1][1].startswith("**Ada** could not finish. ")
            kept = (await chat.before(made.id, None, 2))[0]
            note = note_of(kept.detail)
            assert note is not None
            assert note.state == "failed"
        await chat.post(made.id, "again")
        lines = await answered(chat, made.id)
        assert lines[-1] == (f"agent:{agent_id}", "Hello there.")
        told = str(server.requests[-1]["messages"])
        assert "> Ada: word0 word1" not in told, "its own words are its own"
        assert "word0 word1" in told, "what it had said is known to it"


async def test_a_provider_that_fails_before_the_first_word_is_replaced(tmp_path: Path) -> None:
    async with (
        model_server() as first,
        model_server() as second,
        assistants(tmp_path, first, second) as house,
        open_chat_over(house, tmp_path) as chat,
    ):
        await spawn(house)
        made = await chat.begin()
        first.usual = Reply(WORDS, drop_after=-1)
        await chat.post(made.id, "@Ada hello")
        assert (await answered(chat, made.id))[-1][1] == "Hello there."
        assert first.requests


async def test_a_kill_in_the_middle_of_a_stream(tmp_path: Path) -> None:
    async with model_server() as server:
        async with assistants(tmp_path, server) as house:
            async with open_chat_over(house, tmp_path) as chat:
                await spawn(house, restart="always")
                made = await chat.begin()
                server.say(Reply(WORDS, holds=asyncio.Event()))
                await chat.post(made.id, "@Ada count")
                await streaming(chat, made.id, "word10")
            await house.killed()
        async with assistants(tmp_path, server) as house, open_chat_over(house, tmp_path) as chat:
            lines = await answered(chat, made.id)
            assert lines[-1][1] == "**Ada** could not finish. The program ended in the middle of it\\."
            (ada,) = (live.id for live in house.service.living())
            await house.becomes(ada, "idle")
            await chat.post(made.id, "again")
            assert (await answered(chat, made.id))[-1][1] == "Hello there."


async def test_the_local_model_streams_and_its_end_in_the_middle_is_told(tmp_path: Path) -> None:
    async with assistants(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        agent_id = await spawn(house, max_output_tokens=400)
        made = await chat.begin()
        await chat.post(made.id, "@Ada Tell me a long story about a dog, with many details.")
        await streaming(chat, made.id, " ")
        for child in psutil.Process().children(recursive=True):
            if any("local_child" in word for word in child.cmdline()):
                child.kill()
        lines = await answered(chat, made.id)
        assert lines[-2][0] == f"agent:{agent_id}"
        assert lines[-2][1].strip(), "what it had said is kept"
        assert lines[-1][1].startswith("**Ada** could not finish. ")
        await chat.post(made.id, "Say hello.")
        await answered(chat, made.id)
        last = (await chat.before(made.id, None, 1))[0]
        note = note_of(last.detail)
        assert note is not None
        assert (note.state, note.demonstration) == ("succeeded", True)
