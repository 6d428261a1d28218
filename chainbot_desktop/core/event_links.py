"""Which things an event speaks of: the ids in its data, the nearest relation first. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from chainbot_desktop.core.events.envelope import Event

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WORDS = {
    "event_id": "event",
    "in_reply_to": "message answered",
    "approval_id": "approval",
    "message_id": "message",
    "import_id": "import",
    "alert_id": "alert",
    "run_id": "run",
    "parent_run_id": "run above",
    "coordination_id": "shared task",
    "branched_from": "conversation branched from",
    "entanglement_id": "entanglement",
    "workflow_id": "workflow",
    "conversation_id": "conversation",
    "agent_id": "agent",
}
"""Keys by how near the relation is, and what each is called."""
_RANK = {key: rank for rank, key in enumerate(_WORDS)}
_NEAR = _RANK["alert_id"] + 0.5
"""Where an id under a key that nobody here knows stands."""
_NAMES = frozenset({"entanglement_id", "workflow_id", "agent_id"})
"""What others name, and may name again: no UUIDs."""
_MOST_VALUES = 500
_DEEPEST = 8
_LONGEST = 200
_BEGINNINGS = {
    "agent_spawned": "agent_id",
    "guest_appeared": "agent_id",
    "workflow_started": "workflow_id",
    "entanglement_created": "entanglement_id",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """`key` is where it stands. `again`: the same id may be used for another thing later, so the nearest one before counts."""

    id: str
    key: str
    again: bool = False

    @property
    def word(self) -> str:
        return _WORDS.get(self.key, self.key.removesuffix("_id").replace("_", " "))


def references(event: Event) -> tuple[Reference, ...]:
    """The nearest relation first; each id once, and not the event's own."""
    data = event.data
    plain = data.model_dump(mode="json", exclude_unset=True) if isinstance(data, BaseModel) else data
    found: dict[str, Reference] = {}
    for key, value in _texts(plain):
        if _UUID.fullmatch(value):
            reference = Reference(value, key)
        elif key in _NAMES and 0 < len(value) <= _LONGEST and re.search(r"\w", value):
            reference = Reference(value, key, again=True)
        else:
            continue
        before = found.get(value)
        if value != event.id and (before is None or _rank(reference) < _rank(before)):
            found[value] = reference
    return tuple(sorted(found.values(), key=_rank))


def begun(event: Event) -> str:
    """The id of the named thing that begins with it; empty where none does."""
    key = _BEGINNINGS.get(event.type)
    return next((reference.id for reference in references(event) if reference.key == key), "") if key is not None else ""


def _rank(reference: Reference) -> float:
    return _RANK.get(reference.key, _NEAR)


def _texts(data: Any) -> Iterator[tuple[str, str]]:
    """Texts with the key that they stand under; bounded, and without recursion: strangers nest as deep as they like."""
    waiting: list[tuple[str, Any, int]] = [("", data, 0)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        key, value, depth = waiting.pop()
        if isinstance(value, str):
            yield key, value
        elif depth >= _DEEPEST:
            continue
        elif isinstance(value, Mapping):
            waiting += [(str(name), inner, depth + 1) for name, inner in list(value.items())[:_MOST_VALUES]]
        elif isinstance(value, (list, tuple)):
            waiting += [(key, inner, depth + 1) for inner in value[:_MOST_VALUES]]
