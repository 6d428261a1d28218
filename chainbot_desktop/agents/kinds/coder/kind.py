"""The kind `coder`: an external coding agent that is spoken to over the Agent Client Protocol, under this program's policy."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainbot_desktop.agents.kind import AgentConfig, AgentContext, KindInfo, Result, Run
from chainbot_desktop.agents.kinds.coder.config import CoderConfig, config_with
from chainbot_desktop.agents.kinds.secrets import secret_environment
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.agents.processes.environment import child_environment
from chainbot_desktop.agents.processes.programs import find_program
from chainbot_desktop.agents.tools.tool import Toolbox
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.ports import AgentCommand
from chainbot_desktop.core.tasks import Tasks

if TYPE_CHECKING:
    from chainbot_desktop.agents.kinds.coder.session import CoderSession

_PROTOCOL = "chainbot_desktop.agents.kinds.coder.session"
"""The protocol's library takes a second to import: not before it is needed, and on a thread."""
_STOP_SECONDS = 5.0
UNUSED_SECONDS = 600.0
"""A process that was started for what it offers ends after so long without a task; what it offers stays known."""
_AGAIN_SECONDS = 60.0
_OFFERS_SECONDS = 5.0
"""What it has to tell its commands once its session is open."""


class CoderKind:
    info = KindInfo(
        "coder",
        "Coding agent",
        "An external coding agent (Claude Code, Gemini CLI, Codex, goose, OpenCode or another) that works in the workspace.",
        model_backed=True,
        default_restart="always",
    )

    def __init__(self, services: KindServices) -> None:
        self._services = services
        self.config_model: type[AgentConfig] = config_with(services.settings.coder.programs)

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        assert isinstance(config, CoderConfig)
        said = {"preset": config.preset, "command": " ".join(config.words)[:500], "mode": config.mode, "model": config.model}
        return {key: value for key, value in said.items() if value}

    def make(self, context: AgentContext, config: AgentConfig) -> CoderWorker:
        assert isinstance(config, CoderConfig)
        return CoderWorker(self._services, context, config)


class CoderWorker:
    """Implements `kind.Worker` and `kind.Preparing`.

    Its process starts with the first task and stays for the next; one that dies is replaced then. What it offers it tells only when
    it runs, and its process is the most expensive thing in the house: the adapter of Claude Code takes 77 MB before Claude Code is
    started, the whole panel 250. So it is not started with the agent, nor with the program, but when a person begins to write to it,
    and it is ended where no task came of that.
    """

    def __init__(self, services: KindServices, context: AgentContext, config: CoderConfig) -> None:
        self._services = services
        self._context = context
        self._config = config
        self._tasks = Tasks()
        self._session: CoderSession | None = None
        self._opening = asyncio.Lock()
        self._commands: tuple[AgentCommand, ...] = ()
        self._not_before = 0.0
        self._unused_until = 0.0
        self._unused: asyncio.Task[None] | None = None
        self._toolbox: Toolbox | None = None
        self._kept = context.private / "session.json"

    @property
    def pid(self) -> int | None:
        session = self._session
        return session.pid if session is not None and session.alive else None

    @property
    def serving(self) -> str | None:
        return None

    @property
    def mode(self) -> str:
        """The id of the mode that it works in; empty before its start and where it has none."""
        return self._session.mode if self._session is not None else ""

    @property
    def commands(self) -> tuple[AgentCommand, ...]:
        """The slash commands that it offers; it tells them after its start."""
        return (self._session.commands if self._session is not None else ()) or self._commands

    async def start(self) -> None:
        """Whether the program is there. Whether somebody signed in to it shows at the first task."""
        self._toolbox = self._services.toolboxes.of(self._context, self._config.policy, None)
        environment = child_environment(os.environ, self._config.env, "")
        try:
            await asyncio.to_thread(find_program, self._config.words[0], self._context.workspace, environment)
        except Unavailable as error:
            if error.code != "no_program":
                raise
            raise Unavailable(
                f"{self._config.known.title} is not installed: {error.message}",
                hint=self._config.known.install,
                code="no_program",
            ) from None

    async def execute(self, run: Run) -> Result:
        await run.budget.reserve(1)  # what it will use nobody knows; where nothing is left, it is not begun
        if self._unused is not None:
            self._unused.cancel()
        async with self._opening:
            session = await self._living()
        return await session.take(run)

    async def prepare(self) -> None:
        now = asyncio.get_running_loop().time()
        self._unused_until = now + UNUSED_SECONDS
        if self._has_process() or now < self._not_before:
            return
        self._not_before = now + _AGAIN_SECONDS  # one that cannot be started is not tried at every key
        async with self._opening:
            if self._has_process():
                return  # its task was faster
            session = await self._living()
            self._unused = self._tasks.spawn(f"{self._context.name} waits for a task", self._end_unused(session))
        await session.offers(_OFFERS_SECONDS)

    def _has_process(self) -> bool:
        return self.pid is not None

    async def _end_unused(self, session: CoderSession) -> None:
        loop = asyncio.get_running_loop()
        while (left := self._unused_until - loop.time()) > 0:
            await asyncio.sleep(left)
        async with self._opening:
            self._context.log.add("system", "No task came, so its process is ended. The next one starts it again.")
            self._commands = session.commands
            if self._session is session:
                self._session = None
            await session.close()
        self._not_before = 0.0

    async def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    async def resume(self) -> None:
        self._signal(signal.SIGCONT)

    async def ended(self) -> str:
        await asyncio.Event().wait()
        return ""

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
        await self._tasks.cancel_all(_STOP_SECONDS)

    async def _living(self) -> CoderSession:
        if self._session is not None:
            if self._session.alive:
                return self._session
            self._commands = self._session.commands or self._commands
            await self._session.close()
            self._session = None
        assert self._toolbox is not None
        protocol: Any = await asyncio.to_thread(import_module, _PROTOCOL)
        env = {**self._config.env, **await asyncio.to_thread(secret_environment, self._context, self._config.secret_env)}
        child = await self._context.children.start(self._config.words, cwd=self._context.workspace, env=env, stdin=True)
        self._context.log.add("system", f"Started {' '.join(self._config.words)[:500]} as process {child.pid}.")
        session: CoderSession = protocol.CoderSession(
            self._context, self._config, child, self._toolbox, self._services.blobs, self._tasks
        )
        self._session = session
        try:
            goes_on = await session.open(await asyncio.to_thread(self._kept_id))
        except BaseException:
            self._session = None
            await session.close()
            if session.broken_id:
                self._context.log.add("system", "It cannot open its earlier session, so its next task begins a new one.")
                await asyncio.to_thread(self._kept.unlink, missing_ok=True)
            raise
        if goes_on:
            await asyncio.to_thread(self._keep, session.session_id)
        return session

    def _kept_id(self) -> str:
        """The session of an earlier life, if it was the same coding agent's in the same folder."""
        try:
            kept = json.loads(self._kept.read_bytes())
        except (OSError, ValueError):
            return ""
        if not isinstance(kept, dict) or [kept.get("command"), kept.get("workspace")] != self._whose():
            return ""
        found = kept.get("session_id")
        return found if isinstance(found, str) else ""

    def _keep(self, session_id: str) -> None:
        command, workspace = self._whose()
        new = self._kept.with_suffix(".new")
        new.write_text(json.dumps({"session_id": session_id, "command": command, "workspace": workspace}), "utf-8")
        new.replace(self._kept)

    def _whose(self) -> list[Any]:
        return [list(self._config.words), str(Path(self._context.workspace))]

    def _signal(self, number: int) -> None:
        if self._session is not None and self._session.alive:
            self._session.signal(number)
