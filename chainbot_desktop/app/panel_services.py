"""The window meets the services: what the four windows show, and what the shell hears."""

from __future__ import annotations

import asyncio
import json
import logging
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtWidgets import QApplication

from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.door_commands import page_address
from chainbot_desktop.app.house import House
from chainbot_desktop.app.panel import WINDOWS, ViewFactories
from chainbot_desktop.app.qt_loop import QtLoop
from chainbot_desktop.app.running import live, start_or_refuse
from chainbot_desktop.app.stopping import StopRequest
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.events import AttentionRequired, Recorded
from chainbot_desktop.core.settings import GuiSettings
from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message, WindowView
from chainbot_desktop.watch.metrics import Sample

_log = logging.getLogger(__name__)


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

    async def screen(self) -> bytes:
        return self._window.render_png()

    def hot_swap(self, window: str, content: Mapping[str, object]) -> None:
        if window not in {key for key, _, _ in WINDOWS}:
            raise NotFound(f"There is no window {window!r}.", hint=f"There are {', '.join(key for key, _, _ in WINDOWS)}.")
        self._window.present(window, content)

    async def move_in(self, house: House) -> None:
        """Give the shell its windows and let it hear what it shows."""
        _log.info("first frame painted at %.3f", self._painted_at)
        remembered = {**_defaults(house.settings.gui), **await house.preferences.all()}

        def remember(name: str, value: object) -> None:
            house.tasks.spawn(f"remember {name}", house.preferences.set(name, value))

        self._views.by_key = view_factories(house, self._themes, remembered)
        window = self._window
        self._ends += [
            house.link.on_change(window.set_link),
            house.metrics.on_sample(self._on_sample),
            house.bus.subscribe(self._on_attention, AttentionRequired).cancel,
        ]
        window.set_link(house.link.status)
        if house.metrics.latest is not None:
            self._on_sample(house.metrics.latest)
        if house.settings.gui.fullscreen:
            window.showFullScreen()
        window.attach(remembered, remember)

    async def move_out(self) -> None:
        for end in self._ends:
            end()

    def _on_sample(self, sample: Sample) -> None:
        machine = sample.machine
        if machine.cpu is None:
            return  # the first sample has nothing to compare with
        throttled = machine.throttling.any_now if machine.throttling is not None else None
        self._window.set_machine(machine.cpu, machine.memory_used, machine.memory_total, machine.temperature, throttled)

    def _on_attention(self, recorded: Recorded[AttentionRequired]) -> None:
        attention = recorded.event.data
        show = Message(
            attention.reason,
            "warning",
            attention.hint,
            "Show",
            lambda: self._window.present("watchtower", {"event_id": recorded.event.id}),
        )
        self._window.show_message(show)


def _defaults(gui: GuiSettings) -> dict[str, object]:
    """What the settings say of the look counts until a person chose otherwise at the panel."""
    return {"shell.theme": gui.theme, "shell.text_size": gui.text_size, "shell.geometry": [gui.width, gui.height]}


def webhook_snippet(house: House) -> str:
    """A line for a terminal that tells this program of an agent."""
    address = page_address(house.settings.server.host, house.settings.server.port)
    command = shutil.which("chainbot-desktop") or str(Path(sys.executable).with_name("chainbot-desktop"))
    token = f"{shlex.quote(command)} token --data-dir {shlex.quote(str(house.data_dir))}"
    fact = json.dumps({"agent_id": "tests", "agent_name": "Tests", "agent_type": "command", "status": "running"})
    return (
        f"curl {address}/api/webhooks/chainbot/agent/spawned"
        f' -H "Authorization: Bearer $({token})"'
        f" -H 'Content-Type: application/json' -d '{fact}'"
    )


def view_factories(house: House, themes: ThemeSource, remembered: Mapping[str, object]) -> dict[str, Callable[[], WindowView]]:
    """Each imports its window when it is first looked at."""
    snippet = webhook_snippet(house)

    def agent_map() -> WindowView:
        from chainbot_desktop.ui.agent_map.view import AgentMapView

        return AgentMapView(house.agents, themes, house.tasks, spawn_snippet=snippet)

    def code_agent() -> WindowView:
        from chainbot_desktop.ui.code_agent.view import CodeAgentView

        return CodeAgentView(house.workspace, themes, house.tasks, house.preferences)

    def chat() -> WindowView:
        from chainbot_desktop.ui.chat.view import ChatView

        return ChatView(house.chat, themes, house.tasks)

    def watchtower() -> WindowView:
        from chainbot_desktop.ui.watchtower.view import WatchtowerView

        return WatchtowerView(
            house.journal, house.bus, house.blobs, house.logs, house.metrics, house.health, house.link, themes, house.tasks
        )

    return {"agent-map": agent_map, "code-agent": code_agent, "chat": chat, "watchtower": watchtower}
