"""A line with its band as pixels: reduced by numpy to one value a pixel column, however many values there are.

Where there are fewer values than columns they are joined where they follow each other; very few are drawn as a line of Qt's, which
is smoother and takes far longer. A value that is missing is a gap in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from chainbot_desktop.store.metric_rows import Floats, Line

Reals = NDArray[np.float64]

_FEW = 100
"""Values up to which Qt strokes the line."""
_BAND = 0.3
"""How much of the line's colour the band from the lowest to the highest has."""


@dataclass(frozen=True, slots=True)
class Visible:
    """What of a line is seen: places (0 to 1 of the width) with lowest, mean and highest, NaN in a gap.

    `dense`: a place is a pixel column; else a value of its own.
    """

    places: Reals
    low: Reals
    mean: Reals
    high: Reals
    dense: bool

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Lowest and highest; None where nothing was measured."""
        if not len(self.low) or np.isnan(self.low).all():
            return None
        return float(np.nanmin(self.low)), float(np.nanmax(self.high))


def visible(line: Line, start: float, step: int, left: float, span: float, width: int) -> Visible:
    """Of a line whose values are `step` seconds from `start` on: those from `left` on for `span` seconds, in `width` pixels."""
    first = max(0, int((left - start) // step) - 1)
    last = min(len(line.mean), int(-(-(left + span - start) // step)) + 1)
    if last <= first:
        nothing = np.empty(0)
        return Visible(nothing, nothing, nothing, nothing, dense=False)
    low, mean, high = (values[first:last] for values in (line.low, line.mean, line.high))
    count = last - first
    places: Reals = (start + (np.arange(first, last, dtype=np.float64) + 0.5) * step - left) / span
    if count <= _FEW:
        return Visible(places, low.astype(np.float64), mean.astype(np.float64), high.astype(np.float64), dense=False)
    centres = (np.arange(width) + 0.5) / width
    if count <= width:
        between = (left + centres * span - start) / step - 0.5 - first
        lows, means, highs = (_between(values, between, step / span * width) for values in (low, mean, high))
        return Visible(centres, lows, means, highs, dense=True)
    # The first value of each column: values are a step apart, so that is a matter of counting.
    edges = np.ceil((left + np.arange(width) * span / width - start) / step - 0.5).astype(np.int64) - first
    edges = np.clip(edges, 0, count)
    filled = np.flatnonzero(np.diff(edges, append=count) > 0)
    starts = edges[filled]
    columns = np.full((3, width), np.nan)
    columns[0, filled] = np.fmin.reduceat(low, starts)
    columns[2, filled] = np.fmax.reduceat(high, starts)
    known = ~np.isnan(mean)
    counts = np.add.reduceat(known.astype(np.float64), starts)
    sums = np.add.reduceat(np.where(known, mean, 0).astype(np.float64), starts)
    columns[1, filled] = np.divide(sums, counts, out=np.full(len(starts), np.nan), where=counts > 0)
    return Visible(centres, columns[0], columns[1], columns[2], dense=True)


def _between(values: Floats, places: Reals, pixels: float) -> Reals:
    """At each of `places` (in steps) what lies on the straight way between two values; `pixels` is how wide a step is."""
    last = len(values) - 1
    before = np.clip(np.floor(places).astype(np.int64), 0, last)
    after = np.minimum(before + 1, last)
    part = np.clip(places - before, 0, 1)
    found: Reals = values[before] * (1 - part) + values[after] * part
    found[(places < -0.5) | (places > last + 0.5)] = np.nan
    # A value beside a gap, or alone, is seen where it is.
    nearest = np.clip(np.round(places).astype(np.int64), 0, last)
    close = np.isnan(found) & (np.abs(places - nearest) * pixels <= 1)
    found[close] = values[nearest[close]]
    return found


def draw(
    painter: QPainter,
    area: QRectF,
    seen: Visible,
    low: float,
    high: float,
    color: QColor,
    width: float = 2.0,
    *,
    band: bool = True,
) -> None:
    """`low` and `high` are the values at the bottom and the top of `area`."""
    if seen.bounds is None:
        return
    if not band:
        seen = replace(seen, low=seen.mean, high=seen.mean)
    if seen.dense:
        _draw_columns(painter, area, seen, low, high, color, width)
    else:
        _draw_points(painter, area, seen, low, high, color, width)


def _draw_columns(painter: QPainter, area: QRectF, seen: Visible, low: float, high: float, color: QColor, width: float) -> None:
    ratio = painter.device().devicePixelRatio()
    height, width = round(area.height() * ratio), width * ratio
    scale = (height - 1) / ((high - low) or 1.0)
    top, middle, bottom = (_rows(values, height, low, scale) for values in (seen.high, seen.mean, seen.low))
    # A line is joined to the middle of the way to its neighbours; it has no neighbour across a gap.
    ways = (np.append(np.float32(np.nan), middle[:-1]), np.append(middle[1:], np.float32(np.nan)))
    half = np.float32(width / 2)
    above: Floats = np.fmin(*(np.fmin(middle, (middle + other) / 2) for other in ways)) - half + np.float32(0.5)
    below: Floats = np.fmax(*(np.fmax(middle, (middle + other) / 2) for other in ways)) + half + np.float32(0.5)
    # Most lines are flat: only the rows that they touch are computed.
    first = max(0, int(np.nanmin(np.fmin(above, top))))
    last = min(height, int(np.nanmax(np.fmax(below, bottom))) + 2)
    if last <= first:
        return
    rows = np.arange(first, last, dtype=np.float32)[:, None]
    alpha = _coverage(rows, above, below)
    if (seen.low < seen.high).any():
        alpha += _BAND * _coverage(rows, top, bottom + np.float32(1)) * (1 - alpha)
    shades = _shades(color)[(alpha * color.alpha()).astype(np.uint8)]
    image = QImage(
        shades.data, shades.shape[1], shades.shape[0], shades.shape[1] * 4, QImage.Format.Format_ARGB32_Premultiplied
    )
    painter.drawImage(QRectF(area.left(), area.top() + first / ratio, area.width(), (last - first) / ratio), image)


def _rows(values: Reals, height: int, low: float, scale: float) -> Floats:
    """How far below the top, in pixels."""
    return (height - 1 - (values - low) * scale).astype(np.float32)


def _coverage(rows: NDArray[np.float32], top: Floats, bottom: Floats) -> NDArray[np.float32]:
    """How much of each pixel lies between `top` and `bottom` of its column."""
    high, low = np.nan_to_num(top, nan=1e9), np.nan_to_num(bottom, nan=-1e9)
    covered: NDArray[np.float32] = np.minimum(low[None, :], rows + 1)
    covered -= np.maximum(high[None, :], rows)
    return np.clip(covered, 0, 1, out=covered)


def _shades(color: QColor) -> NDArray[np.uint32]:
    """The colour at each of 256 strengths, premultiplied."""
    alpha = np.arange(256, dtype=np.uint32)
    red, green, blue = ((alpha * part // 255) for part in (color.red(), color.green(), color.blue()))
    shades: NDArray[np.uint32] = ((alpha << 24) | (red << 16) | (green << 8) | blue).astype(np.uint32)
    return shades


def _draw_points(painter: QPainter, area: QRectF, seen: Visible, low: float, high: float, color: QColor, width: float) -> None:
    scale = (area.height() - 1) / ((high - low) or 1.0)
    xs = area.left() + seen.places * area.width()
    top, middle, bottom = (area.bottom() - 1 - (values - low) * scale for values in (seen.high, seen.mean, seen.low))
    band = QColor(color)
    band.setAlphaF(_BAND)
    pen = QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    for first, last in runs(seen.mean):
        points = [QPointF(x, y) for x, y in zip(xs[first:last].tolist(), middle[first:last].tolist(), strict=True)]
        if (top[first:last] < bottom[first:last]).any():
            edge = [QPointF(x, y) for x, y in zip(xs[first:last].tolist(), top[first:last].tolist(), strict=True)]
            base = [QPointF(x, y) for x, y in zip(xs[first:last].tolist(), bottom[first:last].tolist(), strict=True)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(band)
            painter.drawPolygon(QPolygonF([*edge, *base[::-1]]))
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if len(points) == 1:
            painter.drawPoint(points[0])
        else:
            painter.drawPolyline(QPolygonF(points))


def runs(values: Reals) -> list[tuple[int, int]]:
    """The stretches without a gap, as (first, behind the last)."""
    known = ~np.isnan(values)
    edges = np.flatnonzero(np.diff(known.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
