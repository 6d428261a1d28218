"""The keyboard on the list of messages: from card to card, over the text with Shift, and what a card's menu offers with Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from chainbot_desktop.ui.chat.message_selection import START, ListPlace

if TYPE_CHECKING:
    from chainbot_desktop.ui.chat.message_list import MessageListView

_Key = Qt.Key


class MessageKeys:
    def __init__(self, view: MessageListView) -> None:
        self._view = view
        self._column: float | None = None
        """Where the head of the selection was begun to be moved up or down from: it comes back there after short lines."""

    def press(self, event: QKeyEvent) -> bool:
        """Whether the key means something here."""
        key = _Key(event.key())
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if ctrl:
            return not shift and self._control(key)
        return self._extend(key) if shift else self._plain(key)

    def _control(self, key: Qt.Key) -> bool:
        if key == _Key.Key_A:
            self._select_all()
        elif key == _Key.Key_C:
            self._view.copy()
        else:
            return False
        return True

    def _plain(self, key: Qt.Key) -> bool:
        view = self._view
        page = int(view.viewport().height() * 0.9)
        steps = {_Key.Key_PageUp: -page, _Key.Key_PageDown: page, _Key.Key_Space: page}
        if key in {_Key.Key_Up, _Key.Key_Down}:
            self.move_current(-1 if key == _Key.Key_Up else 1)
        elif key in steps:
            view.scroll_by(steps[key])
        elif key in {_Key.Key_Home, _Key.Key_End}:
            view.scroll_by(-(10**8) if key == _Key.Key_Home else 10**8)
        elif key in {_Key.Key_Return, _Key.Key_Enter, _Key.Key_Menu}:
            view.open_menu_of_current()
        elif key == _Key.Key_Escape and view.selection.exists:
            view.gestures.clear()
        else:
            return False
        return True

    # Cards

    def move_current(self, step: int) -> None:
        view = self._view
        if not view.cards:
            return
        visible = view.visible_cards()
        card = view.current_card
        if card is None or card not in visible:
            view.make_current(list(view.cards).index(visible[-1 if step < 0 else 0]))
        else:
            rect, height = view.card_rect(card), view.viewport().height()
            # A card longer than the view is read to its end before the next one is current.
            hidden = rect.bottom() > height + 2 if step > 0 else rect.top() < -2
            if hidden:
                view.scroll_by(step * height // 2)
                return
            view.make_current(list(view.cards).index(card) + step)
        view.bring_current_into_sight()

    # Text

    def _select_all(self) -> None:
        """The current message; asked again, all that is loaded."""
        view = self._view
        card = view.current_card or (view.cards[-1] if view.cards else None)
        if card is None:
            return
        first = last = card
        if card.is_all_selected:
            first, last = view.cards[0], view.cards[-1]
        view.selection.take(ListPlace(first.message.number, START), ListPlace(last.message.number, last.text_end))
        view.show_selection()

    def _extend(self, key: Qt.Key) -> bool:
        view = self._view
        moves = {
            _Key.Key_Left: lambda head: self._by_letter(head, -1),
            _Key.Key_Right: lambda head: self._by_letter(head, 1),
            _Key.Key_Up: lambda head: self._by_height(head, -1),
            _Key.Key_Down: lambda head: self._by_height(head, 1),
            _Key.Key_PageUp: lambda head: self._by_height(head, -view.viewport().height() * 0.9),
            _Key.Key_PageDown: lambda head: self._by_height(head, view.viewport().height() * 0.9),
        }
        if key not in moves:
            return False
        head = view.selection.head or view.selection.anchor or self._beginning()
        if head is None:
            return True
        if view.selection.anchor is None:
            view.selection.begin(head)
        if key in {_Key.Key_Left, _Key.Key_Right}:
            self._column = None
        moved = moves[key](head)
        if moved is not None:
            view.select_to(moved)
            view.bring_into_sight(moved)
        return True

    def _beginning(self) -> ListPlace | None:
        card = self._view.current_card or next(iter(self._view.visible_cards()), None)
        return ListPlace(card.message.number, START) if card is not None else None

    def _by_letter(self, head: ListPlace, by: int) -> ListPlace | None:
        view = self._view
        card = view.card_of(head.number)
        if card is None:
            return None
        within = card.step(head.text, by)
        if within is not None:
            return ListPlace(head.number, within)
        index = list(view.cards).index(card) + by
        if not 0 <= index < len(view.cards):
            return None
        other = view.cards[index]
        return ListPlace(other.message.number, START if by > 0 else other.text_end)

    def _by_height(self, head: ListPlace, by: float) -> ListPlace | None:
        """`by` pixels; 1 and -1 are a line."""
        view = self._view
        view.bring_into_sight(head)
        caret = view.caret_at(head)
        if caret is None:
            return None
        if self._column is None:
            self._column = caret.x()
        line = max(caret.height(), view.theme.px(18))
        if abs(by) > 1:
            before = view.offset
            view.scroll_by(int(by))
            return view.place_at(QPointF(self._column, caret.center().y() + by - (view.offset - before)))
        # Between two blocks or cards there is room without text: go on until there is another line.
        for lines in range(1, 8):
            place = view.place_at(QPointF(self._column, caret.center().y() + by * line * lines))
            if place is not None and (place > head if by > 0 else place < head):
                # The head of a card has no letters: the first line of its text is meant.
                first = view.caret_at(place) if place.text == START else None
                return view.place_at(QPointF(self._column, first.center().y())) if first is not None else place
        return None
