"""What can be done with an agent in the state it is in, or with several at once. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chainbot_desktop.agents.records import Agent
from chainbot_desktop.agents.runtime.live import LiveAgent
from chainbot_desktop.core.events.agents import RuntimeState

_AT_WORK = frozenset({"idle", "running", "waiting"})
_ALIVE = _AT_WORK | {"starting", "paused"}
_OVER = frozenset({"stopped", "failed"})
_ANY = _ALIVE | _OVER | {"stopping"}


@dataclass(frozen=True, slots=True)
class Action:
    """`danger`: what it destroys does not come back; it stands apart."""

    id: str
    label: str
    icon: str
    danger: bool = False


_MESSAGE = Action("message", "Message…", "chat")
_EVENTS = Action("events", "Open its events", "list")
_ENTANGLE = Action("entangle", "Entangle…", "link")
_RELEASE = Action("release", "Release…", "link-off")
_ACTIONS: Sequence[tuple[Action, frozenset[str]]] = (
    (_MESSAGE, _AT_WORK | {"paused"}),
    (Action("task", "Run a task…", "play"), _AT_WORK | {"paused"}),
    (Action("cancel", "Cancel its task", "close"), frozenset({"running", "waiting"})),
    (Action("conversation", "Open conversation", "chat"), _ANY),
    (Action("logs", "Open logs", "watch"), _ANY),
    (_EVENTS, _ANY),
    (Action("work", "Open its work", "code"), _ANY),
    (Action("pause", "Pause", "pause"), _AT_WORK),
    (Action("resume", "Resume", "play"), frozenset({"paused"})),
    (Action("start", "Start", "power"), _OVER),
    (Action("restart", "Restart", "restart"), _ALIVE),
    (Action("change", "Change model, kind or name…", "sliders"), _AT_WORK | _OVER | {"paused"}),
    (Action("copy", "Copy…", "copy"), _ANY),
    (Action("template", "Save as template…", "save"), _ANY),
    (_ENTANGLE, _ANY),
    (_RELEASE, _ANY),
    (Action("coordinate", "Coordinate…", "users"), _AT_WORK | {"paused"}),
    (Action("stop", "Stop", "stop"), _ALIVE),
    (Action("kill", "Kill", "bolt", danger=True), _ALIVE | {"stopping"}),
    (Action("remove", "Remove…", "trash", danger=True), _OVER),
)
_ONLY_WITH_TASKS = frozenset({"message", "task", "conversation", "coordinate"})
OF_SEVERAL = ("message", "coordinate", "pause", "resume", "start", "restart", "stop", "kill", "remove")
"""Ids of what can be asked of several agents at once."""
_SEVERAL_LABELS: Mapping[str, str] = {"kill": "Kill…", "remove": "Remove…"}

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


def actions_of(live: LiveAgent | None, *, takes_tasks: bool = True, linked: bool = True) -> list[Action]:
    """In the order of a menu, the dangerous ones last; none for an agent that does not run here. `linked`: it is entangled."""
    if live is None:
        return []
    return [
        action
        for action, states in _ACTIONS
        if live.state in states and (takes_tasks or action.id not in _ONLY_WITH_TASKS) and (linked or action is not _RELEASE)
    ]


def actions_elsewhere(agent: Agent, *, linked: bool) -> list[Action]:
    """Of one that others run: a guest can be told something over the event bus, and both can be entangled here."""
    wanted = [_EVENTS, _ENTANGLE, *([_RELEASE] if linked else [])]
    return [_MESSAGE, *wanted] if agent.guest else wanted


def actions_of_several(each: Sequence[Sequence[Action]]) -> list[Action]:
    """What at least one of them can be asked, in the order of a menu: the others say why not."""
    offered = {action.id for actions in each for action in actions}
    by_id = {action.id: action for action, _ in _ACTIONS}
    return [
        Action(id_, _SEVERAL_LABELS.get(id_, by_id[id_].label), by_id[id_].icon, by_id[id_].danger)
        for id_ in OF_SEVERAL
        if id_ in offered
    ]


def why_none(agent: Agent) -> str:
    """Why it cannot be started and stopped here; "" for one that runs here."""
    if agent.guest:
        return "A guest: ALEX OS runs it, so it is started and stopped there. Here it can be told something and entangled."
    if not agent.runs_here:
        return (
            "Another program runs it and tells of it by webhooks, so it is started and stopped there. Here it can be entangled."
        )
    return ""
