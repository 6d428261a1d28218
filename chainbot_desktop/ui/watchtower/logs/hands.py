"""What mouse, finger and keys do to the lines: scroll, choose, open. The viewport itself only shows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QInputDevice,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QTouchEvent,
)
from PySide6.QtWidgets import QScroller, QScrollerProperties

from chainbot_desktop.ui.watchtower.logs.viewport import LogViewport
from chainbot_desktop.ui.widgets import LongPress
from chainbot_desktop.watch.logs.document import LogRow

_SLACK = 8
_EDGE_MS = 40
_SIDEWAYS = 8
"""Columns that one press of an arrow key scrolls."""
_Type = QEvent.Type


class ViewportHands(QObject):
    """Mouse: click chooses, drag and Shift choose several, double click opens, the right button asks for the menu.

    Finger: a drag scrolls, a tap chooses (the chosen one: opens), a long press begins to choose several: then a tap moves the nearer
    end, and so do the handles.
    """

    opened = Signal(int)
    """The number of a line: its details."""
    unfold_wanted = Signal(object)
    """A folded `LogRow`: all of it."""
    menu_wanted = Signal(QPoint)
    copy_wanted = Signal()
    pause_pressed = Signal()
    hit_wanted = Signal(int)
    """1 the next, -1 the one before."""
    find_wanted = Signal()
    left = Signal()
    """Escape, when nothing is chosen any more."""
    choosing_changed = Signal()

    def __init__(self, view: LogViewport) -> None:
        super().__init__(view)
        self._view = view
        self.choosing = False
        """A finger is choosing several lines."""
        self._press: QPointF | None = None
        self._drags = False
        self._handle: bool | None = None
        self._long = LongPress(view.viewport(), view.themes)
        self._long.triggered.connect(self._on_held)
        self._swallow_menu = False
        self._edge = QTimer(self, interval=_EDGE_MS)
        self._edge.timeout.connect(self._on_edge)
        self._pointer = QPointF()
        view.paint_over = self._paint_handles
        view.installEventFilter(self)
        view.viewport().installEventFilter(self)

    def set_choosing(self, choosing: bool) -> None:
        if choosing != self.choosing:
            self.choosing = choosing
            self._view.viewport().update()
            self.choosing_changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._view:
            return isinstance(event, QKeyEvent) and event.type() == _Type.KeyPress and self._key(event)
        if isinstance(event, QMouseEvent):
            finger = event.device().type() == QInputDevice.DeviceType.TouchScreen
            return self._finger(event) if finger else self._mouse(event)
        if isinstance(event, QTouchEvent):
            self._touch(event)
        elif isinstance(event, QContextMenuEvent):
            return self._context_menu(event)
        elif event.type() == _Type.UngrabMouse:
            self._let_go()
        return False

    def _mouse(self, event: QMouseEvent) -> bool:
        kind, at = event.type(), event.position()
        if kind == _Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._press_at(at, extend=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif kind == _Type.MouseMove and self._press is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_to(at)
        elif kind == _Type.MouseButtonRelease and event.button() == Qt.MouseButton.LeftButton:
            self._release_at(at)
        elif kind == _Type.MouseButtonDblClick:
            row = self._row_under(at)
            if row is not None and self._view.badge_at(at) is None:
                self.opened.emit(row.number)
        return False

    def _press_at(self, at: QPointF, *, extend: bool) -> None:
        self._press, self._drags = at, False
        row = self._row_under(at)
        if row is not None and self._view.badge_at(at) is None:
            self._view.choose(row.number, extend=extend)

    def _drag_to(self, at: QPointF) -> None:
        assert self._press is not None
        self._pointer = at
        if not self._drags and (at - self._press).manhattanLength() <= self._view.themes.current.px(_SLACK):
            return
        self._drags = True
        row = self._view.row_at(at.y())
        if row is not None and row.number != self._view.chosen.current:
            self._view.choose(row.number, extend=True)
        outside = at.y() < 0 or at.y() > self._view.viewport().height()
        if outside != self._edge.isActive():
            self._edge.start() if outside else self._edge.stop()

    def _release_at(self, at: QPointF) -> None:
        drags, pressed = self._drags, self._press is not None
        self._let_go()
        folded = self._view.badge_at(at)
        if pressed and not drags and folded is not None:
            self.unfold_wanted.emit(folded)

    def _let_go(self) -> None:
        self._press, self._drags, self._handle = None, False, None
        self._edge.stop()

    def _on_edge(self) -> None:
        """A drag that left the viewport scrolls, the faster the further it went."""
        y, height = self._pointer.y(), self._view.viewport().height()
        over = y if y < 0 else y - height
        self._view.scroll_by(round(over))
        row = self._view.row_at(0 if over < 0 else height - 1)
        if row is not None:
            self._view.choose(row.number, extend=True)

    def _finger(self, event: QMouseEvent) -> bool:
        """Qt makes these of a touch that nobody took; the scrolling hears the touch itself."""
        kind, at = event.type(), event.position()
        if kind in {_Type.MouseButtonPress, _Type.MouseButtonDblClick}:
            self._press = at
        elif kind == _Type.MouseMove and self._handle is not None:
            self._pull_handle(at)
        elif kind == _Type.MouseButtonRelease and self._press is not None:
            tapped = (at - self._press).manhattanLength() <= self._view.themes.current.px(_SLACK)
            pulled = self._handle is not None
            self._let_go()
            if tapped and not pulled:
                self._tap(at)
        return True

    def _tap(self, at: QPointF) -> None:
        folded, row, chosen = self._view.badge_at(at), self._row_under(at), self._view.chosen
        self._view.setFocus(Qt.FocusReason.MouseFocusReason)
        if folded is not None and not self.choosing:
            self.unfold_wanted.emit(folded)
        elif row is None:
            return
        elif self.choosing:
            first, last = chosen.first, chosen.last
            nearer_last = first is None or last is None or abs(row.number - last) <= abs(row.number - first)
            chosen.move_end(row.number, last=nearer_last)
            self._view.chosen_was_changed()
        elif chosen.current == row.number and not chosen.several:
            self.opened.emit(row.number)
        else:
            self._view.choose(row.number)

    def _touch(self, event: QTouchEvent) -> None:
        kind = event.type()
        if kind == _Type.TouchBegin and len(event.points()) == 1:
            self._press = event.points()[0].position()  # of a second tap Qt makes no press of the mouse
            self._handle = self._handle_at(self._press)
            self._hold_still(self._handle is not None)
        elif kind in {_Type.TouchEnd, _Type.TouchCancel}:
            self._hold_still(False)
            if kind == _Type.TouchCancel:
                self._let_go()
        elif kind == _Type.TouchUpdate and self._handle is not None:
            self._pull_handle(event.points()[0].position())

    def _pull_handle(self, at: QPointF) -> None:
        row, chosen = self._view.row_at(at.y()), self._view.chosen
        if row is None or self._handle is None:
            return
        held = chosen.last if self._handle else chosen.first
        if row.number != held:
            chosen.move_end(row.number, last=self._handle)
            self._handle = chosen.last == row.number  # pulled over the other end it is the other
            self._view.chosen_was_changed()

    def _hold_still(self, still: bool) -> None:
        scroller = QScroller.scroller(self._view.viewport())
        properties = scroller.scrollerProperties()
        properties.setScrollMetric(QScrollerProperties.ScrollMetric.DragStartDistance, 1.0 if still else 0.0025)
        scroller.setScrollerProperties(properties)

    def _on_held(self, position: QPoint) -> None:
        self._swallow_menu = True
        at = QPointF(self._view.viewport().mapFromGlobal(position))
        row = self._row_under(at)
        self._press = None
        if row is None or self._handle is not None:
            return
        self._view.choose(row.number)
        self.set_choosing(True)

    def _context_menu(self, event: QContextMenuEvent) -> bool:
        if self._swallow_menu:
            self._swallow_menu = False
            return True
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.menu_wanted.emit(self._view.global_point(self._view.chosen.current))
            return True
        row = self._row_under(QPointF(event.pos()))
        if row is not None and row.number not in self._view.chosen:
            self._view.choose(row.number)
        self.menu_wanted.emit(event.globalPos())
        return True

    def _handles(self) -> dict[bool, QRectF]:
        """Where the handles of the first (False) and the last chosen row are, if these can be seen."""
        side = self._view.themes.current.px(48)
        right = self._view.viewport().width() - side
        chosen, found = self._view.chosen, {}
        for row, top, height in self._view.visible:
            if row.number == chosen.first:
                found[False] = QRectF(right, top - side + height / 2, side, side)
            if row.number == chosen.last:
                found[True] = QRectF(right, top + height / 2, side, side)
        return found

    def _handle_at(self, at: QPointF) -> bool | None:
        if self.choosing:
            for last, box in self._handles().items():
                if box.contains(at):
                    return last
        return None

    def _paint_handles(self, painter: QPainter) -> None:
        if not self.choosing:
            return
        theme = self._view.themes.current
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("ground"))
        painter.setBrush(theme.color("accent"))
        for last, box in self._handles().items():
            inner = theme.px(24)
            top = box.top() + theme.px(2) if last else box.bottom() - inner - theme.px(2)
            painter.drawEllipse(QRectF(box.center().x() - inner / 2, top, inner, inner))

    def _row_under(self, at: QPointF) -> LogRow | None:
        visible = self._view.visible
        if not visible or not visible[0][1] <= at.y() < visible[-1][1] + visible[-1][2]:
            return None
        return self._view.row_at(at.y())

    def _key(self, event: QKeyEvent) -> bool:
        key, mods = Qt.Key(event.key()), event.modifiers()
        shift = bool(mods & Qt.KeyboardModifier.ShiftModifier)
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self._choose_all()
        elif mods & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            return False
        elif key in _STEPS:
            self._step(key, extend=shift)
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            self._view.shift_sideways(-_SIDEWAYS if key == Qt.Key.Key_Left else _SIDEWAYS)
        elif key in {Qt.Key.Key_N, Qt.Key.Key_F3}:
            self.hit_wanted.emit(-1 if shift else 1)
        elif key in _SIMPLE:
            getattr(self, _SIMPLE[key]).emit()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._enter(unfold=shift)
        elif key == Qt.Key.Key_Escape:
            return self._escape()
        else:
            return False
        return True

    def _step(self, key: Qt.Key, *, extend: bool) -> None:
        rows, view = self._view.rows, self._view
        if rows is None or not rows.count:
            return
        if key == Qt.Key.Key_End and not extend:
            view.choose(None)
            view.to_end()  # and follow from there
            return
        page = max(1, view.viewport().height() // view.painter.row_height - 1)
        at = self._place(rows.count)
        last = rows.count - 1
        target = {
            Qt.Key.Key_Up: at - 1,
            Qt.Key.Key_Down: at + 1,
            Qt.Key.Key_PageUp: at - page,
            Qt.Key.Key_PageDown: at + page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }[key]
        if view.chosen.current is None and key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            target = at
        row = next(iter(rows.rows(max(0, min(target, last)), 1)), None)
        if row is None:
            return
        view.choose(row.number, extend=extend)
        view.reveal(row.number)

    def _place(self, count: int) -> int:
        """Where the keys begin: the current row, else the lowest that can be seen."""
        view, rows = self._view, self._view.rows
        assert rows is not None
        if view.chosen.current is not None:
            return min(rows.place_of(view.chosen.current), count - 1)
        whole = [row for row, top, height in view.visible if top + height <= view.viewport().height()]
        return rows.place_of(whole[-1].number) if whole else count - 1

    def _choose_all(self) -> None:
        rows = self._view.rows
        if rows is not None and rows.count:
            self._view.chosen.choose(rows.rows(0, 1)[0].number)
            self._view.chosen.extend(rows.rows(rows.count - 1, 1)[0].number)
            self._view.chosen_was_changed()

    def _enter(self, *, unfold: bool) -> None:
        row = self._view.row_of(self._view.chosen.current)
        if row is not None and unfold and row.repeats:
            self.unfold_wanted.emit(row)
        elif row is not None:
            self.opened.emit(row.number)

    def _escape(self) -> bool:
        if self.choosing:
            self.set_choosing(False)
        elif self._view.chosen.several:
            self._view.choose(self._view.chosen.current)
        else:
            self.left.emit()
        return True


_STEPS = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End})
_SIMPLE = {
    Qt.Key.Key_Space: "pause_pressed",
    Qt.Key.Key_Slash: "find_wanted",
}
