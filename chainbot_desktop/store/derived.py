"""A database of what can be made again at any time, beside the one of the journal: it is thrown away rather than mended."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path


class DerivedDatabase:
    """`path` is the file's. On one thread at a time; whoever inherits opens it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def throw_away(self) -> None:
        self.close()
        for name in (self._path.name, f"{self._path.name}-wal", f"{self._path.name}-shm"):
            self._path.with_name(name).unlink(missing_ok=True)
