"""The navigation rail: one button a window with its badge, the link to ALEX OS, the menu of everything else, and STOP ALL.

Left and upright in landscape, at the foot and lying in portrait.
"""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QWidget

from chainbot_desktop.ui.shell.link_words import link_look
from chainbot_desktop.ui.shell.rail_button import RailButton
from chainbot_desktop.ui.shell.stop_button import StopButton
from chainbot_desktop.ui.theme import Theme, ThemeSource


class NavigationRail(QWidget):
    """`selected` names the window asked for; arrow keys move between the buttons."""

    selected = Signal(str)
    link_tapped = Signal()
    menu_requested = Signal()
    stop_held = Signal()
    """STOP ALL was held to its end."""
    stop_let_go = Signal()
    """It was let go too early."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._portrait = False
        self._buttons: dict[str, RailButton] = {}
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.addStretch(1)
        self.link_button = RailButton("link", "ALEX OS", themes)
        self.link_button.clicked.connect(self.link_tapped)
        self.menu_button = RailButton("menu", "More", themes)
        self.menu_button.clicked.connect(self.menu_requested)
        self.stop_button = StopButton(themes)
        self.stop_button.held.connect(self.stop_held)
        self.stop_button.let_go.connect(self.stop_let_go)
        self._layout.addWidget(self.link_button)
        self._layout.addWidget(self.menu_button)
        self._apart = QFrame()
        self._apart.setProperty("kind", "line")
        self._layout.addWidget(self._apart, 0, Qt.AlignmentFlag.AlignCenter)
        self._layout.addWidget(self.stop_button)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def add_window(self, key: str, label: str, icon: str) -> None:
        button = RailButton(icon, label, self._themes)
        button.setCheckable(True)
        button.clicked.connect(lambda: self.selected.emit(key))
        self._layout.insertWidget(len(self._buttons), button)
        self._buttons[key] = button
        for foot in (self.link_button, self.menu_button, self.stop_button):
            # Tab and F6 go as the eye does: what came last is last.
            at = self._layout.indexOf(foot)
            foot.setParent(None)
            self._layout.insertWidget(at, foot)

    def button(self, key: str) -> RailButton:
        return self._buttons[key]

    def select(self, key: str) -> None:
        for other, button in self._buttons.items():
            button.setChecked(other == key)
        self.update()

    def set_badge(self, key: str, count: int) -> None:
        self._buttons[key].set_badge(count)

    def set_link(self, state: str, reason: str) -> None:
        look = link_look(state)
        self.link_button.set_look(look.icon, look.word, look.token, f"ALEX OS: {look.word.lower()}. {reason}".strip())

    def set_portrait(self, portrait: bool) -> None:
        self._portrait = portrait
        self.stop_button.set_narrow(portrait)
        self._on_theme_changed(self._themes.current)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("surface1"))
        painter.setPen(theme.color("line"))
        if self._portrait:
            painter.drawLine(0, 0, self.width(), 0)
        else:
            painter.drawLine(self.width() - 1, 0, self.width() - 1, self.height())
        chosen = next((button for button in self._buttons.values() if button.isChecked()), None)
        if chosen is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawRoundedRect(self._marker(chosen.geometry(), theme), 1.5, 1.5)

    def _marker(self, box: QRect, theme: Theme) -> QRectF:
        thick, inset = theme.px(3), theme.px(10)
        if self._portrait:
            return QRectF(box.left() + inset, self.height() - thick, box.width() - 2 * inset, thick)
        return QRectF(0, box.top() + inset, thick, box.height() - 2 * inset)

    def _on_theme_changed(self, theme: Theme) -> None:
        edge = round(8 * theme.screen_scale)  # larger text must not push STOP off a low screen
        self._layout.setContentsMargins(edge, edge, edge, edge)
        self._layout.setSpacing(edge)
        limit = 16_777_215  # Qt's own "no limit"
        if self._portrait:
            self._layout.setDirection(QBoxLayout.Direction.LeftToRight)
            self._layout.setContentsMargins(theme.px(4), theme.px(6), theme.px(4), theme.px(6))
            self._layout.setSpacing(theme.px(4))
            self.setMinimumSize(0, theme.px(72))
            self.setMaximumSize(limit, theme.px(72))
        else:
            self._layout.setDirection(QBoxLayout.Direction.TopToBottom)
            self.setMinimumSize(theme.px(80), 0)
            self.setMaximumSize(theme.px(80), limit)
        self._apart.setFixedSize(*((1, theme.px(40)) if self._portrait else (theme.px(56), 1)))
        for button in (*self._buttons.values(), self.link_button, self.menu_button, self.stop_button):
            button.setMaximumSize(limit, limit if self._portrait else theme.px(64))
        self.update()
