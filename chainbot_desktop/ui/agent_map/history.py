"""Steps that can be taken back, and taken back again: moves of nodes, links that were made or released. No Qt.

The history only remembers. Whoever carries a step out says afterwards what came of it, so that what is remembered is what happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainbot_desktop.ui.agent_map.geometry import Point

DEPTH = 100


@dataclass(frozen=True, slots=True)
class Move:
    agent_id: str
    before: Point
    after: Point

    def reversed(self) -> Move:
        return Move(self.agent_id, self.after, self.before)


@dataclass(frozen=True, slots=True)
class MoveStep:
    """One agent or several that were moved together."""

    moves: tuple[Move, ...]

    def reversed(self) -> MoveStep:
        return MoveStep(tuple(move.reversed() for move in self.moves))

    def concerns(self, agent_id: str) -> bool:
        return any(move.agent_id == agent_id for move in self.moves)

    def without(self, agent_id: str) -> MoveStep | None:
        rest = tuple(move for move in self.moves if move.agent_id != agent_id)
        return MoveStep(rest) if rest else None


@dataclass(eq=False, slots=True)
class LinkRef:
    """A link that this panel made or released. Made again it has another `id`, in every step that is about it."""

    id: str
    name: str
    kind: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinkStep:
    """`made`: the step made the link; else it released it."""

    link: LinkRef
    made: bool

    def reversed(self) -> LinkStep:
        return LinkStep(self.link, not self.made)

    def concerns(self, agent_id: str) -> bool:
        return agent_id in self.link.agents

    def without(self, _agent_id: str) -> LinkStep | None:
        return None


Step = MoveStep | LinkStep


class History:
    """The latest 100 steps of this panel. A new step ends what could be redone."""

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    @property
    def to_undo(self) -> Step | None:
        """What would be taken back now."""
        return self._done[-1] if self._done else None

    @property
    def to_redo(self) -> Step | None:
        return self._undone[-1] if self._undone else None

    def record(self, step: Step) -> None:
        self._done = [*self._done[-DEPTH + 1 :], step]
        self._undone.clear()

    def undone(self, step: Step, *, taken_back: Step | None = None, left: Step | None = None) -> None:
        """`step` was taken back; or only the part `taken_back` of it, and `left` is as it was."""
        _turn(self._done, self._undone, step, taken_back or step, left)

    def redone(self, step: Step, *, taken_back: Step | None = None, left: Step | None = None) -> None:
        _turn(self._undone, self._done, step, taken_back or step, left)

    def drop(self, step: Step) -> None:
        """It can no longer be taken back, or be done again."""
        self._done = [each for each in self._done if each is not step]
        self._undone = [each for each in self._undone if each is not step]

    def link(self, link_id: str) -> LinkRef | None:
        """The link of that id, where a step is about it."""
        refs = (step.link for step in (*self._done, *self._undone) if isinstance(step, LinkStep))
        return next((ref for ref in refs if ref.id == link_id), None)

    def forget(self, agent_id: str) -> None:
        """An agent that is gone can be neither moved nor linked."""
        self._done = _without(self._done, agent_id)
        self._undone = _without(self._undone, agent_id)


def _turn(source: list[Step], target: list[Step], step: Step, turned: Step, left: Step | None) -> None:
    """Meanwhile an agent may have gone, and the step with it: then there is nothing to remember."""
    at = next((number for number, each in enumerate(source) if each is step), None)
    if at is not None:
        source[at : at + 1] = [left] if left is not None else []
        target.append(turned)


def _without(steps: Sequence[Step], agent_id: str) -> list[Step]:
    rest = (step.without(agent_id) if step.concerns(agent_id) else step for step in steps)
    return [step for step in rest if step is not None]
