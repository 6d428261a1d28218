"""At most one update a frame, however many events arrived. Imports PySide6 alone: it is needed before the first paint."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

FRAME_MS = 16
SLOWEST_FRAME_MS = 250


class FrameClock(QObject):
    """Runs what was requested once a frame while its owner can be seen; what is asked while it is hidden runs when it shows.

    A frame is 16 ms; after one that was dear (the callbacks and the painting they caused) the next waits twice as long as that
    took, so that input and the server keep at least half of the loop.
    """

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._pending: dict[Hashable, Callable[[], object]] = {}
        self._began = 0.0
        self._painted = 0.0
        self._interval_ms = FRAME_MS
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_frame)
        self._after_paint = QTimer(self, singleShot=True, interval=0)
        self._after_paint.timeout.connect(self._on_painted)
        owner.installEventFilter(self)

    def request(self, callback: Callable[[], object], key: Hashable | None = None) -> None:
        """Run `callback` in the next frame. Of several with one key (the callback itself if none) only the last runs."""
        self._pending[callback if key is None else key] = callback
        if not self._timer.isActive() and self._owner.isVisible():
            # What a dear frame asks for counts from its end: after a rest the next one is no later than any.
            left = self._interval_ms - int((time.perf_counter() - self._painted) * 1000)
            self._timer.start(max(FRAME_MS, left))

    @property
    def interval_ms(self) -> int:
        return self._interval_ms

    def _on_frame(self) -> None:
        if not self._owner.isVisible():
            return
        pending, self._pending = self._pending, {}
        self._began = time.perf_counter()
        for callback in pending.values():
            callback()
        self._after_paint.start()

    def _on_painted(self) -> None:
        """A timer of 0 ms fires after the posted paint events: what lies between is what the frame cost."""
        self._painted = time.perf_counter()
        cost_ms = (self._painted - self._began) * 1000
        self._interval_ms = min(max(FRAME_MS, math.ceil(cost_ms * 2)), SLOWEST_FRAME_MS)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and self._pending and not self._timer.isActive():
            self._timer.start(0)
        return super().eventFilter(watched, event)


@dataclass(frozen=True, slots=True)
class FrameStatistics:
    """Of the painted frames since the start (`count`) and of the latest ones (`p99_ms`)."""

    count: int
    last_ms: float
    p99_ms: float


class PaintProbe(QObject):
    """Knows when a window was first painted, and how long its frames take. The window hands it its events (`watch`)."""

    first_painted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latest: deque[float] = deque(maxlen=512)
        self._count = 0
        self._first = QTimer(self, singleShot=True, interval=0)
        self._first.timeout.connect(self.first_painted)

    def watch(self, event: QEvent, exposed: bool, handle: Callable[[QEvent], bool]) -> bool:
        """Let `handle` do its work with the event and measure it if it is a frame.

        The first frame comes with the window's exposure and not with an update request; when the window itself is told to paint,
        its children follow at once, so a timer of 0 ms fires when all of it stands.
        """
        kind = event.type()
        if kind == QEvent.Type.Paint and self._count == 0:
            self._count = 1
            self._first.start()
        if kind != QEvent.Type.UpdateRequest or not exposed:
            return handle(event)
        began = time.perf_counter()
        handled = handle(event)
        self._count += 1
        self._latest.append((time.perf_counter() - began) * 1000)
        return handled

    @property
    def statistics(self) -> FrameStatistics:
        if not self._latest:
            return FrameStatistics(self._count, 0.0, 0.0)
        ordered = sorted(self._latest)
        return FrameStatistics(self._count, self._latest[-1], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))])
