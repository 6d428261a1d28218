"""How a message reaches an agent that is at work: offered over the composer while one is meant that works."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from chainbot_desktop.core.ports import TalkDelivery
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.chip import Chip

_WAYS: tuple[tuple[TalkDelivery, str, str], ...] = (
    ("queue", "Queue", "After what it does now"),
    ("between", "Steer", "Between two of its steps"),
    ("interrupt", "Interrupt", "Instead of what it does now"),
)


class DeliveryBar(QWidget):
    """One of three is chosen. `set_working` names who works; an empty name hides it."""

    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._name = ""
        self._label = QLabel()
        self._label.setProperty("role", "label")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._label, 1)
        self.chips: dict[TalkDelivery, Chip] = {}
        for way, label, meaning in _WAYS:
            chip = Chip(label, themes, checked=way == "queue")
            chip.setToolTip(meaning)
            chip.setAccessibleName(f"{label}: {meaning.lower()}")
            chip.clicked.connect(partial(self.choose, way))
            self.chips[way] = chip
            self._layout.addWidget(chip)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self.hide()

    @property
    def delivery(self) -> TalkDelivery:
        """ "queue" where nobody works, whatever was chosen before."""
        if not self._name:
            return "queue"
        return next((way for way, chip in self.chips.items() if chip.isChecked()), "queue")

    def choose(self, way: TalkDelivery, _checked: bool = True) -> None:
        for each, chip in self.chips.items():
            chip.setChecked(each == way)
        self._show_label()

    def set_working(self, name: str) -> None:
        self._name = name
        self.setVisible(bool(name))
        self._show_label()

    def _show_label(self) -> None:
        meaning = next(meaning for way, _, meaning in _WAYS if way == self.delivery)
        text = f"{self._name} is at work. {meaning}:"
        self._label.setToolTip(text)
        room = max(0, self._label.width())
        self._label.setText(QFontMetrics(self._label.font()).elidedText(text, Qt.TextElideMode.ElideRight, room))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_label()

    def _on_theme_changed(self, theme: Theme) -> None:
        self._layout.setSpacing(theme.px(8))
