"""Markdown to the HTML that Qt's rich text can show, safe whoever wrote it.

Pure functions for an executor. Two walls: HTML in the text is escaped before it is parsed, and what comes out passes an
allow-list. Beyond the limits a text is shown as it is: no input may hold up the panel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import nh3
from markdown import Markdown

from chainbot_desktop.chat.highlighting import highlighted
from chainbot_desktop.chat.links import INTERNAL_SCHEME, OUTSIDE_SCHEMES, may_be_opened, parse_panel_link
from chainbot_desktop.chat.markdown_blocks import Fence, take_fences
from chainbot_desktop.chat.markdown_extensions import ChatExtension
from chainbot_desktop.chat.markdown_limits import too_intricate, too_large
from chainbot_desktop.chat.markdown_source import prepared

MAX_SHOWN = 10_000
"""Characters shown of a text that is not formatted; the rest is there to copy and to export."""

ALLOWED: Mapping[str, set[str]] = {
    "a": {"href"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align"},
    **{tag: set() for tag in ("p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "li", "sup", "sub")},
    **{tag: set() for tag in ("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr")},
}
"""Tag to attributes; `li` may besides have the class `checked` or `unchecked`, which Qt draws as a box."""

_INVISIBLE = {
    0x061C: "ALM", 0x200E: "LRM", 0x200F: "RLM", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0x00AD: "SHY", 0x2028: "LS", 0x2029: "PS", 0xFEFF: "BOM",
}  # fmt: skip
_MARKS: dict[int, str] = {
    **{code: f"‹{name}›" for code, name in _INVISIBLE.items()},
    **{code: f"‹{code:02X}›" for code in (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0))},
    **{code: f"‹{code:X}›" for code in (*range(0xD800, 0xE000), *range(0xE0000, 0xE0080))},
}


@dataclass(frozen=True, slots=True)
class Prose:
    """A part of a message between its code blocks, as HTML."""

    html: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code block: what was written (for copying), and the same as coloured HTML without `<pre>`."""

    language: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """`note` says why a text is not formatted; `links` are the addresses that it shows, in their order."""

    blocks: tuple[Prose | Code, ...]
    note: str = ""
    links: tuple[str, ...] = ()


def render(text: str, colors: Mapping[str, str], *, internal_links: bool = False) -> Rendered:
    """The blocks of a message. `colors` are the theme's syntax colours (#rrggbb by part). Never raises, whatever `text` is.

    `internal_links` is for this program's own answers: links to things inside the panel are kept.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    reason = too_large(text)
    if reason:
        return _plain(text, reason)
    shown = visible(text)
    mark = _mark_not_in(shown)
    prose, fences = take_fences(shown, mark)
    reason = too_intricate(prose, len(fences))
    if reason:
        return _plain(text, reason)
    try:
        html = _to_html(prose)
    except RecursionError:
        return _plain(text, "it is nested very deeply")
    schemes = set(OUTSIDE_SCHEMES) | ({INTERNAL_SCHEME} if internal_links else set())
    blocks: list[Prose | Code] = []
    for index, piece in enumerate(re.split(rf"(?:<p>)?{mark}(\d+)(?:</p>)?", html)):
        if index % 2:
            blocks.append(_code(fences[int(piece)], colors))
        elif (clean := _clean(piece, schemes)) not in ("", "<br>"):
            blocks.append(Prose(clean))
    if not blocks:  # nothing but definitions of links, say: what was written is shown all the same
        blocks = [Prose(plain_html(text))]
    return Rendered(tuple(blocks), links=_links(blocks))


def _plain(text: str, reason: str) -> Rendered:
    return Rendered((Prose(plain_html(text[:MAX_SHOWN])),), _note(text, reason))


def plain_html(text: str) -> str:
    """Text as HTML that shows just that text, its lines and its spaces."""
    return "<p>" + escape(visible(text)).replace("\n", "<br>").replace("  ", "&nbsp; ") + "</p>"


def visible(text: str) -> str:
    """`text` with a visible mark for each sign that would show nothing and change what is read (bidi overrides, NUL, ...)."""
    return text.translate(_MARKS)


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it stands, on one line."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+\-.!|])", r"\\\1", " ".join(text.split()))
    return escaped.translate({ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("~"): "&#126;", ord(":"): "&#58;"})


def _to_html(prose: str) -> str:
    parser = Markdown(
        extensions=["tables", "footnotes", "sane_lists", "nl2br", ChatExtension()],
        extension_configs={"footnotes": {"BACKLINK_TEXT": ""}, "tables": {"use_align_attribute": True}},
        output_format="html",
        tab_length=4,
    )
    html = str(parser.convert(prepared(prose)))
    return re.sub(r"<t([hd])[ >].*?</t\1>", lambda cell: cell[0].replace("\\|", "|"), html, flags=re.DOTALL)


def _code(fence: Fence, colors: Mapping[str, str]) -> Code:
    html = nh3.clean(
        highlighted(fence.text, fence.language, colors),
        tags={"span"},
        attributes={"span": {"style"}},
        filter_style_properties={"color"},
    )
    return Code(fence.language, fence.text, html)


def _clean(html: str, schemes: set[str]) -> str:
    def filtered(_tag: str, name: str, value: str) -> str | None:
        return value if name != "href" or _leads_somewhere(value, schemes) else None

    clean = nh3.clean(
        html,
        tags=set(ALLOWED),
        attribute_filter=filtered,
        attributes={"*": set(), **{tag: attributes for tag, attributes in ALLOWED.items() if attributes}},
        allowed_classes={"li": {"checked", "unchecked"}},
        url_schemes=schemes,
        url_relative="deny",
        link_rel=None,
        clean_content_tags={"script", "style"},
    )
    # A link whose address was refused is no link: it must not look like one.
    return re.sub(r"(?:&nbsp;)?<a>(.*?)</a>", r"\1", clean, flags=re.DOTALL).strip()


def _leads_somewhere(address: str, schemes: set[str]) -> bool:
    return may_be_opened(address) or (INTERNAL_SCHEME in schemes and parse_panel_link(address) is not None)


def _links(blocks: list[Prose | Code]) -> tuple[str, ...]:
    found = [match for block in blocks if isinstance(block, Prose) for match in re.findall(r'<a href="([^"]*)"', block.html)]
    return tuple(dict.fromkeys(_unescape(address) for address in found))


def _unescape(text: str) -> str:
    return text.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _mark_not_in(text: str) -> str:
    mark = "codeblock"
    while mark in text:
        mark += "x"
    return mark + "n"


def _note(text: str, reason: str) -> str:
    if len(text) <= MAX_SHOWN:
        return f"Shown without formatting, because {reason}."
    return (
        f"Shown without formatting, because {reason}: the first {MAX_SHOWN:,} of {len(text):,} characters. "
        "Copy takes the whole message."
    )
