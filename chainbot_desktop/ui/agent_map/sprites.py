"""Pictures of nodes, made once and copied every frame: cards by agent and zoom step, and one picture of all shapes for the far view."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPixmap

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.batches import Rows, draw_stamps
from chainbot_desktop.ui.agent_map.shapes import WIDEST, draw_shape
from chainbot_desktop.ui.theme import Theme

_KEPT_PIXELS = 6_000_000
"""24 MB: three screens full of cards."""

STATES: tuple[AgentState, ...] = tuple(AgentState)
ENDED, FAINT = len(STATES), 2 * len(STATES)
"""Added to a state's number: the same shape of an agent that has ended, or of one that a filter lets not stand out."""
_OPACITIES = (1.0, 0.72, 0.22)
_URGENT = STATES.index(AgentState.NEEDS_INPUT)
_LOUDER = 1.7


class Sprites:
    """Pictures by id; each is drawn anew when its key is another. The ones not asked for lately go when there are too many."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Hashable, QPixmap]] = {}
        self._pixels = 0

    def get(self, id_: str, key: Hashable) -> QPixmap | None:
        """None where there is none, or the one that is there was made for another key."""
        kept = self._kept.pop(id_, None)
        if kept is None:
            return None
        if kept[0] != key:
            self._pixels -= _area(kept[1])
            return None
        self._kept[id_] = kept  # the newest again
        return kept[1]

    def put(self, id_: str, key: Hashable, picture: QPixmap) -> QPixmap:
        self.forget(id_)
        self._kept[id_] = (key, picture)
        self._pixels += _area(picture)
        while self._pixels > _KEPT_PIXELS and len(self._kept) > 1:
            _, old = self._kept.pop(next(iter(self._kept)))
            self._pixels -= _area(old)
        return picture

    def forget(self, id_: str) -> None:
        kept = self._kept.pop(id_, None)
        if kept is not None:
            self._pixels -= _area(kept[1])

    def clear(self) -> None:
        self._kept.clear()
        self._pixels = 0


class Stamps:
    """The far view of one theme: each state's shape in each of its three strengths, side by side in one picture a size."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._sheets: dict[int, QPixmap] = {}

    def draw(self, painter: QPainter, at: Rows, looks: NDArray[np.uint8], side: int) -> None:
        """`at` (n, 2): middles in pixels; `looks`: a state's number, plus `ENDED` or `FAINT`. Who needs input is larger and on top."""
        cell = math.ceil(side * _LOUDER * WIDEST) + 4
        sheet = self._sheets.get(side)
        if sheet is None:
            if len(self._sheets) > 16:
                self._sheets.clear()
            sheet = self._sheets[side] = self._make_sheet(side, cell)
        ratio = sheet.devicePixelRatio()
        cells = np.empty((len(looks), 4))
        cells[:, 0] = looks * (cell * ratio)
        cells[:, 1] = 0.0
        cells[:, 2:4] = cell * ratio
        # On whole pixels, where a copy is a copy.
        middles = np.round(at - cell / 2) + cell / 2
        urgent = looks % len(STATES) == _URGENT
        for some in (~urgent, urgent):
            draw_stamps(painter, middles[some], cells[some], sheet)

    def _make_sheet(self, side: int, cell: int) -> QPixmap:
        count = len(STATES) * len(_OPACITIES)

        def draw(painter: QPainter) -> None:
            painter.translate(-count * cell / 2, 0)
            for number in range(count):
                state = STATES[number % len(STATES)]
                painter.setOpacity(_OPACITIES[number // len(STATES)])
                size = side * (_LOUDER if state is AgentState.NEEDS_INPUT else 0.84)
                draw_shape(painter, state, QPointF((number + 0.5) * cell, 0), size, self._theme)

        return picture(QSizeF(count * cell, cell), draw)


def picture(size: QSizeF, draw: Callable[[QPainter], None]) -> QPixmap:
    """`draw` paints around (0, 0) in a transparent picture of `size` pixels of this screen."""
    ratio = QGuiApplication.primaryScreen().devicePixelRatio()
    whole = QSizeF(np.ceil(size.width()), np.ceil(size.height()))
    made = QPixmap((whole * ratio).toSize())
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.translate(whole.width() / 2, whole.height() / 2)
    draw(painter)
    painter.end()
    return made


def _area(picture: QPixmap) -> int:
    return picture.width() * picture.height()
