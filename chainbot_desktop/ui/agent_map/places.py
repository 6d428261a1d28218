"""Points by where they are: what is here, what is near, is there room.

Columns of numbers rather than objects: a question about thousands of points is one sweep over an array, which is quicker than any
tree at the sizes of a house, and the same arrays are what the scene draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Box, Point

# Cards closer than this look like one.
_CLEAR_X = CARD_WIDTH + 8
_CLEAR_Y = CARD_HEIGHT + 8

Slots = NDArray[np.intp]
Points = NDArray[np.float64]


class PlaceIndex:
    """Ids at their points, each in a slot of its own: the row of `xy` that is its. Of several cards on one spot the one that was put
    there last lies on top."""

    def __init__(self) -> None:
        self._slot_of: dict[str, int] = {}
        self.ids: list[str] = []
        """By slot; "" where nothing is."""
        self._free: list[int] = []
        self._xy: Points = np.empty((16, 2))
        self._order: NDArray[np.int64] = np.zeros(16, np.int64)
        """When each was put, 0 where nothing is."""
        self.version = 0
        """Another after every change."""

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._slot_of

    def __iter__(self) -> Iterator[tuple[str, Point]]:
        for id_, slot in self._slot_of.items():
            yield id_, Point(*self._xy[slot].tolist())

    def __getitem__(self, id_: str) -> Point:
        return Point(*self._xy[self._slot_of[id_]].tolist())

    @property
    def xy(self) -> Points:
        """(slots, 2): the points of all slots, those of empty ones too. A view: changes show in it, and growth leaves it behind."""
        return self._xy[: len(self.ids)]

    def find(self, id_: str) -> int | None:
        """Its slot."""
        return self._slot_of.get(id_)

    def get(self, id_: str) -> Point | None:
        slot = self._slot_of.get(id_)
        return Point(*self._xy[slot].tolist()) if slot is not None else None

    def put(self, id_: str, point: Point) -> None:
        slot = self._slot_of.get(id_)
        if slot is None:
            slot = self._slot_of[id_] = self._take_slot(id_)
        self.version += 1
        self._xy[slot] = point
        self._order[slot] = self.version

    def remove(self, id_: str) -> None:
        slot = self._slot_of.pop(id_, None)
        if slot is not None:
            self.version += 1
            self.ids[slot] = ""
            self._order[slot] = 0
            self._free.append(slot)

    def within(self, box: Box) -> list[str]:
        """Whose middle lies in `box`, bottom to top."""
        return [self.ids[slot] for slot in self.slots_within(self.xy, box).tolist()]

    def slots_within(self, xy: Points, box: Box) -> Slots:
        """The slots in use whose point in `xy` (shaped as `self.xy`) lies in `box`, bottom to top."""
        x, y = xy[:, 0], xy[:, 1]
        inside = (x >= box.left) & (x <= box.right) & (y >= box.top) & (y <= box.bottom)
        return self.bottom_up(np.flatnonzero(inside & (self._order[: len(self.ids)] > 0)))

    def is_free(self, point: Point) -> bool:
        """Whether a card at `point` would touch no other."""
        distance = np.abs(self.xy - point)
        near = (distance[:, 0] < _CLEAR_X) & (distance[:, 1] < _CLEAR_Y) & (self._order[: len(self.ids)] > 0)
        return not near.any()

    def bounds(self) -> Box | None:
        """Around the middles of all; None when there is nothing."""
        return self.bounds_of(self.xy)

    def bounds_of(self, xy: Points) -> Box | None:
        """The same around the points of `xy` (shaped as `self.xy`) whose slots are in use."""
        if not self._slot_of:
            return None
        return box_around(xy[self._order[: len(self.ids)] > 0])

    def of(self, ids: Sequence[str]) -> Slots:
        """The slots of `ids`; KeyError where one has no place."""
        return np.array([self._slot_of[id_] for id_ in ids], np.intp)

    def _take_slot(self, id_: str) -> int:
        if self._free:
            slot = self._free.pop()
            self.ids[slot] = id_
            return slot
        self.ids.append(id_)
        if len(self.ids) > len(self._xy):
            more = len(self._xy)
            self._xy = np.concatenate([self._xy, np.empty((more, 2))])
            self._order = np.concatenate([self._order, np.zeros(more, np.int64)])
        return len(self.ids) - 1

    def bottom_up(self, slots: Slots) -> Slots:
        """In the order in which their cards lie on each other."""
        return slots[np.argsort(self._order[slots], kind="stable")]


def box_around(points: Points) -> Box | None:
    """None when there are none."""
    return Box(*points.min(axis=0).tolist(), *points.max(axis=0).tolist()) if len(points) else None
