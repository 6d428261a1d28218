"""What is said of alerts, in words and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.envelope import label
from chainbot_desktop.store.alerts import NoticeWord
from chainbot_desktop.watch.alerts.records import Alert

RANK: Mapping[str, int] = {"info": 0, "warning": 1, "critical": 2}


class NotDelivered(ChainBotError):
    """A channel did not take a message."""

    code = "not_delivered"
    http_status = 502


@dataclass(frozen=True, slots=True)
class Told:
    word: NoticeWord
    alert: Alert


@dataclass(frozen=True, slots=True)
class Message:
    """All that is told to a channel at once. `id` is the same at every attempt; without `told` it is a test."""

    id: str
    sender: str
    """The name of this program, for whoever has several."""
    time: str
    told: tuple[Told, ...] = ()

    @property
    def severity(self) -> str:
        return max((told.alert.severity for told in self.told), key=RANK.__getitem__, default="info")

    @property
    def subject(self) -> str:
        """One line."""
        if not self.told:
            return label(f"[{self.sender}] A test: alerts reach you here")
        first = self.told[0]
        text = f"[{self.sender}] {_head(first)}"
        return label(text if len(self.told) == 1 else f"{text} (and {len(self.told) - 1} more)")[:200]

    @property
    def text(self) -> str:
        if not self.told:
            return f"This is a test of {self.sender}, sent at {self.time}. If you read it, alerts reach you here.\n"
        return "\n".join(_paragraph(told) for told in self.told)

    def as_json(self) -> dict[str, Any]:
        if not self.told:
            return {"type": "alerts.test", "timestamp": self.time, "data": {"sender": self.sender, "alerts": []}}
        alerts = [{"word": told.word, **alert_json(told.alert)} for told in self.told]
        return {"type": "alerts.told", "timestamp": self.time, "data": {"sender": self.sender, "alerts": alerts}}


class Way(Protocol):
    """How a channel is reached. Use on the loop's thread."""

    @property
    def refusal(self) -> str:
        """Why it can take nothing, whatever is sent; "" where it can."""
        ...

    async def send(self, message: Message) -> None:
        """NotDelivered or another ChainBotError where it was not taken."""
        ...


def alert_json(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "rule": alert.rule,
        "title": alert.title,
        "severity": alert.severity,
        "state": alert.state,
        "summary": alert.summary,
        "labels": dict(alert.labels),
        "value": alert.value,
        "since": alert.since,
        "fired_at": alert.fired_at,
        "resolved_at": alert.resolved_at,
        "times": alert.times,
        "flapping": alert.flapping,
        "runbook": alert.runbook,
    }


def sentence(alert: Alert) -> str:
    """The title with what was found."""
    return f"{alert.title}: {alert.summary}" if alert.summary else alert.title


def _head(told: Told) -> str:
    return f"{'resolved' if told.word == 'resolved' else told.alert.severity}: {sentence(told.alert)}"


def _paragraph(told: Told) -> str:
    alert = told.alert
    lines = [_head(told)]
    if alert.labels:
        lines.append("  " + ", ".join(f"{name}: {value}" for name, value in alert.labels.items()))
    lines.append(f"  since {alert.since}" + (f", resolved {alert.resolved_at}" if alert.resolved_at else ""))
    if alert.flapping:
        lines.append("  It comes and goes: you are told once.")
    if alert.times > 1:
        lines.append(f"  {alert.times:,} times")
    if alert.runbook and told.word == "firing":
        lines.append(f"  What to do: {alert.runbook}")
    return "\n".join(lines) + "\n"
