"""Verifying the hash chain of the journal."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, func, select

from chainbot_desktop.core.events.envelope import GENESIS_HASH, chain_hash
from chainbot_desktop.core.ports import ChainReport
from chainbot_desktop.store.event_rows import hashed_fields_of_row
from chainbot_desktop.store.schema import events

_PROGRESS_EVERY = 10_000


def verify_chain(connection: Connection, progress: Callable[[int, int], None]) -> ChainReport:
    """Recompute every hash from the columns as they are stored. Runs on a reading thread; memory does not grow."""
    total = connection.execute(select(func.count()).select_from(events)).scalar_one()
    prev_hash = GENESIS_HASH
    checked = 0
    rows = connection.execution_options(yield_per=1000).execute(select(events).order_by(events.c.seq))
    for row in rows:
        seq, *_, prev, own = row
        if seq != checked + 1:
            return ChainReport(False, checked, checked + 1, f"Event {checked + 1} is missing.")
        if prev != prev_hash:
            return ChainReport(False, checked, seq, f"Event {seq} does not follow event {checked}.")
        if chain_hash(prev_hash, hashed_fields_of_row(row)) != own:
            return ChainReport(False, checked, seq, f"Event {seq} was changed after it was written.")
        prev_hash = own
        checked += 1
        if checked % _PROGRESS_EVERY == 0:
            progress(checked, total)
    progress(checked, total)
    return ChainReport(True, checked)
