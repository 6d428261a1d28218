"""The theme on an editor: style sheets do not reach its text, so every colour and font goes through the lexer and Scintilla itself."""

from __future__ import annotations

from PyQt6.Qsci import QsciLexer, QsciScintilla
from PyQt6.QtGui import QColor as EditorColor
from PyQt6.QtGui import QFont as EditorFont
from PySide6.QtGui import QColor, QFont

from chainbot_desktop.ui.code_agent.scintilla.lexers import styles_of
from chainbot_desktop.ui.theme import Theme

_TOKENS = {
    "text": "text",
    "faint": "faint",
    "added": "editor.gutter_added",
    "removed": "editor.gutter_removed",
    "property": "syntax.attribute",
    "strong": "syntax.constant",
    "emphasis": "syntax.string",
}
"""Roles whose token is not `syntax.` and the role's own name."""

_FOLD_MARKERS = (
    (QsciScintilla.SC_MARKNUM_FOLDEROPEN, QsciScintilla.SC_MARK_ARROWDOWN),
    (QsciScintilla.SC_MARKNUM_FOLDEROPENMID, QsciScintilla.SC_MARK_ARROWDOWN),
    (QsciScintilla.SC_MARKNUM_FOLDER, QsciScintilla.SC_MARK_ARROW),
    (QsciScintilla.SC_MARKNUM_FOLDEREND, QsciScintilla.SC_MARK_ARROW),
    (QsciScintilla.SC_MARKNUM_FOLDERSUB, QsciScintilla.SC_MARK_EMPTY),
    (QsciScintilla.SC_MARKNUM_FOLDERTAIL, QsciScintilla.SC_MARK_EMPTY),
    (QsciScintilla.SC_MARKNUM_FOLDERMIDTAIL, QsciScintilla.SC_MARK_EMPTY),
)
FOUND_INDICATOR = 9
CURRENT_INDICATOR = 10


def dress(editor: QsciScintilla, lexer: QsciLexer | None, theme: Theme, point_size: float) -> None:
    """Give the editor (and its lexer, set or about to be) the colours and the type of `theme`."""
    font = _font(theme.font("mono"), point_size)
    ground, text = color(theme.color("ground")), color(theme.color("text"))
    editor.setColor(text)
    editor.setPaper(ground)
    editor.setFont(font)
    if lexer is not None:
        _dress_lexer(lexer, theme, font)
    _dress_caret(editor, theme)
    _dress_margins(editor, theme, font)
    _dress_marks(editor, theme)


def color(value: QColor) -> EditorColor:
    return EditorColor.fromRgba(value.rgba())


def role_color(theme: Theme, role: str) -> QColor:
    return theme.color(_TOKENS.get(role) or f"syntax.{role}")


def _font(value: QFont, point_size: float) -> EditorFont:
    font = EditorFont(value.family())
    font.setPointSizeF(point_size)
    font.setStyleHint(EditorFont.StyleHint.Monospace)
    return font


def _dress_lexer(lexer: QsciLexer, theme: Theme, font: EditorFont) -> None:
    ground, text = color(theme.color("ground")), color(theme.color("text"))
    lexer.setDefaultColor(text)
    lexer.setDefaultPaper(ground)
    lexer.setDefaultFont(font)
    lexer.setPaper(ground, -1)
    lexer.setColor(text, -1)
    lexer.setFont(font, -1)
    for style, role in styles_of(lexer):
        lexer.setColor(color(role_color(theme, role)), style)
        lexer.setEolFill(False, style)
        if role in {"heading", "strong", "emphasis"}:
            marked = EditorFont(font)
            marked.setBold(role != "emphasis")
            marked.setItalic(role == "emphasis")
            lexer.setFont(marked, style)


def _dress_caret(editor: QsciScintilla, theme: Theme) -> None:
    editor.setCaretForegroundColor(color(theme.color("editor.caret")))
    editor.setCaretWidth(theme.px(2))
    editor.setCaretLineVisible(True)
    editor.setCaretLineBackgroundColor(color(theme.color("editor.current_line")))
    editor.setSelectionBackgroundColor(color(theme.color("editor.selection")))
    editor.resetSelectionForegroundColor()
    editor.SendScintilla(editor.SCI_SETSELFORE, 0, 0)
    editor.setWhitespaceForegroundColor(color(theme.color("editor.whitespace")))
    editor.SendScintilla(editor.SCI_SETADDITIONALCARETFORE, color(theme.color("editor.caret")))
    editor.SendScintilla(editor.SCI_SETADDITIONALSELBACK, color(theme.color("editor.selection")))


def _dress_margins(editor: QsciScintilla, theme: Theme, font: EditorFont) -> None:
    ground = color(theme.color("ground"))
    editor.setMarginsForegroundColor(color(theme.color("editor.line_number")))
    editor.setMarginsBackgroundColor(ground)
    editor.setMarginsFont(font)
    editor.setFoldMarginColors(ground, ground)
    for marker, shape in _FOLD_MARKERS:
        editor.SendScintilla(editor.SCI_MARKERDEFINE, marker, shape)
        editor.SendScintilla(editor.SCI_MARKERSETFORE, marker, color(theme.color("faint")))
        editor.SendScintilla(editor.SCI_MARKERSETBACK, marker, color(theme.color("faint")))


def _dress_marks(editor: QsciScintilla, theme: Theme) -> None:
    editor.setMatchedBraceForegroundColor(color(theme.color("text")))
    editor.setMatchedBraceBackgroundColor(color(theme.color("editor.brace_match")))
    editor.setUnmatchedBraceForegroundColor(color(theme.color("text")))
    editor.setUnmatchedBraceBackgroundColor(color(theme.color("editor.brace_error")))
    editor.setIndentationGuidesForegroundColor(color(theme.color("editor.indent_guide")))
    editor.setIndentationGuidesBackgroundColor(color(theme.color("editor.indent_guide")))
    for indicator, token in ((FOUND_INDICATOR, "editor.match"), (CURRENT_INDICATOR, "editor.match_current")):
        editor.indicatorDefine(QsciScintilla.IndicatorStyle.FullBoxIndicator, indicator)
        editor.SendScintilla(editor.SCI_INDICSETALPHA, indicator, 255)
        editor.SendScintilla(editor.SCI_INDICSETFORE, indicator, color(theme.color(token)))
        editor.setIndicatorDrawUnder(True, indicator)
