"""The figures that others are handed: values, made anew for each who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PulseKind = Literal["told", "task", "answer", "note", "handover"]


@dataclass(frozen=True, slots=True)
class Figures:
    """How an agent is now. None is what is not known, or what there is none of; a figure is never made up."""

    doing: str = ""
    """What it does or waits for, in its own words; empty at rest."""
    last_line: str | None = None
    """Of its log, if it runs here."""
    per_minute: int = 0
    """What it did in the last 60 seconds, counted; see `AgentVitals`."""
    cpu_percent: float | None = None
    """Of its processes; 100 is one core."""
    memory_bytes: int | None = None
    """Resident memory of its processes; what they share counts for each of them."""
    tokens_task: int | None = None
    """Of the task that it works on, in and out together."""
    cost_task: float | None = None
    """US dollars; None also where the price of a request is not known."""
    tokens_today: int | None = None
    """Since 0:00 UTC; None for what does not run here."""
    cost_today: float | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """Something passed over an entanglement.

    `source` and `target` are agents of it. An empty source is a person. An empty target is everybody else who reads the notebook,
    for a note, and the person who gave the task, for an answer.
    """

    entanglement_id: str
    source: str
    target: str
    kind: PulseKind
    seq: int
    """Of the event that tells of it."""
    at: float
    """Seconds of the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How much passed over an entanglement in the last 60 seconds, and since the program was started."""

    per_minute: int = 0
    total: int = 0
