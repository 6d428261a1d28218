"""Between a recorded event and its row in `events`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainbot_desktop.core.events import parse_event
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.json_codec import Verbatim, parse_json
from chainbot_desktop.store.schema import events

COLUMNS: tuple[str, ...] = tuple(column.name for column in events.columns)


def row_of_event(seq: int, event: Event, data: str, prev_hash: str, own_hash: str) -> tuple[Any, ...]:
    """The values of `COLUMNS`."""
    return (
        seq,
        event.id,
        event.time,
        event.type,
        event.version,
        event.source,
        event.severity.value,
        event.subject,
        event.actor,
        event.requires_attention,
        data,
        prev_hash,
        own_hash,
    )


def event_of_row(row: Sequence[Any]) -> Recorded[Event]:
    """The event of a row whose values stand in the order of `COLUMNS`."""
    seq, *_, data, prev_hash, own_hash = row
    event = parse_event({**_fields(row), "data": parse_json(data, max_depth=1000)})
    return Recorded(seq, event, prev_hash, own_hash)


def hashed_fields_of_row(row: Sequence[Any]) -> dict[str, Any]:
    """What was hashed, from the columns as they are stored: as `core.events.envelope.hashed_fields`, without reading the data."""
    seq, *_, data, _, _ = row
    return {"seq": seq, **_fields(row), "data": Verbatim(data)}


def _fields(row: Sequence[Any]) -> dict[str, Any]:
    _, id_, time, type_, version, source, severity, subject, actor, attention, *_ = row
    return {
        "id": id_,
        "time": time,
        "type": type_,
        "version": version,
        "source": source,
        "severity": severity,
        "subject": subject,
        "actor": actor,
        "requires_attention": bool(attention),
    }
