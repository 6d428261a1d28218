"""What happened beside the figures: warnings, alerts, starts, runs and steps of agents, from the journal by type and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.ids import format_time, parse_time
from chainbot_desktop.core.ports import EventQuery, Journal
from chainbot_desktop.ui.watchtower.event_texts import describe, mark_of
from chainbot_desktop.ui.watchtower.marks import Mark

MOST = 150
"""Of each kind, the newest."""
_KINDS = (
    EventQuery(severities=("warning", "error", "critical")),
    EventQuery(types=("panel_started", "panel_stopped", "alert_fired", "alert_resolved", "agent_spawned", "agent_terminated")),
    EventQuery(types=("run_accepted", "run_finished")),
    EventQuery(types=("tool_call_judged",)),
)
_STEPS = frozenset({"tool_call_judged"})


@dataclass(frozen=True, slots=True)
class TimeMark:
    """`at` in seconds since 1970. A small one is a step of an agent."""

    at: float
    event_id: str
    mark: Mark
    title: str
    text: str
    small: bool = False


async def read_marks(journal: Journal, start: float, end: float) -> Sequence[TimeMark]:
    """Oldest first; ChainBotError where the journal cannot be read."""
    found: dict[str, TimeMark] = {}
    for kind in _KINDS:
        query = EventQuery(
            types=kind.types, severities=kind.severities, after=_time(start), before=_time(end), order="desc", limit=MOST
        )
        for recorded in await journal.read(query):
            found[recorded.event.id] = _mark(recorded)
    return sorted(found.values(), key=lambda mark: mark.at)


def _mark(recorded: Recorded[Event]) -> TimeMark:
    event = recorded.event
    title = event.type.replace("_", " ").capitalize()
    at = parse_time(recorded.event.time).timestamp()
    return TimeMark(at, event.id, mark_of(event), title, describe(event), event.type in _STEPS)


def _time(at: float) -> str:
    return format_time(datetime.fromtimestamp(max(0.0, at), UTC))
