"""What the shell asks of a window, and what a window asks of the shell. Imports PySide6 alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

OVERLAY_HOST = "overlayHost"
"""A widget with this property carries the sheets and menus of what is inside it."""

Severity = Literal["info", "success", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for the shell's message bar. Information leaves by itself, an error stays until it is closed."""

    text: str
    severity: Severity = "info"
    hint: str = ""
    action_label: str = ""
    action: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can have done: offered by the palette (Ctrl+K), and listed by F1 when it has a `shortcut`.

    `shortcut` is in Qt's portable text ("Ctrl+S"); the view that offers the command binds it itself.
    """

    id: str
    label: str
    run: Callable[[], object]
    shortcut: str = ""
    icon: str = ""


class WindowView(QWidget):
    """One of the four windows. The shell makes it after the first paint and calls nothing but what stands here."""

    badge_changed = Signal(int)
    message = Signal(object)
    """A `Message`."""
    open_requested = Signal(str, object)
    """(key of another window, content for its `present`)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def present(self, content: Mapping[str, object]) -> None:
        """Show that content. A view that can show something in particular overrides this; a key it does not know it ignores."""

    def shown_first_time(self) -> None:
        """Called once, when the view is about to be seen: the place to load what it shows."""

    def commands(self) -> Sequence[Command]:
        return ()

    def unsaved(self) -> Sequence[str]:
        """Names of what would be lost if the program ended now."""
        return ()

    def save_unsaved(self, done: Callable[[bool], None]) -> None:
        """Save all that `unsaved` names, then call `done` with whether everything is safe."""
        done(not self.unsaved())

    def no_swipe_area(self) -> QWidget | None:
        """The part where a swipe from the edge must not switch windows (the editor)."""
        return None
