"""Quiet hours: over midnight, and on the nights in which clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from chainbot_desktop.watch.alerts.delivery_quiet import QuietHours, clock_time

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def test_over_midnight() -> None:
    night = QuietHours(time(22), time(7), BERLIN)
    assert not night.quiet(at("2026-06-01 21:59:59"))
    assert night.quiet(at("2026-06-01 22:00"))
    assert night.quiet(at("2026-06-02 06:59:59"))
    assert not night.quiet(at("2026-06-02 07:00"))
    assert night.until(at("2026-06-01 23:30")) == at("2026-06-02 07:00")
    assert night.until(at("2026-06-02 08:00")) is None


@pytest.mark.parametrize(
    ("evening", "morning", "hours"),
    [("2026-03-28 22:00", "2026-03-29 07:00", 8), ("2026-10-24 22:00", "2026-10-25 07:00", 10)],
)
def test_the_night_of_a_change_ends_by_the_clock_on_the_wall(evening: str, morning: str, hours: int) -> None:
    night = QuietHours(time(22), time(7), BERLIN)
    end = night.until(at(evening))
    assert end == at(morning)
    assert end - at(evening) == hours * 3600


def test_an_end_that_a_spring_night_does_not_have() -> None:
    short = QuietHours(time(1), time(2, 30), BERLIN)
    end = short.until(at("2026-03-29 01:30"))
    assert end is not None
    assert datetime.fromtimestamp(end, UTC) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 02:00 is 03:00 at once


def test_no_hours_are_never_quiet() -> None:
    assert not QuietHours(None, None).quiet(0.0)
    assert not QuietHours(time(5), time(5), BERLIN).quiet(at("2026-06-01 05:00"))
    assert QuietHours(clock_time("00:00"), clock_time("23:59"), BERLIN).quiet(at("2026-06-01 12:00"))
    assert clock_time("") is None
