"""The statements that put events, and the rows that belong to them, on disk: as few as can be.

Every statement lets go of the interpreter lock and must win it back from a busy loop thread, several times. A batch of events of
which each has a row of the same table goes into both tables with one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from chainbot_desktop.store.event_rows import COLUMNS

Row = tuple[Any, ...]

ROWS_PER_STATEMENT = 256
_COLUMNS = ",".join(COLUMNS)
_EVENT = "(" + ",".join("?" * len(COLUMNS)) + ")"
_INSERT = f"INSERT INTO journal ({_COLUMNS}) VALUES "  # noqa: S608 - names of our own columns


class RowsOf:
    """A table that gets a row for an event, in the same transaction: its first column here is the event's `seq`.

    `columns` come with each row; `fixed` are SQL literals that all of them share, and that need not be handed over each time.
    """

    def __init__(self, table: str, *columns: str, **fixed: str) -> None:
        names = ",".join(("seq", *columns, *fixed))
        self._insert = f"INSERT INTO {table} ({names}) VALUES "  # noqa: S608 - names and literals of our own
        self._row = "(" + ",".join((*"?" * (1 + len(columns)), *fixed.values())) + ")"
        # A view of this connection alone, which is never read: what is put into it goes into both tables.
        view = "_".join(("events_with", table, *columns))
        beside = [f"row_{column}" for column in columns]
        both = ",".join((*COLUMNS, *beside))
        self._both = f"INSERT INTO {view} ({both}) VALUES "  # noqa: S608 - names of our own
        self._row_of_both = "(" + ",".join("?" * (len(COLUMNS) + len(columns))) + ")"
        new_event = ",".join(f"NEW.{column}" for column in COLUMNS)
        new_row = ",".join(("NEW.seq", *(f"NEW.{name}" for name in beside), *fixed.values()))
        nothing = ",".join(["NULL"] * (len(COLUMNS) + len(columns)))
        into_both = f"{_INSERT}({new_event}); {self._insert}({new_row})"
        self._make = (
            f"CREATE TEMP VIEW IF NOT EXISTS {view} ({both}) AS SELECT {nothing}",
            f"CREATE TEMP TRIGGER IF NOT EXISTS {view}_insert INSTEAD OF INSERT ON {view} BEGIN {into_both}; END",
        )

    def insert(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """`rows` begin with their `seq`."""
        _insert_rows(connection, self._insert, self._row, rows)

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Once, before `insert_with_events`."""
        for statement in self._make:
            connection.execute(statement)

    def insert_with_events(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """`rows` are those of events, each followed by the values of its row here, without the `seq`."""
        _insert_rows(connection, self._both, self._row_of_both, rows)


def insert_events(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    _insert_rows(connection, _INSERT, _EVENT, rows)


def _insert_rows(connection: sqlite3.Connection, statement: str, row: str, rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        part = rows[start : start + ROWS_PER_STATEMENT]
        values = [value for found in part for value in found]
        connection.execute(statement + ",".join([row] * len(part)), values)
