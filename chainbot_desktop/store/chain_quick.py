"""The quick look at the hash chain: SQLite joins some hundred events, Python hashes them.

It may only ever say "all is well": whatever does not fit is for `chain_faults` to judge. This file is also the program of the
processes that `chain_workers` starts: it must import nothing of the house, because its start is time in which nothing is verified.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

EVENTS_AT_ONCE = 256
_MOST_BYTES = 32 * 1024 * 1024
"""Of the joined events: SQLite refuses to make more, and they are looked at one by one."""

_CONFIG_SINGLETHREAD, _CONFIG_MEMSTATUS = 1, 9

_STRETCH = (
    "SELECT CAST(group_concat(envelope, char(10) || prev_hash) AS BLOB), "
    "CAST(group_concat(hash) AS BLOB), CAST(group_concat(prev_hash) AS BLOB), "
    "sum(envelope < x'' AND hash < x'' AND prev_hash < x'') FROM journal WHERE seq BETWEEN ? AND ?"
)
"""Before an envelope stands its `prev_hash`, but for the first. Last, how many events have no blob: SQLite joins those like text."""


def reading_connection(path: Path) -> sqlite3.Connection:
    """On one state of the database from now on. The program that writes may run or not; to be used by one thread at a time.

    Bytes that are no text come as surrogates.
    """
    # Not mode=ro: the write-ahead log of a program that is gone must be brought in, which takes a file beside the database.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = _text
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("BEGIN")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def ends(connection: sqlite3.Connection) -> tuple[int, int]:
    """The first and the last `seq`; (1, 0) where there is no event."""
    # One statement each: SQLite looks up one end of an index, not both at once.
    first = connection.execute("SELECT min(seq) FROM journal").fetchone()[0]
    last = connection.execute("SELECT max(seq) FROM journal").fetchone()[0]
    return (first, last) if first is not None else (1, 0)


def quick_look(connection: sqlite3.Connection, begin: int, end: int) -> tuple[str, str] | None:
    """The `prev_hash` of the first event and the hash of the last, where all of them are there, unchanged and follow each other.

    Each says its place as well; in a chain that begins where it should, that cannot be another (`chain_faults` looks at it).
    """
    before, previous = "", ""
    for start in range(begin, end + 1, EVENTS_AT_ONCE):
        found = _stretch(connection, start, min(start + EVENTS_AT_ONCE - 1, end))
        if found is None or (start > begin and found[0] != previous):
            return None
        before, previous = before or found[0], found[1]
    return before, previous


def _stretch(connection: sqlite3.Connection, begin: int, end: int) -> tuple[str, str] | None:
    try:
        joined, hashes, before, whole = connection.execute(_STRETCH, (begin, end)).fetchone()
    except sqlite3.Error:  # a value that is no text, or is larger than SQLite joins
        return None
    many = end - begin + 1
    if joined is None or whole != many:
        return None
    first_before = before.partition(b",")[0]
    envelopes = (first_before + joined).split(b"\n")  # canonical JSON has none inside
    if len(envelopes) != many:
        return None
    digests = b"".join([sha256(envelope).digest() for envelope in envelopes])
    if digests.hex(",", 32).encode() != hashes:
        return None
    all_but_last, comma, last = hashes.rpartition(b",")
    return (_text(first_before), _text(last)) if before == first_before + comma + all_but_last else None


def _text(stored: bytes) -> str:
    """Also what is no UTF-8: a changed journal must not keep itself from being read."""
    return stored.decode("utf-8", "surrogateescape")


def _without_locks() -> None:
    """For a process of one thread: SQLite without its mutexes and its count of memory takes a seventh less of the processor's time.

    No harm where the library does not take it: it goes on as it was.
    """
    with suppress(AttributeError, OSError):  # sqlite3 is part of the interpreter itself
        library = ctypes.CDLL(sys.modules["_sqlite3"].__file__)
        library.sqlite3_shutdown()
        library.sqlite3_config(_CONFIG_SINGLETHREAD)
        library.sqlite3_config(_CONFIG_MEMSTATUS, 0)
        library.sqlite3_initialize()


def main() -> None:
    """Tells the ends of the journal; then, for each line "begin end" that comes, "before last", or an empty line for None."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for the one that asks
    _without_locks()
    with closing(reading_connection(Path(sys.argv[1]))) as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
        _answer("{} {}".format(*ends(connection)))
        while asked := sys.stdin.buffer.readline():  # ends with the one that asks
            begin, end = asked.split()
            found = quick_look(connection, int(begin), int(end))
            _answer("" if found is None else "{} {}".format(*found))


def _answer(line: str) -> None:
    os.write(1, line.encode("utf-8", "surrogateescape") + b"\n")


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # the one that asked is gone
        main()
