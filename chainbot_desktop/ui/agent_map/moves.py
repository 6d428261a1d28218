"""Moves of nodes on their way into the journal: on the screen at once, kept when the journal has them, taken back when it refuses."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QObject, QTimer, Signal

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import Actor
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.history import Move, MoveHistory
from chainbot_desktop.ui.agent_map.model import MapModel
from chainbot_desktop.ui.view import Message

NUDGE_PAUSE_MS = 400


class Moves(QObject):
    """Steps of keys that follow each other closely are one move."""

    redraw = Signal(str)
    """This agent's node stands elsewhere now."""
    refused = Signal(object)
    """A `Message`."""
    history_changed = Signal()

    def __init__(self, directory: AgentDirectory, model: MapModel, tasks: Tasks, actor: Actor, parent: QObject) -> None:
        super().__init__(parent)
        self._directory = directory
        self._model = model
        self._tasks = tasks
        self._actor = actor
        self._on_the_way: Counter[str] = Counter()
        self._nudged: tuple[str, Point] | None = None
        self._pause = QTimer(self, singleShot=True, interval=NUDGE_PAUSE_MS)
        self._pause.timeout.connect(self.finish_nudge)
        self.history = MoveHistory()

    def make(self, agent_id: str, before: Point, after: Point) -> None:
        """A person moved a node; it can be undone."""
        self.history.record(Move(agent_id, before, after))
        self.history_changed.emit()
        self._keep(agent_id, after)

    def nudge(self, agent_id: str, dx: float, dy: float) -> None:
        if self._nudged is not None and self._nudged[0] != agent_id:
            self.finish_nudge()
        point = self._model.places.get(agent_id)
        if point is None:
            return
        if self._nudged is None:
            self._nudged = (agent_id, point)
        self._model.hold(agent_id, Point(point.x + dx, point.y + dy))
        self.redraw.emit(agent_id)
        self._pause.start()

    def finish_nudge(self) -> None:
        """Keep what the keys did so far."""
        self._pause.stop()
        nudged, self._nudged = self._nudged, None
        if nudged is None:
            return
        agent_id, before = nudged
        after = self._model.places.get(agent_id)
        if after is not None and after != before:
            self.make(agent_id, before, after)

    def undo(self) -> str | None:
        """Whom it moved back; None when there is nothing to undo."""
        self.finish_nudge()
        return self._repeat(self.history.undo())

    def redo(self) -> str | None:
        self.finish_nudge()
        return self._repeat(self.history.redo())

    def forget(self, agent_id: str) -> None:
        self.history.forget(agent_id)
        if self._nudged is not None and self._nudged[0] == agent_id:
            self._nudged = None
        self.history_changed.emit()

    def _repeat(self, move: Move | None) -> str | None:
        if move is None:
            return None
        self.history_changed.emit()
        self._keep(move.agent_id, move.after)
        return move.agent_id

    def _keep(self, agent_id: str, point: Point) -> None:
        self._model.hold(agent_id, point)
        self.redraw.emit(agent_id)
        self._on_the_way[agent_id] += 1
        self._tasks.spawn(f"map: move {agent_id}", self._record(agent_id, point))

    async def _record(self, agent_id: str, point: Point) -> None:
        try:
            await self._directory.move(agent_id, point.x, point.y, self._actor)
        except ChainBotError as error:
            self.refused.emit(Message(f"The agent was not moved. {error.message}", "error", error.hint))
        finally:
            self._on_the_way[agent_id] -= 1
            if not self._on_the_way[agent_id]:
                del self._on_the_way[agent_id]
                if self._nudged is None or self._nudged[0] != agent_id:
                    self._model.release(agent_id)
                    self.redraw.emit(agent_id)
