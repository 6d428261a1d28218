"""The line under the editor: where the caret is and how the text is written. A tap anywhere on it opens the choices."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.code_agent.document import Document
from chainbot_desktop.ui.theme import Theme, ThemeSource


class StatusStrip(QFrame):
    tapped = Signal(QPoint)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("ground", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("State of the text")
        self.place = QLabel()
        self.off = QLabel()
        self.form = QLabel()
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.place)
        self._row.addStretch(1)
        self._row.addWidget(self.off)
        self._row.addWidget(self.form)
        for label in (self.place, self.off, self.form):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setProperty("role", "label")
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_document(self, document: Document | None) -> None:
        self.setVisible(document is not None)
        if document is None:
            return
        editor, form = document.editor, document.form
        off = editor.switched_off
        self.off.setText(f"Off for its size: {', '.join(off)}" if off else "")
        eol = f"{form.eol.label} (mixed)" if form.mixed_eol else form.eol.label
        self.form.setText("   ".join((editor.language.label, editor.indentation.label, form.label, eol)))
        self.show_place(document)

    def show_place(self, document: Document) -> None:
        line, column = document.editor.caret
        selected = document.editor.selected_characters
        parts = [f"Line {line:,}, column {column:,}"]
        if selected:
            parts.append(f"{selected:,} selected")
        self.place.setText("   ".join(parts))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.tapped.emit(event.globalPosition().toPoint())

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setFixedHeight(theme.px(28))
        self._row.setContentsMargins(theme.px(12), 0, theme.px(12), 0)
        self._row.setSpacing(theme.px(16))
