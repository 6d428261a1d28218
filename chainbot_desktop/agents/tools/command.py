"""Running a command of the agent's: an argument vector, never a shell, confined where that works, bounded in time and output."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chainbot_desktop.agents.kind import AgentContext, Run
from chainbot_desktop.agents.processes.child import Child
from chainbot_desktop.agents.tools.patterns import Target
from chainbot_desktop.agents.tools.places import Place, Places
from chainbot_desktop.agents.tools.plan import Arguments, Plan, Refused, described, parsed
from chainbot_desktop.agents.tools.policy import NETWORK
from chainbot_desktop.agents.tools.sandbox import Sandbox, planted, uproot
from chainbot_desktop.agents.tools.secret_files import holds_secrets
from chainbot_desktop.agents.tools.shown import line, plain, quoted
from chainbot_desktop.agents.tools.tool import ToolFailed, ToolInfo
from chainbot_desktop.core.tasks import Tasks

SECRETS = "secrets"
"""What a command is judged as, besides itself, when an argument names a secrets file."""

_Argument = Annotated[str, StringConstraints(max_length=32_768, pattern=r"^[^\x00]*$")]
_ENVIRONMENT = {"PAGER": "cat", "GIT_PAGER": "cat", "TERM": "dumb", "NO_COLOR": "1"}
_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_AFTER_EXIT = 1.0


class _CommandArguments(Arguments):
    command: tuple[_Argument, ...] = Field(
        min_length=1,
        max_length=1000,
        description="Program and arguments, one a string. No shell: no pipes, no $(), no globbing.",
    )
    cwd: str = Field(".", description="Folder to run it in, from the workspace.")
    timeout: float | None = Field(None, gt=0, le=86_400, description="Seconds after which it is killed.")
    network: bool = Field(False, description="Whether it needs the network.")


class RunCommand:
    def __init__(
        self, context: AgentContext, places: Places, sandbox: Sandbox, tasks: Tasks, timeout: float, output_limit: int
    ) -> None:
        self._context = context
        self._places = places
        self._sandbox = sandbox
        self._tasks = tasks
        self._timeout = timeout
        self._output_limit = output_limit

    @property
    def info(self) -> ToolInfo:
        return described("run_command", "Run a program in the workspace and tell its exit code and output.", _CommandArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_CommandArguments, arguments)
        if not wanted.command[0].strip():
            raise Refused("The command names no program.", rule="malformed")
        cwd = await asyncio.to_thread(self._places.readable, wanted.cwd)
        program = await self._sandbox.program()

        async def carry_out() -> str:
            return await self._run(wanted, cwd, program)

        where = "" if cwd.relative == Path() else f" in {cwd.shown}"
        return Plan(
            targets=_targets(wanted, cwd, confined=program is not None),
            title=line(f"Run {plain(wanted.command[0], kept='')}{where}{' with the network' if wanted.network else ''}"),
            detail=quoted(wanted.command),
            detail_kind="command",
            carry_out=carry_out,
            why="It asks for the network." if wanted.network else "",
            touches=_touches(wanted.network, confined=program is not None, fenced=self._sandbox.fenced),
            sandboxed=program is not None,
            scope=f"run:{quoted(wanted.command)} cwd:{cwd.shown} network:{wanted.network} sandboxed:{program is not None}",
        )

    async def _run(self, wanted: _CommandArguments, cwd: Place, program: str | None) -> str:
        vector = list(wanted.command)
        before: frozenset[Path] = frozenset()
        if program is not None:
            workspace = self._places.workspace
            before = await asyncio.to_thread(planted, workspace)
            vector = await asyncio.to_thread(self._sandbox.wrap, program, vector, workspace, cwd.real, network=wanted.network)
        seconds = min(wanted.timeout or self._timeout, self._timeout)
        child = await self._context.children.start(vector, cwd=cwd.real, env=_ENVIRONMENT, merge_stderr=True)
        output = _Output(self._output_limit)
        reading = self._tasks.spawn(f"output of a command of {self._context.agent_id}", self._read(child, output))
        try:
            async with asyncio.timeout(seconds):
                code = await child.wait()
                await asyncio.wait({reading}, timeout=_AFTER_EXIT)  # what it left running may hold the pipe
        except TimeoutError:
            await child.stop(grace=2.0)
            raise ToolFailed(f"It was killed: it did not end within {seconds:g} s. Its output:\n{output.text()}") from None
        finally:
            await child.stop(grace=2.0)
            reading.cancel()
            if program is not None:
                await asyncio.to_thread(uproot, self._places.workspace, before)
        ended = f"exit code {code}" if code >= 0 else f"killed by signal {-code}"
        return f"[{ended}]\n{output.text()}"

    async def _read(self, child: Child, output: _Output) -> None:
        if child.stdout is None:
            raise RuntimeError("a command without standard output")
        while chunk := await child.stdout.read(65_536):
            output.add(chunk)
            self._context.log.add("out", chunk.decode("utf-8", "replace"))


class _Output:
    """The beginning and the end of what was printed."""

    def __init__(self, limit: int) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._head_limit = limit * 2 // 3
        self._tail_limit = limit // 3
        self._lost = 0

    def add(self, chunk: bytes) -> None:
        room = self._head_limit - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:] if room > 0 else chunk
        surplus = len(self._tail) - self._tail_limit
        if surplus > 0:
            del self._tail[:surplus]
            self._lost += surplus

    def text(self) -> str:
        between = f"\n… {self._lost:,} bytes left out …\n".encode() if self._lost else b""
        text = (bytes(self._head) + between + bytes(self._tail)).decode("utf-8", "replace").replace("\r\n", "\n")
        return plain(_COLOURS.sub("", text)).rstrip()


def _targets(wanted: _CommandArguments, cwd: Place, *, confined: bool) -> tuple[Target, ...]:
    targets = [Target("command", wanted.command)]
    if wanted.network and confined:
        targets.append(Target("command", wanted.command, tool=NETWORK))
    if not cwd.inside:
        targets.append(cwd.target())
    if any(_names_secrets(argument) for argument in wanted.command):
        targets.append(Target("command", wanted.command, tool=SECRETS))
    return tuple(targets)


def _names_secrets(argument: str) -> bool:
    return any(holds_secrets(PurePath(part)) for part in re.split(r"[=:,;\s]", argument) if part)


def _touches(network: bool, *, confined: bool, fenced: bool) -> tuple[str, ...]:
    if not confined:
        return ("everything that you may touch", "the network")
    if not network:
        return ("the workspace",)
    # This kernel cannot keep it from the abstract sockets of X11 and the like, which come with the network.
    return ("the workspace", "the network") if fenced else ("the workspace", "the network", "your desktop session")
