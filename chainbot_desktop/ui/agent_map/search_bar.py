"""The search over the map: what it finds is outlined, everything else fades; Enter goes from hit to hit."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import IconButton
from chainbot_desktop.ui.widgets.search_field import SearchField


class SearchBar(QWidget):
    searched = Signal(str)
    next_requested = Signal()
    closed = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("ground", "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.field = SearchField("Find agents by name, kind, status or task", themes)
        self._count = QLabel()
        self._count.setProperty("role", "small")
        close = IconButton("close", "Close the search", themes)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self.field, 1)
        self._row.addWidget(self._count)
        self._row.addWidget(close)
        self.field.searched.connect(self.searched)
        self.field.returnPressed.connect(self.next_requested)
        close.clicked.connect(self.close_search)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    def open_search(self) -> None:
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def close_search(self) -> None:
        self.field.clear()
        self.hide()
        self.closed.emit()

    def show_count(self, found: int) -> None:
        self._count.setText(f"{found} found" if self.field.text() else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_search()
        else:
            super().keyPressEvent(event)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self._row.setSpacing(theme.px(8))
