"""The names of the pages, in one row that a finger pushes sideways where it is too narrow for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets import Chip, make_kinetic

_AROUND = 56
"""Pixels of the neighbours that stay in view beside the chosen one: they say that there is more."""


class PageStrip(QScrollArea):
    """`pages` are (key, title). `chosen` tells which one was tapped."""

    chosen = Signal(str)

    def __init__(self, pages: Sequence[tuple[str, str]], themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._current = ""
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        row = QWidget()
        row.setAutoFillBackground(False)
        self._row = QHBoxLayout(row)
        self.chips: dict[str, Chip] = {}
        for key, title in pages:
            chip = self.chips[key] = Chip(title, themes)
            chip.clicked.connect(lambda _=False, tapped=key: self._on_tapped(tapped))
            self._row.addWidget(chip)
        self._row.addStretch(1)
        self.setWidget(row)
        row.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        make_kinetic(self)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_current(self, key: str) -> None:
        self._current = key
        for name, chip in self.chips.items():
            chip.setChecked(name == key)
        self.ensureWidgetVisible(self.chips[key], self._themes.current.px(_AROUND), 0)

    def sizeHint(self) -> QSize:
        """All of the names, side by side."""
        return self._row.sizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._themes.current.px(200), self._row.sizeHint().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """There is nothing to scroll up or down here: either way is sideways."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - turned // 2)
        event.accept()

    def _on_tapped(self, key: str) -> None:
        self.show_current(self._current)  # whoever listens decides what is shown
        self.chosen.emit(key)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.px(8))
