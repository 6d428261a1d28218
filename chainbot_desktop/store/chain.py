"""Verifying the hash chain of the journal."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from sqlalchemy import Connection, func, select

from chainbot_desktop.core.events.envelope import GENESIS_HASH
from chainbot_desktop.core.json_codec import Verbatim, canonical_json
from chainbot_desktop.core.ports import ChainReport
from chainbot_desktop.store.schema import events

_PROGRESS_EVERY = 10_000


def verify_chain(connection: Connection, progress: Callable[[int, int], None]) -> ChainReport:
    """Recompute every hash from the columns as they are stored. Runs on a reading thread; memory does not grow."""
    total = connection.execute(select(func.count()).select_from(events)).scalar_one()
    prev_hash = GENESIS_HASH
    checked = 0
    rows = connection.execution_options(yield_per=1000).execute(select(events).order_by(events.c.seq))
    for row in rows:
        seq, id_, time, type_, version, source, severity, subject, actor, attention, data, prev, own = row
        if seq != checked + 1:
            return ChainReport(False, checked, checked + 1, f"Event {checked + 1} is missing.")
        if prev != prev_hash:
            return ChainReport(False, checked, seq, f"Event {seq} does not follow event {checked}.")
        fields = {
            "seq": seq,
            "id": id_,
            "time": time,
            "type": type_,
            "version": version,
            "source": source,
            "severity": severity,
            "subject": subject,
            "actor": actor,
            "requires_attention": bool(attention),
            "data": Verbatim(data),
        }
        if sha256(prev_hash.encode() + canonical_json(fields)).hexdigest() != own:
            return ChainReport(False, checked, seq, f"Event {seq} was changed after it was written.")
        prev_hash = own
        checked += 1
        if checked % _PROGRESS_EVERY == 0:
            progress(checked, total)
    progress(checked, total)
    return ChainReport(True, checked)
