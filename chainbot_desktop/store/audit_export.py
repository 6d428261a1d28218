"""A copy of the audit trail, or of a stretch of it, as a stream of bytes: whole or not at all, however long the journal is.

A stretch is from one `seq` to another, with nothing left out in between: only so can the chain in it be verified. Bounds in time
become the first event that is not earlier and the last that is not later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from chainbot_desktop.core.errors import Conflict, NotFound
from chainbot_desktop.core.events.envelope import GENESIS_HASH, chain_hash
from chainbot_desktop.store.audit_forms import FORMS, FormName, Link, place_of
from chainbot_desktop.store.chain_quick import reading_connection
from chainbot_desktop.store.event_rows import COLUMNS

_EVENTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Stretch:
    """What to export: bounds by place (`first`, `last`) or time (`after`, `before`, RFC 3339), all inclusive; None is no bound."""

    first: int | None = None
    last: int | None = None
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """`broken_at` is the first event whose hash does not fit, None where all do. `sha256` and `size` are of the whole file."""

    form: FormName
    first_seq: int
    last_seq: int
    first_time: str
    last_time: str
    prev_hash: str
    """Of the first event: what came before it."""
    last_hash: str
    count: int
    size: int
    sha256: str
    broken_at: int | None


class AuditExport:
    """Blocking, for one thread at a time. `pieces` once; then `summary`. Sees the journal as it was when `pieces` began."""

    def __init__(self, path: Path, form: FormName, stretch: Stretch) -> None:
        self._path = path
        self._name: FormName = form
        self._stretch = stretch
        self.summary: ExportSummary | None = None
        """Once all pieces were given."""

    def pieces(self, progress: Callable[[int, int], None] | None = None) -> Generator[bytes]:
        """NotFound where no event is in the stretch, Conflict where one cannot be written as text. Closing it ends it."""
        form, digest, size, checked = FORMS[self._name], sha256(), 0, _Checked()
        with closing(reading_connection(self._path)) as connection:
            first, last = _bounds(connection, self._stretch)
            piece = form.begin()
            for rows in _pages(connection, first, last):
                for row in rows:
                    link, place = _link(row)
                    checked.add(link, place)
                    piece += form.line(link)
                digest.update(piece)
                size += len(piece)
                yield piece
                piece = b""
                if progress is not None:
                    progress(checked.count, last - first + 1)
        self.summary = checked.summary(self._name, size, digest.hexdigest())


class _Checked:
    """The chain of what is exported, verified on the way."""

    def __init__(self) -> None:
        self.count = 0
        self._first: Link | None = None
        self._last: Link | None = None
        self._broken_at: int | None = None

    def add(self, link: Link, place: int) -> None:
        """`place` is where it stands in the journal."""
        fits = link.seq == place and chain_hash(link.prev_hash, link.envelope) == link.hash
        follows = self._last is None or (link.prev_hash == self._last.hash and link.seq == self._last.seq + 1)
        if not (fits and follows) and self._broken_at is None:
            self._broken_at = place
        self._first, self._last = self._first or link, link
        self.count += 1

    def summary(self, form: FormName, size: int, digest: str) -> ExportSummary:
        first, last = self._first, self._last
        assert first is not None
        assert last is not None
        if first.seq == 1 and first.prev_hash != GENESIS_HASH:
            self._broken_at = 1
        seqs, times = (first.seq, last.seq), (first.time, last.time)
        return ExportSummary(form, *seqs, *times, first.prev_hash, last.hash, self.count, size, digest, self._broken_at)


def _pages(connection: sqlite3.Connection, first: int, last: int) -> Iterator[list[tuple[Any, ...]]]:
    asked = f"SELECT {','.join(COLUMNS)} FROM journal WHERE seq BETWEEN ? AND ? ORDER BY seq"  # noqa: S608 - names of our own columns
    cursor = connection.execute(asked, (first, last))
    while rows := cursor.fetchmany(_EVENTS_AT_ONCE):
        yield rows


def _link(row: tuple[Any, ...]) -> tuple[Link, int]:
    seq, text, prev_hash, own = row
    try:
        envelope = text.encode()
        return Link(*place_of(envelope), envelope, prev_hash, own), seq
    except (ValueError, AttributeError):
        raise Conflict(
            f"Event {seq} cannot be exported: it was changed to something that is no event.",
            hint="Verify the chain; export what comes before it and after it.",
            code="not_exportable",
        ) from None


def _bounds(connection: sqlite3.Connection, stretch: Stretch) -> tuple[int, int]:
    first, last = stretch.first or 1, stretch.last
    # As a sum: the least `seq` itself SQLite looks for along the table, event by event, instead of in the index of times.
    if stretch.after is not None:
        (found,) = connection.execute("SELECT min(seq + 0) FROM events WHERE time >= ?", (stretch.after,)).fetchone()
        first = max(first, found) if found is not None else 2**62
    if stretch.before is not None:
        (found,) = connection.execute("SELECT max(seq + 0) FROM events WHERE time <= ?", (stretch.before,)).fetchone()
        last = min(last or found or 0, found or 0)
    lowest, highest = connection.execute("SELECT (SELECT min(seq) FROM events), (SELECT max(seq) FROM events)").fetchone()
    first, last = max(first, lowest or 1), highest or 0 if last is None else min(last, highest or 0)
    if first > last:
        where = f"The journal has the events {lowest} to {highest}." if highest else "The journal is empty."
        raise NotFound("There is no event in this stretch.", hint=where, code="nothing_to_export")
    return first, last
