"""The one axis of time that all charts share: which stretch is shown, whether it follows the present, and where somebody points."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

SHORTEST = 60.0
LONGEST = 731 * 86_400.0
"""Seconds: a minute and two years."""
_STEP = 1 / 2000
_STICKY = 0.02
"""Of the span: so near to the present a move ends up following it again."""


class TimeAxis(QObject):
    """Times in seconds since 1970. `now` is the right edge of what is measured."""

    changed = Signal()
    pointed = Signal()

    def __init__(self, now: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._span = 600.0
        self._end = now()
        self.following = True
        self.pointer: float | None = None

    @property
    def start(self) -> float:
        return self._end - self._span

    @property
    def end(self) -> float:
        return self._end

    @property
    def span(self) -> float:
        return self._span

    def tick(self) -> None:
        """Time went on. Where that is less than a pixel nothing moves yet."""
        if self.following and abs(self._now() - self._end) >= self._span * _STEP:
            self._end = self._now()
            self._moved()

    def follow(self) -> None:
        self.following, self._end, self.pointer = True, self._now(), None
        self.changed.emit()
        self.pointed.emit()

    def show_span(self, span: float) -> None:
        """The right edge stays while the present is followed, else the middle."""
        self.zoom(span / self._span, self._end if self.following else self._end - self._span / 2)

    def show(self, start: float, span: float) -> None:
        """As far as the present and two years reach."""
        self._span = min(LONGEST, max(SHORTEST, span))
        now = self._now()
        self._end = max(now - LONGEST + self._span, start + self._span)
        self.following = self._end >= now - self._span * _STICKY
        self._end = now if self.following else self._end
        self._moved()

    def zoom(self, factor: float, at: float) -> None:
        """`factor` above 1 shows more; the moment `at` stays where it is."""
        span = min(LONGEST, max(SHORTEST, self._span * factor))
        self.show(at - (at - self.start) * span / self._span, span)

    def pan(self, seconds: float) -> None:
        """To the past where `seconds` is negative."""
        self.show(self.start + seconds, self._span)

    def point(self, at: float | None) -> None:
        if at is not None:
            at = min(self._end, max(self.start, at))
        if at != self.pointer:
            self.pointer = at
            self.pointed.emit()

    def _moved(self) -> None:
        self.changed.emit()
        if self.pointer is not None and not self.start <= self.pointer <= self.end:
            self.point(None)

    def share(self, at: float) -> float:
        """Where a moment is: 0 at the left edge, 1 at the right one."""
        return (at - self.start) / self._span

    def moment(self, share: float) -> float:
        return self.start + share * self._span
