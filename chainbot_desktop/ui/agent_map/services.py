"""What the map is handed besides the directory: what measures, lays out and remembers; each may be missing, and then is not offered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chainbot_desktop.agents.logs import AgentLine
from chainbot_desktop.agents.vitals import Figures, Pulse, Rate
from chainbot_desktop.ui.agent_map.layouts.request import Layout, LayoutRequest
from chainbot_desktop.ui.agent_map.memory import MapMemory
from chainbot_desktop.ui.agent_map.replay import History


class Layouts(Protocol):
    """Of `layouts.worker.LayoutWorker`."""

    async def arrange(self, request: LayoutRequest) -> Layout | None:
        """None if a newer request took its place."""
        ...


class Vitals(Protocol):
    """Of agents.vitals.AgentVitals."""

    def __contains__(self, agent_id: str) -> bool: ...

    def activity(self, agent_id: str) -> tuple[int, ...]: ...

    def figures(self, agent_id: str) -> Figures: ...

    def rate(self, entanglement_id: str) -> Rate: ...

    def watch(self) -> Callable[[], None]: ...

    def on_change(self, listener: Callable[[frozenset[str]], None]) -> Callable[[], None]: ...

    def on_pulse(self, listener: Callable[[Pulse], None]) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True)
class MapServices:
    """`tail`: the newest lines of an agent's log, oldest first; none for one that does not run here."""

    layouts: Layouts | None = None
    vitals: Vitals | None = None
    tail: Callable[[str, int], Sequence[AgentLine]] | None = None
    history: History | None = None
    memory: MapMemory = field(default_factory=MapMemory)
