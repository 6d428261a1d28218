"""Every change of state is an event. One class a kind, past tense, one closed union told apart by `type`.

`parse_event` reads a stored envelope back: old versions are lifted to the present one, and a type (or a newer version) that this
program does not know becomes an `UnknownEvent`, kept as it is.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError

from chainbot_desktop.core.events.agents import (
    AgentMoved,
    AgentReconfigured,
    AgentRemoved,
    AgentSpawned,
    AgentStateChanged,
    AgentTerminated,
    EntanglementCreated,
    EntanglementDestroyed,
    GuestAppeared,
    GuestChanged,
    GuestLeft,
)
from chainbot_desktop.core.events.alerts import (
    AlertAcknowledged,
    AlertChannelTested,
    AlertDeliveryGivenUp,
    AlertFired,
    AlertResolved,
    AlertRuleChanged,
    AlertRuleRemoved,
    AlertsMuted,
    AlertSnoozed,
)
from chainbot_desktop.core.events.alexos import (
    AlexOsEventReceived,
    DeliveriesDecided,
    DeliveryGivenUp,
    DialectDetected,
    EventGapDetected,
    LinkChanged,
    RegistrationSucceeded,
)
from chainbot_desktop.core.events.audit import AuditExported, ChainVerified, JournalPruned
from chainbot_desktop.core.events.chat import (
    ConversationBranched,
    ConversationChanged,
    ConversationCleared,
    ConversationCreated,
    ConversationDeleted,
    ConversationRenamed,
    ConversationsImported,
    MessageChanged,
    MessagePosted,
)
from chainbot_desktop.core.events.envelope import Actor, Event, Recorded, Severity, UnknownEvent
from chainbot_desktop.core.events.memories import MemoryChanged, MemoryForgotten, MemoryKept
from chainbot_desktop.core.events.panel import (
    AttentionRequired,
    FileSaved,
    FilesChanged,
    HealthChanged,
    PanelStarted,
    PanelStopped,
)
from chainbot_desktop.core.events.runs import (
    AgentMessageDelivered,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalRequested,
    CoordinationEnded,
    CoordinationStarted,
    GuestAddressed,
    RunAccepted,
    RunEdited,
    RunFinished,
    ToolCallJudged,
)
from chainbot_desktop.core.events.webhooks import (
    BodyReference,
    ExternalEventReceived,
    ModuleHealthReported,
    ModuleStatusReported,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowStarted,
)

KnownEvent = Annotated[
    AgentMessageDelivered
    | AgentMoved
    | AgentReconfigured
    | AgentRemoved
    | AgentSpawned
    | AgentStateChanged
    | AgentTerminated
    | AlertAcknowledged
    | AlertChannelTested
    | AlertDeliveryGivenUp
    | AlertFired
    | AlertResolved
    | AlertRuleChanged
    | AlertRuleRemoved
    | AlertSnoozed
    | AlertsMuted
    | AlexOsEventReceived
    | ApprovalDecided
    | ApprovalExpired
    | ApprovalRequested
    | AttentionRequired
    | AuditExported
    | ChainVerified
    | ConversationBranched
    | ConversationChanged
    | ConversationCleared
    | ConversationCreated
    | ConversationDeleted
    | ConversationRenamed
    | ConversationsImported
    | CoordinationEnded
    | CoordinationStarted
    | DeliveriesDecided
    | DeliveryGivenUp
    | DialectDetected
    | EntanglementCreated
    | EntanglementDestroyed
    | EventGapDetected
    | ExternalEventReceived
    | FileSaved
    | FilesChanged
    | GuestAddressed
    | GuestAppeared
    | GuestChanged
    | GuestLeft
    | HealthChanged
    | JournalPruned
    | LinkChanged
    | MessageChanged
    | MemoryChanged
    | MemoryForgotten
    | MemoryKept
    | MessagePosted
    | ModuleHealthReported
    | ModuleStatusReported
    | PanelStarted
    | PanelStopped
    | RegistrationSucceeded
    | RunFinished
    | RunAccepted
    | RunEdited
    | ToolCallJudged
    | WorkflowCompleted
    | WorkflowFailed
    | WorkflowStarted,
    Field(discriminator="type"),
]

EVENT_CLASSES: dict[str, type[Event]] = {cls.model_fields["type"].default: cls for cls in get_args(get_args(KnownEvent)[0])}
"""The classes of the union by their `type`."""

PUBLIC_TYPES: frozenset[str] = frozenset(name for name, cls in EVENT_CLASSES.items() if cls.public)
"""The types that are forwarded to ALEX OS."""

_known: TypeAdapter[Event] = TypeAdapter(KnownEvent)


def parse_event(envelope: dict[str, Any]) -> Event:
    """The event of a stored envelope (without seq and hashes). Never raises for a type, version or shape it does not know."""
    cls = EVENT_CLASSES.get(envelope["type"])
    if cls is not None and envelope["version"] <= cls.latest_version():
        lifted = {
            **envelope,
            "version": cls.latest_version(),
            "data": cls.lift(envelope["version"], envelope["data"]),
        }
        try:
            return _known.validate_python(lifted)
        except ValidationError:
            pass  # a shape that another program wrote under a name of ours: shown raw like any other unknown
    return UnknownEvent.model_validate(envelope)


__all__ = [
    "EVENT_CLASSES",
    "PUBLIC_TYPES",
    "Actor",
    "AgentMessageDelivered",
    "AgentMoved",
    "AgentReconfigured",
    "AgentRemoved",
    "AgentSpawned",
    "AgentStateChanged",
    "AgentTerminated",
    "AlertAcknowledged",
    "AlertChannelTested",
    "AlertDeliveryGivenUp",
    "AlertFired",
    "AlertResolved",
    "AlertRuleChanged",
    "AlertRuleRemoved",
    "AlertSnoozed",
    "AlertsMuted",
    "AlexOsEventReceived",
    "ApprovalDecided",
    "ApprovalExpired",
    "ApprovalRequested",
    "AttentionRequired",
    "AuditExported",
    "BodyReference",
    "ChainVerified",
    "ConversationBranched",
    "ConversationChanged",
    "ConversationCleared",
    "ConversationCreated",
    "ConversationDeleted",
    "ConversationRenamed",
    "ConversationsImported",
    "CoordinationEnded",
    "CoordinationStarted",
    "DeliveriesDecided",
    "DeliveryGivenUp",
    "DialectDetected",
    "EntanglementCreated",
    "EntanglementDestroyed",
    "Event",
    "EventGapDetected",
    "ExternalEventReceived",
    "FileSaved",
    "FilesChanged",
    "GuestAddressed",
    "GuestAppeared",
    "GuestChanged",
    "GuestLeft",
    "HealthChanged",
    "JournalPruned",
    "KnownEvent",
    "LinkChanged",
    "MemoryChanged",
    "MemoryForgotten",
    "MemoryKept",
    "MessageChanged",
    "MessagePosted",
    "ModuleHealthReported",
    "ModuleStatusReported",
    "PanelStarted",
    "PanelStopped",
    "Recorded",
    "RegistrationSucceeded",
    "RunAccepted",
    "RunEdited",
    "RunFinished",
    "Severity",
    "ToolCallJudged",
    "UnknownEvent",
    "WorkflowCompleted",
    "WorkflowFailed",
    "WorkflowStarted",
    "parse_event",
]
