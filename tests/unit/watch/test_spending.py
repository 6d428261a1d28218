from __future__ import annotations

from chainbot_desktop.watch.spending import Spent, SpentPerMinute


def test_what_was_used_in_the_last_minute() -> None:
    meter = SpentPerMinute()
    assert meter.note(0, Spent(5000, 1.0)) == Spent(0, 0), "what was used before is not of this minute"
    assert meter.note(10, Spent(5600, 1.5)) == Spent(600, 0.5)
    assert meter.note(50, Spent(5700, 1.5)) == Spent(700, 0.5)
    assert meter.note(70, Spent(5700, 1.5)) == Spent(100, 0)
    assert meter.note(111, Spent(5700, 1.5)) == Spent(0, 0)


def test_a_new_day_begins_at_nothing() -> None:
    meter = SpentPerMinute()
    meter.note(0, Spent(90_000, 3.0))
    assert meter.note(1, Spent(0, 0.0)) == Spent(0, 0)
    assert meter.note(2, Spent(40, 0.25)) == Spent(40, 0.25)
