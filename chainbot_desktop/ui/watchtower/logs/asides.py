"""For a while something else than what passes the filter: all lines around one, or those that were folded; and the way back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from chainbot_desktop.ui.watchtower.logs.reading import Reading
from chainbot_desktop.ui.watchtower.logs.viewport import LogViewport
from chainbot_desktop.watch.logs.document import LogRow


class Asides(QObject):
    """`reading`: what is read now."""

    changed = Signal()
    """The rows are others."""

    def __init__(self, view: LogViewport, reading: Callable[[], Reading]) -> None:
        super().__init__(view)
        self._view, self._reading = view, reading
        self._spot = (0, 0, True)

    def around(self, number: int) -> None:
        self._keep_spot()
        self._reading().around(number)
        self._show(number)

    def unfold(self, row: LogRow) -> None:
        self._keep_spot()
        self._reading().unfold(row)
        self._show(row.number)

    def back(self) -> None:
        """To what passes, where it was left, with the line that was looked at still marked."""
        self._reading().back()
        self._view.show_rows(self._reading().rows, keep=True)
        self.changed.emit()
        number, top, followed = self._spot
        if followed:
            self._view.to_end()
        else:
            self._view.top_line(number, top)
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self, number: int) -> None:
        self._view.hit = number
        self._view.show_rows(self._reading().rows, keep=True)
        self.changed.emit()
        self._view.show_line(number)
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _keep_spot(self) -> None:
        visible = self._view.visible
        if self._reading().aside is None and visible:
            self._spot = (visible[0][0].number, visible[0][1], self._view.following)
