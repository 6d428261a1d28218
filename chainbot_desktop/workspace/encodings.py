"""From bytes on disk to text and back without changing a byte that nobody edited.

Text travels as UTF-8 bytes, as the editor holds it: most files need no conversion at all. Line endings stay as they are, mixed
ones too; `eol` says which kind new lines get.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import StrEnum

from chainbot_desktop.workspace.refusals import NotText, Unencodable

_SAMPLE = 64 * 1024


class Eol(StrEnum):
    LF = "\n"
    CRLF = "\r\n"
    CR = "\r"

    @property
    def label(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a text is written down. `codec` is Python's name of the encoding, byte order included, mark excluded."""

    codec: str = "utf-8"
    bom: bytes = b""
    eol: Eol = Eol.LF
    mixed_eol: bool = False

    @property
    def label(self) -> str:
        name = _LABELS.get(self.codec, self.codec)
        return f"{name} BOM" if self.bom and self.codec == "utf-8" else name


_LABELS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "utf-32-le": "UTF-32 LE",
    "utf-32-be": "UTF-32 BE",
    "latin-1": "Latin-1",
}

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

CHOICES: tuple[TextFormat, ...] = (
    TextFormat(),
    TextFormat(bom=codecs.BOM_UTF8),
    TextFormat("utf-16-le", codecs.BOM_UTF16_LE),
    TextFormat("utf-16-be", codecs.BOM_UTF16_BE),
    TextFormat("latin-1"),
)
"""The encodings a person may choose to save in."""


def decode(body: bytes, name: str) -> tuple[bytes, TextFormat]:
    """The text of a file as UTF-8, and its format. NotText if it is none; `name` is for the sentence."""
    for codec, bom in _candidates(body):
        utf8 = _transcoded(body[len(bom) :], codec)
        if utf8 is None:
            continue
        if b"\x00" in utf8 or (codec == "latin-1" and _looks_binary(utf8)):
            break
        eol, mixed = line_endings(utf8)
        return utf8, TextFormat(codec, bom, eol, mixed)
    raise NotText(
        f"{name} is not text: it holds bytes that an editor would destroy.",
        hint="Open it with the program it was made with.",
    )


def encode(utf8: bytes, form: TextFormat) -> bytes:
    """The bytes to write for a text; Unencodable names the first character that does not fit, and its line."""
    if form.codec == "utf-8":
        return form.bom + utf8
    text = utf8.decode("utf-8")
    try:
        return form.bom + text.encode(form.codec)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        character = text[error.start]
        raise Unencodable(
            f"Line {line} holds “{character}” (U+{ord(character):04X}), which {form.label} cannot write.",
            hint="Save the file as UTF-8 instead.",
        ) from None


def line_endings(utf8: bytes) -> tuple[Eol, bool]:
    """The commonest line ending (LF where there is none), and whether there are others."""
    crlf = utf8.count(b"\r\n")
    counts = {Eol.LF: utf8.count(b"\n") - crlf, Eol.CRLF: crlf, Eol.CR: utf8.count(b"\r") - crlf}
    commonest = max(counts, key=lambda eol: counts[eol])
    return (commonest if counts[commonest] else Eol.LF), sum(1 for count in counts.values() if count) > 1


def _candidates(body: bytes) -> list[tuple[str, bytes]]:
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return [(codec, mark), ("latin-1", b"")]
    unmarked = _unmarked_utf16(body[:_SAMPLE])
    if unmarked:
        return [(unmarked, b"")]
    return [("utf-8", b""), ("latin-1", b"")]


def _unmarked_utf16(sample: bytes) -> str:
    """UTF-16 without a mark shows in Latin text as zeros on every other byte; empty if it does not look so."""
    pairs = len(sample) // 2
    if pairs < 2 or b"\x00" not in sample:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.6 * pairs and even < 0.02 * pairs:
        return "utf-16-le"
    if even > 0.6 * pairs and odd < 0.02 * pairs:
        return "utf-16-be"
    return ""


def _transcoded(body: bytes, codec: str) -> bytes | None:
    try:
        text = body.decode(codec)
        return body if codec == "utf-8" else text.encode()
    except UnicodeError:
        return None


def _looks_binary(utf8: bytes) -> bool:
    """Whether more than a few of the characters are controls that no text has (form feed, escape and bell are allowed)."""
    sample = utf8[:_SAMPLE].decode("utf-8", "ignore")
    controls = sum(1 for c in sample if (c < " " and c not in "\t\n\r\f\x1b\a\b\v") or "\x7f" <= c <= "\x9f")
    return controls > 0.05 * len(sample)
