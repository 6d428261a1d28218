"""Changes to the text that take several steps and are undone as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chainbot_desktop.ui.code_agent.languages import Language
from chainbot_desktop.ui.code_agent.scintilla.widget import Scintilla, bytes_between


@contextmanager
def one_step(sci: Scintilla) -> Iterator[None]:
    sci.beginUndoAction()
    try:
        yield
    finally:
        sci.endUndoAction()


def replace_range(sci: Scintilla, first: int, last: int, utf8: bytes) -> None:
    sci.SendScintilla(sci.SCI_SETTARGETRANGE, first, last)
    sci.SendScintilla(sci.SCI_REPLACETARGET, len(utf8), utf8)


def replace_spans(sci: Scintilla, replacements: Sequence[tuple[int, int, bytes]]) -> None:
    """From the last to the first, so that the positions of those before stay true."""
    with one_step(sci):
        for first, last, utf8 in reversed(replacements):
            replace_range(sci, first, last, utf8)


def toggle_comment(sci: Scintilla, language: Language) -> bool:
    """Whether the language has comments. Blank lines are left alone; the mark stands where the least indented line begins."""
    if language.line_comment:
        opening, closing = language.line_comment.encode(), b""
    elif language.block_comment is not None:
        opening, closing = (part.encode() for part in language.block_comment)
    else:
        return False
    lines = _selected_lines(sci)
    texts = [_line(sci, number) for number in lines]
    filled = [text for text in texts if text.strip()]
    if not filled:
        return True
    commented = all(text.lstrip().startswith(opening) for text in filled)
    indent = min(len(text) - len(text.lstrip()) for text in filled)
    with one_step(sci):
        for number, text in zip(lines, texts, strict=True):
            if text.strip():
                changed = _uncommented(text, opening, closing) if commented else _commented(text, indent, opening, closing)
                start = sci.SendScintilla(sci.SCI_POSITIONFROMLINE, number)
                replace_range(sci, start, start + len(text), changed)
    return True


def _selected_lines(sci: Scintilla) -> range:
    first, last = sci.SendScintilla(sci.SCI_GETSELECTIONSTART), sci.SendScintilla(sci.SCI_GETSELECTIONEND)
    begin, end = (sci.SendScintilla(sci.SCI_LINEFROMPOSITION, position) for position in (first, last))
    if end > begin and last == sci.SendScintilla(sci.SCI_POSITIONFROMLINE, end):
        end -= 1  # a selection that ends at the start of a line does not mean that line
    return range(begin, end + 1)


def _line(sci: Scintilla, number: int) -> bytes:
    start = sci.SendScintilla(sci.SCI_POSITIONFROMLINE, number)
    return bytes_between(sci, start, sci.SendScintilla(sci.SCI_GETLINEENDPOSITION, number))


def _commented(text: bytes, indent: int, opening: bytes, closing: bytes) -> bytes:
    return text[:indent] + opening + b" " + text[indent:] + (b" " + closing if closing else b"")


def _uncommented(text: bytes, opening: bytes, closing: bytes) -> bytes:
    start = text.index(opening)
    inner = text[start + len(opening) :].removeprefix(b" ")
    if closing and inner.rstrip().endswith(closing):
        inner = inner.rstrip().removesuffix(closing).removesuffix(b" ")
    return text[:start] + inner
