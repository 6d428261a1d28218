"""Which channels an alert goes to: all that take it, some, or none."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets import Chip

_WHOM = (("all", "All channels that take it"), ("some", "These channels"), ("none", "Nobody: it is muted"))
_A_ROW = 4
"""Chips beside each other on a narrow screen."""


class NotifyField(QWidget):
    changed = Signal()

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self.whom = Picker("Tells", themes)
        self.whom.set_choices(_WHOM, "all")
        self.whom.chosen.connect(self._on_chosen)
        self._given: tuple[str, ...] = ()
        self.chips: dict[str, Chip] = {}
        self._holder = QWidget()
        self._rows = QVBoxLayout(self._holder)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(themes.current.px(4))
        column.addWidget(self.whom)
        column.addWidget(self._holder)
        self.setFocusProxy(self.whom)

    def show_names(self, names: Sequence[str] | None, channels: Sequence[str]) -> None:
        """`names` as a rule has them; a channel that is no longer there stays until somebody takes it out."""
        self._given = tuple(names or ())
        every = list(dict.fromkeys((*channels, *(names or ()))))
        if list(self.chips) != every:
            self._make_chips(every)
        for name, chip in self.chips.items():
            chip.setChecked(name in (names or ()))
        self.whom.choose_of(_WHOM, "all" if names is None else "some" if names else "none")
        self._holder.setVisible(bool(names))

    def names(self) -> tuple[str, ...] | None:
        """None: all."""
        if self.whom.value == "all":
            return None
        chosen = tuple(name for name, chip in self.chips.items() if chip.isChecked()) if self.whom.value == "some" else ()
        return self._given if set(chosen) == set(self._given) else chosen  # the order that it had is nobody's mistake

    def _make_chips(self, names: Sequence[str]) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            row = item.widget()
            if row is not None:
                row.deleteLater()
        self.chips = {}
        beside = QHBoxLayout()
        for number, name in enumerate(names):
            if number % _A_ROW == 0:
                row = QWidget()
                beside = QHBoxLayout(row)
                beside.setContentsMargins(0, 0, 0, 0)
                beside.setSpacing(self._themes.current.px(8))
                self._rows.addWidget(row)
            chip = self.chips[name] = Chip(name, self._themes)
            chip.toggled.connect(self.changed)
            beside.addWidget(chip)
            if number % _A_ROW == _A_ROW - 1 or number == len(names) - 1:
                beside.addStretch(1)

    def _on_chosen(self, whom: str) -> None:
        self._holder.setVisible(whom == "some")
        self.changed.emit()
