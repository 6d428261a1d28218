"""No card on another: finding those that touch, pushing them apart, and a free place for the few that pushing does not help."""

from __future__ import annotations

import math

import numpy as np

from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, CELL_HEIGHT, CELL_WIDTH
from chainbot_desktop.ui.agent_map.layouts.problem import Floats, Ints, Mask

CLEAR = np.array((CARD_WIDTH + 24, CARD_HEIGHT + 20))
"""Middles of two cards are at least so far apart, in x or in y."""

_PUSHES = 150
_PUSHES_OF_MANY = 40
_MANY = 600
_FEW = 40
"""Cards up to which a free place is looked for around each; for more, all free places there are found at once."""
_SLACK = 1e-6


def near_pairs(places: Floats, reach: Floats) -> tuple[Ints, Ints]:
    """Pairs whose middles are closer than `reach` in x and in y."""
    cells = np.floor(places / reach).astype(np.int64)
    cells -= cells.min(axis=0, initial=0)
    rows = int(cells[:, 1].max(initial=0)) + 3
    keys = cells[:, 0] * rows + cells[:, 1]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.arange(len(keys))
    below = _ranges(first + 1, np.searchsorted(keys, keys + 1, "right"))
    right = _ranges(np.searchsorted(keys, keys + rows - 1, "left"), np.searchsorted(keys, keys + rows + 1, "right"))
    one = order[np.concatenate((below[0], right[0]))]
    two = order[np.concatenate((below[1], right[1]))]
    touch = (np.abs(places[one] - places[two]) < reach - _SLACK).all(axis=1)
    return one[touch], two[touch]


def _ranges(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Each position with every number from its start to before its end."""
    lengths = np.maximum(ends - starts, 0)
    owner = np.repeat(np.arange(len(starts)), lengths)
    skipped = np.cumsum(lengths) - lengths
    return owner, np.arange(len(owner)) - skipped[owner] + starts[owner]


def spread(places: Floats, fixed: Mask) -> Floats:
    """The same picture with room for every card: who touches is pushed apart the shorter way, again and again."""
    places = places.copy()
    for _ in range(_PUSHES if len(places) <= _MANY else _PUSHES_OF_MANY):
        one, two = near_pairs(places, CLEAR)
        if not len(one):
            return places
        delta = places[two] - places[one]
        lack = CLEAR - np.abs(delta)
        sideways = lack[:, 0] * CARD_HEIGHT < lack[:, 1] * CARD_WIDTH
        push = np.where(np.stack((sideways, ~sideways), axis=1), np.where(delta < 0, -lack, lack), 0.0)
        share = np.where(fixed[one], 0.0, np.where(fixed[two], 1.0, 0.5))
        other = np.where(fixed[two], 0.0, np.where(fixed[one], 1.0, 0.5))
        for axis in (0, 1):
            places[:, axis] -= np.bincount(one, push[:, axis] * share, len(places))
            places[:, axis] += np.bincount(two, push[:, axis] * other, len(places))
    return settle(places, fixed)


def settle(places: Floats, fixed: Mask, avoid: Floats | None = None) -> Floats:
    """Who still lies on another moves to the nearest free place that is in none of the boxes `avoid`. Fixed ones never move."""
    places = places.copy()
    one, two = near_pairs(places, CLEAR)
    stays = ~np.isin(np.arange(len(places)), np.concatenate((one, two))) | fixed
    homeless = np.flatnonzero(~stays)
    if len(homeless) > _FEW and avoid is None:
        homeless = _move_many(places, stays, homeless)
        stays = ~np.isin(np.arange(len(places)), homeless)
    taken = _Taken(places[stays], avoid)
    for number in homeless:
        places[number] = taken.nearest(places[number])
    return places


def _move_many(places: Floats, stays: Mask, homeless: Ints) -> Ints:
    """Puts them (in `places`) on free spots of a lattice over their ground, those in the middle first; who is left."""
    middle = np.median(places[homeless], axis=0)
    reach = CLEAR * (math.sqrt(len(places)) + 4) * 1.5
    low = np.maximum(places[homeless].min(axis=0) - 4 * CLEAR, middle - reach)
    high = np.minimum(places[homeless].max(axis=0) + 4 * CLEAR, middle + reach)
    shape = np.maximum(((high - low) / CLEAR).astype(int), 1)
    spots = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), axis=-1).reshape(-1, 2) * CLEAR + low
    near = places[stays & (places > low - CLEAR).all(axis=1) & (places < high + CLEAR).all(axis=1)]
    one, two = near_pairs(np.concatenate((spots, near)), CLEAR)
    lower, upper = np.minimum(one, two), np.maximum(one, two)
    is_free = np.ones(len(spots), dtype=bool)
    is_free[lower[(lower < len(spots)) & (upper >= len(spots))]] = False
    spots = spots[is_free]
    order = homeless[np.argsort(((places[homeless] - middle) ** 2).sum(axis=1), kind="stable")]
    across, down = spots.T.copy()
    used = np.zeros(len(spots))
    for at, number in enumerate(order):
        if at >= len(spots):
            return order[at:]
        nearest = int(np.argmin((across - places[number, 0]) ** 2 + (down - places[number, 1]) ** 2 + used))
        places[number] = spots[nearest]
        used[nearest] = np.inf
    return order[:0]


class _Taken:
    """Cards by the cells they lie in."""

    def __init__(self, places: Floats, avoid: Floats | None) -> None:
        self._cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
        self._avoid = avoid if avoid is not None and len(avoid) else None
        for x, y in places.tolist():
            self._put(x, y)

    def nearest(self, wish: Floats) -> tuple[float, float]:
        """Takes it."""
        ring = 0
        while True:
            spots = sorted(_ring(float(wish[0]), float(wish[1]), ring), key=lambda spot: _far(spot, wish))
            for spot in spots:
                if self._is_free(*spot):
                    self._put(*spot)
                    return spot
            ring += 1

    def _put(self, x: float, y: float) -> None:
        self._cells.setdefault((int(x // CLEAR[0]), int(y // CLEAR[1])), []).append((x, y))

    def _is_free(self, x: float, y: float) -> bool:
        column, row = int(x // CLEAR[0]), int(y // CLEAR[1])
        for i in (column - 1, column, column + 1):
            for j in (row - 1, row, row + 1):
                for other in self._cells.get((i, j), ()):
                    if abs(other[0] - x) < CLEAR[0] - _SLACK and abs(other[1] - y) < CLEAR[1] - _SLACK:
                        return False
        if self._avoid is None:
            return True
        left, top, right, bottom = self._avoid.T
        inside = (x + CLEAR[0] / 2 > left) & (x - CLEAR[0] / 2 < right) & (y + CLEAR[1] / 2 > top) & (y - CLEAR[1] / 2 < bottom)
        return not bool(inside.any())


def _ring(x: float, y: float, ring: int) -> list[tuple[float, float]]:
    """Spots half a cell apart on a rectangle around (x, y)."""
    if not ring:
        return [(x, y)]
    across = [(i, j) for i in range(-ring, ring + 1) for j in (-ring, ring)]
    offsets = across + [(i, j) for i in (-ring, ring) for j in range(1 - ring, ring)]
    return [(x + i * CELL_WIDTH / 2, y + j * CELL_HEIGHT / 2) for i, j in offsets]


def _far(spot: tuple[float, float], wish: Floats) -> float:
    return float((spot[0] - wish[0]) ** 2 + (spot[1] - wish[1]) ** 2)
