"""What fingers and the mouse mean on the map. No gesture means two things:

one on the ground pans, one on a node moves it (after 8 px), two pinch and pan, a tap selects, a double tap opens. The canvas feeds it
positions in pixels; it calls the canvas back. It knows no Qt events, only points.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Protocol

from chainbot_desktop.ui.agent_map.geometry import Point

DRAG_AFTER = 8.0
DOUBLE_TAP_SECONDS = 0.4
DOUBLE_TAP_REACH = 24.0


class GestureTarget(Protocol):
    """The canvas. Points are in pixels of its viewport."""

    def node_under(self, point: Point) -> str | None: ...
    def pan_by(self, dx: float, dy: float) -> None: ...
    def zoom_by(self, factor: float, anchor: Point) -> None: ...
    def drag_began(self, agent_id: str) -> None: ...
    def dragged_by(self, dx: float, dy: float) -> None:
        """From where the drag began."""
        ...

    def drag_ended(self, *, kept: bool) -> None: ...
    def tapped(self, agent_id: str | None) -> None: ...
    def double_tapped(self, agent_id: str) -> None: ...


class _Phase(Enum):
    IDLE = auto()
    PRESSED = auto()
    PANNING = auto()
    DRAGGING = auto()
    PINCHING = auto()
    SPENT = auto()
    """What is still down has had its meaning: nothing until all is up."""


class Gestures:
    def __init__(
        self, target: GestureTarget, drag_after: float = DRAG_AFTER, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._target = target
        self.drag_after = drag_after
        self._clock = clock
        self._phase = _Phase.IDLE
        self._start = Point(0, 0)
        self._last = Point(0, 0)
        self._node: str | None = None
        self._pair: tuple[Point, Point] | None = None
        self._last_tap: tuple[float, str, Point] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being dragged, panned or pinched."""
        return self._phase in (_Phase.PANNING, _Phase.DRAGGING, _Phase.PINCHING)

    def press(self, point: Point) -> None:
        self._phase = _Phase.PRESSED
        self._start = self._last = point
        self._node = self._target.node_under(point)

    def move(self, point: Point) -> None:
        if self._phase is _Phase.PRESSED:
            if math.dist(point, self._start) < self.drag_after:
                return
            self._phase = _Phase.DRAGGING if self._node is not None else _Phase.PANNING
            if self._node is not None:
                self._target.drag_began(self._node)
        if self._phase is _Phase.DRAGGING:
            self._target.dragged_by(point.x - self._start.x, point.y - self._start.y)
        elif self._phase is _Phase.PANNING:
            self._target.pan_by(point.x - self._last.x, point.y - self._last.y)
        self._last = point

    def release(self, point: Point) -> None:
        phase, self._phase = self._phase, _Phase.IDLE
        if phase is _Phase.DRAGGING:
            self._target.dragged_by(point.x - self._start.x, point.y - self._start.y)
            self._target.drag_ended(kept=True)
        elif phase is _Phase.PRESSED:
            self._tap(point)

    def touch(self, points: Mapping[int, Point]) -> None:
        """The fingers that are down now, by their ids."""
        if not points:
            if self._phase is _Phase.PRESSED or self._phase is _Phase.DRAGGING:
                self.release(self._last)
            self._phase = _Phase.IDLE
        elif len(points) == 1:
            self._one_finger(next(iter(points.values())))
        else:
            first, second = (points[id_] for id_ in sorted(points)[:2])
            self._two_fingers(first, second)

    def cancel(self) -> None:
        """Something else (a long press, a lost grab) took over: a node that was being dragged goes back."""
        if self._phase is _Phase.DRAGGING:
            self._target.drag_ended(kept=False)
        self._phase = _Phase.SPENT if self._phase is not _Phase.IDLE else _Phase.IDLE
        self._pair = None

    def _one_finger(self, point: Point) -> None:
        if self._phase is _Phase.IDLE:
            self.press(point)
        elif self._phase is _Phase.PINCHING:
            # The finger that stays down goes on panning from where it is.
            self._phase, self._pair = _Phase.PANNING, None
            self._last = point
        elif self._phase is not _Phase.SPENT:
            self.move(point)

    def _two_fingers(self, first: Point, second: Point) -> None:
        if self._phase is _Phase.SPENT:
            return
        if self._phase is not _Phase.PINCHING or self._pair is None:
            if self._phase is _Phase.DRAGGING:
                self._target.drag_ended(kept=False)
            self._phase, self._pair = _Phase.PINCHING, (first, second)
            return
        before, self._pair = self._pair, (first, second)
        old, new = _middle(before), _middle(self._pair)
        self._target.pan_by(new.x - old.x, new.y - old.y)
        old_span, new_span = math.dist(*before), math.dist(first, second)
        if old_span > 1 and new_span > 1:
            self._target.zoom_by(new_span / old_span, new)

    def _tap(self, point: Point) -> None:
        now, before, self._last_tap = self._clock(), self._last_tap, None
        if self._node is None:
            self._target.tapped(None)
            return
        again = (
            before is not None
            and before[1] == self._node
            and now - before[0] <= DOUBLE_TAP_SECONDS
            and math.dist(before[2], point) <= DOUBLE_TAP_REACH
        )
        if again:
            self._target.double_tapped(self._node)
            return
        self._last_tap = (now, self._node, point)
        self._target.tapped(self._node)


def _middle(pair: tuple[Point, Point]) -> Point:
    return Point((pair[0].x + pair[1].x) / 2, (pair[0].y + pair[1].y) / 2)
