"""A web page as text that a model can read: no scripts, no styles, links behind their words."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SILENT = frozenset({"script", "style", "noscript", "template", "svg"})
_SECTIONS = {
    "address",
    "article",
    "aside",
    "blockquote",
    "div",
    "figure",
    "footer",
    "form",
    "header",
    "main",
    "nav",
    "p",
    "section",
}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = frozenset({*_SECTIONS, *_HEADINGS, "br", "dd", "dl", "dt", "hr", "li", "ol", "pre", "table", "td", "th", "tr", "ul"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.title = ""
        self._silent = 0
        self._in_title = False
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._in_title = True
        elif tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            heading = re.fullmatch(r"h([1-6])", tag)
            self.parts.append("\n" + ("#" * int(heading[1]) + " " if heading else "- " if tag == "li" else ""))
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a" and self._links:
            address = self._links.pop()
            if address.startswith(("http://", "https://", "/")) and not self._silent:
                self.parts.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def text_of_html(page: str) -> str:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    lines = [" ".join(row.split()) for row in "".join(reader.parts).splitlines()]
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    title = " ".join(reader.title.split())
    return f"{title}\n\n{body}" if title else body
