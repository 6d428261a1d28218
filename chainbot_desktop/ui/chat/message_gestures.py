"""Mouse and finger on the list of messages: tapping, selecting over several messages, dragging the ends of a selection, gliding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, QTimer
from PySide6.QtGui import QInputDevice, QMouseEvent, QPainter, QScrollEvent, QScrollPrepareEvent

from chainbot_desktop.ui.chat.message_selection import ListPlace
from chainbot_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from chainbot_desktop.ui.chat.message_list import MessageListView

_FAR = 1_000_000.0
_CLICK_SLACK = 8
_HANDLE = 48
_EDGE = 32
"""Pixels at the top and bottom of the view in which a selecting pointer scrolls."""


class MessageGestures:
    """The list hands over its events. A finger scrolls; it selects once a selection shows its handles (`with_handles`)."""

    def __init__(self, view: MessageListView) -> None:
        self._view = view
        self._pressed: tuple[int, QPointF] | None = None
        self._selecting = False
        self._dragged = ""
        self._last = QPointF()
        self._last_kinetic = 0.0
        self.with_handles = False
        self._edge_timer = QTimer(view, interval=30)
        self._edge_timer.timeout.connect(self._on_edge)

    # Pointing

    def press(self, event: QMouseEvent) -> None:
        view, point = self._view, event.position()
        view.setFocus(Qt.FocusReason.MouseFocusReason)
        self._dragged = self._handle_at(point)
        if self._dragged:
            return
        index = view.index_at(point)
        self._pressed = (index, point)
        extends = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) and view.selection.anchor is not None
        self._selecting = not _is_finger(event)
        if self._selecting and extends:
            view.select_to(view.place_at(point))
        elif self._selecting or not self.with_handles:
            self.clear()
            if self._selecting and (place := view.place_at(point)) is not None:
                view.selection.begin(place)
        if index >= 0:
            view.make_current(index)
        view.viewport().update()

    def move(self, event: QMouseEvent) -> None:
        point = event.position()
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self._show_cursor(point)
            return
        self._last = point
        if self._dragged:
            self._drag_handle(point)
        elif self._selecting and self._pressed is not None and (point - self._pressed[1]).manhattanLength() > 3:
            self._view.select_to(self._view.place_at(point))
            self._scroll_at_edge(point)

    def release(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        self._edge_timer.stop()
        if self._dragged or pressed is None:
            self._dragged = ""
            return
        view, (index, start) = self._view, pressed
        near = (event.position() - start).manhattanLength() <= view.theme.px(_CLICK_SLACK)
        if not near or index < 0 or index != view.index_at(event.position()):
            return
        if self.with_handles and not self._selecting:  # a tap beside the handles ends the selecting
            self.clear()
        elif not view.selection.exists:
            view.tap(index, event.position())

    def double(self, event: QMouseEvent) -> bool:
        """Select a word; whether there was one."""
        place = self._view.place_at(event.position())
        index = self._view.index_at(event.position())
        if place is None or index < 0 or self._view.hit_at(index, event.position()).kind != "text":
            return False
        self.select_word(place)
        self._pressed = None
        return True

    def select_word(self, place: ListPlace) -> None:
        card = self._view.card_of(place.number)
        if card is not None:
            start, end = card.word_at(place.text)
            self._view.selection.take(ListPlace(place.number, start), ListPlace(place.number, end))
            self._view.show_selection()

    def forget_press(self) -> None:
        """A menu opened: what the pointer does now is the menu's."""
        self._pressed, self._selecting, self._dragged = None, False, ""
        self._edge_timer.stop()

    def clear(self) -> None:
        self.with_handles = False
        self._view.selection.clear()
        self._view.show_selection()

    def _show_cursor(self, point: QPointF) -> None:
        index = self._view.index_at(point)
        kind = self._view.hit_at(index, point).kind if index >= 0 else ""
        shapes = {"": Qt.CursorShape.ArrowCursor, "text": Qt.CursorShape.IBeamCursor}
        self._view.viewport().setCursor(shapes.get(kind, Qt.CursorShape.PointingHandCursor))

    def _scroll_at_edge(self, point: QPointF) -> None:
        edge = self._view.theme.px(_EDGE)
        inside = edge <= point.y() <= self._view.viewport().height() - edge
        if inside:
            self._edge_timer.stop()
        elif not self._edge_timer.isActive():
            self._edge_timer.start()

    def _on_edge(self) -> None:
        y, height = self._last.y(), self._view.viewport().height()
        edge = self._view.theme.px(_EDGE)
        self._view.scroll_by(int((y - edge if y < edge else y - (height - edge)) / 2))
        self._view.select_to(self._view.place_at(self._last))

    # Handles of a selection, for a finger

    def _handle_at(self, point: QPointF) -> str:
        if not self.with_handles:
            return ""
        return next((which for which, area in self._handles().items() if area.contains(point)), "")

    def _handles(self) -> dict[str, QRectF]:
        """What a finger hits, around the ends of the selection."""
        span = self._view.selection.span
        side = self._view.theme.px(_HANDLE)
        found = {}
        for which, place in zip(("start", "end"), span or (), strict=False):
            caret = self._view.caret_at(place)
            if caret is not None:
                found[which] = QRectF(caret.x() - side / 2, caret.bottom() - side / 4, side, side)
        return found

    def _drag_handle(self, point: QPointF) -> None:
        view, span = self._view, self._view.selection.span
        # The finger is under the letter that it moves.
        place = view.place_at(point - QPointF(0, view.theme.px(_HANDLE) / 2))
        if span is None or place is None:
            return
        fixed = span[1] if self._dragged == "start" else span[0]
        if place != fixed:
            view.selection.take(fixed, place)
            if (place > fixed) != (self._dragged == "end"):
                self._dragged = "end" if place > fixed else "start"
            view.show_selection()
        self._scroll_at_edge(point)

    def paint_handles(self, painter: QPainter, theme: Theme) -> None:
        if not self.with_handles:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        radius = theme.px(10)
        for area in self._handles().values():
            top = area.top() + area.height() / 4
            painter.drawRect(QRectF(area.center().x() - 1, top - theme.px(18), 2, theme.px(18)))
            painter.drawEllipse(QPointF(area.center().x(), top + radius), radius, radius)

    # Gliding

    def prepare_glide(self, event: QScrollPrepareEvent) -> None:
        """A glide goes by distances, not by places: what is loaded above may grow while the finger is down."""
        view = self._view
        if self._handle_at(event.startPos()):
            event.ignore()  # the finger moves the handle
            return
        top = 0.0 if view.has_older else _FAR - view.offset
        bottom = 2 * _FAR if view.has_newer else _FAR + (view.lowest_offset - view.offset)
        event.setViewportSize(QSizeF(view.viewport().size()))
        event.setContentPosRange(QRectF(0, top, 0, max(0.0, bottom - top)))
        event.setContentPos(QPointF(0, _FAR))
        self._last_kinetic = _FAR
        event.accept()

    def glide(self, event: QScrollEvent) -> None:
        y = event.contentPos().y()
        step = round(y - self._last_kinetic)
        self._last_kinetic += step
        self._view.scroll_by(step)
        event.accept()


def _is_finger(event: QMouseEvent) -> bool:
    return event.device().type() == QInputDevice.DeviceType.TouchScreen
