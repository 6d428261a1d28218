"""Blocks (components, groups, a grid of singles) beside and below each other: packed anew, or left where they were if they may.

A block is a rectangle of `sizes` (width, height, its free margin included); answers are left and top of each.
"""

from __future__ import annotations

import math

import numpy as np

from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH
from chainbot_desktop.ui.agent_map.layouts.problem import Floats

_STRETCHES = (0.85, 1.0, 1.15, 1.35, 1.6)
_MORE_STRETCHES = tuple(0.7 + 0.05 * step for step in range(32))
"""Tried where there are few blocks, whose order leaves holes with most widths."""
_FEW = 200
"""Blocks without a place are looked after one by one up to here; what is more is packed together and gets one place."""
_LOOKS = 10_000_000
"""Cells that all these searches together may look at: about half a second."""


def pack(sizes: Floats, aspect: float) -> Floats:
    """In the given order, each as high and then as far left as it fits; the width of all is what lets the whole be seen largest."""
    if not len(sizes):
        return np.zeros((0, 2))
    ground = float((sizes[:, 0] * sizes[:, 1]).sum())
    widest = float(sizes[:, 0].max())
    rows = sizes.tolist()
    best: tuple[float, list[tuple[float, float]]] | None = None
    for width in sorted(
        {
            max(widest, math.sqrt(ground * aspect) * stretch)
            for stretch in (_MORE_STRETCHES if len(rows) <= _FEW else _STRETCHES)
        }
    ):
        spots, across, down = _skyline(rows, width)
        cost = max(across / aspect, down)
        if best is None or cost < best[0] * 0.999:
            best = cost, spots
    assert best is not None
    return np.array(best[1])


def _skyline(sizes: list[list[float]], width: float) -> tuple[list[tuple[float, float]], float, float]:
    """Places, and the width and height that were needed. The skyline is a list of (left, bottom of what is there)."""
    skyline = [(0.0, 0.0)]
    spots: list[tuple[float, float]] = []
    across = down = 0.0
    for w, h in sizes:
        at, top = _lowest(skyline, w, width)
        left = skyline[at][0]
        spots.append((left, top))
        across, down = max(across, left + w), max(down, top + h)
        end = at
        while end < len(skyline) and skyline[end][0] < left + w - 1e-6:
            end += 1
        rest = [] if end < len(skyline) and skyline[end][0] <= left + w + 1e-6 else [(left + w, skyline[end - 1][1])]
        skyline[at:end] = [(left, top + h), *(rest if left + w < width - 1e-6 else [])]
    return spots, across, down


def _lowest(skyline: list[tuple[float, float]], w: float, width: float) -> tuple[int, float]:
    best = (math.inf, 0)
    for at, (left, _) in enumerate(skyline):
        if left + w > width + 1e-6 and at:
            break
        top = 0.0
        for other, bottom in skyline[at:]:
            if other >= left + w - 1e-6 or top >= best[0]:
                break
            top = max(top, bottom)
        if top < best[0]:
            best = (top, at)
    return best[1], best[0]


def keep(sizes: Floats, wished: Floats, taken: Floats, aspect: float, margins: Floats) -> Floats:
    """Each where it wishes to be (left and top; NaN: anywhere), the larger first; who would lie on another, or on one of the boxes
    `taken`, goes to the nearest ground that is free. `margins` is what of each size need not stay free."""
    spots = np.full((len(sizes), 2), np.nan)
    ground = _Ground(sizes, wished, taken)
    order = np.argsort(-(sizes[:, 0] * sizes[:, 1]), kind="stable")
    for number in order:
        if np.isfinite(wished[number]).all() and ground.is_free(wished[number], sizes[number] - margins[number]):
            spots[number] = wished[number]
            ground.put(spots[number], sizes[number], margins[number])
    homeless = [number for number in order if not np.isfinite(spots[number, 0])]
    few = max(5, min(_FEW, _LOOKS // ground.cells))
    for number in homeless if len(homeless) <= few else homeless[: few // 2]:
        wish = wished[number] if np.isfinite(wished[number]).all() else ground.middle - sizes[number] / 2
        spots[number] = ground.room(sizes[number], wish, aspect)
        ground.put(spots[number], sizes[number], margins[number])
    crowd = np.flatnonzero(~np.isfinite(spots[:, 0]))
    if len(crowd):
        inside = pack(sizes[crowd], aspect)
        size = (inside + sizes[crowd]).max(axis=0)
        spots[crowd] = inside + ground.room(size, ground.middle - size / 2, aspect)
    return spots


class _Ground:
    """What is free: exactly for a given place, in coarse cells for the search of one."""

    CELL = np.array((CELL_WIDTH / 2, CELL_HEIGHT / 2))

    def __init__(self, sizes: Floats, wished: Floats, taken: Floats) -> None:
        known = np.isfinite(wished[:, 0])
        corners = np.concatenate((wished[known] + sizes[known] / 2, (taken[:, :2] + taken[:, 2:]) / 2))
        self.middle = np.median(corners, axis=0) if len(corners) else np.zeros(2)
        area = float((sizes[:, 0] * sizes[:, 1]).sum() + ((taken[:, 2:] - taken[:, :2]).prod(axis=1)).sum())
        reach = 1.5 * math.sqrt(area) + sizes.max(axis=0, initial=0.0) + 4 * self.CELL
        self._origin = self.middle - reach
        self._cells = np.zeros(np.ceil(2 * reach / self.CELL).astype(int), dtype=bool)
        self._boxes = np.empty((len(sizes) + len(taken), 4))
        self._used = 0
        for box in taken:
            self.put(box[:2], box[2:] - box[:2], np.zeros(2))

    @property
    def cells(self) -> int:
        """What one search looks at."""
        return int(self._cells.size)

    def put(self, spot: Floats, size: Floats, margin: Floats) -> None:
        self._boxes[self._used] = (*spot, *(spot + size - margin))
        self._used += 1
        start = np.clip(np.floor((spot - self._origin) / self.CELL + 1e-6), 0, None).astype(int)
        end = np.clip(np.ceil((spot + size - self._origin) / self.CELL - 1e-6), 0, None).astype(int)
        self._cells[start[0] : end[0], start[1] : end[1]] = True

    def is_free(self, spot: Floats, size: Floats) -> bool:
        left, top, right, bottom = self._boxes[: self._used].T
        (x, y), (w, h) = spot, size
        return not bool(((left < x + w) & (right > x) & (top < y + h) & (bottom > y)).any())

    def room(self, size: Floats, wish: Floats, aspect: float) -> Floats:
        """Left and top of the free ground of that size whose distance from `wish` is least, width counting less than height."""
        need = np.ceil(size / self.CELL).astype(int)
        total = np.zeros(np.array(self._cells.shape) + 1, dtype=np.int64)
        total[1:, 1:] = self._cells.cumsum(axis=0).cumsum(axis=1)
        w, h = need
        if w < total.shape[0] and h < total.shape[1]:
            inside = total[w:, h:] - total[:-w, h:] - total[w:, :-h] + total[:-w, :-h]
            found = np.argwhere(inside == 0)
            if len(found):
                spots = self._origin + found * self.CELL
                away = (spots - wish) / (aspect, 1.0)
                return np.asarray(spots[np.argmin((away**2).sum(axis=1))], dtype=np.float64)
        boxes = self._boxes[: self._used]  # nothing here: below all that is there
        return np.array((wish[0], boxes[:, 3].max()))
