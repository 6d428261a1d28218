"""What the map remembers of its user's ways from one start to the next: preferences, whose names all begin with "map."."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MapMemory:
    """`known` is what was remembered at the start; `keep` (name, JSON value) remembers from now on."""

    known: Mapping[str, object] = field(default_factory=dict)
    keep: Callable[[str, object], None] = lambda _name, _value: None

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.known.get(name)
        return value if isinstance(value, bool) else default
