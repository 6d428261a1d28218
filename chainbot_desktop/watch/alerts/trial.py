"""What a rule would have done with what is kept: the same engine, fed with the past."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from heapq import merge
from itertools import chain
from typing import Protocol

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.watch.alerts.engine import Engine
from chainbot_desktop.watch.alerts.expressions import Condition
from chainbot_desktop.watch.alerts.records import AlertRule, Look, Trial
from chainbot_desktop.watch.alerts.scopes import ROOTS, Figures, event_moment
from chainbot_desktop.watch.alerts.tracks import GAP, Signal
from chainbot_desktop.watch.alerts.trial_figures import looks_of, shown, span_of, words_on_steps
from chainbot_desktop.watch.logs.document import LogRow
from chainbot_desktop.watch.metric_store import MetricWindow

LONGEST_TRIAL = 20.0
"""Seconds that it may take; what is later in the past than it came is not looked at."""
_MOST_FIRED = 1_000
_LOOKS = 20
"""Looks at the clock between two things that happened."""
_A_LITTLE = 0.001
"""Seconds that a sum of times may be off."""
_BREATH = 50
"""Moments after which it lets the loop have the processor, some milliseconds."""


_Happened = tuple[float, Recorded[Event] | LogRow]
_Moment = tuple[float, float, Figures | Recorded[Event] | LogRow]
"""When it was, what the engine's clock said then, and what there was."""
_NOTHING: Figures = {}
"""Time goes by."""


@dataclass(frozen=True, slots=True)
class PastFigures:
    """In order of time, none over another. `note`: what of the figures is not kept for as long as was asked; sentences, or ""."""

    windows: Sequence[MetricWindow]
    note: str = ""


@dataclass(frozen=True, slots=True)
class PastEvents:
    """The newest that are kept of some types, oldest first. `whole`: there were no more."""

    events: Sequence[Recorded[Event]]
    whole: bool


@dataclass(frozen=True, slots=True)
class PastLines:
    """Oldest first. `note`: which they are, in a sentence."""

    rows: Sequence[LogRow]
    note: str


class Past(Protocol):
    """What is kept of what happened. Times are seconds since the epoch. On the loop's thread, which none of it may hold up."""

    async def figures(self, names: Sequence[str], span: float) -> PastFigures:
        """Of the last `span` seconds, as finely as it is kept."""
        ...

    async def lines(self) -> PastLines: ...

    async def events(self, event: str) -> PastEvents:
        """Those that `event` of a rule names."""
        ...

    async def age_of_last(self, rule: AlertRule) -> float | None:
        """Seconds since what the rule waits for came last; None where nothing is kept of it."""
        ...


async def try_rule(
    rule: AlertRule,
    past: Past,
    units: Mapping[str, str],
    *,
    now: float,
    longest: float = LONGEST_TRIAL,
    gone: Callable[[], bool] = lambda: False,
) -> Trial:
    """On a thread, and given up when it is cancelled or who asked is `gone` (asked on that thread).

    `units`: of all figures, by name. `now` in seconds since the epoch.
    """
    names = figures_of(rule, units)
    figures = await past.figures(names, span_of(rule)) if names else PastFigures(())
    notes = [figures.note, words_on_steps(rule, names, figures.windows)]
    if not (rule.event or rule.log):
        looks, moments = looks_of(rule, names, figures.windows), partial(_looked, rule, figures.windows)
    else:
        happened, note = await _happened(rule, past)
        notes.insert(0, note)
        looks = [Look(happened[0][0], max(now, happened[-1][0]), 0)] if happened else []
        moments = partial(_over_time, rule, happened, figures.windows, now)
    if not looks:
        return Trial((), 0.0, "Nothing is kept yet of what it looks at.")
    replay = _Replay(rule, units, longest, gone)
    await replay.run(moments)
    return Trial(tuple(replay.fired), min(look.since for look in looks), " ".join(filter(None, [*notes, replay.note])), looks)


async def _happened(rule: AlertRule, past: Past) -> tuple[list[_Happened], str]:
    """Oldest first, and which part of all that is."""
    if rule.event:
        found = await past.events(rule.event)
        note = "" if found.whole else f"Only the newest {len(found.events):,} events of these types were looked at."
        return [(event_moment(recorded), recorded) for recorded in found.events], note
    lines = await past.lines()
    return [(row.time, row) for row in lines.rows if row.time is not None], lines.note


def figures_of(rule: AlertRule, known: Iterable[str]) -> list[str]:
    """The figures that it looks at: all there are, where it reads the map of them."""
    names = set(known)
    conditions = [Condition(text, ROOTS.union(names)).names for text in (rule.condition, rule.until) if text]
    named = frozenset((rule.metric, *rule.group_by)).union(*conditions)
    return sorted(names if "figures" in named else names & named)


def _looked(rule: AlertRule, windows: Sequence[MetricWindow], pending: Callable[[], bool]) -> Iterator[_Moment]:
    """Between two samples that are far apart nobody looked."""
    return ((one.at, one.steady, one.figures) for one in shown(rule, windows) if not one.again or pending())


def _over_time(
    rule: AlertRule, happened: Sequence[_Happened], windows: Sequence[MetricWindow], until: float, _: Callable[[], bool]
) -> Iterator[_Moment]:
    """Between two events nothing happened: all time counts. A clock that was set back is no time that went by."""
    now = happened[0][0]
    figures = ((one.at, one.figures) for one in shown(rule, windows) if not one.again)
    for at, what in chain(merge(figures, happened, key=_time), [(until, _NOTHING)]):
        for moment in _between(rule, now, at):
            yield moment, moment, _NOTHING
        now = max(now, at)
        yield now, now, what


def _between(rule: AlertRule, now: float, until: float) -> Iterator[float]:
    """When to look at the clock: often where what must last (`for`) may be true, else now and then."""
    lasting = rule.seconds if rule.kind in ("rate", "absence") else 0.0
    closely = now
    if rule.kind == "absence":
        closely, now = now + rule.within + _A_LITTLE, now + rule.within + lasting
        if closely < until:
            yield closely
    elif lasting:
        now += rule.within
    while lasting and closely + GAP < min(until, now + GAP):
        closely += GAP
        yield closely
    now = max(now, closely)
    step = max(1.0, (until - now) / _LOOKS)
    while now + step < until:
        now += step
        yield now


class _Replay:
    """Once. `fired` and `note` are for after `run`."""

    def __init__(self, rule: AlertRule, units: Mapping[str, str], longest: float, gone: Callable[[], bool]) -> None:
        self.fired: list[float] = []
        self.note = ""
        self._now = 0.0
        self._pending = False
        self._longest = longest
        self._gone = gone
        self._given_up = threading.Event()
        # How long nobody looked is told to it by the moments.
        self._engine = Engine(self._on_signal, units, longest_step=None)
        self._engine.set_rules([rule.model_copy(update={"enabled": True})])

    async def run(self, moments: Callable[[Callable[[], bool]], Iterator[_Moment]]) -> None:
        """`moments` is handed whether the rule is pending now."""
        try:
            await asyncio.to_thread(self._feed, moments(lambda: self._pending))
        finally:
            self._given_up.set()

    def _feed(self, moments: Iterator[_Moment]) -> None:
        end = time.monotonic() + self._longest
        for number, (at, steady, what) in enumerate(moments):
            if number % _BREATH == 0:
                time.sleep(0)
                if self._given_up.is_set() or self._gone():
                    return
                if time.monotonic() >= end:
                    until = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
                    self.note = f"After {self._longest:g} s it was ended: what came after {until} UTC was not looked at."
                    return
            self._now = at
            self._tell(what, steady, at)
            if len(self.fired) >= _MOST_FIRED:
                self.note = f"It fired so often that only the first {_MOST_FIRED:,} times are shown."
                return

    def _tell(self, what: Figures | Recorded[Event] | LogRow, steady: float, at: float) -> None:
        if isinstance(what, Recorded):
            self._engine.tick(steady)
            self._engine.feed_event(what, steady)
        elif isinstance(what, LogRow):
            self._engine.tick(steady)
            self._engine.feed_logs([what], steady, at)
        else:
            if what is not _NOTHING:
                self._engine.feed_sample(what, steady, at)
            self._engine.tick(steady)

    def _on_signal(self, signal: Signal) -> None:
        self._pending = signal.word == "pending"
        if signal.word == "firing":
            self.fired.append(self._now)


def _time(moment: tuple[float, object]) -> float:
    return moment[0]
