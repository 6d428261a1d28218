"""Does what a person asks of agents, one or several, and says in the message bar what did not work."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, cast

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.entanglements.coordination import Coordination
from chainbot_desktop.agents.kind import Delivery
from chainbot_desktop.agents.records import Entanglement
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import AgentRow
from chainbot_desktop.ui.agent_map.actions import Action, actions_elsewhere, actions_of, actions_of_several
from chainbot_desktop.ui.agent_map.coordinate_sheet import CoordinateSheet
from chainbot_desktop.ui.agent_map.release_sheet import ReleaseSheet
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.agent_map.several import Several
from chainbot_desktop.ui.agent_map.spawn_sheet import SpawnSheet
from chainbot_desktop.ui.agent_map.template_sheet import TemplateSheet
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
_OF_LINKS = frozenset({"entangle", "release", "coordinate"})


class AgentControl(QObject):
    """`host` carries the sheets. Without `directory` only agents that run here have actions."""

    message = Signal(object)
    spawned = Signal(str)
    """The id of an agent that was made here."""
    open_requested = Signal(str, object)
    """As `WindowView.open_requested`."""
    entangle_requested = Signal(str)
    """A link is to begin at this agent: whoever draws links takes it from here."""

    def __init__(
        self,
        parts: RuntimeParts,
        host: QWidget,
        themes: ThemeSource,
        tasks: Tasks,
        actor: str,
        directory: AgentDirectory | None = None,
    ) -> None:
        super().__init__(host)
        self.parts = parts
        self._agents = parts.agents
        self._host = host
        self._themes = themes
        self._tasks = tasks
        self._actor = actor
        self._directory = directory
        self._several = Several(parts, host, themes, tasks, actor, self.name_of, self.message.emit)
        self._doing: dict[str, Callable[[str, str], object]] = {
            "message": self._ask_message,
            "task": self._ask_task,
            "cancel": self._cancel,
            "conversation": lambda agent_id, _: self.open_requested.emit("chat", {"agent_id": agent_id}),
            "logs": self._open_logs,
            "events": lambda agent_id, _: self.open_requested.emit("watchtower", {"subject": agent_id}),
            "work": self._open_work,
            "pause": self._plain(self._agents.pause),
            "resume": self._plain(self._agents.resume),
            "start": self._plain(self._agents.restart),
            "restart": self._plain(self._agents.restart),
            "stop": self._plain(self._agents.stop),
            "kill": self._plain(self._agents.kill),
            "change": self._change,
            "copy": self._copy,
            "template": self._keep_as_template,
            "entangle": lambda agent_id, _: self.entangle_requested.emit(agent_id),
            "release": self._release,
            "coordinate": lambda agent_id, _: self.coordinate([agent_id]),
            "remove": self._ask_remove,
        }

    # What can be done

    def name_of(self, agent_id: str) -> str:
        live = self._agents.live(agent_id)
        agent = self._directory.get(agent_id) if self._directory is not None else None
        return live.name if live is not None else agent.name if agent is not None else agent_id

    def actions_of(self, agent_id: str) -> list[Action]:
        live = self._agents.live(agent_id)
        linked = bool(self._links_of(agent_id))
        if live is not None:
            takes = next((info.takes_tasks for info in self._agents.kinds() if info.name == live.kind), True)
            return [action for action in actions_of(live, takes_tasks=takes, linked=linked) if self._is_there(action)]
        agent = self._directory.get(agent_id) if self._directory is not None else None
        if agent is None or agent.runs_here:  # one that is being removed
            return []
        there = actions_elsewhere(agent, linked=linked)
        return [action for action in there if self._is_there(action) and (self.parts.links or action.id != "message")]

    def actions_of_all(self, agent_ids: Sequence[str]) -> list[Action]:
        """What can be asked of several at once: ids for `run_all`."""
        return actions_of_several([self.actions_of(agent_id) for agent_id in agent_ids])

    def run(self, action_id: str, agent_id: str) -> None:
        if any(action.id == action_id for action in self.actions_of(agent_id)) or self._agents.live(agent_id) is not None:
            self._doing[action_id](agent_id, self.name_of(agent_id))

    def run_all(self, action_id: str, agent_ids: Sequence[str]) -> None:
        """Of several at once; one message says what came of it. Kill and remove ask first, and name them."""
        if action_id == "coordinate":
            self.coordinate(agent_ids)
        elif agent_ids:
            self._several.run(action_id, tuple(dict.fromkeys(agent_ids)))

    def add_to(self, menu: MenuSheet, agent_id: str) -> None:
        """What can be done with that agent, as rows of a menu."""
        for action in self.actions_of(agent_id):
            menu.add(action.label, partial(self.run, action.id, agent_id), icon=action.icon, destructive=action.danger)

    def open_menu(self, agent_id: str, at: QPoint) -> None:
        menu = MenuSheet(self._host, self._themes)
        self.add_to(menu, agent_id)
        menu.open_at(at)

    def open_spawn(self) -> SpawnSheet:
        return self._open_spawn()

    def coordinate(self, agent_ids: Sequence[str]) -> CoordinateSheet | None:
        """One task to the links of one agent, or to those that were chosen."""
        links = self.parts.links
        if links is None or not agent_ids:
            return None
        chosen = tuple(dict.fromkeys(agent_ids))
        names = ", ".join(self.name_of(agent_id) for agent_id in chosen)
        own = [
            (link.id, f"{link.name or 'entangled'}: {self._members(link)}")
            for link in self._links_of(chosen[0])
            if link.made_here
        ]
        choices = [*own, ("", f"Only {names}")] if len(chosen) == 1 else [("", names)]

        async def start(link: str, task: str) -> Coordination:
            if link:
                return await links.coordinate(link, task, actor=self._actor)
            return await links.coordinate_among(chosen, task, actor=self._actor)

        sheet = CoordinateSheet(self._host, self._themes, links, self._tasks, self._actor, choices, start)
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
        links = self.parts.links

        def send(text: str, delivery: str) -> None:
            if live is None and links is not None:
                self._spawn(agent_id, links.tell_guest(agent_id, text, actor=self._actor))
                return
            how = cast("Delivery", delivery or "between")
            self._spawn(agent_id, self._agents.message(agent_id, text, actor=self._actor, delivery=how))

        choices = DELIVERIES if live is not None and live.run_id else ()
        TextSheet(self._host, self._themes, f"Message to {name}", "Send", send, choices=choices).open()

    def _ask_task(self, agent_id: str, name: str) -> None:
        def send(text: str, _: str) -> None:
            self._spawn(agent_id, self._agents.execute(agent_id, text, actor=self._actor))

        TextSheet(self._host, self._themes, f"A task for {name}", "Run", send).open()

    def _open_logs(self, agent_id: str, _name: str) -> None:
        lines = {"page": "logs", "source": "agent", "name": self.name_of(agent_id), "text": ""}
        self.open_requested.emit("watchtower", lines)

    def _open_work(self, agent_id: str, _name: str) -> None:
        self._spawn(agent_id, self._show_work(agent_id))

    async def _show_work(self, agent_id: str) -> None:
        """Its folder, and in it the file that it wrote last."""
        content = {"folder": str(self._agents.folder(agent_id))}
        last = await self.parts.last_file(agent_id) if self.parts.last_file is not None else ""
        self.open_requested.emit("code-agent", {**content, "path": last} if last else content)

    def _change(self, agent_id: str, _name: str) -> None:
        row = self._definition(agent_id)
        if row is not None:
            SpawnSheet(self._host, self._themes, self.parts, self._tasks, actor=self._actor, row=row, tell=self._tell).open()

    def _copy(self, agent_id: str, _name: str) -> None:
        row = self._definition(agent_id)
        if row is not None:
            self._open_spawn(row)

    def _keep_as_template(self, agent_id: str, _name: str) -> None:
        row, templates = self._definition(agent_id), self.parts.templates
        if row is not None and templates is not None:
            sheet = TemplateSheet(self._host, self._themes, templates, self._tasks, row)
            sheet.kept.connect(lambda words: self.message.emit(Message(words, "success")))
            sheet.open()

    def _release(self, agent_id: str, name: str) -> None:
        found = [(link, self._members(link, without=agent_id)) for link in self._links_of(agent_id)]
        ReleaseSheet(self._host, self._themes, name, found, self._release_all).open()

    def _release_all(self, chosen: Sequence[Entanglement]) -> None:
        links = self.parts.links
        if links is not None:
            for link in chosen:
                self._spawn(link.id, links.release(link.id, actor=self._actor))

    def _ask_remove(self, agent_id: str, name: str) -> None:
        sheet = Sheet(self._host, f"Remove {name}?", self._themes)
        sheet.add_text("Its definition, its log, its links and its own folder are deleted. What it did stays in the journal.")
        sheet.add_action("Remove", partial(self._plain(self._agents.remove), agent_id, name), kind="danger")
        sheet.add_gap()
        sheet.first = sheet.add_action("Keep")
        sheet.open()

    # Inside

    def _is_there(self, action: Action) -> bool:
        if action.id == "template":
            return self.parts.templates is not None
        return action.id not in _OF_LINKS or self.parts.links is not None

    def _links_of(self, agent_id: str) -> Sequence[Entanglement]:
        return tuple(self._directory.entanglements_of(agent_id)) if self._directory is not None else ()

    def _members(self, link: Entanglement, without: str = "") -> str:
        return ", ".join(self.name_of(member) for member in link.agents if member != without)

    def _open_spawn(self, like: AgentRow | None = None) -> SpawnSheet:
        sheet = SpawnSheet(self._host, self._themes, self.parts, self._tasks, actor=self._actor, like=like, tell=self._tell)
        sheet.made.connect(self.spawned)
        sheet.open()
        return sheet

    def _definition(self, agent_id: str) -> AgentRow | None:
        try:
            return self._agents.definition(agent_id)
        except ChainBotError as error:
            self._tell(error)
            return None

    def _spawn(self, subject: str, work: Coroutine[Any, Any, Any]) -> None:
        self._tasks.spawn(f"agent {subject}: by the panel", self._said(work))

    async def _said(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except ChainBotError as error:
            self._tell(error)

    def _tell(self, error: ChainBotError) -> None:
        self.message.emit(Message(error.message, "error", error.hint))
