"""Where Tab goes within a part of the window.

`QWidget.nextInFocusChain` would say so too, but PySide6 then takes the widget it returns for a child of the one that was asked, and
when that one is deleted it declares what hangs on the other dead, the native window among it: the next touch would end the program.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def tab_stops(part: QWidget) -> list[QWidget]:
    """What can take the keyboard inside `part` now, in the order in which it was put in."""
    return [widget for widget in part.findChildren(QWidget) if is_tab_stop(widget)]


def is_tab_stop(widget: QWidget) -> bool:
    return bool(widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
