"""How much formatting one message may ask for: the parser's time grows with the square of some things, which end here."""

from __future__ import annotations

import re

MAX_TEXT = 200_000
"""Characters of a text that is still formatted."""

MAX_LINE = 8_000
MAX_DEPTH = 12
MAX_FENCES = 200
MAX_LINES = 3_000
MAX_PARAGRAPH_LINES = 500
MAX_PARAGRAPH_SIGNS = 2_000
MAX_PARAGRAPH_BRACKETS = 300
MAX_BRACKETS = 1_500
MAX_CELLS = 3_000
MAX_WEIGHT = 12_000
"""Lines and signs of formatting of a whole message: a long one that is ordinary has half of them."""

MAX_SECTIONS = 400

_LEAD = re.compile(r"(?:[ \t>]|[*+-](?=\s)|\d{1,9}\.(?=\s))*")


def too_intricate(prose: str, fences: int) -> str:
    """Why a section without its code blocks is not formatted; empty if it can be."""
    lines = prose.split("\n")
    if any(len(line) > MAX_LINE for line in lines):
        return "it has a very long line"
    if fences > MAX_FENCES:
        return "it has very many code blocks"
    if len(lines) > MAX_LINES or prose.count("|") > MAX_CELLS:
        return "it has very many lines or cells"
    if any(_depth(line) > MAX_DEPTH for line in lines):
        return "it is nested very deeply"
    if prose.count("[") > MAX_BRACKETS or any(_dense(paragraph) for paragraph in re.split(r"\n[ \t>]*\n", prose)):
        return "it has very many signs of formatting"
    return ""


def weight(prose: str) -> int:
    """What a section takes of `MAX_WEIGHT`."""
    return prose.count("\n") + 1 + _signs(prose) + prose.count("[") + prose.count("|")


def _depth(line: str) -> int:
    lead = _LEAD.match(line)
    start = lead[0].expandtabs(4) if lead is not None else ""
    markers = len(re.findall(r"[>*+.-]", start))
    return max(markers, (len(start) - len(start.lstrip(" "))) // 2)


def _dense(paragraph: str) -> bool:
    return (
        paragraph.count("\n") > MAX_PARAGRAPH_LINES
        or paragraph.count("[") > MAX_PARAGRAPH_BRACKETS
        or _signs(paragraph) > MAX_PARAGRAPH_SIGNS
    )


def _signs(text: str) -> int:
    return sum(text.count(sign) for sign in "*_`<&~!\\$")
