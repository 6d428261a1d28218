"""The journal on SQLite: durable, ordered, hash-chained, searchable.

Appends that wait together are committed together. While one batch is on its way to the disk the next one gathers, and the writing
thread takes it without a detour through the loop: the loop goes on with requests while the disk works, and a lone append never waits
for company.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, select, text

from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.events.envelope import Event, Recorded, Severity
from chainbot_desktop.core.ports import ChainReport, DiskRefusal, EventQuery, Head, IdempotencyKey, JournalEnds
from chainbot_desktop.store.chain import verify_chain
from chainbot_desktop.store.database import Database, is_of_the_disk, translated_errors
from chainbot_desktop.store.event_rows import RECORDED, event_of_row
from chainbot_desktop.store.event_statements import RowsOf
from chainbot_desktop.store.journal_writer import Entry, JournalWriter, Outcome, TableWrite, refusal
from chainbot_desktop.store.schema import SEVERE, URGENT, events
from chainbot_desktop.store.timeline import find_ends, find_events, find_seq_at, find_seqs, find_times

E = TypeVar("E", bound=Event)

MAX_WAITING = 20_000
"""Appends that may wait for the disk; more are refused with Unavailable, so that memory has a limit."""

_MAX_BATCH = 2_000
_TURN = 0.05
"""Seconds for which appends may keep the writing thread from other tables."""
_INDEX_SLICE = 500
_SEARCH_SLICE = 2_000
_TELL_EVERY = 0.1
"""Seconds between two words about how far verifying is."""
_INDEX_DELAY = 1.0
_INDEX_BACKLOG = 20_000
_FORGET_EVERY = 10.0
_FORGET_SLICE = 5_000
"""Idempotency keys past their lifetime that go at a time: more in a day than a Pi takes in."""
MAX_READ = 10_000
"""Most events that one read returns."""


_Waiting = tuple[Entry, asyncio.Future[Recorded[Any]]]


class SqliteJournal:
    """Implements `core.ports.Journal` and `Timeline`. `database` is open before `open` and closed after `close`."""

    def __init__(self, database: Database, bus: EventBus) -> None:
        self._database = database
        self._bus = bus
        self._writer: JournalWriter | None = None
        self._lock = threading.Lock()  # guards the next two, which the writing thread changes as well
        self._waiting: list[_Waiting] = []
        self._draining = False
        self._in_flight = 0
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._head_seq = 0
        self._indexed_behind = 0
        self._index_timer: asyncio.TimerHandle | None = None
        self._forget_timer: asyncio.TimerHandle | None = None
        self._indexing = False
        self._refused: DiskRefusal | None = None
        self.on_refusal_changed: Callable[[], None] = _nothing
        """Called on the loop's thread when appends begin to be refused by the disk, and when it takes them again."""

    async def open(self) -> None:
        def start() -> tuple[JournalWriter, int]:
            with translated_errors(self._database.path):
                connection = self._database.driver_connection()
                try:
                    writer = JournalWriter(connection)
                    return writer, writer.index_text(0)
                except sqlite3.Error:
                    connection.close()
                    raise

        self._writer, self._indexed_behind = await self._database.on_writer(start)
        self._forget_old_keys()
        self._head_seq = self._require_writer().head[0]
        self._plan_indexing()

    async def close(self) -> None:
        """Refuse new appends, wait until what was appended is on disk."""
        self._closing = True
        for timer in (self._index_timer, self._forget_timer):
            if timer is not None:
                timer.cancel()
        await self._idle.wait()
        if self._writer is not None:
            await self._database.on_writer(self._writer.close)
            self._writer = None

    @property
    def head_seq(self) -> int:
        return self._head_seq

    @property
    def waiting(self) -> int:
        """How many appends wait for the disk."""
        return len(self._waiting)

    @property
    def refused(self) -> DiskRefusal | None:
        """Whether the disk refused what was appended last."""
        return self._refused

    async def append(
        self,
        event: E,
        key: IdempotencyKey | None = None,
        *,
        write: TableWrite | None = None,
        row: tuple[RowsOf, tuple[Any, ...]] | None = None,
    ) -> Recorded[E]:
        """As the port says; `write` runs in the same transaction, on the writing thread.

        `row` is put into its table there too, for an event of an earlier request as well: many in one statement.
        """
        if self._closing or self._writer is None:
            raise Unavailable("The program is stopping and takes no new events.", code="stopping")
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("Too many events wait for the disk.", hint="Send it again in a second.", code="overloaded")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Recorded[Any]] = loop.create_future()
        self._in_flight += 1
        self._idle.clear()
        with self._lock:
            self._waiting.append((Entry(event, key, write, row), future))
            asleep, self._draining = not self._draining, True
        if asleep:
            self._database.submit(self._drain, loop)
        # A caller that is cancelled does not take the batch with it: the event is on its way to the disk.
        return cast(Recorded[E], await future)

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """On the writing thread: commit what waits, and what came meanwhile, without asking the loop in between."""
        end = time.monotonic() + _TURN
        while True:
            batch = self._take_batch()
            if not batch:
                return
            outcomes: list[Outcome] | Exception
            try:
                outcomes = self._require_writer().commit([entry for entry, _ in batch])
            except Exception as error:  # the border of a thread: every waiting caller is told
                outcomes = error
            loop.call_soon_threadsafe(self._on_committed, batch, outcomes)
            if time.monotonic() > end:
                # Other tables have their turn; the rest queues behind them.
                self._database.submit(self._drain, loop)
                return

    def _take_batch(self) -> list[_Waiting]:
        with self._lock:
            batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
            self._draining = bool(batch)
            return batch

    def _on_committed(self, batch: list[_Waiting], outcomes: list[Outcome] | Exception) -> None:
        self._in_flight -= len(batch)
        if not self._in_flight:
            self._idle.set()
        if isinstance(outcomes, Exception):
            if is_of_the_disk(outcomes):
                self._note_refusal(DiskRefusal(time.monotonic(), str(outcomes)))
            error = refusal(outcomes) if isinstance(outcomes, sqlite3.Error) else outcomes
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        self._note_refusal(None)
        fresh = [outcome.recorded for outcome in outcomes if outcome.fresh and outcome.recorded is not None]
        if fresh:
            self._head_seq = fresh[-1].seq
            self._indexed_behind += len(fresh)
            self._bus.publish(fresh)
            self._plan_indexing()
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():
                continue
            if outcome.error is not None:
                future.set_exception(outcome.error)
            else:
                assert outcome.recorded is not None
                future.set_result(outcome.recorded)

    def _note_refusal(self, refused: DiskRefusal | None) -> None:
        changed = (refused is None) != (self._refused is None)
        self._refused = refused
        if changed:
            self.on_refusal_changed()

    async def read(self, query: EventQuery) -> list[Recorded[Event]]:
        if query.text.strip():
            await self._index_all()
        return await self._database.read(lambda connection: _select_events(connection, query))

    async def get(self, event_id: str) -> Recorded[Event] | None:
        def work(connection: Connection) -> Recorded[Event] | None:
            row = connection.execute(select(*RECORDED).where(events.c.id == event_id)).first()
            return event_of_row(row) if row is not None else None

        return await self._database.read(work)

    async def ends(self) -> JournalEnds | None:
        return await self._database.read(find_ends)

    async def seqs(self, types: Sequence[str], since: int = 0) -> Sequence[int]:
        return await self._database.read(lambda connection: find_seqs(connection, types, since))

    async def times(self, seqs: Sequence[int]) -> Mapping[int, str]:
        return await self._database.read(lambda connection: find_times(connection, seqs))

    async def events_at(self, seqs: Sequence[int]) -> list[Recorded[Event]]:
        return await self._database.read(lambda connection: find_events(connection, seqs))

    async def seq_at(self, time: str) -> int | None:
        return await self._database.read(lambda connection: find_seq_at(connection, time))

    async def earlier(self, key: IdempotencyKey) -> Recorded[Event] | None:
        """The event that an earlier request with this key made. Conflict (HTTP 422) where its body was another."""

        def work() -> Recorded[Event] | None:
            with translated_errors(self._database.path):
                outcome = self._require_writer().seen(key)
            if outcome is not None and outcome.error is not None:
                raise outcome.error
            return outcome.recorded if outcome is not None else None

        return await self._database.on_writer(work)

    async def verify(self, progress: Callable[[int, int], None] | None = None, heads: Sequence[Head] = ()) -> ChainReport:
        loop, given_up, told = asyncio.get_running_loop(), threading.Event(), 0.0

        def report(checked: int, total: int) -> None:
            nonlocal told
            if progress is not None and (checked == total or time.monotonic() - told > _TELL_EVERY):
                told = time.monotonic()
                loop.call_soon_threadsafe(progress, checked, total)

        def work(_connection: Connection) -> ChainReport | None:
            return verify_chain(self._database.path, heads, report, lambda: given_up.is_set() or self._database.closing)

        try:
            found = await self._database.read(work)
        except asyncio.CancelledError:
            given_up.set()
            raise
        if found is None:
            raise Unavailable("The program is stopping.", code="stopping")
        return found

    # The full-text index is brought up to date when the journal is quiet, and before every search.

    def _plan_indexing(self) -> None:
        if self._closing or self._indexing or self._indexed_behind == 0:
            return
        if self._indexed_behind > _INDEX_BACKLOG:
            self._start_indexing()
            return
        if self._index_timer is not None:
            return
        self._index_timer = asyncio.get_running_loop().call_later(_INDEX_DELAY, self._on_index_timer)

    def _on_index_timer(self) -> None:
        self._index_timer = None
        if not self._in_flight:
            self._start_indexing()
        else:
            self._plan_indexing()

    def _start_indexing(self) -> None:
        if self._index_timer is not None:
            self._index_timer.cancel()
            self._index_timer = None
        self._indexing = True
        self._database.submit(self._index_on_writer, asyncio.get_running_loop())

    def _index_on_writer(self, loop: asyncio.AbstractEventLoop) -> None:
        outcome: int | Exception
        try:
            outcome = self._require_writer().index_text(_INDEX_SLICE)
        except Exception as error:  # the border of a thread: handed to the loop, which reports it
            outcome = error
        loop.call_soon_threadsafe(self._on_indexed, outcome)

    def _on_indexed(self, outcome: int | Exception) -> None:
        self._indexing = False
        if isinstance(outcome, Exception):
            if not is_of_the_disk(outcome) and not self._closing:
                raise outcome
            return  # a disk that takes nothing is reported to those who append; the index is tried again with the next event
        self._indexed_behind = outcome
        if outcome and not self._closing and not self._in_flight:
            self._start_indexing()
        else:
            self._plan_indexing()

    async def _index_all(self) -> None:
        """Up to the present head, in slices: appends have their turn in between."""

        def work() -> int:
            with translated_errors(self._database.path):
                return self._require_writer().index_text(_SEARCH_SLICE)

        wanted = self._head_seq
        while self._indexed_behind and self._head_seq - self._indexed_behind < wanted:
            self._indexed_behind = await self._database.on_writer(work)

    def _forget_old_keys(self) -> None:
        # A slice at a time and all day long: months of webhooks must not be a pause of the writing thread, nor fill the disk.
        loop = asyncio.get_running_loop()
        self._forget_timer = loop.call_later(_FORGET_EVERY, self._forget_old_keys)
        self._database.submit(self._forget_on_writer)

    def _forget_on_writer(self) -> None:
        with suppress(sqlite3.Error, Unavailable):  # a disk that takes nothing is reported to those who append
            self._require_writer().forget_old_keys(_FORGET_SLICE)

    def _require_writer(self) -> JournalWriter:
        if self._writer is None:
            raise Unavailable("The journal is closed.", code="stopping")
        return self._writer


def _nothing() -> None:
    pass


def _select_events(  # noqa: C901 - one condition after the other
    connection: Connection, query: EventQuery
) -> list[Recorded[Event]]:
    newest_first = query.order == "desc"
    statement = select(*RECORDED).order_by(events.c.seq.desc() if newest_first else events.c.seq)
    if query.since is not None:
        statement = statement.where(events.c.seq < query.since if newest_first else events.c.seq > query.since)
    if query.types:
        statement = statement.where(events.c.type.in_(query.types))
    if query.subject is not None:
        statement = statement.where(events.c.subject == query.subject)
    if query.source is not None:
        statement = statement.where(events.c.source == query.source)
    if query.actor is not None:
        statement = statement.where(_by_actor(query.actor))
    if query.severities:
        statement = statement.where(events.c.severity.in_(query.severities))
        if Severity.INFO not in query.severities:
            statement = statement.where(SEVERE)
    if query.attention is not None:
        statement = statement.where(URGENT if query.attention else events.c.requires_attention == query.attention)
    if query.after is not None:
        statement = statement.where(events.c.time >= query.after)
    if query.before is not None:
        statement = statement.where(events.c.time <= query.before)
    if query.text.strip():
        matching = text("SELECT rowid FROM events_text WHERE events_text MATCH :q").bindparams(q=match_expression(query.text))
        statement = statement.where(events.c.seq.in_(matching.columns(events.c.seq).scalar_subquery()))
    rows: Sequence[Any] = connection.execute(statement.limit(max(0, min(query.limit, MAX_READ)))).all()
    return [event_of_row(row) for row in rows]


def _by_actor(actor: str) -> ColumnElement[bool]:
    return events.c.actor.startswith(actor, autoescape=True) if actor.endswith(":") else events.c.actor == actor


def match_expression(words: str) -> str:
    """What a person typed as an FTS5 expression: every word must occur, the last one may be its beginning."""
    terms = ['"' + word.replace('"', '""') + '"' for word in words.replace("\x00", " ").split()]
    return " ".join(terms) + "*" if terms else '""'
