"""Springs and charges: igraph's Kamada-Kawai for small components, its Fruchterman-Reingold for large ones and for those that were
laid out before. What comes of it is turned and stretched for the screen, enlarged until most cards have room, and spread apart."""

from __future__ import annotations

import math

import igraph
import numpy as np

from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH
from chainbot_desktop.ui.agent_map.layouts.overlaps import CLEAR, near_pairs, spread
from chainbot_desktop.ui.agent_map.layouts.problem import Floats, Ints, has_place

_KAMADA_KAWAI = 250
"""Nodes: it looks at all pairs."""
_PLAIN = 700
"""Nodes up to which all repel all; above, only those in the same cell of a grid."""
_LINK = CELL_WIDTH * 0.95
"""How long a link is where there is room."""
_STAY = 0.6
"""Links: how far one that was laid out before moves in one layout."""


def organic(count: int, links: Ints, before: Floats, aspect: float) -> Floats:
    """Of one component, anew: `before` says only which way round it was."""
    graph = igraph.Graph(count, links.tolist())
    if count <= _KAMADA_KAWAI:
        found = np.array(graph.layout_kamada_kawai(seed=_circle(count).tolist(), maxiter=50 * count).coords)
    else:
        found = _force(graph)
    return spread(_roomy(_turned(found, aspect), links), np.zeros(count, dtype=bool))


def organic_again(links: Ints, start: Floats, held: Floats) -> Floats:
    """From where they were (NaN: a newcomer), near to it; held ones stay exactly."""
    known, is_held = has_place(start), has_place(held)
    start = _beside_neighbours(np.where(is_held[:, None], held, start), links)
    unit = np.array((_LINK, _LINK * 0.62))
    points = start / unit
    slack = np.where(is_held, 0.0, np.where(known, _STAY, 1e3))[:, None]
    low, high = points - slack, points + slack
    graph = igraph.Graph(len(start), links.tolist())
    rounds = 30 if known.any() and not is_held.any() else 200
    found = graph.layout_fruchterman_reingold(
        seed=points.tolist(),
        niter=rounds,
        start_temp=0.25 if rounds == 30 else math.sqrt(len(start)) / 4,
        grid=len(start) > _PLAIN,
        minx=low[:, 0].tolist(),
        maxx=high[:, 0].tolist(),
        miny=low[:, 1].tolist(),
        maxy=high[:, 1].tolist(),
    )
    places = np.where(is_held[:, None], held, np.array(found.coords) * unit)
    return spread(places, is_held)


def _force(graph: igraph.Graph) -> Floats:
    count = graph.vcount()
    plain = count <= _PLAIN
    seed = _circle(count) * math.sqrt(count) / 2
    found = graph.layout_fruchterman_reingold(seed=seed.tolist(), niter=300 if plain else 500, grid=not plain)
    return np.array(found.coords)


def _circle(count: int) -> Floats:
    """A sunflower's seeds: no two at one point, no line, always the same."""
    numbers = np.arange(count) + 0.5
    angle = numbers * math.pi * (3 - math.sqrt(5))
    return np.stack((np.cos(angle), np.sin(angle)), axis=1) * np.sqrt(numbers / count)[:, None]


def _turned(points: Floats, aspect: float) -> Floats:
    """Its longest way across, and a little stretched if it is not wide by itself."""
    points = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(points.T @ points)
    main = axes[:, 1] * (1 if axes[0, 1] >= 0 else -1)
    turned = points @ np.stack((main, (-main[1], main[0])), axis=1)
    wide, high = np.ptp(turned, axis=0) + 1e-9
    stretch = min(max(aspect * high / wide, 1.2), 1.8)
    return np.asarray(turned * (stretch, 1.0), dtype=np.float64)


def _roomy(points: Floats, links: Ints) -> Floats:
    """Links of the usual length, or longer where cards would lie in heaps: up to three times the ground that they need."""
    lengths = np.hypot(*(points[links[:, 0]] - points[links[:, 1]]).T)
    places = points * (_LINK / max(float(np.median(lengths)), 1e-9))
    ground = len(places) * CELL_WIDTH * CELL_HEIGHT
    for _ in range(40):
        small = np.ptp(places, axis=0).prod() < ground / 2
        if not small and len(near_pairs(places, CLEAR)[0]) < 0.2 * len(places):
            break
        if np.ptp(places, axis=0).prod() > 3 * ground:
            break
        places = places * 1.12
    return places


def _beside_neighbours(start: Floats, links: Ints) -> Floats:
    """A start for those that have none: near those they are linked to, and these near theirs."""
    start = start.copy()
    known = has_place(start)
    shift = _circle(len(start)) * (_LINK, _LINK * 0.62)
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
