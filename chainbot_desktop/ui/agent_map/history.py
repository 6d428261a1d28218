"""Moves that can be taken back, and taken back again. No Qt."""

from __future__ import annotations

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


class MoveHistory:
    """The latest 100 moves of this panel. A new move ends what could be redone."""

    def __init__(self) -> None:
        self._done: list[Move] = []
        self._undone: list[Move] = []

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def record(self, move: Move) -> None:
        self._done = [*self._done[-DEPTH + 1 :], move]
        self._undone.clear()

    def undo(self) -> Move | None:
        """The move to make now; None when there is nothing to take back."""
        if not self._done:
            return None
        self._undone.append(self._done.pop())
        return self._undone[-1].reversed()

    def redo(self) -> Move | None:
        if not self._undone:
            return None
        self._done.append(self._undone.pop())
        return self._done[-1]

    def forget(self, agent_id: str) -> None:
        """An agent that is gone cannot be moved."""
        self._done = [move for move in self._done if move.agent_id != agent_id]
        self._undone = [move for move in self._undone if move.agent_id != agent_id]
