"""Times as people say them. Pure: the caller gives the present moment."""

from __future__ import annotations

from datetime import datetime

from chainbot_desktop.core.ids import parse_time


def relative_time(time: str, now: datetime) -> str:
    """A short word for a list or a card; `now` is aware. A time in the future (a clock that was set back) is exact."""
    moment = parse_time(time).astimezone(now.tzinfo)
    seconds = (now - moment).total_seconds()
    if 0 <= seconds < 60:
        return "now"
    if 0 <= seconds < 3600:
        return f"{int(seconds // 60)} min"
    days = (now.date() - moment.date()).days
    if days == 0:
        return f"{moment:%H:%M}"
    if days == 1:
        return "yesterday"
    if 1 < days < 7:
        return f"{moment:%A}"
    return f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment:%Y-%m-%d}"


def exact_time(time: str, now: datetime) -> str:
    return f"{parse_time(time).astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S}"
