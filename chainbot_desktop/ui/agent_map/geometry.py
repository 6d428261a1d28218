"""Sizes on the map and points in it. Scene units: 1 unit is 1 px at zoom 1 with text of normal size. No Qt."""

from __future__ import annotations

from typing import NamedTuple

CARD_WIDTH = 184.0
CARD_HEIGHT = 84.0
GAP_X = 88.0
GAP_Y = 32.0
CELL_WIDTH = CARD_WIDTH + GAP_X
CELL_HEIGHT = CARD_HEIGHT + GAP_Y


class Point(NamedTuple):
    """The middle of a node."""

    x: float
    y: float


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, point: Point) -> bool:
        return self.left <= point.x <= self.right and self.top <= point.y <= self.bottom


def card_box(center: Point) -> Box:
    """The ground that a node's card covers."""
    return Box(center.x - CARD_WIDTH / 2, center.y - CARD_HEIGHT / 2, center.x + CARD_WIDTH / 2, center.y + CARD_HEIGHT / 2)
