"""Deliveries in words and shapes, for their lists and wherever one is named."""

from __future__ import annotations

from collections.abc import Mapping

from chainbot_desktop.store.deliveries import DeliveryRow
from chainbot_desktop.store.received_webhooks import IncomingState, ReceivedWebhook
from chainbot_desktop.ui.watchtower.event_texts import clock_time, relative_time
from chainbot_desktop.ui.watchtower.json_paths import visible
from chainbot_desktop.ui.watchtower.marks import Mark
from chainbot_desktop.ui.watchtower.two_line_rows import RowText

OUTGOING_MARKS: Mapping[str, Mark] = {"pending": "waiting", "delivered": "good", "given_up": "error"}
INCOMING_MARKS: Mapping[IncomingState, Mark] = {"accepted": "good", "refused": "warning", "replayed": "info"}
STATE_WORDS: Mapping[str, str] = {
    "pending": "waiting",
    "delivered": "delivered",
    "given_up": "given up",
    "accepted": "accepted",
    "refused": "refused",
    "replayed": "replayed",
}
_GROUNDS: Mapping[str, str] = {"given_up": "failed", "refused": "needs_input"}


def bytes_text(size: int) -> str:
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.1f} KiB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MiB"


def outgoing_text(row: DeliveryRow) -> RowText:
    return RowText(
        mark=OUTGOING_MARKS[row.state],
        title=row.event_type,
        origin=STATE_WORDS[row.state],
        about=row.subject,
        time=clock_time(row.updated_at),
        detail=f"#{row.seq}",
        text=outgoing_sentence(row),
        ground=_GROUNDS.get(row.state),
    )


def outgoing_sentence(row: DeliveryRow) -> str:
    tries = "" if not row.attempts else "1 failed attempt" if row.attempts == 1 else f"{row.attempts:,} failed attempts"
    again = f"next {relative_time(row.next_attempt_at)}" if row.state == "pending" and row.next_attempt_at else ""
    status = f"answered {row.status_code}" if row.status_code is not None else ""
    return " · ".join(part for part in (STATE_WORDS[row.state], tries, again, status, visible(row.answer)) if part)


def incoming_text(one: ReceivedWebhook) -> RowText:
    return RowText(
        mark=INCOMING_MARKS[one.state],
        title=one.path or "(no path)",
        origin=STATE_WORDS[one.state],
        about=one.event_type,
        time=clock_time(one.received_at),
        detail=f"no. {one.number}",
        text=incoming_sentence(one),
        ground=_GROUNDS.get(one.state),
    )


def incoming_sentence(one: ReceivedWebhook) -> str:
    answered = f"{STATE_WORDS[one.state]} ({one.status})"
    again = f"replay of no. {one.replay_of}" if one.replay_of is not None else ""
    return " · ".join(part for part in (answered, again, one.caller, bytes_text(one.size), visible(one.reason)) if part)
