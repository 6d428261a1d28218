"""What the parts of the map that serve the hands are given: the map, what it shows, and who acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.vitals import Rate
from chainbot_desktop.core.events import Actor
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.canvas import MapCanvas
from chainbot_desktop.ui.agent_map.details import DetailsPanel
from chainbot_desktop.ui.agent_map.scene import MapScene
from chainbot_desktop.ui.theme import ThemeSource


@dataclass(frozen=True, slots=True)
class MapParts:
    view: QWidget
    scene: MapScene
    canvas: MapCanvas
    details: DetailsPanel
    directory: AgentDirectory
    themes: ThemeSource
    tasks: Tasks
    actor: Actor
    rate: Callable[[str], Rate] | None = None
    """How much passed over an entanglement, where that is measured."""

    def name_of(self, agent_id: str) -> str:
        agent = self.directory.get(agent_id)
        return agent.name if agent is not None else agent_id
