"""What chat users expect of Markdown and python-markdown does not do by itself: task lists and bare addresses as links.

HTML in a message is shown as it was typed, never taken as HTML.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

_ADDRESS = r"(https?://[^\s<>\"'`\\\x02\x03]{1,2000})"
_TASK = re.compile(r"^\[( |x|X)\]\s+")


class ChatExtension(Extension):
    """Autolinks, task lists, strikethrough, and no HTML."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the library's name
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.inlinePatterns.deregister("image_link")
        md.inlinePatterns.deregister("image_reference")
        md.inlinePatterns.deregister("short_image_ref")
        md.inlinePatterns.register(_Autolink(_ADDRESS, md), "bare_address", 115)
        md.inlinePatterns.register(_Strike(r"(?<!~)~~(?!~)([^\n~]{1,500}?)~~(?!~)", md), "strike", 65)
        md.treeprocessors.register(_TaskLists(md), "task_lists", 15)


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
