"""Springs and charges: igraph's Kamada-Kawai for small components, its Fruchterman-Reingold for large ones and for those that were
laid out before. What comes of it is turned and stretched (or folded) for the screen, enlarged until most cards have room, spread apart.
"""

from __future__ import annotations

import math

import igraph
import numpy as np

from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH
from chainbot_desktop.ui.agent_map.layouts.overlaps import CLEAR, near_pairs, spread
from chainbot_desktop.ui.agent_map.layouts.problem import Floats, Ints, has_place

_KAMADA_KAWAI = 250
"""Nodes: it looks at all pairs."""
_CIRCLE = 24
"""A hub with fewer is drawn as a wheel, one with more as the heart of a sunflower."""
_PIVOTS = 40
_PLAIN = 700
"""Nodes up to which all repel all; above, only those in the same cell of a grid."""
_LINK = CELL_WIDTH * 0.95
"""How long a link is where there is room."""
_SMALL = 12
"""Nodes: a ring or a line of so few may take the ground that it wants."""
_STAY = 2.0
"""Links: how far one that was laid out before moves towards new neighbours in one layout."""


def organic(count: int, links: Ints, aspect: float) -> Floats:
    """Of one component, anew."""
    graph = igraph.Graph(count, links.tolist())
    degrees = np.array(graph.degree())
    found = _turned(_start(graph, degrees, links))
    wide, high = np.ptp(found, axis=0) + 1e-9
    if count > _SMALL and wide > 4 * aspect * high:
        found = _folded(found, links, aspect)
    elif count <= _KAMADA_KAWAI:
        found = _turned(np.array(graph.layout_kamada_kawai(seed=found.tolist(), maxiter=50 * count).coords))
    elif degrees.max() <= count / 2:
        found = _turned(_even(_force(graph, found)))
    return spread(_roomy(_stretched(found, aspect), links), np.zeros(count, dtype=bool))


def organic_again(links: Ints, start: Floats, held: Floats) -> Floats:
    """From where they were (NaN: a newcomer). Held ones stay exactly; the others too, but for making room, unless a link that came
    since draws far ones together."""
    known, is_held = has_place(start), has_place(held)
    places = _beside_neighbours(np.where(is_held[:, None], held, start), links)
    drawn = _is_strained(start, links)
    if drawn or not known.all():
        unit = np.array((_LINK, _LINK * 0.62))
        slack = np.where(is_held, 0.0, np.where(known, _STAY if drawn else 0.0, 1e3))
        anew = not (known & ~is_held).any()
        places = _force_within(places / unit, links, slack, anew=anew) * unit
    return spread(np.where(is_held[:, None], held, places), is_held)


def _is_strained(start: Floats, links: Ints) -> bool:
    """Whether some links are so long that they cannot have been there when this was laid out."""
    old = links[has_place(start)[links].all(axis=1)]
    if not len(old):
        return False
    lengths = np.hypot(*(start[old[:, 0]] - start[old[:, 1]]).T)
    across = float(np.hypot(*np.ptp(start[has_place(start)], axis=0)))
    return bool(lengths.max() > max(4 * float(np.median(lengths)), 4 * _LINK, across / 2))


def _force_within(points: Floats, links: Ints, slack: Floats, *, anew: bool) -> Floats:
    """Nobody further than its slack from where it starts."""
    low, high = points - slack[:, None], points + slack[:, None]
    found = igraph.Graph(len(points), links.tolist()).layout_fruchterman_reingold(
        seed=points.tolist(),
        niter=200 if anew else 30,
        start_temp=math.sqrt(len(points)) / 4 if anew else 0.3,
        grid=len(points) > _PLAIN,
        minx=low[:, 0].tolist(),
        maxx=high[:, 0].tolist(),
        miny=low[:, 1].tolist(),
        maxy=high[:, 1].tolist(),
    )
    return np.array(found.coords)


def _start(graph: igraph.Graph, degrees: Ints, links: Ints) -> Floats:
    """Links are about 1 long. A hub is the heart of a sunflower; otherwise what is far apart in the graph is far apart on the ground."""
    count = graph.vcount()
    hub = int(np.argmax(degrees))
    seeds = _sunflower(count)
    if degrees[hub] > count / 2 and count > 3:
        if count <= _CIRCLE:
            angle = np.arange(count) * 2 * math.pi / (count - 1)
            seeds = np.stack((np.cos(angle), np.sin(angle)), axis=1)
            seeds[-1] = seeds[hub]
        seeds[hub] = 0.0
        return seeds * (math.sqrt(count) / 2)
    if graph.ecount() == count - 1 and degrees[hub] > 3:
        found = np.array(graph.layout_reingold_tilford_circular(root=[hub]).coords)
    else:
        found = _pivot_mds(graph)
    return found / _length(found, links) + seeds * (0.3 if count <= _PLAIN else 1.0)


def _pivot_mds(graph: igraph.Graph) -> Floats:
    """Brandes and Pich, 2007: distances from some nodes that are far from each other, and their two main directions."""
    away = np.empty((graph.vcount(), min(_PIVOTS, graph.vcount())))
    nearest, pivot = np.full(graph.vcount(), np.inf), 0
    for number in range(away.shape[1]):
        away[:, number] = graph.distances(source=[pivot])[0]
        nearest = np.minimum(nearest, away[:, number])
        pivot = int(np.argmax(nearest))
    squares = away**2
    centered = squares.mean(axis=0) + squares.mean(axis=1)[:, None] - squares - squares.mean()
    _, axes = np.linalg.eigh(centered.T @ centered)
    return np.asarray(centered @ axes[:, :-3:-1], dtype=np.float64)


def _force(graph: igraph.Graph, start: Floats) -> Floats:
    count = graph.vcount()
    plain = count <= _PLAIN
    found = graph.layout_fruchterman_reingold(
        seed=(start if plain else 1.5 * start).tolist(),
        niter=300 if plain else 120,
        start_temp=math.sqrt(count) / 10,
        grid=not plain,
    )
    return np.array(found.coords)


def _even(points: Floats) -> Floats:
    """A crowd in the middle comes out of it: in an even disc half of all lie within 0.7 of the radius."""
    points = points - points.mean(axis=0)
    away = np.hypot(*points.T) / max(float(np.quantile(np.hypot(*points.T), 0.95)), 1e-9)
    half = float(np.median(away))
    power = (1 + math.log(0.7) / math.log(half)) / 2 if 0.05 < half < 0.7 else 1.0
    return np.asarray(points * (np.maximum(away, 1e-3) ** (power - 1))[:, None], dtype=np.float64)


def _sunflower(count: int) -> Floats:
    """Points in a circle: no two at one point, no line, always the same."""
    numbers = np.arange(count) + 0.5
    angle = numbers * math.pi * (3 - math.sqrt(5))
    return np.stack((np.cos(angle), np.sin(angle)), axis=1) * np.sqrt(numbers / count)[:, None]


def _length(points: Floats, links: Ints) -> float:
    """Of a usual link."""
    lengths = np.hypot(*(points[links[:, 0]] - points[links[:, 1]]).T)
    return max(float(np.median(lengths)), 0.3 * float(lengths.mean()), 1e-9)


def _turned(points: Floats) -> Floats:
    """Its longest way across."""
    points = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(points.T @ points)
    main = axes[:, 1] * (1 if axes[0, 1] >= 0 else -1)
    return np.asarray(points @ np.stack((main, (-main[1], main[0])), axis=1), dtype=np.float64)


def _stretched(points: Floats, aspect: float) -> Floats:
    """A little wider, if it is not wide by itself."""
    wide, high = np.ptp(points, axis=0) + 1e-9
    return np.asarray(points * (min(max(aspect * high / wide, 1.2), 1.8), 1.0), dtype=np.float64)


def _folded(points: Floats, links: Ints, aspect: float) -> Floats:
    """A long thing as a snake: to the right, and back, and to the right."""
    points = (points - points.min(axis=0)) / _length(points, links)
    length, thick = float(np.ptp(points[:, 0])) + 1.0, float(np.ptp(points[:, 1])) + 0.8
    lines = max(1, round(math.sqrt(1.2 * length / (aspect * thick))))
    line, along = np.divmod(points[:, 0], length / lines)
    across = np.where(line % 2 == 0, along, length / lines - along)
    return np.stack((across, points[:, 1] + line * thick), axis=1)


def _roomy(points: Floats, links: Ints) -> Floats:
    """Links of the usual length, or longer where cards would lie in heaps; but of all at most some times the ground of a grid."""
    count = len(points)
    most = 6.0 if count <= 60 else 4.5 if count <= _PLAIN else 3.0
    limit = most * count * CELL_WIDTH * CELL_HEIGHT
    extent = np.ptp(points, axis=0)

    def ground(scale: float) -> float:
        return float((extent * scale + (CELL_WIDTH, CELL_HEIGHT)).prod())

    scale = _LINK / _length(points, links)
    while ground(scale) > limit and count > _SMALL:
        scale /= 1.1
    heaps = 0.05 * count if count <= 100 else 0.2 * count
    while ground(1.1 * scale) < limit and (
        4 * ground(scale) < limit / most or len(near_pairs(points * scale, CLEAR)[0]) > heaps
    ):
        scale *= 1.1
    return points * scale


def _beside_neighbours(start: Floats, links: Ints) -> Floats:
    """A start for those that have none: near those they are linked to, and these near theirs."""
    start = start.copy()
    known = has_place(start)
    shift = _sunflower(len(start)) * (_LINK, _LINK * 0.62)
    both = np.concatenate((links, links[:, ::-1]))
    while not known.all():
        reach = both[known[both[:, 0]] & ~known[both[:, 1]]]
        if not len(reach):
            break
        for axis in (0, 1):
            total = np.bincount(reach[:, 1], start[reach[:, 0], axis], len(start))
            number = np.bincount(reach[:, 1], minlength=len(start))
            new = (number > 0) & ~known
            start[new, axis] = total[new] / number[new] + shift[new, axis]
        known = has_place(start)
    return start
