"""What is said of alerts and rules, in few words. Pure: no Qt but the names of marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite

from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.ui.watchtower.alerts.durations import say_briefly, say_duration
from chainbot_desktop.ui.watchtower.marks import Mark
from chainbot_desktop.watch.alerts.records import Alert, AlertRule, AlertSeverity, AlertState, Comparison, RuleKind, RuleState

UnitOf = Callable[[str], str]
"""The unit of a figure's name; "" where it has none."""

SEVERITY_MARKS: Mapping[AlertSeverity, Mark] = {"info": "info", "warning": "warning", "critical": "critical"}
RANKS: Mapping[AlertSeverity, int] = {"critical": 0, "warning": 1, "info": 2}
SEVERITIES: Sequence[tuple[AlertSeverity, str]] = (("info", "Info"), ("warning", "Warning"), ("critical", "Critical"))
KEPT_STATES: Sequence[tuple[AlertState, str]] = (
    ("firing", "Firing"),
    ("acknowledged", "Acknowledged"),
    ("snoozed", "Snoozed"),
    ("resolved", "Resolved"),
)
"""What a history can be asked for: what is pending is kept nowhere."""
KINDS: Sequence[tuple[RuleKind, str]] = (
    ("threshold", "A figure is too high or too low"),
    ("rate", "Something happens too often"),
    ("absence", "Something stays away"),
    ("log", "A line in the logs"),
    ("event", "An event"),
    ("condition", "An expression is true"),
)
COMPARISONS: Sequence[tuple[Comparison, str]] = (
    ("above", "above"),
    ("at_least", "at least"),
    ("below", "below"),
    ("at_most", "at most"),
    ("equal", "equal to"),
    ("not_equal", "other than"),
)


def needs_somebody(alert: Alert) -> bool:
    """It fires, and nobody has said that they know."""
    return alert.state == "firing"


def is_quiet(alert: Alert) -> bool:
    """Somebody knows of it, or it is not certain yet: it is shown, and does not call."""
    return alert.state in {"acknowledged", "snoozed", "pending", "resolved"}


def mark_of(alert: Alert) -> Mark:
    return "good" if alert.state == "resolved" else "waiting" if alert.state == "pending" else SEVERITY_MARKS[alert.severity]


def number(value: float, unit: str = "") -> str:
    """As many digits as a reader needs, with the unit."""
    size = abs(value)
    if not isfinite(value):
        text = str(value)
    elif value == int(value) and size < 1e15:
        text = f"{int(value):,}"
    else:
        text = f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 10 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def labels_text(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in labels.items())


def local(text: str) -> datetime | None:
    """That moment by the local clock; None where there is none."""
    try:
        return parse_time(text).astimezone() if text else None
    except ValueError:
        return None


def clock(text: str, now: datetime | None = None) -> str:
    """The hour, with the day where it is not today's."""
    moment = local(text)
    if moment is None:
        return ""
    today = (now or datetime.now(UTC)).astimezone().date()
    return f"{moment:%H:%M}" if moment.date() == today else f"{moment:%a %d %b, %H:%M}"


def state_words(alert: Alert) -> str:
    """What became of it so far."""
    if alert.state == "acknowledged":
        return f"acknowledged by {who(alert.acknowledged_by)}" if alert.acknowledged_by else "acknowledged"
    if alert.state == "snoozed":
        until = clock(alert.snoozed_until)
        return f"snoozed until {until}" if until else "snoozed"
    return "not certain yet" if alert.state == "pending" else alert.state


def named(title: str) -> str:
    """For a sentence or a heading: a title that is very long is cut."""
    plain = " ".join(title.split())
    return f"“{plain}”" if len(plain) <= 60 else f"“{plain[:57].rstrip()}…”"


def who(actor: str) -> str:
    sort, _, name = actor.partition(":")
    if actor == "device:panel":
        return "this panel"
    return {"user": name, "device": f"the device {name}", "agent": f"the agent {name}", "system": "itself"}.get(sort, actor)


def lasted(alert: Alert, now: datetime | None = None) -> float | None:
    """Seconds from when it fired to when it was resolved, or to now."""
    begun = local(alert.fired_at or alert.since)
    ended = local(alert.resolved_at) or now or datetime.now(UTC)
    return max(0.0, (ended - begun).total_seconds()) if begun is not None else None


def age(alert: Alert, now: datetime | None = None) -> str:
    """How long it has been so."""
    begun = local(alert.since)
    if begun is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - begun).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "now" if seconds < 1 else f"{int(seconds)} s"


def duration_words(alert: Alert) -> str:
    seconds = lasted(alert)
    if seconds is None:
        return ""
    return f"lasted {say_briefly(seconds)}" if alert.state == "resolved" else f"for {say_briefly(seconds)}"


def until_tomorrow(now: datetime | None = None) -> float:
    """Seconds until eight in the morning of the next day, by the local clock."""
    moment = (now or datetime.now(UTC)).astimezone()
    # The wall time of tomorrow decides, also where the clocks change overnight.
    morning = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time().replace(hour=8)).astimezone()
    return (morning - moment).total_seconds()


def rule_sentence(rule: AlertRule, unit_of: UnitOf) -> str:
    """What it watches for."""
    lasting = f" for {say_duration(rule.seconds)}" if rule.seconds else ""
    within = say_duration(rule.within)
    subject = rule.metric or rule.event or (f"log line {rule.log}" if rule.log else "")
    sentences: dict[RuleKind, str] = {
        "threshold": f"{rule.metric} {dict(COMPARISONS)[rule.compare]} {number(rule.value, unit_of(rule.metric))}{lasting}",
        "rate": f"more than {number(rule.value)} of {subject} within {within}",
        "absence": f"nothing of {subject} for {within}",
        "log": f"log line {rule.log}" + (f", {rule.level} or worse" if rule.level != "debug" else ""),
        "event": f"event {rule.event}",
        "condition": f"{' '.join(rule.condition.split())}{lasting}",
    }
    narrowed = f", if {' '.join(rule.condition.split())}" if rule.condition and rule.kind != "condition" else ""
    return sentences[rule.kind] + narrowed


def watched(rules: Sequence[RuleState], most: int = 8) -> str:
    """What the rules that are on watch over, by their titles."""
    titles = [state.rule.title for state in rules if state.rule.enabled and not state.error]
    if not titles:
        return ""
    shown = ", ".join(titles[:most])
    return shown + (f" and {len(titles) - most} more" if len(titles) > most else "")


def plain_report(alert: Alert, unit: str = "") -> str:
    """All of it as lines of text: for the clipboard and the chat."""
    facts = {
        "Severity": alert.severity,
        "State": state_words(alert),
        "Summary": alert.summary,
        "Value": number(alert.value, unit) if alert.value is not None else "",
        "Labels": labels_text(alert.labels),
        "Since": alert.since,
        "Fired": alert.fired_at,
        "Resolved": alert.resolved_at,
        "Times": str(alert.times),
        "Rule": alert.rule,
        "What to do": alert.runbook,
        "Id": alert.id,
    }
    return "\n".join((alert.title, *(f"{name}: {value}" for name, value in facts.items() if value)))
