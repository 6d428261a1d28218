"""Slash commands: parsing, teaching errors, completion, and real answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chainbot_desktop.chat.commands import OpenWindow, is_command
from chainbot_desktop.core.errors import Conflict, InvalidInput
from chainbot_desktop.core.events import AttentionRequired
from chainbot_desktop.core.events.panel import Attention
from chainbot_desktop.core.link import LinkState, LinkStatus
from tests.helpers.chats import Chat


async def answer(chat: Chat, text: str) -> str:
    conversation = (await chat.service.conversations() or [await chat.service.begin("Talk")])[0]
    posted = await chat.service.post(conversation.id, text)
    return posted.answer.text


@pytest.mark.parametrize("text", ["/help", "/status ", "/hlep x", "/", "/find a b"])
def test_a_slash_and_a_word_is_a_command(text: str) -> None:
    assert is_command(text)


@pytest.mark.parametrize("text", ["//help", "/etc/hosts is wrong", " /help", "a /help", "/9", "/*"])
def test_other_slashes_are_text(text: str) -> None:
    assert not is_command(text)


async def test_help_lists_every_command_and_shows_examples(chat: Chat) -> None:
    text = await answer(chat, "/help")
    for spec in chat.service.commands.specs:
        assert f"- `{spec.usage}` {spec.help}" in text
    assert text.index("**Conversation**") < text.index("/find") < text.index("**Panel**") < text.index("/status")
    assert "/export html ~/talk.html" in await answer(chat, "/help /export")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("/hlep", "There is no command /hlep.", "Did you mean /help?"),
        (
            "/zzz",
            "There is no command /zzz.",
            "There are /help, /status, /open, /find, /clear, /export and more: /help lists them.",
        ),
        ("/", "There is no command /.", "There are /help, "),
        ("/find", "/find needs <words>.", "Write /find <words>, for example /find backup failed."),
        ("/status now", "/status takes no 'now'.", "Write /status"),
        ('/find "open', "A quotation mark is not closed.", "Write /find <words>"),
        ("/export jsn", "/export does not know 'jsn'.", "Did you mean json?"),
        ("/open nowhere.py", "There is no window, file or conversation 'nowhere.py'.", "Windows are map"),
        ("/open wach", "There is no window, file or conversation 'wach'.", "Did you mean /open watch?"),
    ],
)
async def test_errors_teach_and_leave_nothing_behind(chat: Chat, text: str, message: str, hint: str) -> None:
    made = await chat.service.begin("Talk")
    with pytest.raises(InvalidInput) as caught:
        await chat.service.post(made.id, text)
    assert caught.value.message == message
    assert hint in caught.value.hint
    assert await chat.service.before(made.id, None, 10) == []


async def test_status_tells_real_figures(chat: Chat) -> None:
    text = await answer(chat, "/status")
    assert "- **Health:** good" in text
    assert "registered at http" in text
    assert "3 known" in text
    assert f"- **Journal:** {chat.store.journal.head_seq - 2:,} events" in text  # the question and the answer came after
    chat.blockers.append("The disk is full.")
    chat.link = LinkStatus(state=LinkState.RETRYING, reason="refused | twice", outbox_pending=1200)
    text = await answer(chat, "/status")
    assert "The disk is full" in text
    assert "not reached, trying again: refused \\| twice" in text
    assert "1,200 waiting" in text


async def test_open_a_window_a_file_and_a_conversation(chat: Chat) -> None:
    garden = await chat.service.begin("Garden sensors")
    other = await chat.service.begin("Talk")
    (chat.folder / "work" / "src").mkdir(parents=True)
    file = chat.folder / "work" / "src" / "main file.py"
    file.write_text("x")

    async def opened(text: str) -> OpenWindow | None:
        return (await chat.service.post(other.id, text)).answer.open

    assert await opened("/open watch") == OpenWindow("watchtower")
    assert await opened("/open Watchtower") == OpenWindow("watchtower")
    assert await opened('/open "src/main file.py:42"') == OpenWindow("code-agent", {"path": str(file), "line": 42})
    assert await opened(f"/open {file}") == OpenWindow("code-agent", {"path": str(file)})
    assert await opened("/open garden") == OpenWindow("chat", {"conversation_id": garden.id})
    assert await chat.service.before(other.id, None, 10) == []


async def test_find_searches_messages_and_events(chat: Chat) -> None:
    made = await chat.service.begin("Backups")
    kept = await chat.service.post(made.id, "The *nightly* backup failed on usb0")
    assert kept.message is not None
    event = AttentionRequired(data=Attention(reason="backup failed twice"))
    await chat.store.journal.append(event)
    text = await answer(chat, "/find backup fail")
    assert f"message_id={kept.message.id}" in text
    assert f"event_id={event.id}" in text
    assert "\\*nightly\\*" in text
    assert "No message and no event" in await answer(chat, "/find 🦖unheard")


async def test_clear_can_be_undone(chat: Chat) -> None:
    made = await chat.service.begin("Talk")
    await chat.service.post(made.id, "one")
    posted = await chat.service.post(made.id, "/clear")
    assert posted.answer.undoable is not None
    assert await chat.service.before(made.id, None, 10) == []
    await posted.answer.undoable.undo()
    assert [m.text for m in await chat.service.before(made.id, None, 10)] == ["one"]
    with pytest.raises(InvalidInput):
        empty = await chat.service.begin("Empty")
        await chat.service.post(empty.id, "/clear")


async def test_export_in_each_format(chat: Chat) -> None:
    made = await chat.service.begin("Garden: sensors / 2")
    await chat.service.post(made.id, "Hello **there** <script>alert(1)</script>\n```python\nx = 1\n```")
    markdown = await chat.service.export(made.id)
    assert markdown.parent == chat.folder / "exports"
    assert markdown.name.startswith("Garden sensors 2 ")
    assert "Hello **there**" in markdown.read_text()
    again = await chat.service.export(made.id)
    assert again != markdown
    assert again.name.endswith("(2).md")
    content = json.loads((await chat.service.export(made.id, "json")).read_text())
    assert next(m["text"] for m in content["messages"]).startswith("Hello")
    page = (await chat.service.export(made.id, "html")).read_text()
    assert "<strong>there</strong>" in page
    assert "<script>" not in page
    assert [p.name for p in (chat.folder / "exports").iterdir() if p.name.startswith(".")] == []


async def test_export_never_overwrites(chat: Chat) -> None:
    mine = chat.folder / "mine.md"
    mine.write_text("precious")
    made = await chat.service.begin("Talk")
    with pytest.raises(Conflict):
        await chat.service.post(made.id, f"/export markdown {mine}")
    assert mine.read_text() == "precious"


async def test_export_says_where_and_why_it_failed(chat: Chat, tmp_path: Path) -> None:
    made = await chat.service.begin("Talk")
    blocked = tmp_path / "file"
    blocked.write_text("")
    from chainbot_desktop.chat.export import ExportFailed

    with pytest.raises(ExportFailed, match="cannot be written"):
        await chat.service.export(made.id, "markdown", str(blocked / "x.md"))
    with pytest.raises(ExportFailed):
        await chat.service.export(made.id, "markdown", "/proc/nothing/x.md")


async def test_export_tells_its_path_with_a_way_to_open_it(chat: Chat) -> None:
    await answer(chat, "hello")
    text = await answer(chat, "/export json talk.json")
    assert f"Saved as `{chat.folder / 'exports' / 'talk.json'}`" in text
    assert "[Open](chainbot:code-agent?path=" in text


def test_completion(chat: Chat) -> None:
    complete = chat.service.commands.complete
    assert [c.label for c in complete("/")] == [spec.usage for spec in chat.service.commands.specs]
    assert [c.text for c in complete("/ex")] == ["/export "]
    assert [c.text for c in complete("/export j")] == ["/export json"]
    assert [c.text for c in complete("/open w")] == ["/open watch"]
    assert [c.text for c in complete("/help ")][:2] == ["/help help", "/help status"]
    assert complete("/status ") == []
    assert complete("hello") == []
    assert complete("/export json x") == []


def test_what_may_be_mistyped_is_offered_as_a_guess_where_nothing_else_fits(chat: Chat) -> None:
    complete = chat.service.commands.complete
    assert [(c.text, c.guess) for c in complete("/stauts")] == [("/status", True)]
    assert [(c.text, c.guess) for c in complete("/st")] == [("/status", False)]
    assert complete("/zz") == []
    assert complete("/zzzzzz") == []
    assert {c.guess for c in complete("/export ")} == {True}, "it may be left out: Enter sends"
    assert {c.guess for c in complete("/export j")} == {False}
    assert {c.guess for c in complete("/open ")} == {False}
    assert [(c.text, c.guess) for c in complete("/export jsno")] == [("/export json", True)]
