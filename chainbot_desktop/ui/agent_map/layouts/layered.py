"""Layers from left to right along the links: igraph's Sugiyama decides layers, order and places in them; here they become columns.

A layer of more cards than a screen is high is broken into several columns, and what would be a ribbon (a chain of a hundred) goes on
below its beginning, as lines of a text do.
"""

from __future__ import annotations

import math

import igraph
import numpy as np

from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH
from chainbot_desktop.ui.agent_map.layouts.problem import Floats, Ints

_ROUNDS = 24
_MOST_DUMMIES = 20_000
"""Sugiyama puts one on every layer that a link crosses. Links beyond that are drawn, but do not count for the order."""
_SHORT = 6
"""Columns that always stay in one line."""
_RIBBON = 2.5
"""Times the viewport's aspect: wider than that is broken into lines."""


def layered(count: int, links: Ints, aspect: float) -> Floats:
    """Of one component. Middles; the first column at x = 0."""
    layer, across = _sugiyama(count, links)
    rows = max(4, math.ceil(math.sqrt(count * CELL_WIDTH / (CELL_HEIGHT * aspect))))
    if np.bincount(layer).max() <= rows and np.ptp(across) < 1.5 * rows:
        column, row = layer, across - across.min()
    else:
        column, row = _broken(layer, across, rows)
    return _in_lines(column, row, aspect)


def _sugiyama(count: int, links: Ints) -> tuple[Ints, Floats]:
    """Layer of each, and its place in it, in rows."""
    graph = igraph.Graph(count, links.tolist(), directed=True)
    for mode, degrees in (("out", graph.indegree()), ("in", graph.outdegree())):
        if len(links) == count - 1 and max(degrees) == 1:  # a tree has no crossings at all
            found = np.array(graph.layout_reingold_tilford(mode=mode, root=[degrees.index(0)]).coords)
            depth = found[:, 1].round().astype(np.int64)
            return (depth if mode == "out" else depth.max() - depth), found[:, 0]
    # The order it starts from is that of the numbers: along the links it has fewer crossings to remove.
    sources = [number for number, degree in enumerate(graph.indegree()) if not degree]
    order = _depth_first(graph, sources or [0])
    position = np.empty(count, dtype=np.int64)
    position[order] = np.arange(count)
    graph = _without_longest(igraph.Graph(count, position[links].tolist(), directed=True), position[links])
    found = np.array(graph.layout_sugiyama(maxiter=_ROUNDS).coords)[:count][position]
    return found[:, 1].round().astype(np.int64), found[:, 0]


def _depth_first(graph: igraph.Graph, sources: list[int]) -> list[int]:
    """All of them, whoever is linked one after the other."""
    seen: dict[int, None] = {}
    neighbours = graph.get_adjlist(mode="all")
    waiting = sources[::-1]
    while waiting:
        number = waiting.pop()
        if number not in seen:
            seen[number] = None
            waiting += reversed(neighbours[number])
    return list(seen)


def _without_longest(graph: igraph.Graph, links: Ints) -> igraph.Graph:
    back = graph.feedback_arc_set(method="eades")
    ahead = links.copy()
    ahead[back] = ahead[back][:, ::-1]
    depth = _longest_paths(graph.vcount(), ahead)
    dummies = np.abs(depth[ahead[:, 1]] - depth[ahead[:, 0]]) - 1
    if dummies.sum() <= _MOST_DUMMIES:
        return graph
    order = np.argsort(dummies, kind="stable")
    kept = order[np.cumsum(dummies[order]) <= _MOST_DUMMIES]
    return igraph.Graph(graph.vcount(), links[np.sort(kept)].tolist(), directed=True)


def _longest_paths(count: int, ahead: Ints) -> Ints:
    """How many links lead to each at most. `ahead` has no cycle."""
    order = igraph.Graph(count, ahead.tolist(), directed=True).topological_sorting()
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in ahead.tolist():
        after[source].append(target)
    depth = [0] * count
    for number in order:
        for other in after[number]:
            depth[other] = max(depth[other], depth[number] + 1)
    return np.array(depth)


def _broken(layer: Ints, across: Floats, rows: int) -> tuple[Ints, Floats]:
    """Layers of more than so many rows become several columns: neighbours in the order go to different columns, a part of a row
    lower each, so that the height of each card stays that of those it is linked to."""
    scale = min(1.0, (rows - 1) / max(1.0, float(np.ptp(across))))
    column, row = np.zeros(len(layer), dtype=np.int64), np.zeros(len(layer))
    at = 0
    for number in range(int(layer.max()) + 1):
        members = np.flatnonzero(layer == number)
        members = members[np.argsort(across[members], kind="stable")]
        reach = min(rows, float(np.ptp(across[members])) * scale + max(4.0, rows / 4))
        parts = max(1, math.ceil(len(members) / reach))
        column[members] = at + np.arange(len(members)) % parts
        row[members] = _apart(across[members] * scale, parts)
        at += parts
    return column, row - row.min()


def _apart(wishes: Floats, parts: int) -> Floats:
    """In the same order, near to the wishes, each at least 1 below the one that is `parts` before it."""
    down, up = wishes.copy(), wishes.copy()
    for number in range(parts, len(wishes)):
        down[number] = max(down[number], down[number - parts] + 1)
    for number in range(len(wishes) - parts - 1, -1, -1):
        up[number] = min(up[number], up[number + parts] - 1)
    return np.asarray((down + up) / 2, dtype=np.float64)


def _in_lines(column: Ints, row: Floats, aspect: float) -> Floats:
    columns, rows = int(column.max()) + 1, float(row.max()) + 1
    width, height = columns * CELL_WIDTH, rows * CELL_HEIGHT
    lines = 1
    if columns > _SHORT and width > _RIBBON * aspect * height:
        lines = max(1, round(math.sqrt(width / (aspect * (height + CELL_HEIGHT / 2)))))
    length = math.ceil(columns / lines)
    line = column // length
    return np.stack(((column % length) * CELL_WIDTH, row * CELL_HEIGHT + line * (height + CELL_HEIGHT / 2)), axis=1)
