"""Records out of and into SQLite files of a person's own. Ours are the store's; this is the one place beside it that opens any."""

from __future__ import annotations

import base64
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.kinds.data_processor.rows import Row, RowError, file_problem
from chainbot_desktop.agents.kinds.data_processor.sinks import flat_record
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, Unavailable

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_LARGEST = 2**63
_ROW_SECONDS = 60.0
"""The longest from one row to the next; what sorts much needs some for the first."""


def sqlite_rows(path: Path, table: str | None, query: str | None) -> Iterator[Row]:
    """Of a table or a SELECT; binary values come as base64. The file is never written: not even a query that tries can."""
    try:
        path.open("rb").close()  # SQLite's own words for a missing file help nobody
    except OSError as error:
        raise file_problem(path, error, "read") from None
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY)
    connection.text_factory = _text
    limit = _Limit()
    connection.set_progress_handler(limit.look, 100_000)
    try:
        cursor = connection.execute(query or f"SELECT * FROM {_quoted(table or '')}")  # noqa: S608  quoted
        if cursor.description is None:
            raise InvalidInput("The query gives no rows.", hint="It must be a SELECT.", code="bad_source")
        names = [column[0] for column in cursor.description]
        for number, fields in enumerate(cursor, 1):
            yield _row(number, names, fields)
            limit.begin()
    except sqlite3.Error as error:
        if limit.passed:
            raise InvalidInput(
                f"The query gave no row for {_ROW_SECONDS:g} s.", hint="Write it simpler.", code="slow_query"
            ) from None
        raise InvalidInput(f"{path.name}: {error}.", hint="Look at the table's name or the query.", code="bad_source") from None
    finally:
        connection.close()


class _Limit:
    """Ends a query that looks for its next row too long: it would hold its thread for ever."""

    def __init__(self) -> None:
        self.passed = False
        self.begin()

    def begin(self) -> None:
        self._end = time.monotonic() + _ROW_SECONDS

    def look(self) -> int:
        self.passed = time.monotonic() > self._end
        return int(self.passed)


def _row(number: int, names: list[str], fields: tuple[Any, ...]) -> Row:
    value = {
        name: base64.b64encode(field).decode() if isinstance(field, bytes) else field
        for name, field in zip(names, fields, strict=True)
    }
    size = sum(len(field) if isinstance(field, str | bytes) else 8 for field in fields)
    return Row(number, value, size=size)


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


class SqliteSink:
    """One transaction: other programs see all of it or nothing. The first record's names make the columns."""

    def __init__(self, path: Path, table: str, *, append: bool) -> None:
        self._path = path
        self._table = _quoted(table)
        self._append = append
        self._columns: tuple[str, ...] = ()
        self._existed = True
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        self._existed = self._path.exists()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            self._connection.execute("BEGIN IMMEDIATE")
            if not self._append:
                self._connection.execute(f"DROP TABLE IF EXISTS {self._table}")
        except OSError as error:
            raise file_problem(self._path, error, "written") from None
        except sqlite3.Error as error:
            raise self._problem(error) from None

    def write(self, value: Any) -> None:
        fields = flat_record(value)
        try:
            columns = self._columns or self._make_table(tuple(fields))
            if unknown := [name for name in fields if name not in columns]:
                raise RowError(f"it has {unknown[0]!r}, which the table has not")
            self._columns = columns
            names = ", ".join(_quoted(name) for name in fields)
            marks = ", ".join("?" for _ in fields)
            values = [str(field) if isinstance(field, int) and abs(field) >= _LARGEST else field for field in fields.values()]
            self._run(f"INSERT INTO {self._table} ({names}) VALUES ({marks})", values)  # noqa: S608  quoted
        except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, UnicodeEncodeError) as error:
            raise RowError(str(error)) from None
        except sqlite3.Error as error:
            raise self._problem(error) from None

    def commit(self) -> None:
        try:
            self._run("COMMIT")
        except sqlite3.Error as error:
            raise self._problem(error) from None
        self._close()

    def abort(self) -> None:
        self._close()
        if not self._existed:
            self._path.unlink(missing_ok=True)

    def _make_table(self, names: tuple[str, ...]) -> tuple[str, ...]:
        known = tuple(row[1] for row in self._run(f"PRAGMA table_info({self._table})"))
        if known:
            return known
        self._run(f"CREATE TABLE {self._table} ({', '.join(_quoted(name) for name in names)})")
        return names

    def _run(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        assert self._connection is not None, "open comes first"
        return self._connection.execute(statement, values)

    def _close(self) -> None:
        """What was not committed is rolled back."""
        if self._connection is not None:
            self._connection.close()

    def _problem(self, error: sqlite3.Error) -> ChainBotError:
        hint = "Another program may be writing it." if "locked" in str(error) else "Look at the file and the table."
        return Unavailable(f"{self._path.name} cannot be written: {error}.", hint=hint, code="no_access")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
