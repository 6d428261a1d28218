"""The old content is there until the new one is safe; surprises are asked about; nothing is lost."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import ChainBotError, NotFound, Unavailable
from chainbot_desktop.workspace.encodings import TextFormat, encode
from chainbot_desktop.workspace.reading import open_text
from chainbot_desktop.workspace.refusals import AlreadyThere, ChangedOnDisk, NoPermission, Unencodable
from chainbot_desktop.workspace.writing import save_bytes


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_saves_what_it_was_given_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    stamp = save_bytes(path, b"new", expected=open_text(path).stamp)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"a.txt"}
    assert stamp == open_text(path).stamp


def test_keeps_mode_owner_and_attributes(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o750)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    try:
        os.setxattr(path, "user.note", b"kept")
        attributes = True
    except OSError:
        attributes = False  # a file system without them
    save_bytes(path, b"#!/bin/sh\nexit\n", expected=open_text(path).stamp)
    after = path.stat()
    assert stat.S_IMODE(after.st_mode) == 0o750
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    if attributes:
        assert os.getxattr(path, "user.note") == b"kept"


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        save_bytes(tmp_path / "new", b"x", expected=None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_writes_through_links(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    real = tmp_path / "deep" / "real"
    real.write_text("old")
    link = tmp_path / "link"
    link.symlink_to("deep/real")
    save_bytes(link, b"new", expected=open_text(link).stamp)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_notices_another_writer_even_within_one_tick_and_one_size(tmp_path: Path) -> None:
    path = tmp_path / "shared"
    path.write_text("mine!")
    opened = open_text(path)
    path.write_text("yours")
    os.utime(path, ns=(opened.stamp.mtime_ns, opened.stamp.mtime_ns))
    with pytest.raises(ChangedOnDisk, match="changed by somebody else"):
        save_bytes(path, b"newer", expected=opened.stamp)
    assert path.read_text() == "yours"
    save_bytes(path, b"newer", expected=opened.stamp, overwrite=True)
    assert path.read_text() == "newer"


def test_a_touched_file_with_the_same_content_is_no_surprise(tmp_path: Path) -> None:
    path = tmp_path / "touched"
    path.write_text("same")
    opened = open_text(path)
    os.utime(path, (1, 1))
    save_bytes(path, b"new", expected=opened.stamp)
    assert path.read_text() == "new"


def test_a_name_that_is_taken_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("theirs")
    with pytest.raises(AlreadyThere):
        save_bytes(tmp_path / "taken", b"mine", expected=None)
    assert (tmp_path / "taken").read_text() == "theirs"


def test_a_deleted_file_is_written_anew_and_a_deleted_folder_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "a"
    path.write_text("old")
    stamp = open_text(path).stamp
    path.unlink()
    save_bytes(path, b"new", expected=stamp)
    assert path.read_text() == "new"
    path.unlink()
    folder.rmdir()
    with pytest.raises(NotFound, match=r"folder .* does not exist any more"):
        save_bytes(path, b"newer", expected=stamp)


def test_write_protected_files_and_folders_are_not_replaced(tmp_path: Path, unprivileged: None) -> None:
    path = tmp_path / "fixed"
    path.write_text("old")
    stamp = open_text(path).stamp
    path.chmod(0o444)
    with pytest.raises(NoPermission, match="write-protected"):
        save_bytes(path, b"new", expected=stamp)
    path.chmod(0o644)
    tmp_path.chmod(0o555)
    with pytest.raises(NoPermission, match="may not write in the folder"):
        save_bytes(path, b"new", expected=stamp)
    tmp_path.chmod(0o755)
    assert path.read_text() == "old"


def test_a_full_disk_leaves_the_old_content(tmp_path: Path) -> None:
    """The limit on the size of files stands for the disk: writing fails half way, as it does when the disk is full."""
    path = tmp_path / "precious"
    path.write_text("precious")
    stamp = open_text(path).stamp
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(Unavailable, match="was not saved"):
            save_bytes(path, b"x" * 100_000, expected=stamp)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_text() == "precious"
    assert names(tmp_path) == {"precious"}


def test_a_really_full_disk(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    try:
        path = tmp_path / "precious"
        path.write_text("precious")
        with pytest.raises(Unavailable, match="disk is full"):
            save_bytes(path, b"x" * 200_000, expected=open_text(path).stamp)
        assert path.read_text() == "precious"
        assert names(tmp_path) == {"precious"}
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_killed_at_any_moment_there_is_the_old_or_the_new_content(tmp_path: Path) -> None:
    path = tmp_path / "value"
    contents = {letter.encode() * 300_000 for letter in "ab"}
    path.write_bytes(min(contents))
    code = (
        "import sys; from pathlib import Path; from chainbot_desktop.workspace.writing import save_bytes\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for letter in b'ab': save_bytes(Path(sys.argv[1]), bytes([letter]) * 300_000, expected=None, overwrite=True)\n"
    )
    for moment in range(3):
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            deadline = time.monotonic() + 0.01 * moment
            while time.monotonic() < deadline:
                assert path.read_bytes() in contents
            writer.kill()
        assert path.read_bytes() in contents


@pytest.mark.parametrize(("text", "codec", "line"), [("a\nb €", "latin-1", 2), ("😀", "latin-1", 1)])
def test_what_an_encoding_cannot_hold_is_named(text: str, codec: str, line: int) -> None:
    with pytest.raises(Unencodable, match=f"Line {line} holds") as refused:
        encode(text.encode(), TextFormat(codec))
    assert "UTF-8" in refused.value.hint


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "latin-1"])
def test_a_file_that_nobody_edited_is_written_back_byte_by_byte(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "round"
    mark = "\ufeff".encode(codec) if codec.startswith("utf-16") else b""
    body = mark + "Grüße\r\nmixed\nends\r".encode(codec)
    path.write_bytes(body)
    opened = open_text(path)
    assert encode(opened.utf8, opened.form) == body


def test_a_folder_cannot_be_saved_over(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ChainBotError, match="is a folder"):
        save_bytes(tmp_path / "folder", b"x", expected=None, overwrite=True)


def test_the_longest_name_can_be_saved(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    save_bytes(path, b"x", expected=None)
    assert path.read_text() == "x"
    with pytest.raises(ChainBotError, match="too long"):
        save_bytes(tmp_path / ("n" * 256), b"x", expected=None)
