"""What each kind of rule does with what the engine gives it. Pure; seconds are those of the engine's clock.

A watch has a track for each combination of labels. It begins to hold, holds long enough, fires, and ends: `_assess` is that for
rules about a state (a figure, an expression, a count), `PointWatch` for those about something that happens.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from chainbot_desktop.core.events.envelope import label
from chainbot_desktop.watch.alerts.expressions import Condition, filled, find
from chainbot_desktop.watch.alerts.records import AlertRule, Comparison
from chainbot_desktop.watch.alerts.scopes import NOTHING, ROOTS, Scope, said
from chainbot_desktop.watch.alerts.tracks import CALM, GAP, MISSING, Labels, Signal, Track, Word

MOST_GROUPS = 100
"""Combinations of labels that a rule has alerts for; all others together are one more."""
OTHERS = "(others)"
_LABEL = 200
Emit = Callable[[Signal], None]

COMPARISONS: Mapping[Comparison, Callable[[float, float], bool]] = {
    "above": lambda a, b: a > b,
    "at_least": lambda a, b: a >= b,
    "below": lambda a, b: a < b,
    "at_most": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
}


class Watch(ABC):
    """A rule at work."""

    def __init__(self, rule: AlertRule, emit: Emit, figures: Mapping[str, str]) -> None:
        self.rule = rule
        self._emit = emit
        self._units = figures
        names = ROOTS.union(figures)
        self.condition = Condition(rule.condition, names) if rule.condition else None
        self.until = Condition(rule.until, names) if rule.until else None
        self.tracks: dict[tuple[str, ...], Track] = {}
        self._names = _label_names(rule.group_by)

    @property
    def error(self) -> str:
        conditions = [c for c in (self.condition, self.until) if c is not None]
        return next((f"the condition {c.text[:80]!r}: {c.error}" for c in conditions if c.error), "")

    @abstractmethod
    def tick(self, now: float) -> None:
        """Once a second or so: what time alone changes."""

    def restore(self, labels: Labels, now: float, times: int = 1) -> None:
        """It was firing when the program ended; the next look tells whether it still is."""
        self.tracks[self._key(labels)] = Track(labels, "firing", now, now, times=times)

    def dismiss(self, labels: Labels) -> None:
        """A person resolved it."""
        track = self.tracks.get(self._key(labels))
        if track is not None:
            track.phase, track.flapping, track.calm_since = "dismissed", False, None

    def end(self, now: float, reason: str) -> None:
        """The rule is no more: nothing of it fires any longer."""
        for track in self.tracks.values():
            if track.phase == "pending":
                self._tell("calm", track, now)
            elif track.phase == "firing":
                self._tell("resolved", track, now, reason)
        self.tracks.clear()

    def take_over(self, other: Watch) -> None:
        """What a former form of the rule knew of its alerts."""
        if other._names == self._names and type(other) is type(self):
            self.tracks = other.tracks

    def forget(self, now: float) -> None:
        for key in [key for key, track in self.tracks.items() if track.forgettable(now, self.rule.within)]:
            del self.tracks[key]

    def track_for(self, scope: Scope) -> Track:
        key = self._key_of(scope)
        track = self.tracks.get(key)
        if track is None:
            if len(self.tracks) >= MOST_GROUPS and self.rule.group_by:
                key = (OTHERS,) * len(self._names)
                track = self.tracks.get(key)
            if track is None:
                track = self.tracks[key] = Track(dict(zip(self._names, key, strict=True)))
        return track

    def _narrowed(self, scope: Scope, condition: Condition | None) -> bool | None:
        """Whether `condition` lets it pass; None where it has no answer."""
        if condition is None:
            return True
        return condition.holds(scope.context(self._scope_labels(scope) if "labels" in condition.names else None))

    def _scope_labels(self, scope: Scope) -> dict[str, str]:
        return dict(zip(self._names, self._key_of(scope), strict=True))

    def _key(self, labels: Labels) -> tuple[str, ...]:
        return tuple(labels.get(name, "") for name in self._names)

    def _key_of(self, scope: Scope) -> tuple[str, ...]:
        return tuple([_label(find(path, scope.variables)) for path in self.rule.group_by])

    def _assess(self, track: Track, begins: bool, lasts: bool, now: float, scope: Scope) -> None:
        """`begins`: it would take hold; `lasts`: it would not let go."""
        if track.phase == "pending":
            if now - track.looked > GAP:
                track.since += now - track.looked  # nobody looked meanwhile
            if not begins:
                track.phase = "idle"
                self._tell("calm", track, now)
        track.looked = now
        if track.phase == "idle" and begins:
            track.since = now
            track.phase = "pending"
            if self.rule.seconds > 0:
                self._describe(track, scope)
                self._tell("pending", track, now)
        if track.phase == "pending" and now - track.since >= self.rule.seconds:
            self._fire(track, now, scope)
        elif track.phase == "dismissed" and not lasts:
            track.phase = "idle"
        elif track.phase == "firing":
            if lasts:
                track.calm_since = None
            else:
                self._let_go(track, now)

    def _fire(self, track: Track, now: float, scope: Scope) -> None:
        track.phase = "firing"
        track.calm_since = None
        track.times = 1
        track.flapping = track.note_change(now)
        self._describe(track, scope)
        self._tell("firing", track, now)

    def _let_go(self, track: Track, now: float, reason: str = "") -> None:
        """Resolve it; one that flaps only after a long calm."""
        if track.flapping:
            if track.calm_since is None:
                track.calm_since = now
            if now - track.calm_since < CALM:
                return
        track.phase, track.flapping, track.calm_since = "idle", False, None
        track.note_change(now)
        self._tell("resolved", track, now, reason)

    def _describe(self, track: Track, scope: Scope) -> None:
        variables = {**scope.variables, "value": track.value, "labels": track.labels, **track.labels}
        track.summary = filled(self.rule.summary, variables, self._say)
        track.cause = scope.cause(self.rule)

    def _say(self, name: str, value: Any) -> str:
        name = name.removeprefix("figures.")
        if name == "value":
            return said(value, self._units.get(self.rule.metric, "") if self.rule.kind in ("threshold", "rate") else "")
        return said(value, self._units.get(name, ""))

    def _tell(self, word: Word, track: Track, now: float, reason: str = "") -> None:
        self._emit(
            Signal(
                word,
                self.rule,
                track.labels,
                track.value,
                track.summary,
                track.cause,
                max(0.0, now - track.since),
                track.times,
                track.flapping,
                reason,
            )
        )


class FigureWatch(Watch):
    """Looks at every sample: threshold, condition, and the rise of a figure."""

    def look(self, scope: Scope, now: float) -> None:
        """A sample was taken."""
        track = self.tracks.get(())
        if track is None:
            track = self.tracks[()] = Track({}, looked=now)
        answer = self._judge(scope, track, now)
        if answer is not None:
            self._assess(track, *answer, now, scope)

    @abstractmethod
    def _judge(self, scope: Scope, track: Track, now: float) -> tuple[bool, bool] | None:
        """Whether it begins and whether it lasts; None where that cannot be known from this sample."""

    def tick(self, now: float) -> None:
        """A figure that is missing for long says nothing any more."""
        track = self.tracks.get(())
        if track is None or now - track.looked <= MISSING or track.phase == "idle":
            return
        if track.phase == "pending":
            self._tell("calm", track, now)
        elif track.phase == "firing":
            self._tell("resolved", track, now, "It is not measured any more.")
        track.phase, track.flapping, track.calm_since = "idle", False, None


class ThresholdWatch(FigureWatch):
    def __init__(self, rule: AlertRule, emit: Emit, figures: Mapping[str, str]) -> None:
        super().__init__(rule, emit, figures)
        self._compare = COMPARISONS[rule.compare]
        self._clear = rule.value if rule.clear is None else rule.clear

    def _judge(self, scope: Scope, track: Track, now: float) -> tuple[bool, bool] | None:
        value = scope.figures.get(self.rule.metric)
        if value is None:
            return None
        narrowed = self._narrowed(scope, self.condition)
        if narrowed is None:
            return None
        track.value = value
        lasts = self._compare(value, self._clear)
        return narrowed and self._compare(value, self.rule.value), narrowed and lasts


class ConditionWatch(FigureWatch):
    def _judge(self, scope: Scope, track: Track, now: float) -> tuple[bool, bool] | None:
        answer = self._narrowed(scope, self.condition)
        return None if answer is None else (answer, answer)


class RiseWatch(FigureWatch):
    """Rate of a figure: it rose by more than `value` within `within` seconds (fell, with `below` and `at_most`)."""

    _PARTS = 120

    def __init__(self, rule: AlertRule, emit: Emit, figures: Mapping[str, str]) -> None:
        super().__init__(rule, emit, figures)
        self._sign = -1.0 if rule.compare in ("below", "at_most") else 1.0
        self._lowest: deque[tuple[float, float]] = deque()
        """When, and what: each lower than all that came after it."""

    def _judge(self, scope: Scope, track: Track, now: float) -> tuple[bool, bool] | None:
        value = scope.figures.get(self.rule.metric)
        if value is None:
            return None
        narrowed = self._narrowed(scope, self.condition)
        if narrowed is None:
            return None
        value *= self._sign
        lowest = self._lowest
        while lowest and now - lowest[0][0] > self.rule.within:
            lowest.popleft()
        while lowest and lowest[-1][1] >= value:
            lowest.pop()
        # Values so near to each other in time are one: the window is right to a part of it, whatever its length.
        if not lowest or now - lowest[-1][0] >= self.rule.within / self._PARTS:
            lowest.append((now, value))
        track.value = value - lowest[0][1]
        holds = narrowed and track.value > self.rule.value
        return holds, holds


class MatchWatch(Watch):
    """Hears of every event, or line, that its rule names."""

    def hear(self, scope: Scope, now: float) -> None:
        if self.until is not None and self._narrowed(scope, self.until) is True:
            track = self.tracks.get(self._key_of(scope))
            if track is not None and track.phase == "firing":
                self._let_go(track, now)
        elif self._narrowed(scope, self.condition) is True:
            self.match(self.track_for(scope), scope, now)

    @abstractmethod
    def match(self, track: Track, scope: Scope, now: float) -> None: ...


class PointWatch(MatchWatch):
    """Fires with an event, or line; resolved by `until`, or when no other came for a while."""

    def match(self, track: Track, scope: Scope, now: float) -> None:
        track.looked = now
        if track.phase == "firing":
            track.times += 1
            track.calm_since = None
            return
        track.since = now
        self._fire(track, now, scope)

    def dismiss(self, labels: Labels) -> None:
        super().dismiss(labels)
        for track in self.tracks.values():
            if track.phase == "dismissed":
                track.phase = "idle"

    def tick(self, now: float) -> None:
        after = self.rule.resolve_after
        for track in self.tracks.values():
            if track.phase != "firing":
                continue
            if track.calm_since is not None or (after > 0 and now - track.looked >= after):
                self._let_go(track, now)
        self.forget(now)


class CountWatch(MatchWatch):
    """More than so many within so long."""

    def restore(self, labels: Labels, now: float, times: int = 1) -> None:
        super().restore(labels, now, times)
        self.tracks[self._key(labels)].held_until = now + self.rule.within

    def match(self, track: Track, scope: Scope, now: float) -> None:
        track.marks.append(now)
        while len(track.marks) > self._enough:
            track.marks.popleft()
        holds = self._holds(track, now)
        self._assess(track, holds, holds, now, scope)

    def tick(self, now: float) -> None:
        for track in self.tracks.values():
            if track.phase != "idle":
                holds = self._holds(track, now)
                self._assess(track, holds, holds, now, NOTHING)
        self.forget(now)

    @property
    def _enough(self) -> int:
        return int(self.rule.value) + 1

    def _holds(self, track: Track, now: float) -> bool:
        if now < track.held_until:
            return True
        if len(track.marks) < self._enough or now - track.marks[0] > self.rule.within:
            return False
        track.value = float(len(track.marks))
        return True


class AbsenceWatch(MatchWatch):
    """Nothing came for so long. A figure that is missing is nothing."""

    def __init__(self, rule: AlertRule, emit: Emit, figures: Mapping[str, str]) -> None:
        super().__init__(rule, emit, figures)
        self._track = self.tracks.setdefault((), Track({}))
        self.last: float | None = None
        """When it came last."""

    def seed(self, last: float) -> None:
        """When it came last, before the engine began; may be negative."""
        self.last = last if self.last is None else max(self.last, last)

    def restore(self, labels: Labels, now: float, times: int = 1) -> None:
        super().restore(labels, now, times)
        self._track = self.tracks[()]
        self.last = now - self.rule.within

    def take_over(self, other: Watch) -> None:
        super().take_over(other)
        if isinstance(other, AbsenceWatch):
            self._track, self.last = self.tracks[()], other.last

    def look(self, scope: Scope, now: float) -> None:
        """A sample was taken (for a rule about a figure)."""
        if scope.figures.get(self.rule.metric) is not None and self._narrowed(scope, self.condition) is True:
            self.match(self._track, scope, now)

    def match(self, track: Track, scope: Scope, now: float) -> None:
        self.last = now
        self._assess(self._track, False, False, now, scope)

    def tick(self, now: float) -> None:
        if self.last is None:
            self.last = now
        track = self._track
        track.value = now - self.last
        absent = track.value >= self.rule.within
        track.looked = now
        self._assess(track, absent, absent, now, NOTHING)

    def _fire(self, track: Track, now: float, scope: Scope) -> None:
        track.since = now if self.last is None else self.last
        super()._fire(track, now, scope)


def make_watch(rule: AlertRule, emit: Emit, figures: Mapping[str, str]) -> Watch:
    """`figures` are the names there are, with their units. InvalidInput where an expression of the rule means nothing."""
    if rule.kind == "threshold":
        return ThresholdWatch(rule, emit, figures)
    if rule.kind == "condition":
        return ConditionWatch(rule, emit, figures)
    if rule.kind == "absence":
        return AbsenceWatch(rule, emit, figures)
    if rule.kind == "rate":
        return RiseWatch(rule, emit, figures) if rule.metric else CountWatch(rule, emit, figures)
    return PointWatch(rule, emit, figures)


def _label(value: Any) -> str:
    return "" if value is None else label(str(value))[:_LABEL]


def _label_names(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The last part of each path; the whole path where two end alike."""
    last = [path.rsplit(".", 1)[-1] for path in paths]
    return tuple(path if last.count(short) > 1 else short for path, short in zip(paths, last, strict=True))
