"""Which records are repeats of each other: of the same text, the same but for numbers, or the same but for everything that varies.

A template is a record with its variable parts masked: what stands in quotes, the values of key=value, and every word with a digit, a
slash or an at sign in it: numbers, times, hexadecimal, UUIDs, addresses, paths. Clustering as Drain does it (which masks such words
first, too) learns templates in the order in which records come, so that what is one template depends on what was read before, and a
search that goes backwards, or over what is left after old lines were dropped, would fold differently each time. A mask looks at one
record alone: the same record has the same template always. It is made for a whole block in a few passes, not line by line.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.document import Fold

_QUOTED = re.compile(rb"""\"[^\"\n]*\"|(?<!\w)'[^'\n]*'(?!\w)""")
_COLOURS = re.compile(rb"\x1b\[[0-9;:]*m")
_ONE_DIGIT = bytes.maketrans(b"123456789", b"000000000")
_SLICE = 32 * 1024
"""Bytes that are masked at a time: other threads get their turn in between."""
_WEIGHT = np.uint64(0x9E3779B97F4A7C15)

_SEPARATES, _VARIES = 1, 2
_KINDS = np.zeros(256, np.uint8)
_KINDS[list(b" \t\r\n\v\f\"'=,;(){}[]<>|")] = _SEPARATES
_KINDS[list(b"0123456789/@")] = _VARIES
_EQUALS, _STAR = ord("="), ord("*")


def masked(text: bytes, fold: Fold) -> bytes:
    """`text`, which may be many lines, with what `fold` ignores replaced. Line feeds stay."""
    if fold in {"none", "exact"} or not text:
        return text
    mask = _without_numbers if fold == "numbers" else _template
    parts: list[bytes] = []
    begin = 0
    while begin < len(text):
        end = text.find(b"\n", begin + _SLICE) + 1 or len(text)
        parts.append(mask(text[begin:end]))
        begin = end
    return b"".join(parts)


def _without_numbers(text: bytes) -> bytes:
    text = text.translate(_ONE_DIGIT)
    while b"00" in text:
        text = text.replace(b"00", b"0")
    return text


def _template(text: bytes) -> bytes:
    if b"\x1b[" in text:
        text = _COLOURS.sub(b"", text)
    if b'"' in text or b"'" in text:
        text = _QUOTED.sub(b"*", text)
    letters = np.frombuffer(text, np.uint8)
    kinds = _KINDS[letters]
    separates = (kinds & _SEPARATES) != 0
    begins = separates.copy()
    begins[1:] |= separates[:-1]
    begins[0] = True
    words = np.flatnonzero(begins)  # each separator is a word of its own
    varies = (np.bitwise_or.reduceat(kinds, words) & _VARIES) != 0
    varies[1:] |= (letters[words[1:] - 1] == _EQUALS) & ~separates[words[1:]]
    shown = ~np.repeat(varies, np.diff(words, append=len(letters)))
    shown[words[varies]] = True
    template = letters.copy()
    template[words[varies]] = _STAR
    return bytes(template[shown])


def record_keys(text: bytes, starts: NDArray[np.intp], who: NDArray[np.uint64], fold: Fold) -> NDArray[np.uint64]:
    """One number for each record of `text`: equal where the records are repeats of each other.

    `starts` are the indices of their first lines; `who` says for each record who spoke and how loud: others do not repeat it.
    """
    lines = masked(text, fold).split(b"\n")
    if not lines[-1]:
        lines.pop()
    hashes = np.fromiter((hash(line) & 0xFFFFFFFFFFFFFFFF for line in lines), np.uint64, len(lines))
    # A record is the sum of its lines, each weighed by its place in it.
    places = np.arange(len(lines), dtype=np.uint64)
    places -= np.repeat(places[starts], np.diff(starts, append=len(lines)))
    keys: NDArray[np.uint64] = np.add.reduceat(hashes * (2 * places + np.uint64(1)), starts)
    return keys + (who + np.uint64(1)) * _WEIGHT
