"""The window meets the services: what the four windows show, and what the shell hears."""

from __future__ import annotations

import asyncio
import json
import logging
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.agents.personas import load_personas
from chainbot_desktop.alexos.webhooks import KINDS, WEBHOOK_SOURCE
from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.door_commands import page_address
from chainbot_desktop.app.house import House
from chainbot_desktop.app.panel import WINDOWS, ViewFactories
from chainbot_desktop.app.panel_agents import PanelAgents
from chainbot_desktop.app.panel_alerts import PanelAlerts
from chainbot_desktop.app.panel_logs import PanelLogs
from chainbot_desktop.app.panel_looks import PanelLooks
from chainbot_desktop.app.panel_models import PanelModels
from chainbot_desktop.app.qt_loop import QtLoop
from chainbot_desktop.app.running import live, start_or_refuse
from chainbot_desktop.app.screen_wake import ScreenWaker
from chainbot_desktop.app.stopping import StopRequest
from chainbot_desktop.chat.panel_commands import PanelCommands
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.events import AttentionRequired, Event, Recorded, ToolCallJudged
from chainbot_desktop.core.link import LinkStatus
from chainbot_desktop.core.ports import EventQuery, Journal
from chainbot_desktop.core.settings import GuiSettings
from chainbot_desktop.ui.agent_map.memory import MapMemory
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.shell.window import MainWindow, Remember
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command, Message, WindowView
from chainbot_desktop.ui.welcome.actions import WelcomeActions
from chainbot_desktop.ui.welcome.guide import WelcomeGuide
from chainbot_desktop.ui.welcome.steps import WITH_AGENTS, WelcomeSteps
from chainbot_desktop.watch.alerts.records import ALERTS_SOURCE
from chainbot_desktop.watch.metrics import Sample

if TYPE_CHECKING:
    from chainbot_desktop.ui.agent_map.layouts.worker import LayoutWorker
    from chainbot_desktop.ui.code_agent.view import CodeAgentView

_log = logging.getLogger(__name__)

_BUILD_EVERY = 1.0
"""Seconds between making one unseen window and the next."""

_WRITING = frozenset({"write_file", "patch_file"})
_CALLS_LOOKED_AT = 500
"""Newest calls of tools, of all agents, among which the last file of one is looked for."""

WEBHOOK_EVENTS = tuple(kind.event for kind in KINDS.values())


def run_with_services(
    options: Options, app: QApplication, window: MainWindow, themes: ThemeSource, views: ViewFactories, painted_at: float
) -> int:
    """Runs until the program is asked to stop; the exit code."""
    loop = QtLoop(app)
    asyncio.set_event_loop(loop)

    async def main() -> None:
        stop = StopRequest()
        window.close_requested.connect(lambda: stop.ask("the window was closed"))
        await live(options, stop, Panel(window, themes, views, painted_at))

    try:
        return start_or_refuse(lambda: loop.run_until_complete(main()))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


class Panel:
    """Implements `app.house.PanelFace`. Use on the loop's thread, which is Qt's."""

    def __init__(self, window: MainWindow, themes: ThemeSource, views: ViewFactories, painted_at: float) -> None:
        self._window = window
        self._themes = themes
        self._views = views
        self._painted_at = painted_at
        self._ends: list[Callable[[], None]] = []
        self._windows: Windows | None = None

    async def screen(self) -> bytes:
        return self._window.render_png()

    def hot_swap(self, window: str, content: Mapping[str, object]) -> None:
        if window not in {key for key, _, _ in WINDOWS}:
            raise NotFound(f"There is no window {window!r}.", hint=f"There are {', '.join(key for key, _, _ in WINDOWS)}.")
        self._window.present(window, content)

    async def move_in(self, house: House) -> None:
        """Give the shell its windows and let it hear what it shows."""
        _log.info("the first frame was painted at %.3f", self._painted_at)
        remembered = {**_defaults(house.settings.gui), **await house.preferences.all()}

        def remember(name: str, value: object) -> None:
            house.tasks.spawn(f"remember {name}", house.preferences.set(name, value))

        window = self._window
        agents = await _agents_of(house, window, self._themes)
        self._windows = Windows(house, window, self._themes, remembered, remember, agents)
        self._views.by_key = self._windows.factories()
        self._ends += [
            house.link.on_change(self._windows.set_link),
            house.watch.metrics.on_sample(self._on_sample),
            house.bus.subscribe(self._on_attention, AttentionRequired).cancel,
            house.bus.subscribe(self._windows.webhook_arrived, *WEBHOOK_EVENTS).cancel,
        ]
        self._windows.set_link(house.link.status)
        if house.watch.metrics.latest is not None:
            self._on_sample(house.watch.metrics.latest)
        if house.settings.gui.fullscreen:
            window.showFullScreen()
        window.add_commands(lambda: self._agents_to_show(house))
        window.attach(remembered, remember)
        waker = ScreenWaker(house.tasks)
        window.wake_requested.connect(waker.wake)
        self._ends.append(partial(_disconnect, window, waker))
        agents.open()
        self._ends.append(agents.close)
        alerts = PanelAlerts(window, self._themes, house.tasks, house.alerts)
        alerts.open()
        self._ends.append(alerts.close)
        PanelCommands(PanelLooks(self._themes, remember), lambda: house.workspace.root).register_in(house.chat.commands)
        self._build_soon([key for key, _, _ in WINDOWS if key != "code-agent"])

    def _build_soon(self, keys: Sequence[str]) -> None:
        """Make the windows that nobody has looked at yet, one at a time: they have badges to show. The editor waits to be wanted."""
        loop = asyncio.get_running_loop()
        for number, key in enumerate(keys, 1):
            timer = loop.call_later(number * _BUILD_EVERY, self._window.stage.build, key)
            self._ends.append(timer.cancel)

    async def move_out(self) -> None:
        for end in self._ends:
            end()
        if self._windows is not None:
            await self._windows.close()

    def _agents_to_show(self, house: House) -> list[Command]:
        """For the palette: a few letters of a name, and the map shows that agent."""
        return [
            Command(
                f"agent.{agent.id}", f"Agent: {agent.name}", partial(self._window.present, "agent-map", {"agent_id": agent.id})
            )
            for agent in sorted(house.agents.agents, key=lambda agent: agent.name.casefold())
        ]

    def _on_sample(self, sample: Sample) -> None:
        machine = sample.machine
        if machine.cpu is None or machine.memory_used is None or machine.memory_total is None:
            return  # the first sample has nothing to compare with
        throttled = machine.throttling.any_now if machine.throttling is not None else None
        self._window.set_machine(machine.cpu, machine.memory_used, machine.memory_total, machine.temperature, throttled)

    def _on_attention(self, recorded: Recorded[AttentionRequired]) -> None:
        if recorded.event.source == ALERTS_SOURCE:
            return  # told by the alerts themselves, in their own way
        attention = recorded.event.data
        show = Message(
            attention.reason,
            "warning",
            attention.hint,
            "Show",
            lambda: self._window.present("watchtower", {"event_id": recorded.event.id}),
        )
        self._window.show_message(show)


def _disconnect(window: MainWindow, waker: ScreenWaker) -> None:
    window.wake_requested.disconnect(waker.wake)


def _defaults(gui: GuiSettings) -> dict[str, object]:
    """What the settings say of the look counts until a person chose otherwise at the panel."""
    return {"shell.theme": gui.theme, "shell.text_size": gui.text_size, "shell.geometry": [gui.width, gui.height]}


async def last_file_of(journal: Journal, agent_id: str) -> str:
    """The file that an agent's own tools wrote last, as its latest calls tell; "" where they wrote none."""
    query = EventQuery(types=("tool_call_judged",), limit=_CALLS_LOOKED_AT, order="desc")
    for recorded in await journal.read(query):
        if isinstance(recorded.event, ToolCallJudged):
            call = recorded.event.data
            if call.agent_id == agent_id and call.tool in _WRITING and call.verdict in ("allowed", "approved"):
                return call.target
    return ""


async def _agents_of(house: House, window: MainWindow, themes: ThemeSource) -> PanelAgents:
    personas = await asyncio.to_thread(load_personas, house.persona_folder)

    async def choose_folder(origin: QWidget, start: Path, done: Callable[[str], object]) -> None:
        from chainbot_desktop.ui.code_agent.chooser import choose_path

        path = await choose_path(origin, house.workspace, themes, house.tasks, "folder", start)
        if path is not None:
            done(str(path))

    parts = RuntimeParts(
        house.runtime,
        house.models,
        lambda: sorted(personas.by_name),
        lambda: str(house.workspace.root),
        choose_folder=lambda origin, start, done: house.tasks.spawn(
            "choose a folder", choose_folder(origin, Path(start).expanduser(), done)
        ),
        last_file=partial(last_file_of, house.journal),
        templates=house.templates,
        links=house.entanglements,
    )

    async def choose_file(origin: QWidget) -> Path | None:
        from chainbot_desktop.ui.code_agent.chooser import choose_path

        return await choose_path(origin, house.workspace, themes, house.tasks, "open", Path.home())

    better = PanelModels(window, themes, house.tasks, house.model_setup, choose_file)
    return PanelAgents(window, themes, house.tasks, parts, house.runtime, house.desk, house.agents, better)


class Windows:
    """Makes the four windows, each with its imports when it is first looked at, and the welcome over the first of them."""

    def __init__(
        self,
        house: House,
        window: MainWindow,
        themes: ThemeSource,
        remembered: Mapping[str, object],
        remember: Remember,
        agents: PanelAgents,
    ) -> None:
        self._house = house
        self._window = window
        self._themes = themes
        self._agents = agents
        self._map_memory = MapMemory(remembered, remember)
        self._layouts: LayoutWorker | None = None
        self._steps = WelcomeSteps(remembered, remember, WITH_AGENTS)
        self._guide: WelcomeGuide | None = None
        self._code: CodeAgentView | None = None
        self._logs = PanelLogs(house, themes, remembered, remember)

    def factories(self) -> dict[str, Callable[[], WindowView]]:
        return {
            "agent-map": self._agent_map,
            "code-agent": self._code_agent,
            "chat": self._chat,
            "watchtower": self._watchtower,
        }

    def set_link(self, status: LinkStatus) -> None:
        self._window.set_link(status)
        if self._guide is not None:
            self._guide.set_link(status.state, status.reason)

    def webhook_arrived(self, recorded: Recorded[Event]) -> None:
        if self._guide is not None and recorded.event.source == WEBHOOK_SOURCE:
            self._guide.webhook_arrived()

    async def close(self) -> None:
        """Keep what the windows would forget, and end what works for them."""
        if self._code is not None:
            await self._code.store()
        if self._layouts is not None:
            await self._layouts.close()
        await self._logs.close()

    def _agent_map(self) -> WindowView:
        from chainbot_desktop.ui.agent_map.layouts.worker import LayoutWorker
        from chainbot_desktop.ui.agent_map.services import MapServices
        from chainbot_desktop.ui.agent_map.view import AgentMapView

        house = self._house
        snippet = webhook_line(house)
        self._layouts = LayoutWorker()
        services = MapServices(
            layouts=self._layouts,
            vitals=house.vitals,
            tail=lambda agent_id, count: house.runtime.log(agent_id).newest(count) if house.runtime.live(agent_id) else (),
            history=house.history,
            memory=self._map_memory,
        )
        view = AgentMapView(
            house.agents, self._themes, house.tasks, spawn_snippet=snippet, runtime=self._agents.parts, services=services
        )
        self._agents.map_was_made(view)
        if self._steps.left:
            actions = WelcomeActions(
                webhook_line=snippet,
                show_link=lambda: self._window.present("watchtower", {"page": "link"}),
                open_folder=lambda: self._window.run_command("code-agent", "code.folder"),
                simulator_line=f"{shlex.quote(_own_command())} --demo",
                models=self._agents.model_offer(),
                spawn_agent=view.open_spawn,
            )
            self._guide = WelcomeGuide(view, self._themes, self._steps, actions, view.foot)
            view.foot_changed.connect(self._guide.place_chip)
            self.set_link(house.link.status)
            self._agents.guide_was_made(self._guide)
        return view

    def _code_agent(self) -> WindowView:
        from chainbot_desktop.ui.code_agent.view import CodeAgentView

        house = self._house
        self._code = CodeAgentView(house.workspace, self._themes, house.tasks, house.preferences)
        self._code.actions_.root_changed.connect(self._on_folder_opened)
        documents = self._code.documents
        house.files.unsaved = lambda: [document.path for document in documents.unsaved if document.path is not None]
        return self._code

    def _chat(self) -> WindowView:
        from chainbot_desktop.ui.chat.chat_parts import ChatParts
        from chainbot_desktop.ui.chat.view import ChatView

        house = self._house
        recall = house.recall
        parts = ChatParts(
            choose_file=self._choose_file,
            code=house.code,
            recall=recall.recall,
            notes=recall.notes,
            summaries=recall.summaries,
            importer=house.chat_import,
            recalled_files=recall.files,
        )
        return ChatView(house.chat, self._themes, house.tasks, parts=parts)

    async def _choose_file(self, origin: QWidget) -> Path | None:
        from chainbot_desktop.ui.code_agent.chooser import choose_path

        return await choose_path(origin, self._house.workspace, self._themes, self._house.tasks, "open", Path.home())

    def _watchtower(self) -> WindowView:
        from chainbot_desktop.ui.watchtower.parts import DeliveryParts, WatchtowerParts
        from chainbot_desktop.ui.watchtower.view import WatchtowerView

        house = self._house
        parts = WatchtowerParts(
            journal=house.journal,
            bus=house.bus,
            blobs=house.blobs,
            logs=self._logs.services(),
            metrics=house.watch.metrics,
            health=house.watch.health,
            alerts=house.alerts,
            link=house.link,
            deliveries=DeliveryParts(house.deliveries.desk, house.deliveries.received, house.deliveries.replay),
            themes=self._themes,
            tasks=house.tasks,
            metric_store=house.watch.figures.store,
            agent_name=lambda agent_id: agent.name if (agent := house.agents.get(agent_id)) is not None else agent_id,
            audit=house.audit,
            audit_settings=house.settings.audit,
            runtime=house.runtime,
        )
        return WatchtowerView(parts)

    def _on_folder_opened(self) -> None:
        if self._guide is not None:
            self._guide.folder_opened()


def webhook_line(house: House) -> str:
    """A line for a terminal that tells this program of an agent."""
    address = page_address(house.settings.server.host, house.settings.server.port)
    token = f"{shlex.quote(_own_command())} token --data-dir {shlex.quote(str(house.data_dir))}"
    fact = json.dumps({"agent_id": "tests", "agent_name": "Tests", "agent_type": "command", "status": "running"})
    return (
        f"curl {address}/api/webhooks/chainbot/agent/spawned"
        f' -H "Authorization: Bearer $({token})"'
        f" -H 'Content-Type: application/json' -d '{fact}'"
    )


def _own_command() -> str:
    return shutil.which("chainbot-desktop") or str(Path(sys.executable).with_name("chainbot-desktop"))
