"""How a file writes its text: encoding, line ends. Detected once, from samples of its bytes.

What looks through lines wants one form, whatever the file has: UTF-8, each line ended by a line feed (`TextLayout.as_utf8`).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le", 4),
    (codecs.BOM_UTF32_BE, "utf-32-be", 4),
    (codecs.BOM_UTF8, "utf-8", 1),
    (codecs.BOM_UTF16_LE, "utf-16-le", 2),
    (codecs.BOM_UTF16_BE, "utf-16-be", 2),
)
"""The longest first: UTF-32 begins as UTF-16 does."""
_WINDOWS_1252 = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))
"""As browsers and ripgrep read it: what the code page leaves open are the control characters of Latin-1."""
_SEVERAL_BYTES = re.compile(rb"[\xC3-\xDF][\x80-\xBF]|[\xE1-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3}")


@dataclass(frozen=True, slots=True)
class TextLayout:
    """`unit` is bytes of a code unit, `separator` the unit that ends a line (LF, or CR in files without LF), `start` bytes of mark."""

    codec: str = "utf-8"
    unit: int = 1
    separator: int = 10
    start: int = 0

    def units(self, block: bytes | bytearray | memoryview) -> NDArray[Any]:
        order = ">" if self.codec.endswith("-be") else "<"
        whole = len(block) // self.unit
        return np.frombuffer(block, f"{order}u{self.unit}", whole)

    def decode(self, raw: bytes) -> str:
        """What is no character becomes U+FFFD."""
        if self.codec == "windows-1252":
            return codecs.charmap_decode(raw, "strict", _WINDOWS_1252)[0]
        return raw.decode(self.codec, "replace")

    def as_utf8(self, block: bytes) -> bytes:
        """Whole lines as UTF-8 (invalid bytes of a UTF-8 file stay), each ended by a line feed, as many as before."""
        if self.codec != "utf-8":
            block = self.decode(block).encode("utf-8", "replace")
        if self.separator == 13:
            return block.replace(b"\n", b" ").replace(b"\r", b"\n")
        return block.replace(b"\r\n", b"\n") if b"\r" in block else block

    @property
    def name(self) -> str:
        """For people."""
        return {"utf-8": "UTF-8", "windows-1252": "Latin-1"}.get(self.codec, self.codec.upper())


def detect(head: bytes, tail: bytes = b"") -> TextLayout:
    """From the first bytes of a file, and some of its last ones."""
    codec, unit, start = "utf-8", 1, 0
    for mark, name, size in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            codec, unit, start = name, size, len(mark)
            break
    else:
        if _is_latin(head + tail):
            codec = "windows-1252"
    known = TextLayout(codec, unit, 10, start)
    units = known.units(head[start:])
    return TextLayout(codec, unit, 13, start) if not (units == 10).any() and (units == 13).any() else known


def _is_latin(sample: bytes) -> bool:
    """Has letters beyond ASCII that are rather not UTF-8, and is text at all."""
    high = len(sample) - len(sample.translate(None, bytes(range(128, 256))))
    if not high or sample.count(0) * 100 > len(sample):
        return False
    in_utf8 = sum(len(found) for found in _SEVERAL_BYTES.findall(sample))
    return in_utf8 * 2 < high and high * 3 < len(sample) * 2
