"""The card of an agent's answer: its state, how it came about (folded), and while it is written a text that grows."""

from __future__ import annotations

from collections.abc import Sequence
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
from chainbot_desktop.ui.chat.card_boxes import Box, Span
from chainbot_desktop.ui.chat.card_rows import FoldRow, Hit
from chainbot_desktop.ui.chat.message_card import PADDING, STREAMING_FROM, WIDEST, MessageCard
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
        self._in_code = False
        self._thread_row: FoldRow | None = None
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
        before = len(self.message.text)
        if stream.length != before:
            self.message = replace(self.message, text=stream.text)
            self._append(self.message.text[before:])
        self._stale = True
        return True

    @property
    def unrendered(self) -> int:
        """Characters that are shown, and not as Markdown yet."""
        return len(self.message.text) - self._rendered_length

    def show_rendered(self, rendered: Rendered, length: int, *, in_code: bool = False) -> None:
        """`rendered` is what the first `length` characters are as Markdown; what came since follows as plain text.

        Blocks that are the same keep their documents. `in_code`: the first `length` characters end inside a code block.
        """
        same = 0
        for box, block in zip(self._boxes, rendered.blocks, strict=False):
            if box is self._boxes[-1] or box.block != block:
                break
            same += 1
        for box, block in zip(self._boxes[same:], rendered.blocks[same:], strict=False):
            box.show(block)
        del self._boxes[len(rendered.blocks) :]
        self._boxes += [Box.of(block) for block in rendered.blocks[len(self._boxes) :]]
        self.rendered = rendered
        self._rendered_length = length
        self._in_code = in_code
        self._stale = True
        self._append(self.message.text[length:])

    def become(self, message: Message, rendered: Rendered, note: AnswerNote) -> None:
        """The answer has ended and is kept as `message`: the same card, in the same place."""
        self.message, self.note, self.stream = message, note, None
        self.show_rendered(rendered, len(message.text))

    def toggle_fold(self) -> None:
        self.is_open = not self.is_open
        self._stale = True

    def _append(self, text: str) -> None:
        if not text or self.rendered.note:
            return
        # What follows a block of code is not code.
        if not self._boxes or (self._boxes[-1].code is not None and not self._in_code):
            self._boxes.append(Box.of(Prose("")))
        self._boxes[-1].append(text)

    # Layout

    def is_ready(self, width: int, near: Span | None) -> bool:
        return not self._stale and super().is_ready(width, near)

    def lay_out(self, width: int, theme: Theme, near: Span | None = None) -> bool:
        changed = super().lay_out(width, theme, near)
        self._stale = False
        return changed

    def forget_layout(self) -> None:
        super().forget_layout()
        self._fold_text = None

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

    # The thread of what others said for it

    def show_thread(self, count: int, names: Sequence[str], working: Sequence[str]) -> bool:
        """How many messages its thread has, by whom, and who works in it now; whether that is different."""
        if not count and not working:
            row, text = None, ""
        else:
            row = self._thread_row or FoldRow(Hit("thread", self.note.run_id))
            text = f"{count} {'message' if count == 1 else 'messages'}" if count else ""
            text += f" by {_list_of(names)}" if names else ""
            text += (" · " if text else "") + f"{_list_of(working)} at work" if working else ""
        different = row is not self._thread_row or (row is not None and row.text != text)
        if row is not None:
            row.text = text
        self._thread_row = row
        self.above = [*([row] if row is not None else []), *(r for r in self.above if not isinstance(r, FoldRow))]
        if different:
            self._stale = True
            self.arrange_again()
        return different

    @property
    def thread_is_open(self) -> bool:
        return self._thread_row is not None and self._thread_row.is_open

    def toggle_thread(self) -> None:
        if self._thread_row is not None:
            self._thread_row.is_open = not self._thread_row.is_open

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


def _list_of(names: Sequence[str]) -> str:
    shown = ", ".join(visible(name) for name in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def note_of_answer(message: Message) -> AnswerNote | None:
    """The note of a message that is an agent's answer."""
    return note_of(message.detail) if message.author.startswith("agent:") else None
