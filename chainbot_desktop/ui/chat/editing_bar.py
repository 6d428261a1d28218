"""Over the field while what is in it replaces something that was written before."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button


class EditingBar(QWidget):
    """Hidden until `begin`."""

    cancelled = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes
        self._icon = QLabel()
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        self.cancel = Button("Cancel", themes)
        self.cancel.setToolTip("Cancel (Esc)")
        self.cancel.clicked.connect(self.cancelled)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self._icon)
        self._row.addWidget(self.label, 1)
        self._row.addWidget(self.cancel)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    def begin(self, text: str) -> None:
        self.label.setText(text)
        self.show()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setSpacing(theme.px(8))
        self._icon.setPixmap(theme.pixmap("edit", "accent", 20))
