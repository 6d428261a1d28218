"""What the rest of the window sees of an editor: text in and out, the caret, commands, and the widget to lay out.

Positions are bytes of UTF-8 from the start of the text, lines and columns count from 1. Signals are PySide6's.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QAbstractScrollArea
from shiboken6 import isValid

from chainbot_desktop.ui.code_agent.indentation import Indentation, indentation_of
from chainbot_desktop.ui.code_agent.languages import PLAIN, Language
from chainbot_desktop.ui.code_agent.scintilla import editing, fingers
from chainbot_desktop.ui.code_agent.scintilla.binding import AdoptedWidget
from chainbot_desktop.ui.code_agent.scintilla.lexers import highlightable, make_lexer
from chainbot_desktop.ui.code_agent.scintilla.look import CURRENT_INDICATOR, FOUND_INDICATOR, dress
from chainbot_desktop.ui.code_agent.scintilla.widget import Scintilla, bytes_between
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.long_press import LongPress
from chainbot_desktop.workspace.encodings import Eol
from chainbot_desktop.workspace.limits import LIGHT_ABOVE, switched_off

_EOL_MODES = {
    Eol.LF: Scintilla.EolMode.EolUnix,
    Eol.CRLF: Scintilla.EolMode.EolWindows,
    Eol.CR: Scintilla.EolMode.EolMac,
}
_LINE_MARGIN, _MARK_MARGIN, _FOLD_MARGIN = 0, 1, 2
_TEXT_NEWS = (
    Scintilla.SC_MOD_INSERTTEXT | Scintilla.SC_MOD_DELETETEXT | Scintilla.SC_MOD_BEFOREINSERT | Scintilla.SC_MOD_BEFOREDELETE
)
_MOST_SHOWN = 2_000
"""Matches that are painted at a time: those around what can be seen."""


class CodeEditor(QObject):
    """Keep a reference while the editor is shown. It dies with `widget`, which belongs to its parent or to `deleteLater`."""

    modified_changed = Signal(bool)
    changed = Signal()
    """The text changed; at most once a paint."""
    caret_moved = Signal()
    scrolled = Signal()
    menu_requested = Signal(QPoint)
    zoomed = Signal(int)

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self._sci = Scintilla()
        self._adopted = AdoptedWidget(self._sci)
        self._wrapped = self._adopted.area
        self._themes = themes
        self._language = PLAIN
        self._size = 0
        self._unsaved = False
        self._told_modified = False
        self._indentation = Indentation()
        self._digits = 0
        self._set_up()
        self._dress(themes.current)
        self._fingers = fingers.FingerScrolling(self.widget.viewport(), self._area, self._line_height, self.zoom_by)
        make_kinetic(self.widget)
        self._long_press = self._make_long_press()
        themes.changed.connect(self._on_theme_changed)
        self.widget.destroyed.connect(self._on_widget_destroyed)

    @property
    def widget(self) -> QAbstractScrollArea:
        """What to lay out. Ask for it each time: see `AdoptedWidget`."""
        area = self._adopted.area
        if area is not self._wrapped:
            self._wrapped = area
            self._long_press.deleteLater()
            self._long_press = self._make_long_press()
        return area

    # Text

    def load(self, utf8: bytes, language: Language, eol: Eol) -> None:
        """Show a text as unmodified, with nothing to undo."""
        sci = self._sci
        sci.setLexer(None)
        self._size = len(utf8)
        self._language = language
        self._adapt_to_size()
        sci.SendScintilla(sci.SCI_SETUNDOCOLLECTION, 0)
        sci.SendScintilla(sci.SCI_CLEARALL)
        sci.SendScintilla(sci.SCI_ALLOCATE, len(utf8) + 1024)
        sci.SendScintilla(sci.SCI_APPENDTEXT, len(utf8), utf8)
        sci.SendScintilla(sci.SCI_SETUNDOCOLLECTION, 1)
        sci.SendScintilla(sci.SCI_EMPTYUNDOBUFFER)
        self.mark_saved()
        self.set_eol(eol)
        self._use_indentation(indentation_of(utf8, Indentation(tabs=language.key in {"make", "go"}, width=4)))
        self.set_language(language)
        self._measure_margin()

    def replace_text(self, utf8: bytes) -> None:
        """Another text in its place, as one step that can be undone; the caret stays about where it was."""
        line, column = self.caret
        top = self._sci.firstVisibleLine()
        editing.replace_range(self._sci, 0, self.length, utf8)
        self.go_to(line, column)
        self._sci.setFirstVisibleLine(top)

    def text(self) -> bytes:
        return bytes_between(self._sci, 0, self.length)

    def text_between(self, first: int, last: int) -> bytes:
        return bytes_between(self._sci, first, last)

    @property
    def length(self) -> int:
        return self._sci.SendScintilla(self._sci.SCI_GETLENGTH)

    @property
    def line_count(self) -> int:
        return self._sci.lines()

    @property
    def is_modified(self) -> bool:
        return self._unsaved or self._sci.isModified()

    def mark_saved(self) -> None:
        self._unsaved = False
        self._sci.setModified(False)
        self._tell_modified()

    def mark_modified(self) -> None:
        """For a change that is not in the text: another encoding, or a text that was recovered."""
        self._unsaved = True
        self._tell_modified()

    # Caret, selection, scrolling

    @property
    def caret(self) -> tuple[int, int]:
        """Line and column in characters."""
        sci = self._sci
        position = sci.SendScintilla(sci.SCI_GETCURRENTPOS)
        line = sci.SendScintilla(sci.SCI_LINEFROMPOSITION, position)
        start = sci.SendScintilla(sci.SCI_POSITIONFROMLINE, line)
        return line + 1, sci.SendScintilla(sci.SCI_COUNTCHARACTERS, start, position) + 1

    def line_at(self, position: int) -> int:
        """The line that a position is in, from 1."""
        return int(self._sci.SendScintilla(self._sci.SCI_LINEFROMPOSITION, position)) + 1

    @property
    def selection(self) -> tuple[int, int]:
        """First and last position; equal where nothing is selected."""
        sci = self._sci
        return sci.SendScintilla(sci.SCI_GETSELECTIONSTART), sci.SendScintilla(sci.SCI_GETSELECTIONEND)

    @property
    def selected_characters(self) -> int:
        sci = self._sci
        total = 0
        for number in range(sci.SendScintilla(sci.SCI_GETSELECTIONS)):
            first = sci.SendScintilla(sci.SCI_GETSELECTIONNSTART, number)
            total += sci.SendScintilla(sci.SCI_COUNTCHARACTERS, first, sci.SendScintilla(sci.SCI_GETSELECTIONNEND, number))
        return total

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the caret there, or as near as the text allows, and show it in the middle."""
        sci = self._sci
        line = min(max(1, line), self.line_count)
        start = sci.SendScintilla(sci.SCI_POSITIONFROMLINE, line - 1)
        end = sci.SendScintilla(sci.SCI_GETLINEENDPOSITION, line - 1)
        position = start
        for _ in range(min(column - 1, end - start)):
            position = min(end, sci.SendScintilla(sci.SCI_POSITIONAFTER, position))
        self.select(position, position)

    def select(self, first: int, last: int) -> None:
        """Select and bring into view, unfolding what hides it; with room around it when it was out of sight."""
        sci = self._sci
        line = sci.SendScintilla(sci.SCI_LINEFROMPOSITION, first)
        sci.SendScintilla(sci.SCI_ENSUREVISIBLE, line)
        shown = sci.SendScintilla(sci.SCI_VISIBLEFROMDOCLINE, line)
        top, rows = sci.firstVisibleLine(), sci.SendScintilla(sci.SCI_LINESONSCREEN)
        sci.SendScintilla(sci.SCI_SETSEL, first, last)
        if not top <= shown < top + rows:
            sci.setFirstVisibleLine(max(0, shown - rows // 2))
        sci.SendScintilla(sci.SCI_SCROLLCARET)

    @property
    def top_line(self) -> int:
        return self._sci.firstVisibleLine()

    def scroll_to(self, top_line: int) -> None:
        self._sci.setFirstVisibleLine(top_line)

    def focus(self) -> None:
        self.widget.setFocus()

    # Settings of the view

    @property
    def language(self) -> Language:
        return self._language

    def set_language(self, language: Language) -> None:
        old = self._sci.lexer()
        self._language = language
        lexer = make_lexer(language, self._sci) if highlightable(language, self._size) else None
        self._sci.setLexer(lexer)
        if old is not None:
            old.deleteLater()
        self._dress(self._themes.current)
        self._use_indentation(self._indentation)

    def set_eol(self, eol: Eol) -> None:
        """The ending of new lines; what is there stays."""
        self._sci.setEolMode(_EOL_MODES[eol])

    @property
    def indentation(self) -> Indentation:
        return self._indentation

    @property
    def switched_off(self) -> tuple[str, ...]:
        """What this text goes without for its size."""
        off = switched_off(self._size)
        if "highlighting" not in off and self._language.engine and not highlightable(self._language, self._size):
            return ("highlighting", *off)
        return off

    def set_word_wrap(self, on: bool) -> None:
        self._sci.setWrapMode(Scintilla.WrapMode.WrapWord if on else Scintilla.WrapMode.WrapNone)

    def set_whitespace(self, on: bool) -> None:
        visibility = Scintilla.WhitespaceVisibility
        self._sci.setWhitespaceVisibility(visibility.WsVisible if on else visibility.WsInvisible)

    @property
    def zoom(self) -> int:
        return self._sci.SendScintilla(self._sci.SCI_GETZOOM)

    def set_zoom(self, zoom: int) -> None:
        """Points added to the size of the text, from -6 to 30."""
        self._sci.zoomTo(min(30, max(-6, zoom)))

    def zoom_by(self, steps: int) -> None:
        before = self.zoom
        self.set_zoom(before + steps)
        if self.zoom != before:
            self.zoomed.emit(self.zoom)

    # Editing

    @property
    def can_undo(self) -> bool:
        return self._sci.isUndoAvailable()

    @property
    def can_redo(self) -> bool:
        return self._sci.isRedoAvailable()

    def undo(self) -> None:
        self._sci.undo()

    def redo(self) -> None:
        self._sci.redo()

    def cut(self) -> None:
        self._sci.cut()

    def copy(self) -> None:
        self._sci.copy()

    def paste(self) -> None:
        self._sci.paste()

    def select_all(self) -> None:
        self._sci.selectAll()

    def duplicate(self) -> None:
        """The selection, or the line where nothing is selected."""
        self._sci.SendScintilla(self._sci.SCI_SELECTIONDUPLICATE)

    def move_lines(self, down: bool) -> None:
        self._sci.SendScintilla(self._sci.SCI_MOVESELECTEDLINESDOWN if down else self._sci.SCI_MOVESELECTEDLINESUP)

    def delete_lines(self) -> None:
        self._sci.SendScintilla(self._sci.SCI_LINEDELETE)

    def toggle_comment(self) -> bool:
        """Comment the selected lines out or in; False where the language has no comments."""
        return editing.toggle_comment(self._sci, self._language)

    def replace_spans(self, replacements: list[tuple[int, int, bytes]]) -> None:
        """Put each text in place of its span (ascending, not overlapping), as one step that can be undone."""
        editing.replace_spans(self._sci, replacements)

    def convert_eol(self, eol: Eol) -> None:
        """Every line ending of the text, as one step that can be undone."""
        self.set_eol(eol)
        self._sci.convertEols(_EOL_MODES[eol])

    def toggle_fold(self) -> None:
        """Fold or unfold what begins at, or holds, the caret's line."""
        sci = self._sci
        line = self.caret[0] - 1
        if not sci.SendScintilla(sci.SCI_GETFOLDLEVEL, line) & sci.SC_FOLDLEVELHEADERFLAG:
            line = sci.SendScintilla(sci.SCI_GETFOLDPARENT, line)
        if line >= 0:
            sci.SendScintilla(sci.SCI_TOGGLEFOLD, line)

    def fold_all(self, fold: bool) -> None:
        self._sci.SendScintilla(self._sci.SCI_FOLDALL, 0 if fold else 1)

    def show_found(self, spans: list[tuple[int, int]]) -> None:
        """Mark matches of a search, the selected one apart; of very many those that begin nearest after the top of the view."""
        sci = self._sci
        for indicator in (CURRENT_INDICATOR, FOUND_INDICATOR):
            sci.SendScintilla(sci.SCI_SETINDICATORCURRENT, indicator)
            sci.SendScintilla(sci.SCI_INDICATORCLEARRANGE, 0, self.length)
        if len(spans) > _MOST_SHOWN:
            top = sci.SendScintilla(sci.SCI_DOCLINEFROMVISIBLE, sci.firstVisibleLine())
            seen_from = sci.SendScintilla(sci.SCI_POSITIONFROMLINE, top)
            spans = [span for span in spans if span[1] >= seen_from][:_MOST_SHOWN]
        selected = self.selection
        for span in spans:
            sci.SendScintilla(sci.SCI_SETINDICATORCURRENT, CURRENT_INDICATOR if span == selected else FOUND_INDICATOR)
            sci.SendScintilla(sci.SCI_INDICATORFILLRANGE, span[0], span[1] - span[0])

    # Inside

    def _set_up(self) -> None:
        sci = self._sci
        sci.setUtf8(True)
        sci.setFrameShape(Scintilla.Shape.NoFrame)
        sci.setMarginType(_LINE_MARGIN, Scintilla.MarginType.NumberMargin)
        sci.setMarginWidth(_MARK_MARGIN, 0)
        sci.setAutoIndent(True)
        sci.setBackspaceUnindents(True)
        sci.setTabIndents(True)
        sci.setBraceMatching(Scintilla.BraceMatch.SloppyBraceMatch)
        sci.setIndentationGuides(True)
        sci.setFolding(Scintilla.FoldStyle.PlainFoldStyle, _FOLD_MARGIN)
        for message, *values in (
            (sci.SCI_SETSCROLLWIDTH, 1),
            (sci.SCI_SETSCROLLWIDTHTRACKING, 1),
            (sci.SCI_SETMULTIPLESELECTION, 1),
            (sci.SCI_SETADDITIONALSELECTIONTYPING, 1),
            (sci.SCI_SETMULTIPASTE, sci.SC_MULTIPASTE_EACH),
            (sci.SCI_SETENDATLASTLINE, 0),
            (sci.SCI_SETXCARETPOLICY, sci.CARET_SLOP | sci.CARET_EVEN, 40),
            (sci.SCI_SETYCARETPOLICY, sci.CARET_SLOP | sci.CARET_EVEN, 2),
        ):
            sci.SendScintilla(message, *values)
        sci.menu_wanted = lambda x, y: self.menu_requested.emit(QPoint(x, y))
        sci.modificationChanged.connect(self._on_modification_changed)
        sci.SCN_UPDATEUI.connect(self._on_update)
        sci.SCN_ZOOM.connect(self._on_zoom)

    def _adapt_to_size(self) -> None:
        """Typing in a big file must not cost a walk over it: see the notes of the bridge to QScintilla."""
        sci = self._sci
        big = self._size > LIGHT_ABOVE
        sci.SendScintilla(sci.SCI_SETMODEVENTMASK, sci.SC_MODEVENTMASKALL & ~_TEXT_NEWS if big else sci.SC_MODEVENTMASKALL)
        by_python = self._language.engine.startswith("pygments:")
        idle = sci.SC_IDLESTYLING_ALL if big or by_python else sci.SC_IDLESTYLING_NONE
        sci.SendScintilla(sci.SCI_SETIDLESTYLING, idle)

    def _use_indentation(self, indentation: Indentation) -> None:
        self._indentation = indentation
        self._sci.setIndentationsUseTabs(indentation.tabs)
        self._sci.setTabWidth(indentation.width if indentation.tabs else 4)
        self._sci.setIndentationWidth(indentation.width)

    def _dress(self, theme: Theme) -> None:
        point_size = theme.font("mono").pixelSize() * 72 / self.widget.logicalDpiY()
        dress(self._sci, self._sci.lexer(), theme, point_size)
        self._sci.setExtraAscent(theme.px(1))
        self._sci.setExtraDescent(theme.px(2))
        self._sci.setMarginWidth(_FOLD_MARGIN, theme.px(16))
        self._digits = 0
        self._measure_margin()

    def _measure_margin(self) -> None:
        digits = max(3, len(str(self.line_count)))
        if digits != self._digits:
            self._digits = digits
            self._sci.setMarginWidth(_LINE_MARGIN, "0" * (digits + 1))

    def _area(self) -> QAbstractScrollArea:
        return self.widget

    def _make_long_press(self) -> LongPress:
        pressing = LongPress(self._wrapped.viewport(), self._themes)
        pressing.triggered.connect(self._on_long_press)
        return pressing

    def _line_height(self) -> int:
        return self._sci.textHeight(0)

    def _on_long_press(self, position: QPoint) -> None:
        """The word under the finger is what the menu is about, unless it is selected already."""
        sci = self._sci
        at = self.widget.viewport().mapFromGlobal(position)
        place = sci.SendScintilla(sci.SCI_POSITIONFROMPOINT, at.x(), at.y())
        first, last = self.selection
        if not first <= place < last:
            start = sci.SendScintilla(sci.SCI_WORDSTARTPOSITION, place, 1)
            sci.SendScintilla(sci.SCI_SETSEL, start, sci.SendScintilla(sci.SCI_WORDENDPOSITION, place, 1))

    def _on_modification_changed(self, _: bool) -> None:
        self._tell_modified()

    def _tell_modified(self) -> None:
        if self.is_modified != self._told_modified:
            self._told_modified = self.is_modified
            self.modified_changed.emit(self._told_modified)

    def _on_update(self, what: int) -> None:
        if not isValid(self.widget):
            return
        if what & Scintilla.SC_UPDATE_CONTENT:
            self._measure_margin()
            self.changed.emit()
        if what & (Scintilla.SC_UPDATE_SELECTION | Scintilla.SC_UPDATE_CONTENT):
            self.caret_moved.emit()
        if what & (Scintilla.SC_UPDATE_V_SCROLL | Scintilla.SC_UPDATE_H_SCROLL):
            self.scrolled.emit()

    def _on_zoom(self) -> None:
        self._digits = 0
        self._measure_margin()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._dress(theme)

    def _on_widget_destroyed(self) -> None:
        self._themes.changed.disconnect(self._on_theme_changed)
