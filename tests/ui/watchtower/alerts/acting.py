"""Taps as a person makes them: on what can be seen, where it is."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.watchtower.row_list import RowList
from tests.ui.watchtower.conftest import until

_LEFT = Qt.MouseButton.LeftButton


async def click(widget: QWidget) -> None:
    """Once it has its place."""
    await until(lambda: widget.isVisible() and min(widget.width(), widget.height()) >= 24)
    QTest.mouseClick(widget, _LEFT)


def tap_row(rows: RowList, index: int, *, x: int = 200) -> None:
    """`x` from the left; a negative one from the right."""
    top = index * rows.row_height - rows.verticalScrollBar().value()
    place = x if x >= 0 else rows.viewport().width() + x
    QTest.mouseClick(rows.viewport(), _LEFT, pos=QPoint(place, top + rows.row_height // 2))
