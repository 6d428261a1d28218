"""What an agent is told of a conversation before it is asked: all that it has not heard, nothing twice, and nothing of elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from chainbot_desktop.chat.turns import RecallResult
from chainbot_desktop.chat.unheard import SHARE
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ports import TalkContext, TalkRecall
from chainbot_desktop.store.conversation_rows import Conversation
from tests.helpers.chats import Chat, open_chat
from tests.helpers.talking import said, settled, texts, until
from tests.helpers.talks import FakeRun, FakeTalk


def told(run: FakeRun) -> list[tuple[str, str]]:
    return [(line.author, line.text) for line in run.context.said] if run.context is not None else []


async def say(chat: Chat, talk: FakeTalk, conversation_id: str, text: str, answer: str) -> FakeRun:
    """Ask, and have it answered."""
    await chat.service.post(conversation_id, text)
    run = talk.last
    run.finish(answer)
    await settled(chat)
    return run


async def test_who_is_addressed_later_is_told_what_was_said(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        first = await say(chat, talk, made.id, "@Ada my dog is called Rex", "Nice.")
        assert first.context is None, "there is nothing that it does not know"
        bob = await say(chat, talk, made.id, "@Bob what is its name?", "Rex.")
        assert told(bob) == [("test", "@Ada my dog is called Rex"), ("Ada", "Nice.")]
        assert bob.context is not None
        assert [line.by_agent for line in bob.context.said] == ["", "id-Ada"]
        ada = await say(chat, talk, made.id, "@Ada do you agree?", "Yes.")
        assert told(ada) == [("test", "@Bob what is its name?"), ("Bob", "Rex.")]
        assert ada.context is not None
        assert not ada.context.anew, "it remembers the beginning"
        assert told(await say(chat, talk, made.id, "@Ada and now?", "Still.")) == []
        assert told(await say(chat, talk, made.id, "@Bob and you?", "Too."))[0] == ("test", "@Ada do you agree?")


async def test_what_others_said_while_it_worked_is_told_next_time(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada @Bob what do you think?")
        ada, bob = talk.runs.values()
        bob.finish("I think so.")
        await until(lambda: bob.outcome.done() and len(chat.service.answers._streams) == 1)  # type: ignore[union-attr]
        ada.finish("I do not.")
        await settled(chat)
        again = await say(chat, talk, made.id, "@Ada why?", "Because.")
        assert told(again) == [("Bob", "I think so.")]


async def test_what_was_said_to_a_task_that_failed_is_told_again(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await say(chat, talk, made.id, "@Ada one", "1")
        await chat.service.post(made.id, "two")
        talk.last.say("half an ans")
        talk.last.finish(state="failed", reason="The model is gone.")
        await settled(chat)
        run = await say(chat, talk, made.id, "three", "3")
        assert told(run) == [("test", "two"), ("Ada", "half an ans")]


async def test_a_message_that_reached_it_between_two_steps_is_not_told_again(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada one")
        ada = talk.last
        await chat.service.post(made.id, "and this", delivery="between")
        assert ada.steered == ["and this"]
        await chat.service.post(made.id, "@Bob hello")
        ada.finish("done")
        talk.last.finish("hi")
        await settled(chat)
        assert told(await say(chat, talk, made.id, "@Ada more", "ok")) == [("test", "@Bob hello"), ("Bob", "hi")]


async def test_only_the_newest_that_fit_are_told(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "Bob")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        for number in range(40):
            await chat.service._table.post(made.id, f"{number} " + "x" * 1000, author="user:test")
        await chat.service._table.post(made.id, "y" * SHARE * 2, author="user:test")
        await chat.service.post(made.id, "@Bob hello")
        lines = told(talk.last)
        assert sum(len(text) for _, text in lines) <= SHARE
        assert [text.split(" ")[0] for _, text in lines[:-1]] == [str(n) for n in range(40 - len(lines) + 1, 40)]
        assert lines[-1][1].startswith("yyy")
        assert lines[-1][1].endswith(f"({SHARE * 2 - SHARE // 2:,} more characters)")


async def test_commands_and_lines_of_the_panel_are_not_told(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "/status")
        await chat.service.post(made.id, "a note")
        await chat.service.post(made.id, "@nobody hello")
        assert told(await say(chat, talk, made.id, "@Ada hi", "hi")) == [("test", "a note"), ("test", "@nobody hello")]


async def test_what_is_cleared_is_not_told_and_not_remembered(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await say(chat, talk, made.id, "@Ada the code is 1234", "Noted.")
        await chat.service.clear(made.id)
        run = await say(chat, talk, made.id, "what is the code?", "I do not know.")
        assert run.context == TalkContext(anew=True)
        after = await say(chat, talk, made.id, "and now?", "No.")
        assert after.context is None, "once is enough"


class Source:
    """Recalls what the test says."""

    def __init__(self) -> None:
        self.result = RecallResult()
        self.error: ChainBotError | None = None
        self.asked: list[tuple[str, str, str]] = []

    async def recall(self, conversation: Conversation, task: str, agent_id: str) -> RecallResult:
        self.asked.append((conversation.id, task, agent_id))
        if self.error is not None:
            raise self.error
        return self.result


async def test_what_is_recalled_goes_along_and_stands_with_the_answer(tmp_path: Path) -> None:
    talk, source = FakeTalk("Ada"), Source()
    source.result = RecallResult((TalkRecall("note:1", "A note", "Rex is a dog."),))
    async with open_chat(tmp_path, talk=talk, turns=source) as chat:
        made = await chat.service.begin()
        run = await say(chat, talk, made.id, "@Ada who is Rex?", "A dog.")
        assert source.asked == [(made.id, "who is Rex?", "id-Ada")]
        assert run.context == TalkContext(recalled=source.result.recalled)
        answer = (await said(chat, made.id))[-1]
        assert answer.detail["recalled"] == [{"ref": "note:1", "title": "A note", "text": "Rex is a dog."}]
        source.error = ChainBotError("The index is broken.")
        run = await say(chat, talk, made.id, "again", "A dog.")
        assert run.context is None
        assert "Nothing was recalled for **Ada**: The index is broken" in "\n".join(await texts(chat, made.id))


async def test_a_summary_stands_for_what_came_before_and_begins_anew_once(tmp_path: Path) -> None:
    talk, source = FakeTalk("Ada"), Source()
    async with open_chat(tmp_path, talk=talk, turns=source) as chat:
        made = await chat.service.begin()
        await say(chat, talk, made.id, "@Ada one", "1")
        through = (await said(chat, made.id))[-1].number
        await say(chat, talk, made.id, "two", "2")
        source.result = RecallResult(summary="They counted to one.", summary_through=through)
        first = await say(chat, talk, made.id, "three", "3")
        assert first.context is not None
        assert (first.context.summary, first.context.anew) == ("They counted to one.", True)
        assert told(first) == [("test", "two"), ("Ada", "2")], "its own answers too: what it remembers does not count"
        second = await say(chat, talk, made.id, "four", "4")
        assert second.context == TalkContext(summary="They counted to one.")
        source.result = RecallResult()
        undone = await say(chat, talk, made.id, "five", "5")
        assert undone.context is not None
        assert undone.context.anew, "without the summary there is a gap in what it remembers"
        assert told(undone)[0] == ("test", "@Ada one")


async def test_a_guest_is_told_nothing_of_the_conversation(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    talk.add("Eva")
    guest = replace(talk.here.pop("id-Eva"), guest=True)
    talk.visitors.append(guest)
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await say(chat, talk, made.id, "@Ada a secret", "Sure.")
        talk.here[guest.id] = guest
        await chat.service.post(made.id, "@Eva hello")
        assert (talk.last.agent_id, talk.last.context) == ("id-Eva", None)


async def test_in_a_branch_the_stem_is_told_its_own_answers_too(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        stem = await chat.service.begin()
        await say(chat, talk, stem.id, "@Ada one", "1")
        branch = await chat.service.fork(stem.id)
        await say(chat, talk, stem.id, "@Ada only in the stem", "yes")
        first = await say(chat, talk, branch.id, "@Ada two", "2")
        assert first.context is not None
        assert [(line.author, line.text, line.by_agent) for line in first.context.said] == [
            ("test", "@Ada one", ""),
            ("Ada", "1", "id-Ada"),
        ]
        assert first.context.anew
        answer = (await said(chat, branch.id))[-1]
        assert (await say(chat, talk, branch.id, "@Ada three", "3")).context is None
        await chat.service.merge_back(answer.id)
        in_stem = await say(chat, talk, stem.id, "@Ada four", "4")
        assert told(in_stem) == [("Ada", "2")], "it said so elsewhere"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["@Ada", "@Bob", "@Ada @Bob"]), min_size=1, max_size=8))
def test_nothing_is_told_twice_and_nothing_is_left_out(turns: list[str]) -> None:
    """Whoever is asked in whatever order: what it was told, asked and answered is the whole conversation, each message once."""

    async def play(folder: Path) -> None:
        talk = FakeTalk("Ada", "Bob")
        async with open_chat(folder, talk=talk) as chat:
            made = await chat.service.begin()
            for number, names in enumerate(turns):
                before = len(talk.runs)
                await chat.service.post(made.id, f"{names} question {number}")
                for run in list(talk.runs.values())[before:]:
                    run.finish(f"answer {run.id}")
                await settled(chat)
            await chat.service.post(made.id, "@Ada last")
            runs = [run for run in talk.runs.values() if run.agent_id == "id-Ada"]
            knows = [text for run in runs for _, text in told(run)]
            knows += [f"answer {run.id}" for run in runs[:-1]]
            knows += [f"{names} question {number}" for number, names in enumerate(turns) if "Ada" in names]
            assert sorted(knows) == sorted((await texts(chat, made.id))[:-1])

    with TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))
