"""A button of the rail: icon over a word, a marker of what is selected, a badge for what waits there."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

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
        """A finger's width; as high as icon and word need, so that all of them fit a short screen with the largest text."""
        theme = self._themes.current
        words = QFontMetrics(theme.font("label")).height()
        return QSize(theme.px(48), max(round(48 * theme.screen_scale), theme.px(24) + theme.px(3) + words))

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
