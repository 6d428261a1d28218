"""A row of a form: what is asked, the field, what it means, and what is wrong with what was given."""

from __future__ import annotations

from typing import Generic, TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource

W = TypeVar("W", bound=QWidget)


class FieldError(Exception):
    """What was given for `field` cannot be meant."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field
        self.words = words


class FormRow(QWidget, Generic[W]):
    """`field` is the name that the configuration has for it."""

    def __init__(self, field: str, label: str, editor: W, themes: ThemeSource, *, help_text: str = "") -> None:
        super().__init__()
        self.field = field
        self.editor = editor
        self._error = paragraph("")
        self._error.hide()
        self._name = name = paragraph("label", label)
        name.setBuddy(editor)
        if not editor.accessibleName():
            editor.setAccessibleName(label)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(themes.current.px(4))
        for part in (name, editor, self._error):
            layout.addWidget(part)
        if help_text:
            layout.addWidget(paragraph("small", help_text))
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def error(self) -> str:
        return self._error.text()

    def set_label(self, label: str) -> None:
        self._name.setText(label)

    def show_error(self, words: str, *, go_there: bool = True) -> None:
        """ "" takes it away. `go_there`: with the keyboard; not while somebody still types."""
        self._error.setText(words)
        self._error.setVisible(bool(words))
        if words and go_there:
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)
            QTimer.singleShot(0, self, self._come_into_view)  # when the words have their place

    def _come_into_view(self) -> None:
        """A long form scrolls, and what is wrong may be far from the button that was tapped."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        if above is not None:
            above.ensureWidgetVisible(self, 0, self.fontMetrics().height())

    def _on_theme_changed(self, theme: Theme) -> None:
        self._error.setStyleSheet(f"color: {theme.color('failed').name()}")


def paragraph(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
