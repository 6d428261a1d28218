"""Identifiers and time stamps that every layer shares.

Ids sort by creation within one process, but order between events is `seq`, never time: a Pi has no clock battery.
"""

from __future__ import annotations

from datetime import UTC, datetime

from uuid_utils import uuid7


def new_id() -> str:
    """A UUIDv7 in its 36-character form (RFC 9562)."""
    return str(uuid7())


def utc_now() -> str:
    """The wall clock as RFC 3339 in UTC with microseconds, as events carry it."""
    return format_time(datetime.now(UTC))


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds. `moment` must be aware."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """The aware moment of an RFC 3339 text; ValueError where it is none or names no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no offset from UTC")
    return moment.astimezone(UTC)
