"""Moves of nodes on their way into the journal: on the screen at once, kept when the journal has them, taken back when it refuses."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import Actor
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.history import Move
from chainbot_desktop.ui.agent_map.model import MapModel

NUDGE_PAUSE_MS = 400


class Moves(QObject):
    """Steps of keys that follow each other closely are one move."""

    redraw = Signal(str)
    """This agent's node stands elsewhere now."""
    made = Signal(object)
    """A person moved these: a tuple of `Move`. Whoever hears it calls `keep`."""

    def __init__(self, directory: AgentDirectory, model: MapModel, actor: Actor, parent: QObject) -> None:
        super().__init__(parent)
        self._directory = directory
        self._model = model
        self._actor = actor
        self._on_the_way: Counter[str] = Counter()
        self._nudged: dict[str, Point] = {}
        self._pause = QTimer(self, singleShot=True, interval=NUDGE_PAUSE_MS)
        self._pause.timeout.connect(self.finish_nudge)

    def make(self, moves: Sequence[Move]) -> None:
        """On the screen at once; `keep` has to follow."""
        self.show(moves)
        self.made.emit(tuple(moves))

    def nudge(self, ids: Sequence[str], dx: float, dy: float) -> None:
        if self._nudged and set(self._nudged) != set(ids):
            self.finish_nudge()
        for id_ in ids:
            point = self._model.places.get(id_)
            if point is not None:
                self._nudged.setdefault(id_, point)
                self._model.hold(id_, Point(point.x + dx, point.y + dy))
                self.redraw.emit(id_)
        self._pause.start()

    def finish_nudge(self) -> None:
        """Keep what the keys did so far."""
        self._pause.stop()
        nudged, self._nudged = self._nudged, {}
        ends = ((id_, before, self._model.places.get(id_)) for id_, before in nudged.items())
        moves = [Move(id_, before, after) for id_, before, after in ends if after is not None and after != before]
        if moves:
            self.make(moves)

    def forget(self, agent_id: str) -> None:
        self._nudged.pop(agent_id, None)

    def show(self, moves: Sequence[Move]) -> None:
        """They count from now on; `keep` has to follow."""
        for move in moves:
            self._on_the_way[move.agent_id] += 1
            self._model.hold(move.agent_id, move.after)
            self.redraw.emit(move.agent_id)

    async def keep(self, moves: Sequence[Move]) -> dict[str, ChainBotError]:
        """Those that were shown, into the journal; which agents it refused to move, and why."""
        try:
            work = (self._directory.move(each.agent_id, each.after.x, each.after.y, self._actor) for each in moves)
            answers = await asyncio.gather(*work, return_exceptions=True)
        finally:
            for move in moves:
                self._let_go(move.agent_id)
        refused: dict[str, ChainBotError] = {}
        for move, answer in zip(moves, answers, strict=True):
            if isinstance(answer, ChainBotError):
                refused[move.agent_id] = answer
            elif isinstance(answer, BaseException):
                raise answer
        return refused

    def _let_go(self, agent_id: str) -> None:
        self._on_the_way[agent_id] -= 1
        if not self._on_the_way[agent_id]:
            del self._on_the_way[agent_id]
            if agent_id not in self._nudged:
                self._model.release(agent_id)
                self.redraw.emit(agent_id)
