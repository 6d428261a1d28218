"""The sheet and the menus that the filter opens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.logs.filter_bar import FilterBar
from chainbot_desktop.ui.watchtower.logs.filter_sheet import FilterSheet
from chainbot_desktop.ui.watchtower.logs.filter_state import FOLDS, quick_ranges
from chainbot_desktop.ui.widgets import MenuSheet
from chainbot_desktop.watch.logs.document import Fold
from chainbot_desktop.watch.logs.sources.switches import LogSources

Known = Callable[[], tuple[Mapping[str, Sequence[str]], LogSources | None]]


class FilterMenus(QObject):
    """`known`: the names by source that occurred, and the sources if they can be turned on and off."""

    def __init__(self, owner: QWidget, bar: FilterBar, themes: ThemeSource, known: Known) -> None:
        super().__init__(owner)
        self._owner, self._bar, self._themes, self._known = owner, bar, themes, known

    def open_filters(self) -> None:
        names, sources = self._known()
        FilterSheet(self._owner, self._bar.state, names, sources, self._bar.set_state, self._themes).open()

    def open_times(self, at: QPoint) -> None:
        menu = MenuSheet(self._owner, self._themes)
        for label, since in quick_ranges(time.time()):
            menu.add(label, partial(self._set_since, since, "" if since is None else label))
        menu.add("From … to …", self.open_filters, icon="sliders")
        menu.open_at(at)

    def open_folds(self, at: QPoint) -> None:
        menu = MenuSheet(self._owner, self._themes)
        for key, (label, says) in FOLDS.items():
            menu.add(f"{label}: {says[0].lower()}{says[1:]}", partial(self._set_fold, key))
        menu.open_at(at)

    def _set_since(self, since: float | None, label: str) -> None:
        self._bar.set_state(replace(self._bar.state, after=since, before=None, time_label=label))

    def _set_fold(self, fold: Fold) -> None:
        self._bar.set_state(replace(self._bar.state, fold=fold))
