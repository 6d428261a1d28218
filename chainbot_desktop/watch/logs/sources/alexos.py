"""What happens at ALEX OS, as its event bus tells it."""

from __future__ import annotations

import logging
from typing import Any

from chainbot_desktop.core.bus import EventBus, Subscription
from chainbot_desktop.core.events import AlexOsEventReceived, Recorded
from chainbot_desktop.core.events.alexos import ReceivedEvent
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.watch.logs.records import LogRecord
from chainbot_desktop.watch.logs.sources.source import Add, LogSource

_LEVELS = {
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
_LONGEST_NAME = 100


class AlexOsEvents(LogSource):
    source = "alexos"
    title = "ALEX OS"

    def __init__(self, add: Add, bus: EventBus) -> None:
        super().__init__(add)
        self._bus = bus
        self._subscription: Subscription | None = None

    def _begin(self) -> None:
        self._subscription = self._bus.subscribe(self._on_event, AlexOsEventReceived)

    def _end(self) -> None:
        if self._subscription is not None:
            self._subscription.cancel()

    def _on_event(self, recorded: Recorded[AlexOsEventReceived]) -> None:
        event = recorded.event
        received = event.data
        text = f"{received.event_type} {canonical_json(received.payload).decode()}"
        level = _LEVELS[event.severity.value]
        self._add([LogRecord(_time(received, event.time), level, "alexos", _speaker(received.payload), text)])


def _time(received: ReceivedEvent, arrived: str) -> float:
    """Its own time where it names one that can be read."""
    try:
        return parse_time(received.timestamp).timestamp()
    except (ValueError, OverflowError):
        return parse_time(arrived).timestamp()


def _speaker(payload: dict[str, Any]) -> str:
    """Who of ALEX OS: what its events call `source` or `agent_name`."""
    for key in ("source", "agent_name"):
        named = payload.get(key)
        if isinstance(named, str) and named:
            return named[:_LONGEST_NAME]
    return "alexos"
