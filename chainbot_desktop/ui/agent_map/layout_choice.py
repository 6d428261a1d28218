"""How a person chooses where agents stand: the menu, the commands of the palette and their keys, over an `Arranger`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.agent_map.arranging import GROUPINGS, MODES, Arranger, Grouping, Mode
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet


class LayoutChoice(QObject):
    def __init__(self, arranger: Arranger, themes: ThemeSource, host: QWidget) -> None:
        super().__init__(host)
        self._arranger = arranger
        self._themes = themes
        self._host = host

    def lay_out(self, mode: Mode) -> None:
        self._arranger.choose(mode, self._arranger.grouping)

    def group(self, grouping: Grouping) -> None:
        """Places that were chosen by hand alone are in no groups."""
        mode = self._arranger.mode
        self._arranger.choose("layered" if mode == "manual" and grouping else mode, grouping)

    def commands(self) -> Sequence[Command]:
        if not self._arranger.can_arrange:
            return ()
        return (
            Command("map.arrange", "Arrange the agents anew", self._arranger.arrange_anew, "A"),
            *(Command(f"map.layout.{mode}", f"Layout: {label}", partial(self.lay_out, mode)) for mode, label in MODES.items()),
            *(
                Command(f"map.group.{grouping or 'none'}", f"Groups: {label}", partial(self.group, grouping))
                for grouping, label in GROUPINGS.items()
            ),
        )

    def add_to(self, menu: MenuSheet, at: QPoint) -> None:
        """The rows that lead here; `at` (global) is where the choice opens."""
        if self._arranger.can_arrange:
            menu.add("Layout and groups…", partial(self._open, at))
            menu.add("Arrange anew", self._arranger.arrange_anew, keys="A")

    def _open(self, at: QPoint) -> None:
        arranger = self._arranger
        menu = MenuSheet(self._host, self._themes)
        for mode, label in MODES.items():
            menu.add(label, partial(self.lay_out, mode), icon="check" if mode == arranger.mode else "")
        menu.add_gap()
        for grouping, label in GROUPINGS.items():
            menu.add(label, partial(self.group, grouping), icon="check" if grouping == arranger.grouping else "")
        menu.open_at(at)
