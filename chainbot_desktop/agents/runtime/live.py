"""What others see of agents and runs that are alive: values, made anew at every change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chainbot_desktop.core.events.agents import RuntimeState
from chainbot_desktop.core.ports import AgentCommand

PlanStatus = Literal["pending", "in_progress", "completed"]
Plan = tuple[tuple[str, PlanStatus], ...]


@dataclass(frozen=True, slots=True)
class LiveAgent:
    """An agent that runs here, as it is now. Times are RFC 3339; tokens and cost are those of this life."""

    id: str
    name: str
    kind: str
    state: RuntimeState
    since: str
    activity: str
    waiting_for: str
    reason: str
    pid: int | None
    heartbeat_at: str
    run_id: str
    task: str
    queued: int
    plan: Plan
    input_tokens: int
    output_tokens: int
    cost: float | None
    """US dollars; None where the price of a model is not known."""
    restarts: int
    commands: tuple[AgentCommand, ...]


@dataclass(frozen=True, slots=True)
class AgentUsage:
    """Tokens in and out together, cost in US dollars. None: it works on nothing, or the price of a request is not known."""

    task_tokens: int | None
    task_cost: float | None
    day_tokens: int
    day_cost: float | None


@dataclass(frozen=True, slots=True)
class RunUpdate:
    """Something a run does. `text`: more of the answer or of its thinking, a step, the plan as lines, its state, the end's state."""

    run_id: str
    kind: Literal["answer", "thinking", "step", "plan", "state", "end"]
    text: str


@dataclass(frozen=True, slots=True)
class StopReport:
    """What stop-all stopped: ids and names of agents, and how many runs were under way or queued."""

    agents: tuple[tuple[str, str], ...]
    runs: int


RunListener = Callable[[RunUpdate], None]
