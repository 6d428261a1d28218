"""What lies over a window's content without being a window: sheets, menus, the palette. Never exec()."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import OVERLAY_HOST
from chainbot_desktop.ui.widgets.tab_stops import tab_stops


def overlay_host(widget: QWidget) -> QWidget:
    """The nearest widget marked to carry overlays (a whole view, the shell's stage), else the top-level window."""
    host: QWidget | None = widget
    while host is not None and not host.property(OVERLAY_HOST):
        host = host.parentWidget()
    return host or widget.window()


def _is_escape(event: QKeyEvent) -> bool:
    """Alone: with Ctrl and Shift it stops the agents, whatever lies over the window."""
    return event.key() == Qt.Key.Key_Escape and event.modifiers() == Qt.KeyboardModifier.NoModifier


def _application() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app


class Overlay(QWidget):
    """Covers its host, dims it, and places `panel` on it. Escape or a tap beside the panel dismisses it; it is deleted then.

    The focus moves in, stays in while it is open (Tab goes round), and returns to where it was.
    """

    closed = Signal()

    def __init__(self, origin: QWidget, themes: ThemeSource, kind: str, *, dims: bool = True) -> None:
        self._host = overlay_host(origin)
        super().__init__(self._host)
        self.themes = themes
        self.panel = QFrame(self)
        self.panel.setProperty("kind", kind)
        self._dims = dims
        self._before: QWidget | None = None
        self._open = False
        themes.changed.connect(self.fit_soon)
        self.hide()

    @property
    def is_open(self) -> bool:
        return self._open

    def open(self) -> None:
        focused = QApplication.focusWidget()
        self._before = focused if focused is not None and focused.window() is self._host.window() else None
        self._open = True
        self._host.installEventFilter(self)
        _application().focusChanged.connect(self._on_focus_changed)
        self.setGeometry(self._host.rect())
        self.place_panel()
        self.show()
        self.raise_()
        if self.isVisible():
            self.take_focus()

    def dismiss(self) -> None:
        """Close it. Safe to call twice."""
        if not self._open:
            return
        self._open = False
        _application().focusChanged.disconnect(self._on_focus_changed)
        had_focus = self.holds(QApplication.focusWidget())
        self.hide()
        if had_focus:
            self._return_focus(self._before or self._host)
        self.closed.emit()
        self.deleteLater()

    def fit_soon(self) -> None:
        """Place the panel again once what changed in it was laid out."""
        if self._open:
            QTimer.singleShot(0, self, self.place_panel)

    def place_panel(self) -> None:
        """Give the panel its geometry within this overlay: in the middle, as large as it wants to be and may."""
        theme = self.themes.current
        room = self.rect().adjusted(theme.px(8), theme.px(8), -theme.px(8), -theme.px(8))
        width = min(room.width(), self.wanted_width())
        layout = self.panel.layout()
        wanted = layout.totalHeightForWidth(width) if layout and layout.hasHeightForWidth() else self.panel.sizeHint().height()
        height = min(room.height(), wanted)
        box = QRect(0, 0, width, height)
        box.moveCenter(room.center())
        self.panel.setGeometry(box)

    def wanted_width(self) -> int:
        return self.themes.current.px(480)

    def take_focus(self) -> None:
        first = self._stops()
        (first[0] if first else self).setFocus(Qt.FocusReason.PopupFocusReason)

    def event(self, event: QEvent) -> bool:
        """Keys are for what lies on top: the shortcuts of the view beneath rest while it is covered."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_of_the_view(event):
            event.accept()
            return True
        return super().event(event)

    def _is_of_the_view(self, event: QKeyEvent) -> bool:
        if _is_escape(event):
            return True
        pressed = QKeySequence(event.keyCombination())
        beneath = (shortcut for shortcut in self._host.findChildren(QShortcut) if not self._has(shortcut))
        return any(pressed in keys for keys in map(QShortcut.keys, beneath))

    def _has(self, shortcut: QShortcut) -> bool:
        owner = shortcut.parent()
        return isinstance(owner, QWidget) and self.holds(owner)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_escape(event):
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.panel.geometry().contains(event.position().toPoint()):
            self.dismiss()
        event.accept()

    def focusNextPrevChild(self, forward: bool) -> bool:
        stops = self._stops()
        if not stops:
            return True
        focused = QApplication.focusWidget()
        at = stops.index(focused) if focused in stops else (-1 if forward else 0)
        stop = stops[(at + (1 if forward else -1)) % len(stops)]
        stop.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._dims:
            QPainter(self).fillRect(self.rect(), QColor(0, 0, 0, 130))

    def showEvent(self, event: QShowEvent) -> None:
        """It may have been opened over a view that nobody saw yet."""
        super().showEvent(event)
        focused = self.window().focusWidget()
        if self._open and (focused is None or focused is self.window() or self._host.isAncestorOf(focused)):
            self.take_focus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._host:
            self.setGeometry(self._host.rect())
            self.place_panel()
        return super().eventFilter(watched, event)

    def _on_focus_changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        """What lies beneath must not get the keyboard; what lies over it may."""
        if now is None or not self.isVisible() or self.holds(now) or not self._host.isAncestorOf(now):
            return
        over = [sibling for sibling in self._host.children() if isinstance(sibling, Overlay) and sibling is not self]
        if not any(sibling.is_open and sibling.holds(now) for sibling in over):
            self.take_focus()

    def _stops(self) -> list[QWidget]:
        """What Tab visits, in its order."""
        return tab_stops(self)

    def holds(self, widget: QWidget | None) -> bool:
        return widget is not None and (widget is self or self.isAncestorOf(widget))

    def _return_focus(self, widget: QWidget) -> None:
        import shiboken6

        if shiboken6.isValid(widget) and widget.isVisible():
            widget.setFocus(Qt.FocusReason.PopupFocusReason)
