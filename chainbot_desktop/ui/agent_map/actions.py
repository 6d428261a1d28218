"""What can be done with an agent in the state it is in. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chainbot_desktop.agents.records import Agent
from chainbot_desktop.agents.runtime.live import LiveAgent
from chainbot_desktop.core.events.agents import RuntimeState

_AT_WORK = frozenset({"idle", "running", "waiting"})
_ALIVE = _AT_WORK | {"starting", "paused"}
_OVER = frozenset({"stopped", "failed"})


@dataclass(frozen=True, slots=True)
class Action:
    """`danger`: what it destroys does not come back; it stands apart."""

    id: str
    label: str
    icon: str
    danger: bool = False


_ACTIONS: Sequence[tuple[Action, frozenset[str]]] = (
    (Action("message", "Message…", "chat"), _AT_WORK | {"paused"}),
    (Action("task", "Run a task…", "play"), _AT_WORK | {"paused"}),
    (Action("cancel", "Cancel its task", "close"), frozenset({"running", "waiting"})),
    (Action("pause", "Pause", "pause"), _AT_WORK),
    (Action("resume", "Resume", "play"), frozenset({"paused"})),
    (Action("start", "Start", "power"), _OVER),
    (Action("restart", "Restart", "restart"), _ALIVE),
    (Action("change", "Change model, kind or name…", "sliders"), _AT_WORK | _OVER | {"paused"}),
    (Action("stop", "Stop", "stop"), _ALIVE),
    (Action("kill", "Kill", "bolt", danger=True), _ALIVE | {"stopping"}),
    (Action("remove", "Remove…", "trash", danger=True), _OVER),
)
_ONLY_WITH_TASKS = frozenset({"message", "task"})

STATE_WORDS: Mapping[RuntimeState, str] = {
    "starting": "starting",
    "idle": "idle",
    "running": "working",
    "waiting": "waiting",
    "paused": "paused",
    "stopping": "stopping",
    "stopped": "stopped",
    "failed": "failed",
}


def actions_of(live: LiveAgent | None, *, takes_tasks: bool = True) -> list[Action]:
    """In the order of a menu, the dangerous ones last; none for an agent that does not run here."""
    if live is None:
        return []
    return [
        action for action, states in _ACTIONS if live.state in states and (takes_tasks or action.id not in _ONLY_WITH_TASKS)
    ]


def why_none(agent: Agent) -> str:
    """Why nothing can be done with it here; "" for one that runs here."""
    if agent.guest:
        return "A guest: ALEX OS runs it, so it is started and stopped there."
    if not agent.runs_here:
        return "Another program runs it and tells of it by webhooks, so it is started and stopped there."
    return ""
