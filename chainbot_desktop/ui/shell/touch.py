"""What a finger does to the whole window: the swipe from an edge, and the cursor that leaves while touching.

Watches the native window's touch events before the widgets get them. Touches that begin elsewhere pass untouched.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QInputDevice, QMouseEvent, QTouchEvent, QWindow
from PySide6.QtWidgets import QAbstractButton, QWidget

from chainbot_desktop.ui.theme import ThemeSource

EDGE = 16
TRAVEL = 72
SLACK = 8

_Type = QEvent.Type
_TOUCHES = {_Type.TouchBegin, _Type.TouchUpdate, _Type.TouchEnd, _Type.TouchCancel}


class TouchWatch(QObject):
    """`swiped` with -1 (from the left edge: the window before) or +1 (from the right edge: the next one).

    A touch that begins within 16 px of an edge is held back until it is known what it is: a swipe is never given to the widgets;
    a tap is played to the widget beneath as a click; any other movement is handed on as the touch it is.
    """

    swiped = Signal(int)

    def __init__(self, top: QWidget, window: QWindow, themes: ThemeSource, forbidden: Callable[[QPointF], bool]) -> None:
        super().__init__(top)
        self._top = top
        self._themes = themes
        self._forbidden = forbidden
        self._held: QTouchEvent | None = None
        self._start = QPointF()
        self._direction = 0
        self._done = False
        self._cursor_hidden = False
        self._lift = QTimer(self, singleShot=True, interval=0)
        self._lift.timeout.connect(self._on_lifted)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in _TOUCHES and isinstance(event, QTouchEvent):
            self._hide_cursor()
            if kind in {_Type.TouchEnd, _Type.TouchCancel}:
                self._lift.start()
            return self._on_touch(kind, event)
        if (
            kind == _Type.MouseMove
            and isinstance(event, QMouseEvent)
            and event.device().type() != QInputDevice.DeviceType.TouchScreen
        ):
            self.show_cursor()
        return False

    def show_cursor(self) -> None:
        if self._cursor_hidden:
            self._cursor_hidden = False
            QGuiApplication.restoreOverrideCursor()

    def _on_lifted(self) -> None:
        """A finger that is gone points at nothing; Qt leaves its last place under the pointer, and a button would look chosen."""
        for widget in self._top.findChildren(QAbstractButton):
            if widget.underMouse():
                widget.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
                widget.update()

    def _hide_cursor(self) -> None:
        if not self._cursor_hidden:
            self._cursor_hidden = True
            QGuiApplication.setOverrideCursor(Qt.CursorShape.BlankCursor)

    def _on_touch(self, kind: QEvent.Type, event: QTouchEvent) -> bool:
        if kind == _Type.TouchBegin:
            return self._begin(event)
        if self._direction == 0:
            return False
        if kind == _Type.TouchUpdate:
            self._move(event)
        else:
            self._end(kind, event)
        if self._direction or kind != _Type.TouchUpdate:
            event.accept()
            return True
        return False

    def _begin(self, event: QTouchEvent) -> bool:
        place = event.points()[0].position()
        edge = self._themes.current.px(EDGE)
        self._direction = -1 if place.x() < edge else 1 if place.x() >= self._top.width() - edge else 0
        if len(event.points()) != 1 or self._forbidden(place):
            self._direction = 0
        if self._direction == 0:
            return False
        self._start, self._done, self._held = place, False, event.clone()
        event.accept()
        return True

    def _move(self, event: QTouchEvent) -> None:
        if self._done:
            return
        moved = event.points()[0].position() - self._start
        theme = self._themes.current
        inward = -moved.x() * self._direction
        if len(event.points()) != 1 or (abs(moved.y()) > theme.px(SLACK) and abs(moved.y()) > abs(moved.x())):
            self._hand_on()
        elif inward >= theme.px(TRAVEL):
            self._done = True
            self.swiped.emit(self._direction)

    def _end(self, kind: QEvent.Type, event: QTouchEvent) -> None:
        moved = event.points()[0].position() - self._start if event.points() else QPointF()
        tapped = kind == _Type.TouchEnd and not self._done and moved.manhattanLength() <= self._themes.current.px(SLACK)
        self._direction, self._held = 0, None
        if tapped:
            self._click(self._start)

    def _hand_on(self) -> None:
        """It is no swipe: the widgets get the beginning they missed, and from now on everything."""
        held, self._held, self._direction = self._held, None, 0
        window = self._top.windowHandle()
        if held is not None:
            window.removeEventFilter(self)
            QCoreApplication.sendEvent(window, held)
            window.installEventFilter(self)

    def _click(self, place: QPointF) -> None:
        target = self._top.childAt(place.toPoint()) or self._top
        local = QPointF(target.mapFrom(self._top, place.toPoint()))
        left = Qt.MouseButton.LeftButton
        for kind, buttons in ((_Type.MouseButtonPress, left), (_Type.MouseButtonRelease, Qt.MouseButton.NoButton)):
            where = QPointF(self._top.mapToGlobal(place.toPoint()))
            click = QMouseEvent(kind, local, place, where, left, buttons, Qt.KeyboardModifier.NoModifier)
            QCoreApplication.sendEvent(target, click)
