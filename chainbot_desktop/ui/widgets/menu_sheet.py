"""A menu that a finger can hit: rows of 56 px over the window's content, beside the place that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.kinetic import KineticArea
from chainbot_desktop.ui.widgets.overlay import Overlay


class MenuSheet(Overlay):
    """Add rows, then `open_at(global position)`. A row closes the menu, then runs."""

    def __init__(self, origin: QWidget, themes: ThemeSource) -> None:
        super().__init__(origin, themes, "menu", dims=False)
        self._rows: list[Button] = []
        self._at: QPoint | None = None
        self._content = QWidget()
        self._list = QVBoxLayout(self._content)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._area = KineticArea(self._content)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self.panel)
        outer.setContentsMargins(*[themes.current.px(6)] * 4)
        outer.addWidget(self._area)

    @property
    def rows(self) -> Sequence[Button]:
        return tuple(self._rows)

    def add(
        self, label: str, callback: Callable[[], object], *, icon: str = "", enabled: bool = True, destructive: bool = False
    ) -> Button:
        """A destructive row stands apart from the harmless ones: add it last."""
        if destructive:
            self.add_gap()
        row = Button(label, self.themes, kind="danger" if destructive else "row", icon=icon)
        row.setEnabled(enabled)
        row.clicked.connect(self.dismiss)
        row.clicked.connect(lambda: callback())  # noqa: PLW0108 (the signal's bool is not for the callback)
        self._rows.append(row)
        self._list.addWidget(row)
        return row

    def add_gap(self) -> None:
        theme = self.themes.current
        line = QFrame()
        line.setProperty("kind", "line")
        line.setFixedHeight(1)
        self._list.addSpacing(theme.px(8))
        self._list.addWidget(line)
        self._list.addSpacing(theme.px(8))

    def open_at(self, position: QPoint) -> None:
        self.point_at(position)
        self.open()

    def point_at(self, position: QPoint) -> None:
        """Where `open` will put it (global)."""
        self._at = self._host.mapFromGlobal(position)

    def place_panel(self) -> None:
        """Below and right of the place if there is room, else shifted so that all of it can be seen."""
        theme = self.themes.current
        self._content.ensurePolished()
        for row in self._rows:
            row.ensurePolished()
        hint = self._list.totalSizeHint()
        room = self.rect().adjusted(theme.px(8), theme.px(8), -theme.px(8), -theme.px(8))
        width = min(room.width(), max(theme.px(200), hint.width() + 2 * theme.px(6) + theme.px(12)))
        height = min(room.height(), hint.height() + 2 * theme.px(6) + 2)
        at = self._at or room.center() - QPoint(width // 2, height // 2)
        x = min(max(room.left(), at.x()), room.right() - width + 1)
        y = min(max(room.top(), at.y()), room.bottom() - height + 1)
        self.panel.setGeometry(x, y, width, height)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Down)
        else:
            super().keyPressEvent(event)
