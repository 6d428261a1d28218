"""Lines of a card beside its text: marks of where it comes from, chips, what folds. Each knows its height, paints, and is hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from chainbot_desktop.chat.markdown import visible
from chainbot_desktop.ui.theme import Theme

FINGER = 48
_CENTER = int(Qt.AlignmentFlag.AlignCenter)
_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True, slots=True)
class Hit:
    """What lies under a point: "link" (`value` is the address), "time", or "text".

    Of a code block (`block`): "copy", "open", "apply", "run", "more" (what has no room), "unfold". Of an answer: "fold" (its steps),
    "thread" (what others said for it), "stop" (`value` is the run), "recalled". Of any message: "attachment" (the SHA-256),
    "restore" (of a summary), "branch" and "merged" (the conversation that it comes from).
    """

    kind: str
    value: str = ""
    block: int = -1


class CardRow(Protocol):
    """`width` and the frame's are the room between the card's paddings."""

    def height(self, width: int, theme: Theme) -> int: ...

    def paint(self, painter: QPainter, theme: Theme, frame: QRectF) -> None: ...

    def hit(self, point: QPointF) -> Hit | None:
        """`point` is relative to the row's frame."""
        ...


class MarkRow:
    """A quiet line with an icon, and at its end what can be done about it."""

    def __init__(self, icon: str, text: str, hit: Hit | None = None, action: str = "") -> None:
        self._icon = icon
        self._text = visible(text)
        self._hit = hit
        self._action = action
        self._button = QRectF()

    def height(self, width: int, theme: Theme) -> int:
        return theme.px(FINGER if self._action else 28)

    def paint(self, painter: QPainter, theme: Theme, frame: QRectF) -> None:
        metrics = QFontMetrics(theme.font("small"))
        side = theme.px(16)
        painter.drawPixmap(QPointF(frame.left(), frame.center().y() - side / 2), theme.pixmap(self._icon, "dim", 16))
        room = frame.adjusted(theme.px(22), 0, 0, 0)
        painter.setFont(theme.font("small"))
        if self._action:
            width = max(theme.px(FINGER), metrics.horizontalAdvance(self._action) + theme.px(20))
            self._button = QRectF(frame.width() - width, 0, width, frame.height())
            painter.setPen(theme.color("accent"))
            painter.drawText(self._button.translated(frame.topLeft()), _CENTER, self._action)
            room.setRight(room.right() - width)
        painter.setPen(theme.color("dim"))
        text = metrics.elidedText(self._text, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, _MIDDLE, text)

    def hit(self, point: QPointF) -> Hit | None:
        return self._hit if not self._action or self._button.contains(point) else None


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    icon: str
    hit: Hit


class ChipsRow:
    """Chips one after another, in as many lines as they need. A chip is 32 px high; a finger gets 48."""

    def __init__(self, chips: Sequence[Chip]) -> None:
        self._chips = tuple(chips)
        self._areas: list[QRectF] = []

    def height(self, width: int, theme: Theme) -> int:
        metrics = QFontMetrics(theme.font("small"))
        self._areas = []
        x, y, gap = 0.0, 0.0, theme.px(8)
        for chip in self._chips:
            wide = min(float(width), metrics.horizontalAdvance(chip.label) + theme.px(46))
            if x and x + wide > width:
                x, y = 0.0, y + theme.px(FINGER)
            self._areas.append(QRectF(x, y, wide, theme.px(FINGER)))
            x += wide + gap
        return int(y) + theme.px(FINGER)

    def paint(self, painter: QPainter, theme: Theme, frame: QRectF) -> None:
        metrics = QFontMetrics(theme.font("small"))
        painter.setFont(theme.font("small"))
        inset, side = theme.px(8), theme.px(16)
        for chip, area in zip(self._chips, self._areas, strict=True):
            pill = area.translated(frame.topLeft()).adjusted(0.5, inset, -0.5, -inset)
            painter.setPen(QPen(theme.color("line"), 1))
            painter.setBrush(theme.color("surface2"))
            painter.drawRoundedRect(pill, theme.px(10), theme.px(10))
            icon = theme.pixmap(chip.icon, "dim", 16)
            painter.drawPixmap(QPointF(pill.left() + theme.px(10), pill.center().y() - side / 2), icon)
            room = pill.adjusted(theme.px(32), 0, -theme.px(10), 0)
            painter.setPen(theme.color("text"))
            label = metrics.elidedText(chip.label, Qt.TextElideMode.ElideMiddle, int(room.width()) + 1)
            painter.drawText(room, _MIDDLE, label)

    def hit(self, point: QPointF) -> Hit | None:
        return next((c.hit for c, area in zip(self._chips, self._areas, strict=False) if area.contains(point)), None)


class FoldRow:
    """A line that opens what it stands for, with a chevron that says whether it is open."""

    def __init__(self, hit: Hit) -> None:
        self._hit = hit
        self.text = ""
        self.is_open = False

    def height(self, width: int, theme: Theme) -> int:
        return theme.px(FINGER)

    def paint(self, painter: QPainter, theme: Theme, frame: QRectF) -> None:
        side = theme.px(16)
        icon = theme.pixmap("chevron-down" if self.is_open else "chevron-right", "dim", 16)
        painter.drawPixmap(QPointF(frame.left(), frame.center().y() - side / 2), icon)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("dim"))
        room = frame.adjusted(theme.px(22), 0, 0, 0)
        metrics = QFontMetrics(theme.font("small"))
        painter.drawText(room, _MIDDLE, metrics.elidedText(visible(self.text), Qt.TextElideMode.ElideRight, int(room.width())))

    def hit(self, point: QPointF) -> Hit | None:
        return self._hit
