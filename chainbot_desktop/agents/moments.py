"""The past of the map as others see it: frozen records that `replay.py` answers with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chainbot_desktop.agents.records import Agent, Entanglement


@dataclass(frozen=True, slots=True)
class HistorySpan:
    """How far the past reaches. Times are RFC 3339; before anything has happened the numbers are 0 and the times empty."""

    first_seq: int
    first_time: str
    last_seq: int
    last_time: str

    @property
    def empty(self) -> bool:
        return self.last_seq == 0

    @property
    def pruned(self) -> bool:
        """Whether older events are gone: agents of which only they told are missing."""
        return self.first_seq > 1


@dataclass(frozen=True, slots=True)
class MapMoment:
    """The directory as it was after the event `seq`."""

    seq: int
    time: str
    agents: tuple[Agent, ...]
    entanglements: tuple[Entanglement, ...]


class MarkKind(StrEnum):
    """What makes a moment worth seeing, the loudest first: an event that is several is the first of them."""

    FAILED = "failed"
    NEEDED_INPUT = "needed_input"
    TERMINATED = "terminated"
    SPAWNED = "spawned"


@dataclass(frozen=True, slots=True)
class Mark:
    seq: int
    kind: MarkKind
    agent_id: str
    agent_name: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """A stretch of the journal, both ends included. `time` is that of `from_seq`."""

    from_seq: int
    to_seq: int
    time: str
    count: int
    """How many of its events tell of agents and entanglements."""
    marks: tuple[Mark, ...]
    """The newest of each kind, in the order of `seq`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event that tells of agents or entanglements."""

    seq: int
    time: str
