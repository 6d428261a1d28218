"""What the map shows, without a pixel: agents at their places, links between them, what the filter and the search let through.

It reads the directory (or a moment of the past), keeps a place for every agent that nobody has placed (for as long as the view lives),
and says after each refresh what changed. No Qt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chainbot_desktop.agents.filtering import AgentFilter
from chainbot_desktop.agents.records import Agent, DirectoryChange, Entanglement
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.geometry import Box, Point
from chainbot_desktop.ui.agent_map.layout import arrange
from chainbot_desktop.ui.agent_map.places import PlaceIndex


class MapSource(Protocol):
    """Whose picture it is: the directory of the present, or of a moment that has passed."""

    @property
    def agents(self) -> Sequence[Agent]: ...

    @property
    def entanglements(self) -> Sequence[Entanglement]: ...

    def get(self, agent_id: str) -> Agent | None: ...

    def entanglement(self, entanglement_id: str) -> Entanglement | None: ...

    def entanglements_of(self, agent_id: str) -> Sequence[Entanglement]: ...


@dataclass(frozen=True, slots=True)
class Link:
    """One arrow of an entanglement. `kind`: data, control, dependency, or "" where nobody said."""

    entanglement_id: str
    name: str
    source: str
    target: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the ground that a layout made for some agents."""

    title: str
    box: Box


@dataclass(frozen=True, slots=True)
class MapDelta:
    """Which nodes must be drawn anew (come, changed, moved, gone), and whether the links did."""

    nodes: frozenset[str] = frozenset()
    links: bool = False

    def __or__(self, other: MapDelta) -> MapDelta:
        return MapDelta(self.nodes | other.nodes, self.links or other.links)


@dataclass(frozen=True, slots=True)
class LayoutTask:
    """Something for `arrange`, to be worked out anywhere; `MapModel.settle` takes the result."""

    ids: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    placed: Mapping[str, Point]

    def run(self) -> dict[str, Point]:
        return arrange(self.ids, self.pairs, self.placed)


class MapModel:
    """`places` holds every node that can be drawn; an agent that waits for its place is not in it yet."""

    def __init__(self, source: MapSource) -> None:
        self._source = source
        self.present = True
        """Whether it shows the directory as it is now, and not a moment of the past."""
        self.agents: dict[str, Agent] = {}
        self.places = PlaceIndex()
        self.groups: tuple[Group, ...] = ()
        self._links: dict[str, tuple[Link, ...]] = {}
        self._in_order: tuple[Link, ...] | None = None
        self._automatic: dict[str, Point] = {}
        self._held: dict[str, Point] = {}
        self._unplaced: set[str] = set()
        self._counted: dict[str, tuple[AgentState, str]] = {}
        self.counts: Counter[AgentState] = Counter()
        self.kinds: Counter[str] = Counter()
        self.filter = AgentFilter()
        """Who stands out: by state, kind and the words of the search, all together."""
        self.hides_others = False
        """Whether those that do not stand out are hidden, rather than drawn faintly."""
        self.asking: Mapping[str, str] = {}
        """Agents with a request that waits for a human, and what it is."""

    # Counting happens at every notice, so that the badge is right while the map is hidden; drawing once a frame.

    def count(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            before = self._counted.pop(id_, None)
            if before is not None:
                self.counts[before[0]] -= 1
                self.kinds[before[1]] -= 1
            agent = self.shown(id_)
            if agent is not None:
                now = self._counted[id_] = (agent.state, agent.kind)
                self.counts[now[0]] += 1
                self.kinds[now[1]] += 1

    @property
    def total(self) -> int:
        return len(self._counted)

    @property
    def links(self) -> tuple[Link, ...]:
        """In the order of their entanglements."""
        if self._in_order is None:
            self._in_order = tuple(link for one in self._source.entanglements for link in self._links.get(one.id, ()))
        return self._in_order

    def entanglements_of(self, agent_id: str) -> Sequence[Entanglement]:
        return self._source.entanglements_of(agent_id)

    def everything(self) -> DirectoryChange:
        """What is there and what is shown: a `refresh` with it takes over all."""
        return DirectoryChange(
            frozenset(agent.id for agent in self._source.agents) | frozenset(self.agents),
            frozenset(link.id for link in self._source.entanglements) | frozenset(self._links),
        )

    def show(self, source: MapSource, *, present: bool) -> DirectoryChange:
        """Another picture from now on; what has to be refreshed for it. What waits for a human now says nothing about the past."""
        before = self.everything()
        self._source, self.present, self._in_order = source, present, None
        change = before | self.everything()
        self.count(change.agents)
        return change

    def refresh(self, change: DirectoryChange) -> MapDelta:
        """Take over what `change` names."""
        drawn: set[str] = set()
        relink = set(change.entanglements)
        for id_ in change.agents:
            before, agent = self.agents.get(id_), self.shown(id_)
            if agent is None:
                self._forget(id_)
            else:
                self.agents[id_] = agent
                self._place(agent)
            if agent is not before:
                drawn.add(id_)
            if (before is None or before.ended) != (agent is None or agent.ended):
                relink.update(link.id for link in self._source.entanglements_of(id_))
        return MapDelta(frozenset(drawn), self._relink(relink))

    def layout_task(self) -> LayoutTask | None:
        """The places that are missing; None if there are none."""
        if not self._unplaced:
            return None
        missing = sorted((self.agents[id_] for id_ in self._unplaced), key=lambda agent: agent.born_seq)
        return LayoutTask(
            tuple(agent.id for agent in missing),
            tuple((link.source, link.target) for link in self.links),
            dict(self.places),
        )

    def settle(self, found: Mapping[str, Point]) -> MapDelta:
        """Put agents where a layout task found room; one that was placed or has gone meanwhile is left alone."""
        settled: set[str] = set()
        for id_, point in found.items():
            if id_ in self.agents and id_ not in self.places:
                self._automatic[id_] = point
                self._put(id_, point)
                settled.add(id_)
        return MapDelta(frozenset(settled), links=any(link.source in settled or link.target in settled for link in self.links))

    @property
    def held(self) -> dict[str, Point]:
        """The places that were chosen by hand."""
        chosen = {id_: Point(agent.place.x, agent.place.y) for id_, agent in self.agents.items() if agent.place is not None}
        return {**chosen, **self._held}

    def rearrange(self, found: Mapping[str, Point], groups: Sequence[Group] = ()) -> MapDelta:
        """Automatic places for all of these; those chosen by hand stay, and so does one that has gone meanwhile."""
        held = self.held
        moved: set[str] = set()
        for id_, point in found.items():
            if id_ in self.agents and id_ not in held:
                self._automatic[id_] = point
                if self.places.get(id_) != point:
                    self._put(id_, point)
                    moved.add(id_)
        self.groups = tuple(groups)
        return MapDelta(frozenset(moved))

    def hold(self, agent_id: str, point: Point) -> None:
        """While a hand or a key moves it, and until the journal has it: this place counts."""
        if agent_id in self.agents:
            self._held[agent_id] = point
            self._put(agent_id, point)

    def release(self, agent_id: str) -> None:
        """Back to the place it is known to have."""
        self._held.pop(agent_id, None)
        if agent_id in self.agents:
            # The newest place: the notice of a move that was just kept is still on its way to the next frame.
            self._place(self._source.get(agent_id) or self.agents[agent_id])

    @property
    def selective(self) -> bool:
        """Whether a filter or a search makes some stand out."""
        return bool(self.filter)

    def stands_out(self, agent_id: str) -> bool:
        """Whether the filter and the search let it through; the others are drawn faintly, or not at all."""
        return self.filter.admits(self.agents[agent_id])

    def hides(self, agent_id: str) -> bool:
        return self.hides_others and self.selective and not self.stands_out(agent_id)

    def found(self) -> list[str]:
        """What the search finds, in reading order."""
        if not self.filter.words:
            return []
        hits = [id_ for id_ in self.agents if id_ in self.places and self.stands_out(id_)]
        return sorted(hits, key=lambda id_: (self.places.get(id_) or Point(0, 0))[::-1])

    def nearest(self, origin: Point, accept: Callable[[float, float], float | None], but: str | None = None) -> str | None:
        """The node whose offset from `origin` costs least; `accept` gives the cost, or None for one that does not count."""
        costs = (
            (cost, id_)
            for id_, point in self.places
            if id_ != but and not self.hides(id_) and (cost := accept(point.x - origin.x, point.y - origin.y)) is not None
        )
        return min(costs, default=(0.0, None))[1]

    def shown(self, agent_id: str) -> Agent | None:
        """What is known of it; who has a request open needs input, whatever it does besides."""
        agent = self._source.get(agent_id)
        asks = self.asking.get(agent_id)
        if agent is None or asks is None or agent.ended or not self.present:
            return agent
        return replace(agent, state=AgentState.NEEDS_INPUT, attention=asks)

    def _place(self, agent: Agent) -> None:
        chosen = Point(agent.place.x, agent.place.y) if agent.place is not None else None
        point = self._held.get(agent.id) or chosen or self._automatic.get(agent.id) or self.places.get(agent.id)
        if point is None:
            self._take_place(agent.id)
        elif self.places.get(agent.id) != point:
            self._put(agent.id, point)

    def _put(self, agent_id: str, point: Point) -> None:
        self.places.put(agent_id, point)
        self._unplaced.discard(agent_id)

    def _take_place(self, agent_id: str) -> None:
        self.places.remove(agent_id)
        self._unplaced.add(agent_id)

    def _forget(self, agent_id: str) -> None:
        self.places.remove(agent_id)
        self._unplaced.discard(agent_id)
        self._automatic.pop(agent_id, None)
        self._held.pop(agent_id, None)
        self.agents.pop(agent_id, None)

    def _relink(self, entanglement_ids: Iterable[str]) -> bool:
        """Links are drawn between agents that are there and have not ended. Whether any is different now."""
        different = False
        for id_ in entanglement_ids:
            links = self._links_of(self._source.entanglement(id_))
            if links != self._links.get(id_, ()):
                different, self._in_order = True, None
                self._links.pop(id_, None)
                if links:
                    self._links[id_] = links
        return different

    def _links_of(self, entanglement: Entanglement | None) -> tuple[Link, ...]:
        if entanglement is None:
            return ()
        first, *others = entanglement.agents or ("",)
        if not self._lives(first):
            return ()
        name, kind = entanglement.name, entanglement.kind
        return tuple(Link(entanglement.id, name, first, other, kind) for other in others if self._lives(other))

    def _lives(self, agent_id: str) -> bool:
        agent = self.agents.get(agent_id)
        return agent is not None and not agent.ended
