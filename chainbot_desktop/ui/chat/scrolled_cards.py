"""Cards in a column that is scrolled: only what can be seen is laid out, whatever is loaded.

The scroll bar spans the whole conversation: what is not loaded counts with one height for each message. What is loaded is placed by
`CardColumn`; `offset` is where the view begins in that.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from chainbot_desktop.ui.chat.card_boxes import Span
from chainbot_desktop.ui.chat.card_column import MARGIN, CardColumn, Place
from chainbot_desktop.ui.chat.message_card import STREAMING_FROM, MessageCard
from chainbot_desktop.ui.theme import ThemeSource

_IDLE_MS = 4
_AT_REST_MS = 150
"""While the scroll bar is dragged nobody knows what comes next: nothing is laid out ahead until it rests."""

_AHEAD = 2400
"""Pixels from an end of what is loaded at which more is asked for."""

_KEPT_LAYOUTS = 60
HURRY_SECONDS = 0.003
"""What laying out may take of a frame while it is scrolled: what is not ready by then comes with the next frame."""

_PER_MESSAGE = 96
"""The height that a message that is not loaded counts with in the scroll bar, in unscaled pixels."""


class ScrolledCards(QAbstractScrollArea):
    """Asks for more near an end of what is loaded. It sticks to the newest card only if that was in sight."""

    older_wanted = Signal()
    newer_wanted = Signal()
    place_wanted = Signal(int)
    """The scroll bar was dragged to where nothing is loaded: to the message with so many before it; -1 is the end."""
    seen = Signal(int)
    """The number of the newest message that was in sight."""
    bottom_changed = Signal(bool)
    """Whether the newest loaded message is in sight."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = themes.current
        self.column = CardColumn()
        self.offset = 0
        self._was_at_bottom = True
        self._placing = False
        self._jumping = False
        self.is_dragged_on = False
        """The bar is somewhere else by now than where the next cards are from: they must not take it back."""
        self._bar_hides = False
        self._downwards = True
        self._laid_out: dict[MessageCard, None] = {}
        """Cards that have documents, the one that was laid out last at the end."""
        self.has_older = False
        self.has_newer = False
        self.older_count = 0
        """Messages of the conversation before the first that is loaded, as far as that is known."""
        self.newer_count = 0
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._on_soon)
        self._idle = QTimer(self, singleShot=True, interval=_IDLE_MS)
        self._idle.timeout.connect(self._lay_out_ahead)
        self.verticalScrollBar().sliderReleased.connect(self._soon.start)

    @property
    def cards(self) -> Sequence[MessageCard]:
        return self.column.cards

    @property
    def lowest_offset(self) -> int:
        return max(0, self.column.height - self.viewport().height())

    @property
    def is_at_bottom(self) -> bool:
        return not self.has_newer and self.offset >= self.lowest_offset - self.theme.px(8)

    def visible_cards(self) -> list[MessageCard]:
        return [self.cards[index] for index in self.column.between(self.offset, self.offset + self.viewport().height())]

    def card_rect(self, card: MessageCard) -> QRectF:
        """Where a card is, in the viewport."""
        width = self.column.width_of(card)
        return QRectF(self.column.left_of(card), card.top - self.offset, width, card.height_for(width, self.theme))

    # Scrolling

    def scroll_by(self, pixels: int) -> None:
        """Move the view down (up, if it is less than 0) as far as messages are loaded."""
        self._downwards = pixels >= 0
        if pixels and self._move_to(self.offset + pixels):
            self._was_at_bottom = self._was_at_bottom and self.is_at_bottom
            self._soon.start()
        elif pixels:
            self._ask_for_more()

    def scroll_to_bottom(self) -> None:
        for _ in range(4):  # laying out the last cards may change their heights
            self._was_at_bottom = True
            self._move_to(self.lowest_offset)
            if not self._lay_out_visible():
                break

    def scroll_to_top(self) -> None:
        self._was_at_bottom = False
        self._move_to(0)
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
        return self.verticalScrollBar().isSliderDown()

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
            self._idle.start(_AT_REST_MS if self.verticalScrollBar().isSliderDown() else _IDLE_MS)
        if paints:
            self.viewport().update()

    def _on_soon(self) -> None:
        self._settle(seconds=HURRY_SECONDS, paints=False)

    def _ask_for_more(self) -> None:
        if self.verticalScrollBar().isSliderDown() and (self.older_count or self.newer_count):
            return  # what is passed by is not wanted
        if self.has_older and self.offset < self.theme.px(_AHEAD):
            self.older_wanted.emit()
        if self.has_newer and self.offset > self.lowest_offset - self.theme.px(_AHEAD):
            self.newer_wanted.emit()

    # Laying out

    def _inner_width(self) -> int:
        return max(self.theme.px(160), self.viewport().width() - 2 * self.theme.px(MARGIN))

    def _arrange(self) -> None:
        self.column.arrange(self._inner_width(), self.theme)
        self.offset = min(self.offset, self.lowest_offset)
        self._show_in_bar()

    def _place(self) -> Place | None:
        return self.column.place_at(self.offset)

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
                self._idle.start(_IDLE_MS)
                return

    def _forget_far(self) -> None:
        if len(self._laid_out) <= _KEPT_LAYOUTS:
            return
        height = self.viewport().height()
        near = {self.cards[index] for index in self.column.between(self.offset - height, self.offset + 2 * height)}
        for card in [card for card in self._laid_out if card not in near][: len(self._laid_out) - _KEPT_LAYOUTS // 2]:
            card.forget_layout()
            del self._laid_out[card]

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
