"""Highlighting: QScintilla's own lexers where it has one, Pygments for the languages it has not."""

from __future__ import annotations

from collections.abc import Iterator

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from PyQt6 import Qsci
from PyQt6.Qsci import QsciLexer, QsciLexerCustom, QsciLexerPython, QsciScintilla
from PyQt6.QtCore import QObject

from chainbot_desktop.ui.code_agent.folding import fold_levels
from chainbot_desktop.ui.code_agent.languages import Language
from chainbot_desktop.ui.code_agent.scintilla.styles import ROLES, role_of_description, role_of_token
from chainbot_desktop.ui.code_agent.scintilla.widget import bytes_between
from chainbot_desktop.workspace.limits import LIGHT_ABOVE, PLAIN_ABOVE

_LOOK_BACK = 2_000
"""Lines that are gone back at most to find a place where no string or comment is open."""
_ALWAYS_AGAIN = 80
"""Lines before an edit that are read again: the edit may have closed what was opened there."""
_LOOK_AHEAD = 40
_STYLE_COUNT = 128


def highlightable(language: Language, size: int) -> bool:
    """Whether a text of `size` bytes in that language is highlighted: Python-made lexers stop earlier."""
    if not language.engine:
        return False
    return size <= (LIGHT_ABOVE if language.engine.startswith("pygments:") else PLAIN_ABOVE)


def make_lexer(language: Language, parent: QObject) -> QsciLexer | None:
    """A lexer owned by `parent`; None for a language without highlighting."""
    kind, _, name = language.engine.partition(":")
    if kind == "qsci":
        lexer: QsciLexer = PythonLexer(parent) if language.key == "python" else getattr(Qsci, name)(parent)
        _enable_options(lexer)
        if language.key == "scss":
            lexer.setSCSSLanguage(True)  # type: ignore[attr-defined]  # QsciLexerCSS alone has it
        return lexer
    if kind == "pygments":
        return PygmentsLexer(language, name, parent)
    return None


def styles_of(lexer: QsciLexer) -> Iterator[tuple[int, str]]:
    """The style numbers of a lexer with their roles."""
    if isinstance(lexer, PygmentsLexer):
        yield from enumerate(ROLES)
        return
    for style in range(_STYLE_COUNT):
        description = lexer.description(style)
        if description:
            yield style, role_of_description(description)


def _enable_options(lexer: QsciLexer) -> None:
    """Folding of comments and the like, which the lexers leave off, and code beyond the letter of a format."""
    for option, value in (
        ("setFoldComments", True),
        ("setFoldCompact", False),
        ("setFoldQuotes", True),
        ("setFoldPreprocessor", True),
        ("setHighlightComments", True),
        ("setHighlightEscapeSequences", True),
    ):
        setter = getattr(lexer, option, None)
        if setter is not None:
            setter(value)


class PythonLexer(QsciLexerPython):
    """With the keywords that Python learned since QScintilla's list was made."""

    def keywords(self, keyword_set: int) -> str:
        known = super().keywords(keyword_set)
        return f"{known} async await nonlocal match case type True False" if keyword_set == 1 else known


class PygmentsLexer(QsciLexerCustom):
    """Styles what Scintilla asks for: the lines that come into view and those an edit may have changed."""

    def __init__(self, language: Language, alias: str, parent: QObject) -> None:
        super().__init__(parent)
        self._language = language
        self._lexer: Lexer = get_lexer_by_name(alias)

    def language(self) -> str:
        return self._language.label

    def description(self, style: int) -> str:
        return ROLES[style] if 0 <= style < len(ROLES) else ""

    def styleText(self, start: int, end: int) -> None:  # noqa: N802 (QScintilla's name)
        editor = self.editor()
        if editor is None or end <= start:
            return
        line = editor.SendScintilla(editor.SCI_LINEFROMPOSITION, start)
        first = self._calm_line(editor, max(0, line - _ALWAYS_AGAIN))
        begin = editor.SendScintilla(editor.SCI_POSITIONFROMLINE, first)
        text = bytes_between(editor, begin, end)
        self.startStyling(begin)
        for length, style in self._runs(text):
            self.setStyling(length, style)
        self._fold(editor, first, editor.SendScintilla(editor.SCI_LINEFROMPOSITION, end))

    def _runs(self, utf8: bytes) -> Iterator[tuple[int, int]]:
        """Lengths in bytes and style numbers that cover the text exactly."""
        length, current, left = 0, 0, len(utf8)
        for _, kind, value in self._lexer.get_tokens_unprocessed(utf8.decode("utf-8", "replace")):
            style = ROLES.index(role_of_token(kind))
            size = min(len(value.encode()), left)
            left -= size
            if style != current:
                if length:
                    yield length, current
                length, current = 0, style
            length += size
        if length + left:
            yield length + left, current

    @staticmethod
    def _calm_line(editor: QsciScintilla, line: int) -> int:
        """The nearest line from here upwards that begins outside any string or comment, as far as was styled before."""
        for candidate in range(line, max(-1, line - _LOOK_BACK), -1):
            position = editor.SendScintilla(editor.SCI_POSITIONFROMLINE, candidate)
            if position == 0 or editor.SendScintilla(editor.SCI_GETSTYLEAT, position - 1) == 0:
                return candidate
        return max(0, line - _LOOK_BACK)

    @staticmethod
    def _fold(editor: QsciScintilla, first: int, last: int) -> None:
        count = editor.SendScintilla(editor.SCI_GETLINECOUNT)
        beyond = min(last + _LOOK_AHEAD, count - 1)
        begin = editor.SendScintilla(editor.SCI_POSITIONFROMLINE, first)
        end = editor.SendScintilla(editor.SCI_GETLINEENDPOSITION, beyond)
        lines = bytes_between(editor, begin, end).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for number, level in enumerate(fold_levels(lines, editor.tabWidth())[: last - first + 1], first):
            if editor.SendScintilla(editor.SCI_GETFOLDLEVEL, number) != level:
                editor.SendScintilla(editor.SCI_SETFOLDLEVEL, number, level)
