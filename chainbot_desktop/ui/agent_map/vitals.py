"""The figures on the cards and the dots on the links: what is measured, brought to the scene while somebody can see it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRectF

from chainbot_desktop.agents.vitals import Figures, Pulse
from chainbot_desktop.ui.agent_map.cards import NO_FIGURES, CardFigures
from chainbot_desktop.ui.agent_map.log_tail import text_of
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.agent_map.services import MapServices

_TAIL = 4


class MapVitals(QObject):
    """`watch` while the map is seen, `rest` else: figures of processes are measured only while somebody watches."""

    def __init__(self, scene: MapScene, services: MapServices, ground: Callable[[], QRectF], parent: QObject) -> None:
        super().__init__(parent)
        self._scene = scene
        self._vitals = services.vitals
        self._tail = services.tail
        self._ground = ground
        self._ends: list[Callable[[], None]] = []
        self.shown = True
        """False while the map shows the past, of which nothing was measured."""
        if self._vitals is not None:
            scene.figures = self._figures
            parent.destroyed.connect(_ending(self._ends))

    def watch(self) -> None:
        if self._vitals is not None and not self._ends:
            self._ends += [
                self._vitals.watch(),
                self._vitals.on_change(self._on_changed),
                self._vitals.on_pulse(self._on_pulse),
            ]

    def rest(self) -> None:
        _ending(self._ends)()

    def _figures(self, agent_id: str, tail: bool) -> CardFigures:
        if self._vitals is None or not self.shown or agent_id not in self._vitals:
            return NO_FIGURES
        lines = tuple(map(text_of, self._tail(agent_id, _TAIL))) if tail and self._tail is not None else ()
        return CardFigures(self._vitals.activity(agent_id), in_words(self._vitals.figures(agent_id)), lines)

    def _on_changed(self, ids: frozenset[str]) -> None:
        if self.shown:
            self._scene.refresh_figures(ids, self._ground())

    def _on_pulse(self, pulse: Pulse) -> None:
        if self.shown:
            self._scene.pulses.add(pulse)


def in_words(figures: Figures) -> str:
    """CPU and memory of what has processes, else the tokens of the task or of the day."""
    if figures.memory_bytes is not None:
        memory = figures.memory_bytes / 1e6
        size = f"{memory / 1000:.1f} GB" if memory >= 1000 else f"{memory:.0f} MB"
        return f"{figures.cpu_percent:.0f} % · {size}" if figures.cpu_percent is not None else size
    tokens = figures.tokens_task if figures.tokens_task is not None else figures.tokens_today
    if not tokens:
        return ""
    return f"{tokens / 1000:.1f}k tokens" if tokens >= 1000 else f"{tokens} tokens"


def _ending(ends: list[Callable[[], None]]) -> Callable[[], None]:
    def end() -> None:
        while ends:
            ends.pop()()

    return end
