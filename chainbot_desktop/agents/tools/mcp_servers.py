"""The tool servers of the settings: started in the background at first use, connected again when lost, gone when the program ends."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import SecretStr

from chainbot_desktop.agents.kind import AgentContext
from chainbot_desktop.agents.processes.child import Child, ChildProcesses
from chainbot_desktop.agents.tools.mcp_tools import McpTool, Offer, tools_of
from chainbot_desktop.agents.tools.plan import Tool
from chainbot_desktop.agents.tools.shown import line
from chainbot_desktop.agents.tools.tool import ToolFailed
from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.core.settings import McpServer
from chainbot_desktop.core.tasks import Tasks

if TYPE_CHECKING:
    from chainbot_desktop.agents.tools.mcp_connection import Connection

_log = logging.getLogger(__name__)

_SECRET = "secret:"  # noqa: S105 - the mark of a secret's name
_PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)
_FIRST_WAIT = 5.0
"""What an agent's first turn waits at most for servers that are still starting."""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    name: str
    state: Literal["off", "starting", "ready", "failed"]
    reason: str
    tools: tuple[str, ...]


class _Server:
    """One server of the settings and the task that owns its connection."""

    def __init__(
        self,
        settings: McpServer,
        children: ChildProcesses,
        folder: Path,
        secret: Callable[[str], str | None],
        pauses: tuple[float, ...],
    ) -> None:
        self.settings = settings
        self.tools: dict[str, McpTool] = {}
        self.state: Literal["starting", "ready", "failed"] = "starting"
        self.reason = ""
        self.tried = asyncio.Event()
        self._children = children
        self._folder = folder
        self._secret = secret
        self._pauses = pauses
        self._connection: Connection | None = None
        self._last_error_line = ""

    async def run(self) -> None:
        """For as long as the program runs."""
        failures = 0
        while True:
            self.reason = await self._serve()
            failures = 0 if self.state == "ready" else failures + 1
            self.state = "failed"
            self.tried.set()
            pause = self._pauses[min(failures, len(self._pauses) - 1)]
            _log.warning("tool server %s: %s; again in %g s", self.settings.name, self.reason, pause)
            await asyncio.sleep(pause)

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        if self._connection is None:
            raise ToolFailed(f"The tool server {self.settings.name} is not there now: {self.reason or 'it is starting'}.")
        return await self._connection.call(tool, arguments)

    async def _serve(self) -> str:
        """Connect and stay connected; why that came to an end."""
        settings = self.settings
        try:
            module = await asyncio.to_thread(importlib.import_module, "chainbot_desktop.agents.tools.mcp_connection")
            connection = module.Connection(settings.name, settings.start_seconds, settings.call_seconds)
            streams = await self._streams(module, connection)
            self._connection = connection
            lost: str = await connection.serve(streams, self._on_offers)
            return lost
        except TimeoutError:
            return f"it was not ready within {settings.start_seconds:g} s{self._error_line()}"
        except ChainBotError as error:
            return error.message
        except Exception as error:
            # The border of a task: whatever a stranger's program brings about ends this connection, not the program.
            return line(f"{_cause(error)}{self._error_line()}")
        finally:
            self._connection = None
            self.tools = {}

    async def _streams(self, module: Any, connection: Connection) -> Any:
        settings = self.settings
        if settings.url is not None:
            return module.http_streams(str(settings.url), await self._values(settings.headers))
        return module.child_streams(self._start_child, connection.lost, self._on_error_line)

    async def _start_child(self) -> Child:
        assert self.settings.command is not None
        arguments = [self.settings.command, *self.settings.args]
        return await self._children.start(arguments, cwd=self._folder, env=await self._values(self.settings.env), stdin=True)

    async def _values(self, values: Mapping[str, SecretStr]) -> dict[str, str]:
        plain = {}
        for key, value in values.items():
            text = value.get_secret_value()
            if text.startswith(_SECRET):
                name = text.removeprefix(_SECRET)
                found = await asyncio.to_thread(self._secret, name)
                if found is None:
                    raise Unavailable(f"the secret {name!r} that {key} needs is not in the keyring")
                text = found
            plain[key] = text
        return plain

    def _on_offers(self, offers: list[Offer]) -> None:
        self.tools = tools_of(self.settings.name, offers, self)
        self.state, self.reason = "ready", ""
        self.tried.set()

    def _on_error_line(self, text: str) -> None:
        self._last_error_line = line(text)
        _log.debug("tool server %s: %s", self.settings.name, self._last_error_line)

    def _error_line(self) -> str:
        return f" ({self._last_error_line})" if self._last_error_line else ""


class McpServers:
    """All of them, shared by all agents. Use on the loop's thread."""

    def __init__(
        self,
        servers: tuple[McpServer, ...],
        children: ChildProcesses,
        tasks: Tasks,
        folder: Path,
        secret: Callable[[str], str | None],
        *,
        pauses: tuple[float, ...] = _PAUSES,
    ) -> None:
        """`children` starts the programs, in `folder`; `pauses` are the seconds between attempts to connect."""
        self._all = servers
        self._servers = [_Server(server, children, folder, secret, pauses) for server in servers if server.enabled]
        self._tasks = tasks
        self._owners: list[asyncio.Task[None]] = []
        self._wait_until = 0.0

    def start(self) -> None:
        """Begin to connect in the background; at once, and once."""
        if not self._owners:
            self._wait_until = asyncio.get_running_loop().time() + _FIRST_WAIT
            self._owners = [self._tasks.spawn(f"tool server {server.settings.name}", server.run()) for server in self._servers]

    async def stop(self) -> None:
        """Leave every server and stop those that run here."""
        for owner in self._owners:
            owner.cancel()
        if self._owners:
            await asyncio.wait(self._owners)
        self._owners = []

    def statuses(self) -> list[ServerStatus]:
        known = {server.settings.name: server for server in self._servers}
        return [_status(settings.name, known.get(settings.name), started=bool(self._owners)) for settings in self._all]

    async def tools(self, context: AgentContext) -> Mapping[str, Tool]:
        """What the connected servers offer now. Shortly after the start, those that are about to be ready are waited for."""
        self.start()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._wait_until):
                for server in self._servers:
                    await server.tried.wait()
        return {name: tool for server in self._servers for name, tool in server.tools.items()}


def _status(name: str, server: _Server | None, *, started: bool) -> ServerStatus:
    if server is None or not started:
        return ServerStatus(name, "off", "" if server else "switched off in the settings", ())
    return ServerStatus(name, server.state, server.reason, tuple(server.tools))


def _cause(error: BaseException) -> str:
    """The first real reason in a group of them."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return str(error) or type(error).__name__
