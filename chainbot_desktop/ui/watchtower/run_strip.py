"""The steps of a run under each other, each with its place on one time axis: when it was, and how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.marks import TOKENS, MarkPainter
from chainbot_desktop.ui.watchtower.run_timeline import Step, spoken_seconds

_ROW = 56


class RunStrip(QWidget):
    """`chosen` carries the id of the event of the step that was tapped."""

    chosen = Signal(str)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._marks = MarkPainter()
        self._steps: Sequence[Step] = ()
        self._now = datetime.now(UTC)
        self._current = 0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("The steps of the run")
        themes.changed.connect(self.updateGeometry)

    def show_steps(self, steps: Sequence[Step]) -> None:
        self._steps, self._now = steps, datetime.now(UTC)
        self._current = min(self._current, max(0, len(steps) - 1))
        self.updateGeometry()
        self.update()

    def tick(self) -> None:
        """Time goes on."""
        self._now = datetime.now(UTC)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._themes.current.px(300), self._themes.current.px(_ROW) * len(self._steps))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height = theme.px(_ROW)
        for place, step in enumerate(self._steps):
            rect = QRect(0, place * height, self.width(), height)
            if place == self._current and self.hasFocus():
                painter.fillRect(rect, theme.tint("accent", 0.2, "ground"))
            self._paint_step(painter, rect, step, theme)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is not None and 0 <= self._current + step < len(self._steps):
            self._current += step
            self.setAccessibleDescription(self._spoken(self._steps[self._current]))
            self.update()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._steps:
            self._choose(self._current)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place = int(event.position().y()) // self._themes.current.px(_ROW)
        if event.button() == Qt.MouseButton.LeftButton and 0 <= place < len(self._steps):
            self._current = place
            self._choose(place)

    def _choose(self, place: int) -> None:
        self.update()
        if self._steps[place].event_id:
            self.chosen.emit(self._steps[place].event_id)

    def _spoken(self, step: Step) -> str:
        took = step.seconds(self._now)
        return f"{step.label}: {step.detail}" + (f", {spoken_seconds(took)}" if took is not None else "")

    def _paint_step(self, painter: QPainter, rect: QRect, step: Step, theme: Theme) -> None:
        px = theme.px
        side, left, right = px(16), px(28), rect.right() - px(4)
        painter.drawPixmap(px(4), rect.top() + px(8), self._marks.pixmap(step.mark, side, theme))
        took = step.seconds(self._now)
        begun = max(0.0, (step.begin - self._steps[0].begin).total_seconds())
        when = spoken_seconds(took) if took is not None else f"after {spoken_seconds(begun)}"
        painter.setFont(theme.font("small"))
        metrics = QFontMetrics(theme.font("small"))
        painter.setPen(theme.color("dim"))
        width = metrics.horizontalAdvance(when)
        upper = QRect(left, rect.top() + px(4), right - left, px(22))
        painter.drawText(upper, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, when)
        room = right - left - width - px(12)
        painter.setPen(theme.color("text"))
        label = metrics.elidedText(step.label, Qt.TextElideMode.ElideRight, room)
        painter.drawText(upper, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, label)
        used = metrics.horizontalAdvance(label) + px(10)
        painter.setPen(theme.color("dim"))
        detail = metrics.elidedText(step.detail, Qt.TextElideMode.ElideRight, max(0, room - used))
        painter.drawText(upper.adjusted(used, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, detail)
        self._paint_bar(painter, QRect(left, rect.top() + px(32), right - left, px(10)), step, theme)

    def _paint_bar(self, painter: QPainter, track: QRect, step: Step, theme: Theme) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("surface2"))
        painter.drawRoundedRect(track, theme.px(5), theme.px(5))
        begin, total = self._span()
        start = min(1.0, max(0.0, (step.begin - begin).total_seconds() / total))
        share = min(1.0 - start, (step.seconds(self._now) or 0.0) / total)
        least = theme.px(10)  # a moment is a dot
        width = max(least, share * track.width())
        x = min(track.left() + start * track.width(), track.right() + 1 - width)
        painter.setBrush(theme.color(TOKENS[step.mark]))
        painter.drawRoundedRect(QRectF(x, track.top(), width, track.height()), theme.px(5), theme.px(5))

    def _span(self) -> tuple[datetime, float]:
        begin = self._steps[0].begin
        ends = [self._now if step.open else step.end or step.begin for step in self._steps]
        return begin, max(0.001, (max(ends) - begin).total_seconds())
