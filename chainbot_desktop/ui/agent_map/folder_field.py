"""A folder to work in: a field for its path, and a button that lets it be chosen inside the window."""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import IconButton

ChooseFolder = Callable[[QWidget, str, Callable[[str], object]], object]
"""Opens a chooser over a widget, beginning in a folder; the callback gets the path that was chosen."""


class FolderField(QWidget):
    """`start` is where the chooser begins while nothing is written. Without a chooser the path is typed."""

    def __init__(self, themes: ThemeSource, text: str, start: str, choose: ChooseFolder | None) -> None:
        super().__init__()
        self._start = start
        self._choose = choose
        self.line = QLineEdit(text)
        self.line.setFont(themes.current.font("mono"))
        self.line.setPlaceholderText(start)
        self.line.setAccessibleName("Folder")
        self.browse = IconButton("folder-open", "Choose a folder", themes)
        self.browse.clicked.connect(self._on_browse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(themes.current.px(8))
        row.addWidget(self.line, 1)
        row.addWidget(self.browse)
        self.browse.setVisible(choose is not None)
        self.setFocusProxy(self.line)

    def text(self) -> str:
        return self.line.text()

    def _on_browse(self) -> None:
        if self._choose is not None:
            self._choose(self, self.text().strip() or self._start, self._on_chosen)

    def _on_chosen(self, path: str) -> None:
        if shiboken6.isValid(self):
            self.line.setText(path)
