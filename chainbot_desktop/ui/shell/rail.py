"""The navigation rail: one button a window with its badge, the link to ALEX OS, and the menu of everything else.

Left and upright in landscape, at the foot and lying in portrait.
"""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QBoxLayout, QSizePolicy, QWidget

from chainbot_desktop.ui.shell.link_words import link_look
from chainbot_desktop.ui.theme import Theme, ThemeSource

MOST_SHOWN = 99


class RailButton(QAbstractButton):
    """Icon over a word; a marker at the screen's edge when it is the selected window; a badge for what waits there."""

    def __init__(self, icon: str, label: str, themes: ThemeSource, *, token: str = "dim") -> None:
        super().__init__()
        self._themes = themes
        self._icon = icon
        self._token = token
        self._badge = 0
        self._name = label
        self.setText(label)
        self.setAccessibleName(label)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        themes.changed.connect(self._on_theme_changed)

    @property
    def badge(self) -> int:
        return self._badge

    def set_badge(self, count: int) -> None:
        if count != self._badge:
            self._badge = count
            self.setAccessibleName(f"{self._name}, {count} waiting" if count else self._name)
            self.update()

    def set_look(self, icon: str, label: str, token: str, tip: str = "") -> None:
        self._icon, self._token, self._name = icon, token, label
        self.setText(label)
        self.setAccessibleName(f"{label}. {tip}" if tip else label)
        self.setToolTip(tip)
        self.update()

    def nextCheckState(self) -> None:
        """A tap asks; the rail decides what is selected. (An auto-exclusive group would be one stop for Tab, not four.)"""

    def sizeHint(self) -> QSize:
        theme = self._themes.current
        return QSize(theme.px(64), theme.px(60))

    def minimumSizeHint(self) -> QSize:
        theme = self._themes.current
        return QSize(theme.px(48), theme.px(48))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, theme)
        icon, text = self._places(theme)
        token = "text" if self.isChecked() else self._token
        painter.drawPixmap(icon.topLeft(), theme.pixmap(self._icon, token, 24))
        painter.setFont(theme.font("label"))
        painter.setPen(theme.color("text" if self.isChecked() else "dim"))
        words = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, words)
        if self._badge:
            self._paint_badge(painter, theme, icon)

    def _paint_ground(self, painter: QPainter, theme: Theme) -> None:
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isDown() or self.isChecked():
            painter.setBrush(theme.color("surface3" if self.isDown() else "surface2"))
            painter.drawRoundedRect(box, theme.px(10), theme.px(10))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(box, theme.px(10), theme.px(10))

    def _places(self, theme: Theme) -> tuple[QRect, QRect]:
        """Icon and word, together in the middle."""
        side, gap = theme.px(24), theme.px(3)
        height = self.fontMetrics().height() if self.font() == theme.font("label") else theme.px(15)
        top = (self.height() - side - gap - height) // 2
        icon = QRect((self.width() - side) // 2, top, side, side)
        return icon, QRect(2, top + side + gap, self.width() - 4, height + theme.px(4))

    def _paint_badge(self, painter: QPainter, theme: Theme, icon: QRect) -> None:
        words = str(self._badge) if self._badge <= MOST_SHOWN else f"{MOST_SHOWN}+"
        font = theme.font("label")
        font.setBold(True)
        painter.setFont(font)
        height = max(theme.px(18), painter.fontMetrics().height())
        width = max(height, painter.fontMetrics().horizontalAdvance(words) + theme.px(8))
        left = min(icon.right() - theme.px(6), self.width() - width - 1)
        box = QRectF(left, max(1, icon.top() - height // 2 + theme.px(2)), width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("needs_input"))
        painter.drawRoundedRect(box, height / 2, height / 2)
        painter.setPen(theme.color("on_state"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _on_theme_changed(self, theme: Theme) -> None:
        self.updateGeometry()
        self.update()


class NavigationRail(QWidget):
    """`selected` names the window asked for; arrow keys move between the buttons."""

    selected = Signal(str)
    link_tapped = Signal()
    menu_requested = Signal()

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
        self._layout.addWidget(self.link_button)
        self._layout.addWidget(self.menu_button)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    def add_window(self, key: str, label: str, icon: str) -> None:
        button = RailButton(icon, label, self._themes)
        button.setCheckable(True)
        button.clicked.connect(lambda: self.selected.emit(key))
        self._layout.insertWidget(len(self._buttons), button)
        self._buttons[key] = button
        for foot in (self.link_button, self.menu_button):  # Tab and F6 go as the eye does: what came last is last
            foot.setParent(None)
            self._layout.addWidget(foot)

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
        edge = theme.px(8)
        self._layout.setContentsMargins(edge, edge, edge, edge)
        self._layout.setSpacing(theme.px(8))
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
        for button in (*self._buttons.values(), self.link_button, self.menu_button):
            button.setMaximumSize(limit, limit if self._portrait else theme.px(64))
        self.update()
