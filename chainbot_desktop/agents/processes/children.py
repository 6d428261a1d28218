"""Children of one agent: started without a shell, tied to our life, and stopped for good with all that they started."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import Mapping, Sequence
from pathlib import Path

from chainbot_desktop.agents.processes import families
from chainbot_desktop.agents.processes.child import Leader
from chainbot_desktop.agents.processes.environment import child_environment
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.processes.programs import find_program
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.tasks import Tasks

_log = logging.getLogger(__name__)

_READ_LIMIT = 1 << 16
_LOOK_SECONDS = (0.1, 0.5)
"""Between two looks at what still lives, the first and the longest. Each look reads all of /proc."""
_KILL_LOOK_SECONDS = 0.02
_KILL_SECONDS = 10.0
_DRAIN_SECONDS = 0.5
"""What a reader has to take the last output before the pipes are closed."""


class _Protocol(SubprocessStreamProtocol):
    """asyncio's own `wait` waits on Python 3.11 until the pipes are closed, which a grandchild may keep open for ever."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=_READ_LIMIT, loop=loop)
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()
        self.stirred = asyncio.Event()
        """Something happened that a stop wants to look at before its pause is over."""

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()
        self.stirred.set()

    def connection_lost(self, exc: Exception | None) -> None:
        # asyncio calls this also for stdin alone.
        super().connection_lost(exc)
        if self.exited.is_set():
            self.closed.set()


class ChildProcess:
    """See `Child`. Made by `Children.start`."""

    def __init__(
        self,
        host: ProcessHost,
        transport: asyncio.SubprocessTransport,
        protocol: _Protocol,
        mark: str,
        tasks: Tasks,
        unit: str,
    ) -> None:
        self._host = host
        self._transport = transport
        self._protocol = protocol
        self._mark = mark
        self._tasks = tasks
        self._unit = unit
        self._judging: asyncio.Task[bool] | None = None
        self._pid = transport.get_pid()
        process = families.process_of(self._pid)
        self._started = process.started if process is not None else None
        self.stdin = protocol.stdin
        self.stdout = protocol.stdout
        self.stderr = protocol.stderr
        self._kill_at = float("inf")
        self._stopping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def leader(self) -> Leader:
        return Leader(self._pid, self._started, self._mark)

    @property
    def confined(self) -> bool:
        return bool(self._unit)

    @property
    def gone(self) -> bool:
        """Whether `stop` came to its end: nothing is left of it."""
        stopping = self._stopping
        return stopping is not None and stopping.done() and not stopping.cancelled() and stopping.exception() is None

    async def wait(self) -> int:
        await self._protocol.exited.wait()
        code = self._transport.get_returncode()
        assert code is not None
        return code

    async def out_of_memory(self) -> bool:
        if await self.wait() != -signal.SIGKILL or not self._unit:
            return False
        if self._judging is None:
            self._judging = self._tasks.spawn(f"why process {self._pid} was killed", self._judge())
        return await asyncio.shield(self._judging)

    async def _judge(self) -> bool:
        return await asyncio.to_thread(self._host.scopes.out_of_memory, self._unit)

    async def stop(self, *, grace: float = 5.0) -> None:
        """See `Child`. Cancelling the caller does not keep the child alive; a second call can shorten the grace of the first."""
        kill_at = asyncio.get_running_loop().time() + grace
        if kill_at < self._kill_at:
            self._kill_at = kill_at
            self._protocol.stirred.set()
        if self._stopping is None or (self._stopping.done() and not self.gone):
            self._stopping = self._tasks.spawn(f"stop process {self._pid}", self._end())
        await asyncio.shield(self._stopping)

    async def _end(self) -> None:
        left = await self._family()
        if asyncio.get_running_loop().time() < self._kill_at:
            left = await self._ask(left)
        await self._kill(left)
        await self._protocol.exited.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self._protocol.closed.wait()
        self._transport.close()

    async def _ask(self, left: list[families.Process]) -> list[families.Process]:
        """Terminate, and wait until all are gone or the grace is over; who is left."""
        keepers = [process for process in left if families.keeps_others(process)]
        for process in left if len(keepers) == len(left) else [process for process in left if process not in keepers]:
            families.send(process, signal.SIGTERM)
            families.send(process, signal.SIGCONT)  # one that is held hears nothing
        pause = _LOOK_SECONDS[0]
        loop = asyncio.get_running_loop()
        while left and (remaining := self._kill_at - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(pause, remaining)):
                    await self._protocol.stirred.wait()
            self._protocol.stirred.clear()  # before the look: what stirs during it is worth another
            pause = min(pause * 1.5, _LOOK_SECONDS[1])
            left = await self._family()
        return left

    async def _kill(self, left: list[families.Process]) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + _KILL_SECONDS
        while left:
            await asyncio.to_thread(families.kill, left)
            await asyncio.sleep(_KILL_LOOK_SECONDS)
            left = await self._family()
            if left and loop.time() > end:
                pids = ", ".join(str(process.pid) for process in left)
                raise Unavailable(
                    f"The kernel does not end the processes {pids}.", hint="A device may hold them.", code="unkillable"
                )

    async def _family(self) -> list[families.Process]:
        return await self._host.family(self._pid, self._started, self._mark)


class Children:
    """See `ChildProcesses`."""

    def __init__(
        self, host: ProcessHost, tasks: Tasks, *, memory_mb: int | None = None, cpu_percent: int | None = None
    ) -> None:
        self._host = host
        self._tasks = tasks
        self._memory_mb = memory_mb
        self._cpu_percent = cpu_percent
        self._living: set[ChildProcess] = set()

    @property
    def leaders(self) -> Sequence[Leader]:
        return tuple(child.leader for child in self._living if not child.gone)

    async def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: bool = False,
        merge_stderr: bool = False,
    ) -> ChildProcess:
        if not arguments:
            raise Unavailable("There is no command to run.", code="no_program")
        limited = self._memory_mb is not None or self._cpu_percent is not None
        await self._host.prepare(scoped=limited)
        mark = self._host.next_mark()
        environment = child_environment(os.environ, env or {}, mark)
        program = await asyncio.to_thread(find_program, arguments[0], cwd, environment)
        unit = families.scope_of(mark)
        scope = self._host.scopes.prefix(unit, self._memory_mb, self._cpu_percent)
        command = self._host.tied([*scope, program, *arguments[1:]])
        transport, protocol = await self._spawn(command, cwd, environment, stdin=stdin, merge_stderr=merge_stderr)
        child = ChildProcess(self._host, transport, protocol, mark, self._tasks, unit if scope else "")
        self._living = {known for known in self._living if not known.gone} | {child}
        return child

    async def stop_all(self, *, grace: float = 5.0) -> None:
        children = tuple(self._living)
        results = await asyncio.gather(*(child.stop(grace=grace) for child in children), return_exceptions=True)
        self._living = {child for child in self._living if not child.gone}
        for result in results:
            if result is not None:
                raise result

    async def _spawn(
        self, command: Sequence[str], cwd: Path, environment: Mapping[str, str], *, stdin: bool, merge_stderr: bool
    ) -> tuple[asyncio.SubprocessTransport, _Protocol]:
        loop = asyncio.get_running_loop()
        try:
            return await loop.subprocess_exec(
                lambda: _Protocol(loop),
                *command,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if merge_stderr else subprocess.PIPE,
                cwd=cwd,
                env=environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            # Arguments too long, a zero byte in one, no process or descriptor left.
            reason = getattr(error, "strerror", None) or str(error)
            raise Unavailable(
                f"{command[-1] if len(command) < 2 else Path(command[0]).name}: {reason}.", code="no_process"
            ) from None
