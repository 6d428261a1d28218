"""A house with agents that talk: what they are told comes back with their name, when they are let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.kind import AgentConfig, AgentContext, KindInfo, Result, Run
from chainbot_desktop.agents.kinds.in_process import InProcessWorker
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import AgentMessageDelivered
from chainbot_desktop.store.agents import AgentMessageTable
from chainbot_desktop.store.coordinations import CoordinationTable
from tests.helpers.agent_events import guest_appeared, spawned
from tests.helpers.agent_house import AgentHouse, open_agent_house

ME = "user:me"


class TalkerConfig(AgentConfig):
    fails: str = ""
    model: str = ""


class TalkerWorker(InProcessWorker):
    """A task with HOLD in it waits until `release`; what it was told meanwhile is added to the answer."""

    def __init__(self, context: AgentContext, config: TalkerConfig) -> None:
        self._name = context.name
        self._config = config
        self.release = asyncio.Event()

    async def start(self) -> None:
        return

    async def execute(self, run: Run) -> Result:
        if self._config.fails:
            raise ChainBotError(self._config.fails)
        if "HOLD" in run.row.task:
            run.stream("so far so good")
            await self.release.wait()
        return Result("\n".join([f"{self._name} says: {run.row.task}", *run.take_messages()]))


class TalkerKind:
    """Implements `AgentKind`."""

    config_model: type[AgentConfig] = TalkerConfig

    def __init__(self, name: str, *, model_backed: bool, takes_tasks: bool = True) -> None:
        self.info = KindInfo(name, name, "Talks.", model_backed, "never", takes_tasks)
        self.workers: dict[str, TalkerWorker] = {}

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        return {}

    def make(self, context: AgentContext, config: AgentConfig) -> TalkerWorker:
        assert isinstance(config, TalkerConfig)
        return self.workers.setdefault(context.agent_id, TalkerWorker(context, config))


@dataclass
class TalkHouse:
    house: AgentHouse
    entanglements: Entanglements
    kinds: tuple[TalkerKind, ...]

    async def agent(self, name: str, kind: str = "talker", **config: str) -> str:
        """An agent that is idle, whose id is its name in small letters."""
        agent_id = await self.house.service.spawn(kind, name, config, actor=ME, agent_id=name.lower())
        await self.house.becomes(agent_id, "idle")
        return agent_id

    async def foreign(self, agent_id: str) -> str:
        """An agent that a webhook tells of."""
        await self.house.store.journal.append(spawned(agent_id))
        return agent_id

    async def guest(self, agent_id: str) -> str:
        await self.house.store.journal.append(guest_appeared(agent_id))
        return agent_id

    async def hold(self, agent_id: str) -> str:
        """Keep the agent at work until `release`; its run."""
        run_id = await self.house.service.execute(agent_id, "HOLD", actor=ME)
        await self.house.until(agent_id, lambda live: live.run_id == run_id)
        return run_id

    def release(self, agent_id: str) -> None:
        next(kind.workers[agent_id] for kind in self.kinds if agent_id in kind.workers).release.set()

    async def answer(self, agent_id: str) -> str:
        """The result of the agent's newest run, when it has ended."""
        newest = (await self.house.service.runs_of(agent_id))[0]
        return (await self.house.service.wait(newest.id)).result


@asynccontextmanager
async def open_talk_house(folder: Path, *, opened: bool = True) -> AsyncIterator[TalkHouse]:
    kinds = (
        TalkerKind("talker", model_backed=True),
        TalkerKind("plain", model_backed=False),
        TalkerKind("mute", model_backed=False, takes_tasks=False),
    )
    async with open_agent_house(folder, kinds=kinds, opened=opened) as house:
        table = AgentMessageTable(house.store.database, house.store.journal)
        shared_work = CoordinationTable(house.store.database, house.store.journal)
        entanglements = Entanglements(
            house.directory,
            house.store.journal,
            table,
            shared_work,
            house.tasks,
            lambda: house.service,
            house.store.bus,
            house.store.blobs,
        )
        entanglements.open()
        house.service.before_task = entanglements.before_task
        if not opened:
            await house.service.open()
        await entanglements.take_up()
        try:
            yield TalkHouse(house, entanglements, kinds)
        finally:
            await entanglements.close()
            assert house.failures == []


def heard(house: AgentHouse, into: list[AgentMessageDelivered]) -> Callable[[], None]:
    """Collect the events of messages."""
    subscription = house.store.bus.subscribe(lambda recorded: into.append(recorded.event), AgentMessageDelivered)
    return subscription.cancel
