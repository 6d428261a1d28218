"""Places for agents that nobody has placed. Pure, so that a long one can be worked out away from the GUI thread.

What is entangled stands together: from left to right along the direction of the links (layered), each layer ordered by the places of
its neighbours to the left (the barycentre rule of Sugiyama's method). What is alone fills a grid. Nothing that has a place moves, and
nothing is put where a card lies already. The same agents in the same order always get the same places.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH, Box, Point
from chainbot_desktop.ui.agent_map.places import PlaceIndex

Links = Mapping[str, Sequence[str]]

_MAX_ROWS = 6
"""A layer of more is broken into columns, so that a hub with a hundred spokes stays on the screen."""

_LARGEST_GROUP = 12
"""Cells: a group that was pulled further apart keeps no ground for itself."""

_WIDE = 1.8
"""Width to height of what is laid out: that of the screens it is seen on."""


def arrange(ids: Sequence[str], pairs: Iterable[tuple[str, str]], placed: Mapping[str, Point]) -> dict[str, Point]:
    """A place for each of `ids` that is not in `placed`. `pairs` are directed links between any agents."""
    taken = PlaceIndex()
    for id_, point in placed.items():
        taken.put(id_, point)
    free = [id_ for id_ in ids if id_ not in placed]
    after, before = _neighbours(free, pairs, placed)
    found = _join_neighbours(free, after, before, taken)
    blocks, singles = _blocks([id_ for id_ in free if id_ not in found], after, before)
    for block in _shelve(blocks, taken, len(singles)):
        for id_, point in block.items():
            found[id_] = point
            taken.put(id_, point)
    spots = _spots(taken, len(singles), _ground_of_groups(after, before, taken), below=bool(blocks))
    for id_ in singles:
        found[id_] = next(spot for spot in spots if taken.is_free(spot))
        taken.put(id_, found[id_])
    return found


def _neighbours(
    free: Sequence[str], pairs: Iterable[tuple[str, str]], placed: Mapping[str, Point]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    after: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    known = set(free).union(placed)
    for source, target in pairs:
        if source != target and source in known and target in known:
            after.setdefault(source, []).append(target)
            before.setdefault(target, []).append(source)
    return after, before


def _join_neighbours(free: Sequence[str], after: Links, before: Links, taken: PlaceIndex) -> dict[str, Point]:
    """Put those that are linked to a placed one beside it, then those linked to these, and so on."""
    found: dict[str, Point] = {}
    waiting = [id_ for id_ in free if id_ in after or id_ in before] if len(taken) else []
    moved = True
    while moved:
        moved = False
        rest: list[str] = []
        for id_ in waiting:
            anchor, side = _anchor(id_, after, before, taken)
            if anchor is None:
                rest.append(id_)
                continue
            found[id_] = _beside(anchor, side, taken)
            taken.put(id_, found[id_])
            moved = True
        waiting = rest
    return found


def _anchor(id_: str, after: Links, before: Links, taken: PlaceIndex) -> tuple[Point | None, int]:
    for other in before.get(id_, ()):
        if (point := taken.get(other)) is not None:
            return point, 1
    for other in after.get(id_, ()):
        if (point := taken.get(other)) is not None:
            return point, -1
    return None, 0


def _beside(anchor: Point, side: int, taken: PlaceIndex) -> Point:
    """The free place nearest to the anchor's column on that side, going down and up, then a column further."""
    column = 1
    while True:
        for step in range(2 * _MAX_ROWS + 1):
            row = (step + 1) // 2 * (1 if step % 2 else -1)
            spot = Point(anchor.x + side * column * CELL_WIDTH, anchor.y + row * CELL_HEIGHT)
            if taken.is_free(spot):
                return spot
        column += 1


Block = dict[str, tuple[float, float]]
"""Column and row of each agent of a group."""


def _blocks(ids: Sequence[str], after: Links, before: Links) -> tuple[list[Block], list[str]]:
    blocks: list[Block] = []
    singles: list[str] = []
    seen: set[str] = set()
    order = {id_: number for number, id_ in enumerate(ids)}
    for id_ in ids:
        if id_ in seen:
            continue
        group = _group(id_, after, before)
        seen.update(group)
        if len(group) == 1:
            singles.append(id_)
        else:
            blocks.append(_layered(sorted(group, key=order.__getitem__), after, before))
    return blocks, singles


def _group(start: str, after: Links, before: Links) -> dict[str, None]:
    group = {start: None}
    waiting = [start]
    while waiting:
        id_ = waiting.pop()
        for other in (*after.get(id_, ()), *before.get(id_, ())):
            if other not in group:
                group[other] = None
                waiting.append(other)
    return group


def _layered(group: Sequence[str], after: Links, before: Links) -> Block:
    layers = _layers(group, after, before)
    block: Block = {}
    row_of: dict[str, float] = {}
    column = 0
    for layer in layers:
        ordered = sorted(layer, key=lambda id_: _barycentre(before.get(id_, ()), row_of)) if column else layer
        for start in range(0, len(ordered), _MAX_ROWS):
            part = ordered[start : start + _MAX_ROWS]
            for index, id_ in enumerate(part):
                row_of[id_] = index - (len(part) - 1) / 2
                block[id_] = (column, row_of[id_])
            column += 1
    top = min(row for _, row in block.values())
    return {id_: (column, row - top) for id_, (column, row) in block.items()}


def _layers(group: Sequence[str], after: Links, before: Links) -> list[list[str]]:
    """By the number of steps from where the links begin; a ring begins at the agent that came first."""
    depth = {id_: 0 for id_ in group if not before.get(id_)} or {group[0]: 0}
    waiting = list(depth)
    while len(depth) < len(group):
        if not waiting:
            stranger = next(id_ for id_ in group if id_ not in depth)
            depth[stranger] = 0
            waiting.append(stranger)
        following: list[str] = []
        for id_ in waiting:
            for other in after.get(id_, ()):
                if other not in depth:
                    depth[other] = depth[id_] + 1
                    following.append(other)
        waiting = following
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for id_ in group:
        layers[depth[id_]].append(id_)
    return layers


def _barycentre(neighbours: Sequence[str], row_of: Mapping[str, float]) -> float:
    rows = [row_of[id_] for id_ in neighbours if id_ in row_of]
    return sum(rows) / len(rows) if rows else 0.0


def _shelve(blocks: Sequence[Block], taken: PlaceIndex, singles: int) -> Iterator[dict[str, Point]]:
    """The blocks in rows, below what is there."""
    near = _around_middle(taken, sum(len(block) for block in blocks))
    left = min((point.x for point in near), default=0.0)
    top = max((point.y + 1.5 * CELL_HEIGHT for point in near), default=0.0)
    sizes = [_size(block) for block in blocks]
    limit = _best_width(sizes, singles)
    x, y, shelf = 0.0, 0.0, 0.0
    for block, (width, height) in zip(blocks, sizes, strict=True):
        if x > 0 and x + width > limit:
            x, y, shelf = 0.0, y + shelf, 0.0
        points = _at(block, left + x, top + y)
        while not all(taken.is_free(point) for point in points.values()):
            y += CELL_HEIGHT
            points = _at(block, left + x, top + y)
        yield points
        x, shelf = x + width, max(shelf, height)


def _best_width(sizes: Sequence[tuple[float, float]], singles: int) -> float:
    """Of some widths the one that lets all be seen largest: shelves of blocks, and below them a grid of the singles."""
    ground = sum(width * height for width, height in sizes) + singles * CELL_WIDTH * CELL_HEIGHT
    least = max((width for width, _ in sizes), default=0.0)
    costs: list[tuple[float, float]] = []
    for stretch in (0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.7, 2.0):
        limit = max(least, math.sqrt(ground * _WIDE) * stretch)
        x, y, shelf = 0.0, 0.0, 0.0
        for width, height in sizes:
            if x > 0 and x + width > limit:
                x, y, shelf = 0.0, y + shelf, 0.0
            x, shelf = x + width, max(shelf, height)
        rows = math.ceil(singles / max(1, limit // CELL_WIDTH))
        costs.append((max(limit / _WIDE, y + shelf + rows * CELL_HEIGHT), limit))
    return min(costs)[1]


def _size(block: Block) -> tuple[float, float]:
    """Width and height, with some free ground beside and below."""
    columns = max(column for column, _ in block.values()) + 1
    rows = max(row for _, row in block.values()) + 1
    return (columns + 0.25) * CELL_WIDTH, (rows + 0.5) * CELL_HEIGHT


def _at(block: Block, left: float, top: float) -> dict[str, Point]:
    return {id_: Point(left + column * CELL_WIDTH, top + row * CELL_HEIGHT) for id_, (column, row) in block.items()}


def _around_middle(taken: PlaceIndex, coming: int) -> list[Point]:
    """Where most of what is there lies."""
    center, reach = _middle(taken, coming)
    everywhere = [point for _, point in taken]
    near = [point for point in everywhere if abs(point.x - center.x) <= reach and abs(point.y - center.y) <= reach]
    return near or everywhere  # few that lie far apart: their middle is nobody's place


def _middle(taken: PlaceIndex, coming: int) -> tuple[Point, float]:
    """Where most of them are and how far the ground around it reaches: a stray at the end of the world does not count."""
    if not len(taken):
        return Point(0, 0), 0
    xs = sorted(point.x for _, point in taken)
    ys = sorted(point.y for _, point in taken)
    side = math.sqrt((len(taken) + coming) * CELL_WIDTH * CELL_HEIGHT)
    return Point(xs[(len(xs) - 1) // 2], ys[(len(ys) - 1) // 2]), 2 * side + 2 * CELL_WIDTH


def _ground_of_groups(after: Links, before: Links, taken: PlaceIndex) -> list[Box]:
    """What lies between those that are linked: a stranger there would look as if it belonged to them."""
    boxes: list[Box] = []
    seen: set[str] = set()
    for id_, _ in taken:
        if id_ in seen or not (id_ in after or id_ in before):
            continue
        group = _group(id_, after, before)
        seen.update(group)
        points = [point for member in group if (point := taken.get(member)) is not None]
        xs, ys = [point.x for point in points], [point.y for point in points]
        box = Box(min(xs), min(ys), max(xs), max(ys))
        if box.right - box.left <= _LARGEST_GROUP * CELL_WIDTH and box.bottom - box.top <= _LARGEST_GROUP * CELL_HEIGHT:
            boxes.append(box)
    return boxes


def _spots(taken: PlaceIndex, coming: int, avoid: Sequence[Box], *, below: bool) -> Iterator[Point]:
    """Cells of a grid: first the holes of the ground that is in use (unless all is to go `below`), then row after row, without end."""
    columns = max(1, round(math.sqrt((len(taken) + coming) * _WIDE * CELL_HEIGHT / CELL_WIDTH)))
    near = _around_middle(taken, coming)
    left = min((point.x for point in near), default=0.0)
    top = max(point.y for point in near) + 1.5 * CELL_HEIGHT if below else min((point.y for point in near), default=0.0)
    right = max((point.x for point in near), default=0.0)
    columns = max(columns, int((right - left) // CELL_WIDTH) + 1) if near else columns
    row = 0
    while True:
        for column in range(columns):
            spot = Point(left + column * CELL_WIDTH, top + row * CELL_HEIGHT)
            if not any(box.holds(spot) for box in avoid):
                yield spot
        row += 1
