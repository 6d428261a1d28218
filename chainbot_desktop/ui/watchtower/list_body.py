"""What most pages of the Watchtower are: some lines of tools, and under them a list, or a word in its place while it has no rows."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QLayout, QStackedLayout, QVBoxLayout, QWidget

from chainbot_desktop.ui.widgets.focus_handing import hand_focus_on


class ListBody(QWidget):
    """Begins with `empty`. Given the keyboard, it hands it on to `rows`, and without any to `otherwise`, if it has that."""

    def __init__(
        self, tools: Iterable[QWidget | QLayout], rows: QWidget, empty: QWidget, *, otherwise: QWidget | None = None
    ) -> None:
        super().__init__()
        self._rows, self._empty = rows, empty
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for tool in tools:
            if isinstance(tool, QWidget):
                column.addWidget(tool)
            else:
                column.addLayout(tool)
        self._stack = QStackedLayout()
        column.addLayout(self._stack, 1)  # first, or what it shows would be a window of its own for a moment
        self._stack.addWidget(empty)
        self._stack.addWidget(rows)
        hand_focus_on(self, lambda: rows if otherwise is None or self._stack.currentWidget() is rows else otherwise)

    def show_rows(self, there: bool) -> None:
        self._stack.setCurrentWidget(self._rows if there else self._empty)
