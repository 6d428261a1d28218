"""From events to agents and entanglements: a fold over the journal that is the same however often it is done.

`seq` alone decides what is later; the times that senders write are shown and never compared. So:

* A spawn of an agent that lives changes what it says; of one that has ended it begins a new life under the same id. What ends
  before it was spawned is known as ended from then on, and a later spawn brings it to life.
* Of an agent that runs here only this program says how it is: what webhooks and modules say of it changes nothing. When it
  has ended it keeps its entanglements, for it can be started again; it is gone when it was removed.
* What has ended stays to be looked at, without its entanglements, until 200 others have ended after it. A guest that left is
  gone.
* While one of ours lives, the row that ALEX OS keeps of it changes nothing; a guest that is spawned here becomes ours.
* An entanglement that was made here is changed and released here alone.
* An entanglement may name agents that are yet to come. When one of its agents ends or leaves it loses that agent, and with
  fewer than two left it is gone; so it is without the one that directs, for nobody inherits that.
* A place is kept for an agent that is not there (yet, or any more); of such places the newest 2,000.
* A module's report counts for the agent whose id it names, or whose name, if just one bears it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from chainbot_desktop.agents.facts import (
    RUNTIME_SOURCE,
    agent_of_fact,
    agent_of_guest,
    ended_by,
    entanglement_of_fact,
    in_state,
    reconfigured,
    reported,
)
from chainbot_desktop.agents.records import Agent, DirectoryChange, Entanglement, Place
from chainbot_desktop.core.events import (
    AgentMoved,
    AgentReconfigured,
    AgentRemoved,
    AgentSpawned,
    AgentStateChanged,
    AgentTerminated,
    EntanglementCreated,
    EntanglementDestroyed,
    Event,
    GuestAppeared,
    GuestChanged,
    GuestLeft,
    ModuleHealthReported,
    ModuleStatusReported,
    Recorded,
)

ENDED_KEPT = 200
SPARE_PLACES_KEPT = 2_000

FOLDED: tuple[type[Event], ...] = (
    AgentMoved,
    AgentReconfigured,
    AgentRemoved,
    AgentSpawned,
    AgentStateChanged,
    AgentTerminated,
    EntanglementCreated,
    EntanglementDestroyed,
    GuestAppeared,
    GuestChanged,
    GuestLeft,
    ModuleHealthReported,
    ModuleStatusReported,
)
FOLDED_TYPES: tuple[str, ...] = tuple(cls.model_fields["type"].default for cls in FOLDED)

_NOTHING = DirectoryChange()


class AgentFold:
    """The state. `apply` must be called in the order of `seq`, once an event."""

    def __init__(
        self,
        agents: Iterable[Agent] = (),
        entanglements: Iterable[Entanglement] = (),
        spare_places: Iterable[tuple[str, Place]] = (),
    ) -> None:
        self.agents: dict[str, Agent] = {}
        self.entanglements: dict[str, Entanglement] = {}
        self.spare_places: dict[str, Place] = dict(spare_places)
        self._ended: dict[str, None] = {}
        self._by_name: dict[str, dict[str, None]] = {}
        self._links: dict[str, dict[str, None]] = {}
        for agent in agents:
            self._put(agent)
        self._ended = dict.fromkeys(sorted(self._ended, key=lambda id_: self.agents[id_].last_seq))
        for entanglement in entanglements:
            self._put_entanglement(entanglement)
        self._steps: dict[type[Event], Callable[[Recorded[Any]], DirectoryChange]] = {
            AgentSpawned: self._spawned,
            AgentTerminated: self._terminated,
            AgentStateChanged: self._state_changed,
            AgentReconfigured: self._reconfigured,
            AgentRemoved: self._removed,
            AgentMoved: self._moved,
            GuestAppeared: self._guest_seen,
            GuestChanged: self._guest_seen,
            GuestLeft: self._guest_left,
            EntanglementCreated: self._entangled,
            EntanglementDestroyed: self._disentangled,
            ModuleHealthReported: self._reported,
            ModuleStatusReported: self._reported,
        }

    def apply(self, recorded: Recorded[Any]) -> DirectoryChange:
        step = self._steps.get(type(recorded.event))
        return step(recorded) if step is not None else _NOTHING

    def links_of(self, agent_id: str) -> tuple[Entanglement, ...]:
        return tuple(self.entanglements[id_] for id_ in self._links.get(agent_id, ()))

    def meant(self, name: str) -> Agent | None:
        """The agent of this id, or of this name if just one bears it."""
        agent = self.agents.get(name)
        if agent is None:
            bearers = self._by_name.get(name, {})
            agent = self.agents[next(iter(bearers))] if len(bearers) == 1 else None
        return agent

    def _spawned(self, recorded: Recorded[AgentSpawned]) -> DirectoryChange:
        before = self.agents.get(recorded.event.data.agent_id)
        if _is_not_theirs(recorded, before):
            return _NOTHING
        living = before if before is not None and not before.ended and not before.guest else None
        return self._changed(self._put(agent_of_fact(recorded, living)))

    def _terminated(self, recorded: Recorded[AgentTerminated]) -> DirectoryChange:
        before = self.agents.get(recorded.event.data.agent_id)
        if before is not None and before.ended:
            return _NOTHING  # told twice: the first end stands
        if _is_not_theirs(recorded, before):
            return _NOTHING
        agent = self._put(ended_by(recorded, before))
        if agent.runs_here:
            return self._changed(agent)
        change = self._changed(agent) | self._release(agent.id)
        while len(self._ended) > ENDED_KEPT:
            change |= self._drop(next(iter(self._ended)))
        return change

    def _state_changed(self, recorded: Recorded[AgentStateChanged]) -> DirectoryChange:
        agent = self.agents.get(recorded.event.data.agent_id)
        return self._changed(self._put(in_state(recorded, agent))) if agent is not None and agent.runs_here else _NOTHING

    def _reconfigured(self, recorded: Recorded[AgentReconfigured]) -> DirectoryChange:
        agent = self.agents.get(recorded.event.data.agent_id)
        return self._changed(self._put(reconfigured(recorded, agent))) if agent is not None and agent.runs_here else _NOTHING

    def _removed(self, recorded: Recorded[AgentRemoved]) -> DirectoryChange:
        agent_id = recorded.event.data.agent_id
        return self._release(agent_id) | self._drop(agent_id) if agent_id in self.agents else _NOTHING

    def _moved(self, recorded: Recorded[AgentMoved]) -> DirectoryChange:
        fact = recorded.event.data
        place = Place(fact.x, fact.y)
        agent = self.agents.get(fact.agent_id)
        if agent is None:
            self._keep_place(fact.agent_id, place)
            return _NOTHING
        if agent.place == place:
            return _NOTHING
        return self._changed(self._put(replace(agent, place=place)))

    def _guest_seen(self, recorded: Recorded[GuestAppeared] | Recorded[GuestChanged]) -> DirectoryChange:
        before = self.agents.get(recorded.event.data.agent_id)
        if before is not None and not before.guest and (before.runs_here or not before.ended):
            return _NOTHING
        living = before if before is not None and not before.ended else None
        return self._changed(self._put(agent_of_guest(recorded, living)))

    def _guest_left(self, recorded: Recorded[GuestLeft]) -> DirectoryChange:
        agent = self.agents.get(recorded.event.data.agent_id)
        if agent is None or not agent.guest:
            return _NOTHING
        return self._release(agent.id) | self._drop(agent.id)

    def _entangled(self, recorded: Recorded[EntanglementCreated]) -> DirectoryChange:
        before = self.entanglements.get(recorded.event.data.entanglement_id)
        if _is_not_theirs_to_link(recorded, before):
            return _NOTHING
        entanglement = entanglement_of_fact(recorded, before)
        if before is not None:
            self._drop_entanglement(before.id)
        self._put_entanglement(entanglement)
        return DirectoryChange(entanglements=frozenset((entanglement.id,)))

    def _disentangled(self, recorded: Recorded[EntanglementDestroyed]) -> DirectoryChange:
        id_ = recorded.event.data.entanglement_id
        before = self.entanglements.get(id_)
        if before is None or _is_not_theirs_to_link(recorded, before):
            return _NOTHING
        self._drop_entanglement(id_)
        return DirectoryChange(entanglements=frozenset((id_,)))

    def _reported(self, recorded: Recorded[ModuleHealthReported] | Recorded[ModuleStatusReported]) -> DirectoryChange:
        agent = self.meant(recorded.event.data.agent_name or "")
        if agent is None or agent.ended or agent.runs_here:
            return _NOTHING
        return self._changed(self._put(reported(recorded, agent)))

    def _put(self, agent: Agent) -> Agent:
        before = self.agents.get(agent.id)
        if before is None and agent.place is None:
            agent = replace(agent, place=self.spare_places.pop(agent.id, None))
        elif before is not None and agent.place is None:
            agent = replace(agent, place=before.place)
        if before is not None:
            self._forget_name(before)
        self.agents[agent.id] = agent
        if agent.ended and not agent.runs_here:
            self._ended.setdefault(agent.id)
        else:
            self._ended.pop(agent.id, None)
            self._by_name.setdefault(agent.name, {})[agent.id] = None
        return agent

    def _drop(self, agent_id: str) -> DirectoryChange:
        agent = self.agents.pop(agent_id)
        self._ended.pop(agent_id, None)
        self._forget_name(agent)
        if agent.place is not None:
            self._keep_place(agent_id, agent.place)
        return self._changed(agent)

    def _keep_place(self, agent_id: str, place: Place) -> None:
        self.spare_places.pop(agent_id, None)
        self.spare_places[agent_id] = place
        while len(self.spare_places) > SPARE_PLACES_KEPT:
            del self.spare_places[next(iter(self.spare_places))]

    def _forget_name(self, agent: Agent) -> None:
        bearers = self._by_name.get(agent.name)
        if bearers is not None:
            bearers.pop(agent.id, None)
            if not bearers:
                del self._by_name[agent.name]

    def _release(self, agent_id: str) -> DirectoryChange:
        """Take an agent that ended or left out of its entanglements."""
        touched = tuple(self._links.get(agent_id, ()))
        for id_ in touched:
            entanglement = self.entanglements[id_]
            remaining = tuple(member for member in entanglement.agents if member != agent_id)
            self._drop_entanglement(id_)
            directed = entanglement.kind in ("control", "dependency") and entanglement.agents[0] == agent_id
            if len(remaining) >= 2 and not directed:
                self._put_entanglement(replace(entanglement, agents=remaining))
        return DirectoryChange(entanglements=frozenset(touched))

    def _put_entanglement(self, entanglement: Entanglement) -> None:
        self.entanglements[entanglement.id] = entanglement
        for agent_id in entanglement.agents:
            self._links.setdefault(agent_id, {})[entanglement.id] = None

    def _drop_entanglement(self, id_: str) -> None:
        for agent_id in self.entanglements.pop(id_).agents:
            links = self._links[agent_id]
            links.pop(id_, None)
            if not links:
                del self._links[agent_id]

    @staticmethod
    def _changed(agent: Agent) -> DirectoryChange:
        return DirectoryChange(agents=frozenset((agent.id,)))


def _is_not_theirs(recorded: Recorded[Any], agent: Agent | None) -> bool:
    """Whether somebody else speaks of an agent that runs here."""
    return agent is not None and agent.runs_here and recorded.event.source != RUNTIME_SOURCE


def _is_not_theirs_to_link(recorded: Recorded[Any], entanglement: Entanglement | None) -> bool:
    """Whether somebody else speaks of an entanglement that was made here."""
    return entanglement is not None and entanglement.made_here and recorded.event.source != RUNTIME_SOURCE
