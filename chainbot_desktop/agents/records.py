"""What the directory knows of one agent and of one entanglement: frozen, replaced as a whole when a fact changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chainbot_desktop.agents.vocabulary import AgentState


class Origin(StrEnum):
    OWN = "own"
    """Told of by the webhooks and services of this program."""
    GUEST = "guest"
    """Listed by ALEX OS."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody put an agent on the map, in scene units (1 unit is 1 px at zoom 1)."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Agent:
    """`status` is the word as it was said, `state` what it means. Times are RFC 3339 by this machine's clock; "" is never."""

    id: str
    name: str
    kind: str = ""
    origin: Origin = Origin.OWN
    state: AgentState = AgentState.UNKNOWN
    status: str = ""
    activity: str = ""
    """What it is doing, in its own words."""
    attention: str = ""
    """Why it needs a human, where it said so."""
    reason: str = ""
    """Why it ended."""
    user: str = ""
    created_at: str = ""
    last_active: str = ""
    ended_at: str = ""
    born_seq: int = 0
    """The event that began this life: what stable orders sort by."""
    last_seq: int = 0
    capabilities: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Everything else that was said of it."""
    place: Place | None = None
    runs_here: bool = False
    """Whether it is an agent of this program: only the program itself says how it is."""

    @property
    def ended(self) -> bool:
        return bool(self.ended_at)

    @property
    def guest(self) -> bool:
        return self.origin is Origin.GUEST

    @property
    def model_backed(self) -> bool:
        """Whether it says that a model drives it: ALEX OS lists such agents apart."""
        return any(isinstance(self.metadata.get(key), str) and self.metadata[key] for key in ("model", "provider"))


@dataclass(frozen=True, slots=True)
class Entanglement:
    """A link between agents, from the first that was named to each of the others."""

    id: str
    name: str = ""
    agents: tuple[str, ...] = ()
    user: str = ""
    created_at: str = ""
    last_seq: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    made_here: bool = False
    """Whether this program made it: then nobody else changes it, and what it allows is meant."""

    @property
    def kind(self) -> str:
        """data | control | dependency; empty where whoever told of it did not say."""
        said = self.metadata.get("entanglement_type")
        return said if isinstance(said, str) else ""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        return tuple((self.agents[0], other) for other in self.agents[1:])


@dataclass(frozen=True, slots=True)
class DirectoryChange:
    """Which agents and entanglements came, changed or went; read the rest from the directory. Changes can be merged."""

    agents: frozenset[str] = frozenset()
    entanglements: frozenset[str] = frozenset()

    def __or__(self, other: DirectoryChange) -> DirectoryChange:
        return DirectoryChange(self.agents | other.agents, self.entanglements | other.entanglements)

    def __bool__(self) -> bool:
        return bool(self.agents or self.entanglements)
