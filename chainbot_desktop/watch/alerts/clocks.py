"""The two clocks of alerts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chainbot_desktop.core.ids import format_time


@dataclass(frozen=True, slots=True)
class Clocks:
    """`steady` for durations, in seconds; `wall` for what people read, in seconds since the epoch."""

    steady: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time

    def now(self) -> str:
        return self.at(0.0)

    def at(self, seconds: float) -> str:
        """The wall clock, so many seconds from now."""
        return format_time(datetime.fromtimestamp(self.wall(), UTC) + timedelta(seconds=seconds))
