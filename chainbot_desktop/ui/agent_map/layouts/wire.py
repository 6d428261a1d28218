"""Requests and answers as bytes between the panel and the child. Positions instead of ids, raw arrays instead of text: 5,000 agents
take the loop a few milliseconds. The panel's side; the child's is `problem`.

A frame is the length of what follows (uint32), a header, and arrays, all little endian.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Mapping

from chainbot_desktop.ui.agent_map.geometry import Box, Point
from chainbot_desktop.ui.agent_map.layouts.request import GroupBox, Layout, LayoutRequest

LENGTH = struct.Struct("<I")
QUESTION = struct.Struct("<4sIIIIId?")
"""Magic, number, kind, agents, links, groups, aspect, again. Then links and groups as int32, held and before as float64 (NaN: none)."""
ANSWER = struct.Struct("<4sIII")
"""Magic, number, agents, groups; then x and y of each agent and the box of each group as float64. Or failed, number, length, 0; text."""
ASK, DONE, FAILED = b"CBL?", b"CBL!", b"CBLx"
KINDS = ("layered", "organic", "grid")
MAX_FRAME = 64 << 20


def encode(number: int, request: LayoutRequest) -> bytes:
    index = {id_: position for position, id_ in enumerate(request.ids)}
    links = array("i")
    for source, target in request.links:
        if source in index and target in index:
            links.append(index[source])
            links.append(index[target])
    group = array("i", [-1]) * len(index)
    for position, (_, members) in enumerate(request.groups):
        for id_ in members:
            if (at := index.get(id_)) is not None and group[at] < 0:
                group[at] = position
    header = QUESTION.pack(
        ASK, number, KINDS.index(request.kind), len(index), len(links) // 2, len(request.groups), request.aspect, request.again
    )
    body = b"".join(
        (header, links.tobytes(), group.tobytes(), _points(request, request.held), _points(request, request.before))
    )
    return LENGTH.pack(len(body)) + body


def _points(request: LayoutRequest, points: Mapping[str, Point]) -> bytes:
    nowhere = (math.nan, math.nan)
    flat = array("d")
    for id_ in request.ids:
        flat.extend(points.get(id_, nowhere))
    return flat.tobytes()


def number_of(frame: bytes) -> int:
    """Raises ValueError for what is no answer."""
    if len(frame) < ANSWER.size:
        raise ValueError("too short for an answer")
    magic, number, _, _ = ANSWER.unpack_from(frame)
    if magic not in {DONE, FAILED}:
        raise ValueError("no answer")
    return int(number)


def decode(frame: bytes, request: LayoutRequest) -> Layout | str:
    """The layout, or why there is none. Raises ValueError if the answer does not fit the request."""
    magic, _, count, groups = ANSWER.unpack_from(frame)
    if magic == FAILED:
        return frame[ANSWER.size :].decode("utf-8", "replace")
    if (count, groups) != (len(request.ids), len(request.groups)) or len(frame) != ANSWER.size + 16 * count + 32 * groups:
        raise ValueError("the answer is for another request")
    flat = array("d")
    flat.frombytes(frame[ANSWER.size :])
    if not all(map(math.isfinite, flat[: 2 * count])):
        raise ValueError("a place that is none")
    places = dict(zip(request.ids, map(Point, flat[0 : 2 * count : 2], flat[1 : 2 * count : 2]), strict=True))
    boxes = tuple(
        GroupBox(key, Box(*flat[at : at + 4]))
        for at, (key, _) in zip(range(2 * count, len(flat), 4), request.groups, strict=True)
        if math.isfinite(flat[at])
    )
    return Layout(places, boxes)
