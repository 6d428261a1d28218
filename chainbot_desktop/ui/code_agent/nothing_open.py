"""What the window shows while no text is open: what would be here, and the three ways to get there."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, ButtonKind


class NothingOpen(QWidget):
    def __init__(
        self,
        themes: ThemeSource,
        open_file: Callable[[], object],
        open_folder: Callable[[], object],
        new: Callable[[], object],
    ) -> None:
        super().__init__()
        self._picture = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        title = QLabel("No file is open", alignment=Qt.AlignmentFlag.AlignCenter)
        title.setProperty("role", "title")
        self._text = QLabel("", alignment=Qt.AlignmentFlag.AlignCenter)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setProperty("role", "dim")
        self._text.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        kinds: list[tuple[str, str, ButtonKind, Callable[[], object]]] = [
            ("Open file", "file", "primary", open_file),
            ("Open folder", "folder-open", "plain", open_folder),
            ("New", "file-plus", "plain", new),
        ]
        for label, icon, kind, callback in kinds:
            button = Button(label, themes, kind=kind, icon=icon)
            button.clicked.connect(lambda _=False, run=callback: run())
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._layout = QVBoxLayout(self)
        self._layout.addStretch(1)
        for widget in (self._picture, title, self._text):
            self._layout.addWidget(widget)
        self._layout.addLayout(buttons)
        self._layout.addStretch(1)
        self._buttons = buttons
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_folder(self, folder: str) -> None:
        self._text.setText(f"Files of {folder} open here as tabs. Open one from the list of files, or start a new text.")

    def _on_theme_changed(self, theme: Theme) -> None:
        self._picture.setPixmap(theme.pixmap("code", "faint", 48))
        self._layout.setContentsMargins(*[theme.px(16)] * 4)
        self._layout.setSpacing(theme.px(12))
        self._buttons.setSpacing(theme.px(8))
