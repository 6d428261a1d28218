"""One log line in full, with its traceback: to read, to copy, to open in the editor."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.watchtower.event_texts import exact_time, relative_time
from chainbot_desktop.ui.watchtower.log_texts import log_mark
from chainbot_desktop.ui.watchtower.marks import MarkLabel
from chainbot_desktop.ui.widgets import Button, IconButton, make_kinetic
from chainbot_desktop.watch.log_ring import LogLine


class LogDetails(QWidget):
    closed = Signal()
    editor_wanted = Signal(str, str)
    """(text, a name for it)"""
    chat_wanted = Signal(str, str)
    """(text, a name for it)"""
    copied = Signal(str)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line: LogLine | None = None
        self._mark = MarkLabel("info", themes, 20)
        self._title, self._when = ElidedLabel("title"), ElidedLabel("small")
        back = IconButton("arrow-left", "Back to the list (Esc)", themes)
        back.clicked.connect(self.closed)
        copy = IconButton("copy", "Copy the line", themes)
        copy.clicked.connect(self._on_copy)
        chat = IconButton("chat", "Send to chat", themes)
        chat.clicked.connect(self._on_chat)
        editor = Button("Open in editor", themes, icon="code")
        editor.clicked.connect(self._on_editor)
        self._text = make_kinetic(QPlainTextEdit())
        self._text.setReadOnly(True)
        self._text.setAccessibleName("The log line")
        self._top, self._second = QHBoxLayout(), QHBoxLayout()
        for widget in (back, self._mark):
            self._top.addWidget(widget)
        self._top.addWidget(self._title, 1)
        self._top.addWidget(chat)
        self._top.addWidget(copy)
        self._second.addWidget(self._when, 1)
        self._second.addWidget(editor)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self._top)
        self._column.addLayout(self._second)
        self._column.addWidget(self._text, 1)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_line(self, line: LogLine) -> None:
        self._line = line
        self._mark.set_mark(log_mark(line.level))
        self._title.setText(f"{line.level_name.capitalize()} · {line.logger}")
        self._when.setText(f"{exact_time(line.time)} · {relative_time(line.time)} · {line.thread}")
        self._text.setPlainText(line.full_text)

    def take_focus(self) -> None:
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def whole(self) -> str:
        line = self._line
        return "" if line is None else f"{line.time} {line.level_name} {line.logger}: {line.full_text}"

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.whole)
        self.copied.emit("log line")

    def _on_editor(self) -> None:
        if self._line is not None:
            self.editor_wanted.emit(self.whole, f"log-{self._line.number}.txt")

    def _on_chat(self) -> None:
        if self._line is not None:
            self.chat_wanted.emit(self.whole, f"log-{self._line.number}.txt")

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self._column.setSpacing(theme.px(4))
        for row in (self._top, self._second):
            row.setSpacing(theme.px(8))
        self._text.setFont(theme.font("mono"))
