"""What is no export is refused with a sentence; what is half of one keeps its half."""

from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound, TooLarge
from tests.helpers.chatgpt_exports import as_bytes, generated, talk, write_json, write_zip
from tests.helpers.imports import Importing


async def test_a_truncated_file_keeps_what_was_complete_and_the_whole_one_adds_the_rest(
    importing: Importing, tmp_path: Path
) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, list(generated(30, turns=4)))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    half = await importing.run(path)
    assert half.state == "done"
    assert "ends in the middle" in half.problem
    assert "only what is missing is added" in half.problem
    assert 10 <= half.counts.conversations < 30
    path.write_bytes(whole)
    rest = await importing.run(path)
    assert not rest.problem
    assert rest.counts.known == half.counts.messages
    assert len([c for c in await importing.conversations() if not c.branched_from]) == 30


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"hello there", "is not JSON"),
        (b"<!DOCTYPE html><html>", "a page for a browser"),
        ("[]".encode("utf-16"), "is not in UTF-8"),
        (b"[]", "it is an empty list"),
        (b'[{"uuid": "1", "chat_messages": []}]', "1 of another program (Claude)"),
        (b'{"id": "user-1", "email": "a@b"}', "1 without messages"),
        (b'[1, null, "x", []]', "4 not a conversation"),
        (b"\x89PNG\r\n", "is not JSON"),
        (b"[" * 1_000_000, "levels deep"),
        (b'[{"a":' * 100_000, "levels deep"),
        (b'[{"mapping": {"a": NaN}}]', "is not JSON any more"),
    ],
)
async def test_another_format_is_named(importing: Importing, tmp_path: Path, body: bytes, said: str) -> None:
    path = tmp_path / "conversations.json"
    path.write_bytes(body)
    progress = await importing.run(path)
    assert progress.state == "failed"
    assert said in progress.problem
    assert importing.service.interrupted is None
    assert await importing.conversations() == []


async def test_latin_1_in_the_middle_keeps_what_came_before(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_bytes(as_bytes(talk("a", ["good"]))[:-1] + b',{"title": "caf\xe9"}]')
    progress = await importing.run(path)
    assert "is not in UTF-8" in progress.problem
    assert progress.counts.messages == 1


async def test_a_byte_order_mark_and_a_single_conversation_are_fine(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_bytes(b"\xef\xbb\xbf\n " + json.dumps(talk("a", ["good"])).encode())
    assert (await importing.run(path)).counts.messages == 1


async def test_what_cannot_be_opened_is_said_at_once(importing: Importing, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await importing.service.start(tmp_path / "nothing.json")
    (tmp_path / "empty.json").touch()
    with pytest.raises(InvalidInput, match="is empty"):
        await importing.service.start(tmp_path / "empty.json")
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(InvalidInput, match="damaged ZIP"):
        await importing.service.start(tmp_path / "bad.zip")
    write_zip(tmp_path / "other.zip", {"readme.txt": b"hello"})
    with pytest.raises(InvalidInput, match="no conversations"):
        await importing.service.start(tmp_path / "other.zip")
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InvalidInput, match="is no file"):
        await importing.service.start(tmp_path / "pipe.json")
    write_zip(tmp_path / "locked.zip", {"conversations.json": as_bytes(talk("a", ["x"]))})
    data = bytearray((tmp_path / "locked.zip").read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # the mark of an encrypted member
    (tmp_path / "locked.zip").write_bytes(data)
    with pytest.raises(InvalidInput, match="is encrypted"):
        await importing.service.start(tmp_path / "locked.zip")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInput, match="no conversations"):
        await importing.service.start(tmp_path / "folder")
    assert not importing.service.is_running


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_no_permission(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_bytes(b"[]")
    path.chmod(0)
    with pytest.raises(InvalidInput, match="may not be read"):
        await importing.service.start(path)


async def test_a_bomb_is_not_unpacked(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("conversations.json", "w") as member:
        for _ in range(80):
            member.write(b" " * 1024**2)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(TooLarge, match="that is no export"):
        await importing.service.start(path)


async def test_a_part_that_is_damaged_in_the_zip_does_not_take_the_next_with_it(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    first, second = as_bytes(*generated(40, turns=4)), as_bytes(talk("b", ["second part"]))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("conversations-000.json", first)
        archive.writestr("conversations-001.json", second)
    data = bytearray(path.read_bytes())
    data[len(first) - 3000] ^= 0x01  # the sum does not fit any more
    path.write_bytes(data)
    progress = await importing.run(path)
    assert "conversations-000.json" in progress.problem
    assert any(c.last_text == "second part" for c in await importing.conversations())


async def test_two_at_a_time_are_refused(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, list(generated(200)))
    await importing.service.start(path)
    with pytest.raises(Conflict):
        await importing.service.start(path)
    assert (await importing.service.wait()).state == "done"


async def test_a_full_disk_stops_it_and_it_goes_on_when_there_is_room(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, list(generated(120)))
    database = importing.store.database

    def limit(pages: int) -> None:
        for engine in (database._engine,):
            with engine.begin() as connection:
                connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    used = (tmp_path / "journal.db").stat().st_size // 4096
    await database.on_writer(lambda: limit(used + 300))
    full = await importing.run(path)
    assert full.state == "failed"
    assert "Free disk space" in full.problem
    assert 0 < full.counts.messages < 120 * 24
    await database.on_writer(lambda: limit(2**30))
    await importing.service.resume()
    done = await importing.service.wait()
    assert (done.state, done.problem) == ("done", "")
    assert done.counts.messages == 120 * 24 + 12
    assert done.counts.known == 0
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT id) FROM messages").fetchone() == (2892, 2892)


async def test_nothing_to_resume_is_said(importing: Importing) -> None:
    with pytest.raises(ChainBotError, match="no import to go on with"):
        await importing.service.resume()
