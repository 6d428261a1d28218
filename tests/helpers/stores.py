"""A real store on a real file, for any test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.small_tables import BlobTable, PreferenceTable, SnapshotTable


@dataclass(frozen=True)
class Store:
    database: Database
    bus: EventBus
    journal: SqliteJournal
    blobs: BlobTable
    snapshots: SnapshotTable
    preferences: PreferenceTable


@asynccontextmanager
async def open_store(folder: Path) -> AsyncIterator[Store]:
    """The store of `folder`: made if it is not there, opened again if it is."""
    database = Database(folder / "journal.db")
    await database.open()
    bus = EventBus()
    journal = SqliteJournal(database, bus)
    await journal.open()
    try:
        yield Store(database, bus, journal, BlobTable(database), SnapshotTable(database), PreferenceTable(database))
    finally:
        await journal.close()
        await database.close()
