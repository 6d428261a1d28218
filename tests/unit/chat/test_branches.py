"""Branches as a person makes them: what they share, what they keep when the rest goes, and what comes back."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from chainbot_desktop.chat.service import Change
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import ConversationBranched, ConversationChanged, MessageChanged
from chainbot_desktop.core.ports import EventQuery, TalkAttachment
from chainbot_desktop.store.conversation_rows import Conversation, Message
from tests.helpers.chats import Chat, open_chat
from tests.helpers.talks import FakeTalk

BODY = b"moist" * 469
PICTURE = TalkAttachment("bed 3.png", "image/png", len(BODY), sha256(BODY).hexdigest())


async def texts(chat: Chat, conversation_id: str) -> list[str]:
    return [message.text for message in await chat.service.before(conversation_id, None, 100)]


async def talked(chat: Chat, *lines: str) -> tuple[Conversation, list[Message]]:
    made = await chat.service.begin()
    posted = [await chat.service.post(made.id, line) for line in lines]
    return await chat.service.conversation(made.id), [each.message for each in posted if each.message is not None]


async def test_a_branch_shares_what_was_said_and_goes_on_by_itself(chat: Chat) -> None:
    stem, said = await talked(chat, "Garden", "two", "three")
    branch = await chat.service.branch(stem.id, said[1].id)
    await chat.service.post(branch.id, "another three")
    await chat.service.post(stem.id, "four")
    assert await texts(chat, branch.id) == ["Garden", "two", "another three"]
    assert await texts(chat, stem.id) == ["Garden", "two", "three", "four"]
    assert (branch.branched_from, branch.branched_at, branch.title) == (stem.id, said[1].number, "Garden (2)")
    assert (await chat.service.fork(branch.id)).title == "Garden (3)"
    assert [c.unread for c in await chat.service.conversations()] == [0, 0, 0]
    events = [r.event for r in await chat.store.journal.read(EventQuery(types=("conversation_branched",)))]
    assert isinstance(events[0], ConversationBranched)
    assert (events[0].data.branched_from, events[0].data.branched_at) == (stem.id, said[1].number)


async def test_a_branch_has_the_agents_of_its_stem(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "tests")
    async with open_chat(tmp_path, talk=talk) as chat:
        stem, _ = await talked(chat, "one")
        await chat.service.update(stem.id, lead="id-Ada", members=["id-Ada", "id-tests", "id-Ada"], turn_order="all")
        branch = await chat.service.fork(stem.id)
        assert (branch.lead, branch.members, branch.turn_order) == ("id-Ada", ("id-Ada", "id-tests"), "all")


async def test_a_message_of_the_stem_is_found_in_the_branch(chat: Chat) -> None:
    stem, said = await talked(chat, "one", "two")
    branch = await chat.service.branch(stem.id, said[0].id)
    assert await chat.service.shown_message(branch.id, said[0].id) == said[0]
    assert await chat.service.shown_message(branch.id, said[1].id) is None
    assert await chat.service.typed(branch.id) == ["one"]
    deletion = await chat.service.delete(stem.id)
    found = await chat.service.message(said[0].id)
    assert found is not None
    assert found.conversation_id == branch.id, "the branch shows it, and the stem does not any more"
    assert await chat.service.message(said[1].id) is None
    await deletion.undo()
    assert await chat.service.message(said[1].id) == said[1]


async def test_a_branch_outlives_its_stem(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        stem, said = await talked(chat, "one", "two", "three")
        short = await chat.service.branch(stem.id, said[0].id)
        long = await chat.service.branch(stem.id, said[1].id)
        await chat.service.post(short.id, "1b")
        await chat.service.delete(stem.id)
    async with open_chat(tmp_path) as chat:
        assert await texts(chat, short.id) == ["one", "1b"]
        assert await texts(chat, long.id) == ["one", "two"]
        assert (await chat.service.search("three")).hits == ()
        assert [(hit.conversation_id, hit.message_id) for hit in (await chat.service.search("two")).hits] == [
            (long.id, said[1].id)
        ]
        assert (await chat.service.conversation(long.id)).branched_from == ""


async def test_what_is_cleared_and_undone_is_cleared_for_nobody_else(chat: Chat) -> None:
    stem, said = await talked(chat, "one", "two")
    before = await chat.service.branch(stem.id, said[1].id)
    clearing = await chat.service.clear(stem.id)
    await chat.service.post(stem.id, "three")
    after = await chat.service.fork(stem.id)
    assert await texts(chat, before.id) == ["one", "two"]
    assert await texts(chat, after.id) == ["three"], "it grew out of what was to be seen"
    await clearing.undo()
    assert await texts(chat, stem.id) == ["one", "two", "three"]
    await chat.service.clear(stem.id)
    await chat.service._erasures.close()
    assert await texts(chat, stem.id) == []
    assert await texts(chat, before.id) == ["one", "two"]
    assert await texts(chat, after.id) == ["three"]


async def test_an_edited_message_is_sent_again_in_a_branch(chat: Chat) -> None:
    stem, said = await talked(chat, "one", "two?", "three")
    await chat.store.blobs.put(BODY)
    posted = await chat.service.edit_and_resend(said[1].id, "two!", attachments=(PICTURE,))
    assert posted.conversation_id != stem.id
    assert await texts(chat, posted.conversation_id) == ["one", "two!"]
    assert posted.message is not None
    assert posted.message.detail["attachments"] == [
        {"name": "bed 3.png", "media_type": "image/png", "size": 2_345, "sha256": PICTURE.sha256}
    ]
    again = await chat.service.edit_and_resend(said[0].id, "A new beginning", conversation_id=posted.conversation_id)
    assert await texts(chat, again.conversation_id) == ["A new beginning"]
    assert (await chat.service.conversation(again.conversation_id)).title == "A new beginning"
    assert await texts(chat, stem.id) == ["one", "two?", "three"]


async def test_what_cannot_be_sent_leaves_no_branch(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        stem, said = await talked(chat, "one", "two")
        for text in ("  ", "@Ada", "/nothing of the kind"):
            with pytest.raises(InvalidInput):
                await chat.service.edit_and_resend(said[1].id, text)
        with pytest.raises(InvalidInput, match="no agent 'id-Bob'"):
            await chat.service.edit_and_resend(said[1].id, "two", to=("id-Bob",))
        assert [c.id for c in await chat.service.conversations()] == [stem.id]


async def test_only_what_a_person_wrote_can_be_edited(chat: Chat) -> None:
    made = await chat.service.begin()
    answer = (await chat.service.post(made.id, "I think so.", actor="agent:a")).message
    assert answer is not None
    with pytest.raises(InvalidInput, match="Only what a person wrote"):
        await chat.service.edit_and_resend(answer.id, "I do not.")
    with pytest.raises(NotFound):
        await chat.service.edit_and_resend("nothing", "x")


async def test_an_answer_of_a_branch_comes_back_once(chat: Chat) -> None:
    stem, _ = await talked(chat, "one")
    branch = await chat.service.fork(stem.id)
    answer = (await chat.service.post(branch.id, "The better answer", actor="agent:a")).message
    assert answer is not None
    merged = await chat.service.merge_back(answer.id)
    assert await texts(chat, stem.id) == ["one", "The better answer"]
    assert (merged.author, merged.detail["merged_from"]) == (
        "agent:a",
        {"conversation_id": branch.id, "message_id": answer.id},
    )
    with pytest.raises(Conflict, match="already"):
        await chat.service.merge_back(answer.id)
    clearing = await chat.service.clear(stem.id)
    assert (await chat.service.merge_back(answer.id)).text == "The better answer", "it is not there any more"
    await clearing.undo()
    with pytest.raises(InvalidInput, match="grew out of no other"):
        await chat.service.merge_back(merged.id)


async def test_there_is_no_branch_of_nothing(chat: Chat) -> None:
    made = await chat.service.begin()
    with pytest.raises(InvalidInput, match="empty"):
        await chat.service.fork(made.id)
    other, said = await talked(chat, "elsewhere")
    for message_id in ("nothing", said[0].id):
        with pytest.raises(NotFound):
            await chat.service.branch(made.id, message_id)
    await chat.service.clear(other.id)
    with pytest.raises(NotFound):
        await chat.service.branch(other.id, said[0].id)


async def test_several_things_change_at_once_and_are_told(chat: Chat) -> None:
    made = await chat.service.begin("Garden")
    told: list[Change] = []
    chat.service.on_change(told.append)
    changed = await chat.service.update(made.id, title=" Beds ", pinned=True, archived=True, turn_order="round_robin")
    assert (changed.title, changed.pinned, changed.archived, changed.turn_order) == ("Beds", True, True, "round_robin")
    assert told == [Change(made.id), Change(made.id)]
    (event,) = [r.event for r in await chat.store.journal.read(EventQuery(types=("conversation_changed",)))]
    assert isinstance(event, ConversationChanged)
    assert event.data.changed == ("pinned", "archived", "turn_order")
    assert (await chat.service.update(made.id)).title == "Beds"


async def test_a_change_that_cannot_be_made_changes_nothing(chat: Chat) -> None:
    made = await chat.service.begin("Garden")
    for wrong in ({"lead": "id-Bob"}, {"members": ["id-Bob"]}, {"turn_order": "loudest"}, {"members": ["a"] * 51}):
        with pytest.raises(InvalidInput):
            await chat.service.update(made.id, title="Beds", **wrong)
    assert (await chat.service.conversation(made.id)).title == "Garden"
    with pytest.raises(NotFound):
        await chat.service.update("nothing", title="Beds")


async def test_a_detail_is_changed_wherever_the_message_is_shown(chat: Chat) -> None:
    stem, said = await talked(chat, "one", "two")
    branch = await chat.service.branch(stem.id, said[0].id)
    told: list[Change] = []
    chat.service.on_change(told.append)
    await chat.service.set_detail(said[0].id, {"active": False})
    assert told == [Change(stem.id, changed_id=said[0].id), Change(branch.id, changed_id=said[0].id)]
    assert [m.detail for m in await chat.service.before(branch.id, None, 1)] == [{"active": False}]
    events = await chat.store.journal.read(EventQuery(types=("message_changed",)))
    assert [e.event.data.message_id for e in events if isinstance(e.event, MessageChanged)] == [said[0].id]
    with pytest.raises(InvalidInput):
        await chat.service.set_detail(said[0].id, {"active": object()})
    with pytest.raises(NotFound):
        await chat.service.set_detail("nothing", {})


async def test_those_that_are_named_by_id_are_asked(tmp_path: Path) -> None:
    talk = FakeTalk("Ada", "tests")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.service.post(made.id, "look at it", to=("id-tests", "id-Ada", "id-tests"))
        assert [(run.agent_id, run.task) for run in talk.runs.values()] == [
            ("id-tests", "look at it"),
            ("id-Ada", "look at it"),
        ]


async def test_attachments_need_no_words(tmp_path: Path) -> None:
    talk = FakeTalk("Ada")
    async with open_chat(tmp_path, talk=talk) as chat:
        made = await chat.service.begin()
        await chat.store.blobs.put(BODY)
        posted = await chat.service.post(made.id, "", attachments=(PICTURE,), to=("id-Ada",))
        assert posted.message is not None
        assert posted.message.text == ""
        assert "bed 3.png" in talk.last.task
        assert "bed 3.png" in (await chat.service.conversation(made.id)).title
        for name in ("", "two\nlines", "x" * 256):
            with pytest.raises(InvalidInput, match="printable"):
                await chat.service.post(made.id, "x", attachments=(replace(PICTURE, name=name),))
