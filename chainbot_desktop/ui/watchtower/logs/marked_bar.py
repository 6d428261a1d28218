"""A scroll bar that shows where the hits are: at most one mark a pixel, however many there are."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLine, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.logs.rows import Rows
from chainbot_desktop.watch.logs.document import LogSelection

_STEPS = 64
"""Pixels that are looked at in one go: in a long file each is a place on the disk."""


class MarkedBar(QScrollBar):
    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._lines: list[QLine] = []
        self._color = QColor()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def marks(self) -> Sequence[int]:
        """The pixels that are marked."""
        return [line.y1() for line in self._lines]

    def set_marks(self, pixels: Sequence[int]) -> None:
        lines = [QLine(self.width() // 2, y, self.width() - 2, y) for y in pixels]
        if lines != self._lines:
            self._lines = lines
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._lines:
            painter = QPainter(self)
            painter.setPen(self._color)
            painter.drawLines(self._lines)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._color = theme.color("needs_input")
        self.setStyleSheet(f"QScrollBar:vertical {{ width: {theme.px(18)}px; }}")


class HitMarks:
    """Finds out, a few pixels at a time, which pixels of the bar stand for rows with a hit."""

    def __init__(self, rows: Rows, hits: LogSelection, pixels: int) -> None:
        self._rows, self._hits = rows, hits
        self._pixels = max(1, pixels)
        self._at = 0
        self._before = 0
        self._count = rows.count
        self.found: list[int] = []

    @property
    def done(self) -> bool:
        return self._at >= self._pixels

    def step(self) -> None:
        """Look at some more pixels."""
        if not self._hits.count or not self._count:
            self._at = self._pixels
        if self._hits.count <= self._pixels:
            self._each_hit()
        for _ in range(_STEPS):
            if self.done:
                return
            upto = self._hits_before((self._at + 1) * self._count // self._pixels)
            if upto > self._before:
                self.found.append(self._at)
            self._before = upto
            self._at += 1

    def _each_hit(self) -> None:
        """Few hits: each is asked where it stands."""
        count = max(1, self._count)
        places = {self._rows.place_of(hit.number) * self._pixels // count for hit in self._hits.rows(0, self._hits.count)}
        self.found = sorted(min(place, self._pixels - 1) for place in places)
        self._at = self._pixels

    def _hits_before(self, place: int) -> int:
        if place >= self._count:
            return self._hits.count
        row = next(iter(self._rows.rows(place, 1)), None)
        return self._hits.count if row is None else self._hits.place_of(row.number)
