"""Where a text folds when its lexer does not say: a line is a head when the next lines stand further in. Pure."""

from __future__ import annotations

from collections.abc import Sequence

BASE = 0x400
BLANK = 0x1000
HEAD = 0x2000
_DEEPEST = 0x3FF


def fold_levels(lines: Sequence[bytes], tab_width: int) -> list[int]:
    """Scintilla's fold level of each line. A blank line belongs to the one after it."""
    levels = [BASE] * len(lines)
    below = 0
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        if not line.strip():
            levels[number] = BASE + below + BLANK
            continue
        indent = min(_indent(line, tab_width), _DEEPEST)
        levels[number] = BASE + indent + (HEAD if below > indent else 0)
        below = indent
    return levels


def _indent(line: bytes, tab_width: int) -> int:
    columns = 0
    for byte in line:
        if byte == 0x20:
            columns += 1
        elif byte == 0x09:
            columns += tab_width - columns % tab_width
        else:
            break
    return columns
