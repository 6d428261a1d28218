"""The directory's state as JSON and back, so that a start reads only the events that came after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from chainbot_desktop.agents.fold import AgentFold
from chainbot_desktop.agents.records import Agent, Entanglement, Place

VERSION: Literal[2] = 2
"""Raise it when the fold gives another result for the same events: older snapshots are then left aside."""


@dataclass(frozen=True, slots=True)
class DirectorySnapshot:
    version: Literal[2]
    agents: tuple[Agent, ...]
    entanglements: tuple[Entanglement, ...]
    spare_places: tuple[tuple[str, Place], ...]


_adapter: TypeAdapter[DirectorySnapshot] = TypeAdapter(DirectorySnapshot)


def take_snapshot(fold: AgentFold) -> DirectorySnapshot:
    """What `fold` holds at this moment; cheap, since its records are frozen."""
    return DirectorySnapshot(
        VERSION, tuple(fold.agents.values()), tuple(fold.entanglements.values()), tuple(fold.spare_places.items())
    )


def encode_snapshot(snapshot: DirectorySnapshot) -> Any:
    """JSON values. Milliseconds for thousands of agents: call it off the loop."""
    return _adapter.dump_python(snapshot, mode="json")


def decode_snapshot(state: Any) -> AgentFold:
    """The fold of a stored snapshot; ValueError if another version of the program wrote it, or it is broken."""
    snapshot = _adapter.validate_python(state)
    return AgentFold(snapshot.agents, snapshot.entanglements, snapshot.spare_places)
