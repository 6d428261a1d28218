"""The services that the pages of the Watchtower show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.alexos.delivery_desk import DeliveryDesk
from chainbot_desktop.alexos.replaying import WebhookReplay
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.ports import Blobs, Journal, Link
from chainbot_desktop.core.settings import AuditSettings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.store.received_webhooks import ReceivedWebhooks
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.logs.services import LogServices
from chainbot_desktop.watch.alerts.records import AlertDesk
from chainbot_desktop.watch.health import HealthMonitor
from chainbot_desktop.watch.metric_store import MetricStore
from chainbot_desktop.watch.metrics import MetricsSampler


@dataclass(frozen=True, slots=True)
class DeliveryParts:
    """What goes out, what came in, and how that is played again."""

    desk: DeliveryDesk
    received: ReceivedWebhooks
    replay: WebhookReplay


@dataclass(frozen=True, slots=True)
class WatchtowerParts:
    journal: Journal
    bus: EventBus
    blobs: Blobs
    logs: LogServices
    metrics: MetricsSampler
    health: HealthMonitor
    alerts: AlertDesk
    link: Link
    deliveries: DeliveryParts
    themes: ThemeSource
    tasks: Tasks
    metric_store: MetricStore | None = None
    agent_name: Callable[[str], str] = str
    """How an agent is called, by its id."""
    audit: AuditTrail | None = None
    audit_settings: AuditSettings = field(default_factory=AuditSettings)
    runtime: AgentService | None = None
