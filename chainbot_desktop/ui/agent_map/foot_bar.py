"""The bar at the foot of the map: what is selected, and what can be done with it. What has no room there is behind "More"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet


@dataclass(frozen=True, slots=True)
class BarAction:
    """`danger` stands apart: never in the bar, always behind "More", and asks before it does anything."""

    label: str
    run: Callable[[], object]
    icon: str = ""
    danger: bool = False


class FootBar(QFrame):
    closed = Signal()

    def __init__(self, themes: ThemeSource, closing: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes
        self._actions: tuple[BarAction, ...] = ()
        self._buttons: list[Button] = []
        self.setProperty("kind", "menu")
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setMinimumWidth(1)
        self.more = IconButton("more", "More for what is selected", themes)
        self.more.clicked.connect(self._on_more)
        self.close_button = IconButton("close", closing, themes)
        self.close_button.clicked.connect(self.closed)
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._words, 1)
        self._row.addWidget(self.more)
        self._row.addWidget(self.close_button)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    @property
    def words(self) -> str:
        return self._words.text()

    @property
    def buttons(self) -> Sequence[Button]:
        """Those that have room in the bar."""
        return [button for button in self._buttons if not button.isHidden()]

    def show_actions(self, words: str, actions: Sequence[BarAction]) -> None:
        self._words.setText(words)
        self._words.setToolTip(words)
        self.setAccessibleName(words)
        if [(each.label, each.danger) for each in actions] != [(each.label, each.danger) for each in self._actions]:
            self._make_buttons(actions)
        self._actions = tuple(actions)

    def place(self, room: QRect) -> None:
        """Along the lower edge of `room`, as wide as it takes."""
        theme = self._themes.current
        around = theme.px(12) + theme.px(4) + 2
        words = self._words.fontMetrics().horizontalAdvance(self._words.text()) + theme.px(12)
        least = theme.px(96)
        harmless = [button.sizeHint().width() + theme.px(8) for button in self._buttons]
        closing = theme.px(48) + theme.px(8)
        danger = any(action.danger for action in self._actions)
        fixed = around + min(words, room.width() // 2) + closing
        shown = len(harmless)
        while shown and fixed + sum(harmless[:shown]) + (closing if danger or shown < len(harmless) else 0) > room.width():
            shown -= 1
        for number, button in enumerate(self._buttons):
            button.setVisible(number < shown)
        self.more.setVisible(danger or shown < len(harmless))
        taken = sum(harmless[:shown]) + (closing if danger or shown < len(harmless) else 0)
        width = min(room.width(), around + max(least, words) + closing + taken)
        height = theme.px(56)
        self.setGeometry(room.x() + (room.width() - width) // 2, room.bottom() - height + 1, width, height)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _make_buttons(self, actions: Sequence[BarAction]) -> None:
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = []
        for number, action in enumerate(action for action in actions if not action.danger):
            button = Button(action.label, self._themes, kind="quiet", parent=self)
            label = action.label
            button.clicked.connect(lambda _=False, label=label: self._run(label))
            self._row.insertWidget(1 + number, button)
            self._buttons.append(button)

    def _run(self, label: str) -> None:
        next(action for action in self._actions if action.label == label).run()

    def _on_more(self) -> None:
        menu = MenuSheet(self, self._themes)
        shown = {button.text() for button in self.buttons}
        for action in self._actions:
            if action.danger or action.label not in shown:
                menu.add(action.label, action.run, icon=action.icon, destructive=action.danger)
        menu.open_at(self.more.mapToGlobal(QPoint(0, 0)))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setContentsMargins(theme.px(12), 0, theme.px(4), 0)
        self._row.setSpacing(theme.px(8))
        self.setMinimumSize(QSize(theme.px(120), theme.px(56)))
