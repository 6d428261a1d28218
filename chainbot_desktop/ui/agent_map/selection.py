"""Who is selected: one, or in select mode as many as a person touches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.ui.agent_map.canvas import MapCanvas
from chainbot_desktop.ui.agent_map.scene import MapScene


class Selection(QObject):
    """Writes what the scene calls `selected` and `chosen`; the first that was chosen is the one that keys are about."""

    changed = Signal()

    def __init__(self, scene: MapScene, canvas: MapCanvas, parent: QObject) -> None:
        super().__init__(parent)
        self._scene = scene
        self._canvas = canvas

    @property
    def many(self) -> bool:
        """Whether several can be selected just now, or are."""
        return self._canvas.selecting or len(self._scene.chosen) > 1

    @property
    def chosen(self) -> list[str]:
        """In reading order."""
        places = self._scene.model.places
        return sorted(self._scene.chosen, key=lambda id_: (places[id_][::-1] if id_ in places else (0.0, 0.0), id_))

    def set_mode(self, on: bool) -> None:
        """Leaving it leaves nothing selected."""
        if on == self._canvas.selecting or (on and self._canvas.read_only):
            return
        self._canvas.selecting = on
        self._canvas.show_hand(replace(self._canvas.hand, cursor=None, link=None))
        if not on:
            self._scene.select(None)
        self.changed.emit()

    def toggle(self, agent_id: str) -> None:
        if agent_id in self._scene.chosen:
            self._write(self._scene.chosen - {agent_id})
        else:
            self._write(self._scene.chosen | {agent_id}, agent_id)

    def add(self, ids: Iterable[str]) -> None:
        more = [id_ for id_ in ids if id_ in self._scene.model.agents]
        if more:
            self._write(self._scene.chosen | set(more))

    def add_all(self) -> None:
        """Whom the filter and the search let through."""
        if self._canvas.read_only:
            return
        model = self._scene.model
        self._canvas.selecting = True
        self.add(id_ for id_ in model.agents if id_ in model.places and model.stands_out(id_))
        self.changed.emit()

    def clear(self) -> None:
        self._write(frozenset())

    def prune(self) -> None:
        """Who has gone is not selected."""
        there = frozenset(id_ for id_ in self._scene.chosen if id_ in self._scene.model.agents)
        if there != self._scene.chosen:
            self._write(there)
        cursor = self._canvas.hand.cursor
        if cursor is not None and cursor not in self._scene.model.agents:
            self._canvas.show_hand(replace(self._canvas.hand, cursor=None))

    def _write(self, chosen: frozenset[str] | set[str], first: str | None = None) -> None:
        before = self._scene.selected
        lead = before if before in chosen else first if first is not None else min(chosen, default=None)
        if len(chosen) > 1 or self._canvas.hand.link is not None:
            self._canvas.show_hand(replace(self._canvas.hand, link=None))
        self._scene.select(lead, also=chosen)
        self.changed.emit()
