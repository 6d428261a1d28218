"""Which agents an event speaks of, and what it says passed between them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chainbot_desktop.core.events import (
    AgentMessageDelivered,
    AgentMoved,
    AlexOsEventReceived,
    EntanglementCreated,
    EntanglementDestroyed,
    Event,
    GuestAddressed,
    RunAccepted,
)


def agents_of(event: Event) -> Iterable[str]:
    """Ids that the subject or the data names, each once; what is no agent is among them, for the caller to leave out.

    A place on the map is none of an agent's doings.
    """
    if isinstance(event, AgentMoved):
        return ()
    data = event.data
    if isinstance(event, AgentMessageDelivered):
        return dict.fromkeys((event.subject, data.sender, data.recipient))
    if isinstance(event, GuestAddressed):
        return ()  # the delivery of the same message was counted
    if isinstance(event, EntanglementCreated | EntanglementDestroyed):
        return dict.fromkeys(data.agents)
    if isinstance(event, RunAccepted) and data.handed_over_by:
        return dict.fromkeys((data.agent_id, data.handed_over_by))
    named = said(event, "agent_id")
    return (event.subject,) if not named or named == event.subject else (event.subject, named)


def said(event: Event, field: str) -> str:
    """A text that the data of any event has under this name, listed or not; empty where there is none."""
    data = event.data.payload if isinstance(event, AlexOsEventReceived) else event.data
    value = data.get(field) if isinstance(data, Mapping) else getattr(data, field, None)
    return value if isinstance(value, str) else ""
