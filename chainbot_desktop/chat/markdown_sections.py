"""A message cut into sections that can be rendered by themselves, line by line, as it grows.

A section that is closed never changes: what comes later can only define a link or a footnote that it names. So an answer that is
still written is rendered once, but for its open end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chainbot_desktop.chat.markdown_blocks import OPENING, Fence, closes, fence_of, without_indent

LEAST_SECTION = 1_200
"""Characters of prose before a section may end: shorter ones would only be more documents to lay out."""

MAX_DEFINITIONS = 500
"""Links and footnotes each; what is defined beyond them stays text."""

_LINK = re.compile(
    r" {0,3}\[(?P<label>[^\[\]^][^\[\]]{0,199})\]:[ ]*<?(?P<address>[^\s<>]{1,2000})>?"
    r"(?:[ ]+(?P<title>\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ ]*"
)
_NOTE = re.compile(r" {0,3}\[\^(?P<label>[^\[\]\s]{1,200})\]:[ ]*(?P<text>.*)")
_GOES_ON = re.compile(r"[ \t]|[*+-]\s|\d{1,9}[.)]\s|>")
"""How a line begins that may belong to what stands before the empty line above it."""

_MATH = re.compile(r"\$\$[ \t]*")


@dataclass(frozen=True, slots=True)
class Section:
    """Prose: whole blocks of Markdown, fences that are indented (in a list) among them."""

    text: str


@dataclass(slots=True)
class Definitions:
    """Links by label, and the texts of footnotes by label in the order of their numbers. The first one of a label counts."""

    links: dict[str, tuple[str, str]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _OpenFence:
    fence: str
    info: str
    lines: list[str]


class SectionScanner:
    """`take` whole lines; `closed` and `definitions` grow. `tail` says what there would be if the text ended here."""

    def __init__(self) -> None:
        self.closed: list[Section | Fence] = []
        self.definitions = Definitions()
        self._lines: list[str] = []
        self._size = 0
        self._gap = True
        self._inner = ""
        self._fence: _OpenFence | None = None
        self._note: tuple[str, list[str]] | None = None

    def take(self, line: str) -> None:
        if self._fence is not None:
            self._take_code(line)
        elif self._inner:
            self._inner = "" if closes(line, self._inner) else self._inner
            self._keep(line)
        elif self._note is None or not self._take_note_line(line):
            self._take_prose(line)

    def tail(self, rest: str = "") -> SectionScanner:
        """What would be closed if `rest` was the last line: a scanner with those sections alone, and all definitions."""
        ended = SectionScanner()
        ended.definitions = Definitions(dict(self.definitions.links), dict(self.definitions.notes))
        ended._lines, ended._size, ended._gap, ended._inner = list(self._lines), self._size, self._gap, self._inner
        ended._note = (self._note[0], list(self._note[1])) if self._note is not None else None
        if self._fence is not None:
            ended._fence = _OpenFence(self._fence.fence, self._fence.info, list(self._fence.lines))
        ended.take(rest)
        ended.end()
        return ended

    def end(self) -> None:
        """The text is over: what is open ends with it."""
        self._close_note()
        self._close_prose()
        if self._fence is not None:
            self._close_fence(self._fence)

    @property
    def is_in_fence(self) -> bool:
        """Whether the text would end inside a code block of its own."""
        return self._fence is not None

    # Lines

    def _take_code(self, line: str) -> None:
        assert self._fence is not None
        if closes(line, self._fence.fence):
            self._close_fence(self._fence)
        else:
            self._fence.lines.append(line)

    def _close_fence(self, fence: _OpenFence) -> None:
        self.closed.append(fence_of(fence.info, fence.lines))
        self._fence, self._gap = None, True

    def _take_prose(self, line: str) -> None:
        if not line.strip():
            self._keep(line)
            self._gap = True
            return
        opening = OPENING.match(line)
        if opening is not None and not opening["indent"]:
            self._begin_fence(_OpenFence(opening["fence"], opening["info"], []))
        elif self._gap and _MATH.fullmatch(line):
            self._begin_fence(_OpenFence("$$", "math", []))
        elif not self._take_definition(line):
            if self._gap and self._size >= LEAST_SECTION and not _GOES_ON.match(line):
                self._close_prose()
            if opening is not None:
                self._inner = opening["fence"]
            self._keep(line)
            self._gap = False

    def _begin_fence(self, fence: _OpenFence) -> None:
        self._close_prose()
        self._fence = fence

    def _keep(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line) + 1

    def _close_prose(self) -> None:
        text = "\n".join(self._lines).strip("\n")
        if text.strip():
            self.closed.append(Section(text))
        self._lines, self._size, self._gap, self._inner = [], 0, True, ""

    # Definitions

    def _take_definition(self, line: str) -> bool:
        note = _NOTE.fullmatch(line)
        if note is not None and len(self.definitions.notes) < MAX_DEFINITIONS:
            self._note = (label_of(note["label"]), [note["text"]])
            return True
        link = _LINK.fullmatch(line) if self._gap else None
        if link is None or len(self.definitions.links) >= MAX_DEFINITIONS:
            return False
        self.definitions.links.setdefault(label_of(link["label"]), (link["address"], (link["title"] or "")[1:-1]))
        return True  # and the next line may be another one: `_gap` stays

    def _take_note_line(self, line: str) -> bool:
        """Whether a line belongs to the footnote that is open: it follows at once, or is indented after an empty line."""
        assert self._note is not None
        lines = self._note[1]
        blank = not line.strip()
        indented = line.startswith(("    ", "\t", "  "))
        if blank or indented or (lines[-1] and not OPENING.match(line) and not _NOTE.fullmatch(line)):
            lines.append("" if blank else without_indent(line, 4))
            return True
        self._close_note()
        self._gap = True
        return False

    def _close_note(self) -> None:
        if self._note is not None:
            label, lines = self._note
            self.definitions.notes.setdefault(label, "\n".join(lines).strip())
            self._note = None


def label_of(text: str) -> str:
    """A label as it is compared: its case and its spaces do not count."""
    return " ".join(text.split()).lower()
