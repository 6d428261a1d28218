"""The frames that clients get: `{type, window_type, timestamp, data, seq?}`, and which event becomes which message type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from api.answers import json_bytes_of
from chainbot_desktop.core.events import (
    AgentMessageDelivered,
    AgentMoved,
    AgentReconfigured,
    AgentRemoved,
    AgentSpawned,
    AgentStateChanged,
    AgentTerminated,
    ApprovalRequested,
    AttentionRequired,
    ConversationBranched,
    ConversationChanged,
    ConversationCleared,
    ConversationCreated,
    ConversationDeleted,
    ConversationRenamed,
    ConversationsImported,
    CoordinationEnded,
    CoordinationStarted,
    EntanglementCreated,
    EntanglementDestroyed,
    Event,
    FileSaved,
    GuestAppeared,
    GuestChanged,
    GuestLeft,
    MessageChanged,
    MessagePosted,
    Recorded,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowStarted,
)
from chainbot_desktop.core.ids import utc_now

WINDOWS = ("agent-map", "code-agent", "chat", "watchtower")
ALL = "all"
"""The `window_type` of a connection to `/ws`: it sees the frames of every window."""
WATCHTOWER = "watchtower"
"""The window that sees every event, whichever window it belongs to."""

_MESSAGES: Mapping[type[Event], tuple[str, str]] = {
    AgentSpawned: ("agent_spawn", "agent-map"),
    AgentTerminated: ("agent_kill", "agent-map"),
    AgentStateChanged: ("agent_status_update", "agent-map"),
    AgentReconfigured: ("agent_map_update", "agent-map"),
    AgentRemoved: ("agent_map_update", "agent-map"),
    AgentMessageDelivered: ("agent_map_update", "agent-map"),
    AgentMoved: ("agent_map_update", "agent-map"),
    CoordinationStarted: ("agent_map_update", "agent-map"),
    CoordinationEnded: ("agent_map_update", "agent-map"),
    EntanglementCreated: ("agent_map_update", "agent-map"),
    EntanglementDestroyed: ("agent_map_update", "agent-map"),
    GuestAppeared: ("agent_map_update", "agent-map"),
    GuestChanged: ("agent_map_update", "agent-map"),
    GuestLeft: ("agent_map_update", "agent-map"),
    WorkflowStarted: ("workflow_start", WATCHTOWER),
    WorkflowCompleted: ("workflow_complete", WATCHTOWER),
    WorkflowFailed: ("workflow_error", WATCHTOWER),
    AttentionRequired: ("alert", WATCHTOWER),
    ApprovalRequested: ("alert", WATCHTOWER),
    MessagePosted: ("chat_message", "chat"),
    ConversationCreated: ("chat_history", "chat"),
    ConversationRenamed: ("chat_history", "chat"),
    ConversationBranched: ("chat_history", "chat"),
    ConversationChanged: ("chat_history", "chat"),
    MessageChanged: ("chat_history", "chat"),
    ConversationCleared: ("chat_history", "chat"),
    ConversationDeleted: ("chat_history", "chat"),
    ConversationsImported: ("chat_history", "chat"),
    FileSaved: ("code_save", "code-agent"),
}
_OTHERS = ("log_update", WATCHTOWER)

SENT_TYPES = tuple(sorted({message for message, _ in _MESSAGES.values()} | {_OTHERS[0]}))
"""The message types that events arrive as."""


def message_of(event: Event) -> tuple[str, str]:
    """The message type of an event, and the window it belongs to."""
    return _MESSAGES.get(type(event), _OTHERS)


def event_frame(recorded: Recorded[Any]) -> bytes:
    """The frame of an event, the same for every client: it is encoded once."""
    return orjson.dumps(_event_members(recorded, recorded.envelope()))


def message_frame(recorded: Recorded[Any], posted: Mapping[str, Any] | None) -> bytes:
    """The frame of a message that was posted, with the message itself: the journal has its digest alone."""
    return json_bytes_of(_event_members(recorded, {**recorded.envelope(), "message": posted}))


def _event_members(recorded: Recorded[Any], data: Any) -> dict[str, Any]:
    event = recorded.event
    message, window = message_of(event)
    return {"type": message, "window_type": window, "timestamp": event.time, "seq": recorded.seq, "data": data}


def frame(message: str, window: str, data: Mapping[str, Any], seq: int | None = None) -> bytes:
    """A frame that is no event."""
    members: dict[str, Any] = {"type": message, "window_type": window, "timestamp": utc_now(), "data": data}
    if seq is not None:
        members["seq"] = seq
    return json_bytes_of(members)
