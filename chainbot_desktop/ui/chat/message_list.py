"""The messages of a conversation as cards: what is shown, what is selected, and what a tap or a key does."""

from __future__ import annotations

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
    QScrollEvent,
    QScrollPrepareEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScroller, QWidget

from chainbot_desktop.ui.chat.answer_card import AnswerCard
from chainbot_desktop.ui.chat.card_column import MARGIN
from chainbot_desktop.ui.chat.code_frame import hidden_actions
from chainbot_desktop.ui.chat.list_painting import paint_position, paint_separator
from chainbot_desktop.ui.chat.message_card import Hit, MessageCard
from chainbot_desktop.ui.chat.message_gestures import MessageGestures
from chainbot_desktop.ui.chat.message_keys import MessageKeys
from chainbot_desktop.ui.chat.message_selection import ListPlace, MessageSelection
from chainbot_desktop.ui.chat.scrolled_cards import HURRY_SECONDS, ScrolledCards
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic
from chainbot_desktop.ui.widgets.long_press import LongPress
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet

_CLOCK_MS = 30_000


class MessageListView(ScrolledCards):
    """Shows cards; asks for more near an end. It sticks to the newest message only if that was in sight."""

    hit_clicked = Signal(object, object)
    """(card, Hit) of a tap on a link or a button."""
    menu_requested = Signal(object, QPoint)
    """(card, global position)"""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(themes, parent)
        self._themes = themes
        self.selection = MessageSelection()
        self._current = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Messages")
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        make_kinetic(self)
        self.gestures = MessageGestures(self)
        self._keys = MessageKeys(self)
        self._long_press = LongPress(self.viewport(), themes)
        self._clock = QTimer(self, interval=_CLOCK_MS)
        self._clock.timeout.connect(self.viewport().update)
        self._clock.start()
        themes.changed.connect(self._on_theme_changed)

    # Content

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
        self._jumping, self.is_dragged_on = self.is_dragged_on, False
        self.selection.apply(cards)
        self._arrange()
        if at_bottom:
            self.scroll_to_bottom()
        elif top_number and (index := self.column.index_of(top_number)) >= 0:
            self._was_at_bottom = False
            is_first = index == 0 and not self.has_older
            self._move_to(0 if is_first else cards[index].top - self.theme.px(MARGIN))
        elif anchor is not None and (top := self.column.top_for(anchor)) is not None:
            self._move_to(top)
        else:
            self._move_to(min(self.offset, self.lowest_offset))
        self._settle()

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

    @property
    def _has_overlay(self) -> bool:
        return super()._has_overlay or self.gestures.with_handles

    # Events of Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        self._lay_out_visible(HURRY_SECONDS)
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
