"""Find and replace over the editor, by key and by finger. Which text it searches is told from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.code_agent.search import (
    MOST,
    Query,
    Span,
    find_all,
    next_span,
    previous_span,
    replacement_at,
    replacements,
)
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton
from chainbot_desktop.ui.widgets.chip import Chip

if TYPE_CHECKING:
    from chainbot_desktop.ui.code_agent.scintilla.editor import CodeEditor

PAUSE_MS = 120


_NARROW = 620


class FindBar(QFrame):
    closed = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "header")
        self._themes = themes
        self._narrow = False
        self._editor: CodeEditor | None = None
        self._searched: tuple[Query, bytes] | None = None
        self._spans: list[Span] = []
        self.field = _Field("Find", self)
        self.replacement = _Field("Replace with", self)
        self.count = QLabel()
        self.count.setProperty("role", "small")
        self.case = Chip("Aa", themes)
        self.case.setToolTip("Match case")
        self.word = Chip("Word", themes)
        self.word.setToolTip("Whole words only")
        self.regex = Chip(".*", themes)
        self.regex.setToolTip("Regular expression")
        self._previous = IconButton("chevron-up", "Previous match (Shift+F3)", themes)
        self._next = IconButton("chevron-down", "Next match (F3)", themes)
        self._closing = IconButton("close", "Close (Esc)", themes)
        self._one = Button("Replace", themes)
        self._all = Button("All", themes)
        self._all.setAccessibleName("Replace all")
        self._rows: list[QHBoxLayout] = []
        self._second = QWidget()
        self._lay_out()
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        self._connect()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    # From outside

    def attach(self, editor: CodeEditor | None) -> None:
        """Search in that text from now on."""
        if self._editor is not None:
            self._editor.changed.disconnect(self._on_text_changed)
            self._editor.show_found([])
        self._editor = editor
        self._searched = None
        if editor is not None:
            editor.changed.connect(self._on_text_changed)
            if self.isVisible():
                self._refresh()

    def begin(self, *, replace: bool) -> None:
        """Show it, with the selected words as what to find."""
        self._second.setVisible(replace)
        self.show()
        if self._editor is not None:
            first, last = self._editor.selection
            chosen = self._editor.text_between(first, min(last, first + 1000)).decode("utf-8", "replace")
            if chosen and "\n" not in chosen and "\r" not in chosen:
                self.field.setText(chosen)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self._refresh()

    def end(self) -> None:
        if self.isHidden():
            return
        self.hide()
        if self._editor is not None:
            self._editor.show_found([])
            self._editor.focus()
        self.closed.emit()

    def find_next(self) -> None:
        self._step(forward=True)

    def find_previous(self) -> None:
        self._step(forward=False)

    def replace_one(self) -> None:
        """Replace the match that is selected, then go to the next; with none selected only go."""
        editor = self._editor
        if editor is None or not self._search():
            return
        span = editor.selection
        if span in self._spans:
            query, text = self._query(), editor.text()
            try:
                new = replacement_at(query, text, span, self.replacement.text())
            except InvalidInput as error:
                self._complain(error)
                return
            if new is not None:
                editor.replace_spans([(*span, new)])
                editor.select(span[0] + len(new), span[0] + len(new))
        self._step(forward=True)

    def replace_all(self) -> None:
        editor = self._editor
        if editor is None or not self._search():
            return
        try:
            changes = replacements(self._query(), editor.text(), self.replacement.text())
        except InvalidInput as error:
            self._complain(error)
            return
        editor.replace_spans(changes)
        self._refresh()
        self.count.setText(f"{len(changes):,} replaced")

    # Inside

    def _query(self) -> Query:
        return Query(self.field.text(), self.regex.isChecked(), self.case.isChecked(), self.word.isChecked())

    def _search(self) -> bool:
        """Bring the spans up to date; whether there are any. The same question about the same text is not asked twice."""
        if self._editor is None:
            return False
        asked = (self._query(), self._editor.text())
        if asked != self._searched:
            try:
                self._spans = find_all(*asked)
            except InvalidInput as error:
                self._spans = []
                self._searched = None
                self._complain(error)
                return False
            self._searched = asked
        return bool(self._spans)

    def _refresh(self) -> None:
        if self._editor is None:
            return
        self._complain(None)
        if self._search() or self._searched is not None:
            self._tell_place()
        self._editor.show_found(self._spans)

    def _step(self, *, forward: bool) -> None:
        if self._editor is None:
            return
        self._complain(None)
        if self._search():
            first, last = self._editor.selection
            span = next_span(self._spans, last) if forward else previous_span(self._spans, first)
            assert span is not None
            self._editor.select(*span)
            self._editor.show_found(self._spans)
        if self._searched is not None:
            self._tell_place()

    def _tell_place(self) -> None:
        assert self._editor is not None
        total = len(self._spans)
        if not self.field.text():
            self.count.setText("")
        elif not total:
            self.count.setText("No match")
        else:
            shown = f"{MOST:,}+" if total == MOST else f"{total:,}"
            selected = self._editor.selection
            place = f"{self._spans.index(selected) + 1:,} of " if total < MOST and selected in self._spans else ""
            self.count.setText(place + shown)

    def _complain(self, error: InvalidInput | None) -> None:
        sentence = str(error) if error is not None else ""
        self.field.setToolTip(sentence)
        self.count.setToolTip(sentence)
        if error is not None:
            self.count.setText("Too slow" if error.code == "slow_pattern" else "Bad pattern")

    def _on_text_changed(self) -> None:
        if self.isVisible():
            self._pause.start()

    def _on_pause(self) -> None:
        if self.isVisible():
            self._refresh()

    def _on_option(self) -> None:
        self._refresh()

    def _on_typed(self) -> None:
        self._pause.start()

    def _connect(self) -> None:
        self.field.textChanged.connect(self._on_typed)
        self.field.entered.connect(self._step_by_key)
        self.replacement.entered.connect(self.replace_one)
        for field in (self.field, self.replacement):
            field.escaped.connect(self.end)
        for chip in (self.case, self.word, self.regex):
            chip.toggled.connect(self._on_option)
        self._previous.clicked.connect(self.find_previous)
        self._next.clicked.connect(self.find_next)
        self._closing.clicked.connect(self.end)
        self._one.clicked.connect(self.replace_one)
        self._all.clicked.connect(self.replace_all)

    def _step_by_key(self, backwards: bool) -> None:
        self._step(forward=not backwards)

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout(self._second)
        for widget in (self.case, self.word, self.regex, self._previous, self._next, self._closing):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        first.addWidget(self.field, 1)
        first.addWidget(self.count)
        for widget in (self.case, self.word, self.regex, self._previous, self._next, self._closing):
            first.addWidget(widget)
        second.addWidget(self.replacement, 1)
        second.addWidget(self._one)
        second.addWidget(self._all)
        ways = QHBoxLayout()
        ways.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addLayout(first)
        outer.addLayout(ways)
        outer.addWidget(self._second)
        self._rows = [first, second, ways]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Where the line is too narrow for the field and its switches, these stand below it."""
        narrow = self.width() < self._themes.current.px(_NARROW)
        if narrow == self._narrow:
            return
        self._narrow = narrow
        first, _, ways = self._rows
        row, place = (ways, 0) if narrow else (first, 2)
        for number, chip in enumerate((self.case, self.word, self.regex)):
            (first if narrow else ways).removeWidget(chip)
            row.insertWidget(place + number, chip)

    def _on_theme_changed(self, theme: Theme) -> None:
        outer = self.layout()
        assert outer is not None
        outer.setContentsMargins(theme.px(8), theme.px(2), theme.px(8), theme.px(2))
        outer.setSpacing(theme.px(2))
        self.count.setMinimumWidth(theme.px(72))
        for row in self._rows:
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(theme.px(4))
        self._arrange()


class _Field(QLineEdit):
    entered = Signal(bool)
    """Enter; True with Shift."""
    escaped = Signal()

    def __init__(self, label: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setPlaceholderText(label)
        self.setAccessibleName(label)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.entered.emit(bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)
