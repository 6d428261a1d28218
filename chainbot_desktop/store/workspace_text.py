"""The text of the workspace's files, in pieces, searchable. In a file of its own: it is derived, and may be thrown away.

Blocking, and one thread at a time for each of the two sides: `WorkspaceText` writes, `WorkspaceReader` reads beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.store.derived import DerivedDatabase
from chainbot_desktop.store.text_ranking import Ranked, Term, best_rows
from chainbot_desktop.store.transaction import transaction

_VERSION = "1"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, mtime_ns INTEGER NOT NULL,
  size INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pieces (id INTEGER PRIMARY KEY, file INTEGER NOT NULL, line INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS ix_pieces_file ON pieces (file);
CREATE VIRTUAL TABLE IF NOT EXISTS pieces_text USING fts5(path, text, tokenize='unicode61 remove_diacritics 2');
"""

_LOST = """
SELECT 1 FROM (SELECT max(id) AS newest FROM pieces) WHERE newest IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM pieces_text WHERE rowid = newest)
"""


class IndexBroken(ChainBotError):
    """The file is no database any more, or another version's: it is to be made anew."""

    code = "index_broken"


@dataclass(frozen=True, slots=True)
class FileMark:
    """By what it is noticed that a file was changed."""

    mtime_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a file; `line` is the number of the first one."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class FoundPiece:
    path: str
    line: int
    text: str


class WorkspaceText(DerivedDatabase):
    """`path` is the database's. IndexBroken and Unavailable come from every method."""

    def open(self, root: str) -> None:
        """IndexBroken where what is there is of another folder, or cannot be read."""
        with _translated():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._path.chmod(0o600)
            # Derived: after a power cut it may be old, it must not be slow.
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-4000", "busy_timeout=5000"):
                connection.execute(f"PRAGMA {pragma}")
            connection.executescript(_SCHEMA)
            about = dict(connection.execute("SELECT name, value FROM about"))
            if about and about != {"version": _VERSION, "root": root}:
                raise IndexBroken("The index is of another folder or version.")
            if connection.execute(_LOST).fetchone() is not None:
                raise IndexBroken("The index has lost the text of files that it knows.")
            rows = [("version", _VERSION), ("root", root)]
            connection.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", rows)

    def known(self) -> Mapping[str, FileMark]:
        with _translated():
            rows = self._open_connection().execute("SELECT path, mtime_ns, size FROM files")
            return {path: FileMark(mtime_ns, size) for path, mtime_ns, size in rows}

    def replace(self, path: str, mark: FileMark, pieces: Sequence[Piece]) -> None:
        """A file without pieces is known too: it is not read again until it changes."""
        with _translated(), self._transaction() as connection:
            _remove(connection, path)
            values = (path, mark.mtime_ns, mark.size)
            file = connection.execute("INSERT INTO files (path, mtime_ns, size) VALUES (?, ?, ?)", values).lastrowid
            for piece in pieces:
                row = connection.execute("INSERT INTO pieces (file, line) VALUES (?, ?)", (file, piece.line)).lastrowid
                connection.execute("INSERT INTO pieces_text (rowid, path, text) VALUES (?, ?, ?)", (row, path, piece.text))

    def remove(self, paths: Sequence[str]) -> None:
        with _translated(), self._transaction() as connection:
            for path in paths:
                _remove(connection, path)

    def count(self) -> int:
        """Pieces of all files."""
        with _translated():
            return int(self._open_connection().execute("SELECT count(*) FROM pieces").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._open_connection()
        with transaction(connection):
            yield connection

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Unavailable("The index of the workspace is closed.", code="stopping")
        return self._connection


class WorkspaceReader:
    """Finds pieces in what `WorkspaceText` keeps under the same path; opens the file for each question, so that it may be replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def best(self, root: str, terms: Sequence[Term], limit: int) -> tuple[Sequence[FoundPiece], Ranked]:
        """The best first; nothing where there is no index of this folder yet."""
        nothing: tuple[Sequence[FoundPiece], Ranked] = ((), Ranked((), {}, 0))
        if not self._path.exists():
            return nothing
        with _translated():
            connection = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)
            try:
                connection.execute("PRAGMA busy_timeout=1000")
                if dict(connection.execute("SELECT name, value FROM about")) != {"version": _VERSION, "root": root}:
                    return nothing
                ranked = best_rows(connection, "pieces_text", terms, limit)
                return _pieces(connection, ranked.rows), ranked
            finally:
                connection.close()


def _pieces(connection: sqlite3.Connection, rows: Sequence[int]) -> list[FoundPiece]:
    query = "SELECT p.id, t.path, p.line, t.text FROM pieces p JOIN pieces_text t ON t.rowid = p.id WHERE p.id IN "
    marks = f"({','.join('?' * len(rows))})"
    found = {row[0]: FoundPiece(*row[1:]) for row in connection.execute(query + marks, tuple(rows))}
    return [found[row] for row in rows if row in found]


def _remove(connection: sqlite3.Connection, path: str) -> None:
    known = connection.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
    if known is None:
        return
    connection.execute("DELETE FROM pieces_text WHERE rowid IN (SELECT id FROM pieces WHERE file = ?)", known)
    connection.execute("DELETE FROM pieces WHERE file = ?", known)
    connection.execute("DELETE FROM files WHERE id = ?", known)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise IndexBroken(f"The index lacks a table: {error}.") from error
        raise Unavailable(f"The index of the workspace cannot be used now: {error}.", hint="Free disk space.") from error
    except sqlite3.DatabaseError as error:
        raise IndexBroken(f"The index of the workspace is broken: {error}.") from error
    except OSError as error:
        raise Unavailable(f"The index of the workspace cannot be kept: {error.strerror}.") from error
