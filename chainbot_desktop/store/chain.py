"""Verifying the hash chain of the journal, as fast as SQLite gives the events.

SQLite itself joins the columns of some hundred events to the bytes that were hashed, and Python hashes what comes out: while one thread
hashes, others read, because SQLite needs no interpreter. What SQLite writes differently from `canonical_json`, and whatever does not
fit, is looked at again event by event (`chain_faults`): the quick way may only ever say "all is well", never why it is not.

A chain alone proves that nothing between its ends was changed. That its end is the end, and that it was not computed anew, is proved
by heads that were kept outside of the database (`Head`).
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

from chainbot_desktop.core.ports import ChainReport, Head
from chainbot_desktop.store.chain_faults import Fault, fault_at_the_start, first_fault
from chainbot_desktop.store.chain_heads import against_heads

_EVENTS_AT_ONCE = 256
_MOST_WORKERS = 4

_ENVELOPE = (
    "prev_hash || '{\"actor\":' || json_quote(actor) || ',\"data\":' || data || ',' || ltrim(json_object("
    "'id', id, 'requires_attention', CASE requires_attention WHEN 0 THEN json('false') WHEN 1 THEN json('true') ELSE 2 END, "
    "'seq', seq, 'severity', severity, 'source', source, 'subject', subject, 'time', time, 'type', type, 'version', version), '{')"
)
"""A value of another type than its column's does not pass: JSON functions refuse a blob and write a number without quotes."""
_STRETCH = (
    f"SELECT CAST(group_concat({_ENVELOPE}, char(10)) AS BLOB), group_concat(hash), group_concat(prev_hash), "  # noqa: S608
    "sum(max(data, hash, prev_hash) < x'') FROM events WHERE seq BETWEEN ? AND ?"
)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Events that follow each other and fit together; or the first of them that does not."""

    before: str
    """The `prev_hash` of the first."""
    last: str
    """The hash of the last."""
    fault: Fault | None = None


def verify_chain(
    path: Path,
    heads: Sequence[Head] = (),
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
    workers: int | None = None,
) -> ChainReport | None:
    """Hash every event again; None if `stop` said so before the end. Blocks; memory does not grow. sqlite3.Error may be raised.

    `heads` are what is known of this journal from outside, in any order. `progress` (checked, total) is called on this thread.
    """
    count = workers or min(_MOST_WORKERS, os.cpu_count() or 1)
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(reading_connection(path))) for _ in range(count)]
        # Each has a state of its own, moments apart: what all of them see is verified.
        ends = [_ends(connection) for connection in connections]
        first, last = max(end[0] for end in ends), min(end[1] for end in ends)
        start = fault_at_the_start(connections[-1], first, last)
        if start is not None:
            return _report(start, 0, first)
        fault, checked = _walk(connections, first, last, progress or _quiet, stop or _never)
        if fault is None and checked < last - first + 1:
            return None
        vouched, doubt = against_heads(connections[0], heads, first, last)
        if fault is None or (doubt is not None and doubt.known_at < fault.seq):
            fault = doubt
        return _report(fault, checked if fault is None else max(0, fault.seq - first), first, vouched)


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


def _ends(connection: sqlite3.Connection) -> tuple[int, int]:
    # One statement each: SQLite looks up one end of an index, not both at once.
    first = connection.execute("SELECT min(seq) FROM events").fetchone()[0]
    last = connection.execute("SELECT max(seq) FROM events").fetchone()[0]
    return (first, last) if first is not None else (1, 0)


def _walk(
    connections: Sequence[sqlite3.Connection],
    first: int,
    last: int,
    progress: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> tuple[Fault | None, int]:
    """The first fault, and how many events were looked at by then."""
    total, checked = last - first + 1, 0
    previous: str | None = None
    with ThreadPoolExecutor(len(connections), thread_name_prefix="chain") as threads:
        stretches = _in_order(threads, connections, first, last)
        for upto, stretch in stretches:
            begin = first + checked
            fault = stretch.fault
            if previous is not None and stretch.before != previous and (fault is None or fault.seq > begin):
                fault = Fault(
                    begin, "broken_link", f"Event {begin} does not follow event {begin - 1}: one of the two was changed."
                )
            if fault is not None:
                return fault, fault.seq - first
            previous, checked = stretch.last, upto - first + 1
            progress(checked, total)
            if stop():
                break
    return None, checked


def _in_order(
    threads: ThreadPoolExecutor, connections: Sequence[sqlite3.Connection], first: int, last: int
) -> Iterator[tuple[int, _Stretch]]:
    """The stretches up to `last` with their last `seq`. No more of them are under way than keep all threads busy."""
    free: SimpleQueue[sqlite3.Connection] = SimpleQueue()
    for connection in connections:
        free.put(connection)

    def work(begin: int, end: int) -> _Stretch:
        connection = free.get()
        try:
            return _verify_stretch(connection, begin, end)
        finally:
            free.put(connection)

    ranges = ((begin, min(begin + _EVENTS_AT_ONCE - 1, last)) for begin in range(first, last + 1, _EVENTS_AT_ONCE))
    waiting: deque[tuple[int, Future[_Stretch]]] = deque()
    try:
        while True:
            wanted = 2 * len(connections) - len(waiting)
            waiting.extend((end, threads.submit(work, begin, end)) for begin, end in islice(ranges, wanted))
            if not waiting:
                return
            end, future = waiting.popleft()
            yield end, future.result()
    finally:
        for _, future in waiting:
            future.cancel()


def _verify_stretch(connection: sqlite3.Connection, begin: int, end: int) -> _Stretch:
    found = _quickly(connection, begin, end)
    if found is None:
        before, last, fault = first_fault(connection, begin, end)
        found = _Stretch(before, last, fault)
    return found


def _quickly(connection: sqlite3.Connection, begin: int, end: int) -> _Stretch | None:
    """None where something does not fit, or where SQLite's JSON may differ from the canonical form."""
    try:
        joined, hashes, before, whole = connection.execute(_STRETCH, (begin, end)).fetchone()
    except sqlite3.Error:  # a value that is no text, or is larger than SQLite joins
        return None
    many = end - begin + 1
    if joined is None or whole != many:
        return None
    envelopes = joined.split(b"\n")  # canonical JSON has none inside
    if len(envelopes) != many or ",".join([sha256(envelope).hexdigest() for envelope in envelopes]) != hashes:
        return None
    first_before, _, rest = before.partition(",")
    all_but_last, _, last = hashes.rpartition(",")
    return _Stretch(first_before, last) if rest == all_but_last else None


def _report(fault: Fault | None, checked: int, first: int, vouched: int = 0) -> ChainReport:
    if fault is None:
        return ChainReport(True, checked, first_seq=first, vouched=vouched)
    return ChainReport(False, checked, fault.seq, fault.reason, fault.kind, first, vouched)


def _text(stored: bytes) -> str:
    """Also what is no UTF-8: a changed journal must not keep itself from being read."""
    return stored.decode("utf-8", "surrogateescape")


def _quiet(_checked: int, _total: int) -> None: ...


def _never() -> bool:
    return False
