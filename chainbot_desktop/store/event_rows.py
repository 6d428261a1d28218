"""Between a recorded event and its row in `journal`: the very text that was hashed, and its place in the chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainbot_desktop.core.events import parse_event
from chainbot_desktop.core.events.envelope import Event, Recorded, chain_hash, hashed_envelope
from chainbot_desktop.core.json_codec import parse_json
from chainbot_desktop.store.schema import events, journal

COLUMNS: tuple[str, ...] = tuple(str(column.name) for column in journal.columns)

RECORDED = tuple(events.c[name] for name in COLUMNS)
"""What to select for `event_of_row`."""

_DEEPEST = 1000


def row_of_event(seq: int, event: Event, prev_hash: str) -> tuple[int, str, str, str]:
    """The values of `COLUMNS`."""
    envelope = hashed_envelope(seq, event)
    return seq, envelope.decode(), prev_hash, chain_hash(prev_hash, envelope)


def event_of_row(row: Sequence[Any]) -> Recorded[Event]:
    """The event of a row whose values stand in the order of `COLUMNS`."""
    seq, envelope, prev_hash, own_hash = row
    fields = parse_json(envelope, max_depth=_DEEPEST)
    del fields["seq"]
    return Recorded(seq, parse_event(fields), prev_hash, own_hash)
