"""Thousands of lines, boxes, points and stamps with one call each: rows of numbers handed to QPainter as they lie in memory.

A list of `QLineF` costs more to make than to draw. The rows here have the layout of Qt's own structures (`double` fields in the order
of the class), and PySide6 passes the address of the first on to C++.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainter, QPixmap

Rows = NDArray[np.float64]


def draw_lines(painter: QPainter, rows: Rows) -> None:
    """(n, 4): x1, y1, x2, y2."""
    rows = _laid_out(rows, 4)
    if len(rows):
        cast("Any", painter).drawLines(_first(rows, QLineF), len(rows))


def draw_rects(painter: QPainter, rows: Rows) -> None:
    """(n, 4): left, top, width, height."""
    rows = _laid_out(rows, 4)
    if len(rows):
        cast("Any", painter).drawRects(_first(rows, QRectF), len(rows))


def draw_points(painter: QPainter, rows: Rows) -> None:
    """(n, 2): x, y."""
    rows = _laid_out(rows, 2)
    if len(rows):
        cast("Any", painter).drawPoints(_first(rows, QPointF), len(rows))


def draw_stamps(painter: QPainter, at: Rows, cells: Rows, picture: QPixmap) -> None:
    """Copies of parts of `picture`, each middle at a row of `at` (n, 2); `cells` (n, 4): left, top, width, height in its own pixels."""
    if not len(at):
        return
    rows = np.zeros((len(at), 10))
    rows[:, 0:2] = at
    rows[:, 2:6] = cells
    rows[:, 6:8] = 1.0 / picture.devicePixelRatio()  # Qt would take its pixels for those of the painter
    rows[:, 9] = 1.0
    cast("Any", painter).drawPixmapFragments(_first(rows, QPainter.PixmapFragment), len(rows), picture)


def _laid_out(rows: Rows, columns: int) -> Rows:
    # A wrong shape would let C++ read what is not ours.
    if rows.ndim != 2 or rows.shape[1] != columns:
        raise ValueError(f"rows of {columns} numbers are needed, not {rows.shape}")
    return np.ascontiguousarray(rows, np.float64)


def _first(rows: Rows, kind: type[object]) -> object:
    return shiboken6.wrapInstance(rows.ctypes.data, cast("Any", kind))
