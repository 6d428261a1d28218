"""Who gets the keyboard when a part of the window is given it.

A focus proxy would say so too, but Tab then jumps over everything inside the part that stands before the proxy.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QWidget


def hand_focus_on(part: QWidget, target: Callable[[], QWidget]) -> None:
    """`part.setFocus()` gives the keyboard to `target()`, asked each time; `part` itself is no stop of Tab."""
    part.installEventFilter(_HandOn(part, target))


class _HandOn(QObject):
    def __init__(self, part: QWidget, target: Callable[[], QWidget]) -> None:
        super().__init__(part)
        self._target = target

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFocusEvent) and event.gotFocus():
            target = self._target()
            if target is not watched and target.isVisible():
                target.setFocus(event.reason())
        return False
