"""The messages of a conversation, scrolled: only what can be seen is laid out and painted, whatever is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QScrollEvent,
    QScrollPrepareEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QScroller, QWidget

from chainbot_desktop.ui.chat.answer_card import AnswerCard
from chainbot_desktop.ui.chat.message_card import STREAMING_FROM, Hit, MessageCard
from chainbot_desktop.ui.chat.message_text import TextPlace
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.long_press import LongPress

_MARGIN = 12
_AHEAD = 1200
"""Pixels from an end of what is loaded at which more is asked for."""

_FAR = 1_000_000.0
_CLICK_SLACK = 8
_KEPT_LAYOUTS = 60
_CLOCK_MS = 30_000


class MessageListView(QAbstractScrollArea):
    """Shows cards; asks for more near an end. It sticks to the newest message only if that was in sight."""

    older_wanted = Signal()
    newer_wanted = Signal()
    seen = Signal(int)
    """The number of the newest message that was in sight."""
    bottom_changed = Signal(bool)
    """Whether the newest loaded message is in sight."""
    hit_clicked = Signal(object, object)
    """(card, Hit) of a tap on a link or a button."""
    menu_requested = Signal(object, QPoint)
    """(card, global position)"""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = themes.current
        self._cards: list[MessageCard] = []
        self._current = -1
        self._sticks = True
        self._was_at_bottom = True
        self._placing = False
        self._bar_hides = False
        self._pressed: tuple[int, QPointF] | None = None
        self._anchor: TextPlace | None = None
        self._last_kinetic = 0.0
        self.has_older = False
        self.has_newer = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Messages")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setMouseTracking(True)
        make_kinetic(self)
        self._long_press = LongPress(self.viewport(), themes)
        self._clock = QTimer(self, interval=_CLOCK_MS)
        self._clock.timeout.connect(self.viewport().update)
        self._clock.start()
        themes.changed.connect(self._on_theme_changed)

    # Content

    @property
    def cards(self) -> Sequence[MessageCard]:
        return self._cards

    @property
    def is_at_bottom(self) -> bool:
        bar = self.verticalScrollBar()
        return not self.has_newer and bar.value() >= bar.maximum() - self._theme.px(8)

    def set_cards(self, cards: list[MessageCard], *, keep_place: bool = True, to_bottom: bool = False) -> None:
        """Show these. What is in sight stays where it is, or the end comes into sight (`to_bottom`, or it was so before)."""
        at_bottom = to_bottom or (keep_place and self._was_at_bottom and not self.has_newer)
        anchor = self._place() if keep_place else None
        number = self._cards[self._current].message.number if 0 <= self._current < len(self._cards) else None
        self._cards = cards
        self._current = next((i for i, card in enumerate(cards) if card.message.number == number), -1)
        self._arrange()
        if at_bottom:
            self.scroll_to_bottom()
        elif anchor is not None:
            self._restore(anchor)
        self._settle()

    def cards_grew(self) -> None:
        """Cards that are shown have more text: what is in sight stays where it is, or sticks to the end."""
        self._settle()

    def show_message(self, message_id: str) -> bool:
        """Bring a loaded message to the top of the view and mark it as the current one."""
        for index, card in enumerate(self._cards):
            if card.message.id == message_id:
                self._current = index
                self._was_at_bottom = False
                self.verticalScrollBar().setValue(card.top - self._theme.px(_MARGIN))
                self._settle()
                self.verticalScrollBar().setValue(card.top - self._theme.px(_MARGIN))
                return True
        return False

    def scroll_to_bottom(self) -> None:
        for _ in range(4):  # laying out the last cards may change their heights
            bar = self.verticalScrollBar()
            self._was_at_bottom = True
            bar.setValue(bar.maximum())
            if not self._lay_out_visible():
                break

    def scroll_to_top(self) -> None:
        self.verticalScrollBar().setValue(0)

    @property
    def current_card(self) -> MessageCard | None:
        return self._cards[self._current] if 0 <= self._current < len(self._cards) else None

    def selected_text(self) -> str:
        return next((text for card in self._cards if (text := card.selected_text)), "")

    def card_rect(self, card: MessageCard) -> QRectF:
        """Where a card is, in the viewport."""
        height = card.height_for(self._inner_width(), self._theme)
        return QRectF(self._theme.px(_MARGIN), card.top - self.verticalScrollBar().value(), self._inner_width(), height)

    # Geometry

    def _inner_width(self) -> int:
        return max(self._theme.px(160), self.viewport().width() - 2 * self._theme.px(_MARGIN))

    def _arrange(self) -> None:
        width = self._inner_width()
        y = self._theme.px(_MARGIN)
        for card in self._cards:
            card.top = y
            y += card.height_for(width, self._theme)
        bar = self.verticalScrollBar()
        self._placing = True
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._theme.px(40))
        bar.setRange(0, max(0, y - self.viewport().height()))
        self._placing = False
        hides = bar.maximum() == 0
        if hides != self._bar_hides:  # its place is kept, so that the text does not wrap anew when it comes
            self._bar_hides = hides
            bar.setStyleSheet("QScrollBar::handle { background: transparent; }" if hides else "")

    def _place(self) -> tuple[int, int] | None:
        """The first card in sight and how far its top is from the view's."""
        value = self.verticalScrollBar().value()
        for card in self._cards:
            if card.top + card.height_for(self._inner_width(), self._theme) > value:
                return card.message.number, card.top - value
        return None

    def _restore(self, place: tuple[int, int]) -> None:
        number, distance = place
        for card in self._cards:
            if card.message.number >= number:
                self.verticalScrollBar().setValue(card.top - distance)
                return

    def _visible(self) -> list[MessageCard]:
        top = self.verticalScrollBar().value()
        bottom = top + self.viewport().height()
        width = self._inner_width()
        return [c for c in self._cards if c.top < bottom and c.top + c.height_for(width, self._theme) > top]

    def _lay_out_visible(self) -> bool:
        """Measure what is in sight; whether anything moved. What is in sight first stays in its place."""
        moved = False
        for _ in range(6):
            place = self._place()
            changed = [card.lay_out(self._inner_width(), self._theme) for card in self._visible()]
            if not any(changed):
                break
            moved = True
            stick = self._was_at_bottom and not self.has_newer
            self._arrange()
            if stick:
                self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
            elif place is not None:
                self._restore(place)
        self._forget_far()
        return moved

    def _forget_far(self) -> None:
        ready = [card for card in self._cards if card.is_laid_out]
        if len(ready) > _KEPT_LAYOUTS:
            middle = self.verticalScrollBar().value() + self.viewport().height() / 2
            visible = self._visible()
            for card in sorted(ready, key=lambda c: abs(c.top - middle))[_KEPT_LAYOUTS // 2 :]:
                if card not in visible and not card.selected_text:
                    card.forget_layout()

    def _settle(self) -> None:
        """After anything moved: measure, tell what was seen, ask for more."""
        self._lay_out_visible()
        bar = self.verticalScrollBar()
        if self.is_at_bottom != self._was_at_bottom:
            self._was_at_bottom = self.is_at_bottom
            self.bottom_changed.emit(self._was_at_bottom)
        if self.isVisible():
            kept = [card for card in self._visible() if card.message.number < STREAMING_FROM]
            if kept:
                self.seen.emit(kept[-1].message.number)
            if self.has_older and bar.value() < self._theme.px(_AHEAD):
                self.older_wanted.emit()
            if self.has_newer and bar.value() > bar.maximum() - self._theme.px(_AHEAD):
                self.newer_wanted.emit()
        self.viewport().update()

    # Events of Qt

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        if not self._placing:
            self._was_at_bottom = self._was_at_bottom and self.is_at_bottom
            QTimer.singleShot(0, self._on_scrolled)
        self.viewport().update()

    def _on_scrolled(self) -> None:
        self._settle()

    def resizeEvent(self, event: QResizeEvent) -> None:
        stick = self._was_at_bottom
        place = self._place()
        self._arrange()
        if stick:
            self._was_at_bottom = True
            self.scroll_to_bottom()
        elif place is not None:
            self._restore(place)
        self._settle()

    def showEvent(self, event: QEvent) -> None:
        self._settle()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._lay_out_visible()
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), self._theme.color("ground"))
        now = datetime.now().astimezone()
        offset = self.verticalScrollBar().value()
        seen = QRectF(event.rect())
        current = self.current_card if self.hasFocus() else None
        for card in self._visible():
            origin = QPointF(self._theme.px(_MARGIN), card.top - offset)
            painter.save()
            painter.translate(origin)
            card.paint(painter, self._theme, now, current=card is current, clip=seen.translated(-origin))
            painter.restore()

    def viewportEvent(self, event: QEvent) -> bool:
        # A glide goes by distances, not by places: what is loaded above may grow while the finger is down.
        if isinstance(event, QScrollPrepareEvent):
            bar = self.verticalScrollBar()
            top = 0.0 if self.has_older else _FAR - bar.value()
            bottom = 2 * _FAR if self.has_newer else _FAR + (bar.maximum() - bar.value())
            event.setViewportSize(QSizeF(self.viewport().size()))
            event.setContentPosRange(QRectF(0, top, 0, max(0.0, bottom - top)))
            event.setContentPos(QPointF(0, _FAR))
            self._last_kinetic = _FAR
            event.accept()
            return True
        if isinstance(event, QScrollEvent):
            y = event.contentPos().y()
            step = round(y - self._last_kinetic)
            self._last_kinetic += step
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() + step)
            event.accept()
            return True
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        pixels = event.pixelDelta().y() or event.angleDelta().y() * 2 // 3
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() - pixels)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        index = self._index_at(event.position())
        self._pressed = (index, event.position()) if index >= 0 else None
        for card in self._cards:
            card.clear_selection()
        if index >= 0:
            self._current = index
            self._anchor = None if _is_finger(event) else self._cards[index].place_at(self._in_card(index, event.position()))
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            self._show_cursor(event.position())
            return
        index, start = self._pressed
        if self._anchor is not None and index < len(self._cards) and (event.position() - start).manhattanLength() > 3:
            card = self._cards[index]
            card.select(self._anchor, card.place_at(self._in_card(index, event.position())))
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed, self._anchor = self._pressed, None, None
        if pressed is None or event.button() != Qt.MouseButton.LeftButton:
            return
        index, start = pressed
        near = (event.position() - start).manhattanLength() <= self._theme.px(_CLICK_SLACK)
        if near and index == self._index_at(event.position()) and not self._cards[index].selected_text:
            self._tap(self._cards[index], self._cards[index].hit(self._in_card(index, event.position())))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self._index_at(event.position())
        if index >= 0 and self._cards[index].hit(self._in_card(index, event.position())).kind == "text":
            self._cards[index].select_word(self._cards[index].place_at(self._in_card(index, event.position())))
            self._pressed = None
            self.viewport().update()
        else:
            self.mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._pressed = None
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            card = self.current_card
            if card is not None:
                corner = self.card_rect(card).topLeft().toPoint() + QPoint(self._theme.px(24), self._theme.px(36))
                corner.setY(min(max(corner.y(), 0), self.viewport().height() - self._theme.px(48)))
                self.menu_requested.emit(card, self.viewport().mapToGlobal(corner))
            return
        index = self._index_at(QPointF(event.pos()))
        if index >= 0:
            self._current = index
            self.viewport().update()
            self.menu_requested.emit(self._cards[index], event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, ctrl = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        bar = self.verticalScrollBar()
        steps = {
            Qt.Key.Key_PageUp: -bar.pageStep(),
            Qt.Key.Key_PageDown: bar.pageStep(),
            Qt.Key.Key_Space: bar.pageStep(),
        }
        if key in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            self._move_current(-1 if key == Qt.Key.Key_Up else 1)
        elif key in steps:
            bar.setValue(bar.value() + steps[Qt.Key(key)])
        elif key == Qt.Key.Key_Home and not ctrl:
            bar.setValue(0)
        elif key == Qt.Key.Key_End and not ctrl:
            bar.setValue(bar.maximum())
        elif key == Qt.Key.Key_A and ctrl and self.current_card is not None:
            self.current_card.select_all()
            self.viewport().update()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Menu}:
            self.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint()))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QEvent) -> None:
        if self.current_card is None and self._cards:
            self._current = len(self._cards) - 1 if self.is_at_bottom else self._cards.index(self._visible()[0])
        self.viewport().update()

    def focusOutEvent(self, event: QEvent) -> None:
        self.viewport().update()

    # The rest

    def _move_current(self, step: int) -> None:
        if not self._cards:
            return
        visible = self._visible()
        card = self.current_card
        if card is None or card not in visible:
            self._current = self._cards.index(visible[-1 if step < 0 else 0])
        else:
            rect, height = self.card_rect(card), self.viewport().height()
            # A card longer than the view is read to its end before the next one is current.
            hidden = rect.bottom() > height + 2 if step > 0 else rect.top() < -2
            if hidden:
                self.verticalScrollBar().setValue(self.verticalScrollBar().value() + step * height // 2)
                return
            self._current = min(max(0, self._current + step), len(self._cards) - 1)
        self._bring_current_into_sight()
        self.viewport().update()

    def _bring_current_into_sight(self) -> None:
        card = self.current_card
        if card is None:
            return
        card.lay_out(self._inner_width(), self._theme)
        self._arrange()
        rect, height, bar = self.card_rect(card), self.viewport().height(), self.verticalScrollBar()
        if rect.top() < 0 or rect.height() > height:
            bar.setValue(card.top - self._theme.px(_MARGIN))
        elif rect.bottom() > height:
            bar.setValue(bar.value() + int(rect.bottom()) - height)

    def _tap(self, card: MessageCard, hit: Hit) -> None:
        if hit.kind == "time":
            card.exact = not card.exact
            self.viewport().update()
        elif hit.kind == "fold" and isinstance(card, AnswerCard):
            self.toggle_fold(card)
        elif hit.kind != "text":
            self.hit_clicked.emit(card, hit)

    def toggle_fold(self, card: AnswerCard) -> None:
        """Show or hide the steps of an answer; the card's head stays where it is."""
        card.toggle_fold()
        self._was_at_bottom = False
        self._settle()

    def _index_at(self, point: QPointF) -> int:
        return next((i for i, card in enumerate(self._cards) if self.card_rect(card).contains(point)), -1)

    def _in_card(self, index: int, point: QPointF) -> QPointF:
        return point - self.card_rect(self._cards[index]).topLeft()

    def _show_cursor(self, point: QPointF) -> None:
        index = self._index_at(point)
        kind = self._cards[index].hit(self._in_card(index, point)).kind if index >= 0 else ""
        shapes = {"": Qt.CursorShape.ArrowCursor, "text": Qt.CursorShape.IBeamCursor}
        self.viewport().setCursor(shapes.get(kind, Qt.CursorShape.PointingHandCursor))

    def _on_theme_changed(self, theme: Theme) -> None:
        """The owner brings new cards, in the new colours, right after."""
        self._theme = theme
        QScroller.scroller(self.viewport()).stop()


def _is_finger(event: QMouseEvent) -> bool:
    return event.device().type() == QInputDevice.DeviceType.TouchScreen
