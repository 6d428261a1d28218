"""Who stands out on the map: chips, search and strip ask for it, here it is put into force and told."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.agents.filtering import EVERYTHING, AgentFilter
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.filter_strip import FilterStrip
from chainbot_desktop.ui.agent_map.filters import NO_KIND, FilterChips, describe
from chainbot_desktop.ui.agent_map.model import MapModel
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.agent_map.search_bar import SearchBar
from chainbot_desktop.ui.agent_map.shapes import LABELS
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command


class Filtering(QObject):
    """Makes the widgets; the view gives them their places."""

    changed = Signal()

    def __init__(self, model: MapModel, scene: MapScene, themes: ThemeSource, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._scene = scene
        self.chips = FilterChips(themes)
        self.search = SearchBar(themes)
        self.strip = FilterStrip(themes)
        self.chips.chosen.connect(self._use)
        self.search.searched.connect(self._on_search)
        self.strip.cleared.connect(self.clear)
        self.strip.hiding_chosen.connect(self.hide_others)

    def clear(self) -> bool:
        """Everything stands out again; whether anything did not."""
        if not self._model.selective:
            return False
        self._use(EVERYTHING)
        self.search.field.clear()
        return True

    def hide_others(self, hide: bool) -> None:
        self._model.hides_others = hide
        self._show()

    def toggle_hiding(self) -> None:
        self.hide_others(not self._model.hides_others)

    def refresh(self) -> None:
        """After the agents changed."""
        if self._model.selective:
            self._tell()

    def show_counts(self) -> None:
        self.chips.set_counts(self._model.counts, self._model.kinds, self._model.total)

    def commands(self) -> Sequence[Command]:
        kinds = sorted((kind for kind, count in self._model.kinds.items() if count), key=str.casefold)
        return (
            *(
                Command(f"map.filter.{state}", f"Agents: {LABELS[state]}", partial(self.chips.choose, state))
                for state in AgentState
            ),
            *(
                Command(f"map.kind.{kind}", f"Agents of kind: {kind or NO_KIND}", partial(self.chips.choose_kind, kind))
                for kind in kinds
            ),
            Command("map.filter.all", "Agents: all", self.clear),
            Command("map.filter.hide", "Agents: hide those that the filter leaves out, or show them", self.toggle_hiding),
        )

    def _on_search(self, text: str) -> None:
        self._use(self._model.filter.searching(text))

    def _use(self, wanted: AgentFilter) -> None:
        self._model.filter = wanted
        self.chips.show_filter(wanted)
        self.show_counts()
        self._show()

    def _show(self) -> None:
        self._scene.redraw()
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        self.search.show_count(len(self._scene.hits))
        model = self._model
        # The search alone says what it found; the strip is for what nobody would see otherwise.
        by_chips = bool(model.filter.states or model.filter.kinds)
        told = describe(model.filter) if by_chips or (model.selective and model.hides_others) else ""
        self.strip.show_filter(self._scene.standing_out(), model.total, told, hides=model.hides_others)
