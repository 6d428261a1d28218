"""The runtime of agents on a real store, with a kind of agent that does what its task says."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.kind import AgentConfig, AgentContext, AgentKind, KindInfo, Limits, Result, Run, Usage, Worker
from chainbot_desktop.agents.processes.child import Child, ChildProcesses, Leader
from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.agents.runtime.kinds import Kinds
from chainbot_desktop.agents.runtime.live import LiveAgent
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.agents.runtime.shared import Leases, RuntimeParts
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ports import AgentCommand
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import ApprovalRow
from chainbot_desktop.store.agents import AgentTable, RunTable, UsageTable
from chainbot_desktop.store.approvals import ApprovalTable
from tests.helpers.stores import Store, open_store


class ScriptedConfig(AgentConfig):
    model: str = "scripted"
    fails_to_start: str = ""
    ends_with: str | None = None
    """It ends by itself as soon as it is told "end", with this reason."""


class ScriptedWorker:
    """Its task is a word: say, wait, forever, bug, fail, ask, end, spend N."""

    def __init__(self, context: AgentContext, config: ScriptedConfig) -> None:
        self._context = context
        self._config = config
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.release = asyncio.Event()
        self.stops = 0
        self.paused = False

    @property
    def pid(self) -> int | None:
        return None

    @property
    def serving(self) -> str | None:
        return None

    @property
    def commands(self) -> tuple[AgentCommand, ...]:
        return ()

    async def start(self) -> None:
        if self._config.fails_to_start:
            raise ChainBotError(self._config.fails_to_start)

    async def execute(self, run: Run) -> Result:
        word, rest = [*re.split(r"\s", run.row.task, maxsplit=1), ""][
            :2
        ]  # what it is told of a shared task is on lines of its own
        steps: Mapping[str, Callable[[Run, str], Any]] = {
            "say": self._say,
            "wait": self._wait,
            "forever": self._forever,
            "bug": self._bug,
            "fail": self._fail,
            "ask": self._ask,
            "end": self._end,
            "spend": self._spend,
            "spend_and_wait": self._spend_and_wait,
        }
        return Result(await steps[word](run, rest))

    async def pause(self) -> None:
        self.paused = True

    async def resume(self) -> None:
        self.paused = False

    async def ended(self) -> str:
        return await asyncio.shield(self._ended)

    async def stop(self) -> None:
        self.stops += 1

    async def _say(self, run: Run, text: str) -> str:
        for word in text.split():
            run.stream(word + " ")
            await asyncio.sleep(0)
        return text

    async def _wait(self, run: Run, _: str) -> str:
        run.step("waiting to be released")
        await self.release.wait()
        return " ".join(["released", *run.take_messages()])

    async def _forever(self, _run: Run, _: str) -> str:
        await asyncio.Event().wait()
        return ""

    async def _bug(self, _run: Run, _: str) -> str:
        raise KeyError("a bug")

    async def _fail(self, _run: Run, text: str) -> str:
        raise ChainBotError(text, hint="Try another word.")

    async def _ask(self, run: Run, text: str) -> str:
        await run.save_history(b"asked")
        draft = ApprovalDraft("call-1", "run_command", "Run a command", text, "command", scope="run_command")
        done = run.waits_for("your approval")
        verdict = await self._context.approvals.ask(run.row.id, draft)
        done()
        return f"approved {verdict.approved} {verdict.answer}".strip()

    async def _end(self, _run: Run, _: str) -> str:
        self._ended.set_result(self._config.ends_with or "")
        await asyncio.Event().wait()
        return ""

    async def _spend(self, run: Run, tokens: str) -> str:
        await run.budget.reserve(int(tokens))
        await run.budget.spend(Usage("scripted", int(tokens), 0, 0.01))
        return "spent"

    async def _spend_and_wait(self, run: Run, tokens: str) -> str:
        await self._spend(run, tokens)
        run.step("spent")
        return await self._wait(run, "")


class ScriptedKind:
    """Implements `AgentKind`; keeps its workers for a test to look at."""

    info = KindInfo("scripted", "Scripted", "Does what its task says.", model_backed=True, default_restart="never")
    config_model: type[AgentConfig] = ScriptedConfig

    def __init__(self) -> None:
        self.workers: list[ScriptedWorker] = []

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        assert isinstance(config, ScriptedConfig)
        return {"model": config.model}

    def make(self, context: AgentContext, config: AgentConfig) -> ScriptedWorker:
        assert isinstance(config, ScriptedConfig)
        worker = ScriptedWorker(context, config)
        self.workers.append(worker)
        return worker


class LateKind:
    """The assistant's place among the kinds before what it needs is there."""

    def __init__(self) -> None:
        self._kind: AgentKind | None = None

    def become(self, kind: AgentKind) -> None:
        self._kind = kind

    @property
    def info(self) -> KindInfo:
        return self._kind.info if self._kind is not None else KindInfo("assistant", "", "", model_backed=True)

    @property
    def config_model(self) -> type[AgentConfig]:
        return self.there.config_model

    @property
    def there(self) -> AgentKind:
        assert self._kind is not None
        return self._kind

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        return self.there.describe(config)

    def make(self, context: AgentContext, config: AgentConfig) -> Worker:
        return self.there.make(context, config)


class NoChildren:
    """For agents without processes."""

    @property
    def leaders(self) -> Sequence[Leader]:
        return ()

    async def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: bool = False,
        merge_stderr: bool = False,
    ) -> Child:
        raise ChainBotError("This agent starts no processes.")

    async def stop_all(self, *, grace: float = 5.0) -> None:
        return


@dataclass
class AgentHouse:
    store: Store
    directory: AgentDirectory
    service: AgentService
    desk: ApprovalDesk
    tasks: Tasks
    scripted: ScriptedKind
    failures: list[str] = field(default_factory=list)

    async def becomes(self, agent_id: str, state: str) -> LiveAgent:
        """Wait until the agent is in `state`."""
        return await self.until(agent_id, lambda live: live.state == state)

    async def at_work(self, run_id: str) -> None:
        """Wait until the table says that the task has begun: until then a kill finds it waiting, and it goes on."""
        async with asyncio.timeout(10):
            while (await self.service.run(run_id)).state != "running":
                await asyncio.sleep(0.01)

    async def killed(self) -> None:
        """Leave the tables as a kill would: agents are not stopped, runs not ended. The house is to be closed after it."""
        for agent in self.service._agents.values():
            await agent._journal.written()
            agent._journal._note = _forget  # type: ignore[method-assign,assignment]
            agent._finish = _end_nowhere  # type: ignore[method-assign]

    async def asked(self) -> ApprovalRow:
        """Wait for the one request that waits for a human."""
        async with asyncio.timeout(10):
            while not (found := await self.desk.pending()):
                await asyncio.sleep(0.01)
        [row] = found
        return row

    async def until(self, agent_id: str, holds: Callable[[LiveAgent], bool]) -> LiveAgent:
        changed = asyncio.Event()
        cancel = self.service.on_change(lambda _: changed.set())
        try:
            async with asyncio.timeout(10):
                while True:
                    live = self.service.live(agent_id)
                    if live is not None and holds(live):
                        return live
                    changed.clear()
                    await changed.wait()
        finally:
            cancel()


@asynccontextmanager
async def open_agent_house(
    folder: Path,
    *,
    settings: AgentsSettings | None = None,
    kinds: Sequence[AgentKind] = (),
    children: Callable[[Limits], ChildProcesses] = lambda _: NoChildren(),
    leases: Leases | None = None,
    beat_seconds: float = 0.05,
    workspace: Path | None = None,
    opened: bool = True,
) -> AsyncIterator[AgentHouse]:
    """Closed as the program closes it. Not `opened`: the test opens the service itself."""
    async with open_store(folder) as store:
        failures: list[str] = []
        tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
        directory = AgentDirectory(store.journal, store.bus, store.snapshots)
        await directory.open()
        chosen = settings or AgentsSettings()
        desk = ApprovalDesk(ApprovalTable(store.database, store.journal), tasks)
        scripted = ScriptedKind()
        parts = RuntimeParts(
            agents=AgentTable(store.database, store.journal),
            runs=RunTable(store.database, store.journal),
            ledger=Ledger(UsageTable(store.database), chosen),
            desk=desk,
            tasks=tasks,
            settings=chosen,
            children=children,
            leases=leases or Leases(lambda _: None, lambda _: False, lambda _: None),
            workspace=lambda: workspace or folder,
            private=folder / "agents",
            secret=os.environ.get,
        )
        service = AgentService(Kinds([scripted, *kinds]), parts, beat_seconds=beat_seconds)
        if opened:
            await service.open()
        try:
            yield AgentHouse(store, directory, service, desk, tasks, scripted, failures)
        finally:
            await service.close()
            await tasks.cancel_all()
            await directory.close()


def _forget(_: object) -> None:
    return


async def _end_nowhere(*_: object, **__: object) -> None:
    return
