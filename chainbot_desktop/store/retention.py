"""Letting old events go, so that what is left can still be verified and nobody misses what went.

The anchor event is written first and says what goes; then the rows go in slices between appends. Killed in the middle, the anchor is
there and the next start goes on. Kept back is whatever somebody still needs: events that are not delivered yet, those that answer
a repeated request, and the newest.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from chainbot_desktop.store.idempotency import KEY_LIFETIME
from chainbot_desktop.store.schema import deliveries, events, idempotency_keys, outbox_positions, snapshots

SLICE = 500
"""Events that go at a time: some ten milliseconds of the writing thread."""
KEPT_AT_LEAST = 100
"""The newest events stay, whatever is asked."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`before` (RFC 3339): only events up to the first that is not older. `keep`: how many of the newest stay. None: not limited."""

    before: str | None = None
    keep: int | None = None


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What would go. `last_seq` is 0 where nothing would; `held_back` says in words what stays though it was to go."""

    first_seq: int
    last_seq: int
    first_time: str
    last_time: str
    last_hash: str
    data_bytes: int
    """Of the events' data alone; the file does not shrink, its space is used again."""
    kept: int
    held_back: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return max(0, self.last_seq - self.first_seq + 1) if self.last_seq else 0


def plan_pruning(connection: Connection, wish: Wish, projections: Mapping[str, Sequence[str]]) -> PrunePlan:
    """`projections`: the names of snapshots, and the types of the events that they are made of."""
    first, last = _first(connection), connection.execute(select(func.max(events.c.seq))).scalar_one() or 0
    if not last or wish == Wish():
        return PrunePlan(first, 0, "", "", "", 0, last - first + 1 if last else 0)
    upto = last - max(wish.keep or 0, KEPT_AT_LEAST)
    if wish.before is not None:
        # Times jump, places do not: all up to the first event that is young enough to stay.
        # As a sum: the least `seq` itself SQLite looks for along the table, event by event, instead of in the index of times.
        stays = connection.execute(select(func.min(events.c.seq + 0)).where(events.c.time >= wish.before)).scalar_one()
        upto = min(upto, (stays or last) - 1)
    held: list[str] = []
    for bound, words in (*_needed(connection), *_not_in_snapshots(connection, projections)):
        if bound <= upto:
            held.append(words)
            upto = bound - 1
    if upto < first:
        return PrunePlan(first, 0, "", "", "", 0, last - first + 1, tuple(held))
    asked = select(events.c.time, events.c.hash)
    begin = connection.execute(asked.where(events.c.seq == first)).one()
    end = connection.execute(asked.where(events.c.seq == upto)).one()
    size = connection.execute(select(func.sum(func.length(events.c.envelope))).where(events.c.seq <= upto)).scalar_one()
    return PrunePlan(first, upto, begin.time, end.time, end.hash, int(size or 0), last - upto, tuple(held))


def _needed(connection: Connection) -> list[tuple[int, str]]:
    """The oldest events that somebody still needs, and who."""
    found: list[tuple[int, str]] = []
    positions = select(outbox_positions.c.destination, outbox_positions.c.seq)
    for destination, seq in connection.execute(positions):
        found.append((seq + 1, f"{destination} has not heard yet of what came after event {seq:,}."))
    waiting = select(deliveries.c.destination, func.min(deliveries.c.seq), func.count()).where(deliveries.c.state == "pending")
    for destination, seq, count in connection.execute(waiting.group_by(deliveries.c.destination)):
        found.append((seq, f"{count:,} deliveries to {destination} wait, from event {seq:,} on."))
    keys = select(func.min(idempotency_keys.c.seq)).where(idempotency_keys.c.recorded_at > time.time() - KEY_LIFETIME)
    oldest = connection.execute(keys).scalar_one()
    if oldest is not None:
        found.append((oldest, f"Requests may be repeated for seven days; event {oldest:,} is the answer to one."))
    return found


def _not_in_snapshots(connection: Connection, projections: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, str]]:
    for name, types in projections.items():
        saved = connection.execute(select(snapshots.c.seq).where(snapshots.c.name == name)).scalar_one_or_none() or 0
        later = select(func.min(events.c.seq)).where(events.c.type.in_(types), events.c.seq > saved)
        oldest = connection.execute(later).scalar_one()
        if oldest is not None:
            yield oldest, f"The snapshot {name!r} does not hold event {oldest:,} yet."


def driver_of(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _first(connection: Connection) -> int:
    return connection.execute(select(func.min(events.c.seq))).scalar_one() or 0


def prune_slice(connection: sqlite3.Connection, last_seq: int, limit: int = SLICE) -> int:
    """On the writing thread, inside a transaction: at most `limit` of the oldest events up to `last_seq` go; how many are left."""
    first = connection.execute("SELECT min(seq) FROM events").fetchone()[0]
    if first is None or first > last_seq:
        return 0
    upto = min(last_seq, first + limit - 1)
    # The index has no text of its own: to forget an event it must be told what it said. It knows those up to its mark.
    mark = connection.execute("SELECT seq FROM journal_marks WHERE name = 'text'").fetchone()
    indexed = min(upto, mark[0] if mark is not None else 0)
    connection.execute(
        "INSERT INTO events_text (events_text, rowid, type, source, subject, data) "
        "SELECT 'delete', seq, type, source, subject, data FROM events WHERE seq <= ?",
        (indexed,),
    )
    if indexed < upto:
        connection.execute("INSERT OR REPLACE INTO journal_marks (name, seq) VALUES ('text', ?)", (upto,))
    connection.execute("DELETE FROM journal WHERE seq <= ?", (upto,))
    return int(last_seq - upto)


def unfinished(connection: Connection) -> int:
    """Up to which `seq` events should be gone that are still here; 0 where all is done."""
    newest = connection.execute(
        text("SELECT json_extract(data, '$.last_seq') FROM events WHERE type = 'journal_pruned' ORDER BY seq DESC LIMIT 1")
    ).scalar_one_or_none()
    first = _first(connection)
    return newest if isinstance(newest, int) and first <= newest else 0
