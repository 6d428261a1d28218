"""A pill that is on or off: a filter, a tab of a small set."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource


class Chip(QPushButton):
    """Checkable; shows a count after its text when it was given one. The pill is drawn lower than its 48 px touch target."""

    def __init__(
        self,
        text: str,
        themes: ThemeSource,
        *,
        icon: str = "",
        token: str = "text",
        checked: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._text = text
        self._themes = themes
        self._icon = icon
        self._token = token
        self.setProperty("kind", "chip")
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setChecked(checked)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a tap must not take the caret from a text
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def set_count(self, count: int | None) -> None:
        self.setText(self._text if count is None else f"{self._text} {count}")

    def sizeHint(self) -> QSize:
        """At least as wide as a finger."""
        return super().sizeHint().expandedTo(QSize(self._themes.current.px(48), 0))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """All of its room is target, also where the style draws it smaller."""
        return self.rect().contains(pos)

    def _on_theme_changed(self, theme: Theme) -> None:
        if self._icon:
            self.setIcon(theme.icon(self._icon, self._token, 16))
            self.setIconSize(QSize(theme.px(16), theme.px(16)))
