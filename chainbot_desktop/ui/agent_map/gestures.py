"""What fingers and the mouse mean on the map. No gesture means two things:

one on the ground pans (or, in select mode, draws a rubber band), one on a node moves it, one on the handle of a selected node draws a
link (all after 8 px), two pinch and pan, a tap selects, a double tap opens. The canvas feeds it positions in pixels; it calls the canvas
back. It knows no Qt events, only points.
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
    def handle_under(self, point: Point) -> str | None:
        """The agent whose handle is there."""
        ...

    @property
    def bands(self) -> bool:
        """Whether a drag on the ground draws a rubber band."""
        ...

    def band_to(self, start: Point, point: Point) -> None: ...
    def band_ended(self, *, kept: bool) -> None: ...
    def link_to(self, agent_id: str, point: Point) -> None:
        """A link is drawn from that agent to the finger."""
        ...

    def link_ended(self, point: Point | None) -> None:
        """Let go there; None: it comes to nothing."""
        ...

    def handle_tapped(self, agent_id: str) -> None: ...
    def pan_by(self, dx: float, dy: float) -> None: ...
    def zoom_by(self, factor: float, anchor: Point) -> None: ...
    def drag_began(self, agent_id: str) -> None: ...
    def dragged_by(self, dx: float, dy: float) -> None:
        """From where the drag began."""
        ...

    def drag_ended(self, *, kept: bool) -> None: ...
    def tapped(self, agent_id: str | None, point: Point) -> None: ...
    def double_tapped(self, agent_id: str) -> None: ...


class _Phase(Enum):
    IDLE = auto()
    PRESSED = auto()
    PANNING = auto()
    DRAGGING = auto()
    BANDING = auto()
    LINKING = auto()
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
        self._handle: str | None = None
        self._pair: tuple[Point, Point] | None = None
        self._last_tap: tuple[float, str, Point] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being dragged, drawn, panned or pinched."""
        return self._phase not in (_Phase.IDLE, _Phase.PRESSED, _Phase.SPENT)

    @property
    def pressed(self) -> bool:
        """Whether something is down."""
        return self._phase is not _Phase.IDLE

    def press(self, point: Point) -> None:
        self._phase = _Phase.PRESSED
        self._start = self._last = point
        self._handle = self._target.handle_under(point)
        self._node = self._target.node_under(point) if self._handle is None else None

    def move(self, point: Point) -> None:
        if self._phase is _Phase.PRESSED:
            if math.dist(point, self._start) < self.drag_after:
                return
            self._begin()
        self._go_on(point)
        self._last = point

    def release(self, point: Point) -> None:
        phase, self._phase = self._phase, _Phase.IDLE
        if phase is _Phase.DRAGGING:
            self._target.dragged_by(point.x - self._start.x, point.y - self._start.y)
            self._target.drag_ended(kept=True)
        elif phase is _Phase.BANDING:
            self._target.band_to(self._start, point)
            self._target.band_ended(kept=True)
        elif phase is _Phase.LINKING:
            self._target.link_ended(point)
        elif phase is _Phase.PRESSED:
            self._tap(point)

    def touch(self, points: Mapping[int, Point]) -> None:
        """The fingers that are down now, by their ids."""
        if not points:
            if self._phase in (_Phase.PRESSED, _Phase.DRAGGING, _Phase.BANDING, _Phase.LINKING):
                self.release(self._last)
            self._phase = _Phase.IDLE
        elif len(points) == 1:
            self._one_finger(next(iter(points.values())))
        else:
            first, second = (points[id_] for id_ in sorted(points)[:2])
            self._two_fingers(first, second)

    def cancel(self) -> None:
        """Something else (a long press, a lost grab) took over: a node that was being dragged goes back."""
        self._give_up()
        self._phase = _Phase.SPENT if self._phase is not _Phase.IDLE else _Phase.IDLE
        self._pair = None

    def _begin(self) -> None:
        """Eight pixels away from where it came down: what it takes hold of says what it does."""
        if self._handle is not None:
            self._phase = _Phase.LINKING
        elif self._node is not None:
            self._phase = _Phase.DRAGGING
            self._target.drag_began(self._node)
        else:
            self._phase = _Phase.BANDING if self._target.bands else _Phase.PANNING

    def _go_on(self, point: Point) -> None:
        if self._phase is _Phase.DRAGGING:
            self._target.dragged_by(point.x - self._start.x, point.y - self._start.y)
        elif self._phase is _Phase.PANNING:
            self._target.pan_by(point.x - self._last.x, point.y - self._last.y)
        elif self._phase is _Phase.BANDING:
            self._target.band_to(self._start, point)
        elif self._phase is _Phase.LINKING and self._handle is not None:
            self._target.link_to(self._handle, point)

    def _give_up(self) -> None:
        if self._phase is _Phase.DRAGGING:
            self._target.drag_ended(kept=False)
        elif self._phase is _Phase.BANDING:
            self._target.band_ended(kept=False)
        elif self._phase is _Phase.LINKING:
            self._target.link_ended(None)

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
            self._give_up()
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
        if self._handle is not None:
            self._target.handle_tapped(self._handle)
            return
        if self._node is None:
            self._target.tapped(None, point)
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
        self._target.tapped(self._node, point)


def _middle(pair: tuple[Point, Point]) -> Point:
    return Point((pair[0].x + pair[1].x) / 2, (pair[0].y + pair[1].y) / 2)
