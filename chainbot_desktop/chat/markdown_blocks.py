"""Fenced code is taken out of a message before Markdown sees it: it gets a frame of its own, also where it stands in a list."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: the first word after the fence, and the lines between without the fence's own indentation."""

    language: str
    text: str


@dataclass(slots=True)
class _Open:
    fence: str
    indent: int
    language: str
    lines: list[str]


def take_fences(text: str, mark: str) -> tuple[str, list[Fence]]:
    """`text` with a paragraph `<mark>N` for each fenced block, and the blocks. One that is not closed ends with the text."""
    lines: list[str] = []
    fences: list[Fence] = []
    current: _Open | None = None
    dedent = 0
    for line in text.split("\n"):
        if current is not None:
            if _closes(line, current.fence):
                fences.append(Fence(current.language, "\n".join(current.lines)))
                dedent, current = current.indent, None
            else:
                current.lines.append(_without_indent(line, current.indent))
            continue
        opening = _OPENING.match(line)
        if opening is not None:
            indent = len(opening["indent"].expandtabs(4))
            current = _Open(opening["fence"], indent, _language(opening["info"]), [])
            lines += ["", f"{mark}{len(fences)}", ""]
            continue
        # What follows a block inside a list item goes on at the margin, or it would be taken for code itself.
        if dedent and line.strip() and _indent_of(line) < dedent:
            dedent = 0
        lines.append(_without_indent(line, dedent))
    if current is not None:
        fences.append(Fence(current.language, "\n".join(current.lines)))
    return "\n".join(lines), fences


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= len(fence) and set(stripped) == {fence[0]}


def _language(info: str) -> str:
    word = info.strip().split(" ")[0].strip("{}.").lower()
    return word[:40] if re.fullmatch(r"[\w+#.-]+", word) else ""


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _without_indent(line: str, indent: int) -> str:
    return line[min(indent, _indent_of(line)) :]
