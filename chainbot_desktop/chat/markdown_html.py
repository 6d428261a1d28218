"""A section of Markdown to the HTML that Qt's rich text can show, safe whoever wrote it.

Two walls: HTML in the text is escaped before it is parsed, and what comes out passes an allow-list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import nh3
from markdown import Markdown

from chainbot_desktop.chat.highlighting import highlighted
from chainbot_desktop.chat.links import INTERNAL_SCHEME, OUTSIDE_SCHEMES, may_be_opened, parse_panel_link
from chainbot_desktop.chat.markdown_blocks import Fence, take_fences
from chainbot_desktop.chat.markdown_extensions import ChatExtension, References
from chainbot_desktop.chat.markdown_limits import too_intricate
from chainbot_desktop.chat.markdown_parts import MAX_SHOWN, Code, Prose, plain_html
from chainbot_desktop.chat.markdown_sections import Section
from chainbot_desktop.chat.markdown_source import prepared

ALLOWED: Mapping[str, set[str]] = {
    "a": {"href"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align"},
    **{tag: set() for tag in ("p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "li", "sup", "sub")},
    **{tag: set() for tag in ("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr")},
}
"""Tag to attributes; `li` may besides have the class `checked` or `unchecked`, which Qt draws as a box."""

_CELL = re.compile(r"<t([hd])[ >].*?</t\1>", re.DOTALL)


class SectionRenderer:
    """One parser for many sections: making one takes as long as a short message. For one thread at a time.

    `colors` are the theme's syntax colours (#rrggbb by part). With `internal_links` links to things inside the panel are kept.
    """

    def __init__(self, colors: Mapping[str, str], *, internal_links: bool = False) -> None:
        self._colors = colors
        self._schemes = set(OUTSIDE_SCHEMES) | ({INTERNAL_SCHEME} if internal_links else set())
        self._parser = Markdown(
            extensions=["tables", "sane_lists", "nl2br", ChatExtension()],
            extension_configs={"tables": {"use_align_attribute": True}},
            output_format="html",
            tab_length=4,
        )

    def parts(self, section: Section, references: References) -> tuple[list[Prose | Code], str]:
        """What a section shows, and why it is not formatted where it is not."""
        mark = _mark_not_in(section.text)
        prose, fences = take_fences(section.text, mark)
        reason = too_intricate(prose, len(fences))
        if reason:
            return plain_parts(section), reason
        try:
            html = self._html(prose, references)
        except RecursionError:
            return plain_parts(section), "it is nested very deeply"
        parts: list[Prose | Code] = []
        for index, piece in enumerate(re.split(rf"(?:<p>)?{mark}(\d+)(?:</p>)?", html)):
            if index % 2:
                parts.append(self.code(fences[int(piece)]))
            elif (clean := self._clean(piece)) not in ("", "<br>"):
                parts.append(Prose(clean))
        return parts, ""

    def code(self, fence: Fence) -> Code:
        html = nh3.clean(
            highlighted(fence.text, fence.language, self._colors),
            tags={"span"},
            attributes={"span": {"style"}},
            filter_style_properties={"color"},
        )
        return Code(fence.language, fence.text, html, fence.name)

    def _html(self, prose: str, references: References) -> str:
        self._parser.references = {}
        self._parser.reset()
        self._parser.references = references  # type: ignore[assignment]  # only ever asked
        html = str(self._parser.convert(prepared(prose)))
        return _CELL.sub(lambda cell: cell[0].replace("\\|", "|"), html)

    def _clean(self, html: str) -> str:
        clean = nh3.clean(
            html,
            tags=set(ALLOWED),
            attribute_filter=self._filtered,
            attributes={"*": set(), **{tag: attributes for tag, attributes in ALLOWED.items() if attributes}},
            allowed_classes={"li": {"checked", "unchecked"}},
            url_schemes=self._schemes,
            url_relative="deny",
            link_rel=None,
            clean_content_tags={"script", "style"},
        )
        # A link whose address was refused is no link: it must not look like one.
        return re.sub(r"(?:&nbsp;)?<a>(.*?)</a>", r"\1", clean, flags=re.DOTALL).strip()

    def _filtered(self, _tag: str, name: str, value: str) -> str | None:
        if name != "href" or may_be_opened(value):
            return value
        return value if INTERNAL_SCHEME in self._schemes and parse_panel_link(value) is not None else None


def plain_parts(section: Section) -> list[Prose | Code]:
    return [Prose(plain_html(section.text[:MAX_SHOWN]))]


def _mark_not_in(text: str) -> str:
    mark = "codeblock"
    while mark in text:
        mark += "x"
    return mark + "n"
