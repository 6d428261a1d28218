"""Names and values below each other: the facts of one thing."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource


class FactTable(QWidget):
    """What is empty takes no room."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pairs: dict[str, tuple[QLabel, QLabel]] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def show_facts(self, facts: Mapping[str, str]) -> None:
        """In the order in which the names first came."""
        for name in (*self._pairs, *(name for name in facts if name not in self._pairs)):
            label, value = self._pairs.get(name) or self._add(name)
            text = facts.get(name, "")
            if value.text() != text:
                value.setText(text)
            label.setVisible(bool(text))
            value.setVisible(bool(text))

    @property
    def text(self) -> str:
        return "\n".join(f"{name}: {value.text()}" for name, (_, value) in self._pairs.items() if value.text())

    def _add(self, name: str) -> tuple[QLabel, QLabel]:
        label, value = QLabel(name, self), QLabel(self)
        label.setProperty("role", "small")
        for each in (label, value):
            each.setTextFormat(Qt.TextFormat.PlainText)
            each.setAlignment(Qt.AlignmentFlag.AlignTop)
        value.setWordWrap(True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = len(self._pairs)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(value, row, 1)
        self._pairs[name] = (label, value)
        return label, value

    def _on_theme_changed(self, theme: Theme) -> None:
        self._grid.setHorizontalSpacing(theme.px(16))
        self._grid.setVerticalSpacing(theme.px(6))
