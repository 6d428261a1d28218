"""Keeps secrets out of thousands of texts at once: which of them may hold one is found in a few passes over all, whatever they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.watch.redaction import CLUES, Redactor

_LOOKED_AT = 4
"""Letters of a clue that are looked for, together for all clues; longer clues are common after these."""


def _tables() -> tuple[bytes, ...]:
    """For each of the letters of a clue and each byte, a bit for every group of clues that have it there; eight groups share a byte."""
    tables = [bytearray(256) for _ in range(_LOOKED_AT)]
    groups = {letter: 1 << (place % 8) for place, letter in enumerate(dict.fromkeys(clue[0] for clue in CLUES))}
    for clue in CLUES:
        for place, table in enumerate(tables):
            letters = clue[place].encode() if place < len(clue) else bytes(range(256))
            for letter in letters + letters.upper():
                table[letter] |= groups[clue[0]]
    return tuple(map(bytes, tables))


_TABLES = _tables()


def redact_all(redactor: Redactor, texts: Sequence[str]) -> Sequence[str]:
    """Each as `redactor` alone would make it; `texts` itself where there is nothing to hide in any."""
    joined = "\n".join(texts)
    if redactor.names_secret(joined):
        return [redactor.redact(text) for text in texts]
    suspects = _suspects(joined, texts)
    if not len(suspects):
        return texts
    redacted = list(texts)
    for place in suspects:
        redacted[place] = redactor.redact(texts[place])
    return redacted


def _suspects(joined: str, texts: Sequence[str]) -> Sequence[int]:
    """Those that may hold a clue."""
    if not joined.isascii():
        lower = joined.lower()  # letters that are not ASCII may become ones that are
        if len(lower) != len(joined):
            return range(len(texts))
        joined = lower
    places = _clues(joined.encode("latin-1", "replace"))  # a byte a letter: places stay
    if not len(places):
        return ()
    starts = np.cumsum([0, *map(len, texts[:-1])]) + np.arange(len(texts))
    suspects: list[int] = np.unique(np.searchsorted(starts, places, side="right") - 1).tolist()
    return suspects


def _clues(text: bytes) -> NDArray[np.intp]:
    """Where a clue may begin."""
    text += b"   "
    count = len(text) - _LOOKED_AT + 1
    bits = np.frombuffer(text.translate(_TABLES[0]), np.uint8)[:count]
    for place, table in enumerate(_TABLES[1:], 1):
        bits = bits & np.frombuffer(text.translate(table), np.uint8)[place : place + count]
    return np.flatnonzero(bits)
