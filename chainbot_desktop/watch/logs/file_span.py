"""Which parts of a file a span of time can leave out, or take as they are: told from the sampled times, if these go forward.

Lines of a log are a little out of order where several threads write it: within `SLACK` of the ends of the span each record is asked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from enum import Enum

from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.file_volume import Sample

SLACK = 60.0
"""Seconds."""


class Where(Enum):
    OUTSIDE = "outside"
    INSIDE = "inside"
    UNSURE = "unsure"


class Span:
    """The time that a query asks for. Use in one thread."""

    def __init__(self, query: LogQuery) -> None:
        self._after = query.after if query.after is not None else float("-inf")
        self._before = query.before if query.before is not None else float("inf")
        self.asked = query.after is not None or query.before is not None
        self._known = 0
        self._forward = True

    def holds(self, time: float | None) -> bool:
        return time is not None and self._after <= time <= self._before

    def where(self, samples: Sequence[Sample], first: int, end: int) -> Where:
        """The lines from `first` to `end`."""
        if not self.asked:
            return Where.INSIDE
        if not self._goes_forward(samples):
            return Where.UNSURE
        left = bisect_right(samples, first, key=lambda sample: sample.line) - 1
        right = bisect_left(samples, end, key=lambda sample: sample.line)
        earliest = samples[left].time if left >= 0 else None
        latest = samples[right].time if right < len(samples) else None
        if earliest is not None and earliest > self._before + SLACK:
            return Where.OUTSIDE
        if latest is not None and latest < self._after - SLACK:
            return Where.OUTSIDE
        if earliest is None or latest is None:
            return Where.UNSURE
        inside = earliest >= self._after + SLACK and latest <= self._before - SLACK
        return Where.INSIDE if inside else Where.UNSURE

    def _goes_forward(self, samples: Sequence[Sample]) -> bool:
        count = len(samples)
        while self._forward and self._known + 1 < count:
            self._known += 1
            self._forward = samples[self._known].time >= samples[self._known - 1].time - SLACK
        return self._forward
