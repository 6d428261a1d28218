"""The messages of a conversation, scrolled: only what can be seen is laid out and painted, whatever is loaded.

The scroll bar spans the whole conversation: what is not loaded counts with one height for each message. What is loaded is placed by
`CardColumn`; `offset` is where the view begins in that.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QGuiApplication,
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
from chainbot_desktop.ui.chat.card_boxes import Span
from chainbot_desktop.ui.chat.card_column import MARGIN, CardColumn, Place
from chainbot_desktop.ui.chat.code_frame import hidden_actions
from chainbot_desktop.ui.chat.list_painting import paint_position, paint_separator
from chainbot_desktop.ui.chat.message_card import STREAMING_FROM, Hit, MessageCard
from chainbot_desktop.ui.chat.message_gestures import MessageGestures
from chainbot_desktop.ui.chat.message_keys import MessageKeys
from chainbot_desktop.ui.chat.message_selection import ListPlace, MessageSelection
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.long_press import LongPress
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet

_AHEAD = 2400
"""Pixels from an end of what is loaded at which more is asked for."""

_KEPT_LAYOUTS = 60
_CLOCK_MS = 30_000
_HURRY_SECONDS = 0.008
"""What laying out may take of a frame while it is scrolled: what is not ready by then comes with the next frame."""

_PER_MESSAGE = 96
"""The height that a message that is not loaded counts with in the scroll bar, in unscaled pixels."""


class MessageListView(QAbstractScrollArea):
    """Shows cards; asks for more near an end. It sticks to the newest message only if that was in sight."""

    older_wanted = Signal()
    newer_wanted = Signal()
    place_wanted = Signal(int)
    """The scroll bar was dragged to where nothing is loaded: to the message with so many before it."""
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
        self._themes = themes
        self.theme = themes.current
        self.column = CardColumn()
        self.selection = MessageSelection()
        self.offset = 0
        self._current = -1
        self._was_at_bottom = True
        self._placing = False
        self._jumping = False
        self._bar_hides = False
        self._downwards = True
        self._laid_out: dict[MessageCard, None] = {}
        """Cards that have documents, the one that was laid out last at the end."""
        self.has_older = False
        self.has_newer = False
        self.older_count = 0
        """Messages of the conversation before the first that is loaded, as far as that is known."""
        self.newer_count = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Messages")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        make_kinetic(self)
        self.gestures = MessageGestures(self)
        self._keys = MessageKeys(self)
        self._long_press = LongPress(self.viewport(), themes)
        self._clock = QTimer(self, interval=_CLOCK_MS)
        self._clock.timeout.connect(self.viewport().update)
        self._clock.start()
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._on_soon)
        self._idle = QTimer(self, singleShot=True, interval=4)
        self._idle.timeout.connect(self._lay_out_ahead)
        self.verticalScrollBar().sliderReleased.connect(self._soon.start)
        themes.changed.connect(self._on_theme_changed)

    # Content

    @property
    def cards(self) -> Sequence[MessageCard]:
        return self.column.cards

    @property
    def lowest_offset(self) -> int:
        return max(0, self.column.height - self.viewport().height())

    @property
    def is_at_bottom(self) -> bool:
        return not self.has_newer and self.offset >= self.lowest_offset - self.theme.px(8)

    def set_cards(
        self,
        cards: list[MessageCard],
        *,
        keep_place: bool = True,
        to_bottom: bool = False,
        new_after: int = 0,
        top_number: int = 0,
    ) -> None:
        """Show these. What is in sight stays where it is, or the end comes into sight (`to_bottom`, or it was so before).

        `top_number`: the message that comes to the top of the view. `new_after`: the last that was read when this was opened.
        """
        at_bottom = to_bottom or (keep_place and self._was_at_bottom and not self.has_newer and not top_number)
        anchor = self.column.place_at(self.offset) if keep_place and not top_number else None
        number = self.current_card.message.number if self.current_card is not None else None
        self.column.set_cards(cards, new_after, begins=not self.has_older)
        self._current = self.column.index_of(number) if number is not None else -1
        self._jumping = False
        self.selection.apply(cards)
        self._arrange()
        if at_bottom:
            self.scroll_to_bottom()
        elif top_number and (index := self.column.index_of(top_number)) >= 0:
            self._was_at_bottom = False
            self._move_to(cards[index].top - self.theme.px(MARGIN))
        elif anchor is not None and (top := self.column.top_for(anchor)) is not None:
            self._move_to(top)
        else:
            self._move_to(min(self.offset, self.lowest_offset))
        self._settle()

    def cards_grew(self, grown: Sequence[MessageCard]) -> None:
        """Cards that are shown have more text: what is in sight stays where it is, or sticks to the end."""
        before = self.offset, self.column.height
        self._settle(paints=False)
        if before != (self.offset, self.column.height):
            self.viewport().update()
        else:
            for card in grown:
                self.viewport().update(self.card_rect(card).toAlignedRect())

    def show_message(self, message_id: str) -> bool:
        """Bring a loaded message to the top of the view and mark it as the current one."""
        for index, card in enumerate(self.cards):
            if card.message.id == message_id:
                self._current = index
                self._was_at_bottom = False
                for _ in range(2):  # what is above it may get another height
                    self._move_to(card.top - self.theme.px(MARGIN))
                    self._settle()
                return True
        return False

    def scroll_to_bottom(self) -> None:
        for _ in range(4):  # laying out the last cards may change their heights
            self._was_at_bottom = True
            self._move_to(self.lowest_offset)
            if not self._lay_out_visible():
                break

    def scroll_to_top(self) -> None:
        self._move_to(0)
        self._settle()

    def scroll_by(self, pixels: int) -> None:
        """Move the view down (up, if it is less than 0) as far as messages are loaded."""
        self._downwards = pixels >= 0
        if pixels and self._move_to(self.offset + pixels):
            self._was_at_bottom = self._was_at_bottom and self.is_at_bottom
            self._soon.start()
        elif pixels:
            self._ask_for_more()

    @property
    def current_card(self) -> MessageCard | None:
        return self.cards[self._current] if 0 <= self._current < len(self.cards) else None

    def make_current(self, index: int) -> None:
        self._current = min(max(0, index), len(self.cards) - 1)
        self.viewport().update()

    def card_of(self, number: int) -> MessageCard | None:
        index = self.column.index_of(number)
        return self.cards[index] if index >= 0 else None

    # Selection

    def selected_text(self) -> str:
        return self.selection.text(self.cards)

    def selected_markdown(self) -> str:
        return self.selection.markdown(self.cards)

    def copy(self) -> None:
        """The selection, or the current message, as plain text."""
        card = self.current_card
        text = self.selected_text() or (card.shown_text() if card is not None else "")
        if text:
            QGuiApplication.clipboard().setText(text)

    def select_to(self, place: ListPlace | None) -> None:
        if place is not None and self.selection.anchor is not None:
            self.selection.head = place
            self.show_selection()

    def begin_selecting(self, card: MessageCard) -> None:
        """Select a message, with handles that a finger can drag."""
        self.selection.take(
            ListPlace(card.message.number, card.place_at(QPointF())), ListPlace(card.message.number, card.text_end)
        )
        self.gestures.with_handles = True
        self.show_selection()
        self.setFocus()

    def show_selection(self) -> None:
        self.selection.apply(self.cards)
        self.viewport().update()

    def place_at(self, point: QPointF) -> ListPlace | None:
        """The letter that is nearest to a point of the viewport."""
        index = self.column.index_at(point.y() + self.offset)
        if index < 0:
            return None
        card = self.cards[index]
        if not card.is_laid_out:
            self._lay_out_card(card, (0.0, float(self.viewport().height())))
            self._arrange()
        return ListPlace(card.message.number, card.place_at(self._in_card(index, point)))

    def caret_at(self, place: ListPlace) -> QRectF | None:
        """Where a letter stands in the viewport; None where its message is not loaded."""
        card = self.card_of(place.number)
        return card.caret_at(place.text).translated(self.card_rect(card).topLeft()) if card is not None else None

    # Geometry

    def card_rect(self, card: MessageCard) -> QRectF:
        """Where a card is, in the viewport."""
        width = self.column.width_of(card)
        return QRectF(self.column.left_of(card), card.top - self.offset, width, card.height_for(width, self.theme))

    def visible_cards(self) -> list[MessageCard]:
        return [self.cards[index] for index in self.column.between(self.offset, self.offset + self.viewport().height())]

    def _inner_width(self) -> int:
        return max(self.theme.px(160), self.viewport().width() - 2 * self.theme.px(MARGIN))

    def _arrange(self) -> None:
        self.column.arrange(self._inner_width(), self.theme)
        self.offset = min(self.offset, self.lowest_offset)
        self._show_in_bar()

    def _place(self) -> Place | None:
        return self.column.place_at(self.offset)

    def _move_to(self, offset: int) -> bool:
        """Begin the view at `offset`, or as near as it can be; whether it moved."""
        before, self.offset = self.offset, min(max(0, offset), self.lowest_offset)
        self._show_in_bar()
        moved = before - self.offset
        if moved and abs(moved) < self.viewport().height() and not self._has_overlay:
            self.viewport().scroll(0, moved)  # what stays in sight is not painted again
        elif moved:
            self.viewport().update()
        return moved != 0

    @property
    def _has_overlay(self) -> bool:
        """Whether something is painted that does not move with the content."""
        return self.verticalScrollBar().isSliderDown() or self.gestures.with_handles

    def _lay_out_visible(self, seconds: float = float("inf")) -> bool:
        """Measure what is in sight; whether anything moved. What is in sight first stays in its place."""
        deadline = time.perf_counter() + seconds
        moved = False
        for _ in range(6):
            place = self._place()
            stick = self._was_at_bottom and not self.has_newer
            if not self._lay_out_once(deadline):
                break
            moved = True
            self._arrange()
            self.viewport().update()
            top = self.lowest_offset if stick else self.column.top_for(place) if place is not None else None
            if top is not None:
                self._move_to(top)
        return moved

    def _lay_out_once(self, deadline: float) -> bool:
        changed = False
        for card in self.visible_cards():
            near = (self.offset - card.top, self.offset + self.viewport().height() - card.top)
            width = self.column.width_of(card)
            if card.is_ready(width, near):
                continue
            if time.perf_counter() > deadline:
                self._soon.start()
                break
            changed = self._lay_out_card(card, near) or changed
        return changed

    def _lay_out_card(self, card: MessageCard, near: Span) -> bool:
        self._laid_out.pop(card, None)
        self._laid_out[card] = None
        self.viewport().update(self.card_rect(card).toAlignedRect())
        return card.lay_out(self.column.width_of(card), self.theme, near)

    def _lay_out_ahead(self) -> None:
        """While nothing else is to do: what comes next into sight, one card at a time."""
        height = self.viewport().height()
        top = self.offset + height if self._downwards else self.offset - height
        order = self.column.between(top, top + height)
        for index in order if self._downwards else reversed(order):
            card = self.cards[index]
            near = (top - card.top, top + height - card.top)
            width = self.column.width_of(card)
            if not card.is_ready(width, near):
                place = self._place()
                if self._lay_out_card(card, near):
                    self._arrange()
                    if place is not None and (kept := self.column.top_for(place)) is not None:
                        self._move_to(kept)
                self._idle.start()
                return

    def _forget_far(self) -> None:
        if len(self._laid_out) <= _KEPT_LAYOUTS:
            return
        height = self.viewport().height()
        near = {self.cards[index] for index in self.column.between(self.offset - height, self.offset + 2 * height)}
        for card in [card for card in self._laid_out if card not in near][: len(self._laid_out) - _KEPT_LAYOUTS // 2]:
            card.forget_layout()
            del self._laid_out[card]

    def _settle(self, *, paints: bool = True, seconds: float = float("inf")) -> None:
        """After anything moved: measure, tell what was seen, ask for more."""
        self._lay_out_visible(seconds)
        self._forget_far()
        if self.is_at_bottom != self._was_at_bottom:
            self._was_at_bottom = self.is_at_bottom
            self.bottom_changed.emit(self._was_at_bottom)
        if self.isVisible():
            kept = [card for card in self.visible_cards() if card.message.number < STREAMING_FROM and not card.indent]
            if kept:
                self.seen.emit(kept[-1].message.number)
            self._ask_for_more()
            self._idle.start()
        if paints:
            self.viewport().update()

    def _on_soon(self) -> None:
        self._settle(seconds=_HURRY_SECONDS, paints=False)

    def _ask_for_more(self) -> None:
        if self.verticalScrollBar().isSliderDown() and (self.older_count or self.newer_count):
            return  # what is passed by is not wanted
        if self.has_older and self.offset < self.theme.px(_AHEAD):
            self.older_wanted.emit()
        if self.has_newer and self.offset > self.lowest_offset - self.theme.px(_AHEAD):
            self.newer_wanted.emit()

    # The scroll bar

    def _show_in_bar(self) -> None:
        if self._jumping:
            return  # the bar shows where the finger wants to go until that is loaded
        bar, each = self.verticalScrollBar(), self.theme.px(_PER_MESSAGE)
        before, after = self.older_count * each, self.newer_count * each
        self._placing = True
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self.theme.px(40))
        bar.setRange(0, before + self.lowest_offset + after)
        bar.setValue(before + self.offset)
        self._placing = False
        hides = bar.maximum() == 0
        if hides != self._bar_hides:  # its place is kept, so that the text does not wrap anew when it comes
            self._bar_hides = hides
            bar.setStyleSheet("QScrollBar::handle { background: transparent; }" if hides else "")

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """The bar was moved by a person: within what is loaded that is scrolling, beyond it is a jump."""
        if self._placing:
            return
        bar, each = self.verticalScrollBar(), self.theme.px(_PER_MESSAGE)
        target = bar.value() - self.older_count * each
        slack = self.viewport().height()
        if (self.older_count and target < -slack) or (self.newer_count and target > self.lowest_offset + slack):
            self._jumping = True
            self._was_at_bottom = False
            self.place_wanted.emit(self._index_of_bar())
            self.viewport().update()
        else:
            self._jumping = False
            self.scroll_by(target - self.offset)
            self._show_in_bar()

    def _index_of_bar(self) -> int:
        """How many messages are before the place that the bar is at; -1 is the end."""
        bar, each = self.verticalScrollBar(), self.theme.px(_PER_MESSAGE)
        if bar.value() >= bar.maximum():
            return -1
        value, before = bar.value(), self.older_count * each
        if value < before:
            return value // each
        if value <= before + self.lowest_offset:
            return self.older_count + max(0, self.column.index_at(value - before))
        return self.older_count + len(self.cards) + (value - before - self.lowest_offset) // each

    # Events of Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        stick = self._was_at_bottom
        place = self._place()
        self._arrange()
        if stick:
            self.scroll_to_bottom()
        elif place is not None and (top := self.column.top_for(place)) is not None:
            self._move_to(top)
        self._settle()

    def showEvent(self, event: QEvent) -> None:
        self._settle()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._lay_out_visible(_HURRY_SECONDS)
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.theme.color("ground"))
        now = datetime.now().astimezone()
        seen = QRectF(event.rect())
        current = self.current_card if self.hasFocus() else None
        for index in self.column.between(self.offset + seen.top(), self.offset + seen.bottom()):
            card, separator = self.cards[index], self.column.separators[index]
            if separator.lines:
                paint_separator(painter, self.theme, separator, self.card_rect(card), now)
            self._paint_card(painter, card, now, seen, is_current=card is current)
        self.gestures.paint_handles(painter, self.theme)
        if self.verticalScrollBar().isSliderDown():
            total = self.older_count + self.newer_count + len(self.cards)
            paint_position(painter, self.theme, self.viewport().rect(), self._index_of_bar(), total)

    def _paint_card(self, painter: QPainter, card: MessageCard, now: datetime, seen: QRectF, *, is_current: bool) -> None:
        origin = self.card_rect(card).topLeft()
        width = self.column.width_of(card)
        near = (self.offset - card.top, self.offset + self.viewport().height() - card.top)
        painter.save()
        painter.translate(origin)
        if card.is_ready(width, near):
            card.paint(painter, self.theme, now, current=is_current, clip=seen.translated(-origin))
        else:
            card.paint_waiting(painter, self.theme, now, width)
        painter.restore()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QScrollPrepareEvent):
            self.gestures.prepare_glide(event)
            return True
        if isinstance(event, QScrollEvent):
            self.gestures.glide(event)
            return True
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        pixels = event.pixelDelta().y() or event.angleDelta().y() * 2 // 3
        self.scroll_by(-pixels)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.gestures.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.gestures.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self.gestures.double(event):
            self.mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.gestures.forget_press()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self.open_menu_of_current()
            return
        index = self.index_at(QPointF(event.pos()))
        if index >= 0:
            self.make_current(index)
            self.menu_requested.emit(self.cards[index], event.globalPos())

    def open_menu_of_current(self) -> None:
        card = self.current_card
        if card is not None:
            corner = self.card_rect(card).topLeft().toPoint() + QPoint(self.theme.px(24), self.theme.px(36))
            corner.setY(min(max(corner.y(), 0), self.viewport().height() - self.theme.px(48)))
            self.menu_requested.emit(card, self.viewport().mapToGlobal(corner))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._keys.press(event):
            super().keyPressEvent(event)

    def focusInEvent(self, event: QEvent) -> None:
        if self.current_card is None and self.cards:
            last = len(self.cards) - 1
            self._current = last if self.is_at_bottom else max(0, self.column.index_at(self.offset))
        self.viewport().update()

    def focusOutEvent(self, event: QEvent) -> None:
        self.viewport().update()

    # What is where

    def index_at(self, point: QPointF) -> int:
        index = self.column.index_at(point.y() + self.offset)
        return index if index >= 0 and self.card_rect(self.cards[index]).contains(point) else -1

    def hit_at(self, index: int, point: QPointF) -> Hit:
        return self.cards[index].hit(self._in_card(index, point))

    def tap(self, index: int, point: QPointF) -> None:
        card, hit = self.cards[index], self.hit_at(index, point)
        if hit.kind == "time":
            card.exact = not card.exact
            self.viewport().update()
        elif hit.kind == "fold" and isinstance(card, AnswerCard):
            self.toggle_fold(card)
        elif hit.kind == "unfold":
            card.toggle_block(hit.block)
            self._keep_top_and_settle()
        elif hit.kind == "more":
            self._show_more(card, hit, point)
        elif hit.kind != "text":
            self.hit_clicked.emit(card, hit)

    def toggle_fold(self, card: AnswerCard) -> None:
        """Show or hide the steps of an answer; the card's head stays where it is."""
        card.toggle_fold()
        self._keep_top_and_settle()

    def _keep_top_and_settle(self) -> None:
        self._was_at_bottom = False
        self._settle()

    def _show_more(self, card: MessageCard, hit: Hit, point: QPointF) -> None:
        """What has no room in the bar of a code block."""
        box = card.box(hit.block)
        assert box.code is not None
        menu = MenuSheet(self, self._themes)
        icons = {"copy": "copy", "open": "code", "apply": "diff", "run": "play"}
        for kind, label in hidden_actions(box.code, box.buttons):
            menu.add(label, partial(self.hit_clicked.emit, card, Hit(kind, block=hit.block)), icon=icons[kind])
        menu.open_at(self.viewport().mapToGlobal(point.toPoint()))

    def bring_current_into_sight(self) -> None:
        card = self.current_card
        if card is None:
            return
        self._lay_out_card(card, (0.0, float(self.viewport().height())))
        self._arrange()
        rect, height = self.card_rect(card), self.viewport().height()
        if rect.top() < 0 or rect.height() > height:
            self.scroll_by(int(rect.top()) - self.theme.px(MARGIN))
        elif rect.bottom() > height:
            self.scroll_by(int(rect.bottom()) - height)

    def bring_into_sight(self, place: ListPlace) -> None:
        caret = self.caret_at(place)
        if caret is None:
            return
        room = self.theme.px(24)
        if caret.top() < room:
            self.scroll_by(int(caret.top()) - room)
        elif caret.bottom() > self.viewport().height() - room:
            self.scroll_by(int(caret.bottom()) - self.viewport().height() + room)

    def _in_card(self, index: int, point: QPointF) -> QPointF:
        return point - self.card_rect(self.cards[index]).topLeft()

    def _on_theme_changed(self, theme: Theme) -> None:
        """The owner brings new cards, in the new colours, right after."""
        self.theme = theme
        QScroller.scroller(self.viewport()).stop()
