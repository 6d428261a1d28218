"""The files beside the editor where there is room, over it where there is not: then a tap beside them puts them away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource

BESIDE_FROM = 900
_WIDTH = 280


class SideDrawer(QWidget):
    """Lays out `side` and `main`; narrower than 900 px, `side` slides over `main`."""

    toggled = Signal(bool)

    def __init__(self, side: QWidget, main: QWidget, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._side, self._main = side, main
        self._open = False
        self._scrim = _Scrim(self)
        main.setParent(self)
        side.setParent(self)
        self._scrim.tapped.connect(self._on_scrim_tapped)
        themes.changed.connect(self._on_theme_changed)
        side.hide()

    @property
    def is_over(self) -> bool:
        """Whether the side covers a part of the main widget when it is open."""
        return self.width() < self._themes.current.px(BESIDE_FROM)

    @property
    def is_open(self) -> bool:
        return self._open

    def set_open(self, on: bool) -> None:
        if on != self._open:
            self._open = on
            focused = QApplication.focusWidget()
            if not on and focused is not None and self._side.isAncestorOf(focused):
                self._main.setFocus(Qt.FocusReason.OtherFocusReason)  # else Qt gives it to the next in line, wherever that is
            self._arrange()
            self.toggled.emit(on)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._arrange()

    def _arrange(self) -> None:
        theme = self._themes.current
        width = min(theme.px(_WIDTH), self.width() - theme.px(64))
        over = self.is_over
        left = width + 1 if self._open and not over else 0
        self._main.setGeometry(left, 0, self.width() - left, self.height())
        self._side.setGeometry(0, 0, width, self.height())
        self._scrim.setGeometry(self.rect())
        self._side.setVisible(self._open)
        self._scrim.setVisible(self._open and over)
        if over:
            self._scrim.raise_()
        self._side.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line between the two."""
        if not self._open or self.is_over:
            return
        painter = QPainter(self)
        painter.fillRect(self._side.width(), 0, 1, self.height(), self._themes.current.color("line"))

    def _on_scrim_tapped(self) -> None:
        self.set_open(False)

    def _on_theme_changed(self, _: Theme) -> None:
        self._arrange()


class _Scrim(QWidget):
    tapped = Signal()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), QColor(0, 0, 0, 110))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.tapped.emit()
        event.accept()
