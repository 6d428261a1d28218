"""The journal against heads that were kept outside of it: is its end its end, and was it never computed anew?"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from chainbot_desktop.core.ports import Head
from chainbot_desktop.store.chain_faults import Fault


def against_heads(connection: sqlite3.Connection, heads: Sequence[Head], first: int, last: int) -> tuple[int, Fault | None]:
    """The newest `seq` that a head vouches for, and the first fault that heads tell of. Heads of pruned events say nothing."""
    vouched = 0
    for head in sorted(heads, key=lambda head: head.seq):
        if head.seq < first:
            continue
        if head.seq > last:
            reason = f"The journal ends with event {last}, but on {head.time} event {head.seq} was its last one."
            return vouched, Fault(last + 1, "truncated", reason, known_at=last + 1)
        row = connection.execute("SELECT hash FROM journal WHERE seq = ?", (head.seq,)).fetchone()
        if row is not None and row[0] != head.hash:
            begin = max(vouched + 1, first)
            reason = (
                f"Events from {begin} on (at the latest {head.seq}) were written anew and hashed again: "
                f"event {head.seq} has another hash than on {head.time}."
            )
            return vouched, Fault(begin, "rehashed", reason, known_at=head.seq)
        vouched = head.seq
    return vouched, None
