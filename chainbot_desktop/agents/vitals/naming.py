"""Which agents an event speaks of. Pure, and quick: it is asked of every event of the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel

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
    special = _SPECIAL.get(type(event))
    if special is not None:
        return special(event)
    named = said(event, "agent_id")
    return (event.subject,) if not named or named == event.subject else (event.subject, named)


def said(event: Event, field: str) -> str:
    """A text that the data of any event has under this name, listed or not; empty where there is none."""
    data = event.data
    if isinstance(data, BaseModel):
        # Not by getattr: what is not listed is found by pydantic only after everything else has failed.
        value = data.__dict__.get(field)
        if value is None and data.__pydantic_extra__:
            value = data.__pydantic_extra__.get(field)
        if value is None and type(event) is AlexOsEventReceived:
            value = event.data.payload.get(field)
    else:
        value = data.get(field) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else ""


def _of_message(event: Any) -> Iterable[str]:
    return dict.fromkeys((event.subject, event.data.sender, event.data.recipient))


def _of_link(event: Any) -> Iterable[str]:
    return dict.fromkeys(event.data.agents)


def _of_acceptance(event: Any) -> Iterable[str]:
    return dict.fromkeys((event.data.agent_id, event.data.handed_over_by))


def _nobody(_: Any) -> Iterable[str]:
    return ()


_SPECIAL: Mapping[type[Event], Callable[[Any], Iterable[str]]] = {
    AgentMoved: _nobody,
    AgentMessageDelivered: _of_message,
    GuestAddressed: _nobody,  # the delivery of the same message was counted
    EntanglementCreated: _of_link,
    EntanglementDestroyed: _of_link,
    RunAccepted: _of_acceptance,
}
