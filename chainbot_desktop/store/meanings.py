"""What messages mean, as some bits each, in a file of its own: it is derived, and may be thrown away. Blocking, one thread at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.store.derived import DerivedDatabase
from chainbot_desktop.store.transaction import transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meanings (number INTEGER PRIMARY KEY, bits BLOB NOT NULL);
"""


class MeaningsBroken(ChainBotError):
    """The file is no database any more: it is to be made anew."""

    code = "meanings_broken"


class MeaningFile(DerivedDatabase):
    """`path` is the database's. MeaningsBroken and Unavailable come from every method."""

    def open(self) -> None:
        with _translated():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._path.chmod(0o600)
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000"):
                connection.execute(f"PRAGMA {pragma}")
            connection.executescript(_SCHEMA)

    def about(self, name: str) -> bytes:
        """What was kept under this name; b"" where nothing was."""
        with _translated():
            row = self._open().execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
            return bytes(row[0]) if row is not None else b""

    def tell(self, name: str, value: bytes) -> None:
        with _translated():
            self._open().execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))

    def all(self) -> tuple[list[int], bytes]:
        """The numbers in order, and the bits of all of them behind each other."""
        with _translated():
            rows = self._open().execute("SELECT number, bits FROM meanings ORDER BY number").fetchall()
            return [row[0] for row in rows], b"".join(row[1] for row in rows)

    def add(self, rows: Sequence[tuple[int, bytes]]) -> None:
        with _translated(), transaction(self._open()):
            self._open().executemany("INSERT OR REPLACE INTO meanings VALUES (?, ?)", rows)

    def remove(self, numbers: Sequence[int]) -> None:
        with _translated(), transaction(self._open()):
            self._open().executemany("DELETE FROM meanings WHERE number = ?", [(number,) for number in numbers])

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Unavailable("What messages mean is closed.", code="stopping")
        return self._connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(f"What messages mean cannot be kept now: {error}.", hint="Free disk space.") from error
    except sqlite3.DatabaseError as error:
        raise MeaningsBroken(f"What messages mean cannot be read any more: {error}.") from error
    except OSError as error:
        raise Unavailable(f"What messages mean cannot be kept: {error.strerror}.") from error
