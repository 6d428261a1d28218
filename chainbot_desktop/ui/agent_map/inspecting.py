"""What the panel of details shows: one agent as the map shows it, with its live part while it runs here."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from chainbot_desktop.agents.records import DirectoryChange
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.control import AgentControl
from chainbot_desktop.ui.agent_map.details import DetailsPanel
from chainbot_desktop.ui.agent_map.live_section import RUNS_SHOWN
from chainbot_desktop.ui.agent_map.model import MapModel
from chainbot_desktop.ui.agent_map.runtime import AgentRuntime
from chainbot_desktop.ui.agent_map.times import now_utc
from chainbot_desktop.ui.frames import FrameClock


class Inspector(QObject):
    """`name_of` knows agents by id, also those that the map does not show."""

    def __init__(
        self,
        details: DetailsPanel,
        model: MapModel,
        control: AgentControl | None,
        frames: FrameClock,
        tasks: Tasks,
        name_of: Callable[[str], str],
    ) -> None:
        super().__init__(details)
        self._details = details
        self._model = model
        self._control = control
        self._frames = frames
        self._tasks = tasks
        self._name_of = name_of
        self._runs_of: tuple[str, str] | None = None
        if control is not None:
            details.destroyed.connect(control.parts.agents.on_change(self._on_runtime_changed))

    @property
    def agent_id(self) -> str | None:
        """Whose details can be seen."""
        return self._details.agent_id

    def show(self, agent_id: str) -> bool:
        """Whether there is such an agent."""
        agent = self._model.shown(agent_id)
        if agent is None:
            return False
        self._details.show_agent(agent, self._model.entanglements_of(agent_id), self._name_of)
        self._show_live(agent_id)
        if self._details.isHidden():
            self._details.show()
            self._details.raise_()
            self._details.take_focus()
        return True

    def hide(self) -> bool:
        """Whether there was something to hide."""
        if self._details.isHidden():
            return False
        self._details.hide()
        self._details.live.log.follow(None)
        return True

    def refresh(self, change: DirectoryChange) -> None:
        shown = self.agent_id
        if shown is None:
            return
        links = self._model.entanglements_of(shown)
        concerned = {shown, *(member for link in links for member in link.agents)}
        agent = self._model.shown(shown)
        if agent is not None and (change.entanglements or concerned & change.agents):
            self._details.show_agent(agent, links, self._name_of)
            self._show_live(shown)

    def refresh_times(self) -> None:
        self._details.refresh_times(now_utc())

    def _on_runtime_changed(self, agent_id: str) -> None:
        """Often, so once a frame, and only for the one that is looked at."""
        if self.agent_id == agent_id:
            self._frames.request(lambda: self._show_live(agent_id), "live")

    def _show_live(self, agent_id: str) -> None:
        if self.agent_id not in (None, agent_id):
            return
        control = self._control if self._model.present else None
        agents = control.parts.agents if control is not None else None
        live = agents.live(agent_id) if agents is not None else None
        self._details.show_live(live, agents.log(agent_id) if agents is not None and live is not None else None)
        self._details.offer_actions(control is not None and bool(control.actions_of(agent_id)))
        self.refresh_times()
        looked_at = (agent_id, f"{live.run_id}{live.queued}{live.state}") if live is not None else None
        if agents is not None and looked_at is not None and looked_at != self._runs_of:
            self._tasks.spawn("map: runs", self._read_runs(agents, agent_id))
        self._runs_of = looked_at

    async def _read_runs(self, agents: AgentRuntime, agent_id: str) -> None:
        runs = await agents.runs_of(agent_id, limit=RUNS_SHOWN)
        if self.agent_id == agent_id:
            self._details.show_runs(runs)
