"""Searching within the lines that pass: what for, how many there are, the next and the one before."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.logs.filter_bar import text_toggle
from chainbot_desktop.ui.widgets import IconButton, SearchField
from chainbot_desktop.watch.logs.document import LogQuery


class FindBar(QWidget):
    """`wanted` carries a `LogQuery` of text alone, None when there is nothing to be found; `step` 1 or -1."""

    wanted = Signal(object)
    step = Signal(int)
    closed = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = SearchField("Find in these lines", themes)
        self.field.searched.connect(self._tell)
        self.field.installEventFilter(self)
        self.expression = text_toggle(".*", "Find by regular expression")
        self.case = text_toggle("Aa", "Match case when finding")
        for button in (self.expression, self.case):
            button.toggled.connect(self._tell)
        self.before = IconButton("chevron-up", "The hit before (Shift+F3)", themes)
        self.before.clicked.connect(lambda: self.step.emit(-1))
        self.after = IconButton("chevron-down", "The next hit (F3)", themes)
        self.after.clicked.connect(lambda: self.step.emit(1))
        self.closing = IconButton("close", "End the search (Esc)", themes)
        self.closing.clicked.connect(self.closed)
        self._count = QLabel()
        self._count.setProperty("role", "small")
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.field, 1)
        for widget in (self._count, self.expression, self.case, self.before, self.after, self.closing):
            self._row.addWidget(widget)
        self.hide()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def count_text(self) -> str:
        return self._count.text()

    def show_count(self, text: str) -> None:
        if text != self._count.text():
            self._count.setText(text)

    def take_focus(self) -> None:
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def query(self) -> LogQuery | None:
        text = self.field.text()
        if not text.strip():
            return None
        return LogQuery(text=text, regex=self.expression.isChecked(), case=self.case.isChecked())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter goes on, Shift+Enter goes back, Escape ends it, as in every search within a page."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3}:
            self._tell()
            self.step.emit(-1 if shift else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            return super().eventFilter(watched, event)
        return True

    def _tell(self) -> None:
        self.wanted.emit(self.query())

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), 0, theme.px(12), theme.px(4))
        self._row.setSpacing(theme.px(6))
        for button in (self.expression, self.case):
            button.setFixedSize(theme.px(48), theme.px(48))
            button.setFont(theme.font("mono"))
