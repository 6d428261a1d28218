"""A dialog inside the window: title, content that scrolls, buttons. Asynchronous: it answers by callbacks and signals."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLayout, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button, ButtonKind, IconButton
from chainbot_desktop.ui.widgets.kinetic import KineticArea
from chainbot_desktop.ui.widgets.overlay import Overlay


class Sheet(Overlay):
    """Fill `body`, add actions, `open()`. `closed` comes however it ends; an action's callback comes just before it."""

    def __init__(self, origin: QWidget, title: str, themes: ThemeSource, *, width: int = 480) -> None:
        super().__init__(origin, themes, "sheet")
        theme = themes.current
        self._width = width
        self.first: QWidget | None = None
        """What gets the keyboard when it opens, if not the first thing inside."""
        self.setAccessibleName(title)
        outer = QVBoxLayout(self.panel)
        outer.setContentsMargins(theme.px(16), theme.px(8), theme.px(8), theme.px(16))
        outer.setSpacing(theme.px(8))
        outer.addLayout(self._head(title))
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(0, 0, theme.px(8), 0)
        self.body.setSpacing(theme.px(8))
        self._area = KineticArea(self._content)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer.addWidget(self._area, 1)
        self._actions = QHBoxLayout()
        self._actions.setContentsMargins(0, 0, theme.px(8), 0)
        self._actions.setSpacing(theme.px(8))
        self._actions.addStretch(1)
        outer.addLayout(self._actions)

    def add_text(self, text: str, role: str = "") -> QLabel:
        """A paragraph of plain text (`role` as in the stylesheet: dim, small, label, title)."""
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setProperty("role", role)
        self.body.addWidget(label)
        return label

    def add_action(
        self, text: str, callback: Callable[[], object] | None = None, *, kind: ButtonKind = "plain", closes: bool = True
    ) -> Button:
        """A button at the foot; unless told otherwise it closes the sheet after its callback."""
        button = Button(text, self.themes, kind=kind)
        if callback is not None:
            button.clicked.connect(lambda: callback())  # noqa: PLW0108 (the signal's bool is not for the callback)
        if closes:
            button.clicked.connect(self.dismiss)
        self._actions.addWidget(button)
        return button

    def add_gap(self) -> None:
        """Keeps a destructive action apart from the harmless ones."""
        self._actions.addSpacing(self.themes.current.px(24))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow and page keys that no child took scroll the content."""
        key, bar = event.key(), self._area.verticalScrollBar()
        steps = {
            Qt.Key.Key_Down: 48,
            Qt.Key.Key_Up: -48,
            Qt.Key.Key_PageDown: bar.pageStep(),
            Qt.Key.Key_PageUp: -bar.pageStep(),
        }
        if Qt.Key(key) in steps:
            bar.setValue(bar.value() + steps[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def wanted_width(self) -> int:
        return self.themes.current.px(self._width)

    def place_panel(self) -> None:
        """As high as the content wants, if the host has that much room; then the content scrolls."""
        theme = self.themes.current
        room = self.rect().adjusted(theme.px(8), theme.px(8), -theme.px(8), -theme.px(8))
        width = min(room.width(), self.wanted_width())
        inner = width - theme.px(16) - theme.px(8) - 2
        self._content.ensurePolished()
        # Qt tells one level of nested layouts a turn of the loop; the innermost must know first what was hidden.
        for layout in reversed(self._content.findChildren(QLayout)):
            layout.activate()
        has_height = self.body.hasHeightForWidth()
        wanted = self.body.totalHeightForWidth(inner) if has_height else self.body.totalSizeHint().height()
        around = theme.px(8) + theme.px(16) + theme.px(48) + theme.px(8) + 2
        if self._actions.count() > 1:
            around += theme.px(8) + self._actions.sizeHint().height()
        height = min(room.height(), wanted + around + theme.px(8))
        self.panel.setGeometry(room.x() + (room.width() - width) // 2, room.y() + (room.height() - height) // 2, width, height)

    def _head(self, title: str) -> QHBoxLayout:
        label = QLabel(title)
        label.setProperty("role", "title")
        label.setWordWrap(True)
        closing = IconButton("close", "Close", self.themes)
        closing.clicked.connect(self.dismiss)
        row = QHBoxLayout()
        row.addWidget(label, 1)
        row.addWidget(closing)
        return row

    def take_focus(self) -> None:
        """To `first`, else into the content, then the actions, and the closing cross last."""
        if self.first is not None:
            self.first.setFocus(Qt.FocusReason.PopupFocusReason)
            return
        stops = self._stops()
        inside = [stop for stop in stops if not isinstance(stop, IconButton)]
        (inside or stops)[0].setFocus(Qt.FocusReason.PopupFocusReason)
