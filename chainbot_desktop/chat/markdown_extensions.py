"""What chat users expect of Markdown and python-markdown does not do by itself: task lists, bare addresses, math left alone.

HTML in a message is shown as it was typed, never taken as HTML. Links and footnotes are defined by the whole message, while the
parser sees a section of it: what a section asks for is looked up in a `References`, which remembers the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from chainbot_desktop.chat.markdown_sections import Definitions, label_of

_ADDRESS = r"(https?://[^\s<>\"'`\\\x02\x03]{1,2000})"
_TASK = re.compile(r"^\[( |x|X)\]\s+")
_DISPLAY_MATH = r"(?<![\\$])(\$\$[^$]{1,2000}?\$\$)(?!\$)"
_MATH = r"(?<![\\$\w])(\$(?=[^\s$])[^$\n`]{0,400}?(?<=[^\s\\$])\$)(?![\w$])"
_NOTE = r"\[\^([^\[\]\s]{1,200})\]"

Answer = tuple[str, str] | int | None


class References(Mapping[str, tuple[str, str]]):
    """What a message defines, as the parser asks for it. `asked` is what a section depends on: each label, and what it got."""

    def __init__(self, definitions: Definitions) -> None:
        self._links = definitions.links
        self._numbers = {label: number for number, label in enumerate(definitions.notes, 1)}
        self.asked: dict[str, Answer] = {}

    def still_right(self, asked: Mapping[str, Answer]) -> bool:
        """Whether all that a section asked for once would be answered in the same way."""
        return all(self._look_up(label) == answer for label, answer in asked.items())

    def number(self, label: str) -> int:
        """The number of a footnote, 0 where there is none (yet)."""
        found = self._ask("^" + label_of(label))
        return found if isinstance(found, int) else 0

    def __contains__(self, label: object) -> bool:
        return isinstance(label, str) and self._ask(label_of(label)) is not None

    def __getitem__(self, label: str) -> tuple[str, str]:
        return self._links[label_of(label)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._links)

    def __len__(self) -> int:
        return len(self._links)

    def _ask(self, label: str) -> Answer:
        self.asked[label] = self._look_up(label)
        return self.asked[label]

    def _look_up(self, label: str) -> Answer:
        return self._numbers.get(label[1:]) if label.startswith("^") else self._links.get(label)


class ChatExtension(Extension):
    """Autolinks, task lists, strikethrough, math, footnotes, and no HTML."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the library's name
        md.ESCAPED_CHARS = [*md.ESCAPED_CHARS, "$"]
        md.preprocessors.deregister("html_block")
        md.parser.blockprocessors.deregister("reference")
        md.inlinePatterns.deregister("html")
        md.inlinePatterns.deregister("image_link")
        md.inlinePatterns.deregister("image_reference")
        md.inlinePatterns.deregister("short_image_ref")
        md.inlinePatterns.register(_Math(_DISPLAY_MATH, md), "display_math", 189)
        md.inlinePatterns.register(_Math(_MATH, md), "math", 188)
        md.inlinePatterns.register(_Footnote(_NOTE, md), "note", 175)
        md.inlinePatterns.register(_Autolink(_ADDRESS, md), "bare_address", 115)
        md.inlinePatterns.register(_Strike(r"(?<!~)~~(?!~)([^\n~]{1,500}?)~~(?!~)", md), "strike", 65)
        md.treeprocessors.register(_TaskLists(md), "task_lists", 15)


class _Math(InlineProcessor):
    """What stands between dollars is shown as it was written: no sign in it is Markdown's."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # type: ignore[override]  # noqa: N802
        holder = Element("span")
        first, *rest = m[1].split("\n")
        holder.text = AtomicString(first)
        for line in rest:
            broken = Element("br")
            broken.tail = AtomicString(line)
            holder.append(broken)
        return holder, m.start(0), m.end(0)


class _Footnote(InlineProcessor):
    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        references = self.md.references
        number = references.number(m[1]) if isinstance(references, References) else 0
        if not number:
            return None, None, None
        mark = Element("sup")
        mark.text = AtomicString(str(number))
        return mark, m.start(0), m.end(0)


class _Autolink(InlineProcessor):
    ANCESTOR_EXCLUDES = ("a",)

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # type: ignore[override]  # noqa: N802
        address = m[1].rstrip(".,;:!?*_~")
        # A bracket that was opened outside of the address closes outside, too.
        while address.endswith((")", "]")) and address.count(address[-1]) > address.count({")": "(", "]": "["}[address[-1]]):
            address = address[:-1].rstrip(".,;:!?")
        link = Element("a", href=address)
        link.text = AtomicString(address)
        return link, m.start(0), m.start(0) + len(address)


class _Strike(InlineProcessor):
    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # type: ignore[override]  # noqa: N802
        struck = Element("s")
        struck.text = m[1]
        return struck, m.start(0), m.end(0)


class _TaskLists(Treeprocessor):
    def run(self, root: Element) -> None:
        for item in root.iter("li"):
            holder = item[0] if len(item) and item[0].tag == "p" and not (item.text or "").strip() else item
            found = _TASK.match((holder.text or "").lstrip())
            if found is not None:
                holder.text = (holder.text or "").lstrip()[found.end() :]
                item.set("class", "checked" if found[1] in "xX" else "unchecked")
