"""A sheet that asks for a text: a message or a task for an agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPlainTextEdit, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.chip import Chip
from chainbot_desktop.ui.widgets.sheet import Sheet


class TextSheet(Sheet):
    """`done` gets the text and the chosen one of `choices` (value, label; the first is chosen), or "". Ctrl+Enter sends."""

    def __init__(
        self,
        origin: QWidget,
        themes: ThemeSource,
        title: str,
        button: str,
        done: Callable[[str, str], object],
        *,
        choices: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(origin, title, themes, width=560)
        self._done = done
        self.field = QPlainTextEdit()
        self.field.setTabChangesFocus(True)
        self.field.setAccessibleName(title)
        self.field.setMinimumHeight(themes.current.px(110))
        self.first = self.field
        self.body.addWidget(self.field)
        self._group = QButtonGroup(self)
        self._values = [value for value, _ in choices]
        row = QHBoxLayout()
        row.setSpacing(themes.current.px(8))
        row.setAlignment(Qt.AlignmentFlag.AlignLeft)
        for number, (_, label) in enumerate(choices):
            chip = Chip(label, themes, checked=number == 0)
            self._group.addButton(chip, number)
            row.addWidget(chip)
        self.body.addLayout(row)
        self.add_action("Cancel")
        self.send = self.add_action(button, self._on_send, kind="primary")
        self.send.setEnabled(False)
        self.field.textChanged.connect(self._on_text_changed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.send.click()
        else:
            super().keyPressEvent(event)

    def _on_text_changed(self) -> None:
        self.send.setEnabled(bool(self.field.toPlainText().strip()))

    def _on_send(self) -> None:
        chosen = self._values[self._group.checkedId()] if self._values else ""
        self._done(self.field.toPlainText().strip(), chosen)
