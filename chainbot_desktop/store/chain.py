"""Verifying the hash chain of the journal: about as fast as its bytes can be hashed, by as many processes as there are processors.

The quick look (`chain_quick`) is taken by several processes (`chain_workers`) where there are enough events to be worth their start.
Whatever does not fit is looked at again event by event (`chain_faults`): that alone says what is wrong.

A chain alone proves that nothing between its ends was changed. That its end is the end, and that it was not computed anew, is proved
by heads that were kept outside of the database (`Head`).
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.core.ports import ChainReport, Head
from chainbot_desktop.store.chain_faults import Fault, broken_link, fault_at_the_start, first_fault
from chainbot_desktop.store.chain_heads import against_heads
from chainbot_desktop.store.chain_quick import EVENTS_AT_ONCE, ends, quick_look, reading_connection
from chainbot_desktop.store.chain_workers import Answer, ChainWorkers

_log = logging.getLogger(__name__)

_MOST_WORKERS = 4
_WORTH_WORKERS = 20_000
"""Events that one process verifies in the time in which others start."""


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
    `workers` is the number of processes beside this one (0: none); None leaves it to the number of events and of processors.
    """
    never = stop or _never
    with ExitStack() as stack:
        connection = stack.enter_context(closing(reading_connection(path)))
        first, last = ends(connection)
        helping = _helping(stack, path, _worth(last - first + 1) if workers is None else workers)
        # Each has a state of its own, moments apart: what all of them see is verified.
        for begin, end in helping.ends() if helping is not None else ():
            first, last = max(first, begin), min(last, end)
        start = fault_at_the_start(connection, first, last)
        if start is not None:
            return _report(start, 0, first)
        answers = _here(connection, first, last) if helping is None else _narrowed(connection, helping.look(first, last, never))
        fault, checked = _walk(connection, answers, (first, last), progress or _quiet, never)
        if fault is None and checked < last - first + 1:
            return None
        vouched, doubt = against_heads(connection, heads, first, last)
        if fault is None or (doubt is not None and doubt.known_at < fault.seq):
            fault = doubt
        return _report(fault, checked if fault is None else max(0, fault.seq - first), first, vouched)


def _worth(events: int) -> int:
    return min(_MOST_WORKERS, os.cpu_count() or 1) if events >= _WORTH_WORKERS else 0


def _helping(stack: ExitStack, path: Path, count: int) -> ChainWorkers | None:
    """None where none are wanted, or where the system starts no process: then all is done here, as exactly and more slowly."""
    if count == 0:
        return None
    try:
        return stack.enter_context(closing(ChainWorkers(path, count)))
    except OSError as error:
        _log.warning("no process can be started to help with verifying the hash chain: %s; it takes longer", error)
        return None


def _here(connection: sqlite3.Connection, first: int, last: int) -> Iterator[Answer]:
    for begin in range(first, last + 1, EVENTS_AT_ONCE):
        end = min(begin + EVENTS_AT_ONCE - 1, last)
        yield begin, end, quick_look(connection, begin, end)


def _narrowed(connection: sqlite3.Connection, answers: Iterator[Answer]) -> Iterator[Answer]:
    """Few events are left in doubt where there were many."""
    for begin, end, found in answers:
        if found is not None:
            yield begin, end, found
        else:
            yield from _here(connection, begin, end)


def _walk(
    connection: sqlite3.Connection,
    answers: Iterator[Answer],
    bounds: tuple[int, int],
    progress: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> tuple[Fault | None, int]:
    """The first fault, and how many events were looked at by then."""
    first, last = bounds
    checked, previous = 0, None
    for begin, end, found in answers:
        stretch = _Stretch(*found) if found is not None else _Stretch(*first_fault(connection, begin, end))
        fault = stretch.fault
        if previous is not None and stretch.before != previous and (fault is None or fault.seq > begin):
            fault = first_fault(connection, begin, begin)[2] or broken_link(begin)
        if fault is not None:
            return fault, fault.seq - first
        previous, checked = stretch.last, end - first + 1
        progress(checked, last - first + 1)
        if stop():
            break
    return None, checked


def _report(fault: Fault | None, checked: int, first: int, vouched: int = 0) -> ChainReport:
    if fault is None:
        return ChainReport(True, checked, first_seq=first, vouched=vouched)
    return ChainReport(False, checked, fault.seq, fault.reason, fault.kind, first, vouched)


def _quiet(_checked: int, _total: int) -> None: ...


def _never() -> bool:
    return False
