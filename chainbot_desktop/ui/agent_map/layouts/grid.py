"""A grid: row after row in the given order. A grid that grows keeps its cells as long as its shape is still a good one."""

from __future__ import annotations

import math

import numpy as np

from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH, GAP_X, GAP_Y
from chainbot_desktop.ui.agent_map.layouts.overlaps import CLEAR
from chainbot_desktop.ui.agent_map.layouts.problem import Floats, Problem, has_place

CELL = np.array((CELL_WIDTH, CELL_HEIGHT))


def columns_for(count: int, aspect: float) -> int:
    """The number of columns with which all are seen largest."""
    guess = max(1, round(math.sqrt(count * aspect * CELL_HEIGHT / CELL_WIDTH)))
    return min(
        range(max(1, guess - 2), guess + 3), key=lambda columns: (_cost(math.ceil(count / columns), columns, aspect), columns)
    )


def cells(count: int, columns: int) -> Floats:
    """Middles, the first at (0, 0)."""
    numbers = np.arange(count)
    return np.asarray(np.stack((numbers % columns, numbers // columns), axis=1) * CELL, dtype=np.float64)


def grid(problem: Problem) -> Floats:
    """Anew, the first at (0, 0)."""
    return cells(problem.count, columns_for(problem.count, problem.aspect))


def grid_again(before: Floats, held: Floats, aspect: float) -> Floats | None:
    """Each in its former cell, newcomers in the holes and then below; no cell that a held card covers. None if it was no grid, or if
    another shape would show all a quarter larger."""
    known = np.flatnonzero(has_place(before))
    if len(known) < 2:
        return None
    origin = before[known].min(axis=0)
    steps = (before[known] - origin) / CELL
    at = steps.round().astype(int)
    columns = int(at[:, 0].max()) + 1
    on_it = np.abs(steps - at).max(axis=1) < 0.01
    if on_it.mean() < 0.75:
        return None
    free, covered = _free_cells(len(before), columns, (held - origin) / CELL)
    places = np.full_like(before, np.nan)
    for number, cell in zip(known[on_it].tolist(), map(tuple, at[on_it].tolist()), strict=True):
        if cell in free:
            del free[cell]
            places[number] = origin + np.array(cell) * CELL
    for number, cell in zip(np.flatnonzero(~has_place(places)).tolist(), list(free), strict=False):
        places[number] = origin + np.array(cell) * CELL
    rows = round(float(np.ptp(places[:, 1])) / CELL_HEIGHT) + 1
    best = columns_for(len(before) + covered, aspect)
    if _cost(rows, columns, aspect) > 1.25 * _cost(math.ceil((len(before) + covered) / best), best, aspect):
        return None
    return places


def _free_cells(count: int, columns: int, held: Floats) -> tuple[dict[tuple[int, int], None], int]:
    """In reading order, more than enough: a held card covers four at most. And how many are covered."""
    rows = math.ceil((count + 4 * len(held)) / columns) + count // columns + 1
    free = {(column, row): None for row in range(rows) for column in range(columns)}
    near = CLEAR / CELL
    for x, y in held[(np.abs(held) < max(rows, columns) + 2).all(axis=1)].tolist():
        for column in range(math.floor(x - near[0]) + 1, math.ceil(x + near[0])):
            for row in range(math.floor(y - near[1]) + 1, math.ceil(y + near[1])):
                free.pop((column, row), None)
    return free, rows * columns - len(free)


def _cost(rows: int, columns: int, aspect: float) -> float:
    """The height of a viewport in which the whole fits."""
    return max((columns * CELL_WIDTH - GAP_X) / aspect, rows * CELL_HEIGHT - GAP_Y)
