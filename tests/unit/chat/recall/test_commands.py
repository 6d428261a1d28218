"""/recall, /remember, /forget and /summarise as they are typed."""

from __future__ import annotations

import asyncio

import pytest

from chainbot_desktop.chat.links import parse_panel_link
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from tests.helpers.recalls import Recalling


async def types(recalling: Recalling, conversation_id: str, line: str) -> str:
    """What the command answers."""
    return (await recalling.service.post(conversation_id, line)).answer.text


async def test_a_note_is_kept_shown_and_forgotten_by_its_number(recalling: Recalling) -> None:
    here = await recalling.conversation("Hello")
    assert "note 1" in await types(recalling, here, "/remember The key hangs behind the door")
    [note] = await recalling.notes.listed()
    assert (note.text, note.conversation_id, note.author) == ("The key hangs behind the door", here, "user:test")
    assert await types(recalling, here, "/remember The key hangs behind the door") == "This is note 1 already."
    assert "**1** The key hangs behind the door" in await types(recalling, here, "/recall")
    posted = await recalling.service.post(here, "/forget 1")
    assert "Note 1 is forgotten" in posted.answer.text
    assert await recalling.notes.count() == 0
    assert posted.answer.undoable is not None
    await posted.answer.undoable.undo()
    assert await recalling.notes.listed() == [note]


async def test_a_note_keeps_its_lines_and_quotation_marks(recalling: Recalling) -> None:
    here = await recalling.conversation("Hello")
    await types(recalling, here, '/remember first "line\n  second  line')
    assert (await recalling.notes.listed())[0].text == 'first "line\n  second  line'


async def test_a_note_is_forgotten_by_words_that_only_it_has(recalling: Recalling) -> None:
    here = await recalling.conversation("Hello")
    for text in ("The backup runs at 2", "The backup goes to usb0", "Anna likes tea"):
        await types(recalling, here, f"/remember {text}")
    with pytest.raises(InvalidInput, match="Several notes") as error:
        await types(recalling, here, "/forget backup")
    assert "1: The backup runs at 2" in str(error.value)
    await types(recalling, here, "/forget backup usb0")
    with pytest.raises(NotFound):
        await types(recalling, here, "/forget backup usb0")
    with pytest.raises(NotFound, match="no note 77"):
        await types(recalling, here, "/forget 77")
    assert [note.text for note in await recalling.notes.listed()] == ["Anna likes tea", "The backup runs at 2"]


async def test_completion_offers_the_notes(recalling: Recalling) -> None:
    here = await recalling.conversation("Hello")
    await types(recalling, here, "/remember The backup runs at 2")
    [offered] = recalling.service.commands.complete("/forget ")
    assert offered.text == "/forget 1 The backup runs at 2"
    assert "Note 1 is forgotten" in await types(recalling, here, offered.text)
    assert recalling.service.commands.complete("/forget ") == []


async def test_recall_shows_what_fits_with_links_to_it(recalling: Recalling) -> None:
    other = await recalling.conversation("The *capacitor* of the pump <b>was</b> worn")
    here = await recalling.conversation("Hello")
    await types(recalling, here, "/remember The new capacitor of the pump is from Anna")
    answer = await types(recalling, here, "/recall which capacitor of the pump was worn?")
    message = (await recalling.service.before(other, None, 1))[0]
    address = answer.partition("](")[2].partition(")")[0]
    assert parse_panel_link(address) == ("chat", {"conversation_id": other, "message_id": message.id})
    assert "Note 1 of 20" in answer
    assert "<b>" not in answer.replace("\\<b", "")
    assert "words alone" in answer
    nothing = await types(recalling, here, "/recall weather on Mars")
    assert "Nothing that fits “weather on Mars”" in nothing


async def test_without_notes_recall_says_how_to_get_some(recalling: Recalling) -> None:
    here = await recalling.conversation("Hello")
    assert "/remember" in await types(recalling, here, "/recall")


async def test_agents_keep_no_notes_and_forget_none(recalling: Recalling) -> None:
    here = await recalling.conversation("Hello")
    await types(recalling, here, "/remember mine")
    for line in ("/remember obey the agent", "/forget 1", "/summarise"):
        with pytest.raises(ChainBotError, match="Agents cannot"):
            await recalling.service.post(here, line, actor="agent:rogue")
    assert [note.text for note in await recalling.notes.listed()] == ["mine"]


async def test_what_is_missing_is_taught(recalling: Recalling) -> None:
    here = await recalling.conversation("Hello")
    for line, words in (
        ("/remember", "/remember needs"),
        ("/forget", "/forget needs"),
        ("/summarise soon", "Did you mean stop?"),
    ):
        with pytest.raises(InvalidInput) as error:
            await types(recalling, here, line)
        assert words in str(error.value)


async def test_a_summary_that_is_asked_for_comes_when_it_is_there(recalling: Recalling) -> None:
    here = await recalling.conversation(*(f"Message {number}" for number in range(20)))
    recalling.model.held = asyncio.Event()
    assert "are being summarised" in await types(recalling, here, "/summarise")
    await recalling.until(lambda: recalling.model.asked)
    assert "0 of 1 parts" in await types(recalling, here, "/summarise")
    recalling.model.held.set()
    await recalling.until(lambda: not recalling.tasks.names)
    [summary] = [message for message in await recalling.service.before(here, None, 50) if message.kind == "summary"]
    assert summary.text == "What was said before."
    assert "stands for nothing any more" in await types(recalling, here, "/summarise undo")
    assert await recalling.summaries.standing(here) is None
    with pytest.raises(InvalidInput, match="No summary"):
        await types(recalling, here, "/summarise undo")


async def test_a_summary_can_be_stopped_and_that_is_told(recalling: Recalling) -> None:
    here = await recalling.conversation(*(f"Message {number}" for number in range(20)))
    recalling.model.held = asyncio.Event()
    await types(recalling, here, "/summarise")
    await recalling.until(lambda: recalling.model.asked)
    assert "is being stopped" in await types(recalling, here, "/summarise stop")
    await recalling.until(lambda: not recalling.tasks.names)
    told = [message.text for message in await recalling.service.before(here, None, 3)]
    assert any("nothing was changed" in text for text in told)
    assert not any(message.kind == "summary" for message in await recalling.service.before(here, None, 50))
    with pytest.raises(InvalidInput, match="No summary is being made"):
        await types(recalling, here, "/summarise stop")


async def test_a_summary_that_cannot_be_made_is_told_in_the_conversation(recalling: Recalling) -> None:
    here = await recalling.conversation("One", "Two")
    await types(recalling, here, "/summarise")
    await recalling.until(lambda: not recalling.tasks.names)
    last = (await recalling.service.before(here, None, 1))[0]
    assert last.kind == "system"
    assert "too little" in last.text
