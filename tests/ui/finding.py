"""What a test looks for on the screen must be there: these fail with a word instead of handing on None."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QApplication, QWidget

W = TypeVar("W", bound=QWidget)


def focused() -> QWidget:
    """The widget that has the keyboard."""
    widget = QApplication.focusWidget()
    assert widget is not None, "nothing has the keyboard"
    return widget


def find(parent: QWidget, kind: type[W]) -> W:
    """The first child of that class."""
    widget = parent.findChild(kind)
    assert isinstance(widget, kind), f"there is no {kind.__name__}"
    return widget
