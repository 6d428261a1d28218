"""How far this machine's clock and that of ALEX OS are apart, as the `Date` of its answers tells.

What is kept is how far the clock of ALEX OS is from our steady one, so that the skew is right again at once after our wall clock was set.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime, parsedate_to_datetime

from multidict import CIMultiDictProxy

from chainbot_desktop.core.clocks import boot_time_clock
from chainbot_desktop.core.link import ClockSkew

LONGEST_ROUND_TRIP = 2.0
"""Seconds; a longer one tells too little."""
REMEMBERED = 600.0
"""Seconds after which an answer says nothing any more."""
_LAST_FEW = 8
_HALF_SECOND = 0.5
"""`Date` is cut to the second: its time is that, on average, and may be so far off."""
_STALE_DATE = 1.0
"""Some servers (uvicorn, for one) look at their clock for `Date` but once a second."""
_LARGEST_JUMP = 0.1
"""Between our two clocks during a request. The kernel makes up for less by slewing."""


@dataclass(frozen=True, slots=True)
class Moment:
    wall: float
    steady: float


@dataclass(frozen=True, slots=True)
class _Estimate:
    at: float
    offset: float
    """The clock of ALEX OS less our steady clock."""
    uncertainty: float

    def contradicts(self, other: _Estimate) -> bool:
        return abs(self.offset - other.offset) > self.uncertainty + other.uncertainty + _STALE_DATE


class SkewGauge:
    """Use on the loop's thread. `steady` must go on while the machine sleeps."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = boot_time_clock) -> None:
        self._wall = wall
        self._steady = steady
        self._estimates: deque[_Estimate] = deque(maxlen=_LAST_FEW)

    def now(self) -> Moment:
        """To be taken before a request, for `take`."""
        return Moment(self._wall(), self._steady())

    def take(self, begun: Moment, headers: CIMultiDictProxy[str]) -> None:
        """Those of an answer are here just now; `begun` is when it was asked for. What cannot tell is left out."""
        ended = self.now()
        round_trip = ended.steady - begun.steady
        told = _told(headers)
        jumped = abs((ended.wall - begun.wall) - round_trip) > _LARGEST_JUMP
        if told is None or jumped or not 0 <= round_trip <= LONGEST_ROUND_TRIP:
            return
        offset = told + _HALF_SECOND - (begun.steady + ended.steady) / 2
        newest = _Estimate(ended.steady, offset, round_trip / 2 + _HALF_SECOND)
        # Where the clock of ALEX OS was set, what it told before is no longer so.
        agreeing = [each for each in self._estimates if not each.contradicts(newest)]
        self._estimates = deque([*agreeing, newest], _LAST_FEW)

    @property
    def current(self) -> ClockSkew | None:
        """As the surest of the last few answers told; None where there is none of the last ten minutes."""
        now = self.now()
        fresh = [each for each in self._estimates if now.steady - each.at <= REMEMBERED]
        if not fresh:
            return None
        best = min(fresh, key=lambda each: each.uncertainty)
        return ClockSkew(now.wall - (now.steady + best.offset), best.uncertainty)


def _told(headers: CIMultiDictProxy[str]) -> float | None:
    """Seconds since 1970; None where there is no `Date` as RFC 9110 wants it, or more than one, or the answer was kept in a cache."""
    dates = headers.getall("Date", [])
    if len(dates) != 1 or "Age" in headers:
        return None
    try:
        moment = parsedate_to_datetime(dates[0])
        # The parser is generous: without seconds, say, it takes the minute for the time.
        return moment.timestamp() if format_datetime(moment, usegmt=True) == dates[0] else None
    except (ValueError, OverflowError):
        return None
