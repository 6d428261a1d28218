"""Names that a model gives: after the first answer, once, never over a person's, and nothing where it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from chainbot_desktop.chat.titles import title_in
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.store.conversation_rows import Conversation
from tests.helpers.chats import Chat, open_chat
from tests.helpers.talks import FakeTalk

BY_MODEL = {"model": "openai/gpt-5"}


class Namer:
    """Implements `core.ports.Wording`. Answers when it is `free`."""

    def __init__(self, answer: str | Exception | None = "Moisture in bed 3") -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.free = asyncio.Event()
        self.free.set()
        self.cut_off = 0

    async def title(self, first_exchange: str) -> str | None:
        self.asked.append(first_exchange)
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def summarise(self, text: str, most_tokens: int) -> str:
        raise AssertionError("nobody asks for a summary here")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)


async def settled(chat: Chat) -> None:
    """Until every answer is kept and every name is given."""
    answers, titles = chat.service.answers, chat.service._titles
    assert answers is not None
    assert titles is not None
    await until(lambda: not answers._streams and not titles._waiting)


async def answered(chat: Chat, talk: FakeTalk, question: str, answer: str, **data: object) -> Conversation:
    made = await chat.service.begin()
    await chat.service.post(made.id, f"@Ada {question}")
    talk.last.finish(answer, data=data or BY_MODEL)
    answers = chat.service.answers
    assert answers is not None
    await until(lambda: not answers._streams)
    return made


async def test_the_first_answer_names_a_conversation_and_no_later_one_does(tmp_path: Path) -> None:
    talk, namer = FakeTalk("Ada"), Namer()
    async with open_chat(tmp_path, talk=talk, wording=namer) as chat:
        made = await answered(chat, talk, "why is it so dry in bed 3?", "The valve is shut.")
        await settled(chat)
        named = await chat.service.conversation(made.id)
        assert (named.title, named.named_by) == ("Moisture in bed 3", "model")
        assert "why is it so dry in bed 3?" in namer.asked[0]
        assert "The valve is shut." in namer.asked[0]
        await chat.service.post(made.id, "@Ada and bed 4?")
        talk.last.finish("Open.", data=BY_MODEL)
        await settled(chat)
        assert len(namer.asked) == 1


async def test_a_name_of_a_person_stays_even_one_given_meanwhile(tmp_path: Path) -> None:
    talk, namer = FakeTalk("Ada"), Namer()
    async with open_chat(tmp_path, talk=talk, wording=namer) as chat:
        mine = await chat.service.begin("Mine")
        await chat.service.post(mine.id, "@Ada hello")
        talk.last.finish("Hello.", data=BY_MODEL)
        await settled(chat)
        assert namer.asked == []
        namer.free.clear()
        made = await answered(chat, talk, "hello", "Hello.")
        await until(lambda: namer.asked)
        await chat.service.rename(made.id, "My own words")
        namer.free.set()
        await settled(chat)
        assert {c.title for c in await chat.service.conversations()} == {"Mine", "My own words"}


@pytest.mark.parametrize(
    "answer", [None, "", " \n", '""', Unavailable("It is down."), Unavailable("Its day's budget is spent.")]
)
async def test_where_no_name_comes_the_first_words_stay(tmp_path: Path, answer: str | Exception | None) -> None:
    talk, namer = FakeTalk("Ada"), Namer(answer)
    async with open_chat(tmp_path, talk=talk, wording=namer) as chat:
        made = await answered(chat, talk, "why so dry?", "The valve.")
        await settled(chat)
        assert len(namer.asked) == 1
        kept = await chat.service.conversation(made.id)
        assert (kept.title, kept.named_by) == ("why so dry?", "words")


async def test_what_no_model_answered_is_given_to_none(tmp_path: Path) -> None:
    talk, namer = FakeTalk("Ada"), Namer()
    async with open_chat(tmp_path, talk=talk, wording=namer) as chat:
        await answered(chat, talk, "run it", "exit 0", program="a command")
        await answered(chat, talk, "hello", "Hi", model="local/smollm2", demonstration=True)
        await settled(chat)
        assert namer.asked == []


async def test_what_was_cleared_or_deleted_is_not_told_to_a_model(tmp_path: Path) -> None:
    talk, namer = FakeTalk("Ada"), Namer()
    async with open_chat(tmp_path, talk=talk, wording=namer) as chat:
        namer.free.clear()
        first = await answered(chat, talk, "first", "1")
        await until(lambda: namer.asked)
        second = await answered(chat, talk, "my secret", "kept")
        third = await answered(chat, talk, "my other secret", "kept")
        await chat.service.delete(second.id)
        await chat.service.clear(third.id)
        await chat.service.delete(first.id)
        namer.free.set()
        await settled(chat)
        assert len(namer.asked) == 1
        assert "secret" not in namer.asked[0]


async def test_the_end_does_not_wait_for_a_name(tmp_path: Path) -> None:
    talk, namer = FakeTalk("Ada"), Namer()
    namer.free.clear()
    async with open_chat(tmp_path, talk=talk, wording=namer) as chat:
        await answered(chat, talk, "why so dry?", "The valve.")
        await until(lambda: namer.asked)
    assert namer.cut_off == 1


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Garden beds", "Garden beds"),
        ('  "Garden beds."  \nBecause that is what it is about.', "Garden beds"),
        ("Title: **Garden** beds", "Garden beds"),
        ("# Garden\tbeds\x07\u202e", "Garden beds"),
        ("Ein Gespräch über „Gärten“", "Ein Gespräch über „Gärten“"),
        ("a\ud800b", "a b"),
        ("word " * 40, "word word word word word word word word word word word…"),
        ("x" * 500, "x" * 59 + "…"),
        ("<think>", "<think>"),
    ],
)
def test_a_name_is_one_line_of_bounded_length(said: str, title: str) -> None:
    assert title_in(said) == title
