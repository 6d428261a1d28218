"""Places in the past from which the map can be folded on, so that no look at it begins at the beginning.

They are evenly spaced over the events that change the map. When they become too many or too heavy every second one goes, and new ones
are kept half as often. Records are frozen and most of them outlive many checkpoints: those share them.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from chainbot_desktop.agents.fold import AgentFold
from chainbot_desktop.agents.records import Agent, Entanglement, Place
from chainbot_desktop.agents.sharing import weight_beside

MOST = 256
ROOM = 48 * 1024 * 1024
"""Bytes, estimated."""
SPACING = 128
"""Events from one checkpoint to the next, in the beginning."""

_POINTER = 8
_LINK = 600
_LEAST = 2
"""The beginning, and one to begin at, however heavy."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state after event `seq`, which was the `folded`th that changes the map."""

    seq: int
    folded: int
    agents: tuple[Agent, ...] = ()
    entanglements: tuple[Entanglement, ...] = ()
    spare_ids: tuple[str, ...] = ()
    spare_places: tuple[Place, ...] = ()

    def fold(self) -> AgentFold:
        """A state of one's own to fold on. Milliseconds for thousands of agents: not on the loop."""
        return AgentFold(self.agents, self.entanglements, zip(self.spare_ids, self.spare_places, strict=True))


class Checkpoints:
    """Changed by one thread at a time; `before` may be asked meanwhile, from another."""

    def __init__(self, *, most: int = MOST, room: int = ROOM, spacing: int = SPACING) -> None:
        self._most = most
        self._room = room
        self._spacing = spacing
        self._kept: tuple[Checkpoint, ...] = (Checkpoint(0, 0),)
        self._weight = 0

    @property
    def kept(self) -> tuple[Checkpoint, ...]:
        return self._kept

    @property
    def weight(self) -> int:
        """What they hold, in bytes, estimated; a record that several share counts once."""
        return self._weight

    def wanted(self, folded: int) -> bool:
        """Whether the state after so many events should be kept."""
        return folded - self._kept[-1].folded >= self._spacing

    def keep(self, seq: int, folded: int, fold: AgentFold) -> None:
        last = self._kept[-1]
        ids, places = tuple(fold.spare_places), tuple(fold.spare_places.values())
        if (ids, places) == (last.spare_ids, last.spare_places):
            ids, places = last.spare_ids, last.spare_places
        checkpoint = Checkpoint(seq, folded, tuple(fold.agents.values()), tuple(fold.entanglements.values()), ids, places)
        self._kept = (*self._kept, checkpoint)
        self._weight += _weight_beside(checkpoint, last)
        while len(self._kept) > _LEAST and (len(self._kept) > self._most or self._weight > self._room):
            self._thin_out()

    def before(self, folded: int) -> Checkpoint:
        """The last one with at most `folded` events."""
        return self._kept[bisect_right(self._kept, folded, key=lambda checkpoint: checkpoint.folded) - 1]

    def _thin_out(self) -> None:
        self._spacing *= 2
        self._kept = self._kept[::2]
        self._weight = sum(map(_weight_beside, self._kept[1:], self._kept))


def _weight_beside(checkpoint: Checkpoint, earlier: Checkpoint) -> int:
    """What `checkpoint` holds that `earlier` does not hold already."""
    pointers = len(checkpoint.agents) + len(checkpoint.entanglements)
    if checkpoint.spare_ids is not earlier.spare_ids:
        pointers += 2 * len(checkpoint.spare_ids)
    known = {agent.id: agent for agent in earlier.agents}
    links = {id(link) for link in earlier.entanglements}
    agents = sum(weight_beside(agent, before) for agent in checkpoint.agents if (before := known.get(agent.id)) is not agent)
    own_links = [link for link in checkpoint.entanglements if id(link) not in links]
    return pointers * _POINTER + agents + sum(_LINK + _POINTER * len(link.agents) for link in own_links)
