"""The map before the first agent: what will be here, and the command that brings one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.card import Card
from chainbot_desktop.ui.widgets.empty_state import EmptyState
from chainbot_desktop.ui.widgets.kinetic import KineticArea


class EmptyMap(QWidget):
    """`snippet` is a command line that reports an agent to this program; "" leaves the card out."""

    spawn_requested = Signal()

    def __init__(self, snippet: str, themes: ThemeSource, parent: QWidget | None = None, *, may_spawn: bool = False) -> None:
        super().__init__(parent)
        self.setProperty("ground", "window")
        self._snippet = snippet
        self._themes = themes
        content = QWidget()
        self._layout = QVBoxLayout(content)
        self._layout.addStretch(1)
        self._layout.addWidget(
            EmptyState(
                "map",
                "No agent yet" if may_spawn else "No agent has reported itself yet",
                "Agents appear here as soon as they report themselves, and so do their entanglements. "
                "The agents of ALEX OS come by themselves, as guests, once the link to it is up.",
                themes,
                action=("New agent", self.spawn_requested.emit) if may_spawn else None,
            )
        )
        self._command = QLabel(snippet)
        self._command.setTextFormat(Qt.TextFormat.PlainText)
        self._command.setWordWrap(True)
        self._command.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._card = Card(themes)
        hint = QLabel("Or report one from a terminal:")
        hint.setProperty("role", "small")
        self._copy = Button("Copy", themes, icon="copy")
        self._copy.setAccessibleName("Copy the command")
        self._copy.clicked.connect(self._on_copy)
        row = QHBoxLayout()
        row.addWidget(self._command, 1)
        row.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)
        self._card.body.addWidget(hint)
        self._card.body.addLayout(row)
        if not snippet:
            self._card.hide()
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self._card, 100)
        middle.addStretch(1)
        self._layout.addLayout(middle)
        self._layout.addStretch(2)
        area = KineticArea(content)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def showEvent(self, event: QShowEvent) -> None:
        """Under a style sheet Qt forgets the font of what is moved into its window."""
        super().showEvent(event)
        self._on_theme_changed(self._themes.current)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._snippet)
        self._copy.setText("Copied")

    def _on_theme_changed(self, theme: Theme) -> None:
        self._command.setFont(theme.font("mono_small"))
        self._card.setMaximumWidth(theme.px(620))
        # The chip of the first start lies at the foot.
        self._layout.setContentsMargins(theme.px(12), theme.px(12), theme.px(12), theme.px(72))
