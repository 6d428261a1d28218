"""What a rule would have done with what is kept: the same engine, fed with the past."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Protocol

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.watch.alerts.engine import Engine
from chainbot_desktop.watch.alerts.records import AlertRule, Trial
from chainbot_desktop.watch.alerts.scopes import Figures, event_moment
from chainbot_desktop.watch.alerts.tracks import Signal
from chainbot_desktop.watch.logs.document import LogRow

_MOST_FIRED = 1_000
_LOOKS = 20
"""Looks at the clock between two things that happened."""


@dataclass(frozen=True, slots=True)
class PastEvents:
    """The newest that are kept of some types, oldest first. `whole`: there were no more."""

    events: Sequence[Recorded[Event]]
    whole: bool


class Past(Protocol):
    """What is kept of what happened. Times are seconds since the epoch."""

    def figures(self) -> Sequence[tuple[float, Figures]]:
        """The samples of memory, oldest first."""
        ...

    def lines(self) -> Sequence[LogRow]: ...

    async def events(self, event: str) -> PastEvents:
        """Those that `event` of a rule names."""
        ...

    async def age_of_last(self, rule: AlertRule) -> float | None:
        """Seconds since what the rule waits for came last; None where nothing is kept of it."""
        ...


Moment = tuple[float, Figures | Recorded[Event] | LogRow]


async def try_rule(rule: AlertRule, past: Past, units: Mapping[str, str]) -> Trial:
    """Takes as long as the past is large, on a thread."""
    note = ""
    samples: Sequence[tuple[float, Figures]] = past.figures() if rule.metric or rule.kind == "condition" else ()
    moments: Iterator[Moment] = iter(samples)
    count = len(samples)
    if rule.event:
        found = await past.events(rule.event)
        count += len(found.events)
        note = "" if found.whole else f"The newest {len(found.events):,} events of these types."
        moments = merge(moments, ((event_moment(recorded), recorded) for recorded in found.events), key=_time)
    elif rule.log:
        lines = [row for row in past.lines() if row.time is not None]
        count += len(lines)
        note = f"The {len(lines):,} lines that are in memory."
        moments = merge(moments, ((row.time or 0.0, row) for row in lines), key=_time)
    if not count:
        return Trial((), 0.0, "Nothing is kept yet of what it looks at.")
    gapless = bool(rule.metric or rule.kind == "condition")
    fired, since = await asyncio.to_thread(_replayed, rule, list(moments), units, gapless)
    if len(fired) >= _MOST_FIRED:
        note = f"{note} It fired so often that only the first {_MOST_FIRED:,} times are shown.".strip()
    return Trial(fired, since, note)


def _time(moment: Moment) -> float:
    return moment[0]


def _replayed(
    rule: AlertRule, moments: Sequence[Moment], units: Mapping[str, str], gapless: bool
) -> tuple[tuple[float, ...], float]:
    """`gapless`: between two samples that are far apart nobody looked; between two events nothing happened."""
    fired: list[float] = []
    now = moments[0][0]

    def on_signal(signal: Signal) -> None:
        if signal.word == "firing":
            fired.append(now)

    engine = Engine(on_signal, units, longest_step=None if not gapless else 5.0)
    engine.set_rules([rule.model_copy(update={"enabled": True})])
    for place, (at, what) in enumerate(moments):
        if place and not gapless:
            step = max(1.0, (at - now) / _LOOKS)
            while now + step < at:
                now += step
                engine.tick(now)
        # A clock that was set back is no time that went by.
        now = max(now, at)
        engine.tick(now)
        if isinstance(what, Recorded):
            engine.feed_event(what, now)
        elif isinstance(what, LogRow):
            engine.feed_logs([what], now, at)
        else:
            engine.feed_sample(what, now, at)
        if len(fired) >= _MOST_FIRED:
            break
    return tuple(fired), moments[0][0]
