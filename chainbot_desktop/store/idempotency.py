"""The keys that callers gave to their requests: looked up and kept a whole batch at a time, one statement each."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from chainbot_desktop.core.ports import IdempotencyKey

KEY_LIFETIME = 7 * 24 * 3600.0
"""Seconds for which an idempotency key is remembered."""
_KEYS_PER_STATEMENT = 256
_FIND = "WITH asked (scope, key) AS (VALUES "
_FOUND = (
    ") SELECT known.scope, known.key, digest, seq FROM asked CROSS JOIN idempotency_keys AS known"
    " ON known.scope = asked.scope AND known.key = asked.key WHERE +recorded_at > ?"
)
"""Written so that SQLite looks for each key: else it would go through all those of a week."""
_KEEP = "INSERT OR REPLACE INTO idempotency_keys (scope, key, digest, seq, recorded_at) VALUES "


def find_keys(connection: sqlite3.Connection, keys: Sequence[IdempotencyKey]) -> dict[tuple[str, str], tuple[str, int]]:
    """By scope and key: the digest that came with it, and the `seq` of its event. Those that are not known are left out."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    since = time.time() - KEY_LIFETIME
    for start in range(0, len(keys), _KEYS_PER_STATEMENT):
        part = keys[start : start + _KEYS_PER_STATEMENT]
        names = [name for key in part for name in (key.scope, key.key)]
        rows = connection.execute(_FIND + ",".join(["(?,?)"] * len(part)) + _FOUND, (*names, since))
        found.update(((scope, key), (digest, seq)) for scope, key, digest, seq in rows)
    return found


def keep_keys(connection: sqlite3.Connection, keys: Sequence[tuple[IdempotencyKey, int]]) -> None:
    """Each with the `seq` of its event."""
    now = time.time()
    for start in range(0, len(keys), _KEYS_PER_STATEMENT):
        part = keys[start : start + _KEYS_PER_STATEMENT]
        values = [value for key, seq in part for value in (key.scope, key.key, key.digest, seq, now)]
        connection.execute(_KEEP + ",".join(["(?,?,?,?,?)"] * len(part)), values)


def forget_old_keys(connection: sqlite3.Connection, limit: int) -> int:
    """Delete at most `limit` keys past their lifetime; how many went."""
    cursor = connection.execute(
        "DELETE FROM idempotency_keys WHERE rowid IN "
        "(SELECT rowid FROM idempotency_keys WHERE recorded_at <= ? ORDER BY recorded_at LIMIT ?)",
        (time.time() - KEY_LIFETIME, limit),
    )
    return cursor.rowcount
