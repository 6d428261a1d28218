"""Fenced code is taken out of a message before Markdown sees it: it gets a frame of its own, also where it stands in a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

OPENING = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")
_NAMED = re.compile(r"\b(?:title|file|filename|name|path)=(?:\"([^\"]{1,300})\"|'([^']{1,300})'|([^\s\"']{1,300}))")
_FILE = re.compile(r"[^\s:\"'`<>|*?]{1,300}\.[A-Za-z0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: the first word after the fence, and the lines between without the fence's own indentation.

    `name` is the file that it says it is.
    """

    language: str
    text: str
    name: str = ""


@dataclass(slots=True)
class _Open:
    fence: str
    indent: int
    info: str
    lines: list[str]


def take_fences(text: str, mark: str) -> tuple[str, list[Fence]]:
    """`text` with a paragraph `<mark>N` for each fenced block, and the blocks. One that is not closed ends with the text."""
    lines: list[str] = []
    fences: list[Fence] = []
    current: _Open | None = None
    dedent = 0
    for line in text.split("\n"):
        if current is not None:
            if closes(line, current.fence):
                fences.append(fence_of(current.info, current.lines))
                dedent, current = current.indent, None
            else:
                current.lines.append(without_indent(line, current.indent))
            continue
        opening = OPENING.match(line)
        if opening is not None:
            current = _Open(opening["fence"], len(opening["indent"].expandtabs(4)), opening["info"], [])
            lines += ["", f"{mark}{len(fences)}", ""]
            continue
        # What follows a block inside a list item goes on at the margin, or it would be taken for code itself.
        if dedent and line.strip() and _indent_of(line) < dedent:
            dedent = 0
        lines.append(without_indent(line, dedent))
    if current is not None:
        fences.append(fence_of(current.info, current.lines))
    return "\n".join(lines), fences


def closes(line: str, fence: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= len(fence) and set(stripped) == {fence[0]}


def fence_of(info: str, lines: Sequence[str]) -> Fence:
    """The block of `lines` after a fence with `info`: "python", "python title=a.py", "python:src/a.py", "src/a.py"."""
    words = info.strip().split()
    first = words[0].strip("{}") if words else ""
    language, _, name = first.partition(":")
    found = _NAMED.search(info)
    if found is not None:
        name = next(group for group in found.groups() if group)
    elif not name:
        name = next((word for word in [first, *words[1:2]] if _FILE.fullmatch(word) and ("/" in word or word != first)), "")
    if name == first:
        language = name.rpartition(".")[2]
    return Fence(_language(language), "\n".join(lines), name)


def _language(word: str) -> str:
    word = word.strip("{}.").lower()
    return word[:40] if re.fullmatch(r"[\w+#.-]+", word) else ""


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def without_indent(line: str, indent: int) -> str:
    return line[min(indent, _indent_of(line)) :]
