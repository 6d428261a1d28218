"""What bytes are, told by the bytes: a name may lie, and who reads an attachment relies on its type.

Only text has its name asked as well: which language it is written in cannot be seen in its first bytes.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterator
from pathlib import PurePath
from typing import Literal

UNKNOWN = "application/octet-stream"

Use = Literal["text", "image", "name"]
"""What an agent can be given of an attachment."""

IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"})
"""Pictures that are shown, and whose size is known from their head."""

_HEADS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\0asm", "application/wasm"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (8, b"WAVE", "audio/wav"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
)
"""(offset, bytes, type), the narrower before the wider. Those at 8 are inside a RIFF file."""

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_IN_A_ZIP = {
    ".docx": _OFFICE + "wordprocessingml.document",
    ".xlsx": _OFFICE + "spreadsheetml.sheet",
    ".pptx": _OFFICE + "presentationml.presentation",
    ".odt": _OPEN + "text",
    ".ods": _OPEN + "spreadsheet",
    ".odp": _OPEN + "presentation",
    ".epub": "application/epub+zip",
    ".jar": "application/java-archive",
}
_TEXTS = {
    ".css": "text/css",
    ".csv": "text/csv",
    ".htm": "text/html",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".py": "text/x-python",
    ".sh": "application/x-sh",
    ".sql": "application/sql",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""The lists of a machine (`mimetypes`) say of the same name here this and there that; what is not named here is plain text."""

_IN_TEXT = bytes({*range(0x20, 0x7F), *range(0x80, 0x100), *b"\t\n\v\f\r\x1b"})
_SLICE = 128 * 1024
"""Bytes that are looked at in one go: other threads get their turn in between."""

_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def media_type(body: bytes, name: str) -> str:
    """The type of `body`; `name` helps to tell texts, and the kinds of zip files, from each other."""
    found = next((kind for at, mark, kind in _HEADS if body.startswith(mark, at) and (at != 8 or body[:4] == b"RIFF")), "")
    if not found and body[:2] == b"BM" and int.from_bytes(body[14:18], "little") in {12, 40, 52, 56, 108, 124}:
        found = "image/bmp"
    if found in IMAGES and image_size(body) is None:
        return UNKNOWN  # nobody can show it, whatever its first bytes promise
    if found == "application/zip":
        return _IN_A_ZIP.get(_ending(name), found)
    return found or _text_type(body, name) or UNKNOWN


def use_of(kind: str) -> Use:
    """What an agent can be given of an attachment of this type."""
    essence = kind.partition(";")[0]
    if essence.startswith("text/") or essence in _TEXTS.values():
        return "text"
    return "image" if essence in IMAGES - {"image/bmp"} else "name"


def as_text(kind: str, body: bytes) -> str | None:
    """The words of an attachment of this type; None where it has none."""
    if use_of(kind) != "text":
        return None
    charset = kind.partition("charset=")[2] or "utf-8-sig"
    return body.decode(charset, "replace")


def image_size(body: bytes) -> tuple[int, int] | None:
    """Width and height in pixels by the head of a PNG, JPEG, GIF, WebP or BMP; None where the head says none, or a senseless one."""
    size = None
    if body.startswith(b"\x89PNG\r\n\x1a\n") and body[12:16] == b"IHDR":
        size = _big(body[16:20]), _big(body[20:24])
    elif body[:6] in {b"GIF87a", b"GIF89a"}:
        size = _little(body[6:8]), _little(body[8:10])
    elif body[:2] == b"BM":
        size = _bmp_size(body)
    elif body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        size = _webp_size(body)
    elif body[:3] == b"\xff\xd8\xff":
        size = _jpeg_size(body)
    return size if size is not None and size[0] > 0 and size[1] > 0 else None


def _text_type(body: bytes, name: str) -> str:
    """Empty for what is no text."""
    charset = next((charset for bom, charset in _BOMS if body.startswith(bom)), "")
    if charset:
        return f"text/plain; charset={charset}" if _decodes(body, charset) else ""
    if any(part.translate(None, _IN_TEXT) for part in _slices(body)):
        return ""
    if not _decodes(body, "utf-8"):
        return "text/plain; charset=iso-8859-1"
    return _TEXTS.get(_ending(name), "text/plain")


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower()


def _decodes(body: bytes, charset: str) -> bool:
    decoder = getincrementaldecoder(charset)()
    try:
        for part in _slices(body):
            decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _slices(body: bytes) -> Iterator[bytes]:
    return (body[start : start + _SLICE] for start in range(0, len(body), _SLICE))


def _big(part: bytes) -> int:
    return int.from_bytes(part, "big")


def _little(part: bytes) -> int:
    return int.from_bytes(part, "little")


def _bmp_size(body: bytes) -> tuple[int, int]:
    if _little(body[14:18]) == 12:  # the oldest head has half as wide fields
        return _little(body[18:20]), _little(body[20:22])
    height = int.from_bytes(body[22:26], "little", signed=True)
    return int.from_bytes(body[18:22], "little", signed=True), abs(height)  # below zero: its rows begin at the top


def _webp_size(body: bytes) -> tuple[int, int] | None:
    match body[12:16]:
        case b"VP8 " if body[23:26] == b"\x9d\x01\x2a":
            return _little(body[26:28]) & 0x3FFF, _little(body[28:30]) & 0x3FFF
        case b"VP8L" if body[20:21] == b"\x2f" and len(body) >= 25:
            bits = _little(body[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X" if len(body) >= 30:
            return _little(body[24:27]) + 1, _little(body[27:30]) + 1
        case _:
            return None


def _jpeg_size(body: bytes) -> tuple[int, int] | None:
    """From the first frame header: the segments before it are jumped over by their lengths."""
    at = 2
    while at + 9 <= len(body):
        if body[at] != 0xFF:
            return None
        marker = body[at + 1]
        if marker in {0x01, *range(0xD0, 0xD8), 0xFF}:  # padding, or a marker without a length
            at += 1 if marker == 0xFF else 2
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return _big(body[at + 7 : at + 9]), _big(body[at + 5 : at + 7])
        elif marker in {0xD9, 0xDA}:
            return None
        else:
            at += 2 + max(2, _big(body[at + 2 : at + 4]))
    return None
