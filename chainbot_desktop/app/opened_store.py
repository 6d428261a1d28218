"""The store, open: the database, the journal on it, and the small tables that everybody uses."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.app.stopping import closed_within
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.small_tables import BlobTable, PreferenceTable, SnapshotTable


@dataclass(frozen=True, slots=True)
class OpenedStore:
    database: Database
    bus: EventBus
    journal: SqliteJournal
    blobs: BlobTable
    snapshots: SnapshotTable
    preferences: PreferenceTable


async def open_store(stack: AsyncExitStack, path: Path) -> OpenedStore:
    """Closed by `stack`."""
    database = Database(path)
    await database.open()
    stack.push_async_callback(closed_within, 1.0, "the database", database.close)
    bus = EventBus()
    journal = SqliteJournal(database, bus)
    await journal.open()
    stack.push_async_callback(closed_within, 1.0, "the journal", journal.close)
    return OpenedStore(database, bus, journal, BlobTable(database), SnapshotTable(database), PreferenceTable(database))
