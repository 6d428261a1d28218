"""A desk of alerts in memory: it keeps states as the real one does, and a test says what fires."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.ids import format_time, new_id, utc_now
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.ui.watchtower.alerts.words import RANKS
from chainbot_desktop.watch.alerts.records import Alert, AlertRule, AlertSeverity, AlertState, Cause, Channel, RuleState, Trial

VARIABLES = {"value": "the figure", "metric": "its name", "room": "where it was measured", "level": "of a log line"}
METRICS = {"cpu": "%", "memory": "%", "disk": "%", "temperature": "°C", "loop_lag": "ms"}


def ago(seconds: float) -> str:
    return format_time(datetime.now(UTC) - timedelta(seconds=seconds))


def rule(name: str = "cpu-busy", **changed: Any) -> AlertRule:
    given: dict[str, Any] = {
        "name": name,
        "title": "The processor is busy",
        "kind": "threshold",
        "metric": "cpu",
        "value": 90,
        "for": changed.pop("seconds", 60),
        "runbook": "Stop an agent, or look at Metrics for what is busy.",
    }
    return AlertRule.model_validate({**given, **changed})


class MemoryDesk:
    """Implements `AlertDesk`. `fire` and `settle` are what the engine would do."""

    def __init__(self, *rules: AlertRule) -> None:
        self.alerts: dict[str, Alert] = {}
        self._rules = {each.name: RuleState(each, "shipped") for each in rules}
        self._shipped = dict(self._rules)
        self.channel_list = [
            Channel("panel", "panel", "this panel", True),
            Channel("alexos", "alexos", "http://alex:8000", True, last="delivered 3 min ago"),
            Channel("mail", "email", "me@example.org", False, refusal="The settings name no server for it."),
        ]
        self.muted_until = ""
        self.hours_until = ""
        self.breaks_quiet: set[str] = set()
        self.file_problems: list[str] = []
        self.actors: list[str] = []
        self.sent: list[str] = []
        self.tried: list[AlertRule] = []
        self.trial = Trial((), 0.0)
        self.failure: ChainBotError | None = None
        self._listeners: Listeners[[]] = Listeners()

    # What the engine does.

    def fire(self, rule_name: str = "cpu-busy", **changed: Any) -> Alert:
        state = self._rules.get(rule_name)
        given: dict[str, Any] = {
            "id": new_id(),
            "rule": rule_name,
            "title": state.rule.title if state else rule_name,
            "severity": state.rule.severity if state else "warning",
            "state": "firing",
            "summary": "The processor is 97 % busy.",
            "labels": {},
            "value": 97.2,
            "since": ago(180),
            "fired_at": ago(120),
            "runbook": state.rule.runbook if state else "",
            "cause": Cause("watchtower", {"page": "metrics"}),
            "changed_at": utc_now(),
        }
        alert = Alert(**{**given, **changed})
        self.alerts[alert.id] = alert
        self.tell()
        return alert

    def settle(self, alert_id: str) -> None:
        self._put(replace(self.alerts[alert_id], state="resolved", resolved_at=utc_now()))

    def tell(self) -> None:
        self._listeners.tell()

    # What the panel asks.

    @property
    def active(self) -> Sequence[Alert]:
        living = [alert for alert in self.alerts.values() if alert.state != "resolved"]
        return sorted(sorted(living, key=lambda a: a.since, reverse=True), key=lambda a: RANKS[a.severity])

    async def history(
        self, *, before: str = "", limit: int = 100, rule: str = "", state: AlertState | None = None
    ) -> Sequence[Alert]:
        self._may_fail()
        rows = sorted(self.alerts.values(), key=lambda alert: alert.id, reverse=True)
        rows = [
            row for row in rows if rule in ("", row.rule) and state in (None, row.state) and (not before or row.id < before)
        ]
        return rows[:limit]

    async def alert(self, alert_id: str) -> Alert:
        if alert_id not in self.alerts:
            raise NotFound("There is no such alert.")
        return self.alerts[alert_id]

    async def acknowledge(self, alert_id: str, *, actor: str) -> Alert:
        alert = self._living(alert_id, actor)
        return self._put(replace(alert, state="acknowledged", acknowledged_by=actor, acknowledged_at=utc_now()))

    async def unacknowledge(self, alert_id: str, *, actor: str) -> Alert:
        alert = self._living(alert_id, actor)
        if alert.state != "acknowledged":
            raise Conflict("It is not acknowledged.")
        return self._put(replace(alert, state="firing", acknowledged_by="", acknowledged_at=""))

    async def snooze(self, alert_id: str, seconds: float, *, actor: str) -> Alert:
        alert = self._living(alert_id, actor)
        if not seconds:
            return self._put(replace(alert, state="firing", snoozed_until=""))
        return self._put(replace(alert, state="snoozed", snoozed_until=ago(-seconds)))

    async def resolve(self, alert_id: str, *, actor: str) -> Alert:
        alert = self._living(alert_id, actor)
        return self._put(replace(alert, state="resolved", resolved_at=utc_now()))

    @property
    def rules(self) -> Sequence[RuleState]:
        return tuple(self._rules.values())

    @property
    def rule_problems(self) -> Sequence[str]:
        return self.file_problems

    def check_rule(self, rule: AlertRule) -> Mapping[str, str]:
        wrong: dict[str, str] = {}
        if rule.metric and rule.metric not in METRICS:
            wrong["metric"] = f"There is no figure {rule.metric!r}."
        if rule.condition.count("(") != rule.condition.count(")"):
            wrong["condition"] = "A bracket has no partner."
        return wrong

    async def save_rule(self, rule: AlertRule, *, actor: str) -> RuleState:
        self._may_fail()
        self.actors.append(actor)
        for sentence in self.check_rule(rule).values():
            raise InvalidInput(sentence)
        origin = "own"
        if rule.name in self._shipped:
            origin = "shipped" if rule == self._shipped[rule.name].rule else "changed"
        before = self._rules.get(rule.name)
        last = before.last_fired_at if before else ""
        state = self._rules[rule.name] = RuleState(rule, origin, last_fired_at=last)  # type: ignore[arg-type]
        self.tell()
        return state

    async def remove_rule(self, name: str, *, actor: str) -> None:
        self._may_fail()
        self.actors.append(actor)
        if name in self._shipped:
            self._rules[name] = self._shipped[name]
        elif self._rules.pop(name, None) is None:
            raise NotFound("There is no such rule.")
        self.tell()

    async def try_rule(self, rule: AlertRule) -> Trial:
        self._may_fail()
        self.tried.append(rule)
        return self.trial

    @property
    def channels(self) -> Sequence[Channel]:
        return tuple(self.channel_list)

    async def test_channel(self, name: str, *, actor: str) -> None:
        if name == "mail":
            raise Unavailable("The server of the mail did not answer.", hint="Look at alerts.email in the settings.")
        self.sent.append(name)

    @property
    def variables(self) -> Mapping[str, str]:
        return VARIABLES

    @property
    def metrics(self) -> Sequence[str]:
        return tuple(METRICS)

    def unit_of(self, metric: str) -> str:
        return METRICS.get(metric, "")

    @property
    def quiet_until(self) -> str:
        return max(self.muted_until, self.hours_until)

    def is_quiet(self, severity: AlertSeverity) -> bool:
        return bool(self.muted_until or (self.hours_until and severity not in self.breaks_quiet))

    async def mute(self, seconds: float, *, actor: str) -> None:
        self._may_fail()
        self.actors.append(actor)
        self.muted_until = ago(-seconds) if seconds else ""
        self.tell()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._listeners.add(listener)

    def _living(self, alert_id: str, actor: str) -> Alert:
        self._may_fail()
        self.actors.append(actor)
        alert = self.alerts.get(alert_id)
        if alert is None:
            raise NotFound("There is no such alert.")
        if alert.state in ("resolved", "pending"):
            raise Conflict(f"It is {alert.state}.")
        return alert

    def _put(self, alert: Alert) -> Alert:
        alert = self.alerts[alert.id] = replace(alert, changed_at=utc_now())
        self.tell()
        return alert

    def _may_fail(self) -> None:
        if self.failure is not None:
            raise self.failure
