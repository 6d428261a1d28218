"""An event as an entry of the audit trail: who, what, about what, when."""

from __future__ import annotations

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.ui.watchtower.event_texts import describe, mark_of
from chainbot_desktop.ui.watchtower.two_line_rows import RowText

_GROUNDS = {"attention": "needs_input", "warning": "needs_input", "error": "failed", "critical": "failed"}


def entry_text(recorded: Recorded[Event]) -> RowText:
    event = recorded.event
    mark = mark_of(event)
    said = describe(event)
    return RowText(
        mark=mark,
        title=event.type,
        origin=event.subject,
        about=event.actor,
        time=day_and_time(event.time),
        detail=f"#{recorded.seq}",
        text=f"{event.subject} · {said}" if event.subject and said else event.subject or said,
        ground=_GROUNDS.get(mark),
    )


def day_and_time(text: str) -> str:
    """The local day and minute."""
    try:
        return f"{parse_time(text).astimezone():%d %b %H:%M}"
    except ValueError:
        return text
