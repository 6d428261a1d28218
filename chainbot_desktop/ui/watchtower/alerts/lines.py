"""The order of the active alerts, and their groups: many of one rule are one line until somebody opens it. Pure: no Qt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chainbot_desktop.ui.watchtower.alerts.words import RANKS, is_quiet, needs_somebody
from chainbot_desktop.watch.alerts.records import Alert, AlertSeverity

MANY = 12
"""Alerts up to which each has a line of its own."""
ALIKE = 3
"""Of one rule, from which they are one line where there are many."""


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Alerts of one rule, the worst first."""

    rule: str
    alerts: tuple[Alert, ...]
    is_open: bool

    @property
    def severity(self) -> AlertSeverity:
        return self.alerts[0].severity

    @property
    def calling(self) -> int:
        return sum(map(needs_somebody, self.alerts))


@dataclass(frozen=True, slots=True)
class AlertLine:
    alert: Alert
    inside: bool = False
    """Of an open group."""


Line = GroupLine | AlertLine


def in_order(alerts: Sequence[Alert]) -> list[Alert]:
    """Those that call first; of those the worst, of those the newest."""
    newest_first = sorted(alerts, key=lambda alert: alert.since, reverse=True)
    return sorted(newest_first, key=lambda alert: (is_quiet(alert), RANKS[alert.severity]))


def lines_of(alerts: Sequence[Alert], opened: Collection[str]) -> list[Line]:
    """`opened` are the rules whose groups are open."""
    ordered = in_order(alerts)
    if len(ordered) <= MANY:
        return [AlertLine(alert) for alert in ordered]
    by_rule: dict[str, list[Alert]] = {}
    for alert in ordered:
        by_rule.setdefault(alert.rule, []).append(alert)
    lines: list[Line] = []
    for alert in ordered:
        alike = by_rule[alert.rule]
        if len(alike) < ALIKE:
            lines.append(AlertLine(alert))
        elif alike[0] is alert:  # the group stands where its worst would
            is_open = alert.rule in opened
            lines.append(GroupLine(alert.rule, tuple(alike), is_open))
            lines.extend(AlertLine(each, inside=True) for each in alike if is_open)
    return lines


def alerts_of(line: Line) -> Sequence[Alert]:
    return line.alerts if isinstance(line, GroupLine) else (line.alert,)
