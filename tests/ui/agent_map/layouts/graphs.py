"""Maps of the shapes that houses have, as requests for a layout, and layouts as pictures for a person to look at."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Box, card_box
from chainbot_desktop.ui.agent_map.layouts.request import Layout, LayoutKind, LayoutRequest

KINDS: tuple[LayoutKind, ...] = ("layered", "organic", "grid")

Edges = list[tuple[int, int]]


def _random(count: int) -> Edges:
    dice = random.Random(3)
    return [(dice.randrange(count), dice.randrange(count)) for _ in range(count)]


SHAPES: dict[str, Callable[[int], Edges]] = {
    "none": lambda count: [],
    "hub": lambda count: [(0, other) for other in range(1, count)],
    "tree": lambda count: [((other - 1) // 3, other) for other in range(1, count)],
    "ring": lambda count: [(one, (one + 1) % count) for one in range(count)],
    "chain": lambda count: [(one, one + 1) for one in range(count - 1)],
    "pairs": lambda count: [(one, one + 1) for one in range(0, count - 1, 2)],
    "random": _random,
    "hubs": lambda count: [(one // 20 * 20, one) for one in range(count) if one % 20],
    "half": lambda count: [(one // 8 * 8, one) for one in range(count // 2) if one % 8],
}
"""`half`: half of them in stars of eight, the others linked to nobody."""


def request(kind: LayoutKind, shape: str, count: int, **more: Any) -> LayoutRequest:
    links = tuple((f"n{source}", f"n{target}") for source, target in SHAPES[shape](count))
    return LayoutRequest(kind, tuple(f"n{number}" for number in range(count)), links, **more)


def states(count: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Six uneven groups."""
    shares = {"Needs input": 1, "Running": 10, "Waiting": 4, "Paused": 2, "Failed": 1, "Finished": 14}
    wheel = [key for key, share in shares.items() for _ in range(share)]
    of = {f"n{number}": wheel[number * 7 % len(wheel)] for number in range(count)}
    return tuple((key, tuple(id_ for id_, mine in of.items() if mine == key)) for key in shares)


def draw(asked: LayoutRequest, layout: Layout, path: Path, width: int, height: int) -> None:
    """All of it, as the window shows it when it fits the map."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("#15181d"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    boxes = [card_box(point) for point in layout.places.values()] + [group.box for group in layout.groups]
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    scale = min((width - 16) / (right - left), (height - 16) / (bottom - top), 1.0)
    painter.translate(width / 2, height / 2)
    painter.scale(scale, scale)
    painter.translate(-(left + right) / 2, -(top + bottom) / 2)
    _paint(painter, asked, layout, max(1.0, 0.7 / scale))
    painter.end()
    assert image.save(str(path)), path


def _paint(painter: QPainter, asked: LayoutRequest, layout: Layout, line: float) -> None:
    painter.setPen(QPen(QColor("#56617a"), line))
    for group in layout.groups:
        painter.drawRoundedRect(_rect(group.box), 12, 12)
        title = QRectF(group.box.left + 16, group.box.top + 6, 4 * CARD_WIDTH, 34)
        painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, group.key)
    painter.setPen(QPen(QColor(110, 160, 220, 150), line))
    for source, target in asked.links:
        one, two = layout.places[source], layout.places[target]
        painter.drawLine(QPointF(one.x, one.y), QPointF(two.x, two.y))
    painter.setPen(Qt.PenStyle.NoPen)
    for id_, point in layout.places.items():
        painter.setBrush(QColor("#c98a3d" if id_ in asked.held else "#3d8f6b"))
        painter.drawRect(QRectF(point.x - CARD_WIDTH / 2, point.y - CARD_HEIGHT / 2, CARD_WIDTH, CARD_HEIGHT))


def _rect(box: Box) -> QRectF:
    return QRectF(QPointF(box.left, box.top), QPointF(box.right, box.bottom))
