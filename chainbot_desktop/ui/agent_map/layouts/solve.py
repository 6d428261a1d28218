"""The whole of a layout: its blocks (groups, components, singles) laid out by kind and put side by side, and nobody on a held card."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import igraph
import numpy as np

from chainbot_desktop.ui.agent_map.geometry import CELL_HEIGHT, CELL_WIDTH, GAP_X, GAP_Y
from chainbot_desktop.ui.agent_map.layouts import wire
from chainbot_desktop.ui.agent_map.layouts.grid import cells, columns_for, grid, grid_again
from chainbot_desktop.ui.agent_map.layouts.layered import layered
from chainbot_desktop.ui.agent_map.layouts.organic import organic, organic_again
from chainbot_desktop.ui.agent_map.layouts.overlaps import settle
from chainbot_desktop.ui.agent_map.layouts.packing import keep, pack
from chainbot_desktop.ui.agent_map.layouts.problem import CARD, Floats, Ints, Problem, answer, has_place, read
from chainbot_desktop.ui.agent_map.layouts.request import TITLE_HEIGHT, Layout, LayoutRequest

GAP = np.array((GAP_X, GAP_Y))
_WIDE_GAP = np.array((GAP_X, 2.25 * GAP_Y))
"""Around components of several, so that each is seen as one."""
_PADDING = 24.0
"""Between a group's box and its cards."""
_WORSE = 2.0
"""Times the size of a fresh one: so much may a map grow by leaving everything where it was."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Members with their middles, anywhere; the box is what it covers. An anchored one stays where it is."""

    members: Ints
    places: Floats
    box: Floats
    anchored: bool = False

    @property
    def size(self) -> Floats:
        return np.asarray(self.box[2:] - self.box[:2], dtype=np.float64)


def arrange(request: LayoutRequest) -> Layout:
    """Here and now, by the same way over bytes that the child goes."""
    _, problem = read(wire.encode(0, request)[wire.LENGTH.size :])
    found = wire.decode(answer(0, *solve(problem)), request)
    assert isinstance(found, Layout)
    return found


def solve(problem: Problem) -> tuple[Floats, Floats]:
    """A place for each and a box for each group (NaN: none). The same problem has the same answer."""
    igraph.set_random_number_generator(random.Random(20))  # noqa: S311
    if problem.group_count:
        return _grouped(problem)
    return _ungrouped(problem), np.full((0, 4), np.nan)


def _ungrouped(problem: Problem) -> Floats:
    blocks = _blocks(problem)
    if problem.kind == "grid":  # one block: it is where it was, or it is another
        problem = replace(problem, again=False)
    return _finished(problem, _placed(problem, blocks))


def _grouped(problem: Problem) -> tuple[Floats, Floats]:
    free = ~problem.is_held
    blocks: list[Block] = []
    owners: list[int] = []
    for number in (*range(problem.group_count), -1):
        members = np.flatnonzero((problem.group == number) & free)
        if len(members):
            places = _ungrouped(_at_home(problem.only(members)))
            blocks.append(_block(members, places) if number < 0 else _titled(members, places))
            owners.append(number)
    settled = _placed(problem, blocks)
    boxes = np.full((problem.group_count, 4), np.nan)
    for number, block in zip(owners, settled, strict=True):
        if number >= 0:
            boxes[number] = block.box
    return _finished(problem, settled), boxes


def _at_home(problem: Problem) -> Problem:
    """Who came from another group has no former place in this one: it is where most are, with some room around."""
    known = has_place(problem.before)
    if not known.any():
        return problem
    reach = np.sqrt(problem.count * CELL_WIDTH * CELL_HEIGHT * np.array((problem.aspect, 1 / problem.aspect))) + 2 * CARD
    far = (np.abs(problem.before - np.median(problem.before[known], axis=0)) > reach).any(axis=1)
    return replace(problem, before=np.where(far[:, None], np.nan, problem.before))


def _blocks(problem: Problem) -> list[Block]:
    everyone = np.arange(problem.count)
    if problem.kind == "grid":
        free = everyone[~problem.is_held]
        again = grid_again(problem.before[free], problem.held[problem.is_held], problem.aspect) if problem.again else None
        places = again if again is not None else grid(problem.only(free))
        return [_block(free, places, anchored=again is not None)] if len(free) else []
    parts, singles = _components(problem)
    blocks = [_component(problem, members, links) for members, links in parts]
    blocks.sort(key=lambda block: -len(block.members))
    singles = singles[~problem.is_held[singles]]
    if len(singles) and not blocks and not problem.again:
        return [_block(singles, cells(len(singles), columns_for(len(singles), problem.aspect)))]
    return blocks + [
        _block(singles[at : at + 1], np.zeros((1, 2))) for at in range(len(singles))
    ]  # they fill what ground is left


def _components(problem: Problem) -> tuple[list[tuple[Ints, Ints]], Ints]:
    """Members and inner links of each component in the order of first appearance, and who is linked to nobody."""
    graph = igraph.Graph(problem.count, problem.links.tolist())
    label = np.array(graph.connected_components().membership, dtype=np.int64)
    sizes = np.bincount(label, minlength=1)
    order = np.argsort(label, kind="stable")
    starts = np.concatenate(([0], np.cumsum(sizes)))
    position = np.empty(problem.count, dtype=np.int64)
    position[order] = np.arange(problem.count) - starts[label[order]]
    by_label = problem.links[np.argsort(label[problem.links[:, 0]], kind="stable")]
    links_end = np.cumsum(np.bincount(label[by_label[:, 0]], minlength=len(sizes)))
    parts: list[tuple[Ints, Ints]] = []
    for number in np.flatnonzero(sizes > 1):
        first = links_end[number - 1] if number else 0
        parts.append((order[starts[number] : starts[number + 1]], position[by_label[first : links_end[number]]]))
    return parts, np.flatnonzero(sizes[label] == 1)


def _component(problem: Problem, members: Ints, links: Ints) -> Block:
    held, before = problem.held[members], problem.before[members]
    is_held = has_place(held)
    count = len(members)
    if problem.kind == "organic":
        if is_held.any() or (count > 2 and problem.again and 2 * has_place(before).sum() >= count):
            start = before if problem.again else np.full_like(before, np.nan)
            return _block(members, organic_again(links, start, held), anchored=bool(is_held.any()))
        if count > 2:
            return _block(members, organic(count, links, problem.aspect))
    places = layered(count, links, problem.aspect) if count > 2 else _pair(links)
    if not is_held.any():
        return _block(members, places)
    return _block(members, places + np.median(held[is_held] - places[is_held], axis=0), anchored=True)


def _pair(links: Ints) -> Floats:
    """From left to right."""
    places = np.zeros((2, 2))
    places[links[0, 1], 0] = CARD[0] + GAP_X
    return places


def _block(members: Ints, places: Floats, *, anchored: bool = False) -> Block:
    box = np.concatenate((places.min(axis=0) - CARD / 2, places.max(axis=0) + CARD / 2))
    return Block(members, places, box, anchored)


def _titled(members: Ints, places: Floats) -> Block:
    block = _block(members, places)
    left, top, right, bottom = block.box
    box = np.array((left - _PADDING, top - _PADDING - TITLE_HEIGHT, right + _PADDING, bottom + _PADDING))
    return Block(members, places, box)


def _moved(block: Block, by: Floats) -> Block:
    return Block(block.members, block.places + by, block.box + np.tile(by, 2), block.anchored)


def _placed(problem: Problem, blocks: list[Block]) -> list[Block]:
    """The blocks side by side, away from held cards and anchored blocks."""
    loose = [block for block in blocks if not block.anchored]
    anchored = [block for block in blocks if block.anchored]
    if not loose:
        return blocks
    margins = np.array([GAP if len(block.members) < 3 else _WIDE_GAP for block in loose])
    sizes = margins + [block.size for block in loose]
    taken = _ground([problem.held[problem.is_held], *(block.places for block in anchored)])
    fresh = _fresh(problem, sizes, taken)
    spots = fresh
    if problem.again:
        wished = np.array([_wish(problem, block) for block in loose])
        # A held card on a block does not drive away the whole: who lies under it alone will move.
        kept = keep(sizes, wished, _ground([block.places for block in anchored]), problem.aspect, margins - 12)
        fresh = fresh + _shift(fresh, wished, free=not len(taken))
        if _extent(kept, sizes, problem.aspect) <= _WORSE * _extent(fresh, sizes, problem.aspect):
            spots = kept if _way(kept, wished, loose) <= _way(fresh, wished, loose) else fresh
    corners = iter(spots)
    return [block if block.anchored else _moved(block, next(corners) - block.box[:2]) for block in blocks]


def _fresh(problem: Problem, sizes: Floats, taken: Floats) -> Floats:
    spots = pack(sizes, problem.aspect)
    whole = (spots + sizes).max(axis=0)
    known = problem.before[has_place(problem.before)]
    middle = (known.min(axis=0) + known.max(axis=0)) / 2 if len(known) else whole / 2
    if not len(taken):
        return np.asarray(spots + middle - (whole - GAP) / 2, dtype=np.float64)
    room = keep(whole[None], (middle - whole / 2)[None], taken, problem.aspect, np.zeros((1, 2)))
    return np.asarray(spots + room[0], dtype=np.float64)


def _ground(cards: list[Floats]) -> Floats:
    """A box around each, with half a gap."""
    middles = np.concatenate((np.zeros((0, 2)), *cards))
    return np.concatenate((middles - CARD / 2 - GAP / 2, middles + CARD / 2 + GAP / 2), axis=1)


def _wish(problem: Problem, block: Block) -> Floats:
    """The corner with which most of its members stay where they are."""
    known = has_place(problem.before[block.members])
    if not known.any():
        return np.full(2, np.nan)
    shift = np.median(problem.before[block.members][known] - block.places[known], axis=0)
    return np.asarray(block.box[:2] + shift, dtype=np.float64)


def _shift(spots: Floats, wished: Floats, *, free: bool) -> Floats:
    known = np.isfinite(wished[:, 0])
    if not free or not known.any():
        return np.zeros(2)
    return np.asarray(np.median(wished[known] - spots[known], axis=0), dtype=np.float64)


def _extent(spots: Floats, sizes: Floats, aspect: float) -> float:
    across, down = (spots + sizes).max(axis=0) - spots.min(axis=0)
    return max(float(across) / aspect, float(down))


def _way(spots: Floats, wished: Floats, blocks: list[Block]) -> float:
    """How far all the agents together would move."""
    known = np.isfinite(wished[:, 0])
    weights = np.array([len(block.members) for block in blocks])
    return float((np.hypot(*(spots[known] - wished[known]).T) * weights[known]).sum())


def _finished(problem: Problem, blocks: list[Block]) -> Floats:
    places = problem.held.copy()
    is_held = problem.is_held
    for block in blocks:
        free = ~is_held[block.members]
        places[block.members[free]] = block.places[free]
    return settle(places, is_held) if is_held.any() else places
