"""A request as arrays: the child's side of the wire, and what the layouts work on. Agents are numbers here, in the order of their ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH
from chainbot_desktop.ui.agent_map.layouts.wire import ANSWER, ASK, DONE, FAILED, KINDS, QUESTION

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

CARD = np.array((CARD_WIDTH, CARD_HEIGHT))


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    kind: str
    links: Ints
    """A row for each: source and target, no loops, none twice."""
    group: Ints
    """Which group each agent is in; -1: none."""
    group_count: int
    held: Floats
    """x and y of each; NaN: not held."""
    before: Floats
    aspect: float
    again: bool

    @property
    def count(self) -> int:
        return len(self.held)

    @property
    def is_held(self) -> Mask:
        return has_place(self.held)

    def only(self, members: Ints) -> Problem:
        """The part of it that these are, ungrouped."""
        links = inner_links(self.links, members, self.count)
        none = np.full(len(members), -1)
        return Problem(self.kind, links, none, 0, self.held[members], self.before[members], self.aspect, self.again)


def has_place(points: Floats) -> Mask:
    return np.asarray(np.isfinite(points).all(axis=1), dtype=np.bool_)


def inner_links(links: Ints, members: Ints, count: int) -> Ints:
    """The links among `members`, as positions in it."""
    position = np.full(count, -1)
    position[members] = np.arange(len(members))
    renamed = position[links]
    inner: Ints = renamed[(renamed >= 0).all(axis=1)]
    return inner


def read(frame: bytes) -> tuple[int, Problem]:
    """Number and problem. Raises ValueError if it is no request."""
    magic, number, kind, count, links, groups, aspect, again = QUESTION.unpack_from(frame)
    if magic != ASK or len(frame) != QUESTION.size + 8 * links + 36 * count:
        raise ValueError("no request")
    at = QUESTION.size
    pairs = np.frombuffer(frame, "<i4", 2 * links, at).reshape(-1, 2).astype(np.int64)
    at += 8 * links
    group = np.frombuffer(frame, "<i4", count, at).astype(np.int64)
    at += 4 * count
    points = np.frombuffer(frame, "<f8", 4 * count, at).reshape(2, count, 2).copy()
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    pairs = pairs[np.sort(np.unique(pairs, axis=0, return_index=True)[1])]
    before = np.where(has_place(points[0])[:, None], points[0], points[1])
    return number, Problem(KINDS[kind], pairs, group, groups, points[0], before, min(max(aspect, 0.3), 5.0), again)


def answer(number: int, places: Floats, boxes: Floats) -> bytes:
    body = places.astype("<f8").tobytes() + boxes.astype("<f8").tobytes()
    return ANSWER.pack(DONE, number, len(places), len(boxes)) + body


def refusal(number: int, why: str) -> bytes:
    text = why.encode()
    return ANSWER.pack(FAILED, number, len(text), 0) + text
