"""Where in the journal something stands: its ends, the places of types, the times of places. Every answer comes from an index."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.ports import JournalEnds
from chainbot_desktop.store.event_rows import RECORDED, event_of_row
from chainbot_desktop.store.schema import events

_PLACES_PER_STATEMENT = 5_000
"""SQLite takes 32,766 values in one statement."""


def find_ends(connection: Connection) -> JournalEnds | None:
    statement = select(events.c.seq, events.c.time).limit(1)
    first = connection.execute(statement.order_by(events.c.seq)).first()
    last = connection.execute(statement.order_by(events.c.seq.desc())).first()
    return JournalEnds(first.seq, first.time, last.seq, last.time) if first is not None and last is not None else None


def find_seqs(connection: Connection, types: Sequence[str], since: int) -> array[int]:
    # Asked for their order, SQLite reads the whole table along its key; without, `ix_journal_type_seq` alone, a run for each type.
    statement = select(events.c.seq).where(events.c.type.in_(types), events.c.seq > since)
    return array("q", sorted(connection.execute(statement).scalars()))


def find_times(connection: Connection, seqs: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for part in _parts(seqs):
        rows = connection.execute(select(events.c.seq, events.c.time).where(events.c.seq.in_(part)))
        found.update((row.seq, row.time) for row in rows)
    return found


def find_events(connection: Connection, seqs: Sequence[int]) -> list[Recorded[Event]]:
    return [
        event_of_row(row)
        for part in _parts(seqs)
        for row in connection.execute(select(*RECORDED).where(events.c.seq.in_(part)).order_by(events.c.seq))
    ]


def find_seq_at(connection: Connection, time: str) -> int | None:
    # The nearest time before it, not the highest place: a clock that began anew for a while must not take all of the past with it.
    nearest_first = (events.c.time.desc(), events.c.seq.desc())
    return connection.execute(
        select(events.c.seq).where(events.c.time <= time).order_by(*nearest_first).limit(1)
    ).scalar_one_or_none()


def _parts(seqs: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(seqs), _PLACES_PER_STATEMENT):
        yield list(seqs[start : start + _PLACES_PER_STATEMENT])
