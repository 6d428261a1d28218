"""Exports: what is in them, that a page of HTML stays harmless, and that length costs no memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import AsyncGenerator
from contextlib import aclosing
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from sqlalchemy import insert

from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.errors import InvalidInput, NotFound
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.schema import messages
from tests.helpers.chats import Chat

BODY = b"moist" * 469
PICTURE = TalkAttachment("bed *3*.png", "image/png", len(BODY), sha256(BODY).hexdigest())
ANSWER = {"run_id": "run-1", "agent_id": "a", "name": "Ada", "state": "succeeded"}


async def stream(service: ChatService, conversation_id: str, form: str) -> AsyncGenerator[bytes]:
    """The bytes as a client of the API gets them."""
    async with aclosing((await service.export_as(conversation_id, form)).pieces()) as pieces:
        async for piece in pieces:
            yield piece.encode("utf-8", "replace")


async def exported(chat: Chat, conversation_id: str, form: str) -> str:
    async with aclosing(stream(chat.service, conversation_id, form)) as chunks:
        return b"".join([chunk async for chunk in chunks]).decode()


async def garden(chat: Chat) -> str:
    """A conversation with an attachment, a summary, what was recalled, and a thread inside a thread."""
    table = ConversationTable(chat.store.database, chat.store.journal)
    made = await chat.service.begin("Garden")
    await chat.store.blobs.put(BODY)
    await chat.service.post(made.id, "Why is it dry?", attachments=(PICTURE,))
    await table.post(made.id, "Look at the valve", author="agent:a", thread="run-1")
    nested = {**ANSWER, "run_id": "run-2", "name": "Bob"}
    await table.post(made.id, "deepest", author="agent:c", thread="run-2")
    await table.post(made.id, "It is\nshut", author="agent:b", thread="run-1", detail=nested)
    recalled = [{"ref": "note:1", "title": "A note <b>", "text": "valves stick"}]
    await table.post(made.id, "The valve is **shut**.", author="agent:a", detail={**ANSWER, "recalled": recalled})
    await table.post(
        made.id, "They found it.", author="system:chainbot", kind="summary", detail={"through": 1, "active": False}
    )
    return made.id


async def test_markdown_quotes_threads_and_names_what_was_attached(chat: Chat) -> None:
    text = await exported(chat, await garden(chat), "markdown")
    assert text.startswith("# Garden\n\nBegun ")
    assert "*Attached: bed \\*3\\*\\.png \\(2\\.3 kB\\)*" in text
    assert "*Recalled: A note &lt;b&gt;*" in text
    assert "*Summary: of what was said before, not in use*" in text
    assert "\n> Look at the valve\n" in text
    assert "\n> It is\n> shut\n" in text
    assert "\n> > deepest\n" in text
    order = ["Why is it dry?", "is **shut**", "Look at the valve", "It is", "deepest", "They found it."]
    assert sorted(order, key=text.index) == order


async def test_json_is_whole_and_in_order(chat: Chat) -> None:
    conversation_id = await garden(chat)
    branch = await chat.service.fork(conversation_id)
    await chat.service.post(branch.id, "on its own")
    content = json.loads(await exported(chat, branch.id, "json"))
    assert content["conversation"]["branched_from"] == conversation_id
    found = [(m["text"], m["thread"]) for m in content["messages"]]
    assert found == [
        ("Why is it dry?", ""),
        ("The valve is **shut**.", ""),
        ("Look at the valve", "run-1"),
        ("It is\nshut", "run-1"),
        ("deepest", "run-2"),
        ("They found it.", ""),
        ("on its own", ""),
    ]
    assert content["messages"][0]["detail"]["attachments"][0]["sha256"] == PICTURE.sha256
    assert content["messages"][1]["detail"]["recalled"][0]["ref"] == "note:1"


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_a_page_is_well_formed_and_loads_and_runs_nothing(chat: Chat) -> None:
    conversation_id = await garden(chat)
    table = ConversationTable(chat.store.database, chat.store.journal)
    evil = '<script>alert(1)</script> <img src="http://evil/x.png"> ![x](http://evil/y.png) [z](javascript:alert(1)) </section>'
    detail = {
        "attachments": [{"name": "<script>alert(2)</script>.png", "size": "much"}, "nonsense"],
        "recalled": [{"title": "<img src=x onerror=alert(3)>"}, 7],
        "merged_from": {},
        **ANSWER,
        "name": "<b onclick=alert(4)>",
    }
    await table.post(conversation_id, evil, author="agent:a", detail=detail)
    await chat.service.rename(conversation_id, "</title><script>alert(5)</script>")
    page = Page()
    page.feed(await exported(chat, conversation_id, "html"))
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "link", "object", "embed", "form", "base"}
    assert not any(name.startswith("on") or name in ("src", "srcset") for _, attributes in page.tags for name in attributes)
    (policy,) = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    threads = [a for tag, a in page.tags if tag == "section" and a.get("class") == "thread"]
    assert len(threads) == 3


async def test_the_file_is_what_is_streamed(chat: Chat) -> None:
    conversation_id = await garden(chat)
    for form in ("markdown", "json", "html"):
        path = await chat.service.export(conversation_id, form)
        assert path.read_text() == await exported(chat, conversation_id, form)
        export = await chat.service.export_as(conversation_id, form)
        assert export.file_name.startswith("Garden ")
        assert export.file_name.endswith(path.suffix)


async def test_what_is_posted_meanwhile_is_not_in_it(chat: Chat) -> None:
    made = await chat.service.begin("Talk")
    for n in range(60):
        await chat.service.post(made.id, f"m{n}")
    async with aclosing(stream(chat.service, made.id, "markdown")) as chunks:
        parts = [await anext(chunks), await anext(chunks)]
        await chat.service.post(made.id, "too late")
        parts += [chunk async for chunk in chunks]
    text = b"".join(parts).decode()
    assert "m59" in text
    assert "too late" not in text


async def test_an_empty_conversation_is_an_empty_file(chat: Chat) -> None:
    made = await chat.service.begin("Empty")
    assert json.loads(await exported(chat, made.id, "json"))["messages"] == []
    assert (await exported(chat, made.id, "html")).endswith("</body></html>\n")


async def test_what_cannot_be_exported_is_said_at_once(chat: Chat) -> None:
    made = await chat.service.begin("Talk")
    with pytest.raises(InvalidInput, match="no export as 'pdf'"):
        await exported(chat, made.id, "pdf")
    with pytest.raises(NotFound):
        await exported(chat, "nothing", "json")


async def test_length_costs_no_memory(chat: Chat) -> None:
    made = await chat.service.begin("Long")
    row = {"conversation_id": made.id, "author": "user:test", "kind": "text", "created_at": utc_now()}
    rows = ({"id": new_id(), "text": f"line {n} " + "x" * 1_000, **row} for n in range(10_000))
    await chat.store.database.write(lambda c: c.execute(insert(messages), list(rows)) and None)
    size = count = 0
    tracemalloc.start()
    try:
        async with aclosing(stream(chat.service, made.id, "json")) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                count += chunk.count(b'"line ')
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 10_000
    assert size > 10_000_000
    assert peak < 2_000_000
