"""Moments as people say them: how long ago, and exactly when. No Qt."""

from __future__ import annotations

from datetime import UTC, datetime

from chainbot_desktop.core.ids import parse_time


def ago(moment: str, now: datetime) -> str:
    """ "12 s ago"; a clock that was set back gives "just now". `moment` as events carry it."""
    elapsed = span(moment, now)
    return "just now" if elapsed == "0 s" else f"{elapsed} ago"


def span(moment: str, now: datetime) -> str:
    """The time since, in its largest unit."""
    seconds = max(0, int((now - parse_time(moment)).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds // 5 * 5} s" if seconds >= 10 else "0 s"


def exactly(moment: str) -> str:
    """In this machine's own time zone."""
    return parse_time(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def now_utc() -> datetime:
    return datetime.now(UTC)
