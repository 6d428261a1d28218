"""Markdown as plain words: for a title, for a line in a list. Apart from the renderer, whose libraries take time to load."""

from __future__ import annotations

import re
from html import unescape


def without_markup(text: str) -> str:
    """The words of a Markdown text on one line, for where there is room for a few of them."""
    kept = (line for line in text.splitlines() if not re.fullmatch(r"\s*\|?[\s:|-]*--[\s:|-]*|\s*(```|~~~).*", line))
    words = " ".join(_without_mark(line) for line in kept).removeprefix("· ")
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", words)
    words = re.sub(r"(\*\*|`)(.+?)\1", r"\2", words)
    return " ".join(unescape(re.sub(r"\\([\\`*_{}\[\]()#+\-.!|])", r"\1", words)).replace(" | ", " · ").split())


def _without_mark(line: str) -> str:
    line = re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "· ", line)
    return re.sub(r"^\s*(?:#{1,6}|>)\s+", "", line).strip(" |")
