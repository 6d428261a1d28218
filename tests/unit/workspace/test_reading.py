"""What opens, what is refused, and with which sentence."""

from __future__ import annotations

import codecs
import os
import socket
from pathlib import Path

import pytest

from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound, TooLarge
from chainbot_desktop.workspace.encodings import Eol
from chainbot_desktop.workspace.limits import LIGHT_ABOVE, PLAIN_ABOVE, switched_off
from chainbot_desktop.workspace.reading import open_text
from chainbot_desktop.workspace.refusals import NotText


@pytest.mark.parametrize(
    ("body", "text", "label"),
    [
        (b"plain\n", "plain\n", "UTF-8"),
        ("Grüße 😀\n".encode(), "Grüße 😀\n", "UTF-8"),
        (codecs.BOM_UTF8 + "ü".encode(), "ü", "UTF-8 BOM"),
        (codecs.BOM_UTF16_LE + "ü😀".encode("utf-16-le"), "ü😀", "UTF-16 LE"),
        (codecs.BOM_UTF16_BE + "ü😀".encode("utf-16-be"), "ü😀", "UTF-16 BE"),
        (codecs.BOM_UTF32_LE + "ü".encode("utf-32-le"), "ü", "UTF-32 LE"),
        ("a longer text without a mark\n".encode("utf-16-le"), "a longer text without a mark\n", "UTF-16 LE"),
        ("a longer text without a mark\n".encode("utf-16-be"), "a longer text without a mark\n", "UTF-16 BE"),
        ("Grüße".encode("latin-1"), "Grüße", "Latin-1"),
        (b"", "", "UTF-8"),
    ],
)
def test_encodings_are_recognised(tmp_path: Path, body: bytes, text: str, label: str) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(body)
    opened = open_text(path)
    assert opened.utf8.decode() == text
    assert opened.form.label == label


def test_latin_1_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_bytes(b"caf\xe9\n")
    assert any("Latin-1" in note for note in open_text(path).notes)


@pytest.mark.parametrize(
    ("body", "eol", "mixed"),
    [
        (b"a\nb\n", Eol.LF, False),
        (b"a\r\nb\r\n", Eol.CRLF, False),
        (b"a\rb\r", Eol.CR, False),
        (b"a\r\nb\r\nc\n", Eol.CRLF, True),
        (b"none", Eol.LF, False),
    ],
)
def test_line_endings_are_kept_and_named(tmp_path: Path, body: bytes, eol: Eol, mixed: bool) -> None:
    path = tmp_path / "lines"
    path.write_bytes(body)
    opened = open_text(path)
    assert opened.utf8 == body
    assert (opened.form.eol, opened.form.mixed_eol) == (eol, mixed)
    assert any("different ways" in note for note in opened.notes) is mixed


@pytest.mark.parametrize(
    "body",
    [b"\x7fELF\x02\x01\x01\x00\x00rest", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", bytes(range(128, 256)) * 40, b"text\x00more"],
)
def test_binary_files_are_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "program"
    path.write_bytes(body)
    with pytest.raises(NotText, match="program is not text"):
        open_text(path)


def test_too_large_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "huge.log"
    with path.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    with pytest.raises(TooLarge, match=r"larger than 100\.0 MB.*300\.0 MB"):
        open_text(path)


def test_missing_folder_and_loop_have_their_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        open_text(tmp_path / "nothing")
    with pytest.raises(InvalidInput, match="is a folder"):
        open_text(tmp_path)
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(ChainBotError, match="leads back to itself"):
        open_text(tmp_path / "a")
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotFound, match="a part of its path is a file"):
        open_text(tmp_path / "file" / "inner")


@pytest.mark.timeout(5)
def test_pipes_sockets_and_devices_never_block(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InvalidInput, match="is a pipe"):
        open_text(pipe)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        with pytest.raises(InvalidInput, match="is a socket"):
            open_text(tmp_path / "socket")
    with pytest.raises(InvalidInput, match="is a device"):
        open_text(Path("/dev/zero"))


def test_a_link_opens_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("here")
    (tmp_path / "link").symlink_to("real")
    opened = open_text(tmp_path / "link")
    assert (opened.path.name, opened.utf8) == ("link", b"here")


def test_a_name_that_is_not_utf8_opens(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    path.write_text("found")
    assert open_text(path).utf8 == b"found"


def test_no_permission_is_said(tmp_path: Path, unprivileged: None) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(ChainBotError, match="no permission to open"):
        open_text(path)


def test_read_only_is_noted(tmp_path: Path, unprivileged: None) -> None:
    path = tmp_path / "fixed"
    path.write_text("x")
    path.chmod(0o444)
    opened = open_text(path)
    assert not opened.writable
    assert any("read-only" in note for note in opened.notes)


def test_files_of_proc_open_although_they_claim_to_be_empty() -> None:
    assert open_text(Path("/proc/self/status")).utf8.startswith(b"Name:")


def test_what_is_off_grows_with_the_size() -> None:
    assert switched_off(LIGHT_ABOVE) == ()
    assert switched_off(LIGHT_ABOVE + 1) == ("screen reader updates",)
    assert "highlighting" in switched_off(PLAIN_ABOVE + 1)
