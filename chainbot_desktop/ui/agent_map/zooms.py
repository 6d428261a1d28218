"""How near the camera is, what is shown from there, and the way from scene units to pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtGui import QTransform

from chainbot_desktop.ui.agent_map.batches import Rows

NAMES_FROM = 0.28
"""The zoom from which a node has a name; further out it is its shape alone."""

BOXES_FROM = 0.52
"""The zoom from which a node is a box with its name, and below it what it does."""

CARDS_FROM = 0.9

TAIL_FROM = 1.5
"""The zoom from which a card shows the last lines of its agent's log; text grows again from there on."""

_STEPS = 8
"""Steps of zoom, from one to its double, for which pictures are made; the card between two is up to 4.5 % off, which nobody sees."""


def zoom_step(zoom: float) -> int:
    """The step that `zoom` is nearest to; 0 is zoom 1."""
    return round(math.log2(zoom) * _STEPS)


def zoom_of(step: int) -> float:
    return float(2.0 ** (step / _STEPS))


@dataclass(frozen=True, slots=True)
class Projection:
    """`scale`: pixels of one scene unit; `dx`, `dy`: where the scene's origin is, in pixels."""

    zoom: float
    scale: float
    dx: float
    dy: float

    @classmethod
    def of(cls, transform: QTransform, unit: float) -> Projection:
        """`unit`: pixels of one scene unit at zoom 1."""
        return cls(transform.m11() / unit, transform.m11(), transform.dx(), transform.dy())

    def to_pixels(self, points: Rows) -> Rows:
        """(n, 2) in scene units to (n, 2) in pixels."""
        return points * self.scale + (self.dx, self.dy)

    def point(self, x: float, y: float) -> tuple[float, float]:
        return x * self.scale + self.dx, y * self.scale + self.dy

    def to_scene(self, pixels: QRectF) -> QRectF:
        return QRectF(
            (pixels.x() - self.dx) / self.scale,
            (pixels.y() - self.dy) / self.scale,
            pixels.width() / self.scale,
            pixels.height() / self.scale,
        )
