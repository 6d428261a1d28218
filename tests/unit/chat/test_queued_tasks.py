"""Tasks that wait: they are listed, get other words with their message, or are taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.core.errors import Conflict, NotFound
from chainbot_desktop.core.events import MessageChanged
from chainbot_desktop.core.ports import EventQuery
from tests.helpers.chats import open_chat
from tests.helpers.talking import settled, texts
from tests.helpers.talks import FakeTalk

ME = "user:test"


async def test_a_task_that_waits_gets_other_words_and_its_message_too(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        changes: list[str] = []
        chat.service.on_change(lambda change: changes.append(change.changed_id))
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada one")
        posted = await chat.service.post(made.id, "@Ada two\n")
        assert posted.message is not None
        first, second = talk.runs.values()
        assert [(one.run_id, one.name, one.text, one.message_id) for one in answers.queued(made.id)] == [
            (second.id, "Ada", "two", posted.message.id)
        ]
        await answers.edit(second.id, "  three ", actor=ME)
        assert second.task == "three"
        assert answers.queued(made.id)[0].text == "three"
        assert await texts(chat, made.id) == ["@Ada one", "@Ada three"]
        assert posted.message.id in changes
        assert [hit.message_id for hit in await chat.service.find("three", 5)] == [posted.message.id]
        assert await chat.service.find("two", 5) == []
        assert len(await chat.store.journal.read(EventQuery(types=("message_changed",)))) == 1
        assert MessageChanged.model_fields["type"].default == "message_changed"
        with pytest.raises(Conflict):
            await answers.edit(first.id, "four", actor=ME)
        with pytest.raises(NotFound):
            await answers.edit("run-9", "four", actor=ME)
        assert (await texts(chat, made.id))[0] == "@Ada one"
        first.finish("1")
        second.finish("3")
        await settled(chat)


async def test_a_message_that_asked_several_keeps_its_words(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada one")
        await chat.service.post(made.id, "@Ada @Bob two")
        (waiting,) = answers.queued(made.id)
        await answers.edit(waiting.run_id, "three", actor=ME)
        assert await texts(chat, made.id) == ["@Ada one", "@Ada @Bob two"]


async def test_a_task_is_taken_back(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada one")
        await chat.service.post(made.id, "two")
        first, second = talk.runs.values()
        with pytest.raises(Conflict):
            await answers.take_back(first.id, actor=ME)
        await answers.take_back(second.id, actor=ME)
        first.finish("1")
        await settled(chat)
        assert sorted((await texts(chat, made.id))[2:]) == [
            "**Ada** was not asked: the task was taken back before it began.",
            "1",
        ]


async def test_what_waits_is_known_again_after_a_restart(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada one")
        await chat.service.post(made.id, "two")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        (waiting,) = answers.queued(made.id)
        await answers.edit(waiting.run_id, "three", actor=ME)
        assert await texts(chat, made.id) == ["@Ada one", "three"]
