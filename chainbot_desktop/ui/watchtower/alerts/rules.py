"""The rules: what each watches for, whether it is on, what is wrong with it; and the form of one of them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.alerts.parts import AlertParts
from chainbot_desktop.ui.watchtower.alerts.rule_editor import RuleEditor
from chainbot_desktop.ui.watchtower.alerts.rule_rows import SWITCH_WIDTH, RuleRows
from chainbot_desktop.ui.watchtower.list_body import ListBody
from chainbot_desktop.ui.watchtower.row_list import RowList
from chainbot_desktop.ui.widgets import Button, EmptyState, SearchField, Sheet
from chainbot_desktop.watch.alerts.records import RuleState


class RulesPart(QWidget):
    """Enter or a tap opens a rule's form, Space or a tap on its switch turns it on or off."""

    message = Signal(object)
    covering = Signal(bool)
    """Whether a form takes all of the room."""

    def __init__(self, parts: AlertParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._words = ""
        self.rows = RuleRows(parts.unit_of)
        self.editor: RuleEditor | None = None
        """Made when a rule is first opened."""
        self._build()

    @property
    def first(self) -> QWidget:
        return self.list if self.editor is None or self.editor.isHidden() else self.editor

    @property
    def is_covered(self) -> bool:
        return self.editor is not None and self._stack.currentWidget() is self.editor

    @property
    def tools(self) -> QWidget:
        return self.add

    def refresh(self) -> None:
        """The desk has changed."""
        current = self.rows.rules[self.list.current].rule.name if self.list.current >= 0 else ""
        passing = [state for state in self._parts.desk.rules if self._passes(state)]
        self.rows.rules = sorted(passing, key=lambda state: (not state.error, state.rule.title.casefold()))
        self.list.rows_changed()
        names = [state.rule.name for state in self.rows.rules]
        self.list.set_current(names.index(current) if current in names else -1, reveal=False)
        self._body.show_rows(bool(names))
        count = len(self._parts.desk.rule_problems)
        self.problems.setVisible(count > 0)
        what = "1 thing" if count == 1 else f"{count} things"
        self.problems.setText(f"{what} in the file of rules {'is' if count == 1 else 'are'} not used")
        if self._words:
            self._empty.set_text("Nothing found", "No rule has these words in its title, name or expression.")
        if self.editor is not None:
            self.editor.refresh()

    def edit(self, name: str) -> None:
        state = next((state for state in self._parts.desk.rules if state.rule.name == name), None)
        if state is None:
            self.message.emit(Message(f"The rule {name} is no longer there.", "warning"))
            return
        if not self._is_writing(name):
            self._open_editor().show_rule(state)

    def new(self) -> None:
        if not self._is_writing(""):
            self._open_editor().show_new()

    def _is_writing(self, name: str) -> bool:
        """Whether the form holds something that would be lost by another rule; that is told then."""
        editor = self.editor
        if editor is None or not self.is_covered or not editor.changed:
            return False
        if not name or name != editor.rule_name:
            self.message.emit(
                Message("The rule that is open has changes that are not saved.", "warning", "Save it or leave it first.")
            )
        return True

    def _open_editor(self) -> RuleEditor:
        if self.editor is None:
            self.editor = RuleEditor(self._parts)
            self.editor.message.connect(self.message)
            self.editor.closed.connect(self._on_editor_closed)
            self._stack.addWidget(self.editor)
        self._stack.setCurrentWidget(self.editor)
        self.covering.emit(True)
        return self.editor

    def _on_editor_closed(self) -> None:
        self._stack.setCurrentIndex(0)
        self.covering.emit(False)
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _passes(self, state: RuleState) -> bool:
        rule = state.rule
        text = " ".join((rule.title, rule.name, rule.metric, rule.event, rule.log, rule.condition, state.origin)).casefold()
        return all(word in text for word in self._words.casefold().split())

    def _on_words(self, words: str) -> None:
        self._words = words
        self.refresh()
        self.list.scroll_to_top()

    def _on_problems(self) -> None:
        sheet = Sheet(self, "Not used of the file of rules", self._parts.themes, width=640)
        for sentence in self._parts.desk.rule_problems:
            sheet.add_text(sentence)
        sheet.add_text("The file is read again when it is saved.", "small")
        sheet.open()

    def _on_opened(self, index: int) -> None:
        self.edit(self.rows.rules[index].rule.name)

    def _on_switched(self, index: int) -> None:
        rule = self.rows.rules[index].rule
        self._parts.deeds.switch_rule(rule, on=not rule.enabled)

    def _on_space(self) -> None:
        if self.list.current >= 0:
            self._on_switched(self.list.current)

    def _build(self) -> None:
        themes = self._parts.themes
        self.add = Button("New rule", themes, icon="plus")
        self.add.clicked.connect(self.new)
        self.field = SearchField("Words in title, name or expression", themes)
        self.field.searched.connect(self._on_words)
        self.list = RowList(self.rows, themes, "Rules")
        self.list.aside = SWITCH_WIDTH
        self.list.aside_tapped.connect(self._on_switched)
        self.list.opened.connect(self._on_opened)
        self.list.pause_pressed.connect(self._on_space)
        QShortcut(QKeySequence("N"), self.list, self.new, context=Qt.ShortcutContext.WidgetShortcut)
        self._empty = EmptyState(
            "bell", "No rules", "A rule says what is to be told of, and when. “New rule” makes one.", themes
        )
        self._row = QHBoxLayout()
        self._row.addWidget(self.field)
        self.problems = Button("", themes, kind="row", icon="warning")
        self.problems.clicked.connect(self._on_problems)
        self.problems.hide()
        self._body = ListBody((self._row, self.problems), self.list, self._empty)
        self._stack = QStackedWidget()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self._stack.addWidget(self._body)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), theme.px(2), theme.px(12), theme.px(6))
