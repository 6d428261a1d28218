"""To ALEX OS: an `attention_required` for each alert; the outbox delivers it, and keeps it while ALEX OS is away."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from chainbot_desktop.core.events import AttentionRequired
from chainbot_desktop.core.events.envelope import Severity
from chainbot_desktop.core.events.panel import Attention
from chainbot_desktop.core.ports import IdempotencyKey, Journal
from chainbot_desktop.watch.alerts.delivery_messages import Message, Told, sentence
from chainbot_desktop.watch.alerts.engine import OWN_SOURCE

_SEVERITY = {"info": Severity.INFO, "warning": Severity.WARNING, "critical": Severity.CRITICAL}


class AlexOsWay:
    """Implements `Way`. `enabled`: whether the settings name an ALEX OS at all."""

    def __init__(self, journal: Journal, enabled: Callable[[], bool]) -> None:
        self._journal = journal
        self._enabled = enabled

    @property
    def refusal(self) -> str:
        return "" if self._enabled() else "The settings name no ALEX OS."

    async def send(self, message: Message) -> None:
        if not message.told:
            await self._journal.append(_test(message))
        for told in message.told:
            key = f"{told.alert.id} {told.alert.fired_at} {told.alert.snoozed_until} {told.alert.changed_at}"
            digest = sha256(key.encode()).hexdigest()
            # Once, also where the program was killed between this and the note that it was told.
            await self._journal.append(_attention(told), IdempotencyKey("alerts", digest, digest))


def _attention(told: Told) -> AttentionRequired:
    alert = told.alert
    return AttentionRequired(
        source=OWN_SOURCE,
        subject=alert.id,
        severity=_SEVERITY[alert.severity],
        data=Attention(reason=sentence(alert), hint=alert.runbook),
    )


def _test(message: Message) -> AttentionRequired:
    return AttentionRequired(source=OWN_SOURCE, data=Attention(reason=message.subject, hint="Nothing is to be done."))
