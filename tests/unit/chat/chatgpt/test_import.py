"""What a person finds after an import: every message once, in its place, with its time; and after a second one nothing more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from chainbot_desktop.chat.answer_stream import note_of
from chainbot_desktop.core.events import ConversationsImported
from chainbot_desktop.core.ports import EventQuery
from tests.helpers.chatgpt_exports import BEGAN, as_bytes, conversation, message, node, talk, write_json, write_zip
from tests.helpers.imports import Importing

ROOT = "client-created-root"


async def _imported(importing: Importing, path: Path, *conversations: dict[str, Any]) -> None:
    await asyncio.to_thread(path.write_bytes, as_bytes(*conversations))
    progress = await importing.run(path)
    assert progress.state == "done", progress.problem
    assert not progress.problem


async def test_a_conversation_comes_in_with_its_times_title_and_authors(importing: Importing, tmp_path: Path) -> None:
    await _imported(
        importing, tmp_path / "conversations.json", talk("k", ["Is it dry?", "Yes, water it."], title="Garden  bed")
    )
    [made] = await importing.conversations()
    assert (made.title, made.named_by, made.unread) == ("Garden bed", "person", 0)
    question, answer = await importing.own_messages(made)
    assert (question.text, question.author, question.kind) == ("Is it dry?", "user:test", "text")
    assert question.created_at == "2023-11-14T22:13:20.000000Z"
    assert made.updated_at == answer.created_at == "2023-11-14T22:13:21.000000Z"
    note = note_of(answer.detail)
    assert note is not None
    assert (note.name, note.model, note.agent_id) == ("ChatGPT (gpt-4o)", "gpt-4o", "")
    assert answer.author == "agent:chatgpt"
    events = await importing.store.journal.read(EventQuery())
    assert [event.event.type for event in events] == ["conversations_imported"]
    event = events[0].event
    assert isinstance(event, ConversationsImported)
    assert (event.data.conversations, event.data.messages, event.data.complete) == (1, 2, True)


async def test_what_was_never_in_sight_is_left_out_and_what_was_thought_folds_into_the_answer(
    importing: Importing, tmp_path: Path
) -> None:
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Counting", "content": "one two"}]}
    nodes = [
        node("s", ROOT, message("system", "be nice")),
        node("h", "s", message("user", "secret", metadata={"is_visually_hidden_from_conversation": True})),
        node("p", "h", message("user", {"content_type": "user_editable_context", "user_profile": "x"})),
        node("q", "p", message("user", "How many?")),
        node("t", "q", message("assistant", thoughts)),
        node("r", "t", message("assistant", {"content_type": "reasoning_recap", "content": "Thought for 3 seconds"})),
        node("b", "r", message("assistant", {"content_type": "code", "text": 'search("n")'}, recipient="browser")),
        node("o", "b", message("tool", {"content_type": "tether_quote", "title": "A page", "url": "http://p"}, name="browser")),
        node(
            "c", "o", message("assistant", {"content_type": "code", "language": "unknown", "text": "2+2"}, recipient="python")
        ),
        node("e", "c", message("tool", {"content_type": "execution_output", "text": "4\n```"}, name="python")),
        node(
            "a",
            "e",
            message(
                "assistant",
                "Four \ue200cite\ue202turn0search0\ue201.",
                metadata={
                    "content_references": [{"matched_text": "\ue200cite\ue202turn0search0\ue201", "alt": "([p](http://p))"}]
                },
            ),
        ),
        node("n", "a", None),
    ]
    await _imported(importing, tmp_path / "c.json", conversation("k", nodes, "n"))
    [made] = await importing.conversations()
    rows = await importing.own_messages(made)
    assert [row.text for row in rows] == [
        "How many?",
        "```python\n2+2\n```",
        "````text\n4\n```\n````",
        "Four ([p](http://p)).",
    ]
    note = note_of(rows[1].detail)
    assert note is not None
    assert note.thinking == "Counting\none two"
    assert note.steps == ("Thought for 3 seconds", 'browser: search("n")', "browser: A page http://p")


async def test_every_branch_is_kept_and_every_message_once(importing: Importing, tmp_path: Path) -> None:
    made = talk("k", ["q0", "a1", "q2", "a3"])
    extra = [
        ("x1", ROOT, "user", "another first question"),
        ("x2", "x1", "assistant", "its answer"),
        ("y1", "k-1", "user", "another second question"),
        ("y2", "y1", "assistant", "one answer"),
        ("y3", "y1", "assistant", "another answer"),
    ]
    for key, parent, role, text in extra:
        made["mapping"][key] = node(key, parent, message(role, text))
    await _imported(importing, tmp_path / "c.json", made)
    found = {c.id: c for c in await importing.conversations()}
    [stem] = [c for c in found.values() if not c.branched_from]
    own = {key: await importing.texts(c) for key, c in found.items()}
    assert own.pop(stem.id) == ["q0", "a1", "q2", "a3"]
    assert sorted(own.values()) == [
        ["another answer"],
        ["another first question", "its answer"],
        ["another second question", "one answer"],
    ]
    numbers = {m.text: (m.number, m.conversation_id) for c in found.values() for m in await importing.own_messages(c)}
    for key, texts in own.items():
        branch = found[key]
        departs_from = {"another answer": "another second question", "another second question": "a1"}.get(texts[0])
        if departs_from:
            assert (branch.branched_at, branch.branched_from) == numbers[departs_from]
        else:
            assert branch.branched_from == stem.id
            assert branch.branched_at < numbers["q0"][0]
        assert branch.title == stem.title
        assert branch.archived  # the list shows the one that was in sight; the search finds them all


async def test_importing_again_adds_nothing_and_a_newer_export_what_is_new(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    await _imported(importing, path, talk("k", ["q0", "a1"]), talk("l", ["other"]))
    before = await importing.conversations()
    again = await importing.run(path)
    assert again.state == "done"
    assert (again.counts.messages, again.counts.known, again.counts.conversations) == (0, 3, 0)
    assert await importing.conversations() == before
    newer = talk("k", ["q0", "a1", "q2", "a3"])
    newer["mapping"]["b"] = node("b", "k-0", message("assistant", "instead"))
    newer["current_node"] = "b"  # the person went to another branch since
    await _imported(importing, path, newer, talk("l", ["other"]), talk("m", ["brand new"]))
    stem = await importing.table.get(next(c.id for c in before if c.last_text == "a1"))
    assert await importing.texts(stem) == ["q0", "a1", "q2", "a3"]
    branch = next(c for c in await importing.conversations() if c.branched_from)
    assert await importing.texts(branch) == ["instead"]
    assert not branch.archived
    assert len(await importing.conversations()) == 4


async def test_what_was_written_here_since_keeps_its_place(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    await _imported(importing, path, talk("k", ["q0", "a1"]))
    [stem] = await importing.conversations()
    await importing.table.post(stem.id, "written here", author="user:test", read=True)
    await _imported(importing, path, talk("k", ["q0", "a1", "q2"]))
    assert await importing.texts(stem) == ["q0", "a1", "written here"]
    [branch] = [c for c in await importing.conversations() if c.branched_from == stem.id]
    assert await importing.texts(branch) == ["q2"]
    assert not branch.archived


async def test_images_of_the_zip_are_attached_and_missing_ones_named(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    parts = [
        {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file-Abc1", "width": 3},
        {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_000gone"},
        "What is this?",
    ]
    said = message(
        "user",
        {"content_type": "multimodal_text", "parts": parts},
        metadata={"attachments": [{"id": "file-Doc2", "name": "d.pdf"}]},
    )
    write_zip(
        path,
        {
            "x/conversations-000.json": as_bytes(talk("j", ["part one"])),
            "x/conversations-001.json": as_bytes(conversation("k", [node("q", ROOT, said)], "q")),
            "x/file-Abc1-beach.png": b"\x89PNG picture",
            "x/file-Doc2-d.pdf": b"%PDF",
            "x/chat.html": b"<html>",
        },
    )
    progress = await importing.run(path)
    assert (progress.state, progress.counts.attachments, progress.counts.conversations) == ("done", 2, 2)
    made = next(c for c in await importing.conversations() if "What" in c.last_text)
    [row] = await importing.own_messages(made)
    assert row.text == "What is this?\n\n*(image: file\\_000gone, not in the export)*"
    entries = row.detail["attachments"]
    assert [(e["name"], e["media_type"], e["size"]) for e in entries] == [
        ("beach.png", "image/png", 12),
        ("d.pdf", "application/pdf", 4),
    ]
    assert await importing.store.blobs.get(entries[0]["sha256"]) == b"\x89PNG picture"


async def test_a_message_over_a_megabyte_becomes_several_without_losing_a_character(
    importing: Importing, tmp_path: Path
) -> None:
    long = "ü" * 700_000 + "\n" + "line of text\n" * 60_000
    await _imported(importing, tmp_path / "c.json", talk("k", ["q", long, "after"]))
    [made] = await importing.conversations()
    texts = await importing.texts(made)
    assert len(texts) == 5
    assert "".join(texts[1:-1]) == long
    assert max(len(text.encode()) for text in texts) <= 1024 * 1024
    assert (await importing.run(tmp_path / "c.json")).counts.messages == 0


async def test_odd_trees_lose_nothing_and_end(importing: Importing, tmp_path: Path) -> None:
    ring = talk("ring", ["one", "two", "three"])
    ring["mapping"]["ring-0"]["parent"] = "ring-2"
    orphan = conversation("o", [node("x", "nowhere", message("user", "alone"))], "also nowhere")
    timeless = conversation("t", [node("x", None, message("user", "when?", at=None))], "x", title=None, create_time=None)
    hostile = conversation("h", [node("x", ROOT, message("user", "a\x00b \ud800 c"))], "x", title="t\x00")
    wrong = conversation("w", [node("x", ROOT, {"author": None, "content": 5}), node("y", "x", message("user", "ok"))], "y")
    wrong["mapping"]["z"] = None
    late = conversation("e", [node("x", ROOT, message("user", "1e300", at=1e300))], "x")
    await _imported(importing, tmp_path / "c.json", ring, orphan, timeless, hostile, wrong, late)
    texts = sorted([text for c in await importing.conversations() for text in await importing.texts(c)])
    assert texts == ["1e300", "alone", "a\ufffdb ? c", "ok", "one", "three", "two", "when?"]
    assert any(c.title == "when?" and c.named_by == "words" for c in await importing.conversations())


async def test_a_deep_conversation_is_no_recursion(importing: Importing, tmp_path: Path) -> None:
    await _imported(importing, tmp_path / "c.json", talk("k", [f"line {n}" for n in range(5000)]))
    [made] = await importing.conversations()
    assert await importing.texts(made) == [f"line {n}" for n in range(5000)]


async def test_the_archive_stays_archived_and_stars_become_pins(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    await _imported(importing, path, talk("k", ["a"], is_archived=True), talk("l", ["b"], is_starred=True))
    assert [c.pinned for c in await importing.table.listed()] == [True]
    assert len(await importing.table.listed(archived=True)) == 1


async def test_an_unpacked_export_is_a_folder(importing: Importing, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    write_json(folder / "conversations-001.json", [talk("b", ["second"])])
    write_json(folder / "conversations-000.json", [talk("a", ["first"])])
    (folder / "user.json").write_text("{}")
    progress = await importing.run(folder)
    assert (progress.state, progress.counts.messages) == ("done", 2)
    assert BEGAN
