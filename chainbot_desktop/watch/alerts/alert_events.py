"""The events that tell of alerts."""

from __future__ import annotations

from typing import Any

from chainbot_desktop.core.events import AlertAcknowledged, AlertFired, AlertResolved, AlertSnoozed
from chainbot_desktop.core.events.alerts import AlertFact, Firing, Resolution, Snooze
from chainbot_desktop.core.events.envelope import SYSTEM, Actor, Severity
from chainbot_desktop.watch.alerts.engine import OWN_SOURCE
from chainbot_desktop.watch.alerts.records import Alert

_SEVERITY = {"info": Severity.INFO, "warning": Severity.WARNING, "critical": Severity.CRITICAL}


def fired(alert: Alert, *, again: bool = False, actor: Actor = SYSTEM) -> AlertFired:
    return AlertFired(
        **_envelope(alert, actor),
        severity=_SEVERITY[alert.severity],
        data=Firing(**_fact(alert), flapping=alert.flapping, again=again),
    )


def acknowledged(alert: Alert, actor: Actor) -> AlertAcknowledged:
    return AlertAcknowledged(**_envelope(alert, actor), data=AlertFact(**_fact(alert)))


def snoozed(alert: Alert, seconds: float, actor: Actor) -> AlertSnoozed:
    return AlertSnoozed(**_envelope(alert, actor), data=Snooze(**_fact(alert), seconds=seconds, until=alert.snoozed_until))


def resolved(alert: Alert, *, reason: str = "", actor: Actor | None = None) -> AlertResolved:
    """`actor`: the person who said so; None: its condition did."""
    resolution = Resolution(**_fact(alert), times=alert.times, by_hand=actor is not None, reason=reason)
    return AlertResolved(**_envelope(alert, actor or SYSTEM), data=resolution)


def _envelope(alert: Alert, actor: Actor) -> dict[str, Any]:
    return {"source": OWN_SOURCE, "subject": alert.id, "actor": actor}


def _fact(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.id,
        "rule": alert.rule,
        "title": alert.title,
        "severity": alert.severity,
        "summary": alert.summary,
        "labels": dict(alert.labels),
        "value": alert.value,
    }
