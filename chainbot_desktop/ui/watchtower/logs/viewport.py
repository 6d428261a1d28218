"""The lines of a log, painted by hand: only what can be seen costs anything, and a billion rows scroll like ten.

The newest line is at the bottom. At the end it stays at the end; elsewhere the line at the top stays where it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QScrollEvent,
    QScrollPrepareEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.logs.highlight import Highlight
from chainbot_desktop.ui.watchtower.logs.line_range import LineRange
from chainbot_desktop.ui.watchtower.logs.marked_bar import MarkedBar
from chainbot_desktop.ui.watchtower.logs.position import Position
from chainbot_desktop.ui.watchtower.logs.row_painter import RowPainter, RowState
from chainbot_desktop.ui.watchtower.logs.row_texts import spoken_row
from chainbot_desktop.ui.watchtower.logs.rows import Rows
from chainbot_desktop.ui.widgets import make_kinetic
from chainbot_desktop.watch.logs.document import LogRow

_FAR = 1_000_000
"""Pixels that one fling of a finger may go either way."""


class LogViewport(QAbstractScrollArea):
    """Show rows with `show_rows`, then tell with `rows_changed` once a frame. What the hand does is in `ViewportHands`."""

    place_changed = Signal()
    """Somebody scrolled: `following` may be another."""
    chosen_changed = Signal()

    def __init__(self, themes: ThemeSource, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.themes = themes
        self.painter = RowPainter()
        self.position = Position()
        self.chosen = LineRange()
        self.hit: int | None = None
        """The number of the line that was gone to, which stays marked."""
        self.columns = (True, True, True)
        """Whether rows have times, several sources, several names."""
        self.held = False
        """Paused: does not follow even at the end."""
        self.following = True
        """Stands at the end; with `held`, did before."""
        self.paint_over: Callable[[QPainter], None] | None = None
        self.spent: Callable[[float], None] | None = None
        self._followed = False
        """It followed until a line was chosen."""
        self.visible: list[tuple[LogRow, int, int]] = []
        """What was painted last: (row, its top, its height)."""
        self._rows: Rows | None = None
        self._newest_seen = -1
        self._setting = False
        self._reach = 0
        self._grip = 0
        self._wider = QTimer(self, singleShot=True, interval=0)
        self._wider.timeout.connect(self._widen)
        self.setAccessibleName(name)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.marked_bar = MarkedBar(themes)
        self.setVerticalScrollBar(self.marked_bar)
        make_kinetic(self)
        self.verticalScrollBar().valueChanged.connect(self._on_bar)
        self.horizontalScrollBar().valueChanged.connect(self._on_sideways)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def rows(self) -> Rows | None:
        return self._rows

    @property
    def sticks(self) -> bool:
        """Whether new lines push the old ones up."""
        return self.following and not self.held

    @property
    def new_rows(self) -> int:
        """How many came below what can be seen since it stopped to follow."""
        if self._rows is None or self.sticks:
            return 0
        return self._rows.count - self._rows.place_of(self._newest_seen + 1)

    def show_rows(self, rows: Rows, *, keep: bool) -> None:
        """Other rows; with `keep` as near as can be to the line that is at the top now, or at the end if it follows."""
        self._rows = rows
        if keep and self.chosen.current is not None:
            self.following = False
            self.position.anchor(self.chosen.current, -self._top_of(self.chosen.current))
        elif not keep:
            self.painter.forget()
            self._reach = 0
            self.following = True
            self.chosen.clear()
            self.hit = None
        self._newest_seen = self._newest()
        self.rows_changed()
        self.chosen_changed.emit()

    def _top_of(self, number: int) -> int:
        """Where the line was painted, else the middle."""
        middle = (self.viewport().height() - self.painter.row_height) // 2
        return next((top for row, top, _ in self.visible if row.number == number), middle)

    def rows_changed(self) -> None:
        """Rows came or went."""
        if self._rows is None:
            return
        self._measure()
        if self.sticks:
            self.position.to_end(self._rows)
            self._newest_seen = self._newest()
        else:
            self.position.keep(self._rows)
        self._set_bars()
        self.viewport().update()

    def set_wrapped(self, wrapped: bool) -> None:
        self.painter.wrapped = wrapped
        self.painter.shift = 0
        self.position.lines_of = self.painter.heights if wrapped else None
        self._widen()
        self.rows_changed()

    def set_foot(self, pixels: int) -> None:
        """Keep so much room free under the rows."""
        if pixels != self.viewportMargins().bottom():
            self.setViewportMargins(0, 0, 0, pixels)

    def set_highlight(self, highlight: Highlight | None) -> None:
        self.painter.highlight = highlight
        self.viewport().update()

    def set_held(self, held: bool) -> None:
        self.held = held
        if self._rows is not None:
            self._newest_seen = self._newest() if self.following else self._newest_seen
            self.rows_changed()

    def to_end(self) -> None:
        self.following = True
        self._moved(self.position.to_end)

    def scroll_by(self, pixels: int) -> None:
        self._moved(lambda rows: self.position.move(rows, pixels))

    def show_line(self, number: int) -> None:
        """Bring the line into the middle, or where it would be if it were here."""
        self._moved(lambda rows: self.position.centre(rows, rows.place_of(number)), by_hand=False)

    def top_line(self, number: int, top: int) -> None:
        """Put the line where it stood before: `top` pixels from the upper edge."""
        self._moved(lambda rows: self.position.go(rows, rows.place_of(number), -top), by_hand=False)

    def reveal(self, number: int) -> None:
        self._moved(lambda rows: self.position.reveal(rows, rows.place_of(number)), by_hand=False)

    def shift_sideways(self, columns: int) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() + columns)

    def choose(self, number: int | None, *, extend: bool = False) -> None:
        """Make a line the current one; with `extend` all from where the choosing began."""
        if number is None:
            self.chosen.clear()
        elif extend:
            self.chosen.extend(number)
        else:
            self.chosen.choose(number)
        self.chosen_was_changed()

    def chosen_was_changed(self) -> None:
        """Whoever chooses a line looks at it: it does not run away until they go to the end, or let go of the line."""
        if self.chosen.current is not None and self.following:
            self._followed, self.following = True, False
            self.place_changed.emit()
        row = self.row_of(self.chosen.current)
        self.viewport().setAccessibleDescription(spoken_row(row) if row is not None else "")
        self.viewport().update()
        self.chosen_changed.emit()
        if self.chosen.current is None and self._followed:
            self.to_end()

    def row_of(self, number: int | None) -> LogRow | None:
        """The row of a line, if it passes and is still kept."""
        if number is None or self._rows is None:
            return None
        row = next(iter(self._rows.rows(self._rows.place_of(number), 1)), None)
        return row if row is not None and row.number == number else None

    def row_at(self, y: float) -> LogRow | None:
        """The row that was painted at that height; over or below all, the first or the last one."""
        for row, top, height in self.visible:
            if y < top + height:
                return row
        return self.visible[-1][0] if self.visible else None

    def badge_at(self, at: QPointF) -> LogRow | None:
        """The folded row whose count is there (a finger's breadth of it)."""
        slack = self.themes.current.px(8)
        for row, top, _ in self.visible:
            if row.repeats and self.painter.badge_rect(row, top).adjusted(-3 * slack, 0, slack, 0).contains(at):
                return row
        return None

    def paintEvent(self, event: QPaintEvent) -> None:
        begun = time.perf_counter()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.themes.current.color("ground"))
        self.visible = []
        if self._rows is not None:
            self._paint_rows(painter, self._rows)
            if self._seen_reach() > self._reach:
                self._wider.start()  # a bar that comes moves everything: not in the middle of painting
        if self.paint_over is not None:
            self.paint_over(painter)
        painter.end()
        if self.spent is not None:
            self.spent(time.perf_counter() - begun)

    def _paint_rows(self, painter: QPainter, rows: Rows) -> None:
        if self.painter.highlight is not None:
            self.painter.highlight.begin_frame()
        focused, height = self.hasFocus(), self.painter.row_height
        y, bottom = -self.position.offset, self.viewport().height()
        for row in rows.rows(self.position.place, bottom // height + 2):
            if y >= bottom:
                break
            state = RowState(
                row.number in self.chosen, row.number == self.chosen.current, focused, marked=row.number == self.hit
            )
            self.painter.paint(painter, row, y, state)
            tall = self.painter.heights(row) * height
            self.visible.append((row, y, tall))
            y += tall

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned, pixels = event.angleDelta(), event.pixelDelta()
        sideways = pixels.x() or turned.x() / 2
        down = pixels.y() or turned.y() / 40 * self.painter.row_height
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            sideways, down = sideways or down, 0
        if down:
            self.scroll_by(-round(down))
        if sideways:
            self.shift_sideways(-round(sideways / self.painter.columns.cell))
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QScrollPrepareEvent):
            self._prepare_fling(event)
            return True
        if isinstance(event, QScrollEvent):
            self._fling(event)
            return True
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.rows_changed()
        self._wider.start()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def _prepare_fling(self, event: QScrollPrepareEvent) -> None:
        """A finger counts from where it came down: rows may come meanwhile, and there may be more pixels than it can count."""
        bar = self.horizontalScrollBar()
        cell = self.painter.columns.cell
        event.setViewportSize(QSizeF(self.viewport().size()))
        event.setContentPosRange(QRectF(0, 0, bar.maximum() * cell, 2 * _FAR))
        event.setContentPos(QPointF(bar.value() * cell, _FAR))
        self._grip = _FAR
        event.accept()

    def _fling(self, event: QScrollEvent) -> None:
        at = round(event.contentPos().y())
        if at != self._grip:
            self.scroll_by(at - self._grip)
            self._grip = at
        self.horizontalScrollBar().setValue(round(event.contentPos().x() / self.painter.columns.cell))
        event.accept()

    def _moved(self, by: Callable[[Rows], object], *, by_hand: bool = True) -> None:
        """Whoever scrolls to the end follows from there; who is led to a line does not."""
        if self._rows is None:
            return
        self._measure()
        by(self._rows)
        was, self._followed = self.following, False
        self.following = by_hand and self.position.at_end(self._rows)
        if self.following and not self.held:
            self._newest_seen = self._newest()
        self._set_bars()
        self.viewport().update()
        if was != self.following or not self.sticks:
            self.place_changed.emit()

    def _measure(self) -> None:
        timed, sources, names = self.columns
        self.painter.use(self.themes.current, self.viewport().width(), timed=timed, sources=sources, names=names)
        self.position.height = self.painter.row_height
        self.position.room = max(1, self.viewport().height())

    def _set_bars(self) -> None:
        assert self._rows is not None
        value, maximum, page = self.position.bar(self._rows)
        bar = self.verticalScrollBar()
        self._setting = True
        bar.setRange(0, maximum)
        bar.setPageStep(page)
        bar.setSingleStep(max(1, page // 10))
        bar.setValue(value)
        self._setting = False

    def _seen_reach(self) -> int:
        return 0 if self.painter.wrapped else max((self.painter.reach(row) for row, _, _ in self.visible), default=0)

    def _widen(self) -> None:
        """How far it can be scrolled sideways is known of what was seen; it grows, so that the bar does not come and go."""
        self._reach = max(self._reach, self._seen_reach())
        bar, seen = self.horizontalScrollBar(), self.painter.columns.text_columns
        bar.setRange(0, 0 if self.painter.wrapped else max(0, self._reach - seen))
        bar.setPageStep(seen)

    def _newest(self) -> int:
        assert self._rows is not None
        row = next(iter(self._rows.rows(self._rows.count - 1, 1)), None) if self._rows.count else None
        return row.number if row is not None else -1

    def _on_bar(self, value: int) -> None:
        if not self._setting:
            maximum = self.verticalScrollBar().maximum()
            self._moved(lambda rows: self.position.from_bar(rows, value, maximum))

    def _on_sideways(self, value: int) -> None:
        self.painter.shift = value
        self.viewport().update()

    def _on_theme_changed(self, theme: Theme) -> None:
        self.painter.use(theme, max(1, self.viewport().width()), timed=True, sources=True, names=True)
        self.rows_changed()

    def global_point(self, number: int | None) -> QPoint:
        """Where that line stands on the screen; the middle when it cannot be seen."""
        for row, top, height in self.visible:
            if row.number == number:
                return self.viewport().mapToGlobal(QPoint(self.painter.columns.text, top + height))
        return self.viewport().mapToGlobal(self.viewport().rect().center())
