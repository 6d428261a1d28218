"""What passes over links, as dots that run along them for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from chainbot_desktop.agents.vitals import Pulse
from chainbot_desktop.ui.agent_map.batches import Rows
from chainbot_desktop.ui.agent_map.edges import Curves, EdgeTable

SECONDS = 0.6
_FRAME_MS = 33
_AT_ONCE = 128
"""More dots than these tell nobody anything; those that come on top are not shown."""


@dataclass(frozen=True, slots=True)
class _Dot:
    edge: int
    backwards: bool
    begins: float


class Pulses(QObject):
    """`moved` is called with where dots were and are, in scene units (n, 2), once a frame while there are any."""

    def __init__(self, edges: EdgeTable, curves: Callable[[], Curves], moved: Callable[[Rows], None], parent: QObject) -> None:
        super().__init__(parent)
        self._edges = edges
        self._curves = curves
        self._moved = moved
        self._dots: list[_Dot] = []
        self._before: Rows = np.empty((0, 2))
        self._timer = QTimer(self, interval=_FRAME_MS)
        self._timer.timeout.connect(self._on_frame)

    @property
    def running(self) -> bool:
        return self._timer.isActive()

    def add(self, pulse: Pulse) -> None:
        """From a member to the first of its link, or on from there: links are drawn from the first to each of the others."""
        now = time.perf_counter()
        for number, (edge, backwards) in enumerate(self._way(pulse)):
            late = 0.0 if pulse.target == "" or not number else SECONDS * 0.6
            if len(self._dots) < _AT_ONCE:
                self._dots.append(_Dot(edge, backwards, now + late))
        if self._dots and not self._timer.isActive():
            self._timer.start()

    def clear(self) -> None:
        """The links are others: what was on its way belongs to none of them."""
        self._dots.clear()

    def points(self) -> Rows:
        """Where the dots are now."""
        now = time.perf_counter()
        running = [dot for dot in self._dots if dot.begins <= now]
        if not running:
            return np.empty((0, 2))
        edges: NDArray[np.intp] = np.array([dot.edge for dot in running], np.intp)
        shares = np.array([(now - dot.begins) / SECONDS for dot in running]).clip(0.0, 1.0)
        t = np.where([dot.backwards for dot in running], 1.0 - shares, shares)[:, None]
        curves = self._curves()
        a, b, c, d = (rows[edges] for rows in (curves.start, curves.pull_out, curves.pull_in, curves.tip))
        points: Rows = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
        return points

    def _way(self, pulse: Pulse) -> Sequence[tuple[int, bool]]:
        """Links and whether they are gone backwards, one after the other; to all others at once where nobody is named."""
        edges = self._edges.of_entanglement(pulse.entanglement_id)
        links = self._edges.links
        there = [(edge, True) for edge in edges if links[edge].target == pulse.source]
        on = [(edge, False) for edge in edges if links[edge].target == pulse.target]
        if pulse.target:
            return [*there, *on] if pulse.source else on
        return there or [(edge, False) for edge in edges if links[edge].source == pulse.source]

    def _on_frame(self) -> None:
        now = time.perf_counter()
        self._dots = [dot for dot in self._dots if now < dot.begins + SECONDS]
        points = self.points()
        self._moved(np.vstack([self._before, points]))
        self._before = points
        if not self._dots:
            self._timer.stop()
