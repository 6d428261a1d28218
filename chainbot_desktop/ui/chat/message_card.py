"""One message as a card: who and when, its text, its code blocks with their buttons. Laid out and painted only when near."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter

from chainbot_desktop.chat.markdown import MAX_SHOWN, Code, Rendered, visible
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.ui.chat.card_boxes import Box, Span
from chainbot_desktop.ui.chat.card_rows import CardRow, Hit
from chainbot_desktop.ui.chat.code_frame import folds, paint_frame
from chainbot_desktop.ui.chat.message_text import BlockText, TextPlace
from chainbot_desktop.ui.chat.panel_painting import draw_panel
from chainbot_desktop.ui.chat.time_words import exact_time, relative_time
from chainbot_desktop.ui.theme import Theme

__all__ = ["GAP", "PADDING", "STREAMING_FROM", "TEXT_END", "WIDEST", "Hit", "MessageCard"]

WIDEST = 820
"""Longer lines are hard to read: a card is never wider, in unscaled pixels."""

STREAMING_FROM = 2**62
"""Numbers from here on are of answers that are still written: no message has them."""

GAP = 8
PADDING = 12
TEXT_END = 2**31 - 1
"""A position behind every text."""


class MessageCard:
    """Heights and points are in pixels, relative to the card's top left. `is_mine` is for what the person at the panel wrote."""

    def __init__(self, message: Message, rendered: Rendered, author: str, *, is_mine: bool) -> None:
        self.message = message
        self.rendered = rendered
        self.author = visible(author)
        self.is_mine = is_mine
        self.exact = False
        self.top = 0
        self.indent = 0
        """1 for what belongs to the thread of an answer."""
        self.above: list[CardRow] = []
        self.below: list[CardRow] = []
        self._width = -1
        self._height = 0
        self._guess = (-1, 0)
        self._theme: Theme | None = None
        self._boxes = [Box.of(block) for block in rendered.blocks]
        self._rows: list[tuple[QRectF, CardRow]] = []
        self._note_top = 0
        self._time_box = QRectF()
        self._selection: tuple[TextPlace, TextPlace] | None = None

    # Size

    def height_for(self, width: int, theme: Theme) -> int:
        """The height, measured if this width was laid out before, else a guess from the length of the text."""
        self._theme = theme
        if width == self._width:
            return self._height
        if self._guess[0] != width:
            per_line = max(10, min(width, theme.px(WIDEST)) // theme.px(8))
            lines = sum(1 + len(line) // per_line for line in self.message.text[:MAX_SHOWN].split("\n"))
            self._guess = width, theme.px(52) + lines * theme.px(20)
        return self._guess[1]

    @property
    def is_laid_out(self) -> bool:
        return self._width >= 0 and any(box.ready is not None for box in self._boxes)

    def is_ready(self, width: int, near: Span | None) -> bool:
        """Whether all that is `near` can be painted at `width` as it is."""
        if width != self._width:
            return False
        inner = self._inner(width)
        return not any(
            box.wants(near, inner) or (box.ready is None and box.is_open and _meets(box.frame, near)) for box in self._boxes
        )

    def lay_out(self, width: int, theme: Theme, near: Span | None = None) -> bool:
        """Make what is `near` (all of it for None) ready for `width`; whether a height or a place changed."""
        self._theme = theme
        if self.is_ready(width, near):
            return False
        before = self._height if width == self._width else -1
        places = [box.frame.top() for box in self._boxes]
        self._width = width
        self._height = self._arrange(width, theme, near)
        return self._height != before or places != [box.frame.top() for box in self._boxes]

    def _arrange(self, width: int, theme: Theme, near: Span | None) -> int:
        pad, inner = theme.px(PADDING), self._inner(width)
        y = pad + QFontMetrics(theme.font("small")).height() + theme.px(6)
        self._rows = []
        for row in self.above:
            y = self._place_row(row, y, inner, theme)
        y = self._place_boxes(y, inner, theme, near)
        if self.rendered.note:
            self._note_top = y - theme.px(4)
            y += QFontMetrics(theme.font("small")).height() * (2 if len(self.rendered.note) > inner // theme.px(7) else 1)
        y = self._place_foot(y, inner, theme)
        for row in self.below:
            y = self._place_row(row, y, inner, theme)
        return y + pad

    def _place_boxes(self, y: int, inner: int, theme: Theme, near: Span | None) -> int:
        for box in self._boxes:
            y = box.place(theme.px(PADDING), y, inner, theme, near) + theme.px(GAP)
            if _meets(box.frame, near) and box.is_open:
                text = box.text(theme)  # a height that was measured before is kept when the document was given back
                text.lay_out(inner - 2 * theme.px(10) if box.code is not None else inner)
        return y

    def _place_row(self, row: CardRow, y: int, inner: int, theme: Theme) -> int:
        frame = QRectF(theme.px(PADDING), y, inner, row.height(inner, theme))
        self._rows.append((frame, row))
        return int(frame.bottom()) + theme.px(4)

    def _place_foot(self, y: int, inner: int, theme: Theme) -> int:
        """Room for what comes under the text, from `y` on (a gap below it); where that ends."""
        return y

    def _inner(self, width: int) -> int:
        theme = self._theme
        assert theme is not None
        return min(width, theme.px(WIDEST)) - 2 * theme.px(PADDING)

    def forget_layout(self) -> None:
        """Give back the memory of the documents; the measured heights stay good."""
        for box in self._boxes:
            box.forget()

    def arrange_again(self) -> None:
        """Something beside the text is different: measure anew at the next look."""
        self._width = -1
        self._guess = (-1, 0)

    def toggle_block(self, block: int) -> None:
        """Fold or unfold a long diff."""
        box = self._boxes[block]
        box.is_open = not box.is_open
        box.laid_out_for = -1
        self.arrange_again()

    def box_tops(self) -> list[int]:
        """Where its blocks begin: what stays in its place when something above it changes."""
        return [int(box.frame.top()) for box in self._boxes] if self._width >= 0 else []

    # Painting

    def paint(self, painter: QPainter, theme: Theme, now: datetime, *, current: bool, clip: QRectF) -> None:
        """Draw the card at the painter's origin. `clip` is what can be seen, in the card's coordinates."""
        pad = theme.px(PADDING)
        width = min(self._width, theme.px(WIDEST))
        frame = QRectF(0, 0, width, self._height - theme.px(GAP))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, theme, frame, current=current)
        self._paint_head(painter, theme, now, pad, width)
        self._paint_foot(painter, theme, width)
        for place, row in self._rows:
            if place.intersects(clip):
                row.paint(painter, theme, place)
        for index, box in enumerate(self._boxes):
            if box.frame.intersects(clip):
                self._paint_block(painter, theme, index, box, clip)
        if self.rendered.note:
            painter.setFont(theme.font("small"))
            painter.setPen(theme.color("dim"))
            foot = QRectF(pad, self._note_top, width - 2 * pad, theme.px(40))
            painter.drawText(foot, int(Qt.TextFlag.TextWordWrap), self.rendered.note)

    def _paint_ground(self, painter: QPainter, theme: Theme, frame: QRectF, *, current: bool) -> None:
        """Words of the program itself are quiet: they have no ground of their own, only a line around them."""
        line = theme.color("accent") if current else theme.tint("accent", 0.2) if self.is_mine else theme.color("line")
        quiet = self.message.kind == "system"
        ground = theme.tint("accent", 0.09) if self.is_mine else theme.color("ground" if quiet else "surface1")
        draw_panel(painter, frame, theme.px(12), ground, line, theme.px(2) if current else 1)

    def paint_waiting(self, painter: QPainter, theme: Theme, now: datetime, width: int) -> None:
        """What is shown in a card's place for the frame or two until it is laid out."""
        frame = QRectF(0, 0, min(width, theme.px(WIDEST)), self.height_for(width, theme) - theme.px(GAP))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, theme, frame, current=False)
        self._paint_head(painter, theme, now, theme.px(PADDING), int(frame.width()))

    def _paint_foot(self, painter: QPainter, theme: Theme, width: int) -> None:
        """What comes under the text."""

    def _paint_head(self, painter: QPainter, theme: Theme, now: datetime, pad: int, width: int) -> float:
        """Who and when; where what comes beside them may begin."""
        small = theme.font("small")
        metrics = QFontMetrics(small)
        time = exact_time(self.message.created_at, now) if self.exact else relative_time(self.message.created_at, now)
        time_width = metrics.horizontalAdvance(time)
        bold = theme.font("small")
        bold.setWeight(bold.Weight.DemiBold)
        painter.setFont(bold)
        quiet = self.message.kind in {"system", "summary"}
        painter.setPen(theme.color("dim" if quiet else "accent" if self.is_mine else "working"))
        room = width - 2 * pad - time_width - theme.px(8) - self._head_room(theme)
        author = QFontMetrics(bold).elidedText(self.author, Qt.TextElideMode.ElideRight, room)
        baseline = pad + metrics.ascent()
        painter.drawText(QPointF(pad, baseline), author)
        x = pad + QFontMetrics(bold).horizontalAdvance(author) + theme.px(8)
        painter.setFont(small)
        painter.setPen(theme.color("dim"))
        painter.drawText(QPointF(x, baseline), time)
        self._time_box = QRectF(x - theme.px(8), 0, time_width + theme.px(16), baseline + theme.px(8))
        return x + time_width + theme.px(12)

    def _head_room(self, theme: Theme) -> int:
        """How much of the head is kept for what comes beside author and time."""
        return 0

    def _paint_block(self, painter: QPainter, theme: Theme, index: int, box: Box, clip: QRectF) -> None:
        if box.code is not None:
            paint_frame(painter, theme, box.code, box.frame, box.buttons, is_open=box.is_open)
        if box.ready is None or not box.is_open:
            return
        painter.save()
        painter.translate(box.origin)
        box.ready.paint(painter, clip.translated(-box.origin).adjusted(-1, -1, 1, 1), self._selected_in(index))
        painter.restore()

    # What is where

    def hit(self, point: QPointF) -> Hit:
        for place, row in self._rows:
            if place.contains(point) and (found := row.hit(point - place.topLeft())) is not None:
                return found
        for index, box in enumerate(self._boxes):
            for button in box.buttons:
                if button.area.contains(point):
                    return Hit(button.kind, block=index)
        if self._time_box.contains(point):
            return Hit("time")
        for index, box in enumerate(self._boxes):
            if box.frame.contains(point):
                return self._hit_block(index, box, point)
        return Hit("text")

    def _hit_block(self, index: int, box: Box, point: QPointF) -> Hit:
        if box.code is not None and folds(box.code) and point.y() < box.origin.y():
            return Hit("unfold", block=index)
        address = box.ready.link_at(point - box.origin) if box.ready is not None else ""
        return Hit("link", address, index) if address else Hit("text", block=index)

    def place_at(self, point: QPointF) -> TextPlace:
        """The nearest place in the text."""
        best = TextPlace(0, 0)
        for index, box in enumerate(self._boxes):
            if point.y() >= box.frame.top() and box.ready is not None:
                best = TextPlace(index, box.ready.position_at(point - box.origin))
        return best

    def caret_at(self, place: TextPlace) -> QRectF:
        """Where a place in the text is shown; a line high, without width."""
        index = min(max(0, place.block), len(self._boxes) - 1)
        if index < 0 or self._theme is None:
            return QRectF()
        box = self._boxes[index]
        caret = box.ready.caret(place.position) if box.ready is not None and box.is_open else QRectF(0, 0, 0, 16)
        return caret.translated(box.origin)

    def code(self, block: int) -> Code | None:
        found = self.rendered.blocks[block] if 0 <= block < len(self.rendered.blocks) else None
        return found if isinstance(found, Code) else None

    @property
    def codes(self) -> list[Code]:
        return [block for block in self.rendered.blocks if isinstance(block, Code)]

    def box(self, block: int) -> Box:
        return self._boxes[block]

    # Selection

    def select(self, start: TextPlace, end: TextPlace) -> None:
        self._selection = (min(start, end), max(start, end)) if start != end else None

    def word_at(self, place: TextPlace) -> tuple[TextPlace, TextPlace]:
        start, end = self._text(place.block).word_at(place.position)
        return TextPlace(place.block, start), TextPlace(place.block, end)

    def select_all(self) -> None:
        self.select(TextPlace(0, 0), self.text_end)

    @property
    def text_end(self) -> TextPlace:
        return TextPlace(max(0, len(self._boxes) - 1), TEXT_END)

    def step(self, place: TextPlace, by: int) -> TextPlace | None:
        """The place a letter before or after; None where the text ends."""
        position = min(place.position, self._text(place.block).length) + by
        if 0 <= position <= self._text(place.block).length:
            return TextPlace(place.block, position)
        block = place.block + by
        if not 0 <= block < len(self._boxes):
            return None
        return TextPlace(block, 0 if by > 0 else self._text(block).length)

    def clear_selection(self) -> None:
        self._selection = None

    @property
    def has_selection(self) -> bool:
        return self._selection is not None

    @property
    def is_all_selected(self) -> bool:
        return self._selection is not None and self._selection[0] <= TextPlace(0, 0) and self._selection[1] >= self.text_end

    @property
    def selected_text(self) -> str:
        if self.is_all_selected:
            return self.shown_text()
        return "\n\n".join(self._text(index).text(*span) for index, span in self._spans())

    @property
    def selected_markdown(self) -> str:
        """The selection as it was written where all of the message is selected, else what its look says."""
        if self.is_all_selected:
            return self.message.text
        return "\n\n".join(self._text(index).markdown(*span) for index, span in self._spans())

    def shown_text(self) -> str:
        """The whole message as it reads, without the signs of formatting; of a text that is not formatted, all of it."""
        if self.rendered.note or self.message.kind == "command":
            return self.message.text
        return "\n\n".join(self._text(index).text() for index in range(len(self._boxes)))

    def _spans(self) -> list[tuple[int, tuple[int, int]]]:
        spans = [(index, self._selected_in(index)) for index in range(len(self._boxes))]
        return [(index, span) for index, span in spans if span is not None]

    def _selected_in(self, index: int) -> tuple[int, int] | None:
        if self._selection is None:
            return None
        start, end = self._selection
        if not start.block <= index <= end.block:
            return None
        first = start.position if index == start.block else 0
        last = min(end.position if index == end.block else TEXT_END, self._text(index).length)
        return (first, last) if first < last else None

    def _text(self, index: int) -> BlockText:
        assert self._theme is not None, "only what was laid out once is selected"
        return self._boxes[index].text(self._theme)


def _meets(frame: QRectF, near: Span | None) -> bool:
    return near is None or (frame.top() < near[1] and frame.bottom() > near[0])
