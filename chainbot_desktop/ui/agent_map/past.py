"""A moment of the past as the map's source: what the journal said of agents and links by then, looked up by id."""

from __future__ import annotations

from chainbot_desktop.agents.moments import MapMoment
from chainbot_desktop.agents.records import Agent, Entanglement


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
