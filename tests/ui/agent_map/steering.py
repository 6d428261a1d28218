"""An Agent Map over agents that really run: the runtime on a real store, scripted agents and real programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QWidget

from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.kind import AgentKind
from chainbot_desktop.agents.kinds.command import CommandKind
from chainbot_desktop.agents.models.gateway import ProviderStatus
from chainbot_desktop.agents.templates import AgentTemplates
from chainbot_desktop.agents.vitals import AgentVitals
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agents import AgentMessageTable
from chainbot_desktop.store.coordinations import CoordinationTable
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.agent_map.services import MapServices
from chainbot_desktop.ui.agent_map.spawn_sheet import SpawnSheet
from chainbot_desktop.ui.agent_map.view import AgentMapView
from chainbot_desktop.ui.code_agent.chooser import choose_path
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.widgets import Button, MenuSheet
from chainbot_desktop.workspace import Workspace
from tests.helpers.agent_house import AgentHouse, open_agent_house
from tests.helpers.api_agents import api_kind
from tests.helpers.processes import children
from tests.ui.acting import act, tap, until

DEMONSTRATION = ProviderStatus(
    "local", "local", "ready", "", ("smollm2-135m",), "smollm2-135m", "", True, "2026-01-01T00:00:00Z"
)
OLLAMA = ProviderStatus(
    "ollama", "openai-compatible", "unreachable", "Connection refused.", (), "qwen3", "http://127.0.0.1:11434", False, ""
)


@dataclass
class KnownModels:
    """What there is of models; a look at them finds Ollama well."""

    known: Sequence[ProviderStatus] = (DEMONSTRATION, OLLAMA)

    def statuses(self) -> Sequence[ProviderStatus]:
        return self.known

    async def probe(self, provider: str | None = None) -> Sequence[ProviderStatus]:
        self.known = (DEMONSTRATION, replace(OLLAMA, state="ready", reason="", models=("qwen3", "gemma3")))
        return self.known


@dataclass
class Steering:
    house: AgentHouse
    view: AgentMapView
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any]
    tasks: Tasks
    models: KnownModels
    links: Entanglements
    templates: AgentTemplates
    messages: list[Message] = field(default_factory=list)
    opened: list[tuple[str, Any]] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Its result, when no frame is due any more: a frame that came between two runs of the loop could start no task."""

        async def settle() -> Any:
            result = await work
            await asyncio.sleep(0.02)
            await until(lambda: not self.view._frames._timer.isActive() and not self.tasks.names)
            return result

        return self.on_loop(settle())

    def settle(self) -> None:
        """Let what was done to the widgets take effect."""
        self.run(asyncio.sleep(0))

    def wait(self, condition: Callable[[], bool]) -> None:
        self.run(until(condition))

    def spawn(self, name: str, kind: str = "scripted", state: str = "idle", **config: object) -> str:
        async def make() -> str:
            agent_id = await self.house.service.spawn(kind, name, config, actor="user:tester")
            await self.house.becomes(agent_id, state)
            return agent_id

        agent_id = self.run(make())
        assert isinstance(agent_id, str)
        self.wait(lambda: agent_id in self.view._model.places)
        return agent_id

    def give(self, agent_id: str, task: str) -> str:
        run_id = self.run(self.house.service.execute(agent_id, task, actor="user:tester"))
        assert isinstance(run_id, str)
        return run_id

    def state(self, agent_id: str) -> str:
        live = self.house.service.live(agent_id)
        return live.state if live is not None else "gone"

    def becomes(self, agent_id: str, state: str) -> None:
        self.wait(lambda: self.state(agent_id) == state)

    def menu(self) -> list[str]:
        """What the open menu offers."""
        return [row.text() for row in self._menu().rows]

    def choose(self, label: str) -> None:
        """A row of the open menu."""
        tap(self.run, next(row for row in self._menu().rows if row.text() == label))

    def open_actions(self, agent_id: str) -> None:
        act(self.run, lambda: self.view.open_details(agent_id))
        tap(self.run, self.view.details.actions_button)

    def sheet(self) -> SpawnSheet:
        return next(sheet for sheet in self.view.findChildren(SpawnSheet) if sheet.is_open)

    def button(self, within: QWidget, text: str) -> Button:
        return next(button for button in within.findChildren(Button) if button.text() == text and button.isVisible())

    def _menu(self) -> MenuSheet:
        return next(menu for menu in self.view.findChildren(MenuSheet) if menu.is_open)


@asynccontextmanager
async def open_steering(
    folder: Path, themes: ThemeSource, run: Callable[[Coroutine[Any, Any, Any]], Any], kinds: Sequence[AgentKind] = ()
) -> AsyncIterator[Steering]:
    async with (
        children() as started,
        open_agent_house(folder, kinds=[CommandKind(None), api_kind(), *kinds], children=lambda _: started) as house,
    ):
        tasks = Tasks()
        models = KnownModels()
        table = AgentMessageTable(house.store.database, house.store.journal)
        shared_work = CoordinationTable(house.store.database, house.store.journal)
        links = Entanglements(
            house.directory,
            house.store.journal,
            table,
            shared_work,
            house.tasks,
            lambda: house.service,
            house.store.bus,
            house.store.blobs,
        )
        links.open()
        templates = AgentTemplates(folder / "templates")
        await templates.open()
        workspace = Workspace(folder, house.store.journal, folder / "drafts")

        async def choose(origin: QWidget, start: Path, done: Callable[[str], object]) -> None:
            path = await choose_path(origin, workspace, themes, tasks, "folder", start)
            if path is not None:
                done(str(path))

        parts = RuntimeParts(
            house.service,
            models,
            lambda: ("general_assistant", "code_assistant"),
            lambda: str(folder),
            choose_folder=lambda origin, start, done: house.tasks.spawn("choose", choose(origin, Path(start), done)),
            templates=templates,
            links=links,
        )
        vitals = AgentVitals(house.directory, house.store.bus, house.service, house.tasks)
        vitals.open()
        view = AgentMapView(
            house.directory, themes, tasks, spawn_snippet="curl …", runtime=parts, services=MapServices(vitals=vitals)
        )
        steering = Steering(house, view, run, tasks, models, links, templates)
        view.open_requested.connect(lambda window, content: steering.opened.append((window, content)))
        view.message.connect(steering.messages.append)
        view.resize(720, 452)
        view.show()
        view.shown_first_time()
        try:
            yield steering
        finally:
            view.details.live.log.follow(None)
            view.hide()
            await links.close()
            await vitals.close()
            await tasks.cancel_all()
            await workspace.close()
            view.deleteLater()
            await asyncio.sleep(0)
