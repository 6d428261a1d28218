"""What happened in a run, as steps on one time axis, from the events that name it. Pure: no Qt.

Times are those that the events carry, by the wall clock: a step that seems to end before it began (the clock was set) has no length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.store.agent_rows import RunRow
from chainbot_desktop.ui.watchtower.event_texts import plain_data
from chainbot_desktop.ui.watchtower.marks import Mark

_VERDICTS: dict[str, Mark] = {"allowed": "good", "approved": "good", "denied": "error", "refused": "error"}
_ENDS: dict[str, Mark] = {"succeeded": "good", "failed": "error", "cancelled": "warning"}


@dataclass(frozen=True, slots=True)
class Step:
    """`end` is None for a moment; an `open` one goes on until now."""

    label: str
    detail: str
    mark: Mark
    begin: datetime
    end: datetime | None = None
    open: bool = False
    event_id: str = ""

    def seconds(self, now: datetime) -> float | None:
        """How long it took, or takes already; None for a moment."""
        end = now if self.open else self.end
        return max(0.0, (end - self.begin).total_seconds()) if end is not None else None


def belongs(event: Event, run_id: str) -> bool:
    """Whether an event that holds the id speaks of this run, or of one that it caused."""
    data = plain_data(event)
    return isinstance(data, Mapping) and run_id in (data.get("run_id"), data.get("parent_run_id"))


def steps_of(run: RunRow, events: Sequence[Recorded[Event]]) -> list[Step]:
    """The run itself first, then its steps in the order of the journal."""
    found = _Steps(run)
    for recorded in events:
        data = plain_data(recorded.event)
        if isinstance(data, Mapping) and belongs(recorded.event, run.id):
            found.take(recorded.event, data)
    return found.all()


class _Steps:
    def __init__(self, run: RunRow) -> None:
        begin = parse_time(run.started_at)
        end = parse_time(run.ended_at) if run.ended_at else None
        mark = _ENDS.get(run.state, "waiting")
        self._run = run
        self._steps: list[Step] = [Step("The run", run.state, mark, begin, end, open=end is None)]
        self._waiting: dict[str, int] = {}
        self._takers: dict[str, Callable[[Event, Mapping[str, Any], datetime], None]] = {
            "run_accepted": self._accepted,
            "run_edited": lambda event, _data, time: self._moment("Task edited", "", "info", event, time),
            "run_finished": self._finished,
            "tool_call_judged": self._judged,
            "approval_requested": self._asked,
            "approval_decided": self._answered,
            "approval_expired": self._answered,
            "agent_message_delivered": self._told,
        }

    def take(self, event: Event, data: Mapping[str, Any]) -> None:
        taker = self._takers.get(event.type)
        if taker is not None:
            taker(event, data, parse_time(event.time))

    def all(self) -> list[Step]:
        return self._steps

    def _moment(self, label: str, detail: str, mark: Mark, event: Event, time: datetime) -> None:
        self._steps.append(Step(label, detail, mark, time, event_id=event.id))

    def _begin(self, key: str, step: Step) -> None:
        self._waiting[key] = len(self._steps)
        self._steps.append(step)

    def _end(self, key: str, detail: str, mark: Mark, time: datetime) -> None:
        place = self._waiting.pop(key, None)
        if place is not None:
            begun = self._steps[place]
            self._steps[place] = Step(begun.label, detail, mark, begun.begin, time, event_id=begun.event_id)

    def _accepted(self, event: Event, data: Mapping[str, Any], time: datetime) -> None:
        if data.get("run_id") == self._run.id:
            handed = str(data.get("handed_over_by") or "")
            self._moment("Task accepted", f"handed over by {handed}" if handed else f"from {event.actor}", "info", event, time)
        else:
            name = str(data.get("agent_name") or "an agent")
            self._begin(
                f"run {data.get('run_id')}", Step(f"Asked {name}", "works", "waiting", time, open=True, event_id=event.id)
            )

    def _finished(self, event: Event, data: Mapping[str, Any], time: datetime) -> None:
        state, reason = str(data.get("state")), str(data.get("reason") or "")
        if data.get("run_id") == self._run.id:
            self._moment("Finished", reason or state, _ENDS.get(state, "info"), event, time)
        else:
            self._end(f"run {data.get('run_id')}", reason or state, _ENDS.get(state, "info"), time)

    def _judged(self, event: Event, data: Mapping[str, Any], time: datetime) -> None:
        verdict = str(data.get("verdict"))
        said = " · ".join(part for part in (str(data.get("target") or ""), verdict, str(data.get("reason") or "")) if part)
        self._moment(f"Tool {data.get('tool')}", said, _VERDICTS.get(verdict, "info"), event, time)

    def _asked(self, event: Event, data: Mapping[str, Any], time: datetime) -> None:
        step = Step(f"Approval: {data.get('title') or data.get('tool')}", "waits for an answer", "attention", time, open=True)
        self._begin(
            f"approval {data.get('approval_id')}", Step(step.label, step.detail, step.mark, time, open=True, event_id=event.id)
        )

    def _answered(self, event: Event, data: Mapping[str, Any], time: datetime) -> None:
        decision = str(data.get("decision") or "expired")
        said = {"approve": "approved", "approve_run": "approved for the run", "deny": "denied"}.get(decision, decision)
        who = f" by {event.actor}" if decision != "expired" else ""
        mark: Mark = "good" if decision.startswith("approve") else "error"
        self._end(f"approval {data.get('approval_id')}", f"{said}{who}", mark, time)

    def _told(self, event: Event, data: Mapping[str, Any], time: datetime) -> None:
        self._moment(f"Message ({data.get('kind')})", f"{data.get('sender')} → {data.get('recipient')}", "info", event, time)


def spoken_seconds(seconds: float) -> str:
    """In the units that fit."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
