"""A task goes from the details to another agent: carried there by a finger, or chosen from a list."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint, QRect, Signal

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.agent_map.control import AgentControl
from chainbot_desktop.ui.agent_map.geometry import Point
from chainbot_desktop.ui.agent_map.map_parts import MapParts
from chainbot_desktop.ui.agent_map.runtime import LinkService
from chainbot_desktop.ui.agent_map.task_chip import Ghost, TaskRow
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet

_EDGE = 28
"""Pixels of the details that stay in sight while a task is carried over the map."""


class Handing(QObject):
    """There is no undo: what the first agent had begun has ended, and handing it back would begin it anew."""

    message = Signal(object)
    ended = Signal()
    """The details may go back to where they belong."""

    def __init__(self, parts: MapParts, control: AgentControl, links: LinkService) -> None:
        super().__init__(parts.view)
        self._view, self._canvas, self._details = parts.view, parts.canvas, parts.details
        self._control, self._links = control, links
        self._themes, self._tasks, self._actor = parts.themes, parts.tasks, parts.actor
        self._name_of = parts.name_of
        self._ghost: Ghost | None = None
        self._home = QRect()
        self._out = False
        parts.details.live.may_hand_over = True
        parts.details.live.task_shown.connect(self._on_task_shown)

    @property
    def carrying(self) -> bool:
        return self._ghost is not None

    def takes_tasks(self, agent_id: str) -> bool:
        return any(action.id == "task" for action in self._control.actions_of(agent_id))

    def _on_task_shown(self, row: TaskRow) -> None:
        row.chip.lifted.connect(partial(self._on_lifted, row))
        row.chip.carried.connect(self._on_carried)
        row.chip.let_go.connect(partial(self._on_let_go, row))
        row.chip.given_up.connect(self._end)
        row.hand_over_wanted.connect(partial(self._choose, row))

    def _on_lifted(self, row: TaskRow, _at: QPoint) -> None:
        self._home = QRect(self._details.mapToGlobal(QPoint(0, 0)), self._details.size())
        self._out = False
        self._ghost = Ghost(row.chip.text, row.waits, self._themes.current, self._view)

    def _on_carried(self, at: QPoint) -> None:
        if self._ghost is None:
            return
        self._ghost.go_to(self._view.mapFromGlobal(at))
        if not self._out and not self._home.contains(at):
            # Only now: under the panel no agent could be seen, so none can be meant.
            self._out = True
            self._details.move(self._view.width() - self._themes.current.px(_EDGE), self._details.y())
        target = self._target(at)
        self._canvas.light(target, fits=target is None or self.takes_tasks(target))

    def _on_let_go(self, row: TaskRow, at: QPoint) -> None:
        target, giver = self._target(at), self._details.agent_id
        self._end()
        if target is not None and giver is not None:
            self._hand_over(giver, row.run_id, target)

    def _target(self, at: QPoint) -> str | None:
        local = self._canvas.viewport().mapFromGlobal(at)
        if not self._out or not self._canvas.viewport().rect().contains(local):
            return None
        found = self._canvas.node_under(Point(local.x(), local.y()))
        return found if found != self._details.agent_id else None

    def _end(self) -> None:
        if self._ghost is not None:
            self._ghost.hide()
            self._ghost.deleteLater()
            self._ghost = None
        self._canvas.light(None)
        self.ended.emit()

    def _choose(self, row: TaskRow) -> None:
        giver = self._details.agent_id
        takers = [live for live in self._control.parts.agents.living() if live.id != giver and self.takes_tasks(live.id)]
        if giver is None or not takers:
            self.message.emit(Message("No other agent here can take a task now.", "info", "Start one, or resume one."))
            return
        menu = MenuSheet(self._view, self._themes)
        for live in sorted(takers, key=lambda each: each.name.casefold()):
            menu.add(live.name, partial(self._hand_over, giver, row.run_id, live.id), icon="handover")
        menu.open_at(row.button.mapToGlobal(QPoint(0, row.button.height())))

    def _hand_over(self, giver: str, run_id: str, taker: str) -> None:
        self._tasks.spawn(f"map: hand {run_id} over", self._handed(giver, run_id, taker))

    async def _handed(self, giver: str, run_id: str, taker: str) -> None:
        try:
            await self._links.handover(giver, taker, run_id=run_id, actor=self._actor)
        except ChainBotError as error:
            self.message.emit(Message(error.message, "error", error.hint))
        else:
            self.message.emit(Message(f"{self._name_of(taker)} has the task of {self._name_of(giver)} now.", "success"))
