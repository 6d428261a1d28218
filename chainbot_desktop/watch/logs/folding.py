"""Which records are repeats of each other: of the same text, the same but for numbers, or the same but for everything that varies.

A template is a record with its variable parts masked: times, numbers, hexadecimal, UUIDs, addresses, paths, quoted strings, the values
of key=value. Clustering as Drain does it learns templates in the order in which records come, so that what is one template depends on
what was read before, and a search that goes backwards, or over what is left after old lines were dropped, would fold differently each
time. A mask looks at one record alone: the same record has the same template always.
"""

from __future__ import annotations

import numpy as np
import regex
from numpy.typing import NDArray

from chainbot_desktop.watch.logs.document import Fold

_NUMBERS = regex.compile(rb"\d+")
_VARIABLE = regex.compile(
    rb"""
    "[^"\n]*" | (?<!\w)'[^'\n]*'                                             # quoted
    | \b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b       # UUID
    | (?<==)[^\s,;"'(){}\[\]]+                                               # the value of key=value
    | \b[a-z][a-z0-9+.-]*://[^\s"'<>]+                                       # address of a page
    | (?<![\w.])(?:~|\.{1,2})?(?:/[\w.@%+~-]+)+/?                            # path
    | \b[0-9a-f]{1,2}(?::[0-9a-f]{2}){5}\b                                   # MAC address
    | (?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])                # IPv6, and times
    | \b[\w.+-]+@[\w-]+\.[\w.-]+                                             # e-mail
    | \b0x[0-9a-f]+\b | \b(?=[a-f]*[0-9])[0-9a-f]{7,}\b                      # hexadecimal
    | [+-]?\d+(?:[.,:]\d+)*                                                  # numbers, dates, IPv4
    """,
    regex.VERBOSE | regex.IGNORECASE,
)
_SLICE = 16 * 1024
"""Bytes that are masked at a time: other threads get their turn in between."""
_WEIGHT = np.uint64(0x9E3779B97F4A7C15)


def masked(text: bytes, fold: Fold) -> bytes:
    """`text`, which may be many lines, with what `fold` ignores replaced. Line feeds stay."""
    if fold in ("none", "exact"):
        return text
    pattern, mask = (_NUMBERS, b"0") if fold == "numbers" else (_VARIABLE, b"*")
    parts: list[bytes] = []
    begin = 0
    while begin < len(text):
        end = text.find(b"\n", begin + _SLICE) + 1 or len(text)
        parts.append(pattern.sub(mask, text[begin:end], concurrent=True))
        begin = end
    return b"".join(parts)


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
