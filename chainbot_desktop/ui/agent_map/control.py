"""Does what a person asks of an agent that runs here, and says in the message bar what did not work."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, cast

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.agents.kind import Delivery
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.actions import Action, actions_of
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.agent_map.spawn_sheet import SpawnSheet
from chainbot_desktop.ui.agent_map.text_sheet import TextSheet
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.sheet import Sheet

DELIVERIES: tuple[tuple[Delivery, str], ...] = (
    ("between", "Between two steps"),
    ("queue", "After its task"),
    ("interrupt", "Interrupt it"),
)


class AgentControl(QObject):
    """`host` carries the sheets."""

    message = Signal(object)
    spawned = Signal(str)
    """The id of an agent that was made here."""

    def __init__(self, parts: RuntimeParts, host: QWidget, themes: ThemeSource, tasks: Tasks, actor: str) -> None:
        super().__init__(host)
        self.parts = parts
        self._agents = parts.agents
        self._host = host
        self._themes = themes
        self._tasks = tasks
        self._actor = actor
        self._doing: dict[str, Callable[[str, str], object]] = {
            "message": self._ask_message,
            "task": self._ask_task,
            "cancel": self._cancel,
            "pause": self._plain(self._agents.pause),
            "resume": self._plain(self._agents.resume),
            "start": self._plain(self._agents.restart),
            "restart": self._plain(self._agents.restart),
            "stop": self._plain(self._agents.stop),
            "kill": self._plain(self._agents.kill),
            "change": self._change,
            "remove": self._ask_remove,
        }

    def actions_of(self, agent_id: str) -> list[Action]:
        live = self._agents.live(agent_id)
        takes = next((info.takes_tasks for info in self._agents.kinds() if live is not None and info.name == live.kind), True)
        return actions_of(live, takes_tasks=takes)

    def run(self, action_id: str, agent_id: str) -> None:
        live = self._agents.live(agent_id)
        if live is not None:
            self._doing[action_id](agent_id, live.name)

    def add_to(self, menu: MenuSheet, agent_id: str) -> None:
        """What can be done with that agent, as rows of a menu."""
        for action in self.actions_of(agent_id):
            menu.add(action.label, partial(self.run, action.id, agent_id), icon=action.icon, destructive=action.danger)

    def open_menu(self, agent_id: str, at: QPoint) -> None:
        menu = MenuSheet(self._host, self._themes)
        self.add_to(menu, agent_id)
        menu.open_at(at)

    def open_spawn(self) -> SpawnSheet:
        sheet = SpawnSheet(self._host, self._themes, self.parts, self._tasks, actor=self._actor)
        sheet.made.connect(self.spawned)
        sheet.open()
        return sheet

    # One after the other.

    def _plain(self, do: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[[str, str], object]:
        return lambda agent_id, _name: self._spawn(agent_id, do(agent_id, actor=self._actor))

    def _cancel(self, agent_id: str, _name: str) -> None:
        live = self._agents.live(agent_id)
        if live is not None and live.run_id:
            self._spawn(agent_id, self._agents.cancel_run(live.run_id, actor=self._actor))

    def _ask_message(self, agent_id: str, name: str) -> None:
        live = self._agents.live(agent_id)
        at_work = live is not None and bool(live.run_id)

        def send(text: str, delivery: str) -> None:
            how = cast("Delivery", delivery or "between")
            self._spawn(agent_id, self._agents.message(agent_id, text, actor=self._actor, delivery=how))

        choices = DELIVERIES if at_work else ()
        TextSheet(self._host, self._themes, f"Message to {name}", "Send", send, choices=choices).open()

    def _ask_task(self, agent_id: str, name: str) -> None:
        def send(text: str, _: str) -> None:
            self._spawn(agent_id, self._agents.execute(agent_id, text, actor=self._actor))

        TextSheet(self._host, self._themes, f"A task for {name}", "Run", send).open()

    def _change(self, agent_id: str, _name: str) -> None:
        try:
            row = self._agents.definition(agent_id)
        except ChainBotError as error:
            self._tell(error)
            return
        SpawnSheet(self._host, self._themes, self.parts, self._tasks, actor=self._actor, row=row).open()

    def _ask_remove(self, agent_id: str, name: str) -> None:
        sheet = Sheet(self._host, f"Remove {name}?", self._themes)
        sheet.add_text("Its definition, its log, its links and its own folder are deleted. What it did stays in the journal.")
        sheet.add_action("Remove", partial(self._plain(self._agents.remove), agent_id, name), kind="danger")
        sheet.add_gap()
        sheet.first = sheet.add_action("Keep")
        sheet.open()

    def _spawn(self, agent_id: str, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.spawn(f"agent {agent_id}: by the panel", self._said(work))

    async def _said(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except ChainBotError as error:
            self._tell(error)

    def _tell(self, error: ChainBotError) -> None:
        self.message.emit(Message(error.message, "error", error.hint))
