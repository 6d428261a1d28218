"""The graph that the map's benchmark draws: the same numbers for the map, the plain view and the page with the canvas."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH

WIDTH, HEIGHT = 1600, 900
STATES = ("running", "idle", "waiting", "needs_input", "failed", "done")


@dataclass(frozen=True)
class Graph:
    """`points` (n, 2) in scene units; `pairs` (n, 2): as many links as nodes; `states`: numbers into `STATES`."""

    points: NDArray[np.float64]
    pairs: NDArray[np.intp]
    states: NDArray[np.intp]

    def at(self, step: int) -> NDArray[np.float64]:
        """Where all nodes are in that frame: each swings around its place."""
        turn = step / 19 + np.arange(len(self.points))
        swing: NDArray[np.float64] = np.stack([40 * np.sin(turn), 16 * np.cos(turn)], axis=1)
        return self.points + swing


def make_graph(count: int, links: str) -> Graph:
    """`links`: "near" to a neighbour on the map, as a layout puts them; "across" to any other."""
    dice = random.Random(7)
    columns = math.ceil(math.sqrt(count * WIDTH / HEIGHT * CELL_HEIGHT / CELL_WIDTH))
    number = np.arange(count)
    points = np.stack([number % columns * CELL_WIDTH, number // columns * CELL_HEIGHT], axis=1).astype(float)
    if links == "near":
        column = number % columns
        right = np.minimum(column + np.array([1, 0, 1, 1])[number % 4], columns - 1)
        others = np.clip((number // columns + np.array([0, 1, 1, -1])[number % 4]) * columns + right, 0, count - 1)
    else:
        others = np.array([dice.randrange(count) for _ in range(count)])
    others = np.where(others == number, (number + 1) % count, others)
    return Graph(points, np.stack([number, others], axis=1), np.array([dice.randrange(len(STATES)) for _ in range(count)]))
