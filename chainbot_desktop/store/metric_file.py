"""Measured figures over a restart, in a file of their own: telemetry never goes through the journal. Blocking, one thread at a time.

A row holds all figures of a minute or an hour: what is shown together lies together, and a write touches few pages of the card. Of
each table the rows that were begun last are kept, whatever time they name: a clock that was wrong once neither throws out what was
measured before nor keeps for ever what it recorded in the future.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.store.metric_rows import (
    HOUR,
    MINUTE,
    Line,
    MinuteOfSeconds,
    Rollup,
    lines_of,
    merged,
    names_in,
    pack_rollup,
    pack_seconds,
    unpack_rollup,
    unpack_seconds,
)
from chainbot_desktop.store.transaction import transaction

_TABLES = {MINUTE: "minutes", HOUR: "hours"}
_FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS seconds (id INTEGER PRIMARY KEY, start INTEGER NOT NULL UNIQUE, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS minutes (id INTEGER PRIMARY KEY, start INTEGER NOT NULL UNIQUE, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS hours (id INTEGER PRIMARY KEY, start INTEGER NOT NULL UNIQUE, data BLOB NOT NULL);
"""


class MetricFileBroken(ChainBotError):
    """The file is no database any more, or none of ours."""

    code = "metrics_broken"


@dataclass(frozen=True, slots=True)
class Retention:
    """How many rows of each table are kept: an hour of seconds by the minute, a week of minutes, two years of hours, and what runs."""

    seconds: int = 60 + 1
    minutes: int = 7 * 24 * 60 + 1
    hours: int = 731 * 24 + 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What a start takes up: the minutes whose seconds are kept, and the starts of all minutes, in the order they were begun."""

    seconds: tuple[MinuteOfSeconds, ...]
    minutes: tuple[int, ...]


class MetricFile:
    """MetricFileBroken and Unavailable (locked, full, no permission) come from every method but `close`; nothing is half-written."""

    def __init__(self, path: Path, retention: Retention | None = None) -> None:
        self.path = path
        self.retention = retention or Retention()
        self._connection: sqlite3.Connection | None = None
        self._ids: dict[str, int] = {}

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def open(self) -> Kept:
        try:
            with _translated():
                self._connect()
                return self._load()
        except ChainBotError:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def set_aside(self) -> Path:
        """Close it and rename it, so that `open` begins a new one; an older one that was set aside makes room."""
        self.close()
        aside = self.path.with_name(f"{self.path.name}.broken")
        with _translated():
            for ending in ("-wal", "-shm"):
                self.path.with_name(f"{self.path.name}{ending}").unlink(missing_ok=True)
            self.path.replace(aside)
        return aside

    def write(self, seconds: Sequence[MinuteOfSeconds], grown: Mapping[int, Rollup]) -> None:
        """Put down `seconds` as they are, and count what `grown` says of a minute (by its start) into that minute and its hour."""
        with _translated():
            try:
                with transaction(self._open()):
                    self._write(seconds, grown)
            except BaseException:
                self._read_names()
                raise

    def read(self, names: Sequence[str] | None, start: int, steps: int, step: int) -> dict[str, Line]:
        """`step` is `MINUTE` or `HOUR`, `start` a multiple of it. Without `names`, of all that occur."""
        query = f"SELECT start, data FROM {_TABLES[step]} WHERE start >= ? AND start < ?"  # noqa: S608
        with _translated():
            rows = self._open().execute(query, (start, start + steps * step)).fetchall()
            if names is None:
                by_id = {number: name for name, number in self._ids.items()}
                wanted: dict[str, int | None] = {by_id[number]: number for number in names_in(rows)}
            else:
                wanted = {name: self._ids.get(name) for name in names}
            return lines_of(rows, wanted, start, steps, step)

    # Inside

    def _connect(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=1.0)
        self._connection = connection
        self.path.chmod(0o600)
        # A power cut must not cost more than the last minute: FULL, which is one fsync a minute.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=4000000"):
            connection.execute(f"PRAGMA {pragma}")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, _FORMAT):
            raise MetricFileBroken(f"It has the format {found} of another version of this program.")
        connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_FORMAT}; COMMIT;")

    def _load(self) -> Kept:
        connection = self._open()
        self._read_names()
        names = {number: name for name, number in self._ids.items()}
        seconds = connection.execute("SELECT start, data FROM seconds ORDER BY id").fetchall()
        minutes = connection.execute("SELECT start FROM minutes ORDER BY id").fetchall()
        kept = tuple(MinuteOfSeconds(start, unpack_seconds(data, names)) for start, data in seconds)
        return Kept(kept, tuple(start for (start,) in minutes))

    def _write(self, seconds: Sequence[MinuteOfSeconds], grown: Mapping[int, Rollup]) -> None:
        self._learn({name for minute in seconds for name in minute.values} | {name for r in grown.values() for name in r})
        for minute in seconds:
            self._put("seconds", minute.start, pack_seconds(minute.values, self._ids))
        for start, rollup in grown.items():
            self._grow("minutes", start, rollup)
            self._grow("hours", start - start % HOUR, rollup)
        self._prune()

    def _read_names(self) -> None:
        with suppress(sqlite3.Error):  # after an error: the next statement meets the same one
            self._ids = {name: number for number, name in self._open().execute("SELECT id, name FROM names")}

    def _learn(self, names: set[str]) -> None:
        for name in sorted(names - self._ids.keys()):
            self._ids[name] = int(self._open().execute("INSERT INTO names (name) VALUES (?)", (name,)).lastrowid or 0)

    def _grow(self, table: str, start: int, rollup: Rollup) -> None:
        row = self._open().execute(f"SELECT data FROM {table} WHERE start = ?", (start,)).fetchone()  # noqa: S608
        whole = dict(rollup)
        if row is not None:
            names = {number: name for name, number in self._ids.items()}
            for name, point in unpack_rollup(row[0], names).items():
                whole[name] = merged(point, whole[name]) if name in whole else point
        self._put(table, start, pack_rollup(whole, self._ids))

    def _put(self, table: str, start: int, data: bytes) -> None:
        statement = f"INSERT INTO {table} (start, data) VALUES (?, ?) ON CONFLICT (start) DO UPDATE SET data = excluded.data"  # noqa: S608
        self._open().execute(statement, (start, data))

    def _prune(self) -> None:
        keep = self.retention
        for table, kept in (("seconds", keep.seconds), ("minutes", keep.minutes), ("hours", keep.hours)):
            self._open().execute(f"DELETE FROM {table} WHERE id <= (SELECT max(id) FROM {table}) - ?", (kept,))  # noqa: S608

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Unavailable("The file of the metrics is not open.", code="stopping")
        return self._connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(f"The file of the metrics cannot be used now: {error}.", hint="Free disk space.") from error
    except sqlite3.DatabaseError as error:
        raise MetricFileBroken(f"The file of the metrics cannot be read any more: {error}.") from error
    except (KeyError, ValueError) as error:  # a row that names no figure, or is cut off
        raise MetricFileBroken(f"The file of the metrics cannot be read any more: a row is damaged ({error}).") from error
    except OSError as error:
        raise Unavailable(f"The file of the metrics cannot be used: {error.strerror}.") from error
