"""The past as a strip that is dragged over: how much happened when, the moments worth seeing, and the moment that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chainbot_desktop.agents.moments import Bucket, HistorySpan, Mark, MarkKind
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.shapes import draw_shape
from chainbot_desktop.ui.theme import Theme, ThemeSource

HEIGHT = 56
_EDGE = 24
"""From the end of the strip to the first and the last moment: who takes the handle there must not swipe from the screen's edge."""
_GRIP = 14
_MARK = 9
_SNAP = 10
"""A finger that comes down so near to a mark means the mark."""
_PAGES = 10
_NOTCHES = 100

_STATES: Mapping[MarkKind, AgentState] = {
    MarkKind.FAILED: AgentState.FAILED,
    MarkKind.NEEDED_INPUT: AgentState.NEEDS_INPUT,
}


class HistoryTrack(QWidget):
    """Left is the oldest. Every event has as much room as any other, however long ago: clocks jump, and nights are empty.

    `wanted` carries the `seq` of the moment that was pointed at; `stepped` the direction (-1, 1) of Left and Right, and whether Ctrl
    asked for the next mark.
    """

    wanted = Signal(int)
    stepped = Signal(int, bool)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._span = HistorySpan(0, "", 0, "")
        self._density: Sequence[Bucket] = ()
        self._tallest = 1
        self._position = 0
        self._dragging = False
        self._turned = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("History of the map")
        themes.changed.connect(self._on_theme_changed)

    @property
    def position(self) -> int:
        """The `seq` under the handle; 0 for none."""
        return self._position

    @property
    def dragging(self) -> bool:
        return self._dragging

    def show_history(self, span: HistorySpan, density: Sequence[Bucket]) -> None:
        self._span, self._density = span, density
        self._tallest = max((bucket.count for bucket in density), default=0) or 1
        self.update()

    def set_position(self, seq: int) -> None:
        if seq != self._position:
            self._position = seq
            self.setAccessibleDescription(f"Event {seq:,} of {self._span.last_seq:,}")
            self.update()

    def sizeHint(self) -> QSize:
        theme = self._themes.current
        return QSize(theme.px(320), theme.px(HEIGHT))

    def minimumSizeHint(self) -> QSize:
        theme = self._themes.current
        return QSize(theme.px(160), theme.px(HEIGHT))

    # Where a moment is.

    def x_of(self, seq: float) -> float:
        """The place of an event, in pixels from the left."""
        first, last = self._span.first_seq, self._span.last_seq
        edge = self._themes.current.px(_EDGE)
        return edge + (seq - first) / max(1, last - first) * (self.width() - 2 * edge)

    def seq_at(self, x: float) -> int:
        first, last = self._span.first_seq, self._span.last_seq
        edge = self._themes.current.px(_EDGE)
        share = (x - edge) / max(1, self.width() - 2 * edge)
        return self._within(first + round(share * (last - first)))

    def _within(self, seq: int) -> int:
        return min(max(seq, self._span.first_seq), self._span.last_seq)

    def _mark_near(self, x: float) -> Mark | None:
        """The loudest of those that are near enough, of equals the nearest."""
        reach = self._themes.current.px(_SNAP)
        ranks = list(MarkKind)
        near = [mark for bucket in self._density for mark in bucket.marks if abs(self.x_of(mark.seq) - x) <= reach]
        return min(near, key=lambda mark: (ranks.index(mark.kind), abs(self.x_of(mark.seq) - x)), default=None)

    # Fingers, mouse and keys. Qt makes mouse events of a touch that nobody took.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._span.empty:
            super().mousePressEvent(event)
            return
        self._dragging = True
        x = event.position().x()
        self.update()
        if self._position and abs(x - self.x_of(self._position)) <= self._themes.current.px(_GRIP):
            return  # the handle is taken, to be dragged
        mark = self._mark_near(x)
        self._want(mark.seq if mark is not None else self.seq_at(x))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging:
            self._want(self.seq_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        self._turned += turn.y() or turn.x()
        notches, rest = divmod(abs(self._turned), 120)
        direction = 1 if self._turned > 0 else -1
        self._turned = direction * rest
        if notches:
            self._go(direction * notches * self._part(_NOTCHES))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        to_mark = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.stepped.emit(1 if key == Qt.Key.Key_Right else -1, to_mark)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._go(self._part(_PAGES) * (1 if key == Qt.Key.Key_PageDown else -1))
        elif key == Qt.Key.Key_Home:
            self._want(self._span.first_seq)
        elif key == Qt.Key.Key_End:
            self._want(self._span.last_seq)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _part(self, of: int) -> int:
        return max(1, (self._span.last_seq - self._span.first_seq) // of)

    def _go(self, by: int) -> None:
        self._want(self._within(self._position + by))

    def _want(self, seq: int) -> None:
        if seq != self._position and not self._span.empty:
            self.set_position(seq)
            self.wanted.emit(seq)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strip = QRectF(self.rect()).adjusted(1, theme.px(4), -1, -theme.px(4))
        ring = QPen(theme.color("accent"), theme.px(2)) if self.hasFocus() else QPen(theme.color("line"), 1)
        painter.setPen(ring)
        painter.setBrush(theme.color("surface1"))
        painter.drawRoundedRect(strip, theme.px(10), theme.px(10))
        if self._span.empty:
            return
        floor = strip.bottom() - theme.px(6)
        self._paint_density(painter, theme, floor, floor - strip.top() - theme.px(20))
        self._paint_marks(painter, theme, strip.top() + theme.px(9))
        if self._position:
            self._paint_handle(painter, theme, strip)

    def _paint_density(self, painter: QPainter, theme: Theme, floor: float, height: float) -> None:
        """The root of the number: one busy minute must not make all the others invisible."""
        shown = self.x_of(self._position)
        passed, to_come = theme.tint("accent", 0.55), theme.tint("dim", 0.45)
        painter.setPen(Qt.PenStyle.NoPen)
        for bucket in self._density:
            if not bucket.count:
                continue
            left, right = self.x_of(bucket.from_seq - 0.5), self.x_of(bucket.to_seq + 0.5)
            tall = max(2.0, height * (bucket.count / self._tallest) ** 0.5)
            painter.setBrush(passed if left < shown else to_come)
            painter.drawRect(QRectF(left, floor - tall, max(1.0, right - left - (1 if right - left > 3 else 0)), tall))
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(
            QPointF(self.x_of(self._span.first_seq), floor + 1), QPointF(self.x_of(self._span.last_seq), floor + 1)
        )

    def _paint_marks(self, painter: QPainter, theme: Theme, y: float) -> None:
        """The loudest first; what would lie over one of them is left out."""
        side = theme.px(_MARK)
        taken: dict[int, float] = {}
        for kind in MarkKind:
            for mark in (mark for bucket in self._density for mark in bucket.marks if mark.kind is kind):
                x = self.x_of(mark.seq)
                cell = int(x // side)
                if all(abs(taken.get(near, -side) - x) >= side for near in (cell - 1, cell, cell + 1)):
                    taken[cell] = x
                    _draw_mark(painter, theme, kind, QPointF(x, y), side)

    def _paint_handle(self, painter: QPainter, theme: Theme, strip: QRectF) -> None:
        x = self.x_of(self._position)
        painter.setPen(QPen(theme.color("accent"), theme.px(2)))
        painter.drawLine(QPointF(x, strip.top() + 1), QPointF(x, strip.bottom() - 1))
        radius = theme.px(13 if self._dragging else 11)
        painter.setPen(QPen(theme.color("ground"), theme.px(2)))
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(QPointF(x, strip.center().y() + theme.px(4)), radius, radius)

    def _on_theme_changed(self, theme: Theme) -> None:
        self.updateGeometry()
        self.update()


def _draw_mark(painter: QPainter, theme: Theme, kind: MarkKind, center: QPointF, side: float) -> None:
    """What failed and what needed input look as everywhere; a plus came, a minus went."""
    state = _STATES.get(kind)
    if state is not None:
        draw_shape(painter, state, center, side, theme)
        return
    half = side * 0.4
    painter.setPen(QPen(theme.color("dim"), max(1.5, side * 0.18), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(center - QPointF(half, 0), center + QPointF(half, 0))
    if kind is MarkKind.SPAWNED:
        painter.drawLine(center - QPointF(0, half), center + QPointF(0, half))
