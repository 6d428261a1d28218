"""What is wrong with a rule, field by field: for the form as one types, and before a rule is taken."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.watch.alerts.engine import event_patterns, heard
from chainbot_desktop.watch.alerts.expressions import Condition, places
from chainbot_desktop.watch.alerts.patterns import LinePattern
from chainbot_desktop.watch.alerts.records import AlertRule
from chainbot_desktop.watch.alerts.scopes import ROOTS

_EVENT_FIELDS = frozenset("type source severity subject actor time id seq requires_attention data".split())  # noqa: SIM905
_LOG_FIELDS = frozenset(("text", "level", "source", "name"))
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """What a rule can name. `figures` with their units."""

    figures: Mapping[str, str]
    event_types: Collection[str]
    channels: Collection[str]


def problems(rule: AlertRule, known: Known) -> dict[str, str]:
    """By field; empty where it can work."""
    found: dict[str, str] = {}
    pattern = None
    if rule.log:
        try:
            pattern = LinePattern(rule.log)
        except InvalidInput as error:
            found["log"] = error.message
    for field, text in (("condition", rule.condition), ("until", rule.until)):
        if text:
            _check_condition(field, text, rule, known, found)
    if rule.until and rule.kind not in ("event", "log"):
        found["until"] = f"A rule of the kind {rule.kind} ends by itself."
    if rule.metric and rule.metric not in known.figures:
        found["metric"] = f"There is no figure {rule.metric}."
    if rule.event:
        _check_event(rule.event, known, found)
    _check_numbers(rule, found)
    _check_names(rule, pattern.groups if pattern is not None else (), known, found)
    missing = [name for name in rule.notify or () if name not in known.channels]
    if missing:
        found["notify"] = f"There is no channel {missing[0]}."
    return found


def _check_condition(field: str, text: str, rule: AlertRule, known: Known, found: dict[str, str]) -> None:
    try:
        condition = Condition(text, ROOTS.union(known.figures))
    except InvalidInput as error:
        found[field] = error.message
        return
    foreign = sorted(condition.names & _foreign_roots(rule))
    if foreign:
        found[field] = f"A rule of this kind has no {foreign[0]}."


def _foreign_roots(rule: AlertRule) -> frozenset[str]:
    if rule.event:
        return frozenset(("log", "match"))
    if rule.log:
        return frozenset(("event",))
    return frozenset(("event", "log", "match", "labels"))


def _check_event(text: str, known: Known, found: dict[str, str]) -> None:
    patterns = event_patterns(text)
    if not patterns:
        found["event"] = "It names no type of events."
    for pattern in patterns:
        expression = re.compile(translate(pattern))
        if not any(expression.match(name) and heard(name) for name in known.event_types):
            found["event"] = f"There are no events of the type {pattern} that a rule can hear of."


def _check_numbers(rule: AlertRule, found: dict[str, str]) -> None:
    if rule.kind == "rate" and not rule.metric and not 0 <= rule.value <= MOST_COUNTED:
        found["value"] = f"It counts from 0 to {MOST_COUNTED:,}."
    if rule.kind != "threshold" or rule.clear is None:
        return
    if rule.compare in ("above", "at_least"):
        later = rule.clear <= rule.value
    elif rule.compare in ("below", "at_most"):
        later = rule.clear >= rule.value
    else:
        later = rule.clear == rule.value
    if not later:
        found["clear"] = f"It would let go at {rule.clear:g} before it takes hold at {rule.value:g}."


def _check_names(rule: AlertRule, groups: Iterable[str], known: Known, found: dict[str, str]) -> None:
    if rule.group_by and rule.kind in ("threshold", "condition", "absence"):
        found["group_by"] = f"A rule of the kind {rule.kind} has nothing to group by."
    for path in rule.group_by:
        if not _is_variable(path, rule, groups, known) or path in ROOTS:
            found.setdefault("group_by", f"There is no {path} to group by.")
    labels = {path.rsplit(".", 1)[-1] for path in rule.group_by}
    for path in places(rule.summary):
        if path != "value" and path not in labels and not _is_variable(path, rule, groups, known):
            found["summary"] = f"There is no {{{path}}} that could stand there."


def _is_variable(path: str, rule: AlertRule, groups: Iterable[str], known: Known) -> bool:
    root, _, rest = path.partition(".")
    first = rest.split(".", 1)[0]
    if root == "event":
        return bool(rule.event) and first in _EVENT_FIELDS
    if root == "log":
        return bool(rule.log) and rest in _LOG_FIELDS
    if root == "match":
        return rest in groups
    if root == "labels":
        return rest in {path.rsplit(".", 1)[-1] for path in rule.group_by}
    return path in known.figures or (root == "figures" and rest in known.figures)
