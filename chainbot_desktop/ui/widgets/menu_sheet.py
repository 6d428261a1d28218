"""A menu that a finger can hit: rows of 56 px over the window's content, beside the place that asked for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button, ButtonKind
from chainbot_desktop.ui.widgets.kinetic import KineticArea
from chainbot_desktop.ui.widgets.overlay import Overlay


class _Row(Button):
    def __init__(self, label: str, keys: str, themes: ThemeSource, *, kind: ButtonKind, icon: str) -> None:
        super().__init__(label, themes, kind=kind, icon=icon)
        self._keys = keys

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        if self._keys:
            width = QFontMetrics(self._themes.current.font("small")).horizontalAdvance(self._keys)
            hint.setWidth(hint.width() + width + self._themes.current.px(24))
        return hint

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._keys:
            theme = self._themes.current
            painter = QPainter(self)
            painter.setFont(theme.font("small"))
            painter.setPen(theme.color("dim"))
            box = self.rect().adjusted(0, 0, -theme.px(12), 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._keys)


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
        self,
        label: str,
        callback: Callable[[], object],
        *,
        icon: str = "",
        keys: str = "",
        enabled: bool = True,
        destructive: bool = False,
    ) -> Button:
        """`keys` do the same and are shown on the right. A destructive row stands apart from the harmless ones: add it last."""
        if destructive:
            self.add_gap()
        row = _Row(label, keys, self.themes, kind="danger" if destructive else "row", icon=icon)
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
