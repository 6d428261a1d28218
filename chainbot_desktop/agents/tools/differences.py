"""The difference of two texts as `diff -u` writes it, in a time that no pair of texts can stretch.

The standard library's comparison takes minutes for a few thousand lines that changed places. What both texts begin and end with is
set aside here, and where too much is left to be compared line by line it is shown as one block: out with the old, in with the new.
That is as exact, only longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

_CONTEXT = 3
_EFFORT = 1_000_000
"""Lines of the one times lines of the other: about a second at the worst."""

_Opcode = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]


class _Compared(SequenceMatcher[str]):
    """The library's hunks of a comparison that was made here."""

    def __init__(self, codes: list[_Opcode]) -> None:
        super().__init__(None, "", "")
        self._codes = codes

    def get_opcodes(self) -> list[_Opcode]:
        return self._codes


def unified(
    before: Sequence[str], after: Sequence[str], old_name: str, new_name: str, *, effort: int = _EFFORT
) -> Iterator[str]:
    """Rows without line ends; none where nothing is different."""
    for number, group in enumerate(_Compared(_opcodes(before, after, effort)).get_grouped_opcodes(_CONTEXT)):
        if number == 0:
            yield f"--- {old_name}"
            yield f"+++ {new_name}"
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (f" {row}" for row in before[i1:i2])
                continue
            yield from (f"-{row}" for row in before[i1:i2])
            yield from (f"+{row}" for row in after[j1:j2])


def _opcodes(before: Sequence[str], after: Sequence[str], effort: int) -> list[_Opcode]:
    head = _same(before, after)
    old, new = before[head:], after[head:]
    tail = _same(old[::-1], new[::-1])
    old, new = old[: len(old) - tail], new[: len(new) - tail]
    codes: list[_Opcode] = [("equal", 0, head, 0, head)] if head else []
    codes += [(tag, head + i1, head + i2, head + j1, head + j2) for tag, i1, i2, j1, j2 in _compared(old, new, effort)]
    if tail:
        codes.append(("equal", len(before) - tail, len(before), len(after) - tail, len(after)))
    return codes


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    shorter = min(len(one), len(other))
    return next((number for number in range(shorter) if one[number] != other[number]), shorter)


def _compared(old: Sequence[str], new: Sequence[str], effort: int) -> Sequence[_Opcode]:
    if not old and not new:
        return ()
    if len(old) * len(new) <= effort:
        return SequenceMatcher(None, old, new).get_opcodes()
    return [("replace", 0, len(old), 0, len(new))]


def _range(start: int, stop: int) -> str:
    """As POSIX has it: from 1 on, and of nothing the line before."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
