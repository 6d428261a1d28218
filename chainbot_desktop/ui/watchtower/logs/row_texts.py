"""How the parts of a log line are put into words: times, levels, and a line as text to copy, export and send. Times are local."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from datetime import datetime

from chainbot_desktop.ui.watchtower.logs.line_text import plain_text
from chainbot_desktop.ui.watchtower.marks import Mark
from chainbot_desktop.watch.logs.document import LEVELS, LogRow

SOURCE_NAMES = {
    "program": "Program",
    "agent": "Agents",
    "journald": "System journal",
    "alexos": "ALEX OS",
    "http": "HTTP",
    "file": "File",
}
"""What a person calls the sources; one that is not here goes by its own name."""

_second: tuple[int, str] = (-1, "")


def level_mark(level: int) -> Mark | None:
    if level >= logging.CRITICAL:
        return "critical"
    if level >= logging.ERROR:
        return "error"
    if level >= logging.WARNING:
        return "warning"
    if level >= logging.INFO:
        return "info"
    return "debug" if level > 0 else None


def level_name(level: int) -> str:
    """The standard level that a level between them counts as."""
    return LEVELS[max((known for known in LEVELS if known <= level), default=0)]


def clock(seconds: float) -> str:
    """The local time of day to the millisecond."""
    global _second  # noqa: PLW0603 (neighbouring rows are of the same second: asking the zone again is what costs)
    whole = int(seconds // 1)
    if whole != _second[0]:
        try:
            _second = (whole, time.strftime("%H:%M:%S", time.localtime(whole)))
        except (OverflowError, ValueError, OSError):  # a file may claim any time
            return "??:??:??.???"
    return f"{_second[1]}.{int((seconds - whole) * 1000):03d}"


def moment(seconds: float) -> str:
    """The local date and time to the microsecond, with the offset."""
    try:
        local = datetime.fromtimestamp(seconds).astimezone()
    except (OverflowError, ValueError, OSError):
        return f"{seconds} seconds since 1970"
    return f"{local:%Y-%m-%d %H:%M:%S.%f %z}"


def short_moment(seconds: float, *, dated: bool) -> str:
    try:
        local = datetime.fromtimestamp(seconds).astimezone()
    except (OverflowError, ValueError, OSError):
        return "?"
    return f"{local:%d %b %H:%M}" if dated else f"{local:%H:%M:%S}"


def row_as_text(row: LogRow) -> str:
    """A line as a line of text. What comes from a file is as it stands there."""
    text = plain_text(row.text)
    if row.source == "file" or row.continues:
        return text + _repeats(row)
    when = f"{moment(row.time)} " if row.time is not None else ""
    return f"{when}{level_name(row.level).upper()} {row.source}/{row.name}: {text}{_repeats(row)}"


def rows_as_text(rows: Iterable[LogRow]) -> str:
    return "".join(f"{row_as_text(row)}\n" for row in rows)


def row_as_json(row: LogRow) -> str:
    """A line as an object of JSON Lines."""
    content: dict[str, object] = {
        "number": row.number,
        "time": row.time,
        "level": level_name(row.level),
        "source": row.source,
        "name": row.name,
        "text": plain_text(row.text),
    }
    if row.continues:
        content["continues"] = True
    if row.repeats:
        content["repeats"] = row.repeats
    return json.dumps(content, ensure_ascii=False)


def spoken_row(row: LogRow) -> str:
    """The row for those who cannot see it."""
    when = clock(row.time) if row.time is not None else f"line {row.number + 1}"
    return f"{level_name(row.level)}, {row.source} {row.name}, {when}: {plain_text(row.text[:400])}{_repeats(row)}"


def _repeats(row: LogRow) -> str:
    return f" (×{row.repeats + 1:,})" if row.repeats else ""
