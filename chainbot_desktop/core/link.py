"""What the panel, `/status` and the health report show of the link to ALEX OS."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class LinkState(StrEnum):
    UNREGISTERED = "unregistered"
    REGISTERING = "registering"
    REGISTERED = "registered"
    DEGRADED = "degraded"
    """Events flow, but the other side cannot register us (or the like): `reason` says what."""
    RETRYING = "retrying"
    FAILED = "failed"
    """The allowed attempts are used up: attention was raised, and it keeps trying at the longest interval."""
    DISABLED = "disabled"
    """The settings name no ALEX OS."""


class Verdict(StrEnum):
    WORKS = "works"
    REFUSES = "refuses"
    ABSENT = "absent"
    UNTRIED = "untried"


class DialectRow(BaseModel):
    """One thing we would like of the other side, and what it was seen to answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    capability: str
    """registration | events | bus | index | health"""
    path: str
    verdict: Verdict
    status: int | None = None
    detail: str = ""
    checked_at: str = ""


class LinkStatus(BaseModel):
    """A snapshot; a new one is made at every change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: LinkState = LinkState.UNREGISTERED
    reason: str = ""
    registry_url: str = ""
    event_bus_url: str = ""
    dialect: str = ""
    """documented | observed | repaired | "" while unknown"""
    rows: tuple[DialectRow, ...] = ()
    bus_connected: bool = False
    attempts: int = 0
    next_attempt_at: str = ""
    registered_at: str = ""
    last_contact_at: str = ""
    outbox_pending: int = 0
    outbox_given_up: int = 0
    guests: int = 0


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """How far this machine's clock is ahead of ALEX OS's: in seconds, below zero where it is behind, true to `uncertainty`."""

    seconds: float
    uncertainty: float
