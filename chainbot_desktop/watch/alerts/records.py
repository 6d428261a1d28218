"""What an alert is, what a rule says, and what the desk of alerts does for the panel and the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from chainbot_desktop.core.events.envelope import Actor

AlertState = Literal["pending", "firing", "acknowledged", "snoozed", "resolved"]
AlertSeverity = Literal["info", "warning", "critical"]
RuleKind = Literal["threshold", "rate", "absence", "log", "event", "condition"]
ChannelKind = Literal["panel", "alexos", "webhook", "email", "apprise"]
Comparison = Literal["above", "at_least", "below", "at_most", "equal", "not_equal"]

ALERTS_SOURCE = "alerts"
"""Source of the events of alerts: who tells of alerts itself passes over what they ask for in the journal."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=100)]


class AlertRule(BaseModel):
    """One rule, as it stands in the YAML file and in the form. An unknown key is refused: half a rule would watch over nothing.

    threshold  the figure `metric` compares so with `value`, for `for` seconds
    rate       more than `value` of what `event`, `log` or `metric` names within `within` seconds
    absence    nothing of what `event`, `log` or `metric` names for `within` seconds
    log        a line that `log` finds (an expression), of at least `level`
    event      an event of a type that `event` names (with * for any letters)
    condition  the CEL expression `condition` is true, for `for` seconds

    `condition` narrows every other kind too. Its variables are in docs/alerts.md. `{name}` in `summary` stands for one of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: Name
    title: str = Field(min_length=1, max_length=200)
    kind: RuleKind
    severity: AlertSeverity = "warning"
    enabled: bool = True
    metric: str = Field("", max_length=200)
    compare: Comparison = "above"
    value: float = 0.0
    clear: float | None = None
    """Where a threshold lets go again; None: where it took hold."""
    seconds: float = Field(0.0, ge=0, le=604_800, alias="for")
    within: float = Field(60.0, ge=1, le=31_536_000)
    event: str = Field("", max_length=300)
    log: str = Field("", max_length=2000)
    level: Literal["debug", "info", "warning", "error", "critical"] = "debug"
    condition: str = Field("", max_length=4000)
    until: str = Field("", max_length=4000)
    """A condition: an event (or line) of a log or event rule for which it is true resolves the alert of the same labels."""
    group_by: tuple[str, ...] = Field((), max_length=5)
    """Names of variables: one alert for each combination of their values."""
    summary: str = Field("", max_length=1000)
    runbook: str = Field("", max_length=1000)
    """One line: what to do about it."""
    notify: tuple[str, ...] | None = None
    """Names of channels; None: all of them that take this severity."""
    resolve_after: float = Field(300.0, ge=0, le=604_800)
    """Seconds without another match until an alert of a log or event rule is resolved by itself; 0: never."""

    @model_validator(mode="after")
    def _complete(self) -> AlertRule:
        needs: Mapping[RuleKind, tuple[str, ...]] = {
            "threshold": ("metric",),
            "log": ("log",),
            "event": ("event",),
            "condition": ("condition",),
        }
        for name in needs.get(self.kind, ()):
            if not getattr(self, name):
                raise ValueError(f"a {self.kind} rule needs {name}")
        if self.kind in ("rate", "absence") and sum(map(bool, (self.event, self.log, self.metric))) != 1:
            raise ValueError(f"a rule of the kind {self.kind} needs one of event, log and metric")
        return self


@dataclass(frozen=True, slots=True)
class Cause:
    """What made it: the way from an alert to it. `content` is for `present` of the window `window`."""

    window: str = ""
    content: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """Times are RFC 3339 in UTC, "" for not (yet). `since`: when the condition became true; `times`: how often it fired again."""

    id: str
    rule: str
    title: str
    severity: AlertSeverity
    state: AlertState
    summary: str
    labels: Mapping[str, str]
    value: float | None
    since: str
    fired_at: str = ""
    resolved_at: str = ""
    acknowledged_by: str = ""
    acknowledged_at: str = ""
    snoozed_until: str = ""
    times: int = 1
    flapping: bool = False
    runbook: str = ""
    cause: Cause = Cause()
    changed_at: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alerts are told. `refusal` says why it takes none, "" where it does; `last` what became of the last one."""

    name: str
    kind: ChannelKind
    target: str
    enabled: bool
    refusal: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule as it fares. `origin`: shipped, changed (shipped, and changed here) or own. `error`: why it does not work, or ""."""

    rule: AlertRule
    origin: Literal["shipped", "changed", "own"]
    error: str = ""
    last_fired_at: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A time at which something was there to be looked at, from `since` to `until` (seconds since the epoch).

    `step`: seconds that one figure of it covers; 0 for events and lines, which have a time each.
    """

    since: float
    until: float
    step: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would have done with what is kept: the times (seconds since the epoch) at which it would have fired.

    `looks`: over which times that was tried, and how finely, the coarsest first. `note`: what cannot be told from it, in sentences.
    """

    fired: Sequence[float]
    since: float
    note: str = ""
    looks: Sequence[Look] = ()


class AlertDesk(Protocol):
    """Use on the loop's thread. Every change is journaled before the call returns."""

    @property
    def active(self) -> Sequence[Alert]:
        """All that are not resolved, the worst and newest first. From memory."""
        ...

    async def history(
        self, *, before: str = "", limit: int = 100, rule: str = "", state: AlertState | None = None
    ) -> Sequence[Alert]:
        """The newest first; `before` is the id of the last one of the page before."""
        ...

    async def alert(self, alert_id: str) -> Alert:
        """NotFound."""
        ...

    async def acknowledge(self, alert_id: str, *, actor: Actor) -> Alert:
        """Conflict where it is resolved."""
        ...

    async def unacknowledge(self, alert_id: str, *, actor: Actor) -> Alert:
        """It counts as firing again. Conflict where it is not acknowledged."""
        ...

    async def snooze(self, alert_id: str, seconds: float, *, actor: Actor) -> Alert:
        """Quiet for so long; 0 ends it. Conflict where it is resolved."""
        ...

    async def resolve(self, alert_id: str, *, actor: Actor) -> Alert:
        """By hand: it fires again when its condition becomes true anew."""
        ...

    @property
    def rules(self) -> Sequence[RuleState]: ...

    @property
    def rule_problems(self) -> Sequence[str]:
        """What of the person's file of rules is not used, in sentences."""
        ...

    def check_rule(self, rule: AlertRule) -> Mapping[str, str]:
        """What is wrong with it, by the name of the field: expressions that do not parse, names that nothing has. Empty where
        `save_rule` would take it. From memory: asked while somebody types.
        """
        ...

    async def save_rule(self, rule: AlertRule, *, actor: Actor) -> RuleState:
        """New or changed. InvalidInput where its expression, metric or event means nothing."""
        ...

    async def remove_rule(self, name: str, *, actor: Actor) -> None:
        """Of one's own; a shipped one goes back to how it was shipped."""
        ...

    async def try_rule(self, rule: AlertRule) -> Trial:
        """Against what is kept of figures, events and lines. Takes seconds; may be cancelled. One at a time: others wait."""
        ...

    @property
    def channels(self) -> Sequence[Channel]: ...

    async def test_channel(self, name: str, *, actor: Actor) -> None:
        """Send a test message now. ChainBotError with what went wrong."""
        ...

    @property
    def variables(self) -> Mapping[str, str]:
        """What a condition can name, with what it means; for the form."""
        ...

    @property
    def metrics(self) -> Sequence[str]:
        """The names of figures that a rule can watch."""
        ...

    def unit_of(self, metric: str) -> str:
        """ "" for one without a unit."""
        ...

    @property
    def quiet_until(self) -> str:
        """While quiet hours (or a mute) last: until when; else ""."""
        ...

    def is_quiet(self, severity: AlertSeverity) -> bool:
        """Whether nobody is told of alerts of this severity now: a mute, or quiet hours that it does not break."""
        ...

    async def mute(self, seconds: float, *, actor: Actor) -> None:
        """No sound and no delivery for so long, whatever fires; 0 ends it."""
        ...

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after alerts, rules or channels changed, once for many; returns what ends it."""
        ...
