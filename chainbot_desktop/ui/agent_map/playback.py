"""Playing the past: which event is due when, in the time that they took, with the long pauses made short. No Qt."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from chainbot_desktop.agents.moments import Step
from chainbot_desktop.core.ids import parse_time

LONGEST_WAIT = 1.0
"""Seconds before the screen without anything happening."""
LONGEST_LEAP = 0.25
"""Seconds that one look at the clock may make up for: a panel that was busy goes on, and does not jump."""


class Playback:
    """Begins after the event of `time`. A clock that was set back takes no time."""

    def __init__(self, seq: int, time: str, speed: int) -> None:
        self.speed = speed
        self.last_seq = seq
        """Of what it was fed with."""
        self._now = parse_time(time)
        self._saved = 0.0
        self._steps: deque[tuple[int, datetime]] = deque()

    @property
    def waiting(self) -> int:
        """How many events it still has."""
        return len(self._steps)

    def feed(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._steps.append((step.seq, parse_time(step.time)))
            self.last_seq = step.seq

    def advance(self, seconds: float) -> int | None:
        """Let `seconds` pass; the last event that became due meanwhile."""
        self._saved += min(seconds, LONGEST_LEAP)
        reached = None
        while self._steps:
            seq, time = self._steps[0]
            wait = min(max(0.0, (time - self._now).total_seconds() / self.speed), LONGEST_WAIT)
            if wait > self._saved:
                break
            self._saved -= wait
            self._now, reached = time, seq
            self._steps.popleft()
        if not self._steps:
            self._saved = 0.0  # nothing to wait for
        return reached
