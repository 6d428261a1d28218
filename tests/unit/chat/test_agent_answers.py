"""Messages to agents: who is asked, what is kept of the answers, and what of an end that was not good."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from chainbot_desktop.chat.answer_stream import MAX_ANSWER, AnswerStream, note_of
from chainbot_desktop.core.errors import InvalidInput, NotFound
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.ports import TalkRun, TalkUpdate
from tests.helpers.chats import Chat, open_chat
from tests.helpers.talking import said, settled, texts, until
from tests.helpers.talks import FakeTalk


async def test_the_agent_that_is_named_is_asked_and_its_answer_is_kept(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "tests")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada sum it up")
        run = talk.last
        assert (run.agent_id, run.task, run.conversation_id, run.actor) == ("id-Ada", "sum it up", made.id, "user:test")
        answers = chat.service.answers
        assert answers is not None
        (stream,) = answers.of(made.id)
        run.think("hm ")
        run.step("read  notes.md\nand more")
        run.say("It is ")
        run.say("**fine**.")
        assert (stream.text, stream.state, stream.steps) == ("It is **fine**.", "working", ["read notes.md and more"])
        assert await texts(chat, made.id) == ["@Ada sum it up"]
        run.finish(data={"model": "local/smollm2", "demonstration": True})
        await settled(chat)
        answer = (await said(chat, made.id))[-1]
        assert (answer.author, answer.kind, answer.text) == ("agent:id-Ada", "text", "It is **fine**.")
        note = note_of(answer.detail)
        assert note is not None
        assert (note.name, note.state, note.demonstration, note.model) == ("Ada", "succeeded", True, "local/smollm2")
        assert (note.steps, note.thinking) == (("read notes.md and more",), "hm ")
        assert answers.of(made.id) == []
        assert len(chat.service.commands.specs) > 6


async def test_the_first_agent_leads_and_is_asked_where_nobody_is_named(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "tests")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "just a note")
        assert talk.runs == {}
        await chat.service.post(made.id, "@Ada one")
        await chat.service.post(made.id, "@tests two")
        await chat.service.post(made.id, "three")
        assert [(run.agent_id, run.task) for run in talk.runs.values()] == [
            ("id-Ada", "one"),
            ("id-tests", "two"),
            ("id-Ada", "three"),
        ]
        assert (await chat.service.conversation(made.id)).lead == "id-Ada"
        del talk.here["id-Ada"]
        await chat.service.post(made.id, "four")
        assert len(talk.runs) == 3
        assert "nobody was asked" in (await texts(chat, made.id))[-1]
        await chat.service.post(made.id, "@tests five")
        await chat.service.post(made.id, "six")
        assert [run.task for run in talk.runs.values()][-2:] == ["five", "six"]


async def test_answers_of_an_agent_are_kept_in_the_order_in_which_they_end_and_hold_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = FakeTalk("Ada", "tests")
    held = asyncio.Event()
    following = talk.following

    async def slowly(run_id: str) -> Sequence[TalkRun]:
        if run_id == "run-1":
            await held.wait()
        return await following(run_id)

    monkeypatch.setattr(talk, "following", slowly)
    async with open_chat(tmp_path, talk=talk) as chat:
        made, other = await chat.service.begin(), await chat.service.begin()
        for where, text in ((made, "@Ada one"), (made, "@Ada two"), (made, "@tests three"), (other, "@Ada four")):
            await chat.service.post(where.id, text)
        for number, run in enumerate(talk.runs.values(), start=1):
            run.finish(f"answer {number}")
        answers = chat.service.answers
        assert answers is not None
        await until(lambda: set(answers._streams) == {"run-1", "run-2"})
        assert (await texts(chat, made.id))[3:] == ["answer 3"]
        assert (await texts(chat, other.id))[1:] == ["answer 4"]
        held.set()
        await settled(chat)
        assert (await texts(chat, made.id))[3:] == ["answer 3", "answer 1", "answer 2"]


async def test_a_conversation_with_an_agent_is_begun_once_and_led_by_it(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "tests")
    async with open_chat(tmp_path, talk=talk) as chat:
        other = await chat.service.begin()
        await chat.service.post(other.id, "@Ada one")
        talk.last.finish("done")
        await settled(chat)
        assert (await chat.service.with_agent("id-Ada")).id == other.id, "the newest that it leads"
        begun = await chat.service.with_agent("id-tests")
        assert begun.id != other.id
        assert (await chat.service.with_agent("id-tests")).id == begun.id
        await chat.service.post(begun.id, "run them")
        assert (talk.last.agent_id, talk.last.task) == ("id-tests", "run them")
        with pytest.raises(NotFound):
            await chat.service.with_agent("id-nobody")


async def test_an_unknown_name_is_answered_and_a_missing_task_leaves_nothing(tmp_path: Path) -> None:
    async with open_chat(tmp_path, talk=FakeTalk("Ada", "[x](chainbot:chat)")) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@adda hello")
        kept = await said(chat, made.id)
        assert [message.kind for message in kept] == ["text", "system"]
        assert "There is no agent @adda here" in kept[1].text
        assert "Did you mean @Ada?" in kept[1].text
        await chat.service.post(made.id, "@zzz hello")
        assert "\\[x\\]\\(chainbot&#58;chat\\)" in (await texts(chat, made.id))[-1]
        with pytest.raises(InvalidInput):
            await chat.service.post(made.id, "@Ada ")
        assert len(await said(chat, made.id)) == 4


async def test_an_agent_that_cannot_take_it_says_why_and_how(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    talk.add("tests", "stopped")
    talk.add("watch", kind="command", takes_tasks=False)
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@tests @watch @Ada go")
        lines = await texts(chat, made.id)
        assert "was not asked: tests is stopped\\. Restart it first" in lines[1]
        assert "takes no tasks" in lines[2]
        assert [run.agent_id for run in talk.runs.values()] == ["id-Ada"]


async def test_a_failed_run_keeps_what_was_said_and_the_reason(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada one")
        talk.last.say("The first half")
        talk.last.finish(state="failed", reason="The key was refused. Look at [your key](chainbot:chat?x=1).")
        await settled(chat)
        kept = await said(chat, made.id)
        assert kept[1].text == "The first half"
        note = note_of(kept[1].detail)
        assert note is not None
        assert note.state == "failed"
        assert kept[2].kind == "system"
        assert "could not finish. The key was refused" in kept[2].text
        assert "](" not in kept[2].text  # what an agent says never becomes a link of the panel's own
        await chat.service.post(made.id, "two")
        talk.last.finish(state="failed", reason="")
        await settled(chat)
        last = (await said(chat, made.id))[-1]
        assert "It gave no reason" in last.text
        assert note_of(last.detail) is not None


async def test_stop_ends_the_answer_and_says_so(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada count")
        talk.last.say("1 2 3")
        await answers.stop(talk.last.id, actor="user:test")
        await settled(chat)
        assert (await texts(chat, made.id))[1:] == ["1 2 3", "The answer of **Ada** was interrupted. Cancelled by test\\."]
        await answers.stop("run-1", actor="user:test")


async def test_two_agents_answer_at_once_each_in_its_own_message(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "tests")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada @tests hello")
        one, two = talk.runs.values()
        for n in range(50):
            one.say(f"a{n} ")
            two.say(f"b{n} ")
        two.finish()
        await until(lambda: len(chat.service.answers.of(made.id)) == 1)  # type: ignore[union-attr]
        one.finish()
        await settled(chat)
        kept = (await said(chat, made.id))[1:]
        assert [message.author for message in kept] == ["agent:id-tests", "agent:id-Ada"]
        assert kept[0].text == "".join(f"b{n} " for n in range(50))


async def test_queue_steer_and_interrupt(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada one")
        await chat.service.post(made.id, "two")
        first, second = answers.of(made.id)
        assert (first.state, second.state) == ("working", "queued")
        await chat.service.post(made.id, "look at the log too", delivery="between")
        assert talk.runs["run-1"].steered == ["look at the log too"]
        assert len(answers.of(made.id)) == 2
        talk.runs["run-1"].finish("done one")
        await until(lambda: second.state == "working")
        await chat.service.post(made.id, "three", delivery="interrupt")
        await until(lambda: [stream.run_id for stream in answers.of(made.id)] == ["run-3"])
        assert "The answer of **Ada** was interrupted. A new message interrupted it\\." in await texts(chat, made.id)


async def test_what_it_waits_for_is_shown(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        made = await chat.service.begin()
        told: list[str] = []
        await chat.service.post(made.id, "@Ada clean up")
        (stream,) = answers.of(made.id)
        end = answers.on_change(lambda: told.append(stream.state))
        talk.last.waits("your approval")
        assert (stream.state, stream.waiting_for) == ("waiting", "your approval")
        await until(lambda: told and told[-1] == "waiting")
        talk.last.goes_on()
        assert (stream.state, stream.waiting_for) == ("working", "")
        end()


async def test_a_flood_of_tokens_is_told_of_a_few_times_only(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada flood")
        told: list[int] = []
        (stream,) = answers.of(made.id)
        answers.on_change(lambda: told.append(stream.length))
        for n in range(5000):
            talk.last.say(f"word{n} ")
            if not n % 500:
                await asyncio.sleep(0)
        await until(lambda: told and told[-1] == stream.length)
        assert len(told) < 20
        assert stream.text == "".join(f"word{n} " for n in range(5000))


async def test_an_endless_answer_has_an_end_here(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada go on")
        talk.last.finish("x" * (MAX_ANSWER + 5))
        await settled(chat)
        kept = await said(chat, made.id)
        assert len(kept[1].text) == MAX_ANSWER
        assert "longer than a message may be" in kept[2].text
    stream = AnswerStream("r", "c", "a", "A", "", lambda: None)
    for _ in range(3000):
        stream.hear(TalkUpdate("r", "answer", "y" * 1000))
        stream.hear(TalkUpdate("r", "thinking", "z" * 1000))
        stream.hear(TalkUpdate("r", "step", "a step"))
    assert MAX_ANSWER <= len(stream.text) < MAX_ANSWER + 1001
    assert len(stream.thinking) == 20_000
    assert (len(stream.steps), stream.steps_before) == (200, 2800)


async def test_hostile_text_comes_back_as_it_was(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada go")
        hostile = "<script>alert(1)</script> \u202e \x00 /stopall\n@Ada again [x](chainbot:chat?conversation_id=1)"
        talk.last.step("half \ud800 a sign")
        talk.last.finish(hostile + "\ud800")
        await settled(chat)
        assert (await texts(chat, made.id))[1] == hostile + "?"
        assert len(talk.runs) == 1  # an answer asks nobody and commands nobody


async def test_what_an_agent_posts_asks_nobody(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada do this", actor="agent:id-other")
        assert talk.runs == {}


async def test_after_a_restart_the_answer_goes_on_or_is_said_to_be_interrupted(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "tests", "third", "fourth")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada @tests @third @fourth go")
        goes_on, was_cut, ended, gone = talk.runs.values()
        for run in talk.runs.values():
            run.say("so far ")
    was_cut.finish(state="cancelled", reason="The program was closed.")
    ended.finish("the whole answer")
    del talk.runs[gone.id]
    async with open_chat(tmp_path, talk=talk) as chat:
        answers = chat.service.answers
        assert answers is not None
        await until(lambda: len(answers.of(made.id)) == 1)
        (stream,) = answers.of(made.id)
        assert (stream.run_id, stream.text) == (goes_on.id, "so far ")
        goes_on.say("and on")
        goes_on.finish()
        await settled(chat)
        kept = {(message.author, message.text) for message in await said(chat, made.id)}
        assert ("agent:id-Ada", "so far and on") in kept
        assert ("agent:id-tests", "so far ") in kept
        assert ("agent:id-third", "the whole answer") in kept
        lines = [text for author, text in kept if author == "system:chainbot"]
        assert any("**tests** was interrupted. The program was closed" in line for line in lines)
        assert any("**fourth** could not finish. What became of it is not known" in line for line in lines)
        count = len(kept)
    async with open_chat(tmp_path, talk=talk) as chat:
        again = chat.service.answers
        assert again is not None
        await until(lambda: again.of(made.id) == [])
        assert len(await said(chat, made.id)) == count


async def test_an_answer_that_was_kept_just_before_the_kill_is_not_kept_twice(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada go")
        under_way = await chat.store.preferences.get("chat.under_way")
        assert list(under_way) == ["run-1"]
        talk.last.finish("once")
        await settled(chat)
        await chat.store.preferences.set("chat.under_way", under_way)
    async with open_chat(tmp_path, talk=talk) as chat:
        await settled(chat)
        assert await texts(chat, made.id) == ["@Ada go", "once"]


def _is_under_way(chat: Chat, conversation_id: str, run_id: str) -> bool:
    """Whether this answer is being written, and no other."""
    answers = chat.service.answers
    assert answers is not None
    return [stream.run_id for stream in answers.of(conversation_id)] == [run_id]


async def test_a_start_between_an_answer_and_what_follows_it_loses_and_repeats_nothing(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada go")
        first = await chat.store.preferences.get("chat.under_way")
        await talk.ask("id-Ada", "and the log", conversation_id=made.id, actor="user:test")
        talk.late["run-1"] = [TalkRun("run-2", made.id, "id-Ada", utc_now())]
        talk.runs["run-1"].finish("one")
        answers = chat.service.answers
        assert answers is not None
        await until(partial(_is_under_way, chat, made.id, "run-2"))
        talk.runs["run-2"].say("two")
        assert answers.of(made.id)[0].text == "two"
        async with asyncio.timeout(5):
            while list(await chat.store.preferences.get("chat.under_way")) != ["run-2"]:
                await asyncio.sleep(0.002)
    # As if the program had been killed before it noted that the first is done with.
    for under_way in (first, None):
        async with open_chat(tmp_path, talk=talk) as chat:
            if under_way is not None:
                await chat.store.preferences.set("chat.under_way", under_way)
        async with open_chat(tmp_path, talk=talk) as chat:
            await until(partial(_is_under_way, chat, made.id, "run-2"))
    talk.runs["run-2"].finish()
    for _ in range(2):
        async with open_chat(tmp_path, talk=talk) as chat:
            await settled(chat)
            assert await texts(chat, made.id) == ["@Ada go", "one", "two"]
            await chat.store.preferences.set("chat.under_way", first)


async def test_an_answer_to_a_deleted_conversation_troubles_nobody(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, undo_seconds=0, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "@Ada go")
        await chat.service.delete(made.id)
        async with asyncio.timeout(5):
            while await chat.store.preferences.get("chat.to_erase"):
                await asyncio.sleep(0.002)
        talk.last.finish("too late")
        await settled(chat)
        async with asyncio.timeout(5):
            while await chat.store.preferences.get("chat.under_way") != {}:
                await asyncio.sleep(0.002)
