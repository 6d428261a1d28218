"""Types and sizes told by bytes: of real pictures where Qt's absence allows, else of heads as their formats describe them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.chat.media_types import UNKNOWN, as_text, image_size, media_type, use_of

JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    b"\xff\xe1\x00\x08Exif\0\0"
    b"\xff\xff\xc2\x00\x11\x08" + struct.pack(">HH", 480, 800) + b"\x03\x01\x22\0"
)
BMP = b"BM" + bytes(12) + struct.pack("<Iii", 40, 640, -360) + bytes(30)
OLD_BMP = b"BM" + bytes(12) + struct.pack("<IHH", 12, 64, 36) + bytes(30)


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(body) + 12) + b"WEBP" + kind + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("body", "kind", "size"),
    [
        (JPEG, "image/jpeg", (800, 480)),
        (b"GIF89a" + struct.pack("<HH", 12, 34) + bytes(10), "image/gif", (12, 34)),
        (BMP, "image/bmp", (640, 360)),
        (OLD_BMP, "image/bmp", (64, 36)),
        (webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 100 | 0x4000, 50)), "image/webp", (100, 50)),
        (webp(b"VP8L", b"\x2f" + struct.pack("<I", 99 | 49 << 14)), "image/webp", (100, 50)),
        (webp(b"VP8X", bytes(4) + (99).to_bytes(3, "little") + (49).to_bytes(3, "little")), "image/webp", (100, 50)),
    ],
)
def test_the_size_of_a_picture_is_read_from_its_head(body: bytes, kind: str, size: tuple[int, int]) -> None:
    assert media_type(body, "x") == kind
    assert image_size(body) == size


@pytest.mark.parametrize(
    ("body", "name", "kind", "use"),
    [
        (b"print(1)\n", "a.py", "text/x-python", "text"),
        (b'{"a": 1}', "a.json", "application/json", "text"),
        (b"<svg/>", "a.svg", "image/svg+xml", "text"),
        (b"let a: number", "a.ts", "text/plain", "text"),
        (b"words", "words.png", "text/plain", "text"),
        (b"\xef\xbb\xbfwords", "a.txt", "text/plain", "text"),
        ("Käse".encode("latin-1"), "a.txt", "text/plain; charset=iso-8859-1", "text"),
        ("Käse".encode("utf-16"), "a.txt", "text/plain; charset=utf-16", "text"),
        (b"\x1b[31mred\x1b[0m", "a.log", "text/plain", "text"),
        (b"a\0b", "a.txt", UNKNOWN, "name"),
        (b"%PDF-1.7\n", "a.txt", "application/pdf", "name"),
        (b"PK\x03\x04....", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "name"),
        (b"PK\x03\x04....", "a.txt", "application/zip", "name"),
        (b"RIFF....WAVEfmt ", "a", "audio/wav", "name"),
        (b"01234567WAVE", "a", "text/plain", "text"),
        (b"\x89PNG\r\n\x1a\n cut", "a.png", UNKNOWN, "name"),
        (b"BMW is a car", "a.txt", "text/plain", "text"),
    ],
)
def test_what_bytes_are(body: bytes, name: str, kind: str, use: str) -> None:
    found = media_type(body, name)
    assert (found.partition(";")[0] if "markdown" in kind else found, use_of(found)) == (kind, use)


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_is_read_as_it_was_written(charset: str) -> None:
    body = "Käse, fünf Stück\n".encode(charset)
    assert as_text(media_type(body, "a.txt"), body) == "Käse, fünf Stück\n"


@given(st.binary(max_size=200), st.sampled_from(["a.png", "a.txt", "a", "a.zip"]))
def test_no_bytes_upset_it(body: bytes, name: str) -> None:
    for head in (b"", b"\xff\xd8\xff", b"RIFF....WEBP", b"GIF89a", b"BM" + bytes(12) + b"\x28\0\0\0", b"\x89PNG\r\n\x1a\n"):
        kind = media_type(head + body, name)
        assert (as_text(kind, head + body) is not None) == (use_of(kind) == "text")


@given(st.text(max_size=200))
def test_every_text_is_a_text(words: str) -> None:
    printable = "".join(c for c in words if c.isprintable() or c in "\n\t")
    body = ("." + printable).encode()
    assert as_text(media_type(body, "a"), body) == "." + printable
