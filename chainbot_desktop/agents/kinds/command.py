"""The kind `command`: a program under supervision. A test watcher, a build, a linter, a server; its output is a live log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from chainbot_desktop.agents.conversation_context import background, conversation_of, without_conversation
from chainbot_desktop.agents.kind import AgentConfig, AgentContext, KindInfo, Result, Run
from chainbot_desktop.agents.kinds.command_config import CommandConfig
from chainbot_desktop.agents.kinds.endings import ending
from chainbot_desktop.agents.kinds.running import RunningCommand, feed, plain, ready_watch
from chainbot_desktop.agents.kinds.schedules import Schedule, due_times
from chainbot_desktop.agents.kinds.secrets import secret_environment
from chainbot_desktop.agents.logs import Stream
from chainbot_desktop.agents.processes.lines import read_lines
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, Unavailable
from chainbot_desktop.core.ports import AgentCommand
from chainbot_desktop.core.tasks import Tasks

_LINES_OF_A_RESULT = 40
_STOP_SECONDS = 7.0
"""A run of the schedule that began this moment has its five seconds of grace too."""
_TASK_LIMIT = 100_000
"""Characters: the kernel takes 128 KB in one variable."""
_CONVERSATION_LIMIT = 24_000
"""The same, where a character may take four bytes and there is more besides."""


class CommandFailed(ChainBotError):
    """The command ran and did not end well."""

    code = "command_failed"
    http_status = 422


class CommandKind:
    def __init__(self, services: object) -> None:
        """It needs nothing of what the house shares."""

    @property
    def info(self) -> KindInfo:
        return KindInfo(
            "command", "Command", "Runs a program: always, at its times, or once for each task.", model_backed=False
        )

    @property
    def config_model(self) -> type[AgentConfig]:
        return CommandConfig

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        assert isinstance(config, CommandConfig)
        return {"command": " ".join(config.command)[:500]}

    def make(self, context: AgentContext, config: AgentConfig) -> CommandWorker:
        assert isinstance(config, CommandConfig)
        return CommandWorker(context, config)


class CommandWorker:
    def __init__(self, context: AgentContext, config: CommandConfig) -> None:
        self._context = context
        self._config = config
        self._tasks = Tasks()
        self._program = Path(config.command[0]).name
        self._service: RunningCommand | None = None
        self._current: RunningCommand | None = None
        self._one_at_a_time = asyncio.Lock()
        self._schedule: asyncio.Task[None] | None = None
        self._unpaused = asyncio.Event()
        self._unpaused.set()

    @property
    def pid(self) -> int | None:
        return self._current.child.pid if self._current is not None else None

    @property
    def serving(self) -> str | None:
        return self._current.last_line if self._current is not None else None

    @property
    def commands(self) -> tuple[AgentCommand, ...]:
        return ()

    async def start(self) -> None:
        if self._config.schedule is not None:
            self._schedule = self._tasks.spawn(f"schedule of {self._context.name}", self._keep_schedule(self._config.schedule))
        elif self._config.is_service:
            await self._start_service()

    async def execute(self, run: Run) -> Result:
        if self._config.is_service:
            raise Conflict(
                f"{self._context.name} runs {self._program} all the time and takes no tasks.",
                hint='With "mode": "task" it runs once for each.',
                code="takes_no_tasks",
            )
        task = run.row.task
        if len(task) > _TASK_LIMIT or "\0" in task:
            raise InvalidInput(f"A command takes a task of at most {_TASK_LIMIT:,} characters, without zero bytes.")
        environment = {"AGENT_TASK": task, "AGENT_RUN_ID": run.row.id}
        context = json.dumps(without_conversation(run.row.context), ensure_ascii=False, default=str)
        if len(context) <= _TASK_LIMIT:
            environment["AGENT_CONTEXT"] = context
        talk = conversation_of(run.row.context)
        if talk is not None and (words := background(talk, _CONVERSATION_LIMIT).replace("\0", "")):
            environment["AGENT_CONVERSATION"] = words
        async with self._one_at_a_time:
            run.step(f"Running {' '.join(self._config.command)[:200]}")
            return await self._once(environment, task, lambda lines: run.stream("\n".join(lines) + "\n"))

    async def pause(self) -> None:
        self._unpaused.clear()
        self._signal(signal.SIGSTOP)

    async def resume(self) -> None:
        self._signal(signal.SIGCONT)
        self._unpaused.set()

    async def ended(self) -> str:
        if self._service is None:
            await asyncio.get_running_loop().create_future()
        assert self._service is not None
        code = await self._service.code()
        self._current = None
        last = self._service.last_line
        sentence = ending(self._program, code, out_of_memory=await self._service.child.out_of_memory())
        self._context.log.add("system", sentence)
        return "" if code == 0 else f"{sentence} Its last line: {last[:300]}" if last else sentence

    async def stop(self) -> None:
        self._unpaused.set()
        if self._schedule is not None:
            self._schedule.cancel()  # before its child is stopped: it would start the next
        running = self._current or self._service
        if running is not None:
            await running.child.stop()
        await self._tasks.cancel_all(_STOP_SECONDS)
        self._current = None

    # A service

    async def _start_service(self) -> None:
        ready = asyncio.get_running_loop().create_future()
        watch = ready_watch(self._config.ready, ready) if self._config.ready else None
        running = self._service = await self._launch({}, watch)
        if watch is None:
            return
        over = self._tasks.spawn(f"end of {self._context.name}", running.code())
        try:
            async with asyncio.timeout(self._config.ready_seconds):
                await asyncio.wait((ready, over), return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                raise self._too_early(running, over.result())
            ready.result()
        except TimeoutError:
            await running.child.stop()
            raise Unavailable(
                f"{self._program} was not ready after {self._config.ready_seconds:g} s.",
                hint=f"No line of its output matched {self._config.ready!r}.",
                code="not_ready",
            ) from None
        except InvalidInput:
            await running.child.stop()
            raise
        finally:
            over.cancel()

    def _too_early(self, running: RunningCommand, code: int) -> Unavailable:
        hint = f"Its last line: {running.last_line[:300]}" if running.last_line else "It printed nothing."
        self._current = None
        return Unavailable(f"{ending(self._program, code)[:-1]} before it was ready.", hint=hint, code="not_ready")

    # Once

    async def _once(
        self, environment: Mapping[str, str], task: str, told: Callable[[Sequence[str]], None] | None = None
    ) -> Result:
        begun = time.monotonic()
        running = await self._launch(environment, told, task if self._config.stdin else None)
        try:
            code = await running.code()
            out_of_memory = await running.child.out_of_memory()
        finally:
            # Also what it left behind, and all of it when the task is cancelled.
            await running.child.stop()
            self._current = None
        seconds = time.monotonic() - begun
        sentence = ending(self._program, code, out_of_memory=out_of_memory)
        self._context.log.add("system", sentence)
        if code != 0:
            raise CommandFailed(sentence, hint=running.last_line[:300])
        lines = list(running.last)
        shown = "\n".join(plain(line) for line in lines).replace("```", "'''")
        text = f"{sentence[:-1]} after {seconds:.1f} s." + (f"\n\n```\n{shown}\n```" if lines else " It printed nothing.")
        return Result(text, {"exit_code": code, "seconds": round(seconds, 3), "last_lines": lines})

    async def _launch(
        self, environment: Mapping[str, str], told: Callable[[Sequence[str]], None] | None, given: str | None = None
    ) -> RunningCommand:
        config = self._config
        cwd = self._context.workspace / (config.cwd.expanduser() if config.cwd is not None else "")
        env = {**config.env, **await asyncio.to_thread(secret_environment, self._context, config.secret_env), **environment}
        child = await self._context.children.start(config.command, cwd=cwd, env=env, stdin=given is not None)
        self._context.log.add("system", f"Started {' '.join(config.command)[:500]} as process {child.pid}.")
        last: deque[str] = deque(maxlen=_LINES_OF_A_RESULT)
        readers = [
            self._tasks.spawn(f"{name} of {self._context.name}", read_lines(stream, self._tell(name, last, told)))
            for name, stream in (("out", child.stdout), ("err", child.stderr))
            if stream is not None
        ]
        if given is not None:
            self._tasks.spawn(f"input of {self._context.name}", feed(child, given))
        self._current = RunningCommand(child, readers, last)
        if not self._unpaused.is_set():
            self._signal(signal.SIGSTOP)
        return self._current

    def _tell(
        self, name: str, last: deque[str], told: Callable[[Sequence[str]], None] | None
    ) -> Callable[[Sequence[str]], None]:
        stream: Stream = "err" if name == "err" else "out"

        def tell(lines: Sequence[str]) -> None:
            self._context.log.add(stream, "\n".join(lines))
            last.extend(lines)
            if told is not None:
                told(lines)

        return tell

    def _signal(self, number: int) -> None:
        # The leader is not collected before `code` returns, so its number cannot belong to another group.
        if self._current is not None:
            try:
                os.killpg(self._current.child.pid, number)
            except ProcessLookupError:
                return

    # At its times

    async def _keep_schedule(self, schedule: Schedule) -> None:
        async for _ in due_times(schedule):
            await self._unpaused.wait()
            async with self._one_at_a_time:
                try:
                    await self._once({}, "")
                except CommandFailed:
                    continue  # the log says so; the next time may be better
                except ChainBotError as error:
                    self._context.log.add("system", str(error))
