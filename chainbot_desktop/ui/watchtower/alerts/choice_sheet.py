"""One name out of many: they are searched by words, and a tap takes one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import Button, IconButton, SearchField, Sheet

Choices = Sequence[tuple[str, str]]
"""(name, what it means; "" where the name says it)"""
_MOST = 60
"""Rows at a time: more of them nobody reads."""


class ChoiceSheet(Sheet):
    def __init__(
        self, origin: QWidget, themes: ThemeSource, title: str, choices: Choices, done: Callable[[str], object]
    ) -> None:
        super().__init__(origin, title, themes, width=640)
        self._choices = choices
        self._done = done
        self.rows: list[Button] = []
        self.field = SearchField("Search", themes)
        self.field.searched.connect(self._fill)
        self.first = self.field
        self.body.addWidget(self.field)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.body.addLayout(self._list)
        self._more = self.add_text("", "small")
        self._fill("")

    def _fill(self, words: str) -> None:
        for row in self.rows:
            self._list.removeWidget(row)
            row.deleteLater()
        wanted = words.casefold().split()
        found = [(name, means) for name, means in self._choices if all(word in f"{name} {means}".casefold() for word in wanted)]
        self.rows = [self._row(name, means) for name, means in found[:_MOST]]
        rest = len(found) - _MOST
        self._more.setText("Nothing has these words." if not found else f"{rest} more: search for them." if rest > 0 else "")
        self._more.setVisible(bool(self._more.text()))
        self.fit_soon()

    def _row(self, name: str, means: str) -> Button:
        row = Button(f"{name} – {means}" if means else name, self.themes, kind="row")
        row.clicked.connect(partial(self._on_chosen, name))
        self._list.addWidget(row)
        return row

    def _on_chosen(self, name: str) -> None:
        self.dismiss()
        self._done(name)


class NameField(QWidget):
    """A line for a name, and a button that lists those that there are. `choices` is asked each time."""

    def __init__(self, title: str, themes: ThemeSource, choices: Callable[[], Choices], *, appends: bool = False) -> None:
        """`appends`: a chosen name joins those that stand there, after a comma."""
        super().__init__()
        self._title = title
        self._themes = themes
        self._choices = choices
        self._appends = appends
        self.line = QLineEdit()
        self.line.setAccessibleName(title)
        self.button = IconButton("list", f"{title}: choose from the list", themes)
        self.button.clicked.connect(self._on_list)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.current.px(8))
        row.addWidget(self.line, 1)
        row.addWidget(self.button)
        self.setFocusProxy(self.line)

    def text(self) -> str:
        return self.line.text().strip()

    def _on_list(self) -> None:
        ChoiceSheet(self, self._themes, self._title, self._choices(), self._on_chosen).open()

    def _on_chosen(self, name: str) -> None:
        before = [part.strip() for part in self.line.text().split(",") if part.strip()] if self._appends else []
        self.line.setText(", ".join([*before, name] if name not in before else before))
        self.line.setFocus()


class ExpressionField(QWidget):
    """Lines for an expression, and a button that lists its variables: a chosen one is put where the caret is."""

    def __init__(self, themes: ThemeSource, variables: Callable[[], Choices]) -> None:
        super().__init__()
        self._themes = themes
        self._variables = variables
        self.edit = _edit(themes)
        self.button = Button("Variables", themes, icon="list")
        self.button.clicked.connect(self._on_list)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.current.px(8))
        row.addWidget(self.edit, 1)
        row.addWidget(self.button)
        self.setFocusProxy(self.edit)

    def text(self) -> str:
        return self.edit.toPlainText().strip()

    def _on_list(self) -> None:
        ChoiceSheet(self, self._themes, "Variables", self._variables(), self._on_chosen).open()

    def _on_chosen(self, name: str) -> None:
        self.edit.insertPlainText(name)
        self.edit.setFocus()


def _edit(themes: ThemeSource) -> QPlainTextEdit:
    edit = QPlainTextEdit()
    edit.setTabChangesFocus(True)
    edit.setFont(themes.current.font("mono"))
    edit.setFixedHeight(themes.current.px(64))
    return edit
