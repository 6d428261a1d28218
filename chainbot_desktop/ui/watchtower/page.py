"""What the Watchtower asks of each of its pages, and what a page asks of the Watchtower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.view import Command


class Page(QWidget):
    """Made when it is first looked at, unless its `PageKind` is eager."""

    message = Signal(object)
    """A `ui.view.Message`."""
    open_requested = Signal(str, object)
    """(key of a window, content for its `present`); "watchtower" for another page."""
    count_changed = Signal(int)
    """How many things here want to be looked at: a number beside the page's name, and part of the window's badge."""

    @property
    def first(self) -> QWidget:
        """What has the focus when the page comes to the front."""
        raise NotImplementedError

    def shown_first_time(self) -> None:
        """Called once, before the page is seen: the place to load what it shows."""

    def present(self, content: Mapping[str, object]) -> None:
        """Show that content. A key that the page does not know it ignores."""

    def focus_filter(self) -> bool:
        """Ctrl+F: put the caret into the page's filter; False where it has none."""
        return False

    def toggle_pause(self) -> None:
        """Space: hold still, or follow again."""

    def commands(self) -> Sequence[Command]:
        """What else can be done here."""
        return ()
