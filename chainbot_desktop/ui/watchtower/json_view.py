"""A JSON value, or a body that claims to be one: as a tree or as it is written, to be searched and copied from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut, QTextDocument
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPlainTextEdit, QStackedLayout, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.json_paths import Path, find, value_text
from chainbot_desktop.ui.watchtower.json_tree import JsonTree
from chainbot_desktop.ui.widgets import Chip, IconButton, MenuSheet, SearchField, make_kinetic

_NARROW = 560


class JsonView(QWidget):
    """`show_value` first. Further forms beside Tree and Raw can be added. `copied` names what was copied."""

    copied = Signal(str)
    form_changed = Signal(str)

    def __init__(self, name: str, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._value: Any = {}
        self._whole = ""
        self._found: list[Path] = []
        self._at = -1
        self._complete = True
        self.tree = JsonTree(f"{name} as a tree", themes)
        self.raw = make_kinetic(QPlainTextEdit())
        self.raw.setReadOnly(True)
        self.raw.setAccessibleName(f"{name} as it is written")
        self.field = SearchField("Find", themes)
        self.field.searched.connect(self._on_searched)
        self.field.returnPressed.connect(self.find_next)
        self.count = QLabel()
        self.count.setProperty("role", "small")
        self.count.hide()
        self._next = IconButton("arrow-down", "Next find (Enter)", themes)
        self._next.clicked.connect(self.find_next)
        self.copy_button = IconButton("copy", "Copy… (Ctrl+C copies the row)", themes)
        self.copy_button.clicked.connect(self._on_copy_menu)
        self.chips: dict[str, Chip] = {}
        self._row = QHBoxLayout()
        self._row.addStretch(0)
        self._search = QHBoxLayout()
        for widget in (self.field, self.count, self._next, self.copy_button):
            self._search.addWidget(widget, 1 if widget is self.field else 0)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.addLayout(self._row)
        self._head.addLayout(self._search, 1)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._head)
        self._stack = QStackedLayout()
        self._column.addLayout(self._stack, 1)
        self.add_form("Tree", self.tree)
        self.add_form("Raw", self.raw)
        self.show_form("Tree")
        QShortcut(QKeySequence.StandardKey.Copy, self.tree, self.copy_row, context=Qt.ShortcutContext.WidgetShortcut)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def add_form(self, title: str, widget: QWidget) -> None:
        chip = Chip(title, self._themes)
        chip.clicked.connect(partial(self.show_form, title))
        self._row.insertWidget(len(self.chips), chip)
        self.chips[title] = chip
        self._stack.addWidget(widget)

    @property
    def form(self) -> str:
        return next(title for title, chip in self.chips.items() if chip.isChecked())

    def show_form(self, title: str) -> None:
        for name, chip in self.chips.items():
            chip.setChecked(name == title)
        self._stack.setCurrentIndex(list(self.chips).index(title))
        searchable = title in ("Tree", "Raw")
        for widget in (self.field, self._next, self.copy_button):
            widget.setVisible(searchable)
        self._show_count()
        self.form_changed.emit(title)

    def show_value(self, value: Any, whole: str, shown: str, opened: Sequence[str] = ()) -> None:
        """`whole` is what is copied of it, `shown` the same for the eye; `value` None where it is no JSON."""
        self._value, self._whole = value, whole
        self._found, self._at = [], -1
        self.tree.show_value(value if value is not None else {}, opened)
        self.raw.setPlainText(shown)
        self.chips["Tree"].setEnabled(value is not None)
        if value is None and self.form == "Tree":
            self.show_form("Raw")
        if self.field.text():
            self._on_searched(self.field.text())

    def take_focus(self) -> None:
        widget = self._stack.currentWidget()
        if widget is not None:
            widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def find_next(self) -> None:
        words = self.field.text().strip()
        if not words:
            return
        if self.form == "Raw":
            if not self.raw.find(words):
                self.raw.moveCursor(self.raw.textCursor().MoveOperation.Start)
                self.raw.find(words, QTextDocument.FindFlag(0))
        elif self._found:
            self._at = (self._at + 1) % len(self._found)
            self.tree.reveal(self._found[self._at])
            self._show_count()

    def copy_row(self) -> None:
        """The value of the current row; all of it where there is none."""
        if self.form == "Tree" and self.tree.current_path is not None:
            self._copy(value_text(self.tree.current_value), self.tree.current_path_text)
        else:
            self.copy_all()

    def copy_path(self) -> None:
        self._copy(self.tree.current_path_text, "path")

    def copy_all(self) -> None:
        self._copy(self._whole, "all of it")

    def _copy(self, text: str, what: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(what)

    def _on_copy_menu(self) -> None:
        if self.form != "Tree" or self.tree.current_path is None:
            self.copy_all()
            return
        menu = MenuSheet(self, self._themes)
        menu.add("Copy the value", self.copy_row, icon="copy")
        menu.add("Copy the path", self.copy_path, icon="copy")
        menu.add("Copy all of it", self.copy_all, icon="copy")
        menu.open_at(self.copy_button.mapToGlobal(QPoint(0, self.copy_button.height())))

    def _on_searched(self, text: str) -> None:
        words = text.strip()
        self._found, self._complete = find(self._value, words) if words and self._value is not None else ([], True)
        self._at = -1
        self._show_count()
        if words:
            self.find_next()

    def _show_count(self) -> None:
        """Of the tree: how many there are in the text, Qt does not tell."""
        known = bool(self.field.text().strip()) and self.form == "Tree"
        self.count.setVisible(known)
        self.count.setText(
            f"{self._at + 1:,} of {len(self._found):,}{'' if self._complete else '+'}" if self._found else "none"
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside a list there is no room for both in one row."""
        super().resizeEvent(event)
        narrow = self.width() < self._themes.current.px(_NARROW)
        self._head.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(4))
        for row in (self._row, self._search, self._head):
            row.setSpacing(theme.px(8))
        self.raw.setFont(theme.font("mono"))
