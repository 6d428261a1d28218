"""Code as a document of one paragraph for each line: it can grow at its end, and be painted in part, without a look at the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextDocument, QTextLayout

from chainbot_desktop.chat.markdown import Code

_PIECE = re.compile(r'<span style="color:\s*([^";]*);?">(.*?)</span>|([^<]+)', re.DOTALL)


def fill_with_code(document: QTextDocument, code: Code) -> None:
    """Put `code` in, in its colours. Those are the layout's formats, not the text's: cheap, and gone with the next filling."""
    document.setPlainText(code.text)
    formats: dict[str, QTextCharFormat] = {}
    block = document.begin()
    for line in _lines(code.html):
        ranges = []
        start = 0
        for color, text in line:
            if color and text:
                ranges.append(_range(start, len(text.encode("utf-16-le")) // 2, _format(color, formats)))
            start += len(text.encode("utf-16-le")) // 2
        if ranges and block.isValid():
            block.layout().setFormats(ranges)
        block = block.next()
    document.markContentsDirty(0, document.characterCount())


def append_text(document: QTextDocument, text: str) -> None:
    """Go on at the end, in the form of what stands there."""
    cursor = QTextCursor(document)
    cursor.movePosition(QTextCursor.MoveOperation.End)
    cursor.insertText(text)


def cut_end(document: QTextDocument, length: int) -> None:
    """Take away what stands after the first `length` positions."""
    cursor = QTextCursor(document)
    cursor.setPosition(min(length, document.characterCount() - 1))
    cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
    cursor.removeSelectedText()


def _lines(html: str) -> Iterator[list[tuple[str, str]]]:
    """(colour or "", text) of the pieces of each line."""
    line: list[tuple[str, str]] = []
    for piece in _PIECE.finditer(html):
        first, *others = unescape(piece[2] if piece[2] is not None else piece[3]).split("\n")
        color = piece[1] or ""
        line.append((color, first))
        for text in others:
            yield line
            line = [(color, text)]
    yield line


def _range(start: int, length: int, form: QTextCharFormat) -> QTextLayout.FormatRange:
    made = QTextLayout.FormatRange()
    made.start, made.length, made.format = start, length, form
    return made


def _format(color: str, made: dict[str, QTextCharFormat]) -> QTextCharFormat:
    if color not in made:
        made[color] = QTextCharFormat()
        made[color].setForeground(QColor(color))
    return made[color]
