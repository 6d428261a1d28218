"""The nodes as they are shown now, as columns of numbers: where each is drawn, what it looks like, whether its links are drawn live.

Where a node is drawn and where its place is differ while it is on its way; rows are the slots of the model's places.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF

from chainbot_desktop.ui.agent_map.geometry import Box, Point, card_box
from chainbot_desktop.ui.agent_map.places import PlaceIndex, Points, Slots

MARGIN = 12.0
"""Scene units around a card that its outlines may use."""


def card_rect(center: Point) -> QRectF:
    """The ground a card is painted on, with its outlines."""
    box = card_box(center)
    return QRectF(QPointF(box.left, box.top), QPointF(box.right, box.bottom)).adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)


def box_of(rect: QRectF) -> Box:
    return Box(rect.left(), rect.top(), rect.right(), rect.bottom())


class ShownNodes:
    """`slot_of` holds every node that is drawn; one that was given a place and not shown yet is not in it."""

    def __init__(self, places: PlaceIndex) -> None:
        self.places = places
        self.slot_of: dict[str, int] = {}
        self.xy: Points = np.empty((0, 2))
        self.looks: NDArray[np.uint8] = np.empty(0, np.uint8)
        """A state's number in `sprites.STATES`, plus `ENDED` or `FAINT`."""
        self.live: NDArray[np.bool_] = np.empty(0, np.bool_)
        self.hidden: NDArray[np.bool_] = np.empty(0, np.bool_)
        """Neither drawn nor hit, and their links are not drawn."""

    def make_room(self) -> None:
        """The columns are as long as the model has slots."""
        missing = len(self.places.ids) - len(self.live)
        if missing > 0:
            self.xy = np.concatenate([self.xy, np.zeros((missing, 2))])
            self.looks = np.concatenate([self.looks, np.zeros(missing, np.uint8)])
            self.live = np.concatenate([self.live, np.zeros(missing, np.bool_)])
            self.hidden = np.concatenate([self.hidden, np.zeros(missing, np.bool_)])

    def at(self, slot: int) -> Point:
        return Point(*self.xy[slot].tolist())

    def slots_of(self, ids: Iterable[str]) -> list[int]:
        """Of those that are drawn."""
        return [slot for id_ in ids if (slot := self.slot_of.get(id_)) is not None]

    def marked(self, slots: Iterable[int]) -> NDArray[np.bool_]:
        """One entry a slot."""
        mask = np.zeros(len(self.live), np.bool_)
        mask[list(slots)] = True
        return mask

    def to_be_seen(self) -> Slots:
        """All of them."""
        self.make_room()
        slots = np.fromiter(self.slot_of.values(), np.intp, len(self.slot_of))
        return slots[~self.hidden[slots]]

    def within(self, rect: QRectF) -> Slots:
        """Those to be seen whose middle is in `rect`, bottom to top."""
        self.make_room()
        slots = self.places.slots_within(self.xy, box_of(rect))
        slots = slots[~self.hidden[slots]]
        if len(self.slot_of) < len(self.places):
            slots = slots[[self.places.ids[slot] in self.slot_of for slot in slots.tolist()]]
        return slots

    def ids_within(self, rect: QRectF) -> list[str]:
        return [self.places.ids[slot] for slot in self.within(rect).tolist()]
