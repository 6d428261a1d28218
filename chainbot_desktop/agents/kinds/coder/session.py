"""A coding agent's process and the session in it: opened, given tasks, cancelled, closed.

Imports the protocol, so it is itself imported lazily.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
from collections.abc import Sequence

from acp import schema
from acp.meta import PROTOCOL_VERSION

from chainbot_desktop import __version__
from chainbot_desktop.agents.attached import Picture
from chainbot_desktop.agents.kind import AgentContext, Result, Run
from chainbot_desktop.agents.kinds.coder.channel import Channel
from chainbot_desktop.agents.kinds.coder.choosing import Opened, choose_mode, choose_model, mode_of
from chainbot_desktop.agents.kinds.coder.config import CoderConfig
from chainbot_desktop.agents.kinds.coder.errors import CoderFailed
from chainbot_desktop.agents.kinds.coder.files import CoderFiles
from chainbot_desktop.agents.kinds.coder.prompting import prompt_of, stopped
from chainbot_desktop.agents.kinds.coder.serving import Serving
from chainbot_desktop.agents.kinds.coder.terminals import Terminals
from chainbot_desktop.agents.kinds.coder.turn import Turn
from chainbot_desktop.agents.kinds.coder.updates import Updates
from chainbot_desktop.agents.processes.child import Child
from chainbot_desktop.agents.tools.shown import line
from chainbot_desktop.agents.tools.tool import Toolbox
from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.core.ports import AgentCommand, Blobs
from chainbot_desktop.core.tasks import Tasks

_CANCEL_SECONDS = 3.0
"""What it has to end a cancelled task by itself."""
_SEND_SECONDS = 1.0


class CoderSession:
    """One process with one session. Use on the loop's thread."""

    def __init__(
        self, context: AgentContext, config: CoderConfig, child: Child, toolbox: Toolbox, blobs: Blobs, tasks: Tasks
    ) -> None:
        self._context = context
        self._blobs = blobs
        self._takes_pictures = False
        self._config = config
        self._tasks = tasks
        self._cwd = str(context.workspace.absolute())
        self._updates = Updates(context.log)
        self._terminals = Terminals(toolbox, context.children, context.log, tasks, context.workspace)
        files = CoderFiles(toolbox, context.workspace)
        self._serving = Serving(config.known.title, context.workspace, toolbox, self._updates, files, self._terminals)
        self._resumed = False
        self.broken_id = ""
        """The session of an earlier life that it died of, or never opened."""
        self._channel = Channel(context, config, child, self._serving.handle, tasks)

    @property
    def pid(self) -> int:
        return self._channel.pid

    @property
    def alive(self) -> bool:
        return self._channel.alive

    @property
    def session_id(self) -> str:
        return self._serving.session_id

    @property
    def mode(self) -> str:
        return self._updates.mode

    @property
    def commands(self) -> tuple[AgentCommand, ...]:
        return self._updates.commands

    async def offers(self, seconds: float) -> None:
        """Returns when it has told its commands, or has not within `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._updates.offered.wait()

    # Its beginning

    async def open(self, kept_id: str) -> bool:
        """Get ready, in the session of this id if it can; whether the session can be gone on with later. ChainBotError."""
        can = await self._initialize()
        self._takes_pictures = can.prompt_capabilities is not None and bool(can.prompt_capabilities.image)
        seconds = self._config.answer_seconds
        opened = await self._old_session(can, kept_id) if kept_id and _can_go_on(can) else None
        self._resumed = opened is not None
        if opened is None:
            request = schema.NewSessionRequest(cwd=self._cwd, mcp_servers=[])
            opened = new = await self._channel.request("session_new", request, schema.NewSessionResponse, seconds)
            self._serving.session_id = new.session_id
        self._updates.mode = mode_of(opened.modes, opened.config_options)
        if self._config.mode:
            self._updates.mode = await choose_mode(self._channel, self.session_id, opened, self._config.mode, seconds)
        if self._config.model:
            await choose_model(self._channel, self.session_id, opened, self._config.model, seconds)
        return _can_go_on(can)

    async def _initialize(self) -> schema.AgentCapabilities:
        channel = self._channel
        files = schema.FileSystemCapabilities(read_text_file=True, write_text_file=True)
        request = schema.InitializeRequest(
            protocol_version=PROTOCOL_VERSION,
            client_capabilities=schema.ClientCapabilities(fs=files, terminal=True),
            client_info=schema.Implementation(name="chainbot-desktop", title="ChainBot Desktop", version=__version__),
        )
        about = await channel.request("initialize", request, schema.InitializeResponse, self._config.answer_seconds)
        if about.protocol_version != PROTOCOL_VERSION:
            raise Unavailable(
                f"{channel.name} speaks version {about.protocol_version} of the protocol, this program version {PROTOCOL_VERSION}.",
                hint="Update the older of the two.",
                code="protocol_version",
            )
        if about.agent_info is not None:
            channel.name = line(about.agent_info.title or about.agent_info.name, 100)
        channel.sign_in = [line(method.name, 100) for method in about.auth_methods or ()]
        return about.agent_capabilities or schema.AgentCapabilities()

    async def _old_session(self, can: schema.AgentCapabilities, kept_id: str) -> Opened | None:
        """None where it no longer knows the session."""
        self._serving.session_id = kept_id
        cwd, seconds = self._cwd, self._config.answer_seconds
        try:
            if can.session_capabilities is not None and can.session_capabilities.resume is not None:
                resume = schema.ResumeSessionRequest(cwd=cwd, session_id=kept_id, mcp_servers=[])
                return await self._channel.request("session_resume", resume, schema.ResumeSessionResponse, seconds)
            load = schema.LoadSessionRequest(cwd=cwd, session_id=kept_id, mcp_servers=[])
            return await self._channel.request("session_load", load, schema.LoadSessionResponse, seconds)
        except ChainBotError as error:
            if error.code == "sign_in_required":
                raise
            if not self.alive or not isinstance(error, CoderFailed):
                self.broken_id = kept_id
                raise
            self._context.log.add("system", f"Its earlier session is not there any more, so it begins a new one: {error}")
            return None

    # Its tasks

    async def take(self, run: Run) -> Result:
        """One task. ChainBotError says why it did not come to a good end."""
        turn = self._serving.turn = Turn(run, self._context.approvals)
        before = self._known_cost()
        try:
            given = await prompt_of(run.row, self._blobs, takes_pictures=self._takes_pictures)
            texts, pictures = [given.text], given.pictures
            while texts:
                reason = await self._prompt(turn, "\n\n".join(texts), pictures)
                if reason != "end_turn":
                    raise stopped(self._channel.name, reason, turn.answer)
                texts, pictures = list(run.take_messages()), ()
            return Result(turn.answer, {"agent": self._channel.name, "session_id": self.session_id})
        finally:
            turn.end()
            self._serving.turn = None
            try:
                await self._terminals.release_all()
            finally:
                after = self._updates.cost
                cost = max(0.0, after - before) if after is not None and before is not None else None
                await turn.spend(self._config.model or self._channel.name, cost)

    def _known_cost(self) -> float | None:
        """Of the session so far. What one that is gone on with did cost before is only known once it has said so."""
        return self._updates.cost if self._updates.cost is not None or self._resumed else 0.0

    async def _prompt(self, turn: Turn, text: str, pictures: Sequence[Picture]) -> str:
        """Why it stopped, in the protocol's word."""
        shown = [
            schema.ImageContentBlock(type="image", mime_type=one.media_type, data=base64.b64encode(one.data).decode())
            for one in pictures
        ]
        prompt = [schema.TextContentBlock(type="text", text=text), *shown]
        request = schema.PromptRequest(session_id=self.session_id, prompt=prompt)
        asked = self._tasks.spawn(f"task of {self._context.name}", self._outcome(request))
        try:
            await asyncio.wait({asked})
        except asyncio.CancelledError:
            await self._cancel(turn, asked)
            raise
        finally:
            if asked.done() and not asked.cancelled() and isinstance(answer := asked.result(), schema.PromptResponse):
                _count(turn, answer.usage)
        outcome = asked.result()
        if isinstance(outcome, ChainBotError):
            raise outcome
        return str(outcome.stop_reason)

    async def _outcome(self, request: schema.PromptRequest) -> schema.PromptResponse | ChainBotError:
        """Returned, not raised: a task that raises is reported as a bug."""
        try:
            return await self._channel.request("session_prompt", request, schema.PromptResponse)
        except ChainBotError as error:
            return error

    async def _cancel(self, turn: Turn, asked: asyncio.Task[schema.PromptResponse | ChainBotError]) -> None:
        """Let it end the task by itself, and end it where it does not."""
        turn.end()
        self.signal(signal.SIGCONT)  # one that is held hears nothing
        await self._channel.notify("session_cancel", schema.CancelNotification(session_id=self.session_id), _SEND_SECONDS)
        await asyncio.wait({asked}, timeout=_CANCEL_SECONDS)
        if not asked.done():
            self._context.log.add("system", f"{self._channel.name} did not end the cancelled task; its process is ended.")
            await self.close()

    # Its end

    def signal(self, number: int) -> None:
        """To it and to the commands that it has run by us."""
        self._channel.signal(number)
        for pid in self._terminals.pids:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)

    async def close(self) -> None:
        """Leave nothing of it; may be called twice."""
        await self._channel.close()
        await self._terminals.release_all()


def _can_go_on(can: schema.AgentCapabilities) -> bool:
    resumes = can.session_capabilities is not None and can.session_capabilities.resume is not None
    return resumes or bool(can.load_session)


def _count(turn: Turn, used: schema.Usage | None) -> None:
    if used is not None:
        cached = (used.cached_read_tokens or 0) + (used.cached_write_tokens or 0)
        turn.count(used.input_tokens + cached, used.output_tokens + (used.thought_tokens or 0))
