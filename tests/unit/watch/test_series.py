from __future__ import annotations

from math import isnan

from chainbot_desktop.watch.series import BUCKET, CAPACITY, Series


def shown(values: object) -> list[float | None]:
    return [None if isnan(value) else value for value in values]  # type: ignore[attr-defined]


def test_a_second_without_a_sample_is_a_gap() -> None:
    series = Series("%")
    for slot in (0, 1, 4):
        series.put(slot, slot * 10)
    assert shown(series.window(6, 5)) == [0, 10, None, None, 40, None]


def test_the_window_before_the_first_sample_is_empty() -> None:
    series = Series("%")
    assert shown(series.window(3, 0)) == [None, None, None]
    assert series.latest is None
    series.put(0, 7)
    assert shown(series.window(4, 0)) == [None, None, None, 7]


def test_after_a_long_sleep_nothing_of_the_hour_before_is_left() -> None:
    series = Series("%")
    for slot in range(CAPACITY):
        series.put(slot, 1.0)
    series.put(CAPACITY * 5 + 17, 2.0)
    window = shown(series.window(CAPACITY, CAPACITY * 5 + 17))
    assert window[:-1] == [None] * (CAPACITY - 1)
    assert window[-1] == 2.0


def test_the_ring_keeps_the_last_hour_and_no_more() -> None:
    series = Series("", capacity=60)
    for slot in range(150):
        series.put(slot, slot)
    assert shown(series.window(60, 149)) == list(range(90, 150))
    assert series.at(89) is None
    assert series.at(90) == 90
    assert shown(series.window(100, 149)) == list(range(90, 150)), "a ring of 60 has no more than 60"


def test_a_value_that_could_not_be_measured_is_a_gap() -> None:
    series = Series("°C")
    series.put(0, 50)
    series.put(1, None)
    assert shown(series.window(2, 1)) == [50, None]
    assert series.latest is None


def test_extremes_follow_each_ten_seconds() -> None:
    series = Series("%")
    for slot in range(3 * BUCKET):
        if slot // BUCKET != 1:
            series.put(slot, slot)
    lows, highs = series.extremes(3 * BUCKET, 3 * BUCKET - 1)
    assert shown(lows) == [0, None, 20]
    assert shown(highs) == [9, None, 29]
