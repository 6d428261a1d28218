"""When a list that changes all the time is painted: at once after a pause, ever less often the dearer its frames are.

The frame clock of the shell leaves the loop half of its time; a list that somebody looks at takes a fifth at the most, so that the server
goes on serving. Where more arrive than anybody can read, four frames a second are enough.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

FASTEST_MS = 16
SLOWEST_MS = 250
SHARE = 0.2
"""Of the loop's time that painting may take: an event that somebody waits for is on the screen within two frames."""
CROWD = 1000
"""Rows a second from which the slowest pace is taken: nobody reads them, and the server needs the loop."""


class Pace(QObject):
    """Calls `update` after `request`, never while `owner` is hidden: then once when it is shown.

    `update` returns how many rows arrived; `spent` takes what painting them cost.
    """

    def __init__(self, owner: QWidget, update: Callable[[], int]) -> None:
        super().__init__(owner)
        self._owner = owner
        self._update = update
        self._wanted = False
        self._cost = 0.0
        self._rate = 0.0
        self._last_frame = 0.0
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_frame)
        owner.installEventFilter(self)

    @property
    def interval_ms(self) -> int:
        """The least time between two frames, by what the last one brought and cost."""
        if self._rate > CROWD:
            return SLOWEST_MS
        return min(max(FASTEST_MS, round(self._cost * 1000 / SHARE)), SLOWEST_MS)

    def request(self) -> None:
        self._wanted = True
        if not self._timer.isActive() and self._owner.isVisible():
            since = (time.perf_counter() - self._last_frame) * 1000
            self._timer.start(max(0, round(self.interval_ms - since)))

    def spent(self, seconds: float) -> None:
        self._cost += seconds

    def _on_frame(self) -> None:
        if not self._owner.isVisible():
            return
        self._wanted = False
        begun = time.perf_counter()
        passed, self._last_frame = begun - self._last_frame, begun
        rows = self._update()
        self._cost = time.perf_counter() - begun
        self._rate = rows / max(0.001, passed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and self._wanted and not self._timer.isActive():
            self._timer.start(0)
        return super().eventFilter(watched, event)
