"""Between Markdown as people and models write it and Markdown as python-markdown reads it.

Lists nested by two or three spaces are nested by four, lists and tables need no empty line before them, `#1` is no heading.
"""

from __future__ import annotations

import re

_ITEM = re.compile(r"^(?P<indent> *)(?P<marker>[*+-]|\d{1,9}\.)(?P<gap> +)(?=\S)")
_TABLE_RULE = re.compile(r"^ {0,3}\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-+:?[ ]*)+\|?[ ]*$|^ {0,3}\|[ ]*:?-+:?[ ]*\|[ ]*$")
_HASHTAG = re.compile(r"^#{1,6}[^#\s]")
_STEP = "    "


def prepared(text: str) -> str:
    """`text` (without fenced code) for python-markdown with a tab length of 4."""
    source = _Source()
    lines = text.expandtabs(4).split("\n")
    for index, line in enumerate(lines):
        source.take(line, lines[index + 1] if index + 1 < len(lines) else "")
    return "\n".join(source.lines)


class _Source:
    """The lines so far, and the list items that are open: where the content of each began, and whether it was numbered.

    `_apart`: the open item has a paragraph of its own, after which python-markdown wants an empty line before the next item.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._open: list[tuple[int, bool]] = []
        self._apart = False

    def take(self, line: str, following: str) -> None:
        if not line.strip():
            self.lines.append("")
            return
        item = _ITEM.match(line)
        if item is not None and (self._open or len(item["indent"]) < 4):
            self._take_item(line, item)
        else:
            self._take_text(line, following)

    def _take_item(self, line: str, item: re.Match[str]) -> None:
        indent, numbered = len(item["indent"]), item["marker"][0].isdigit()
        left: tuple[int, bool] | None = None
        while self._open and indent < self._open[-1][0]:
            left = self._open.pop()
        another_kind = left is not None and left[1] != numbered
        if (left is None and not self._open) or another_kind or self._apart:
            self._gap()
        self.lines.append(_STEP * len(self._open) + item["marker"] + " " + line[item.end() :])
        self._open.append((indent + len(item["marker"]) + 1, numbered))
        self._apart = False

    def _take_text(self, line: str, following: str) -> None:
        after_gap = not self.lines or not self.lines[-1]
        indent = len(line) - len(line.lstrip(" "))
        if self._open and after_gap:
            while self._open and indent < self._open[-1][0]:
                self._open.pop()
        if self._open:
            start = self._open[-1][0]
            line = _STEP * len(self._open) + line[min(indent, start) :]
            self._apart = self._apart or after_gap
        elif _TABLE_RULE.match(following) and "|" in line:
            self._gap()
        elif _HASHTAG.match(line):
            line = "\\" + line
        self.lines.append(line)

    def _gap(self) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")
