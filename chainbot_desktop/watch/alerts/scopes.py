"""What a rule is shown of the moment: a sample, an event or a log line, as the variables that conditions and summaries name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

import cel
from pydantic import BaseModel

from chainbot_desktop.core.events.envelope import Event, Recorded, label
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.watch.alerts.expressions import bounded, context_of
from chainbot_desktop.watch.alerts.records import AlertRule, Cause
from chainbot_desktop.watch.logs.document import LEVELS, LogRow

Figures = Mapping[str, float | None]

VARIABLES: Mapping[str, str] = {
    "figures": 'every figure by its name, also those whose name is no word: figures["queue:journal"]',
    "event": "the event (rules about events): type, source, severity, subject, actor, time, id, seq, requires_attention, data",
    "event.data": "what the event tells, as the Events page shows it: event.data.state, event.data.reason …",
    "log": "the line (rules about lines): text, level, source, name",
    "match": "what the named groups of the expression found in the line: match.address for (?P<address>\\\\S+)",
    "labels": "the values of group_by, by the last part of their names: labels.agent_name",
}
"""What a condition can name beside the figures."""
ROOTS = frozenset(name for name in VARIABLES if "." not in name)


def _known(figures: Figures) -> dict[str, float]:
    return {name: value for name, value in figures.items() if value is not None}


def _figure(figures: Figures, name: str) -> Any:
    # Only what an expression names is handed over: there are many figures.
    return _known(figures) if name == "figures" else figures.get(name)


class Scope:
    """`figures` are the newest. Made for one moment: what is dear is made once, and only if somebody asks."""

    def __init__(self, figures: Figures, at: float) -> None:
        self.figures = figures
        self.at = at
        """Seconds since the epoch."""
        self._variables: Mapping[str, Any] | None = None
        self._context: cel.Context | None = None

    @property
    def variables(self) -> Mapping[str, Any]:
        if self._variables is None:
            self._variables = {**self._own(), **_known(self.figures)}
        return self._variables

    def context(self, labels: Mapping[str, str] | None = None) -> cel.Context:
        """For conditions. `labels`: only where one names them."""
        if self._context is None:
            self._context = context_of(self._own())
            # Not a method of this scope: the context is no part of what Python can collect, and the two would keep each other for ever.
            self._context.set_variable_resolver(partial(_figure, self.figures))
        if labels is not None:
            self._context.add_variable("labels", labels)
        return self._context

    def cause(self, rule: AlertRule) -> Cause:
        content: dict[str, object] = {"page": "metrics", "time": self.at}
        return Cause("watchtower", {**content, "metric": rule.metric} if rule.metric else content)

    def _own(self) -> dict[str, Any]:
        return {}


class EventScope(Scope):
    def __init__(self, recorded: Recorded[Event], figures: Figures) -> None:
        super().__init__(figures, 0.0)
        self._recorded = recorded

    def cause(self, rule: AlertRule) -> Cause:
        return Cause("watchtower", {"page": "events", "event_id": self._recorded.event.id})

    def _own(self) -> dict[str, Any]:
        event = self._recorded.event
        data = event.data.model_dump(mode="json") if isinstance(event.data, BaseModel) else event.data
        return {
            "event": {
                "type": event.type,
                "source": event.source,
                "severity": event.severity.value,
                "subject": event.subject,
                "actor": event.actor,
                "time": event.time,
                "id": event.id,
                "seq": self._recorded.seq,
                "requires_attention": event.requires_attention,
                "data": bounded(data),
            }
        }


class LogScope(Scope):
    def __init__(self, row: LogRow, match: Mapping[str, str], figures: Figures, at: float) -> None:
        super().__init__(figures, row.time if row.time is not None else at)
        self._row = row
        self._match = match

    def cause(self, rule: AlertRule) -> Cause:
        return Cause("watchtower", {"page": "logs", "number": self._row.number, "time": self.at})

    def _own(self) -> dict[str, Any]:
        row = self._row
        log = {
            "text": bounded(row.text),
            "level": LEVELS.get(row.level) or logging.getLevelName(row.level).lower(),
            "source": row.source,
            "name": row.name,
        }
        return {"log": log, "match": bounded(dict(self._match))}


NOTHING = Scope({}, 0.0)
"""Where time alone changed something."""


def event_moment(recorded: Recorded[Event]) -> float:
    """When it says that it happened, in seconds since the epoch."""
    return parse_time(recorded.event.time).timestamp()


def said(value: Any, unit: str = "") -> str:
    """A value for a sentence: numbers short and with their unit, texts in one line."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        number = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"
        return f"{number} {unit}".rstrip() if not unit.startswith("/") else number + unit
    return label(" ".join(str(value).split()))
