"""Figures of the past as a rule is shown them: second by second where they are kept so, and what of a minute or an hour can be told.

A minute has the lowest, the highest and the mean of its seconds. What a rule asks of every second is true of a minute if it is true of
the worst of its seconds, and what it asks of any second if it is true of the best: both were measured, so nothing is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainbot_desktop.store.metric_rows import HOUR, MINUTE, Line
from chainbot_desktop.watch.alerts.records import AlertRule, Look
from chainbot_desktop.watch.alerts.scopes import Figures
from chainbot_desktop.watch.alerts.tracks import GAP, LONGEST_STEP
from chainbot_desktop.watch.metric_store import SPANS, MetricWindow

_DAY = 86_400.0
_WITHINS = 20
"""How many times what a rule calls `within` must find room in what is looked at, where so much is kept."""
_Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shown:
    """`steady` counts the seconds in which somebody looked, as the engine's own clock does.

    `again`: as just before, and of interest only where it is counted how long it lasts.
    """

    at: float
    steady: float
    figures: Figures
    again: bool = False


def span_of(rule: AlertRule) -> float:
    """Seconds of the past that suit it: a week, and more for what takes days and is seen in hours too."""
    return max(SPANS[MINUTE], min(SPANS[HOUR], _WITHINS * rule.within)) if _by_hour(rule) else SPANS[MINUTE]


def can_see(rule: AlertRule, step: int) -> bool:
    """Whether figures of so many seconds tell anything about it."""
    if step == HOUR:
        return _by_hour(rule)
    return step == 1 or rule.kind != "rate" or not rule.metric or rule.within >= 2 * step


def shown(rule: AlertRule, windows: Sequence[MetricWindow]) -> Iterator[Shown]:
    steady, last = 0.0, None
    for window in windows:
        if not can_see(rule, window.step):
            continue
        for at, count, figures in _rows(rule, window):
            if last is not None:
                steady += min(at - last, LONGEST_STEP)
            for offset in _offsets(rule, window.step, count):
                yield Shown(at + offset, steady + offset, figures, offset > 0 and rule.kind != "absence")
            steady += count - 1
            last = at + window.step - 1


def looks_of(rule: AlertRule, names: Sequence[str], windows: Sequence[MetricWindow]) -> list[Look]:
    """From the first to the last that was measured of its figures (`names`) by each step, the coarsest first."""
    found: dict[int, Look] = {}
    for window in windows:
        places = np.flatnonzero(_counts(window, _counted(rule, names)))
        if len(places) and can_see(rule, window.step):
            since, until = window.start + int(places[0]) * window.step, window.start + (int(places[-1]) + 1) * window.step
            found[window.step] = Look(found[window.step].since if window.step in found else since, until, window.step)
    return [found[step] for step in sorted(found, reverse=True)]


def words_on_steps(rule: AlertRule, names: Sequence[str], windows: Sequence[MetricWindow]) -> str:
    """What cannot be told because not all of it is kept by the second; sentences, or ""."""
    kept = {window.step for window in windows if window.step > 1 and _counts(window, _counted(rule, names)).any()}
    seen = {step for step in kept if can_see(rule, step)}
    if MINUTE in kept - seen:
        change = f"a change within {rule.within:g} s cannot be seen"
        return f"Older figures are kept by the minute only, in which {change}: they were left out."
    if not seen:
        return ""
    each = "minute or hour" if len(seen) > 1 else "minute" if MINUTE in seen else "hour"
    judged = rule.seconds and not (rule.event or rule.log)
    lasting = f", and “for: {rule.seconds:g} s” cannot be judged to the second in them" if judged else ""
    return f"Older figures are kept by the {each} only{lasting}: {_what_counts(rule, each)}"


def _what_counts(rule: AlertRule, each: str) -> str:
    if rule.kind == "rate":
        return f"there the mean of each {each} stands for it, and what rises and falls within it is not seen."
    if rule.kind == "absence":
        return f"there it is missing in a {each} if no second of it has it, and what stayed away for less is not seen."
    if rule.kind != "threshold":
        return f"there expressions are tried on the mean of each {each}, and what was so for less may not be seen."
    narrowed = " The condition is tried on its mean." if rule.condition else ""
    if rule.seconds:
        return f"a {each} counts if every second of it was so, and what filled no whole {each} is not seen.{narrowed}"
    return f"a {each} counts if any second of it was so; what comes and goes within it counts once.{narrowed}"


def _by_hour(rule: AlertRule) -> bool:
    # What must last (`for`) is looked at every few seconds: of an hour that would say nothing.
    return bool(rule.metric) and rule.kind in ("rate", "absence") and rule.within > _DAY and rule.seconds == 0


def _offsets(rule: AlertRule, step: int, count: int) -> Sequence[int]:
    """At which of the `count` seconds that were measured of a step a rule looks at it."""
    if step == MINUTE and (rule.seconds or rule.kind == "absence"):
        return [*range(0, count - 1, int(GAP)), count - 1]  # nearer to each other than what counts as not looking
    if rule.kind == "absence" and count > 1:
        return (0, count - 1)
    return (0,)


def _rows(rule: AlertRule, window: MetricWindow) -> Iterator[tuple[int, int, Figures]]:
    """When it begins, how many of its seconds were measured, and the figures."""
    columns = {
        name: [None if value != value else value for value in _column(rule, name, line, window.step).tolist()]  # noqa: PLR0124
        for name, line in window.lines.items()
    }
    for place, count in enumerate(_counts(window).tolist()):
        if count:
            figures = {name: column[place] for name, column in columns.items()}
            yield window.start + place * window.step, min(count, window.step), figures


def _counted(rule: AlertRule, names: Sequence[str]) -> Sequence[str] | None:
    """Which figures tell that there was something to be looked at; None: any. That one is away is something to be seen as well."""
    return None if rule.kind == "absence" else names


def _counts(window: MetricWindow, names: Sequence[str] | None = None) -> NDArray[np.uint32]:
    counts = np.zeros(window.steps, np.uint32)
    for name, line in window.lines.items():
        if names is None or name in names:
            np.maximum(counts, line.count, out=counts)
    return counts


def _column(rule: AlertRule, name: str, line: Line, step: int) -> _Values:
    if step == 1 or rule.kind != "threshold" or name != rule.metric:
        return _exact(line.mean)
    return _of_threshold(rule, _exact(line.low), _exact(line.high))


def _of_threshold(rule: AlertRule, low: _Values, high: _Values) -> _Values:
    """Of the seconds of each step one for which the comparison says what it says of all of them (with `for`), or of any."""
    every, value = rule.seconds > 0, rule.value
    if rule.compare in ("above", "at_least"):
        return low if every else high
    if rule.compare in ("below", "at_most"):
        return high if every else low
    if rule.compare == "not_equal" and every:
        return np.where((low <= value) & (value <= high), value, low)
    # Of `equal` what is known: the lowest and the highest were measured, what lies between them may not have been.
    unlike = (low == value) if (rule.compare == "equal") == every else (high == value)
    return np.where(unlike, high, low)


def _exact(values: NDArray[np.float32]) -> _Values:
    """Without the digits that a 32-bit number does not have."""
    exact: _Values = values.astype(np.float64)
    return exact.round(4)
