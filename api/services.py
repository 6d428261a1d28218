"""What the server is handed: the services of the house as it needs them. `app/` fills this in; tests fill it with the same parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.models.completions import Completions
from chainbot_desktop.agents.personas import Personas
from chainbot_desktop.agents.replay import MapHistory
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.agents.templates import AgentTemplates
from chainbot_desktop.agents.vitals import AgentVitals
from chainbot_desktop.alexos.delivery_desk import DeliveryDesk
from chainbot_desktop.alexos.replaying import WebhookReplay
from chainbot_desktop.alexos.webhooks import WebhookIntake
from chainbot_desktop.chat.recall.notes import NotesService
from chainbot_desktop.chat.recall.service import RecallService
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.ports import IdempotencyKey, Journal, Link
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.store.received_webhooks import ReceivedWebhooks
from chainbot_desktop.watch.alerts.desk import Desk
from chainbot_desktop.watch.logs.timeline import LogTimeline
from chainbot_desktop.watch.metric_store import MetricStore

Health = Mapping[str, Any]
"""The health report of alexos-wire, section A: `status_id` and the rest, ready for JSON."""

Figures = Mapping[str, float | bool | None]


class Token(Protocol):
    """The admin token. `matches` takes the same time whatever is wrong with `text`."""

    def matches(self, text: str, /) -> bool: ...


class TicketBooth(Protocol):
    """One-time tickets: what `issue` gave, `redeem` takes once."""

    def issue(self) -> str: ...

    def redeem(self, ticket: str, /) -> bool: ...


class SessionBook(Protocol):
    """Browser sessions by their secret id."""

    def create(self) -> str: ...

    def valid(self, session: str, /) -> bool: ...

    def end(self, session: str, /) -> None: ...


class MachineFigures(Protocol):
    """The newest sample of the machine, from memory. Percent, MB/s, degrees Celsius; None where it is not known."""

    def system_resources(self) -> Figures: ...

    @property
    def figures(self) -> Mapping[str, float | None]:
        """All of `watch.figures`, by name; none where nothing was measured in the last seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the door."""

    token: Token
    tickets: TicketBooth
    sessions: SessionBook


@dataclass(frozen=True, slots=True)
class DeliveryServices:
    """`not_kept`: refused webhooks since the start for which there was no room."""

    desk: DeliveryDesk
    received: ReceivedWebhooks
    replay: WebhookReplay
    not_kept: Callable[[], int]


@dataclass(frozen=True, slots=True)
class ApiServices:
    """Everything belongs to the loop the server runs on. `health` and `lag` answer from memory, at once."""

    settings: Settings
    journal: Journal
    bus: EventBus
    intake: WebhookIntake
    agents: AgentDirectory
    history: MapHistory
    """What `agents` was at any event of the journal."""
    link: Link
    health: Callable[[], Health]
    machine: MachineFigures
    lag: Callable[[], float | None]
    """How late the loop was lately: its 95th percentile, in seconds; None before it was measured."""
    keys: Keys
    tasks: Tasks
    mode: str
    """panel | kiosk | headless"""
    screen: Callable[[], Awaitable[bytes]] | None = None
    """What the panel shows now, as PNG; None where there is no panel."""
    hot_swap: Callable[[str, Mapping[str, object]], None] | None = None
    """Bring a window of the panel to the front with a content; None where there is no panel."""
    runtime: AgentService | None = None
    """Runs the agents; None (and 503 for what needs it) where this program runs none."""
    desk: ApprovalDesk | None = None
    entanglements: Entanglements | None = None
    vitals: AgentVitals | None = None
    """What the agents do at this moment, in figures."""
    templates: AgentTemplates | None = None
    completions: Completions | None = None
    """Asks the models; None (and 503) where this program has none."""
    personas: Callable[[], Personas] | None = None
    """Reads them from the disk: not on the loop."""
    chat: ChatService | None = None
    """The conversations; None (and 503) where this program has none."""
    notes: NotesService | None = None
    """What is to be remembered."""
    recall: RecallService | None = None
    """Whether and how conversations recall."""
    metric_store: MetricStore | None = None
    """What was measured, over time; None (and 503) where this program keeps none."""
    earlier: Callable[[IdempotencyKey], Awaitable[Recorded[Event] | None]] | None = None
    """The event of an earlier request with this key, if there was one; Conflict (HTTP 422) where its body was another."""
    audit: AuditTrail | None = None
    """Verifies and exports the audit trail; None (and 503) where this program has none."""
    deliveries: DeliveryServices | None = None
    """What goes out and what came in; None (and 503) where nobody keeps it."""
    timeline: LogTimeline | None = None
    """The log lines of everything that runs here; None (and 503) where nobody keeps them."""
    answered: Callable[[str, str, int, float, int | None], None] | None = None
    """Hears of each request that was answered: method, route, status, seconds, bytes of the body."""
    alerts: Desk | None = None
    """The alerts and their rules."""
