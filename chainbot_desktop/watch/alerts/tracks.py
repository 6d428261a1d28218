"""What is known of one alert-to-be: of a rule, for one combination of labels. Pure; seconds are those of the engine's clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chainbot_desktop.watch.alerts.records import AlertRule, Cause

MOST_CHANGES = 6
"""Changes (fired, resolved) within `FLAP_WINDOW` above which an alert flaps: it stays firing, and is told once."""
FLAP_WINDOW = 600.0
CALM = 600.0
"""Seconds for which a flapping alert must be calm until it is resolved."""
LONGEST_STEP = 5.0
"""What the engine's clock counts at most between two looks, in seconds."""
GAP = LONGEST_STEP - 1.0
"""Seconds of that clock between two samples above which nobody looked: nothing was true for that time."""
MISSING = 300.0
"""Seconds without a figure after which what it said does not hold any more."""

Word = Literal["pending", "calm", "firing", "resolved"]
"""What became of a track. calm: it was pending, and is not any more."""

Labels = Mapping[str, str]
NO_CAUSE = Cause()


@dataclass(frozen=True, slots=True)
class Signal:
    """What the engine tells. `age`: seconds for which the condition has been true; `reason`: why it was resolved, where that is odd."""

    word: Word
    rule: AlertRule
    labels: Labels
    value: float | None = None
    summary: str = ""
    cause: Cause = NO_CAUSE
    age: float = 0.0
    times: int = 1
    flapping: bool = False
    reason: str = ""


Phase = Literal["idle", "pending", "firing", "dismissed"]
"""dismissed: a person resolved it, and its condition has not been false since."""


@dataclass(slots=True)
class Track:
    labels: Labels
    phase: Phase = "idle"
    since: float = 0.0
    """When its condition became true."""
    looked: float = 0.0
    """When it was looked at last, or matched last."""
    value: float | None = None
    times: int = 1
    flapping: bool = False
    calm_since: float | None = None
    changes: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_CHANGES + 1))
    marks: deque[float] = field(default_factory=deque)
    """When what is counted happened."""
    held_until: float = 0.0
    """Until then it counts as true, whatever was seen: it was when the program ended, and what was counted is gone."""
    summary: str = ""
    cause: Cause = NO_CAUSE

    def note_change(self, now: float) -> bool:
        """Whether there were more than enough of them lately."""
        self.changes.append(now)
        return len(self.changes) > MOST_CHANGES and now - self.changes[0] <= FLAP_WINDOW

    def forgettable(self, now: float, within: float = 0.0) -> bool:
        """Whether nothing is lost with it; marks count for `within` seconds."""
        if self.phase != "idle" or (self.changes and now - self.changes[-1] <= FLAP_WINDOW):
            return False
        return not self.marks or now - self.marks[-1] > within
