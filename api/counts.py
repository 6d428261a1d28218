"""What the server counts of itself, in plain numbers: a request must not pay for being counted. `/metrics` reads them."""

from __future__ import annotations

from typing import Any

from chainbot_desktop.core.bus import EventBus, Subscription
from chainbot_desktop.core.events.envelope import Recorded


class RequestCounts:
    """Requests and the seconds they took, by method, path as declared, and status."""

    def __init__(self) -> None:
        self.by_route: dict[tuple[str, str, int], list[float]] = {}

    def add(self, method: str, path: str, status: int, seconds: float) -> None:
        entry = self.by_route.get((method, path, status))
        if entry is None:
            entry = self.by_route[method, path, status] = [0, 0.0]
        entry[0] += 1
        entry[1] += seconds


class EventCounts:
    """Events since the start, by type and severity. Types that this program does not know are counted as one."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self.by_type: dict[tuple[str, str], int] = {}

    def follow(self, bus: EventBus) -> Subscription:
        return bus.subscribe(self._on_event)

    def _on_event(self, recorded: Recorded[Any]) -> None:
        event = recorded.event
        key = (event.type if event.type in self._known else "unknown", event.severity.value)
        self.by_type[key] = self.by_type.get(key, 0) + 1
