"""What the map shows, without a pixel: agents at their places, links between them, what the filter and the search let through.

It reads the directory, keeps a place for every agent that nobody has placed (for as long as the view lives), and says after each
refresh what changed. No Qt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.records import Agent, DirectoryChange
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.layout import arrange
from chainbot_desktop.ui.agent_map.places import PlaceIndex


@dataclass(frozen=True, slots=True)
class Link:
    """One arrow of an entanglement."""

    entanglement_id: str
    name: str
    source: str
    target: str


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

    def __init__(self, directory: AgentDirectory) -> None:
        self._directory = directory
        self.agents: dict[str, Agent] = {}
        self.places = PlaceIndex()
        self.links: tuple[Link, ...] = ()
        self.links_of: dict[str, tuple[Link, ...]] = {}
        self._automatic: dict[str, Point] = {}
        self._held: dict[str, Point] = {}
        self._unplaced: set[str] = set()
        self._states: dict[str, AgentState] = {}
        self.counts: Counter[AgentState] = Counter()
        self.filter: AgentState | None = None
        self.words: tuple[str, ...] = ()
        self.asking: Mapping[str, str] = {}
        """Agents with a request that waits for a human, and what it is."""

    # Counting happens at every notice, so that the badge is right while the map is hidden; drawing once a frame.

    def count(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            before = self._states.pop(id_, None)
            if before is not None:
                self.counts[before] -= 1
            agent = self.shown(id_)
            if agent is not None:
                self._states[id_] = agent.state
                self.counts[agent.state] += 1

    @property
    def total(self) -> int:
        return len(self._states)

    def load(self) -> MapDelta:
        """Everything anew."""
        self.count([agent.id for agent in self._directory.agents])
        return self.refresh(
            DirectoryChange(frozenset(agent.id for agent in self._directory.agents) | frozenset(self.agents), frozenset(("*",)))
        )

    def refresh(self, change: DirectoryChange) -> MapDelta:
        """Take over what `change` names."""
        drawn: set[str] = set()
        relink = bool(change.entanglements)
        for id_ in change.agents:
            before, agent = self.agents.get(id_), self.shown(id_)
            had_place = id_ in self.places
            if agent is None:
                relink |= self._forget(id_)
            else:
                self.agents[id_] = agent
                relink |= before is None or before.ended != agent.ended
                self._place(agent)
                relink |= had_place != (id_ in self.places)
            if agent is not before:
                drawn.add(id_)
        if relink:
            self._relink()
        return MapDelta(frozenset(drawn), relink)

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
        return MapDelta(frozenset(settled), links=bool(settled))

    def rearrange(self) -> MapDelta:
        """Forget every automatic place; those chosen by hand stay."""
        freed = set(self._automatic)
        self._automatic.clear()
        for id_ in tuple(freed):
            agent = self.agents.get(id_)
            if agent is None or agent.place is not None or id_ in self._held:
                freed.discard(id_)
            else:
                self._take_place(id_)
        return MapDelta(frozenset(freed), links=bool(freed))

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
            self._place(self._directory.get(agent_id) or self.agents[agent_id])

    def links_at(self, ids: Iterable[str]) -> set[Link]:
        return {link for id_ in ids for link in self.links_of.get(id_, ())}

    def stands_out(self, agent_id: str) -> bool:
        """Whether the filter and the search let it through; the others are drawn faintly."""
        agent = self.agents[agent_id]
        if self.filter is not None and agent.state is not self.filter:
            return False
        return not self.words or self._matches(agent)

    def found(self) -> list[str]:
        """What the search finds, in reading order."""
        if not self.words:
            return []
        hits = [id_ for id_ in self.agents if id_ in self.places and self.stands_out(id_)]
        return sorted(hits, key=lambda id_: (self.places.get(id_) or Point(0, 0))[::-1])

    def search(self, text: str) -> None:
        self.words = tuple(text.casefold().split())

    def nearest(self, origin: Point, accept: Callable[[float, float], float | None], but: str | None = None) -> str | None:
        """The node whose offset from `origin` costs least; `accept` gives the cost, or None for one that does not count."""
        costs = (
            (cost, id_)
            for id_, point in self.places
            if id_ != but and (cost := accept(point.x - origin.x, point.y - origin.y)) is not None
        )
        return min(costs, default=(0.0, None))[1]

    def shown(self, agent_id: str) -> Agent | None:
        """What is known of it; who has a request open needs input, whatever it does besides."""
        agent = self._directory.get(agent_id)
        asks = self.asking.get(agent_id)
        if agent is None or asks is None or agent.ended:
            return agent
        return replace(agent, state=AgentState.NEEDS_INPUT, attention=asks)

    def _matches(self, agent: Agent) -> bool:
        text = f"{agent.name} {agent.kind} {agent.id} {agent.status} {agent.activity} {agent.user}".casefold()
        return all(word in text for word in self.words)

    def _place(self, agent: Agent) -> None:
        chosen = Point(agent.place.x, agent.place.y) if agent.place is not None else None
        point = self._held.get(agent.id) or chosen or self._automatic.get(agent.id)
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

    def _forget(self, agent_id: str) -> bool:
        self.places.remove(agent_id)
        self._unplaced.discard(agent_id)
        self._automatic.pop(agent_id, None)
        self._held.pop(agent_id, None)
        return self.agents.pop(agent_id, None) is not None

    def _relink(self) -> None:
        """Links are drawn between agents that are there and have not ended."""
        links: list[Link] = []
        for entanglement in self._directory.entanglements:
            for source, target in entanglement.pairs:
                ends = self.agents.get(source), self.agents.get(target)
                if all(agent is not None and not agent.ended for agent in ends):
                    links.append(Link(entanglement.id, entanglement.name, source, target))
        self.links = tuple(links)
        of: dict[str, list[Link]] = {}
        for link in links:
            of.setdefault(link.source, []).append(link)
            of.setdefault(link.target, []).append(link)
        self.links_of = {id_: tuple(found) for id_, found in of.items()}
