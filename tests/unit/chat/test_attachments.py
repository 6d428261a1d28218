"""Attachments on a real store and a real file system."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from chainbot_desktop.chat.attachment_files import FileReading
from chainbot_desktop.chat.attachments import AttachmentService, attachments_of
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound, TooLarge
from chainbot_desktop.core.events import AlexOsEventReceived
from chainbot_desktop.core.events.alexos import ReceivedEvent
from chainbot_desktop.core.settings import ChatSettings
from chainbot_desktop.store.attachments import AttachmentTable
from tests.helpers.chats import open_chat
from tests.helpers.stores import Store, open_store


@dataclass
class Shelf:
    service: AttachmentService
    store: Store


@asynccontextmanager
async def open_shelf(folder: Path, **limits: float) -> AsyncIterator[Shelf]:
    async with open_store(folder) as store:
        table = AttachmentTable(store.database)
        service = AttachmentService(store.blobs, table, store.journal, store.preferences, ChatSettings(**limits))
        await service.open()
        yield Shelf(service, store)


def png(width: int, height: int) -> bytes:
    """A whole picture, black."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_a_file_is_kept_with_its_name_type_and_size(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    body = ("# Garden\n" * 100_000).encode()
    path.write_bytes(body)
    steps: list[tuple[int, int]] = []
    async with open_shelf(tmp_path) as shelf:
        added = await shelf.service.add_file(path, lambda done, total: steps.append((done, total)))
        assert (added.attachment.name, added.attachment.media_type) == ("notes.md", "text/markdown")
        assert (added.attachment.size, added.attachment.sha256) == (len(body), sha256(body).hexdigest())
        assert await shelf.service.body(added.attachment) == body
        assert added.note == ""
    assert steps[-1] == (len(body), len(body))
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert len(steps) > 2


async def test_the_type_is_told_by_the_bytes_and_not_by_the_name(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(png(30, 20))
    async with open_shelf(tmp_path) as shelf:
        added = await shelf.service.add_file(path)
    assert (added.attachment.media_type, added.width, added.height, added.use) == ("image/png", 30, 20, "image")


async def test_a_binary_is_kept_and_it_is_said_that_agents_get_its_name_only(tmp_path: Path) -> None:
    async with open_shelf(tmp_path) as shelf:
        added = await shelf.service.add_bytes("program", "text/plain", b"\x7fELF" + bytes(100))
        assert added.attachment.media_type == "application/x-executable"
        assert "name only" in added.note
        assert await shelf.service.body(added.attachment) == b"\x7fELF" + bytes(100)


async def test_a_path_for_a_name_a_long_one_and_a_wrong_one(tmp_path: Path) -> None:
    async with open_shelf(tmp_path) as shelf:
        assert (await shelf.service.add_text("../../etc/passwd", "x")).attachment.name == "passwd"
        assert (await shelf.service.add_text("C:\\dir\\a.txt", "x")).attachment.name == "a.txt"
        long = (await shelf.service.add_text("n" * 400 + ".json", "{}")).attachment.name
        assert len(long) == 200
        assert long.endswith("….json")
        assert "\u202e" not in (await shelf.service.add_text("a\u202etxt.exe", "x")).attachment.name
        for wrong in ("", "  ", "..", "a/../.."):
            with pytest.raises(InvalidInput, match="needs a name"):
                await shelf.service.add_text(wrong, "x")
        with pytest.raises(InvalidInput, match="half of a character"):
            await shelf.service.add_text("a.txt", "\ud83d")


def _fifo(folder: Path) -> Path:
    os.mkfifo(folder / "it")
    return folder / "it"


def _socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "it"))
    return folder / "it"


def _loop(folder: Path) -> Path:
    (folder / "it").symlink_to(folder / "other")
    (folder / "other").symlink_to(folder / "it")
    return folder / "it"


def _empty(folder: Path) -> Path:
    (folder / "it").touch()
    return folder / "it"


def _below_a_file(folder: Path) -> Path:
    (folder / "file").write_text("x")
    return folder / "file" / "it"


@pytest.mark.parametrize(
    ("make", "sentence", "code"),
    [
        (lambda folder: folder, "is a folder", "is_folder"),
        (_fifo, "is a pipe", "special_file"),
        (_socket, "is a socket", "special_file"),
        (lambda folder: Path("/dev/zero"), "is a device", "special_file"),
        (_loop, "leads back to itself", "link_loop"),
        (_empty, "is empty", "empty_attachment"),
        (lambda folder: folder / "nothing", "is not there", "not_found"),
        (_below_a_file, "is not there", "not_found"),
        (lambda folder: Path("a\0b"), "not the name of a file", "bad_name"),
    ],
)
async def test_what_cannot_be_attached_is_refused_with_a_sentence(
    make: Callable[[Path], Path], sentence: str, code: str, tmp_path: Path
) -> None:
    (tmp_path / "things").mkdir()
    async with open_shelf(tmp_path) as shelf:
        with pytest.raises(ChainBotError, match=sentence) as refused:
            await asyncio.wait_for(shelf.service.add_file(make(tmp_path / "things")), 5)
    assert refused.value.code == code


async def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(0)
    if os.geteuid() == 0:  # root may read everything, so the answer of the system is played
        really = os.open

        def refusing(asked: Path | str, *rest: int) -> int:
            if asked == path:
                raise PermissionError(errno.EACCES, "Permission denied", str(asked))
            return really(asked, *rest)

        monkeypatch.setattr(os, "open", refusing)
    async with open_shelf(tmp_path) as shelf:
        with pytest.raises(ChainBotError, match="no permission to read secret"):
            await shelf.service.add_file(path)


async def test_what_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing
    async with open_shelf(tmp_path, attachment_bytes=2048) as shelf:
        with pytest.raises(TooLarge, match=r"disk\.img is too large: an attachment may have 2 KB"):
            await asyncio.wait_for(shelf.service.add_file(path), 5)
        with pytest.raises(TooLarge):
            await shelf.service.add_bytes("a", "", b"x" * 2049)
        assert (await shelf.service.add_bytes("a", "", b"x" * 2048)).attachment.size == 2048


async def test_a_file_without_a_size_is_read_to_its_end(tmp_path: Path) -> None:
    async with open_shelf(tmp_path) as shelf:
        added = await shelf.service.add_file(Path("/proc/self/status"))
        assert b"Name:" in (await shelf.service.body(added.attachment) or b"")


@pytest.mark.parametrize("change", ["grow", "rewrite", "shrink"])
def test_a_file_that_changes_while_it_is_read_is_refused(change: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 600_000)

    def write_meanwhile(done: int, total: int) -> None:
        with path.open("ab" if change == "grow" else "r+b") as file:
            file.write(b"more")
            file.flush()
            if change == "shrink":
                file.truncate(path.stat().st_size - 1)

    with pytest.raises(Conflict, match="changed while it was read"):
        FileReading(path, 1 << 20, write_meanwhile).read()


def test_a_file_that_was_changed_once_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 600_000)

    def write_once(done: int, total: int) -> None:
        if path.stat().st_size == 600_000:
            with path.open("ab") as file:
                file.write(b"more")

    assert FileReading(path, 1 << 20, write_once).read() == b"x" * 600_000 + b"more"


async def test_cancelling_ends_the_reading_thread(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(8 << 20))
    parts: list[int] = []
    task: asyncio.Task[object]

    def cancel(done: int, total: int) -> None:
        parts.append(done)
        task.cancel()

    async with open_shelf(tmp_path, attachment_bytes=16 << 20) as shelf:
        task = asyncio.create_task(shelf.service.add_file(path, cancel))
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await shelf.store.blobs.get(sha256(bytes(8 << 20)).hexdigest()) is None


async def test_pictures_have_a_limit_of_their_own(tmp_path: Path) -> None:
    async with open_shelf(tmp_path) as shelf:
        with pytest.raises(TooLarge, match=r"8000 × 6000 pixels: a picture may have 40 megapixels"):
            await shelf.service.add_bytes("a.png", "", png(8000, 6000))
        assert (await shelf.service.add_bytes("a.png", "", png(8000, 5000))).height == 5000


async def test_a_message_carries_no_more_than_the_limit_and_nothing_that_is_gone(tmp_path: Path) -> None:
    async with open_shelf(tmp_path, attachments=2) as shelf:
        three = [(await shelf.service.add_text(f"{n}.txt", str(n))).attachment for n in range(3)]
        with pytest.raises(TooLarge, match="may carry 2 attachments"):
            await shelf.service.checked(three)
        assert await shelf.service.checked(three[:2]) == tuple(three[:2])
        await shelf.store.blobs.remove([three[0].sha256], put_before="9999")
        with pytest.raises(NotFound, match=r"0\.txt is not kept"):
            await shelf.service.checked(three[:1])


async def test_a_draft_keeps_its_attachments_over_a_restart_and_what_was_thrown_away_is_erased(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        service = chat.service.attachments
        assert service is not None
        conversation = await chat.service.begin()
        kept = (await service.add_text("kept.txt", "kept")).attachment
        thrown = (await service.add_text("thrown.txt", "thrown away")).attachment
        await service.keep_draft(conversation.id, [kept])
    async with open_chat(tmp_path) as chat:
        service = chat.service.attachments
        assert service is not None
        assert service.draft(conversation.id) == (kept,)
        await _gone(chat.store, thrown.sha256)
        assert await service.body(kept) == b"kept"


async def test_the_draft_of_a_conversation_that_is_gone_goes_too(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        service = chat.service.attachments
        assert service is not None
        conversation = await chat.service.begin()
        attachment = (await service.add_text("a.txt", "of a conversation that is deleted")).attachment
        await service.keep_draft(conversation.id, [attachment])
        await chat.service.delete(conversation.id)
    async with open_chat(tmp_path) as chat:
        assert chat.service.attachments is not None
        assert chat.service.attachments.draft(conversation.id) == ()
        await _gone(chat.store, attachment.sha256)


async def test_erased_messages_take_their_attachments_along_unless_another_has_them(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        service = chat.service.attachments
        assert service is not None
        one, other = await chat.service.begin("one"), await chat.service.begin("other")
        shared = (await service.add_text("shared.txt", "in both")).attachment
        alone = (await service.add_text("alone.txt", "in one only")).attachment
        posted = await chat.service.post(one.id, "look", attachments=[shared, alone])
        await chat.service.post(other.id, "", attachments=[shared])
        assert posted.message is not None
        assert attachments_of(posted.message.detail) == (shared, alone)
    async with open_chat(tmp_path) as chat:  # both are of an earlier run now, and known to be in messages
        service = chat.service.attachments
        assert service is not None
        await service.clean()
        assert await chat.store.preferences.get("chat.loose_attachments") == []
        await chat.service.clear(one.id)
    async with open_chat(tmp_path) as chat:
        service = chat.service.attachments
        assert service is not None
        await _gone(chat.store, alone.sha256)
        assert await service.body(shared) == b"in both"


async def test_what_was_put_lately_waits_while_the_program_runs(tmp_path: Path) -> None:
    async with open_shelf(tmp_path) as shelf:
        attachment = (await shelf.service.add_text("a.txt", "not in a draft yet")).attachment
        await shelf.service.clean()
        assert await shelf.service.body(attachment) == b"not in a draft yet"


async def test_what_an_event_refers_to_stays(tmp_path: Path) -> None:
    body = b'{"words": "a long body that came from outside"}'
    async with open_shelf(tmp_path) as shelf:
        attachment = (await shelf.service.add_bytes("body.json", "", body)).attachment
        payload = {"body": {"sha256": attachment.sha256, "size": len(body)}}
        received = ReceivedEvent(event_type="x", remote_id="1", timestamp="", payload=payload)
        await shelf.store.journal.append(
            AlexOsEventReceived(data=received, source="alexos", subject="x", actor="system:alexos")
        )
    async with open_shelf(tmp_path) as shelf:
        await shelf.service.clean()
        assert await shelf.service.body(attachment) == body


async def test_the_digest_of_a_posted_text_holds_no_attachment(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        assert chat.service.attachments is not None
        attachment = (await chat.service.attachments.add_text("a.txt", "the same words")).attachment
        await chat.service.post((await chat.service.begin()).id, "the same words")
    async with open_chat(tmp_path) as chat:
        await _gone(chat.store, attachment.sha256)


async def test_a_message_of_attachments_alone_is_named_by_the_first(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        assert chat.service.attachments is not None
        attachment = (await chat.service.attachments.add_text("sensors.csv", "a;b")).attachment
        conversation = await chat.service.begin()
        posted = await chat.service.post(conversation.id, "", attachments=[attachment])
        assert posted.message is not None
        assert (await chat.service.conversation(conversation.id)).title == "sensors.csv"
        with pytest.raises(InvalidInput, match="takes no attachments"):
            await chat.service.post(conversation.id, "/help", attachments=[attachment])
        with pytest.raises(InvalidInput, match="nothing to send"):
            await chat.service.post(conversation.id, "  ")


async def _gone(store: Store, digest: str) -> None:
    async with asyncio.timeout(10):
        while await store.blobs.get(digest) is not None:
            await asyncio.sleep(0.005)
