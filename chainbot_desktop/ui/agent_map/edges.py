"""The links as columns of numbers, and how they are drawn: a curve from card to card, its end saying what kind it is.

A dependency is dashed and has an open head, `control` a filled one, `data` a dot at both ends, since both read and append; one of
which nobody said the kind has a filled head. From afar, and where there are very many, all are plain lines. All of it is worked out
for all links at once and drawn with one call a colour: opaque, because a blended line costs ten times as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from chainbot_desktop.ui.agent_map.batches import Rows, draw_lines
from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH, Box, Point
from chainbot_desktop.ui.agent_map.model import Link
from chainbot_desktop.ui.agent_map.places import PlaceIndex, Points, Slots
from chainbot_desktop.ui.agent_map.zooms import CARDS_FROM, Projection
from chainbot_desktop.ui.theme import Theme

HALF_CARD = (CARD_WIDTH / 2, CARD_HEIGHT / 2)
KINDS = ("", "data", "control", "dependency")
_DATA, _DEPENDENCY = 1, 3
_HEAD = 9.0
_LANE = 9.0
"""Between two links of the same agents, so that neither hides the other."""
_MANY = 400
"""So many in view are drawn as plain lines: nobody follows a curve among them."""
_SMOOTH = 600_000
"""Pixels of line that are smoothed in one frame; more would cost more than a frame."""
_SMOOTH_MOVING = 80_000
_LONG = 100
"""Pixels."""
_THIN_BOX = 1.2
_FAINT, _QUIET = 0.3, 0.6
_CURVE, _CURVE_MOVING = np.linspace(0.0, 1.0, 17), np.linspace(0.0, 1.0, 9)


@dataclass(frozen=True)
class Curves:
    """Of some links, in scene units, each (n, 2): where they begin, bend and end, and the unit vector in which the end points."""

    start: Rows
    pull_out: Rows
    pull_in: Rows
    tip: Rows
    way: Rows

    @property
    def bounds(self) -> Rows:
        """(n, 4): left, top, right, bottom, with some room for heads and line width."""
        corners = np.stack([self.start, self.pull_out, self.pull_in, self.tip])
        return np.hstack([corners.min(axis=0) - 10.0, corners.max(axis=0) + 10.0])

    def part(self, which: NDArray[np.bool_] | Slots) -> Curves:
        return Curves(*(rows[which] for rows in (self.start, self.pull_out, self.pull_in, self.tip, self.way)))


class EdgeTable:
    """`take` the links whenever they or the slots of agents are different; everything else is asked with the present points."""

    def __init__(self) -> None:
        self.links: tuple[Link, ...] = ()
        none = np.empty(0, np.intp)
        self.source: Slots = none
        self.target: Slots = none
        self.kind: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._of: dict[str, list[int]] = {}
        self._shift: Rows = np.empty(0)

    def __len__(self) -> int:
        return len(self.links)

    def take(self, links: Sequence[Link], places: PlaceIndex) -> None:
        """Those of whose agents one has no place yet are left out."""
        lanes: dict[tuple[str, str], int] = {}
        kept: list[Link] = []
        shifts: list[float] = []
        for link in links:
            if link.source in places and link.target in places:
                pair = (link.source, link.target)
                lane = lanes[pair] = lanes.get(pair, -1) + 1
                kept.append(link)
                shifts.append(_LANE * (lane + 0.5))
        self.links = tuple(kept)
        self._of = {}
        for number, link in enumerate(kept):
            self._of.setdefault(link.entanglement_id, []).append(number)
        self.source = places.of([link.source for link in kept])
        self.target = places.of([link.target for link in kept])
        self.kind = np.array([KINDS.index(link.kind) if link.kind in KINDS else 0 for link in kept], np.uint8)
        self._shift = np.array(shifts)

    def of_entanglement(self, entanglement_id: str) -> Sequence[int]:
        """Which of `links` are its."""
        return self._of.get(entanglement_id, ())

    def touching(self, slots: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which links begin or end in the marked slots; `slots` has one entry a slot."""
        found: NDArray[np.bool_] = slots[self.source] | slots[self.target]
        return found

    def curves(self, xy: Points, half: tuple[float, float] = HALF_CARD) -> Curves:
        """From node to node by the places `xy` of all slots; `half` as wide and high as half of what is drawn of a node."""
        source, target = xy[self.source], xy[self.target]
        d = target - source
        across = (np.abs(d[:, 0]) * CARD_HEIGHT >= np.abs(d[:, 1]) * CARD_WIDTH) | (np.abs(d[:, 0]) > CARD_WIDTH)
        sign = np.where(d >= 0, 1.0, -1.0)
        way = np.zeros_like(d)
        way[:, 0] = np.where(across, sign[:, 0], 0.0)
        way[:, 1] = np.where(across, 0.0, sign[:, 1])
        # There and back run on two sides of the straight line.
        side = np.stack([way[:, 1], -way[:, 0]], axis=1) * self._shift[:, None]
        reach = np.where(across, *half)[:, None]
        start, tip = source + way * reach + side, target - way * reach + side
        ahead = ((tip - start) * way).sum(axis=1) - _HEAD
        pull = np.where(ahead > 0, np.minimum(ahead / 2, 160.0), 40.0)[:, None]  # more would fold the curve back on itself
        return Curves(start, start + way * pull, tip - way * (_HEAD + pull), tip, way)

    def crossing(self, curves: Curves, box: Box) -> NDArray[np.bool_]:
        """Which may be seen in `box`."""
        bounds = curves.bounds
        found: NDArray[np.bool_] = (
            (bounds[:, 0] <= box.right) & (bounds[:, 2] >= box.left) & (bounds[:, 1] <= box.bottom) & (bounds[:, 3] >= box.top)
        )
        return found

    def near(self, curves: Curves, point: Point, reach: float) -> int | None:
        """The link whose curve passes nearest to `point`, and not further away than `reach`."""
        found = np.flatnonzero(self.crossing(curves, Box(point.x - reach, point.y - reach, point.x + reach, point.y + reach)))
        if not len(found):
            return None
        some = curves.part(found)
        pieces = _segments([some.start, some.pull_out, some.pull_in, some.tip])
        start, way = pieces[:, :2], pieces[:, 2:] - pieces[:, :2]
        length = np.maximum((way**2).sum(axis=1), 1e-9)
        along = np.clip(((np.array(point) - start) * way).sum(axis=1) / length, 0.0, 1.0)[:, None]
        distances = np.hypot(*(start + along * way - point).T).reshape(len(found), -1).min(axis=1)
        nearest = int(distances.argmin())
        return int(found[nearest]) if distances[nearest] <= reach else None


class EdgePainter:
    """Draws for one theme, in pixels of the device."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._font = theme.font("label")
        self._font.setWeight(QFont.Weight.Normal)
        self._metrics = QFontMetricsF(self._font)

    def draw(
        self,
        painter: QPainter,
        curves: Curves,
        table: EdgeTable,
        which: NDArray[np.bool_],
        at: Projection,
        *,
        faint: NDArray[np.bool_] | None = None,
        bright: bool = False,
        moving: bool = False,
    ) -> None:
        """Those of `which`; the `faint` ones (one entry a link) paler. `moving`: another frame follows, so it may be rougher."""
        for some, color in self._by_color(which, faint, self._color(bright=bright)):
            if some.any():
                self._draw_group(painter, curves.part(some), table.kind[some], at, color, 2.2 if bright else 1.5, moving=moving)

    def draw_far(
        self,
        painter: QPainter,
        ends: Rows,
        which: NDArray[np.bool_],
        *,
        faint: NDArray[np.bool_] | None = None,
        bright: bool = False,
        moving: bool = False,
    ) -> None:
        """The same from afar: `ends` (n, 4) are the middles of both agents in pixels, which their shapes cover."""
        # Very many together would hide the agents they lead to.
        usual = self._theme.tint("faint", _QUIET, "ground") if int(which.sum()) > _MANY else self._color(bright=bright)
        for some, color in self._by_color(which, faint, usual):
            if some.any():
                self._draw_straight(painter, ends if some.all() else ends[some], color, 2 if bright else 1, moving=moving)

    def _by_color(
        self, which: NDArray[np.bool_], faint: NDArray[np.bool_] | None, usual: QColor
    ) -> list[tuple[NDArray[np.bool_], QColor]]:
        if faint is None or not faint.any():
            return [(which, usual)]
        return [(which & faint, self._color(faint=True)), (which & ~faint, usual)]

    def _draw_straight(self, painter: QPainter, ends: Rows, color: QColor, width: float, *, moving: bool) -> None:
        length = _length_seen(painter, ends[:, :2], ends[:, 2:])
        smooth = length < (_SMOOTH_MOVING if moving else _SMOOTH)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        # Without smoothing a long line is quicker as a thin box than as a line of one pixel, a short one is not.
        long = not smooth and length > _LONG * len(ends)
        painter.setPen(QPen(color, _THIN_BOX if long and width < 2 else width))
        draw_lines(painter, ends)

    def draw_names(
        self,
        painter: QPainter,
        curves: Curves,
        table: EdgeTable,
        which: NDArray[np.bool_],
        at: Projection,
        *,
        bright: bool = False,
    ) -> None:
        """The names of named links, each in the middle of its curve, where the zoom has room for words."""
        if at.zoom < CARDS_FROM:
            return
        chosen = [index for index in np.flatnonzero(which).tolist() if table.links[index].name][:_MANY]
        if not chosen:
            return
        middles = at.to_pixels((curves.start + 3 * curves.pull_out + 3 * curves.pull_in + curves.tip)[chosen] / 8)
        spans = np.abs(curves.tip - curves.start)[chosen]
        level = (spans[:, 1] < 20) & (curves.way[chosen, 0] != 0)
        painter.setFont(self._font)
        for row, index in enumerate(chosen):
            room = max(64.0, spans[row, 0] - 12) * at.scale if curves.way[index, 0] else 120.0 * at.scale
            # Beside a level link (on the side away from the one that leads back), on one that bends.
            beside = -11 * curves.way[index, 0] if level[row] else 0.0
            middle = QPointF(middles[row, 0], middles[row, 1] + beside * max(1.0, at.scale))
            self._draw_name(
                painter, table.links[index].name, middle, min(room, 140.0 * at.scale), bare=bool(level[row]), bright=bright
            )

    def _color(self, *, bright: bool = False, faint: bool = False) -> QColor:
        if faint:
            return self._theme.tint("faint", _FAINT, "ground")
        return self._theme.color("accent") if bright else self._theme.color("faint")

    def _draw_group(
        self,
        painter: QPainter,
        curves: Curves,
        kinds: NDArray[np.uint8],
        at: Projection,
        color: QColor,
        width: float,
        *,
        moving: bool,
    ) -> None:
        start, tip = at.to_pixels(curves.start), at.to_pixels(curves.tip)
        smooth = _length_seen(painter, start, tip) < (_SMOOTH_MOVING if moving else _SMOOTH)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if len(start) > _MANY or (moving and not smooth):
            self._draw_straight(painter, np.hstack([start, tip]), color, 1 if width < 2 else 2, moving=moving)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)
        # A line of one pixel has a path of its own in the raster engine, several times as quick as any other.
        painter.setPen(QPen(color, 1 if moving else width))
        steady = kinds != _DEPENDENCY
        end = at.to_pixels(curves.tip - curves.way * np.where(kinds == _DATA, 0.0, _HEAD)[:, None])
        controls = (start, at.to_pixels(curves.pull_out), at.to_pixels(curves.pull_in), end)
        draw_lines(painter, _segments([rows[steady] for rows in controls], _CURVE_MOVING if moving else _CURVE))
        if not steady.all():
            self._draw_dashed(painter, [rows[~steady] for rows in controls])
        self._draw_ends(painter, kinds, start, tip, curves.way, at, color, moving=moving)

    def _draw_dashed(self, painter: QPainter, controls: list[Rows]) -> None:
        """Dashes of about 6 px: each curve is cut by its length, those of about one length together."""
        spans = np.abs(controls[3] - controls[0]).sum(axis=1)
        pieces = np.clip(2 ** np.ceil(np.log2(np.maximum(spans, 1.0) / 6.0)), 8, 256).astype(int)
        for count in np.unique(pieces).tolist():
            same = pieces == count
            rows = _segments([part[same] for part in controls], np.linspace(0.0, 1.0, count + 1))
            draw_lines(painter, rows.reshape(-1, count, 4)[:, ::2].reshape(-1, 4))

    def _draw_ends(
        self,
        painter: QPainter,
        kinds: NDArray[np.uint8],
        start: Rows,
        tip: Rows,
        way: Rows,
        at: Projection,
        color: QColor,
        *,
        moving: bool,
    ) -> None:
        size = _HEAD * at.scale
        back = tip - way * size
        wings = np.stack([-way[:, 1], way[:, 0]], axis=1) * (size * 0.55)
        left, right = back + wings, back - wings
        open_heads = (kinds != _DATA) if moving else (kinds == _DEPENDENCY)
        draw_lines(painter, np.vstack([np.hstack([side[open_heads], tip[open_heads]]) for side in (left, right)]))
        draw_lines(painter, np.hstack([back[open_heads], tip[open_heads]]))
        if moving:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        for row in np.flatnonzero((kinds != _DEPENDENCY) & (kinds != _DATA)).tolist():
            corners = (tip[row].tolist(), left[row].tolist(), right[row].tolist())
            painter.drawConvexPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        radius = max(1.5, size * 0.36)
        for row in np.flatnonzero(kinds == _DATA).tolist():
            for end in (start[row].tolist(), tip[row].tolist()):
                painter.drawEllipse(QPointF(*end), radius, radius)

    def _draw_name(self, painter: QPainter, name: str, middle: QPointF, room: float, *, bare: bool, bright: bool) -> None:
        shown = self._metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        width, height = self._metrics.horizontalAdvance(shown) + 6, self._metrics.height()
        box = QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)
        if not bare:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("ground"))
            painter.drawRoundedRect(box, 4, 4)
        painter.setPen(self._theme.color("accent" if bright else "dim"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)


def _length_seen(painter: QPainter, start: Rows, tip: Rows) -> float:
    """About how many pixels of these lines are on the device."""
    device = painter.device()
    size = (device.width(), device.height())
    return float(np.abs(np.clip(tip, 0, size) - np.clip(start, 0, size)).max(axis=1).sum())


def _segments(controls: list[Rows], steps: NDArray[np.float64] = _CURVE) -> Rows:
    """Cubic curves as pieces of line, (n * (len(steps) - 1), 4); `controls` are four (n, 2)."""
    t = steps[None, :, None]
    a, b, c, d = (rows[:, None, :] for rows in controls)
    points = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    return np.concatenate([points[:, :-1], points[:, 1:]], axis=2).reshape(-1, 4)
