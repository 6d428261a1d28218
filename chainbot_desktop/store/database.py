"""One SQLite file, one writing thread, a few reading ones.

All writes of the program run on one thread, one after the other, so SQLite never answers "locked" to ourselves and the order of
commits is the order of calls. Reads run beside them (WAL). A lock file keeps a second program out of the same database.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.pool import QueuePool

from chainbot_desktop.core.errors import ChainBotError, Unavailable

T = TypeVar("T")

SCHEMA_REVISION = "0006"
"""The newest migration. Named here so that a start with an up-to-date database does not import Alembic."""

_READERS = 3


class StoreError(ChainBotError):
    """The database cannot be opened: names the file and what to do."""

    code = "store"


class Database:
    """Opened by `open`, which may raise StoreError; closed by `close`. Its coroutines belong to the loop's thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_file: IO[str] | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        self._engine = _engine(path, read_only=False)
        self._reading: set[sqlite3.Connection] = set()
        self._read_engine = _engine(path, read_only=True, opened=self._reading)
        self._closing = False

    async def open(self) -> None:
        try:
            await self.on_writer(self._open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Cut reads short, let queued writes finish, fold the write-ahead log back, release the file."""
        loop = asyncio.get_running_loop()
        self._closing = True
        await self._end_reads()
        await loop.run_in_executor(self._writer, self._close)
        self._writer.shutdown(wait=True)

    @property
    def closing(self) -> bool:
        """Whether long work should give up now."""
        return self._closing

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction on the writing thread."""

        def transaction() -> T:
            with translated_errors(self.path), self._engine.begin() as connection:
                return work(connection)

        return await self.on_writer(transaction)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a reading thread; it sees one consistent state."""

        def snapshot() -> T:
            if self._closing:
                raise Unavailable("The program is stopping.", code="stopping")
            with translated_errors(self.path), self._read_engine.connect() as connection:
                # The driver begins a transaction for writes alone: without this each statement would see a state of its own.
                connection.connection.cursor().execute("BEGIN")
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._readers, snapshot)

    async def on_writer(self, work: Callable[[], T]) -> T:
        """Run `work`, which manages its own connection, on the writing thread."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    def submit(self, work: Callable[..., None], *args: Any) -> None:
        """Queue `work` for the writing thread without waiting for its end; it reports back by itself. Never blocks."""
        self._writer.submit(work, *args)

    def driver_connection(self) -> sqlite3.Connection:
        """A connection of its own in autocommit mode, for the journal's writer. Call and use on the writing thread."""
        connection = sqlite3.connect(self.path, isolation_level=None, cached_statements=600)
        try:
            _set_pragmas(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock()
            with self._engine.connect() as connection:
                if _revision(connection) != SCHEMA_REVISION:
                    self._migrate(connection)
            self.path.chmod(0o600)
        except (OSError, DatabaseError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise StoreError(
                f"The database {self.path} cannot be opened: {reason}.",
                hint="Check the file and its folder, restore a backup, or name another folder with --data-dir.",
            ) from error

    def _lock(self) -> None:
        path = self.path.with_name(self.path.name + ".lock")
        lock = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip()
            lock.close()
            raise StoreError(
                f"Another ChainBot Desktop{f' (process {owner})' if owner else ''} uses the data in {self.path.parent}.",
                hint="Stop it first, or start this one with another --data-dir.",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock_file = lock

    def _migrate(self, connection: Connection) -> None:
        from alembic import command  # slow to import and rarely needed
        from alembic.config import Config
        from alembic.util import CommandError

        tables = inspect(connection).get_table_names()
        if tables and "alembic_version" not in tables:
            raise StoreError(
                f"{self.path} is a database of another program.",
                hint="Name another file in DATABASE_URL or another folder with --data-dir.",
            )
        config = Config()
        config.set_main_option("script_location", "chainbot_desktop.store:migrations")
        config.attributes["connection"] = connection
        # All or nothing: a power cut in the middle must not leave half of the tables. Left to itself SQLite commits each statement.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(
                f"{self.path} was written by a newer version of this program ({error}).",
                hint="Install that version, or name another folder with --data-dir.",
            ) from error
        connection.commit()

    async def _end_reads(self) -> None:
        # A look through the whole journal may take a minute, and stopping has three seconds: SQLite is told to give up, until it did.
        ending = asyncio.get_running_loop().run_in_executor(None, lambda: self._readers.shutdown(cancel_futures=True))
        while not ending.done():
            for connection in tuple(self._reading):
                with suppress(sqlite3.ProgrammingError):  # closed meanwhile
                    connection.interrupt()
            await asyncio.wait([ending], timeout=0.02)

    def _close(self) -> None:
        self._read_engine.dispose()
        self._engine.dispose()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def is_of_the_disk(error: BaseException | None) -> bool:
    """Whether SQLite says that the file is full, locked, read-only, gone or broken: its narrower classes speak of one statement."""
    return type(error) in {sqlite3.OperationalError, sqlite3.DatabaseError}


class translated_errors:  # noqa: N801 - reads as a statement
    """Turns what SQLite says about disks and locks into Unavailable; other errors are bugs and pass."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        reason = error.orig if isinstance(error, DBAPIError) else error
        if is_of_the_disk(reason):
            raise Unavailable(
                f"The database {self._path} does not take or give data now: {reason}.",
                hint="Free disk space and check the permissions of its folder; a broken file must be restored from a backup.",
                code="store_unavailable",
            ) from error


def _engine(path: Path, *, read_only: bool, opened: set[sqlite3.Connection] | None = None) -> Engine:
    """`opened` is told of the connections while they are open."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=_READERS if read_only else 1,
        max_overflow=0,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
        _set_pragmas(connection)
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        if opened is not None:
            opened.add(connection)

    @event.listens_for(engine, "close")
    def _on_close(connection: sqlite3.Connection, _record: object) -> None:
        if opened is not None:
            opened.discard(connection)

    return engine


def _set_pragmas(connection: sqlite3.Connection) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "cache_size=-8000"):
        connection.execute(f"PRAGMA {pragma}")


def _revision(connection: Connection) -> str | None:
    if "alembic_version" not in inspect(connection).get_table_names():
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(revision) if revision is not None else None
