"""Alerts: that they fired, what people did about them, and how they ended. No rule hears of these events."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from chainbot_desktop.core.events.envelope import Event, Label


class AlertFact(BaseModel):
    """`severity` is the rule's: info | warning | critical. `labels` tell alerts of one rule apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alert_id: str
    rule: str
    title: str
    severity: str
    summary: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    value: float | None = None


class Firing(AlertFact):
    """`again`: it had been snoozed, or acknowledged and taken back, and fires on."""

    flapping: bool = False
    again: bool = False


class AlertFired(Event):
    type: Literal["alert_fired"] = "alert_fired"
    data: Firing


class AlertAcknowledged(Event):
    """Somebody has seen it and takes care of it."""

    type: Literal["alert_acknowledged"] = "alert_acknowledged"
    data: AlertFact


class Snooze(AlertFact):
    seconds: float
    until: str


class AlertSnoozed(Event):
    type: Literal["alert_snoozed"] = "alert_snoozed"
    data: Snooze


class Resolution(AlertFact):
    """`times`: how often it fired, or what it watches for happened. `by_hand`: a person said so, its condition did not."""

    times: int = 1
    by_hand: bool = False
    reason: str = ""


class AlertResolved(Event):
    type: Literal["alert_resolved"] = "alert_resolved"
    data: Resolution


class RuleChange(BaseModel):
    """`sha256` of the rule as canonical JSON: what it was is in the file, and in whoever keeps its versions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    title: str
    kind: str
    severity: str
    enabled: bool
    sha256: str


class AlertRuleChanged(Event):
    type: Literal["alert_rule_changed"] = "alert_rule_changed"
    data: RuleChange


class RuleRemoval(BaseModel):
    """`shipped`: it is as it was shipped again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    shipped: bool = False


class AlertRuleRemoved(Event):
    type: Literal["alert_rule_removed"] = "alert_rule_removed"
    data: RuleRemoval


class Mute(BaseModel):
    """`until` is RFC 3339, "" where a mute was ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float
    until: str


class AlertsMuted(Event):
    """No alert is told to anybody for a while."""

    type: Literal["alerts_muted"] = "alerts_muted"
    data: Mute


class LostNotice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Label
    word: Literal["firing", "resolved"]
    alert_ids: tuple[str, ...]
    attempts: int
    reason: str


class AlertDeliveryGivenUp(Event):
    """A channel took the word of alerts at no attempt."""

    type: Literal["alert_delivery_given_up"] = "alert_delivery_given_up"
    data: LostNotice


class ChannelTest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Label
    ok: bool
    reason: str = ""


class AlertChannelTested(Event):
    type: Literal["alert_channel_tested"] = "alert_channel_tested"
    data: ChannelTest


ALERT_EVENTS: tuple[type[Event], ...] = (AlertFired, AlertAcknowledged, AlertSnoozed, AlertResolved)
"""Those that tell of one alert; their `subject` is its id."""

__all__ = [
    "ALERT_EVENTS",
    "AlertAcknowledged",
    "AlertChannelTested",
    "AlertDeliveryGivenUp",
    "AlertFact",
    "AlertFired",
    "AlertResolved",
    "AlertRuleChanged",
    "AlertRuleRemoved",
    "AlertSnoozed",
    "AlertsMuted",
    "ChannelTest",
    "Firing",
    "LostNotice",
    "Mute",
    "Resolution",
    "RuleChange",
    "RuleRemoval",
    "Snooze",
]
