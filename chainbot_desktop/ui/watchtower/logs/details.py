"""One record in full, all its lines: when exactly, who said it, its fields if it is JSON; to read, copy, open and send."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QPlainTextEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.watchtower.logs.json_fields import fields_of
from chainbot_desktop.ui.watchtower.logs.line_text import plain_text
from chainbot_desktop.ui.watchtower.logs.row_texts import (
    SOURCE_NAMES,
    level_mark,
    level_name,
    moment,
    rows_as_text,
)
from chainbot_desktop.ui.watchtower.marks import MarkLabel
from chainbot_desktop.ui.widgets import Button, IconButton, make_kinetic
from chainbot_desktop.watch.logs.document import LogRow

_LONGEST = 200_000


class LogDetails(QWidget):
    closed = Signal()
    editor_wanted = Signal(str, str)
    """(text, a name for it)"""
    chat_wanted = Signal(str, str)
    """(text, a name for it)"""
    around_wanted = Signal(int)
    name_wanted = Signal(str)
    copied = Signal(str)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[LogRow] = []
        self._mark = MarkLabel("info", themes, 20)
        self._title, self._when = ElidedLabel("title"), ElidedLabel("small")
        back = IconButton("arrow-left", "Back to the lines (Esc)", themes)
        back.clicked.connect(self.closed)
        chat = IconButton("chat", "Send to chat", themes)
        chat.clicked.connect(lambda: self.chat_wanted.emit(self.whole, self._file_name()))
        copy = IconButton("copy", "Copy the record", themes)
        copy.clicked.connect(self._on_copy)
        self._top, self._second, self._third = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        self._top.addWidget(back)
        self._top.addWidget(self._mark)
        self._top.addWidget(self._title, 1)
        self._top.addWidget(chat)
        self._top.addWidget(copy)
        self._second.addWidget(self._when, 1)
        self._around = Button("Around", themes, icon="list")
        self._around.setToolTip("All lines around this one")
        self._around.clicked.connect(lambda: self.around_wanted.emit(self._rows[0].number))
        self._same = Button("Only this name", themes, icon="filter")
        self._same.clicked.connect(lambda: self.name_wanted.emit(self._rows[0].name))
        self._editor = Button("Editor", themes, icon="code")
        self._editor.setToolTip("Open in the editor")
        self._editor.clicked.connect(lambda: self.editor_wanted.emit(self.whole, self._file_name()))
        for button in (self._around, self._same, self._editor):
            self._third.addWidget(button)
        self._third.addStretch(1)
        self._fields = make_kinetic(_field_table())
        self._text = make_kinetic(QPlainTextEdit())
        self._text.setReadOnly(True)
        self._text.setAccessibleName("The record")
        self._column = QVBoxLayout(self)
        for row in (self._top, self._second, self._third):
            self._column.addLayout(row)
        self._column.addWidget(self._text, 2)
        self._column.addWidget(self._fields, 3)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        items = (self._fields.topLevelItem(n) for n in range(self._fields.topLevelItemCount()))
        return [(item.text(0), item.text(1)) for item in items if item is not None]

    @property
    def text(self) -> str:
        return self._text.toPlainText()

    @property
    def when(self) -> str:
        return self._when.text()

    def show_record(self, rows: Sequence[LogRow]) -> None:
        """The lines of one record, the first first."""
        if not rows:
            return
        first = rows[0]
        self._rows = rows
        self._mark.set_mark(level_mark(first.level) or "unknown")
        where = f" · {first.name}" if first.name else ""
        title = level_name(first.level).capitalize() if first.level else "Line"
        self._title.setText(f"{title}{where}")
        when = moment(first.time) if first.time is not None else "no time of its own"
        source = SOURCE_NAMES.get(first.source, first.source)
        folded = f" · folded {first.repeats + 1:,} times" if first.repeats else ""
        self._when.setText(f"{when} · {source} · line {first.number + 1:,}{folded}")
        text = "\n".join(plain_text(row.text) for row in rows)
        more = len(text) - _LONGEST
        self._text.setPlainText(text[:_LONGEST] + (f"\n… {more:,} more characters" if more > 0 else ""))
        self._same.setVisible(bool(first.name) and first.source != "file")
        self._show_fields(fields_of(text))

    def shows(self, rows: Sequence[LogRow]) -> bool:
        return self._rows is rows

    def take_focus(self) -> None:
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def whole(self) -> str:
        """All of the record, however long."""
        return rows_as_text(self._rows)

    def _show_fields(self, fields: Sequence[tuple[str, str]]) -> None:
        self._fields.clear()
        self._fields.setVisible(bool(fields))
        for name, value in fields:
            item = QTreeWidgetItem([name, plain_text(value)])
            item.setToolTip(1, plain_text(value[:1000]))
            self._fields.addTopLevelItem(item)

    def _file_name(self) -> str:
        return f"log-{self._rows[0].number + 1}.txt" if self._rows else "log.txt"

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.whole)
        self.copied.emit("the record")

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self._column.setSpacing(theme.px(4))
        for row in (self._top, self._second, self._third):
            row.setSpacing(theme.px(8))
        self._text.setFont(theme.font("mono_small"))
        self._fields.setFont(theme.font("mono_small"))


def _field_table() -> QTreeWidget:
    table = QTreeWidget()
    table.setColumnCount(2)
    table.setHeaderLabels(["Field", "Value"])
    table.setRootIsDecorated(False)
    table.setAccessibleName("Fields of the record")
    table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
    table.header().setStretchLastSection(True)
    return table
