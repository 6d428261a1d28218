"""When something runs by itself: again and again, or once a day at a local time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_CLOCK_LOOK = 30.0
_CLOCK_JUMP = 60.0


class Schedule(BaseModel):
    """When a command runs by itself: again and again, or once a day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_seconds: float | None = Field(None, ge=1, le=366 * 86_400, description="Seconds from one start to the next.")
    daily: str | None = Field(None, pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Local time of day, as 06:30.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.every_seconds is None) == (self.daily is None):
            raise ValueError("either every_seconds or daily")
        return self

    def next_daily(self, after: datetime) -> datetime:
        """The next such time of day after `after` (aware, local). On the day that skips it, the hour that takes its place."""
        assert self.daily is not None
        hour, minute = (int(part) for part in self.daily.split(":"))
        day = after.replace(tzinfo=None)
        for days in (0, 1, 2):
            wall = (day + timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)
            moment = wall.astimezone()
            if moment > after:
                return moment
        raise AssertionError("a day has at most 25 hours")


async def due_times(schedule: Schedule, now: Callable[[], datetime] | None = None) -> AsyncIterator[None]:
    """Comes round each time it is due; times that pass while the body works are left out. `now` gives aware local time."""
    if schedule.every_seconds is None:
        while True:
            await _until_daily(schedule, now or local_now)
            yield
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        yield
        missed = (loop.time() - begun) // schedule.every_seconds
        await asyncio.sleep(begun + (missed + 1) * schedule.every_seconds - loop.time())


def local_now() -> datetime:
    return datetime.now(UTC).astimezone()


async def _until_daily(schedule: Schedule, now: Callable[[], datetime]) -> None:
    """A clock that jumps (the Pi has no battery for it) sets a new time instead of being one."""
    looked, ticks = now(), time.monotonic()
    due = schedule.next_daily(looked)
    while True:
        await asyncio.sleep(min(_CLOCK_LOOK, max(0.0, (due - looked).total_seconds())))
        present, present_ticks = now(), time.monotonic()
        if abs((present - looked).total_seconds() - (present_ticks - ticks)) > _CLOCK_JUMP:
            due = schedule.next_daily(present)
        elif present >= due:
            return
        looked, ticks = present, present_ticks
