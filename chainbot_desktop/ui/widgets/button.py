"""Buttons of one finger's size: `Button` with a text, `IconButton` with a picture and a name for those who cannot see it."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource

ButtonKind = Literal["primary", "plain", "quiet", "danger", "row"]

_ICON_TOKENS = {"primary": "on_accent", "plain": "text", "quiet": "text", "danger": "failed", "row": "dim"}


class Button(QPushButton):
    """A push button 48 px high. "row" is a full-width line of a menu or a list of choices, 56 px."""

    def __init__(
        self, text: str, themes: ThemeSource, *, kind: ButtonKind = "plain", icon: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self._kind = kind
        self._icon = icon
        self._themes = themes
        self.setProperty("kind", kind)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a tap must not take the caret from a text
        if icon:
            themes.changed.connect(self._on_theme_changed)
            self._on_theme_changed(themes.current)

    def set_icon(self, name: str) -> None:
        if not self._icon:
            self._themes.changed.connect(self._on_theme_changed)
        self._icon = name
        self._on_theme_changed(self._themes.current)

    def sizeHint(self) -> QSize:
        """What destroys is wider: no finger hits it by brushing past."""
        least = self._themes.current.px(96) if self._kind == "danger" else 0
        return super().sizeHint().expandedTo(QSize(least, 0))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """All of its room is target, also where the style draws it smaller."""
        return self.rect().contains(pos)

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setIcon(theme.icon(self._icon, _ICON_TOKENS[self._kind], 20))
        self.setIconSize(QSize(theme.px(20), theme.px(20)))


class IconButton(QToolButton):
    """A square button of 48 px. `label` is its accessible name and tool tip."""

    def __init__(
        self, icon: str, label: str, themes: ThemeSource, *, token: str = "text", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._token = token
        self._themes = themes
        self.setAccessibleName(label)
        self.setToolTip(label)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def set_icon(self, icon: str, token: str = "text") -> None:
        self._icon, self._token = icon, token
        self._on_theme_changed(self._themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        self.setIcon(theme.icon(self._icon, self._token))
        self.setIconSize(QSize(theme.px(24), theme.px(24)))
        self.setFixedSize(theme.px(48), theme.px(48))
