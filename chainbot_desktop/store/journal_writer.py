"""What the writing thread does for the journal: give each event its `seq` and hash, and commit a batch at once.

A batch is one multi-row INSERT, which in autocommit mode is one transaction and one fsync, and one release of the interpreter lock:
with a statement an event, every one of them would have to win the lock back from a busy loop thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from chainbot_desktop.core.errors import ChainBotError, Conflict, Unavailable
from chainbot_desktop.core.events.envelope import GENESIS_HASH, Event, Recorded
from chainbot_desktop.core.ports import IdempotencyKey
from chainbot_desktop.store.database import is_of_the_disk
from chainbot_desktop.store.event_rows import COLUMNS, event_of_row, row_of_event
from chainbot_desktop.store.event_statements import ROWS_PER_STATEMENT, Row, RowsOf, insert_events
from chainbot_desktop.store.idempotency import find_keys, forget_old_keys, keep_keys

_SELECT = f"SELECT {','.join(COLUMNS)} FROM journal WHERE seq = ?"  # noqa: S608 - names of our own columns

TableWrite = Callable[[sqlite3.Connection], None]
"""Statements on other tables that belong to the same transaction as an event."""


class Entry(NamedTuple):
    """One append that waits for the disk. `row` has the values of a table's row but for the `seq` that they begin with."""

    event: Event
    key: IdempotencyKey | None
    write: TableWrite | None
    row: tuple[RowsOf, tuple[Any, ...]] | None = None


class Outcome(NamedTuple):
    """What became of an entry: `recorded`, or the `error` to raise. `fresh` is false for an event of an earlier request."""

    recorded: Recorded[Any] | None
    error: Exception | None = None
    fresh: bool = True


class JournalWriter:
    """Owned by the writing thread from `__init__` to `close`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._prepared: set[RowsOf] = set()
        last = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        self._seq: int = last[0] if last is not None else 0
        self._hash: str = last[1] if last is not None else GENESIS_HASH

    @property
    def head(self) -> tuple[int, str]:
        """`seq` and hash of the newest committed event."""
        return self._seq, self._hash

    def close(self) -> None:
        self._connection.close()

    def commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Put `entries` on disk; outcomes in their order. Events of refused or repeated keys are left out.

        All are committed at once. An entry that SQLite cannot take does not take the others with it: then each is committed by itself.
        """
        try:
            return self._commit_together(entries)
        except Exception as error:  # the border of an entry: whoever sent it is told, and nobody else
            if len(entries) == 1 or is_of_the_disk(error):
                raise
            return [self._commit_alone(entry) for entry in entries]

    def _commit_alone(self, entry: Entry) -> Outcome:
        try:
            return self._commit_together([entry])[0]
        except sqlite3.Error as error:
            return Outcome(None, refusal(error))
        except Exception as error:  # the border of an entry
            return Outcome(None, error)

    def _commit_together(self, entries: Sequence[Entry]) -> list[Outcome]:
        if any(entry.key is not None or entry.write is not None for entry in entries):
            return self._commit_with_company(entries)
        recorded, rows = self._chain(entries)
        outcomes = [Outcome(item) for item in recorded]
        tables = {entry.row and entry.row[0] for entry in entries}
        table = tables.pop() if len(tables) == 1 else None
        if len(rows) <= ROWS_PER_STATEMENT and not tables:
            self._insert_at_once(entries, rows, table)
        else:
            with _Transaction(self._connection):
                insert_events(self._connection, rows)
                self._insert_beside(_rows_beside(entries, outcomes))
        self._advance(recorded)
        return outcomes

    def _insert_at_once(self, entries: Sequence[Entry], rows: Sequence[Row], table: RowsOf | None) -> None:
        """One statement, which is a transaction by itself. All `entries` have a row of `table`, or none has a row."""
        if table is None:
            insert_events(self._connection, rows)
            return
        if table not in self._prepared:
            table.prepare(self._connection)
            self._prepared.add(table)
        both = [row + entry.row[1] for row, entry in zip(rows, entries, strict=True) if entry.row is not None]
        table.insert_with_events(self._connection, both)

    def _commit_with_company(self, entries: Sequence[Entry]) -> list[Outcome]:
        # Repeats of a key inside one batch are answered by the entry that came first.
        outcomes: list[Outcome | None] = [None] * len(entries)
        first_of: dict[tuple[str, str], int] = {}
        repeats: list[int] = []
        fresh: list[int] = []
        with _Transaction(self._connection):
            known = find_keys(self._connection, [entry.key for entry in entries if entry.key is not None])
            for index, entry in enumerate(entries):
                if entry.key is None:
                    fresh.append(index)
                elif (earlier := self._outcome_of(entry.key, known)) is not None:
                    outcomes[index] = earlier
                elif first_of.setdefault((entry.key.scope, entry.key.key), index) != index:
                    repeats.append(index)
                else:
                    fresh.append(index)
            recorded, rows = self._chain([entries[index] for index in fresh])
            insert_events(self._connection, rows)
            keys: list[tuple[IdempotencyKey, int]] = []
            for index, item in zip(fresh, recorded, strict=True):
                _, key, write, _ = entries[index]
                if key is not None:
                    keys.append((key, item.seq))
                if write is not None:
                    write(self._connection)
                outcomes[index] = Outcome(item)
            keep_keys(self._connection, keys)
            for index in repeats:
                key = entries[index].key
                assert key is not None
                first = first_of[key.scope, key.key]
                outcomes[index] = _answer_again(outcomes[first], entries[first].key, key)
            self._insert_beside(_rows_beside(entries, outcomes))
        self._advance(recorded)
        return [outcome for outcome in outcomes if outcome is not None]

    def _insert_beside(self, rows: Mapping[RowsOf, Sequence[tuple[Any, ...]]]) -> None:
        for table, of_table in rows.items():
            table.insert(self._connection, of_table)

    def _chain(self, entries: Sequence[Entry]) -> tuple[list[Recorded[Any]], list[Row]]:
        seq, prev_hash = self._seq, self._hash
        recorded: list[Recorded[Any]] = []
        rows: list[Row] = []
        for entry in entries:
            seq += 1
            row = row_of_event(seq, entry.event, prev_hash)
            *_, own_hash = row
            recorded.append(Recorded(seq, entry.event, prev_hash, own_hash))
            rows.append(row)
            prev_hash = own_hash
        return recorded, rows

    def _advance(self, recorded: Sequence[Recorded[Any]]) -> None:
        if recorded:
            self._seq, self._hash = recorded[-1].seq, recorded[-1].hash

    def seen(self, key: IdempotencyKey) -> Outcome | None:
        """What became of an earlier entry with this key."""
        return self._outcome_of(key, find_keys(self._connection, [key]))

    def _outcome_of(self, key: IdempotencyKey, known: Mapping[tuple[str, str], tuple[str, int]]) -> Outcome | None:
        if (key.scope, key.key) not in known:
            return None
        digest, seq = known[key.scope, key.key]
        if digest != key.digest:
            return Outcome(None, _mismatch(key))
        found = self._connection.execute(_SELECT, (seq,)).fetchone()
        return Outcome(event_of_row(found), fresh=False) if found is not None else None

    def forget_old_keys(self, limit: int) -> int:
        """Delete at most `limit` idempotency keys past their lifetime; how many went."""
        return forget_old_keys(self._connection, limit)

    def index_text(self, limit: int) -> int:
        """Bring the full-text index up to `limit` events nearer to the head; how many events are still missing in it."""
        with _Transaction(self._connection):
            row = self._connection.execute("SELECT seq FROM journal_marks WHERE name = 'text'").fetchone()
            done = row[0] if row is not None else 0
            upto = min(self._seq, done + limit)
            if upto > done:
                self._connection.execute(
                    "INSERT INTO events_text (rowid, type, source, subject, data) "
                    "SELECT seq, type, source, subject, data FROM events WHERE seq > ? AND seq <= ?",
                    (done, upto),
                )
                self._connection.execute("INSERT OR REPLACE INTO journal_marks (name, seq) VALUES ('text', ?)", (upto,))
        return self._seq - int(upto)


def _rows_beside(entries: Sequence[Entry], outcomes: Sequence[Outcome | None]) -> dict[RowsOf, list[tuple[Any, ...]]]:
    """By table, with the `seq` of their events: a statement a row would have to win the interpreter lock back each time."""
    found: dict[RowsOf, list[tuple[Any, ...]]] = {}
    for entry, outcome in zip(entries, outcomes, strict=True):
        if entry.row is not None and outcome is not None and outcome.recorded is not None:
            table, values = entry.row
            found.setdefault(table, []).append((outcome.recorded.seq, *values))
    return found


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            try:
                self._connection.execute("COMMIT")
                return
            except sqlite3.Error:
                self._roll_back()
                raise
        self._roll_back()

    def _roll_back(self) -> None:
        # SQLite rolls back by itself on a full disk; a second ROLLBACK would hide the reason.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _answer_again(first: Outcome | None, first_key: IdempotencyKey | None, key: IdempotencyKey) -> Outcome:
    assert first is not None
    assert first_key is not None
    if first_key.digest != key.digest:
        return Outcome(None, _mismatch(key))
    return Outcome(first.recorded, first.error, fresh=False)


def _mismatch(key: IdempotencyKey) -> ChainBotError:
    error = Conflict(
        f"The delivery id {key.key!r} was used before with another body.",
        hint="Give every new delivery an id of its own.",
        code="idempotency_mismatch",
    )
    error.http_status = 422
    return error


def refusal(error: sqlite3.Error) -> Unavailable:
    """What a caller is told when the disk does not take a batch."""
    return Unavailable(
        f"The event could not be written to disk: {error}.",
        hint="Nothing of it was kept. Free disk space and check the permissions of the data folder, then send it again.",
        code="store_unavailable",
    )
