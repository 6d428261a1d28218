"""One task for all agents of a link: who gets what, what came of each, and one answer. Values and texts; `coordinator.py` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.store.agent_rows import CoordinationRow, PartRow

PartState = Literal["planned", "running", "succeeded", "failed", "cancelled", "skipped", "told"]
"""`skipped`: it can take no task, `reason` says why. `told`: it is a guest, its ALEX OS was sent the task, and no answer came yet."""
CoordinationState = Literal["running", "merging", "succeeded", "failed", "cancelled"]

_SHARE = 60_000
"""Characters of one answer that the agent who merges is given."""


@dataclass(slots=True)
class Part:
    """What one agent has to do, and what came of it so far."""

    agent_id: str
    name: str
    role: str
    stage: int
    state: PartState = "planned"
    run_id: str = ""
    answer: str = ""
    reason: str = ""
    message_id: str = ""
    """What a guest was told of it with."""

    def document(self) -> dict[str, Any]:
        return {
            "agent_id": self.agent_id,
            "name": self.name,
            "role": self.role,
            "stage": self.stage,
            "state": self.state,
            "run_id": self.run_id or None,
            "answer": self.answer,
            "reason": self.reason,
        }


@dataclass(slots=True)
class Coordination:
    """`entanglement_id` is empty where agents were chosen without a link.

    `merged_by` is the agent that wrote the answer; empty where the answers stand one after the other, and `note` says why.
    """

    id: str
    entanglement_id: str
    task: str
    actor: Actor
    started_at: str
    parts: tuple[Part, ...]
    lead: str = ""
    state: CoordinationState = "running"
    answer: str = ""
    merged_by: str = ""
    note: str = ""
    ended_at: str = ""
    merge_run_id: str = ""
    stopping: bool = field(default=False, repr=False)

    @classmethod
    def of_rows(cls, row: CoordinationRow, parts: Sequence[PartRow]) -> Coordination:
        """As it was noted last."""
        known = asdict(row)
        stopping = bool(known.pop("stopping"))
        return cls(**known, stopping=stopping, parts=tuple(_part_of_row(part) for part in parts))

    def row(self) -> CoordinationRow:
        names = (one.name for one in fields(CoordinationRow))
        return CoordinationRow(**{name: getattr(self, name) for name in names})

    def part_row(self, part: Part) -> PartRow:
        place = next(place for place, known in enumerate(self.parts) if known is part)
        return PartRow(coordination_id=self.id, place=place, **asdict(part))

    @property
    def ended(self) -> bool:
        return self.state in ("succeeded", "failed", "cancelled")

    @property
    def open_runs(self) -> list[str]:
        runs = [part.run_id for part in self.parts if part.state == "running" and part.run_id]
        return [*runs, self.merge_run_id] if self.state == "merging" and self.merge_run_id else runs

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "entanglement_id": self.entanglement_id or None,
            "task": self.task,
            "status": self.state,
            "plan": [part.document() for part in self.parts],
            "lead": self.lead or None,
            "answer": self.answer,
            "merged_by": self.merged_by or None,
            "note": self.note,
            "started_at": self.started_at,
            "ended_at": self.ended_at or None,
        }


def _part_of_row(row: PartRow) -> Part:
    known = asdict(row)
    del known["coordination_id"], known["place"]
    return Part(**known)


def task_text(task: str, part: Part, parts: Sequence[Part], *, with_role: bool) -> str:
    """What an agent is given. One without a model gets the bare task: words about roles would not be understood."""
    others = [other.name for other in parts if other is not part and other.state != "skipped"]
    if not with_role or not others:
        return task
    return f"{task}\n\nYour role: {part.role}. The same task was given to {', '.join(others)}."


def in_order(parts: Sequence[Part]) -> str:
    """The answers one after the other, each under the name of who gave it; what failed is named."""
    return "\n\n".join(f"## {_heading(part)}\n\n{part.answer or part.reason}" for part in parts if part.state != "skipped")


def merge_task(task: str, parts: Sequence[Part]) -> str:
    """What the lead is asked: one answer from all of them."""
    answers = "\n\n".join(f"## {_heading(part)}\n\n{_cut(part.answer or part.reason)}" for part in parts)
    return (
        f"Several agents worked on this task:\n\n{task}\n\nThese are their answers:\n\n{answers}\n\n"
        "Write one answer to the task from them. Say where they contradict each other, and what is missing because one failed."
    )


def _heading(part: Part) -> str:
    return part.name if part.state == "succeeded" else f"{part.name} ({part.state})"


def _cut(text: str) -> str:
    return text if len(text) <= _SHARE else f"{text[:_SHARE]}\n(… {len(text) - _SHARE} more characters)"
