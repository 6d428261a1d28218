"""Summaries of the older part of a conversation: what they stand for, what is lost (nothing), and what becomes of failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from chainbot_desktop.chat.recall.ranking import tokens_of
from chainbot_desktop.chat.summaries import KEPT_MESSAGES, SummaryLimits
from chainbot_desktop.chat.summary_parts import parts_of
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.events.envelope import SYSTEM
from tests.helpers.recalls import Recalling, open_recalling


@pytest.fixture
async def recalling(tmp_path: Path) -> AsyncIterator[Recalling]:
    async with open_recalling(tmp_path) as opened:
        yield opened


async def long_one(recalling: Recalling, count: int = 20, words: int = 10) -> str:
    return await recalling.conversation(*(f"Message {number}: " + "word " * words for number in range(count)))


async def make_branch(recalling: Recalling, conversation_id: str, stem: str, number: int) -> None:
    statement = text("UPDATE conversations SET branched_from = :stem, branched_at = :at WHERE id = :id")
    values = {"stem": stem, "at": number, "id": conversation_id}
    await recalling.chat.store.database.write(lambda connection: connection.execute(statement, values) and None)


async def test_a_summary_stands_for_the_older_messages_and_deletes_none(recalling: Recalling) -> None:
    here = await long_one(recalling)
    before = await recalling.service.before(here, None, 100)
    made = await recalling.summaries.summarise(here)
    assert (made.kind, made.author, made.text) == ("summary", SYSTEM, "What was said before.")
    through = made.detail["through"]
    stood_for = [message for message in before if message.number <= through]
    assert made.detail == {"through": through, "active": True, "messages": len(stood_for)}
    assert KEPT_MESSAGES <= len(before) - len(stood_for) <= 10
    assert await recalling.service.before(here, None, 100) == [*before, made]
    conversation = await recalling.service.conversation(here)
    result = await recalling.recall.recall(conversation, "and now?", "agent")
    assert (result.summary, result.summary_through) == ("What was said before.", through)
    [(asked, _)] = recalling.model.asked
    assert all(message.text.strip() in asked for message in stood_for)
    assert "test: Message 0" in asked
    assert before[-1].text not in asked


async def test_the_next_summary_takes_in_the_one_before(recalling: Recalling) -> None:
    here = await long_one(recalling)
    recalling.model.answers = ["First summary.", "Second summary."]
    first = await recalling.summaries.summarise(here)
    for number in range(20):
        await recalling.service.post(here, f"Later message {number}")
    second = await recalling.summaries.summarise(here)
    assert recalling.model.asked[1][0].startswith("First summary.")
    assert "Message 0:" not in recalling.model.asked[1][0]
    assert second.detail["messages"] > first.detail["messages"]
    standing = await recalling.summaries.standing(here)
    assert standing is not None
    assert standing.id == second.id


async def test_undoing_brings_back_what_stood_before(recalling: Recalling) -> None:
    here = await long_one(recalling)
    first = await recalling.summaries.summarise(here)
    for number in range(20):
        await recalling.service.post(here, f"Later message {number}")
    second = await recalling.summaries.summarise(here)
    await recalling.summaries.undo(second.id)
    undone = await recalling.service.message(second.id)
    assert undone is not None
    assert undone.detail["active"] is False
    standing = await recalling.summaries.standing(here)
    assert standing is not None
    assert standing.id == first.id
    await recalling.summaries.undo(first.id)
    assert await recalling.summaries.standing(here) is None
    await recalling.summaries.undo(second.id, active=True)
    standing = await recalling.summaries.standing(here)
    assert standing is not None
    assert standing.id == second.id


async def test_what_is_no_summary_cannot_be_undone(recalling: Recalling) -> None:
    here = await recalling.conversation("Hello")
    message = (await recalling.service.before(here, None, 1))[0]
    for message_id in (message.id, "nobody"):
        with pytest.raises(NotFound):
            await recalling.summaries.undo(message_id)


async def test_a_short_conversation_has_nothing_to_summarise(recalling: Recalling) -> None:
    here = await recalling.conversation("One", "Two", "Three", "Four", "Five")
    with pytest.raises(InvalidInput, match="too little"):
        await recalling.summaries.summarise(here)
    assert recalling.model.asked == []


@pytest.mark.parametrize("answer", [Unavailable("The model does not answer."), "  \n"])
async def test_a_failure_leaves_all_as_it_was(recalling: Recalling, answer: str | Exception) -> None:
    here = await long_one(recalling)
    before = await recalling.service.before(here, None, 100)
    recalling.model.answers = [answer]
    with pytest.raises(Unavailable):
        await recalling.summaries.summarise(here)
    assert await recalling.service.before(here, None, 100) == before
    assert await recalling.summaries.standing(here) is None
    assert recalling.summaries.progress(here) is None
    recalling.model.answers = ["Now it does."]
    assert (await recalling.summaries.summarise(here)).text == "Now it does."


async def test_two_at_once_are_refused_and_one_can_be_stopped(recalling: Recalling) -> None:
    here = await long_one(recalling)
    before = await recalling.service.before(here, None, 100)
    recalling.model.held = asyncio.Event()
    ended: list[str] = []

    async def first() -> None:
        with pytest.raises(Unavailable, match="stopped"):
            await recalling.summaries.summarise(here)
        ended.append("first")

    recalling.tasks.spawn("first", first())
    await recalling.until(lambda: recalling.model.asked)
    with pytest.raises(Conflict):
        await recalling.summaries.summarise(here)
    assert recalling.summaries.stop(here)
    await recalling.until(lambda: ended)
    assert not recalling.summaries.stop(here)
    assert await recalling.service.before(here, None, 100) == before
    recalling.model.held = None
    await recalling.summaries.summarise(here)


async def test_a_long_text_is_summarised_in_parts_with_progress(recalling: Recalling) -> None:
    here = await long_one(recalling, count=40, words=200)
    told: list[tuple[int, int]] = []

    def on_change(conversation_id: str) -> None:
        progress = recalling.summaries.progress(conversation_id)
        if progress is not None:
            told.append((progress.done, progress.total))

    recalling.summaries.changed.add(on_change)
    made = await recalling.summaries.summarise(here, context=4096)
    assert made.text == "What was said before."
    assert len(recalling.model.asked) > 3
    assert all(tokens_of(asked) <= 2048 for asked, _ in recalling.model.asked)
    assert told == sorted(told)
    assert told[0][0] == 0
    assert recalling.model.asked[-1][0].count("What was said before.") > 1, "the summaries of the parts are summed up"
    seen = "".join(asked for asked, _ in recalling.model.asked)
    assert all(f"Message {number}:" in seen for number in range(int(made.detail["messages"])))


async def test_a_model_that_only_repeats_is_given_up(recalling: Recalling) -> None:
    here = await long_one(recalling, count=40, words=200)
    recalling.model.answers = ["the same long words again " * 300]
    with pytest.raises(Unavailable, match="shorter"):
        await recalling.summaries.summarise(here, context=4096)
    assert await recalling.summaries.standing(here) is None


async def test_no_secret_is_given_to_the_model(recalling: Recalling) -> None:
    recalling.redactor.add("swordfish-1234")
    here = await recalling.conversation(*(f"Message {number} swordfish-1234" for number in range(20)))
    await recalling.summaries.summarise(here)
    assert "swordfish" not in recalling.model.asked[0][0]


async def test_a_summary_of_the_stem_stands_in_a_branch_that_came_after_it(recalling: Recalling) -> None:
    stem = await long_one(recalling)
    early = (await recalling.service.before(stem, None, 100))[-1].number
    made = await recalling.summaries.summarise(stem)
    for branch_at, stands in ((early, False), (made.number, True)):
        branch = await recalling.conversation("Hello")
        await make_branch(recalling, branch, stem, branch_at)
        assert (await recalling.summaries.standing(branch) is not None) is stands


async def test_a_cleared_conversation_has_no_summary(recalling: Recalling) -> None:
    here = await long_one(recalling)
    await recalling.summaries.summarise(here)
    undoable = await recalling.service.clear(here)
    assert await recalling.summaries.standing(here) is None
    await undoable.undo()
    assert await recalling.summaries.standing(here) is not None


async def test_near_the_limit_it_comes_by_itself_before_the_next_turn(tmp_path: Path) -> None:
    async with open_recalling(tmp_path, summary_limits=SummaryLimits(above=0.7)) as recalling:
        recalling.contexts["agent"] = 4096
        here = await long_one(recalling, count=10, words=10)
        conversation = await recalling.service.conversation(here)
        await recalling.recall.recall(conversation, "and now?", "agent")
        await recalling.until(lambda: not recalling.tasks.names)
        assert recalling.model.asked == [], "there is room yet"
        for number in range(20):
            await recalling.service.post(here, f"Message {number}: " + "word " * 120)
        await recalling.recall.recall(conversation, "and now?", "agent")
        await recalling.until(lambda: not recalling.tasks.names)
        standing = await recalling.summaries.standing(here)
        assert standing is not None
        asked = len(recalling.model.asked)
        result = await recalling.recall.recall(conversation, "and now?", "agent")
        await recalling.until(lambda: not recalling.tasks.names)
        assert result.summary == "What was said before."
        assert len(recalling.model.asked) == asked, "there is room again"


async def test_a_failure_by_itself_is_logged_and_not_repeated_at_every_turn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_recalling(tmp_path) as recalling:
        recalling.contexts["agent"] = 4096
        recalling.model.answers = [Unavailable("The model does not answer.")]
        here = await long_one(recalling, count=30, words=120)
        conversation = await recalling.service.conversation(here)
        for _ in range(3):
            await recalling.recall.recall(conversation, "and now?", "agent")
            await recalling.until(lambda: not recalling.tasks.names)
        assert len(recalling.model.asked) == 1
        assert "The model does not answer." in caplog.text


async def test_what_would_cost_many_requests_waits_until_it_is_asked_for(tmp_path: Path) -> None:
    async with open_recalling(tmp_path) as recalling:
        recalling.contexts["agent"] = 1024
        here = await long_one(recalling, count=60, words=200)
        conversation = await recalling.service.conversation(here)
        await recalling.recall.recall(conversation, "and now?", "agent")
        await recalling.until(lambda: not recalling.tasks.names)
        assert recalling.model.asked == []


async def test_it_can_be_switched_off(tmp_path: Path) -> None:
    async with open_recalling(tmp_path, summary_limits=SummaryLimits(above=0)) as recalling:
        recalling.contexts["agent"] = 512
        here = await long_one(recalling)
        await recalling.recall.recall(await recalling.service.conversation(here), "and now?", "agent")
        assert recalling.tasks.names == ()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=2000), max_size=8), st.integers(20, 400))
def test_parts_hold_all_of_a_text_and_none_is_too_long(paragraphs: list[str], tokens: int) -> None:
    whole = "\n\n".join(paragraphs)
    parts = parts_of(whole, tokens)
    assert all(tokens_of(part) <= tokens for part in parts)
    assert "".join("".join(parts).split()) == "".join(whole.split())
