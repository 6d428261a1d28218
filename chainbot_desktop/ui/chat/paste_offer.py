"""A very long text was pasted: it may become a file that the message carries, and words again after that."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from chainbot_desktop.chat.attachment_files import spoken_size
from chainbot_desktop.ui.chat.attachment_intake import AttachmentIntake
from chainbot_desktop.ui.chat.message_edit import MessageEdit
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton

LONG_BYTES = 8 * 1024
"""From here on a text is better read as a file."""

LONGEST_BYTES = 1024 * 1024
"""What is longer than a message may be becomes a file at once."""

_NAME = "pasted.txt"


class PasteOffer(QWidget):
    """Hidden while there is nothing to offer. Belongs to one field."""

    def __init__(self, edit: MessageEdit, intake: AttachmentIntake, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._edit = edit
        self._intake = intake
        self._pasted: QTextCursor | None = None
        self._text = ""
        """What was made a file, while that can be undone."""
        self._name = ""
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        self.button = Button("", themes)
        self.button.clicked.connect(self._on_pressed)
        self.cross = IconButton("close", "Leave it as it is", themes)
        self.cross.clicked.connect(self.end)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self.label, 1)
        self._row.addWidget(self.button)
        self._row.addWidget(self.cross)
        edit.textChanged.connect(self._on_text_changed)
        intake.changed.connect(self._on_attached_changed)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    def paste(self, text: str) -> None:
        """Put a long text where the caret is, and offer to make it a file."""
        size = len(text.encode("utf-8", "replace"))
        self.end()
        if size > LONGEST_BYTES:
            self._attach(text, f"{spoken_size(size)} is more than a message may have")
            return
        pasted = self._edit.insert_text(text)
        self._pasted = pasted
        self.label.setText(f"{spoken_size(size)} of text was pasted.")
        self.button.setText("Make it a file")
        self.show()

    def end(self) -> None:
        self._pasted, self._text, self._name = None, "", ""
        self.hide()

    def _on_pressed(self) -> None:
        if self._pasted is not None:
            cursor, self._pasted = self._pasted, None
            text = cursor.selection().toPlainText()
            cursor.removeSelectedText()
            self._attach(text, "The text was taken out of the message")
        elif self._text:
            text = self._text
            item = next((item for item in self._intake.items if item.name == self._name), None)
            self.end()
            if item is not None:
                self._intake.remove(item)
            self._edit.insert_text(text)
        self._edit.setFocus()

    def _attach(self, text: str, why: str) -> None:
        self._name = _free_name({item.name for item in self._intake.items})
        self._text = text
        self._intake.add_text(self._name, text)
        if not any(item.name == self._name for item in self._intake.items):  # no more may be attached: it stays as words
            self.end()
            self._edit.insert_text(text)
            return
        self.label.setText(f"{why}: it is {self._name} now.")
        self.button.setText("Undo")
        self.show()

    def _on_text_changed(self) -> None:
        if self._pasted is not None and not self._pasted.hasSelection():
            self.end()

    def _on_attached_changed(self) -> None:
        if self._text and not any(item.name == self._name for item in self._intake.items):
            self.end()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setSpacing(theme.px(8))


def _free_name(taken: set[str]) -> str:
    stem, dot, ending = _NAME.partition(".")
    number = 1
    while (name := _NAME if number == 1 else f"{stem}-{number}{dot}{ending}") in taken:
        number += 1
    return name
