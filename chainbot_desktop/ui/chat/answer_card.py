"""The card of an agent's answer: its state, how it came about (folded), and while it is written a text that grows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from html import escape

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.chat.answer_stream import AnswerNote, AnswerStream, note_of
from chainbot_desktop.chat.markdown import Prose, Rendered, visible
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.ui.agent_map.shapes import draw_shape, token_of
from chainbot_desktop.ui.chat.message_card import GAP, PADDING, STREAMING_FROM, WIDEST, Box, Hit, MessageCard
from chainbot_desktop.ui.chat.message_text import BlockText
from chainbot_desktop.ui.theme import Theme

_NOTHING = Rendered(())
_FOLD = 32
_FINGER = 48
_DEMONSTRATION = "demonstration model"

Mark = tuple[AgentState, str]


class AnswerCard(MessageCard):
    """Made of a kept message, or of a stream (`of_stream`), and then turned into the kept message by `become`."""

    def __init__(self, message: Message, rendered: Rendered, note: AnswerNote) -> None:
        super().__init__(message, rendered, note.name, is_mine=False)
        self.note = note
        self.stream: AnswerStream | None = None
        self.is_open = False
        self._rendered_length = len(message.text)
        self._stale = False
        self._unfilled = True
        self._fold_box = QRectF()
        self._fold_text: BlockText | None = None
        self._folded = ""
        self._stop_box = QRectF()

    @classmethod
    def of_stream(cls, stream: AnswerStream, place: int) -> AnswerCard:
        """`place` orders the answers that are written at the same time."""
        author = f"agent:{stream.agent_id}"
        message = Message(STREAMING_FROM + place, stream.run_id, stream.conversation_id, author, "text", "", stream.began)
        card = cls(message, _NOTHING, stream.note("streaming", {}))
        card.stream = stream
        return card

    # Growing

    def take_stream(self) -> bool:
        """Show what the stream has by now, the news as plain text; whether anything is different."""
        stream = self.stream
        if stream is None:
            return False
        self.note = stream.note("streaming", {})
        before = self.message.text
        if stream.length != len(before):
            self.message = replace(self.message, text=stream.text)
            self._append(self.message.text[len(before) :])
        self._stale = True
        return True

    @property
    def unrendered(self) -> int:
        """Characters that are shown, and not as Markdown yet."""
        return len(self.message.text) - self._rendered_length

    def show_rendered(self, rendered: Rendered, length: int) -> None:
        """`rendered` is what the first `length` characters are as Markdown; what came since follows as plain text."""
        same = 0
        pairs = zip(self.rendered.blocks, rendered.blocks, strict=False)
        # The last block was written on since, so it never counts as the same.
        for old, new in list(pairs)[: max(0, len(self._boxes) - 1)]:
            if old != new:
                break
            same += 1
        self.rendered = rendered
        self._rendered_length = length
        del self._boxes[same:]
        self._selection = None if self._selection and self._selection[1].block >= same else self._selection
        self._stale = self._unfilled = True

    def become(self, message: Message, rendered: Rendered, note: AnswerNote) -> None:
        """The answer has ended and is kept as `message`: the same card, in the same place."""
        self.message, self.note, self.stream = message, note, None
        self.show_rendered(rendered, len(message.text))

    def toggle_fold(self) -> None:
        self.is_open = not self.is_open
        self._stale = True

    def _append(self, text: str) -> None:
        if text and not self._unfilled and not self.rendered.note:
            self._boxes[-1].text.append(text)

    # Layout

    def lay_out(self, width: int, theme: Theme) -> bool:
        if not self._stale and width == self._width and self._boxes:
            return False
        before = self._height
        if self._unfilled:
            self._fill(theme)
        self._stale = False
        fresh = width != self._width
        self._width = -1
        super().lay_out(width, theme)
        return fresh or self._height != before

    def height_for(self, width: int, theme: Theme) -> int:
        return self._height if width == self._width and self._height else super().height_for(width, theme)

    @property
    def is_laid_out(self) -> bool:
        return bool(self._boxes)

    def forget_layout(self) -> None:
        super().forget_layout()
        self._fold_text = None
        self._stale = self._unfilled = True

    def _fill(self, theme: Theme) -> None:
        """Documents for the blocks that have none, and what is not rendered yet in the last one."""
        blocks = self.rendered.blocks or (Prose(""),)
        self._boxes += [Box(BlockText(block, theme), QRectF(), QPointF()) for block in blocks[len(self._boxes) :]]
        self._unfilled = False
        self._append(self.message.text[self._rendered_length :])

    def _place_prose(self, box: Box, y: int, inner: int, theme: Theme) -> int:
        if self.message.text:
            return super()._place_prose(box, y, inner, theme)
        box.frame = QRectF(theme.px(PADDING), y, inner, 0)  # nothing is said yet, and nothing stands for it
        return y - theme.px(GAP)

    def _place_foot(self, y: int, inner: int, theme: Theme) -> int:
        self._fold_box = QRectF()
        if not self._fold_line:
            return y
        pad = theme.px(PADDING)
        self._fold_box = QRectF(pad, y, inner, theme.px(_FOLD))
        y += theme.px(_FOLD)
        html = self._fold_html() if self.is_open else ""
        if html != self._folded or (html and self._fold_text is None):
            self._folded = html
            self._fold_text = BlockText(Prose(html), theme, is_aside=True) if html else None
        if self._fold_text is not None:
            y += self._fold_text.lay_out(inner - theme.px(20)) + theme.px(8)
        return y

    @property
    def _fold_line(self) -> str:
        """The one line that stands for all the steps: the newest one while it works, their number afterwards."""
        note, stream = self.note, self.stream
        if stream is not None and stream.trouble:
            return stream.trouble
        count = note.steps_before + len(note.steps)
        if stream is not None and note.steps:
            return note.steps[-1]
        parts = [f"{count} {'step' if count == 1 else 'steps'}"] if count else []
        parts += ["its thinking"] if note.thinking.strip() else []
        return " and ".join(parts)

    def _fold_html(self) -> str:
        note = self.note
        lines = [f"… {note.steps_before} before these"] if note.steps_before else []
        lines += [f"· {visible(step)}" for step in note.steps]
        parts = ["<br>".join(map(escape, lines))] if lines else []
        if self.stream is not None and self.stream.plan:
            parts.insert(0, escape(visible(self.stream.plan)).replace("\n", "<br>"))
        if note.thinking.strip():
            parts.append("<i>" + escape(visible(note.thinking.strip())).replace("\n", "<br>") + "</i>")
        return "".join(f"<p>{part}</p>" for part in parts)

    # Painting

    def _mark(self) -> Mark | None:
        stream = self.stream
        if stream is None:
            ends = {"failed": (AgentState.FAILED, "not finished"), "cancelled": (AgentState.IDLE, "interrupted")}
            return ends.get(self.note.state)
        if stream.trouble:
            return AgentState.FAILED, "not kept"
        if stream.state == "queued":
            return AgentState.WAITING, "queued"
        if stream.state == "waiting":
            # What a person is to do is said to that person: "your approval", "your answer".
            human = stream.waiting_for.startswith("your ")
            return (AgentState.NEEDS_INPUT if human else AgentState.WAITING), stream.waiting_words
        return AgentState.WORKING, "writing" if self.message.text else "working"

    def _head_room(self, theme: Theme) -> int:
        metrics = QFontMetrics(theme.font("small"))
        mark = self._mark()
        room = metrics.horizontalAdvance(mark[1][:24]) + theme.px(34) if mark is not None else 0
        room += metrics.horizontalAdvance(_DEMONSTRATION) + theme.px(28) if self.note.demonstration else 0
        return room + (metrics.horizontalAdvance("Stop") + theme.px(48) if self.can_stop else 0)

    @property
    def can_stop(self) -> bool:
        return self.stream is not None and self.stream.state != "ended"

    def _paint_head(self, painter: QPainter, theme: Theme, now: datetime, pad: int, width: int) -> float:
        x = super()._paint_head(painter, theme, now, pad, width)
        metrics = QFontMetrics(theme.font("small"))
        middle = pad + metrics.height() / 2
        right = self._paint_stop(painter, theme, metrics, width) if self.can_stop else float(width - pad)
        painter.setFont(theme.font("small"))
        mark = self._mark()
        if mark is not None:
            state, word = mark
            draw_shape(painter, state, QPointF(x + theme.px(7), middle), theme.px(11), theme)
            left = x + theme.px(18)
            text = metrics.elidedText(visible(word), Qt.TextElideMode.ElideRight, int(right - left - theme.px(8)))
            painter.setPen(theme.color(token_of(state)))
            painter.drawText(QPointF(left, pad + metrics.ascent()), text)
            x = left + metrics.horizontalAdvance(text) + theme.px(12)
        if self.note.demonstration:
            label = QRectF(x, middle - theme.px(11), metrics.horizontalAdvance(_DEMONSTRATION) + theme.px(16), theme.px(22))
            painter.setPen(QPen(theme.color("needs_input"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(label, theme.px(11), theme.px(11))
            painter.drawText(label, int(Qt.AlignmentFlag.AlignCenter), _DEMONSTRATION)
        return x

    def _paint_stop(self, painter: QPainter, theme: Theme, metrics: QFontMetrics, width: int) -> float:
        button = metrics.horizontalAdvance("Stop") + theme.px(34)
        pill = QRectF(width - button - theme.px(6), theme.px(5), button, theme.px(26))
        # The pill is 26 px high; a finger gets 48.
        self._stop_box = QRectF(pill.left() - theme.px(6), 0, pill.width() + theme.px(12), theme.px(_FINGER))
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("surface2"))
        painter.drawRoundedRect(pill, theme.px(10), theme.px(10))
        side = theme.px(9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("failed"))
        painter.drawRect(QRectF(pill.left() + theme.px(10), pill.center().y() - side / 2, side, side))
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font("small"))
        text = pill.adjusted(theme.px(18), 0, 0, 0)
        painter.drawText(text, int(Qt.AlignmentFlag.AlignCenter), "Stop")
        return self._stop_box.left()

    def _paint_foot(self, painter: QPainter, theme: Theme, width: int) -> None:
        if self._fold_box.isEmpty():
            return
        metrics = QFontMetrics(theme.font("small"))
        box = self._fold_box
        icon = theme.pixmap("chevron-down" if self.is_open else "chevron-right", "dim", 16)
        side = theme.px(16)
        painter.drawPixmap(QPointF(box.left(), box.center().y() - side / 2), icon)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("dim"))
        room = box.adjusted(theme.px(20), 0, 0, 0)
        text = metrics.elidedText(visible(self._fold_line), Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), text)
        if self._fold_text is not None:
            painter.save()
            painter.translate(QPointF(box.left() + theme.px(20), box.bottom()))
            self._fold_text.paint(painter, QRectF(0, 0, WIDEST * 2, 100_000), None)
            painter.restore()

    def hit(self, point: QPointF) -> Hit:
        if self.can_stop and self._stop_box.contains(point):
            return Hit("stop", self.note.run_id)
        fold = self._fold_box.adjusted(0, -8, 0, 8)
        return Hit("fold") if not self._fold_box.isEmpty() and fold.contains(point) else super().hit(point)


def note_of_answer(message: Message) -> AnswerNote | None:
    """The note of a message that is an agent's answer."""
    return note_of(message.detail) if message.author.startswith("agent:") else None
