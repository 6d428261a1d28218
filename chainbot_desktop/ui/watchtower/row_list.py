"""A list of rows that are all equally high and paint themselves: only what can be seen costs anything.

Qt's item views ask a model several questions for every cell of every row; for a list that changes some times a second that is what
would cost. Here a row is one call.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets import make_kinetic

_SLACK = 8
"""Pixels that a press may move and still be a tap."""
_NEAR_END = 5
"""Rows from the end at which more are wanted."""


class Rows(Protocol):
    """What paints the rows. `paint_row` draws inside `rect` over a ground that is already there."""

    def __len__(self) -> int: ...

    def row_height(self, theme: Theme, width: int) -> int: ...

    def paint_row(self, painter: QPainter, rect: QRect, index: int, theme: Theme) -> None: ...

    def ground(self, index: int, theme: Theme) -> str | None:
        """A colour name for a row that stands out; None for the plain ground."""
        ...

    def spoken(self, index: int) -> str:
        """The row for those who cannot see it."""
        ...


class RowList(QAbstractScrollArea):
    """Row 0 is at the top. Arrows, Page, Home and End move the current row; Enter and a tap open it."""

    opened = Signal(int)
    current_changed = Signal(int)
    aside_tapped = Signal(int)
    """A tap into the last `aside` pixels of a row."""
    pause_pressed = Signal()
    """The space bar."""
    wants_older = Signal()
    wants_newer = Signal()
    top_left = Signal()
    """Somebody scrolled away from the top, or came back (`at_top`)."""

    def __init__(self, rows: Rows, themes: ThemeSource, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._themes = themes
        self._current = -1
        self._press: tuple[QPointF, int] | None = None
        self._was_at_top = True
        self._quiet = False
        self.aside = 0
        """Unscaled pixels at the right of each row that are a target of their own."""
        self.spent: Callable[[float], None] | None = None
        """Told how long each paint took, in seconds."""
        self.setAccessibleName(name)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        make_kinetic(self)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        themes.changed.connect(self._on_theme_changed)

    @property
    def current(self) -> int:
        """The index of the current row; -1 when there is none."""
        return self._current

    @property
    def at_top(self) -> bool:
        return self.verticalScrollBar().value() == 0

    @property
    def row_height(self) -> int:
        return self._rows.row_height(self._themes.current, self.viewport().width())

    def visible_rows(self) -> range:
        height = self.row_height
        top = self.verticalScrollBar().value()
        return range(top // height, min(len(self._rows), -(-(top + self.viewport().height()) // height)))

    def rows_changed(self, *, inserted: int = 0, removed: int = 0, keep_place: bool = True) -> None:
        """Rows came or went: `inserted` at the top, `removed` from the top. Somebody who reads further down goes on reading there."""
        bar = self.verticalScrollBar()
        shift = (inserted - removed) * self.row_height
        value = bar.value()
        self._quiet = True
        if self._current >= 0:
            self._current = min(self._current + inserted - removed, len(self._rows) - 1)
        self._set_range()
        bar.setValue(max(0, value + shift) if keep_place and value > 0 else 0)
        self._quiet = False
        self.viewport().update()

    def set_current(self, index: int, *, reveal: bool = True) -> None:
        """Make a row current and, if wanted, bring it into view; -1 for none."""
        self._current = max(-1, min(index, len(self._rows) - 1))
        if self._current >= 0:
            if reveal:
                self._reveal(self._current)
            self.viewport().setAccessibleDescription(self._rows.spoken(self._current))
        self.current_changed.emit(self._current)
        self.viewport().update()

    def scroll_to_top(self) -> None:
        self.verticalScrollBar().setValue(0)

    def paintEvent(self, event: QPaintEvent) -> None:
        begun = time.perf_counter()
        theme = self._themes.current
        height, width, top = self.row_height, self.viewport().width(), self.verticalScrollBar().value()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.color("ground"))
        first = max(0, (top + event.rect().top()) // height)
        last = min(len(self._rows), (top + event.rect().bottom()) // height + 1)
        line = theme.color("line", 0.5)
        for index in range(first, last):
            rect = QRect(0, index * height - top, width, height)
            self._paint_ground(painter, rect, index, theme)
            painter.fillRect(rect.left(), rect.bottom(), width, 1, line)
            self._rows.paint_row(painter, rect, index, theme)
        painter.end()
        if self.spent is not None:
            self.spent(time.perf_counter() - begun)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = max(1, self.viewport().height() // self.row_height - 1)
        last = len(self._rows) - 1
        steps = {
            Qt.Key.Key_Down: self._current + 1,
            Qt.Key.Key_Up: max(0, self._current - 1),
            Qt.Key.Key_PageDown: self._current + page,
            Qt.Key.Key_PageUp: max(0, self._current - page),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if key in steps and last >= 0:
            self.set_current(min(steps[key], last))
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self._current >= 0:
            self.opened.emit(self._current)
        elif key == Qt.Key.Key_Space:
            self.pause_pressed.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = (event.position(), self._row_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        if press is None or (event.position() - press[0]).manhattanLength() > self._themes.current.px(_SLACK):
            return
        index = self._row_at(event.position())
        if 0 <= index < len(self._rows) and index == press[1]:
            self.set_current(index)
            aside = event.position().x() >= self.viewport().width() - self._themes.current.px(self.aside)
            (self.aside_tapped if self.aside and aside else self.opened).emit(index)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.TouchCancel, QEvent.Type.UngrabMouse}:
            self._press = None
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_range()

    def _paint_ground(self, painter: QPainter, rect: QRect, index: int, theme: Theme) -> None:
        if index == self._current:
            painter.fillRect(rect, theme.tint("accent", 0.2, "ground"))
            if self.hasFocus():
                painter.fillRect(rect.left(), rect.top(), theme.px(3), rect.height(), theme.color("accent"))
            return
        token = self._rows.ground(index, theme)
        if token is not None:
            painter.fillRect(rect, theme.tint(token, 0.12, "ground"))

    def _row_at(self, position: QPointF) -> int:
        # A row that arrives between press and release moves the others: the press counts where it was.
        return int(position.y() + self.verticalScrollBar().value()) // self.row_height

    def _reveal(self, index: int) -> None:
        bar, height = self.verticalScrollBar(), self.row_height
        top = index * height
        if top < bar.value():
            bar.setValue(top)
        elif top + height > bar.value() + self.viewport().height():
            bar.setValue(top + height - self.viewport().height())

    def _set_range(self) -> None:
        bar = self.verticalScrollBar()
        bar.setSingleStep(self.row_height)
        bar.setPageStep(self.viewport().height())
        bar.setRange(0, max(0, len(self._rows) * self.row_height - self.viewport().height()))

    def _on_scrolled(self, value: int) -> None:
        self.viewport().update()
        if self._quiet:
            return
        at_top = value == 0
        if at_top != self._was_at_top:
            self._was_at_top = at_top
            self.top_left.emit()
        near = _NEAR_END * self.row_height
        if value >= self.verticalScrollBar().maximum() - near:
            self.wants_older.emit()
        if value <= near:
            self.wants_newer.emit()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._set_range()
        self.viewport().update()
