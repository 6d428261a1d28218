"""A text that is still written, as Markdown: what is finished is rendered once, only its open end again.

The law: whatever the pieces were, after the last one the result is that of `markdown.render` for the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape

from chainbot_desktop.chat.markdown_blocks import Fence
from chainbot_desktop.chat.markdown_extensions import Answer, References
from chainbot_desktop.chat.markdown_html import SectionRenderer, plain_parts
from chainbot_desktop.chat.markdown_limits import MAX_SECTIONS, MAX_TEXT, MAX_WEIGHT, weight
from chainbot_desktop.chat.markdown_parts import MAX_SHOWN, Code, Prose, Rendered, plain_html, visible
from chainbot_desktop.chat.markdown_sections import Section, SectionScanner

_AGAIN = 1.3
"""A code block that is still written is coloured anew when it has grown so many times: twice as long costs three times as much."""


@dataclass(slots=True)
class _Kept:
    """A closed section as it was rendered, and what it looked up for that."""

    source: Section | Fence
    parts: list[Prose | Code] = field(default_factory=list)
    reason: str = ""
    asked: dict[str, Answer] = field(default_factory=dict)
    rendered: bool = False


class MarkdownStream:
    """`renderer` may serve several texts that are rendered on one thread.

    `feed` and `rendered` may be called on any thread, one call at a time. Never raises, whatever the text is.
    """

    def __init__(self, renderer: SectionRenderer) -> None:
        self._renderer = renderer
        self._scanner = SectionScanner()
        self._pending = ""
        self._head = ""
        self._length = 0
        self._returned = False
        self._kept: list[_Kept] = []
        self._weight = 0
        self._coloured: tuple[int, Code] | None = None
        self.sections_rendered = 0
        """How many sections were rendered by now, each time counted."""

    @property
    def length(self) -> int:
        """Characters that were fed."""
        return self._length

    @property
    def is_in_code(self) -> bool:
        """Whether what comes next is inside a code block."""
        return self._scanner.is_in_fence

    def feed(self, text: str) -> None:
        self._length += len(text)
        if len(self._head) < MAX_SHOWN:
            self._head += text[: MAX_SHOWN - len(self._head)]
        if self._length > MAX_TEXT:
            return
        if not text:
            return
        if self._returned and text.startswith("\n"):  # the second half of a line's end
            text = text[1:]
        self._returned = text.endswith("\r")
        lines = visible(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
        lines[0] = self._pending + lines[0]
        self._pending = lines.pop()
        for line in lines:
            self._scanner.take(line)

    def rendered(self, *, complete: bool = True) -> Rendered:
        """What the text is so far. A code block that is open keeps its colours from before for a while, if not `complete`."""
        if self._length > MAX_TEXT:
            return Rendered((Prose(plain_html(self._head)),), _note("it is long", self._length, whole=True))
        closed = self._scanner.closed
        self._kept += [_Kept(source) for source in closed[len(self._kept) :]]
        tail = self._scanner.tail(self._pending)
        references = References(tail.definitions)
        if len(self._kept) + len(tail.closed) > MAX_SECTIONS:
            return Rendered((Prose(plain_html(self._head)),), _note("it has very many parts", self._length, whole=True))
        for kept in self._kept:
            if not kept.rendered or not references.still_right(kept.asked):
                self._render(kept, references, counts=not kept.rendered)
        before = self._weight
        ends = [_Kept(source) for source in tail.closed]
        is_open = self._scanner.is_in_fence and not complete
        for kept in ends:
            if is_open and isinstance(kept.source, Fence):
                kept.parts = [self._open_code(kept.source)]
            else:
                self._render(kept, references, counts=True)
        self._weight = before
        return self._joined([*self._kept, *ends], tail.definitions.notes, references)

    def _render(self, kept: _Kept, references: References, *, counts: bool) -> None:
        self.sections_rendered += 1
        kept.rendered = True
        if isinstance(kept.source, Fence):
            kept.parts = [self._renderer.code(kept.source)]
            return
        if counts:
            self._weight += weight(kept.source.text)
            if self._weight > MAX_WEIGHT:
                kept.parts, kept.reason = plain_parts(kept.source), "it has very many signs of formatting"
                return
        elif kept.reason:
            return
        references.asked = {}
        kept.parts, kept.reason = self._renderer.parts(kept.source, references)
        kept.asked = references.asked

    def _open_code(self, fence: Fence) -> Code:
        if self._coloured is not None:
            size, code = self._coloured
            if fence.text.startswith(code.text) and code.language == fence.language and len(fence.text) < size * _AGAIN + 200:
                return replace(code, text=fence.text, html=code.html + escape(fence.text[len(code.text) :], quote=False))
        code = self._renderer.code(fence)
        self._coloured = (len(fence.text), code)
        return code

    def _joined(self, kept: list[_Kept], notes: Mapping[str, str], references: References) -> Rendered:
        parts = [part for section in kept for part in section.parts]
        parts += self._footnotes(notes, references)
        reasons = [(section.reason, len(section.source.text)) for section in kept if section.reason]
        if not parts:  # nothing but definitions of links, say: what was written is shown all the same
            parts = [Prose(plain_html(self._head))]
        note = _note(*max(reasons, key=lambda r: r[1]), whole=len(kept) == 1) if reasons else ""
        return Rendered(tuple(parts), note, _links(parts))

    def _footnotes(self, notes: Mapping[str, str], references: References) -> list[Prose | Code]:
        if not notes:
            return []
        items = []
        for text in notes.values():
            parts, _ = self._renderer.parts(Section(text), references)
            items.append("".join(f"<li>{_html_of(part)}</li>" if n == 0 else _html_of(part) for n, part in enumerate(parts)))
        return [Prose("<hr><ol>" + "".join(items) + "</ol>")]


def _html_of(part: Prose | Code) -> str:
    return part.html if isinstance(part, Prose) else plain_html(part.text)


def _links(parts: list[Prose | Code]) -> tuple[str, ...]:
    found = [match for part in parts if isinstance(part, Prose) for match in re.findall(r'<a href="([^"]*)"', part.html)]
    return tuple(dict.fromkeys(_unescape(address) for address in found))


def _unescape(text: str) -> str:
    return text.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _note(reason: str, length: int, *, whole: bool) -> str:
    what = "Shown" if whole else "Partly shown"
    if length <= MAX_SHOWN:
        return f"{what} without formatting, because {reason}."
    of = f"{length:,} characters" if whole else f"{length:,} characters of a part"
    return f"{what} without formatting, because {reason}: the first {MAX_SHOWN:,} of {of}. Copy takes the whole message."
