"""One message as a card: who and when, its text, its code blocks with their buttons. Laid out and painted only when near."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from chainbot_desktop.chat.markdown import MAX_SHOWN, Code, Rendered, visible
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.ui.chat.message_text import BlockText, TextPlace
from chainbot_desktop.ui.chat.time_words import exact_time, relative_time
from chainbot_desktop.ui.theme import Theme

WIDEST = 820
"""Longer lines are hard to read: a card is never wider, in unscaled pixels."""

STREAMING_FROM = 2**62
"""Numbers from here on are of answers that are still written: no message has them."""

GAP = 8
PADDING = 12


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a point: "link" (`value` is the address), "copy", "open", "apply" or "run" of a code block, "time", or "text".

    Of an agent's answer also "fold" (its steps) and "stop" (`value` is the run).
    """

    kind: str
    value: str = ""
    block: int = -1


@dataclass(slots=True)
class Box:
    """Where a block stands in its card. `top` is of its text; a code block's bar lies above that."""

    text: BlockText
    frame: QRectF
    origin: QPointF


class MessageCard:
    """Heights and points are in pixels, relative to the card's top left. `is_mine` is for what the person at the panel wrote."""

    def __init__(self, message: Message, rendered: Rendered, author: str, *, is_mine: bool) -> None:
        self.message = message
        self.rendered = rendered
        self.author = visible(author)
        self.is_mine = is_mine
        self.exact = False
        self.top = 0
        self._width = -1
        self._height = 0
        self._boxes: list[Box] = []
        self._buttons: list[tuple[QRectF, Hit, str]] = []
        self._time_box = QRectF()
        self._selection: tuple[TextPlace, TextPlace] | None = None

    # Size

    def height_for(self, width: int, theme: Theme) -> int:
        """The height, measured if this width was laid out before, else a guess from the length of the text."""
        if width == self._width:
            return self._height
        per_line = max(10, min(width, theme.px(WIDEST)) // theme.px(8))
        lines = sum(1 + len(line) // per_line for line in self.message.text[:MAX_SHOWN].split("\n"))
        return theme.px(52) + lines * theme.px(20)

    @property
    def is_laid_out(self) -> bool:
        return bool(self._boxes)

    def lay_out(self, width: int, theme: Theme) -> bool:
        """Make the text ready for `width`; whether the height changed."""
        if width == self._width and self._boxes:
            return False
        if not self._boxes:
            self._boxes = [Box(BlockText(block, theme), QRectF(), QPointF()) for block in self.rendered.blocks]
        before = self._height
        self._width = width
        pad = theme.px(PADDING)
        inner = min(width, theme.px(WIDEST)) - 2 * pad
        y = pad + QFontMetrics(theme.font("small")).height() + theme.px(6)
        self._buttons = []
        for index, box in enumerate(self._boxes):
            y = self._place_code(index, box, y, inner, theme) if box.text.code else self._place_prose(box, y, inner, theme)
            y += theme.px(GAP)
        if self.rendered.note:
            y += QFontMetrics(theme.font("small")).height() * (2 if len(self.rendered.note) > inner // theme.px(7) else 1)
        y = self._place_foot(y, inner, theme)
        self._height = y + pad
        return self._height != before

    def _place_foot(self, y: int, inner: int, theme: Theme) -> int:
        """Room for what comes under the text, from `y` on (a gap below it); where that ends."""
        return y

    def forget_layout(self) -> None:
        """Give back the memory of the documents; the measured height stays good."""
        self._boxes = []
        self._selection = None

    def _place_prose(self, box: Box, y: int, inner: int, theme: Theme) -> int:
        height = box.text.lay_out(inner)
        box.origin = QPointF(theme.px(PADDING), y)
        box.frame = QRectF(theme.px(PADDING), y, inner, height)
        return y + height

    def _place_code(self, index: int, box: Box, y: int, inner: int, theme: Theme) -> int:
        bar, pad = theme.px(40), theme.px(10)
        height = box.text.lay_out(inner - 2 * pad)
        left = theme.px(PADDING)
        box.frame = QRectF(left, y, inner, bar + height + 2 * pad)
        box.origin = QPointF(left + pad, y + bar + pad)
        metrics = QFontMetrics(theme.font("small"))
        right = left + inner - theme.px(4)
        for label, kind in (("Open in Code", "open"), ("Copy", "copy")):
            width = metrics.horizontalAdvance(label) + theme.px(20)
            # The bar is 40 px high; a finger gets 48.
            self._buttons.append((QRectF(right - width, y - theme.px(4), width, theme.px(48)), Hit(kind, block=index), label))
            right -= width
        return y + int(box.frame.height())

    # Painting

    def paint(self, painter: QPainter, theme: Theme, now: datetime, *, current: bool, clip: QRectF) -> None:
        """Draw the card at the painter's origin. `clip` is what can be seen, in the card's coordinates."""
        pad = theme.px(PADDING)
        width = min(self._width, theme.px(WIDEST))
        frame = QRectF(0.5, 0.5, width - 1, self._height - theme.px(GAP) - 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = theme.color("accent") if current else theme.tint("accent", 0.2) if self.is_mine else theme.color("line")
        painter.setPen(QPen(line, theme.px(2) if current else 1))
        painter.setBrush(theme.tint("accent", 0.09) if self.is_mine else theme.color("surface1"))
        painter.drawRoundedRect(frame, theme.px(12), theme.px(12))
        self._paint_head(painter, theme, now, pad, width)
        self._paint_foot(painter, theme, width)
        for index, box in enumerate(self._boxes):
            if box.frame.intersects(clip):
                self._paint_block(painter, theme, index, box, clip)
        if self.rendered.note:
            painter.setFont(theme.font("small"))
            painter.setPen(theme.color("dim"))
            foot = QRectF(pad, self._boxes[-1].frame.bottom() + theme.px(4), width - 2 * pad, theme.px(40))
            painter.drawText(foot, int(Qt.TextFlag.TextWordWrap), self.rendered.note)

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
        painter.setPen(theme.color("dim" if self.message.kind == "system" else "accent" if self.is_mine else "working"))
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
        if box.text.code is not None:
            self._paint_code_frame(painter, theme, index, box)
        painter.save()
        painter.translate(box.origin)
        box.text.paint(painter, clip.translated(-box.origin).adjusted(-1, -1, 1, 1), self._selected_in(index))
        painter.restore()

    def _paint_code_frame(self, painter: QPainter, theme: Theme, index: int, box: Box) -> None:
        code = box.text.code
        assert code is not None
        bar = theme.px(40)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("ground"))
        painter.drawRoundedRect(box.frame.adjusted(0.5, 0.5, -0.5, -0.5), theme.px(8), theme.px(8))
        top = box.frame.top()
        painter.drawLine(QPointF(box.frame.left(), top + bar), QPointF(box.frame.right(), top + bar))
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("dim"))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        left = box.frame.left() + theme.px(10)
        room = min((area.left() for area, hit, _ in self._buttons if hit.block == index), default=box.frame.right()) - left
        painter.drawText(QRectF(left, top, room, bar), middle, code.language or "text")
        painter.setPen(theme.color("text"))
        for area, hit, label in self._buttons:
            if hit.block == index:
                painter.drawText(area.adjusted(0, theme.px(4), 0, -theme.px(4)), int(Qt.AlignmentFlag.AlignCenter), label)

    # What is where

    def hit(self, point: QPointF) -> Hit:
        for area, hit, _ in self._buttons:
            if area.contains(point):
                return hit
        if self._time_box.contains(point):
            return Hit("time")
        for index, box in enumerate(self._boxes):
            if box.frame.contains(point):
                address = box.text.link_at(point - box.origin)
                return Hit("link", address, index) if address else Hit("text", block=index)
        return Hit("text")

    def place_at(self, point: QPointF) -> TextPlace:
        """The nearest place in the text."""
        best = TextPlace(0, 0)
        for index, box in enumerate(self._boxes):
            if point.y() >= box.frame.top():
                best = TextPlace(index, box.text.position_at(point - box.origin))
        return best

    def code(self, block: int) -> Code | None:
        found = self.rendered.blocks[block] if 0 <= block < len(self.rendered.blocks) else None
        return found if isinstance(found, Code) else None

    @property
    def codes(self) -> list[Code]:
        return [block for block in self.rendered.blocks if isinstance(block, Code)]

    # Selection

    def select(self, start: TextPlace, end: TextPlace) -> None:
        self._selection = (min(start, end), max(start, end)) if start != end else None

    def select_word(self, place: TextPlace) -> None:
        start, end = self._boxes[place.block].text.word_at(place.position)
        self.select(TextPlace(place.block, start), TextPlace(place.block, end))

    def select_all(self) -> None:
        if self._boxes:
            self.select(TextPlace(0, 0), TextPlace(len(self._boxes) - 1, self._boxes[-1].text.length))

    def clear_selection(self) -> None:
        self._selection = None

    @property
    def selected_text(self) -> str:
        parts = []
        for index, box in enumerate(self._boxes):
            span = self._selected_in(index)
            if span is not None:
                parts.append(box.text.text(*span))
        return "\n\n".join(parts)

    def shown_text(self) -> str:
        """The whole message as it reads, without the signs of formatting; of a text that is not formatted, all of it."""
        if self.rendered.note or self.message.kind == "command":
            return self.message.text
        return "\n\n".join(box.text.text() for box in self._boxes)

    def _selected_in(self, index: int) -> tuple[int, int] | None:
        if self._selection is None:
            return None
        start, end = self._selection
        if not start.block <= index <= end.block:
            return None
        text = self._boxes[index].text
        first = start.position if index == start.block else 0
        last = end.position if index == end.block else text.length
        return (first, last) if first < last else None
