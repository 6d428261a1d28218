"""Quiet hours, by the clock on the wall of this machine."""

from __future__ import annotations

from datetime import datetime, time, tzinfo

_STEP = 60.0
_LONGEST = 49 * 60
"""Minutes to look ahead: two days, and the hour that an autumn night has twice."""


class QuietHours:
    """From `begin` to before `end`, also over midnight; the same time twice: never. `zone` None is this machine's.

    What counts is what a clock on the wall shows: where it is put on or back an hour, the hours are shorter or longer by that.
    """

    def __init__(self, begin: time | None, end: time | None, zone: tzinfo | None = None) -> None:
        self._begin = begin
        self._end = end
        self._zone = zone
        self._known: tuple[float, float] | None = None

    def quiet(self, at: float) -> bool:
        """`at` is seconds since the epoch."""
        if self._begin is None or self._end is None or self._begin == self._end:
            return False
        shown = datetime.fromtimestamp(at, self._zone).time()
        if self._begin < self._end:
            return self._begin <= shown < self._end
        return shown >= self._begin or shown < self._end

    def until(self, at: float) -> float | None:
        """When they end, to the minute; None where they are not now."""
        if not self.quiet(at):
            return None
        if self._known is not None and self._known[0] <= at < self._known[1]:
            return self._known[1]
        # A minute at a time: no arithmetic is right on the nights in which clocks are changed.
        end = at - at % _STEP + _STEP
        for _ in range(_LONGEST):
            if not self.quiet(end):
                break
            end += _STEP
        self._known = (at, end)
        return end


def clock_time(text: str) -> time | None:
    """ "22:00" as a time; None for "". ValueError where it is none."""
    return datetime.strptime(text, "%H:%M").time() if text else None  # noqa: DTZ007 - a time of any day
