"""Commands that a coding agent has run by us: judged as `run_command`, their output bounded, none left behind.

They are not confined, as the coding agent itself is not; the card says so.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.agents.kinds.coder.asking import require
from chainbot_desktop.agents.kinds.coder.command_lines import program_of, vector_of
from chainbot_desktop.agents.kinds.coder.errors import TurnOver
from chainbot_desktop.agents.kinds.coder.turn import Turn
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.processes.child import Child, ChildProcesses
from chainbot_desktop.agents.processes.lines import LineSplitter
from chainbot_desktop.agents.tools.shown import line, quoted
from chainbot_desktop.agents.tools.tool import Toolbox, ToolCall, ToolFailed
from chainbot_desktop.core.tasks import Tasks

OUTPUT_BYTES = 1024 * 1024
_AT_A_TIME = 16
_GRACE = 2.0
_AFTER_EXIT = 1.0
_CHUNK = 1 << 16
_FLOOD_PAUSE = 0.005


class Terminal:
    def __init__(self, child: Child, limit: int) -> None:
        self.child = child
        self._limit = limit
        self._kept = bytearray()
        self.truncated = False
        self.reading: asyncio.Task[None] | None = None
        self.code: int | None = None

    async def read(self, log: AgentLog) -> None:
        assert self.child.stdout is not None
        lines = LineSplitter()
        while chunk := await self.child.stdout.read(_CHUNK):
            self._kept += chunk
            if len(self._kept) > self._limit:
                del self._kept[: len(self._kept) - self._limit]
                self.truncated = True
            if told := lines.feed(chunk):
                log.add("out", "\n".join(told))
            if len(chunk) == _CHUNK:
                await asyncio.sleep(_FLOOD_PAUSE)  # the pipe then holds it back
        if told := lines.close():
            log.add("out", "\n".join(told))

    @property
    def output(self) -> str:
        """Its end, from a whole character on."""
        kept = bytes(self._kept)
        start = next((place for place in range(min(4, len(kept))) if kept[place] & 0xC0 != 0x80), 0) if self.truncated else 0
        return kept[start:].decode("utf-8", "replace")

    async def ended(self) -> int:
        self.code = await self.child.wait()
        if self.reading is not None:
            await asyncio.wait({self.reading}, timeout=_AFTER_EXIT)  # what it left running may hold the pipe
        return self.code


class Terminals:
    """Of one session."""

    def __init__(self, toolbox: Toolbox, children: ChildProcesses, log: AgentLog, tasks: Tasks, workspace: Path) -> None:
        self._toolbox = toolbox
        self._children = children
        self._log = log
        self._tasks = tasks
        self._workspace = workspace
        self._open: dict[str, Terminal] = {}
        self._last = 0

    async def create(
        self, turn: Turn, words: Sequence[str], env: Mapping[str, str], cwd: str | None, output_bytes: int | None
    ) -> str:
        """The id of the terminal. ToolFailed says why not."""
        if len(self._open) >= _AT_A_TIME:
            raise ToolFailed(f"There are {_AT_A_TIME} terminals already; release one first.")
        vector = vector_of(words)
        where = str(self._workspace / (cwd or "."))
        await self._judge(turn, vector, env, where)
        self._last += 1
        name = f"terminal-{self._last}"
        child = await self._children.start(vector, cwd=Path(where), env=env, merge_stderr=True)
        if turn.over:  # it ended while the program was started
            await child.stop(grace=0)
            raise TurnOver
        terminal = self._open[name] = Terminal(child, min(output_bytes or OUTPUT_BYTES, OUTPUT_BYTES))
        terminal.reading = self._tasks.spawn(f"output of {name}", terminal.read(self._log))
        self._tasks.spawn(f"end of {name}", terminal.ended())
        turn.step(f"Running {line(quoted(vector), 200)}")
        return name

    def get(self, name: str) -> Terminal:
        terminal = self._open.get(name)
        if terminal is None:
            raise ToolFailed(f"There is no terminal {line(name, 100)!r}.")
        return terminal

    async def kill(self, name: str) -> None:
        await self.get(name).child.stop(grace=_GRACE)

    async def release(self, name: str) -> None:
        terminal = self.get(name)
        del self._open[name]
        await terminal.child.stop(grace=_GRACE)

    async def release_all(self) -> None:
        released = tuple(self._open.values())
        self._open.clear()
        await asyncio.gather(*(terminal.child.stop(grace=_GRACE) for terminal in released))

    @property
    def pids(self) -> tuple[int, ...]:
        """Of those that run."""
        return tuple(terminal.child.pid for terminal in self._open.values() if terminal.code is None)

    async def _judge(self, turn: Turn, vector: Sequence[str], env: Mapping[str, str], cwd: str) -> None:
        call_id = turn.next_request()
        # A rule against the program counts, whatever stands before it.
        for bare in (program_of(vector), vector if env else None):
            if bare is None:
                continue
            judged = await self._toolbox.judge(_call(call_id, bare, cwd), turn.run)
            if judged.verdict == "deny":
                raise ToolFailed(judged.reason or "The policy does not allow it.", code="tool_denied")
        if env:  # variables can change what a program is, so they are part of what is judged
            vector = ["env", *(f"{name}={value}" for name, value in env.items()), *vector]
        await require(self._toolbox, turn, _call(call_id, vector, cwd), _unconfined)


def _call(call_id: str, vector: Sequence[str], cwd: str) -> ToolCall:
    return ToolCall(call_id, "run_command", {"command": list(vector), "cwd": cwd, "network": True})


def _unconfined(draft: ApprovalDraft) -> ApprovalDraft:
    return replace(draft, sandboxed=False, touches=("everything that you may touch", "the network"))


def exit_of(code: int | None) -> tuple[int | None, str | None]:
    """Exit code and signal, one of them, as the protocol has them."""
    if code is None or code >= 0:
        return code, None
    try:
        return None, signal.Signals(-code).name
    except ValueError:
        return None, str(-code)
