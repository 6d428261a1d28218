"""What exactly is wrong with events that do not fit, event by event. Slow and exact where `chain_quick` is quick."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import orjson

from chainbot_desktop.core.events.envelope import GENESIS_HASH, chain_hash
from chainbot_desktop.core.ports import ChainFault
from chainbot_desktop.store.event_rows import COLUMNS

_SELECT = f"SELECT {','.join(COLUMNS)} FROM journal"  # noqa: S608 - names of our own columns
_TYPES = (int, str, str, str)
"""Of the values of COLUMNS: SQLite keeps what it is given, whatever the column's type."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`seq` is the first event that does not fit; `known_at` the one that gave it away, where that is another."""

    seq: int
    kind: ChainFault
    reason: str
    known_at: int = 0


def first_fault(connection: sqlite3.Connection, begin: int, end: int) -> tuple[str, str, Fault | None]:
    """The `prev_hash` of the first event, the hash of the last, and the first fault among them."""
    before, previous, expected = "", "", begin
    for row in connection.execute(f"{_SELECT} WHERE seq BETWEEN ? AND ? ORDER BY seq", (begin, end)):
        seq, envelope, prev_hash, own = row
        if seq != expected:
            return before, previous, _missing(expected, seq - 1)
        if not _is_unchanged(row):
            return before, previous, Fault(seq, "changed", f"Event {seq} was changed after it was written.")
        if (place := _place(envelope)) != seq:
            return before, previous, Fault(seq, "reordered", f"Event {seq} was event {place}: the order was changed.")
        if seq > begin and prev_hash != previous:
            return before, previous, broken_link(seq)
        before, previous, expected = before or prev_hash, own, seq + 1
    return before, previous, _missing(expected, end) if expected <= end else None


def broken_link(seq: int) -> Fault:
    return Fault(seq, "broken_link", f"Event {seq} does not follow event {seq - 1}: one of the two was changed.")


def fault_at_the_start(connection: sqlite3.Connection, first: int, last: int) -> Fault | None:
    """A journal begins with event 1, or where an anchor says that what came before was pruned."""
    row = connection.execute("SELECT prev_hash FROM journal WHERE seq = ?", (first,)).fetchone()
    if row is None or last < first:
        return None
    if first == 1:
        if row[0] != GENESIS_HASH:
            return Fault(1, "broken_link", "Event 1 says that others came before it.")
        return None
    anchor = newest_anchor(connection)
    if anchor is None or anchor.last_seq < first - 1:
        gone = anchor.last_seq + 1 if anchor is not None else 1
        why = (
            "no anchor tells of a pruning" if anchor is None else f"the anchor (event {anchor.seq}) ends with {anchor.last_seq}"
        )
        return Fault(gone, "missing", f"{_events(gone, first - 1)} missing: the journal begins with event {first}, and {why}.")
    kept = connection.execute("SELECT hash FROM journal WHERE seq = ?", (anchor.last_seq,)).fetchone()
    found = kept[0] if kept is not None else row[0]  # pruning was cut short, or is under way
    if found != anchor.last_hash:
        reason = (
            f"Event {first} does not follow the events that were pruned: the anchor (event {anchor.seq}) names another hash."
        )
        return Fault(first, "broken_link", reason)
    return None


@dataclass(frozen=True, slots=True)
class Anchor:
    """The event `seq` says that all events up to `last_seq` were pruned, and that this one had the hash `last_hash`."""

    seq: int
    last_seq: int
    last_hash: str


def newest_anchor(connection: sqlite3.Connection) -> Anchor | None:
    """The one that goes furthest. That the event which says so was not changed is proved with the rest of the chain."""
    rows = connection.execute("SELECT seq, envelope FROM events WHERE type = 'journal_pruned' ORDER BY seq DESC LIMIT 1")
    for seq, envelope in rows:
        try:
            said = orjson.loads(envelope)["data"]
            return Anchor(seq, int(said["last_seq"]), str(said["last_hash"]))
        except (ValueError, KeyError, TypeError):
            return None  # no anchor: a changed one does not excuse what is missing
    return None


def _is_unchanged(row: tuple[Any, ...]) -> bool:
    if tuple(map(type, row)) != _TYPES:
        return False
    _, envelope, prev_hash, own = row
    try:
        return bool(chain_hash(prev_hash, envelope.encode()) == own)
    except ValueError:  # letters that no text has
        return False


def _place(envelope: str) -> object:
    """Where the event says that it stands: its hash is right, so that is where it was written."""
    try:
        return orjson.loads(envelope)["seq"]
    except (ValueError, KeyError, TypeError):  # somebody else's hash over something that is no event
        return "of another journal"


def _missing(begin: int, end: int) -> Fault:
    return Fault(begin, "missing", f"{_events(begin, end)} missing.")


def _events(begin: int, end: int) -> str:
    return f"Event {begin} is" if begin == end else f"Events {begin} to {end} are"
