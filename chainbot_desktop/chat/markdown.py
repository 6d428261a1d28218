"""Markdown to the HTML that Qt's rich text can show, safe whoever wrote it.

Pure functions for an executor. Beyond the limits a text, or a section of it, is shown as it is: no input may hold up the panel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chainbot_desktop.chat.markdown_html import ALLOWED, SectionRenderer
from chainbot_desktop.chat.markdown_parts import MAX_SHOWN, Code, Prose, Rendered, plain_html, visible
from chainbot_desktop.chat.markdown_stream import MarkdownStream

__all__ = [
    "ALLOWED",
    "MAX_SHOWN",
    "Code",
    "MarkdownStream",
    "Prose",
    "Rendered",
    "SectionRenderer",
    "escape_markdown",
    "plain_html",
    "render",
    "render_with",
    "visible",
]


def render(text: str, colors: Mapping[str, str], *, internal_links: bool = False) -> Rendered:
    """The blocks of a message. `colors` are the theme's syntax colours (#rrggbb by part). Never raises, whatever `text` is.

    `internal_links` is for this program's own answers: links to things inside the panel are kept.
    """
    return render_with(SectionRenderer(colors, internal_links=internal_links), text)


def render_with(renderer: SectionRenderer, text: str) -> Rendered:
    """The same with a renderer that is at hand: making one takes as long as a short message."""
    stream = MarkdownStream(renderer)
    stream.feed(text)
    return stream.rendered()


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it stands, on one line."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+\-.!|])", r"\\\1", " ".join(text.split()))
    return escaped.translate(
        {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("~"): "&#126;", ord(":"): "&#58;", ord("$"): "&#36;"}
    )
