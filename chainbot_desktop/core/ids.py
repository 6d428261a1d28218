"""Identifiers and time stamps that every layer shares.

Ids sort by creation within one process, but order between events is `seq`, never time: a Pi has no clock battery.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache

from uuid_utils import uuid7


def new_id() -> str:
    """A UUIDv7 in its 36-character form (RFC 9562)."""
    return str(uuid7())


def utc_now() -> str:
    """The wall clock as RFC 3339 in UTC with microseconds, as events carry it."""
    seconds, microseconds = divmod(time.time_ns() // 1000, 1_000_000)
    return f"{_to_the_second(seconds)}.{microseconds:06d}Z"


@lru_cache(4)
def _to_the_second(seconds: int) -> str:
    # Every event asks: within one second only its end is different.
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds. `moment` must be aware."""
    # Every event has a time: isoformat takes a tenth of what strftime does.
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """The aware moment of an RFC 3339 text; ValueError where it is none or names no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no offset from UTC")
    return moment.astimezone(UTC)
