"""Nodes on their way to new places: a moment of motion, so that the eye can follow who went where."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from chainbot_desktop.ui.agent_map.places import Points, Slots

GLIDE_SECONDS = 0.14
_FRAME_MS = 16


class Glider(Protocol):
    """Who shows the nodes."""

    def places_of(self, slots: Slots) -> Points:
        """Where they are to come to rest, as known now."""
        ...

    def shown_of(self, slots: Slots) -> Points: ...

    def shift(self, slots: Slots, points: Points) -> None:
        """Show them there for now."""
        ...


class Glide(QObject):
    """A node that is given another place on its way goes there instead; one that is taken in hand (`drop`) leaves the motion."""

    changed = Signal()
    """It began or ended."""

    def __init__(self, glider: Glider, parent: QObject) -> None:
        super().__init__(parent)
        self.seconds = GLIDE_SECONDS
        """0 where motion is not wanted: then nodes are at their places at once."""
        self._glider = glider
        self._slots: Slots = np.empty(0, np.intp)
        self._from: Points = np.empty((0, 2))
        self._began = 0.0
        self._timer = QTimer(self, interval=_FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_frame)

    @property
    def running(self) -> bool:
        return self._timer.isActive()

    def carries(self, slot: int) -> bool:
        return self.running and bool((self._slots == slot).any())

    def start(self, slots: Sequence[int]) -> None:
        """From where they are shown now; whatever else was on its way joins them."""
        together = np.union1d(self._slots, np.array(slots, np.intp)).astype(np.intp)
        if self.seconds <= 0 or not len(together):
            return
        self._slots, self._from = together, self._glider.shown_of(together)
        self._began = time.perf_counter()
        if not self.running:
            self._timer.start()
            self.changed.emit()

    def drop(self, slots: Sequence[int]) -> None:
        if not self.running:
            return
        keep: NDArray[np.bool_] = ~np.isin(self._slots, np.array(slots, np.intp))
        self._slots, self._from = self._slots[keep], self._from[keep]
        if not len(self._slots):
            self._end()

    def finish(self) -> None:
        """All at their places, now."""
        if self.running:
            self._glider.shift(self._slots, self._glider.places_of(self._slots))
            self._end()

    def _on_frame(self) -> None:
        passed = (time.perf_counter() - self._began) / self.seconds
        if passed >= 1:
            self.finish()
            return
        share = 1 - (1 - passed) ** 3
        self._glider.shift(self._slots, self._from + (self._glider.places_of(self._slots) - self._from) * share)

    def _end(self) -> None:
        self._timer.stop()
        self._slots, self._from = self._slots[:0], self._from[:0]
        self.changed.emit()
