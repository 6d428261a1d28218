"""The past in the place of the present: a moment of the journal as the map's source, and what of the present must go on below it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.moments import MapMoment
from chainbot_desktop.agents.records import Agent, Entanglement
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.model import MapModel
from chainbot_desktop.ui.agent_map.replay import History, ReplayController
from chainbot_desktop.ui.agent_map.replay_bar import ReplayBar
from chainbot_desktop.ui.theme import ThemeSource


class PastSource:
    """Implements `model.MapSource`."""

    def __init__(self, moment: MapMoment) -> None:
        self.agents = moment.agents
        self.entanglements = moment.entanglements
        self._agents = {agent.id: agent for agent in moment.agents}
        self._links = {link.id: link for link in moment.entanglements}
        self._links_of: dict[str, list[Entanglement]] = {}
        for link in moment.entanglements:
            for agent_id in link.agents:
                self._links_of.setdefault(agent_id, []).append(link)

    def get(self, agent_id: str) -> Agent | None:
        return self._agents.get(agent_id)

    def entanglement(self, entanglement_id: str) -> Entanglement | None:
        return self._links.get(entanglement_id)

    def entanglements_of(self, agent_id: str) -> list[Entanglement]:
        return self._links_of.get(agent_id, [])


class Past(QObject):
    """`moment` is what the map shows instead of the present; None while it shows that."""

    began = Signal()
    ended = Signal()
    turned = Signal(object)
    """Another moment, or the present again: a `DirectoryChange` that the map has to take over."""
    needing_changed = Signal(int)
    """How many need input now, while the map shows how many did."""
    message = Signal(object)

    def __init__(
        self,
        model: MapModel,
        directory: AgentDirectory,
        history: History | None,
        themes: ThemeSource,
        tasks: Tasks,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._directory = directory
        self._needing: set[str] = set()
        self.moment: MapMoment | None = None
        self.bar = ReplayBar(themes, parent)
        self.bar.hide()
        self._replay = ReplayController(self.bar, history, tasks, self) if history is not None else None
        if self._replay is not None:
            self._replay.moment_shown.connect(self._on_moment)
            self._replay.live_again.connect(self._on_live_again)
            self._replay.message.connect(self.message)

    @property
    def is_there(self) -> bool:
        return self._replay is not None

    @property
    def active(self) -> bool:
        """Whether its bar is open."""
        return self._replay is not None and self._replay.active

    def open(self, seq: int | None = None) -> None:
        """The map as it was after that event, or as it is now, with the bar that goes back and forth."""
        if self._replay is not None:
            self._replay.open(seq)

    def toggle(self) -> None:
        if self._replay is not None:
            (self._replay.leave if self._replay.active else self._replay.open)()

    def count_needing(self, ids: Iterable[str]) -> None:
        """Of these agents, as they are now."""
        for id_ in ids:
            agent = self._directory.get(id_)
            asks = (
                agent is not None and not agent.ended and (agent.state is AgentState.NEEDS_INPUT or id_ in self._model.asking)
            )
            (self._needing.add if asks else self._needing.discard)(id_)
        self.needing_changed.emit(len(self._needing))

    def _on_moment(self, moment: MapMoment) -> None:
        first, self.moment = self.moment is None, moment
        if first:
            self._needing.clear()
            self.count_needing(agent.id for agent in self._directory.agents)
            self.began.emit()
        self.turned.emit(self._model.show(PastSource(moment), present=False))

    def _on_live_again(self) -> None:
        if self.moment is not None:
            self.moment = None
            self.ended.emit()
            self.turned.emit(self._model.show(self._directory, present=True))
