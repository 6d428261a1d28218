"""A grid: row after row in the given order. A grid that grows keeps its columns as long as its shape is still a good one."""

from __future__ import annotations

import math

import numpy as np

from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH
from chainbot_desktop.ui.agent_map.layouts.problem import Floats, Problem, has_place

CELL = np.array((CELL_WIDTH, CELL_HEIGHT))


def columns_for(count: int, aspect: float) -> int:
    """The number of columns with which all are seen largest."""
    guess = max(1, round(math.sqrt(count * aspect * CELL_HEIGHT / CELL_WIDTH)))
    return min(range(max(1, guess - 2), guess + 3), key=lambda columns: (_cost(count, columns, aspect), columns))


def cells(count: int, columns: int) -> Floats:
    """Middles, the first at (0, 0)."""
    numbers = np.arange(count)
    return np.stack((numbers % columns, numbers // columns), axis=1) * CELL


def grid(problem: Problem) -> Floats:
    """Of all, as if nobody were held."""
    columns = columns_for(problem.count, problem.aspect)
    if problem.again:
        columns = _former_columns(problem.before, columns, problem.aspect)
    return cells(problem.count, columns)


def _former_columns(before: Floats, columns: int, aspect: float) -> int:
    """Those it had, unless all could be seen a quarter larger with others, or it was no grid."""
    known = before[has_place(before)]
    if len(known) < 2:
        return columns
    steps = (known - known.min(axis=0)) / CELL
    if np.abs(steps - steps.round()).max() > 0.01:
        return columns
    former = int(steps[:, 0].max().round()) + 1
    return former if _cost(len(before), former, aspect) <= 1.25 * _cost(len(before), columns, aspect) else columns


def _cost(count: int, columns: int, aspect: float) -> float:
    """The height of a viewport in which the whole fits."""
    rows = math.ceil(count / columns)
    return max(min(columns, count) * CELL_WIDTH / aspect, rows * CELL_HEIGHT)
