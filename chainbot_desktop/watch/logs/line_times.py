"""The time that a line of a log names, by format: ISO and RFC 3339, syslog, web servers, JSON Lines, logfmt, seconds since the epoch."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_DAY = 86400.0

_ISO = re.compile(
    rb"[^\d]*(?:<\d+>\d+ )?[\[(\"]?(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z\b|[+-]\d\d:?\d\d))?",
    re.ASCII,
)
_SYSLOG = re.compile(rb"(?:<\d+>)?([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?", re.ASCII)
_ACCESS = re.compile(rb"[^\[]*\[(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})", re.ASCII)
_APACHE = re.compile(rb"\[[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? (\d{4})", re.ASCII)
_EPOCH = re.compile(rb"\[?(1\d{9}(?:\d{3})?(?:\.\d{1,9})?)", re.ASCII)
TIME_IN_JSON = re.compile(
    rb"\"(?:time|timestamp|ts|@timestamp|asctime|datetime|date|t|__REALTIME_TIMESTAMP)\"[ \t]*:"
    rb"[ \t]*(?:\"([^\"\n]{1,64})\"|(\d[\d.eE+]*))"
)
TIME_IN_LOGFMT = re.compile(rb"(?:^|[ \t])(?:time|timestamp|ts|t)=(?:\"([^\"\n]{1,64})\"|(\S{1,64}))")


def moment_of(name: str, line: bytes, latest: float) -> float | None:
    """Seconds since the epoch; None where the line names no time that exists. `latest` gives times without a year theirs."""
    reader = _READERS.get(name)
    try:
        return reader(line, latest) if reader is not None else None
    except (ValueError, OverflowError, OSError):
        return None  # the 31st of February, or 61 minutes


def _iso(line: bytes, latest: float) -> float | None:
    found = _ISO.match(line)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.group(1, 2, 3, 4, 5, 6))
    return _moment((year, month, day, hour, minute, second), found[7], found[8])


def _moment(parts: tuple[int, int, int, int, int, int], fraction: bytes | None, offset: bytes | None) -> float:
    year, month, day, hour, minute, second = parts
    leap = second == 60  # a leap second counts as the one before it
    zone = _zone(offset) if offset else None
    moment = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=zone)
    return moment.timestamp() + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)


def _zone(offset: bytes) -> timezone:
    if offset == b"Z":
        return timezone.utc  # noqa: UP017 - beside timezone()
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[:1] == b"-" else minutes))


def _syslog(line: bytes, latest: float) -> float | None:
    found = _SYSLOG.match(line)
    if found is None:
        return None
    month = _MONTHS.get(found[1], 0)
    year = datetime.fromtimestamp(latest).year if latest else 2000  # noqa: DTZ006 - as the log's own times are
    clock = (int(found[2]), int(found[3]), int(found[4]), int(found[5]))
    moment = (
        _moment((year, month, *clock), found[6], None) if (month, clock[0]) != (2, 29) else _leap_day(year, clock, found[6])
    )
    if latest and moment > latest + _DAY:
        return _moment((year - 1, month, *clock), found[6], None)
    return moment


def _leap_day(year: int, clock: tuple[int, int, int, int], fraction: bytes | None) -> float:
    while year % 4 or (year % 100 == 0 and year % 400):
        year -= 1
    return _moment((year, 2, *clock), fraction, None)


def _access(line: bytes, latest: float) -> float | None:
    found = _ACCESS.match(line)
    if found is None:
        return None
    day, year, hour, minute, second = map(int, found.group(1, 3, 4, 5, 6))
    return _moment((year, _MONTHS.get(found[2], 0), day, hour, minute, second), None, found[7])


def _apache(line: bytes, latest: float) -> float | None:
    found = _APACHE.match(line)
    if found is None:
        return None
    day, hour, minute, second, year = map(int, found.group(2, 3, 4, 5, 7))
    return _moment((year, _MONTHS.get(found[1], 0), day, hour, minute, second), found[6], None)


def _epoch(line: bytes, latest: float) -> float | None:
    found = _EPOCH.match(line)
    return _number(found[1]) if found else None


def _json(line: bytes, latest: float) -> float | None:
    found = TIME_IN_JSON.search(line)
    return _value(found[1] or found[2]) if found else None


def _logfmt(line: bytes, latest: float) -> float | None:
    found = TIME_IN_LOGFMT.search(line)
    return _value(found[1] or found[2]) if found else None


def _value(text: bytes) -> float | None:
    return _number(text) if text[:10].isdigit() else _iso(text, 0.0)


def _number(text: bytes) -> float | None:
    """Seconds, or thousandths, millionths, billionths of one: told apart by their size."""
    number = float(text)
    for unit in (1.0, 1e3, 1e6, 1e9):
        if 1e8 <= number / unit < 1e10:
            return number / unit
    return None


_READERS: dict[str, Callable[[bytes, float], float | None]] = {
    "rfc5424": _iso,
    "iso": _iso,
    "syslog_priority": _syslog,
    "syslog": _syslog,
    "apache_error": _apache,
    "access": _access,
    "json": _json,
    "epoch": _epoch,
    "logfmt": _logfmt,
}
