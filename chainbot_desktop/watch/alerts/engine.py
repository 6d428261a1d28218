"""Rules over figures, events and log lines. Pure: nothing here reads a clock, a disk or a socket.

The engine's clock counts the time in which it was looked after: a step longer than `LONGEST_STEP` (the machine slept, the loop stood
still) counts as that much and no more. So no rule fires, and none is resolved, for a time in which nobody looked.

What costs is what comes often. An event reaches only the rules that name its type, a line only those whose piece of text stands in it
(`patterns`), a sample each rule about a figure once.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.watch.alerts.patterns import MOST_TEXT, LinePattern, PatternIndex
from chainbot_desktop.watch.alerts.records import ALERTS_SOURCE, AlertRule
from chainbot_desktop.watch.alerts.scopes import EventScope, Figures, LogScope, Scope
from chainbot_desktop.watch.alerts.tracks import LONGEST_STEP, Labels, Signal, Track
from chainbot_desktop.watch.alerts.watches import AbsenceWatch, FigureWatch, MatchWatch, Watch, make_watch
from chainbot_desktop.watch.logs.document import LEVELS, LogRow

_LEAST_LEVEL = {**{name: number for number, name in LEVELS.items()}, "debug": 0}
"""What a line must be for a rule's `level`; many lines name none, and debug is every line."""
_MOST_TYPES = 5_000
"""Types of events whose rules are remembered: types that other programs write are without end."""
_OWN_EVENTS = re.compile(r"^alerts?_")
OWN_SOURCE = ALERTS_SOURCE
"""The source of the events that alerts make: no rule hears of them, or an alert could feed itself."""
_UNHEARD = frozenset((OWN_SOURCE, "replay"))
"""And what somebody plays again has been heard."""
OWN_LOGGER = "chainbot_desktop.watch.alerts"


@dataclass(slots=True)
class _Placed:
    watch: Watch
    pattern: LinePattern | None = None

    @property
    def error(self) -> str:
        return self.watch.error or (self.pattern.error if self.pattern is not None else "")


class Engine:
    """`emit` hears of every change, at once. `figures`: the names of figures there are, and their units.

    A step longer than `longest_step` seconds counts as that; None: every second counts.
    """

    def __init__(
        self, emit: Callable[[Signal], None], figures: Mapping[str, str], *, longest_step: float | None = LONGEST_STEP
    ) -> None:
        self._longest_step = float("inf") if longest_step is None else longest_step
        self._emit = emit
        self._units = dict(figures)
        self._placed: dict[str, _Placed] = {}
        self._now = 0.0
        self._heard: float | None = None
        self._figures: Figures = {}
        self._index()

    def set_rules(self, rules: Iterable[AlertRule]) -> Mapping[str, str]:
        """From now on these, of which the enabled ones are looked at; those that are the same go on as they were. Errors by name."""
        errors: dict[str, str] = {}
        placed: dict[str, _Placed] = {}
        for rule in rules:
            before = self._placed.get(rule.name)
            if not rule.enabled:
                continue
            if before is not None and before.watch.rule == rule:
                placed[rule.name] = before
                continue
            try:
                placed[rule.name] = self._place(rule)
            except InvalidInput as error:
                errors[rule.name] = error.message
                continue
            if before is not None:
                placed[rule.name].watch.take_over(before.watch)
        gone = [before for name, before in self._placed.items() if name not in placed]
        orphaned = [
            before
            for name, before in self._placed.items()
            if name in placed and placed[name].watch.tracks is not before.watch.tracks
        ]
        self._placed = placed
        self._index()
        for before in gone:
            before.watch.end(self._now, "The rule is gone or switched off.")
        for before in orphaned:
            before.watch.end(self._now, "The rule was changed.")
        return errors

    def set_figures(self, figures: Mapping[str, str]) -> None:
        """More figures are known."""
        self._units.update(figures)

    @property
    def errors(self) -> Mapping[str, str]:
        """What was found wrong with rules since they were set, by name."""
        return {name: placed.error for name, placed in self._placed.items() if placed.error}

    def firing(self) -> Iterator[tuple[str, Track]]:
        for name, placed in self._placed.items():
            for track in placed.watch.tracks.values():
                if track.phase == "firing":
                    yield name, track

    def restore(self, rule: str, labels: Labels, times: int = 1) -> bool:
        """An alert of it was firing when the program ended, and had `times` times. False where there is no such rule any more."""
        placed = self._placed.get(rule)
        if placed is None:
            return False
        placed.watch.restore(labels, self._now, times)
        return True

    def dismiss(self, rule: str, labels: Labels) -> None:
        """A person resolved this alert: it fires again when its condition becomes true anew."""
        if rule in self._placed:
            self._placed[rule].watch.dismiss(labels)

    def absences(self) -> Iterator[tuple[AlertRule, Callable[[float], None]]]:
        """The rules that wait for something, and what tells them how many seconds ago it came last."""
        for placed in self._placed.values():
            watch = placed.watch
            if isinstance(watch, AbsenceWatch):
                yield watch.rule, partial(self._seed, watch)

    def _seed(self, watch: AbsenceWatch, age: float) -> None:
        watch.seed(self._now - age)

    def feed_sample(self, figures: Figures, now: float, at: float) -> None:
        """`now` in seconds of any steady clock, `at` since the epoch."""
        moment = self._advance(now)
        self._figures = figures
        scope = Scope(figures, at)
        for watch in self._figure_watches:
            watch.look(scope, moment)

    def feed_event(self, recorded: Recorded[Event], now: float) -> None:
        event = recorded.event
        watches = self._by_type.get(event.type)
        if watches is None:
            watches = self._watches_of(event.type)
        if not watches or event.source in _UNHEARD:
            return
        moment = self._advance(now)
        scope = EventScope(recorded, self._figures)
        for watch in watches:
            watch.hear(scope, moment)

    @property
    def least_level(self) -> int:
        """No rule looks at lines of a lower level: they need not be fed."""
        return self._patterns.least

    def feed_logs(self, rows: Sequence[LogRow], now: float, at: float) -> None:
        if not self._has_patterns:
            return
        moment = self._advance(now)
        for row in rows:
            text = row.text if len(row.text) <= MOST_TEXT else row.text[:MOST_TEXT]
            for watch, pattern in self._patterns.candidates(text, row.level):
                found = pattern.search(text)
                if found is not None and not row.name.startswith(OWN_LOGGER):
                    watch.hear(LogScope(row, found, self._figures, at), moment)

    def tick(self, now: float) -> None:
        """About once a second."""
        moment = self._advance(now)
        for placed in self._placed.values():
            placed.watch.tick(moment)

    def _advance(self, now: float) -> float:
        if self._heard is not None:
            self._now += min(max(0.0, now - self._heard), self._longest_step)
        self._heard = now if self._heard is None else max(now, self._heard)
        return self._now

    def _place(self, rule: AlertRule) -> _Placed:
        pattern = LinePattern(rule.log) if rule.log else None
        return _Placed(make_watch(rule, self._emit, self._units), pattern)

    def _index(self) -> None:
        watches = [placed.watch for placed in self._placed.values()]
        self._figure_watches: list[FigureWatch | AbsenceWatch] = [
            watch
            for watch in watches
            if isinstance(watch, FigureWatch) or (isinstance(watch, AbsenceWatch) and watch.rule.metric)
        ]
        self._by_type: dict[str, tuple[MatchWatch, ...]] = {}
        self._by_event = [
            (re.compile("|".join(fnmatch.translate(name) for name in event_patterns(watch.rule.event))), watch)
            for watch in watches
            if isinstance(watch, MatchWatch) and watch.rule.event
        ]
        lines = [
            (placed.pattern, _LEAST_LEVEL[placed.watch.rule.level], (placed.watch, placed.pattern))
            for placed in self._placed.values()
            if placed.pattern is not None and isinstance(placed.watch, MatchWatch)
        ]
        self._has_patterns = bool(lines)
        self._patterns = PatternIndex(lines)

    def _watches_of(self, event_type: str) -> tuple[MatchWatch, ...]:
        found: tuple[MatchWatch, ...] = ()
        if heard(event_type):
            found = tuple(watch for expression, watch in self._by_event if expression.match(event_type))
        if len(self._by_type) >= _MOST_TYPES:
            self._by_type.clear()
        self._by_type[event_type] = found
        return found


def heard(event_type: str) -> bool:
    """Whether rules hear of events of this type: of all but those that alerts make, or an alert could feed itself."""
    return _OWN_EVENTS.match(event_type) is None


def event_patterns(text: str) -> list[str]:
    """The types that `event` of a rule names: separated by commas, with * for any letters."""
    return [part.strip().replace("[", "[[]").replace("?", "[?]") for part in text.split(",") if part.strip()]
