"""Agents that run here, for every face of the house: panel, API, chat and other agents all go through these methods."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.agents.kind import AgentConfig, Delivery, KindInfo
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.processes.child import Leader
from chainbot_desktop.agents.runtime.budget import LimitReached, RunBudget
from chainbot_desktop.agents.runtime.kinds import Kinds
from chainbot_desktop.agents.runtime.live import AgentUsage, LiveAgent, RunListener, RunUpdate, StopReport
from chainbot_desktop.agents.runtime.reconcile import reconcile
from chainbot_desktop.agents.runtime.run import LiveRun, Said
from chainbot_desktop.agents.runtime.shared import RuntimeParts
from chainbot_desktop.agents.runtime.supervised import ENDED, SupervisedAgent
from chainbot_desktop.agents.runtime.waiting_tasks import WaitingTasks
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import AgentReconfigured, AgentRemoved, RunAccepted
from chainbot_desktop.core.events.agents import AgentName, Reconfiguration
from chainbot_desktop.core.events.envelope import SYSTEM, Actor
from chainbot_desktop.core.events.runs import RunAcceptance
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.ports import IdempotencyKey
from chainbot_desktop.store.agent_rows import AgentRow, RunQuery, RunRow

_log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
_BEATS_WITHOUT_PROCESS = 2
MAX_TASK_BYTES = 1024 * 1024
MAX_NAME = 200
CLOSED = "The program was closed."


class AgentService:
    """Use on the loop's thread, between `open` and `close`."""

    def __init__(self, kinds: Kinds, parts: RuntimeParts, *, beat_seconds: float = BEAT_SECONDS) -> None:
        self._kinds = kinds
        self._parts = parts
        self._beat_seconds = beat_seconds
        self._agents: dict[str, SupervisedAgent] = {}
        self._runs: dict[str, LiveRun] = {}
        self._listeners: Listeners[[str]] = Listeners()
        self._workings: Listeners[[str, int]] = Listeners()
        self._accepted: Listeners[[RunRow]] = Listeners()
        self._waiting_tasks = WaitingTasks(parts, self._agents)
        parts.ledger.on_spent(self._on_spent)
        self._beating: asyncio.Task[None] | None = None
        self._closing = False
        self.before_task: Callable[[LiveRun], Awaitable[None]] = _at_once
        """Awaited before a run is worked on: what its agent depends on has ended then. Set before `open`."""

    async def open(self) -> None:
        """Find out what became of what ran last, and start what shall run."""
        await self._parts.ledger.open()
        await self._parts.desk.open()
        await reconcile(self, self._parts, self._kinds)
        self._beating = self._parts.tasks.spawn("agents: heartbeat", self._beat())

    async def close(self) -> None:
        """Stop every agent; those that nobody stopped are wanted again at the next start."""
        self._closing = True
        if self._beating is not None:
            self._beating.cancel()
        await asyncio.gather(*(self._close_one(agent) for agent in self._agents.values()))
        await self._parts.desk.close()

    # What there is

    def kinds(self) -> Sequence[KindInfo]:
        return tuple(kind.info for kind in self._kinds)

    def config_schema(self, kind: str) -> dict[str, Any]:
        """The JSON schema of a kind's configuration."""
        return self._kinds.get(kind).config_model.model_json_schema()

    def check_config(self, kind: str, config: Mapping[str, Any]) -> None:
        """InvalidInput names the field that is wrong; NotFound where there is no such kind."""
        self._kinds.check(kind, config)

    def living(self) -> Sequence[LiveAgent]:
        """All that are defined here, stopped ones included, in the order in which they were made."""
        return tuple(agent.live() for agent in self._agents.values())

    def live(self, agent_id: str) -> LiveAgent | None:
        agent = self._agents.get(agent_id)
        return agent.live() if agent is not None else None

    def usage(self, agent_id: str) -> AgentUsage | None:
        """What it used of models; None where it does not run here."""
        agent = self._agents.get(agent_id)
        return agent.usage() if agent is not None else None

    def leaders(self) -> Mapping[str, Sequence[Leader]]:
        """The child processes of those that have any."""
        return {agent_id: leaders for agent_id, agent in self._agents.items() if (leaders := agent.leaders)}

    def definition(self, agent_id: str) -> AgentRow:
        return self._get(agent_id).row

    def folder(self, agent_id: str) -> Path:
        """Where it works; may not exist."""
        return self._get(agent_id).folder

    def log(self, agent_id: str) -> AgentLog:
        return self._get(agent_id).log

    def on_change(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener` with the id of an agent whenever `live` answers something else of it. Often: coalesce."""
        return self._listeners.add(listener)

    def on_work(self, listener: Callable[[str, int], None]) -> Callable[[], None]:
        """Call `listener` with the id of an agent and how many log lines it wrote, or pieces of an answer it streamed. Very often."""
        return self._workings.add(listener)

    def on_accepted(self, listener: Callable[[RunRow], None]) -> Callable[[], None]:
        """Call `listener` with each new run when it is on the disk, before its agent can begin it."""
        return self._accepted.add(listener)

    # Life

    async def spawn(
        self,
        kind: str,
        name: str,
        config: Mapping[str, Any],
        *,
        actor: Actor,
        agent_id: str = "",
        key: IdempotencyKey | None = None,
    ) -> str:
        """Make an agent and start it; its id. It is "starting" on return, and the event is on the disk under `key`."""
        self._refuse_when_closing()
        checked = self._kinds.check(kind, config)
        name = _checked_name(name)
        self._refuse_taken(name, agent_id)
        running = sum(1 for agent in self._agents.values() if agent.alive)
        most = self._parts.settings.max_agents
        if running >= most:
            raise LimitReached(
                f"{running} agents run already, and {most} are allowed.",
                hint="Stop one, or raise agents.max_agents in the settings.",
            )
        row = AgentRow(agent_id or new_id(), name, kind, _plain(checked), utc_now())
        agent = SupervisedAgent(row, self._kinds.get(kind), checked, self._parts, self)
        self._agents[row.id] = agent
        try:
            event = agent.begins(actor)
            await self._parts.agents.save(agent.row, event, key)
        except BaseException:
            del self._agents[row.id]
            raise
        agent.start()
        self.changed(row.id)
        return row.id

    async def stop(self, agent_id: str, *, actor: Actor) -> None:
        """Returns when nothing of it is left: terminated, and after 5 s killed."""
        await self._end(agent_id, f"Stopped by {_who(actor)}.", actor, kill=False)

    async def kill(self, agent_id: str, *, actor: Actor) -> None:
        """As `stop`, without asking its processes."""
        await self._end(agent_id, f"Killed by {_who(actor)}.", actor, kill=True)

    async def restart(self, agent_id: str, *, actor: Actor) -> None:
        """End what lives and begin anew with the same definition; tasks that wait for it go on waiting."""
        agent = self._get(agent_id)
        self._refuse_when_closing()
        async with agent.changing:
            await agent.end_life(f"Restarted by {_who(actor)}.")
            await self._begin(agent, actor)

    async def pause(self, agent_id: str, *, actor: Actor) -> None:
        agent = self._get(agent_id)
        async with agent.changing:
            if agent.state not in ("idle", "running", "waiting"):
                raise Conflict(f"{agent.row.name} is {agent.state}: it cannot be paused.")
            agent.log.add("system", f"Paused by {_who(actor)}.")
            await agent.pause()

    async def resume(self, agent_id: str, *, actor: Actor) -> None:
        agent = self._get(agent_id)
        async with agent.changing:
            if agent.state != "paused":
                raise Conflict(f"{agent.row.name} is {agent.state}, not paused.")
            agent.log.add("system", f"Resumed by {_who(actor)}.")
            await agent.resume()

    async def remove(self, agent_id: str, *, actor: Actor) -> None:
        """Stop it and forget its definition, log and folder; its runs stay in the journal."""
        agent = self._get(agent_id)
        async with agent.changing:
            if agent.alive:
                await agent.end_life(f"Removed by {_who(actor)}.")
                await agent.stopped("stopped", f"Removed by {_who(actor)}.", actor=actor)
            fact = AgentName(agent_id=agent_id, agent_name=agent.row.name)
            event = AgentRemoved(source=RUNTIME_SOURCE, subject=agent_id, actor=actor, data=fact)
            await self._parts.agents.remove(agent_id, event)
            self._agents.pop(agent_id, None)
            await asyncio.to_thread(agent.forget_folder)
        self.changed(agent_id)

    async def hot_swap(
        self,
        agent_id: str,
        *,
        actor: Actor,
        kind: str | None = None,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Another kind, model, persona or name under the same id, place, links and conversation. What waits for it waits on."""
        agent = self._get(agent_id)
        self._refuse_when_closing()
        before = agent.row
        new_kind = kind or before.kind
        checked = self._kinds.check(new_kind, config if config is not None else before.config)
        new_name = _checked_name(name) if name is not None else before.name
        self._refuse_taken(new_name, agent_id)
        row = replace(before, name=new_name, kind=new_kind, config=_plain(checked))
        async with agent.changing:
            lives = agent.alive
            if lives:
                await agent.end_life(f"Reconfigured by {_who(actor)}.")
            agent.reconfigure(
                replace(agent.row, name=row.name, kind=row.kind, config=row.config), self._kinds.get(new_kind), checked
            )
            await self._parts.agents.save(agent.row, self._reconfigured(before, agent, checked, actor))
            if lives:
                await self._begin(agent, actor)
        self.changed(agent_id)

    async def stop_all(self, *, actor: Actor) -> StopReport:
        """Stop every agent at once; what was stopped."""
        alive = [agent for agent in self._agents.values() if agent.alive]
        runs = sum(len(agent.queued) + (agent.run is not None) for agent in alive)
        outcomes = await asyncio.gather(*(self.stop(agent.row.id, actor=actor) for agent in alive), return_exceptions=True)
        for agent, outcome in zip(alive, outcomes, strict=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Conflict):
                _log.error("%s could not be stopped: %s", agent.row.name, outcome)
        return StopReport(tuple((agent.row.id, agent.row.name) for agent in alive if not agent.alive), runs)

    # Tasks

    async def execute(  # noqa: PLR0913 - who gives the task, why and how is what the journal keeps of it
        self,
        agent_id: str,
        task: str,
        *,
        actor: Actor,
        context: Mapping[str, Any] | None = None,
        conversation_id: str = "",
        parent_run_id: str = "",
        delivery: Delivery = "queue",
        handed_over_by: str = "",
        key: IdempotencyKey | None = None,
    ) -> str:
        """Give an agent a task; the id of its run, which is on the disk, under `key`, on return.

        `handed_over_by` is the agent that had the task before.
        """
        agent = self._get(agent_id)
        self._refuse_when_closing()
        self._refuse_task(agent, task)
        parent = self._runs.get(parent_run_id)
        depth = parent.row.depth + 1 if parent is not None else 0
        if depth > self._parts.settings.max_depth:
            raise LimitReached(
                f"Agents may call agents {self._parts.settings.max_depth} deep, and this would be deeper.",
                hint="Let an agent nearer to the beginning ask.",
            )
        row = RunRow(
            id=new_id(),
            agent_id=agent_id,
            task=task.encode("utf-8", "replace").decode(),
            actor=actor,
            started_at=utc_now(),
            parent_id=parent_run_id,
            depth=depth,
            conversation_id=conversation_id,
            context=dict(context or {}),
        )
        run = await self._accept(agent, row, parent.budget if parent is not None else None, key, handed_over_by=handed_over_by)
        agent.enqueue(run, first=delivery == "interrupt")
        if not agent.alive:
            await agent.drop(row.id, f"{agent.row.name} ended before it could begin.")
        elif delivery == "interrupt":
            agent.steer(Said(task, actor), "interrupt")
        return row.id

    async def _accept(
        self,
        agent: SupervisedAgent,
        row: RunRow,
        parent: RunBudget | None,
        key: IdempotencyKey | None = None,
        *,
        handed_over_by: str = "",
    ) -> LiveRun:
        """The run, on the disk and not queued yet."""
        fact = RunAcceptance(
            run_id=row.id,
            agent_id=row.agent_id,
            agent_name=agent.row.name,
            parent_run_id=row.parent_id,
            depth=row.depth,
            handed_over_by=handed_over_by,
        )
        run = self._make_live(agent, row, parent)  # before anybody can read of it
        try:
            event = RunAccepted(source=RUNTIME_SOURCE, subject=row.agent_id, actor=row.actor, data=fact)
            await self._parts.runs.begin(row, event, key)
        except BaseException:
            self._runs.pop(row.id, None)
            raise
        self._accepted.tell(row)
        return run

    def take_on(self, agent: SupervisedAgent, row: RunRow) -> None:
        """Queue a run of an earlier life of the program."""
        agent.enqueue(self._make_live(agent, row, None))

    def _make_live(self, agent: SupervisedAgent, row: RunRow, parent: RunBudget | None) -> LiveRun:
        budget = RunBudget(row.agent_id, agent.config.limits, self._parts.ledger, parent, agent.unpaused)
        run = LiveRun(row, budget, self._parts.runs, agent.log, agent.on_run_change, agent.on_piece)
        self._runs[row.id] = run
        run.finished.add_done_callback(lambda _: self._runs.pop(row.id, None))
        return run

    async def message(
        self, agent_id: str, text: str, *, actor: Actor, delivery: Delivery = "between", conversation_id: str = ""
    ) -> str:
        """Tell an agent something; the id of the run that it reached, or that it began. If that run ends first, see `following`."""
        agent = self._get(agent_id)
        self._refuse_task(agent, text)
        if delivery == "between" and (run := agent.steer(Said(text, actor, conversation_id), delivery)) is not None:
            return run.row.id
        return await self.execute(agent_id, text, actor=actor, conversation_id=conversation_id, delivery=delivery)

    def prepare(self, agent_id: str) -> None:
        """Somebody is about to give it a task: what it offers may become known meanwhile. Costs nothing to call often."""
        agent = self._agents.get(agent_id)
        if agent is not None and not self._closing:
            agent.prepare()

    async def cancel_run(self, run_id: str, *, actor: Actor) -> None:
        row = await self.run(run_id)
        agent = self._agents.get(row.agent_id)
        if agent is None or not await agent.drop(run_id, f"Cancelled by {_who(actor)}."):
            raise Conflict(f"This run has ended ({row.state}).", code="run_ended")

    async def edit_queued(self, run_id: str, task: str, *, actor: Actor) -> None:
        """Other words for a task that waits. Conflict where it has begun."""
        _refuse_words(task)
        await self._waiting_tasks.edit(run_id, task, actor)

    async def take_back(self, run_id: str, *, actor: Actor) -> None:
        """End a task that waits; Conflict where it has begun."""
        await self._waiting_tasks.take_back(run_id, f"Taken back by {_who(actor)}.")

    async def run(self, run_id: str) -> RunRow:
        row = await self._parts.runs.get(run_id)
        if row is None:
            raise NotFound("There is no such run.")
        return row

    async def wait(self, run_id: str) -> RunRow:
        """The run when it has ended."""
        live = self._runs.get(run_id)
        return await asyncio.shield(live.finished) if live is not None else await self.run(run_id)

    async def following(self, run_id: str) -> list[RunRow]:
        """The runs of messages that reached a run too late, oldest first. They are there when `wait` for it returns."""
        return await self._parts.runs.following(run_id)

    async def runs_of(self, agent_id: str, limit: int = 100) -> list[RunRow]:
        """Newest first."""
        return await self._parts.runs.of_agent(agent_id, limit=limit)

    async def runs_listed(self, query: RunQuery) -> list[RunRow]:
        """Of all agents, newest first; task and result are cut short."""
        return await self._parts.runs.listed(query)

    def follow_run(self, run_id: str, listener: RunListener) -> Callable[[], None]:
        """Hear what a run does, from the answer so far on; a run that has ended says nothing but that, at once."""
        live = self._runs.get(run_id)
        if live is None:
            listener(RunUpdate(run_id, "end", ""))
            return _nothing
        return live.follow(listener)

    # Inside

    def adopt(self, row: AgentRow, config: AgentConfig) -> SupervisedAgent:
        """Take an agent of an earlier life of the program back in, without starting it."""
        agent = SupervisedAgent(row, self._kinds.get(row.kind), config, self._parts, self)
        self._agents[row.id] = agent
        return agent

    async def start_again(self, agent: SupervisedAgent) -> None:
        await self._begin(agent, SYSTEM)

    def changed(self, agent_id: str) -> None:
        self._listeners.tell(agent_id)

    def worked(self, agent_id: str, count: int) -> None:
        self._workings.tell(agent_id, count)

    def _on_spent(self, agent_id: str) -> None:
        if agent_id in self._agents:
            self.changed(agent_id)

    async def before_run(self, run: LiveRun) -> None:
        await self.before_task(run)

    async def came_too_late(self, run: LiveRun, messages: Sequence[Said]) -> None:
        """What a run could not take any more becomes a task of its own: nothing that was said is lost.

        Also of an agent that is being stopped: the task ends with its queue, and says why.
        """
        agent = self._agents[run.row.agent_id]
        for (actor, conversation_id), said in _by_origin(messages, run.row.conversation_id):
            row = RunRow(
                id=new_id(),
                agent_id=agent.row.id,
                task="\n\n".join(said).encode("utf-8", "replace").decode(),
                actor=actor,
                started_at=utc_now(),
                depth=run.row.depth,
                conversation_id=conversation_id,
                follows=run.row.id,
            )
            try:
                agent.enqueue(await self._accept(agent, row, None))
            except ChainBotError as error:  # the disk refuses
                agent.log.add("system", f"A message came too late for its task: {error}")

    def _get(self, agent_id: str) -> SupervisedAgent:
        agent = self._agents.get(agent_id)
        if agent is None:
            raise NotFound(
                f"No agent {agent_id!r} runs here.",
                hint="Guests and agents that webhooks tell of are run by others. GET /api/agents lists all.",
                code="no_such_agent",
            )
        return agent

    async def _begin(self, agent: SupervisedAgent, actor: Actor) -> None:
        event = agent.begins(actor)
        await self._parts.agents.save(agent.row, event)
        agent.start()

    async def _end(self, agent_id: str, reason: str, actor: Actor, *, kill: bool) -> None:
        agent = self._get(agent_id)
        if kill and agent.changing.locked() and agent.alive:
            await agent.end_life(reason, kill=True)  # a stop is under way and too slow for somebody
        async with agent.changing:
            if not agent.alive:
                if agent.state in ENDED:
                    raise Conflict(f"{agent.row.name} is {agent.state} already.", code="not_running")
                return
            await agent.end_life(reason, kill=kill)
            await agent.stopped("stopped", reason, actor=actor)

    async def _close_one(self, agent: SupervisedAgent) -> None:
        async with agent.changing:
            if agent.alive:
                await agent.end_life(CLOSED)
                await agent.stopped("stopped", CLOSED, wanted=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._beat_seconds)
            now = utc_now()
            alive = [agent for agent in self._agents.values() if agent.alive and agent.state not in ENDED]
            for agent in alive:
                agent.beat(now)
                await agent.keep_lease()
                await self._look_for_process(agent)
            if alive:
                try:
                    await self._parts.agents.beat([agent.row.id for agent in alive], now)
                except ChainBotError as error:
                    _log.warning("the heartbeat of the agents could not be kept: %s", error)

    async def _look_for_process(self, agent: SupervisedAgent) -> None:
        """A worker whose process is gone and who has not noticed has failed, whatever it said last."""
        lease = agent.row.lease
        if lease is None or await asyncio.to_thread(self._parts.leases.alive, lease):
            agent.beats_without_process = 0
            return
        agent.beats_without_process += 1
        if agent.beats_without_process < _BEATS_WITHOUT_PROCESS or agent.changing.locked():
            return
        async with agent.changing:
            reason = f"Its process {lease.pid} is gone."
            await agent.end_life(reason)
            await agent.stopped("failed", reason)

    def _reconfigured(self, before: AgentRow, agent: SupervisedAgent, config: AgentConfig, actor: Actor) -> AgentReconfigured:
        row = agent.row
        described = agent.kind.describe(config)
        changed = [key for key in ("name", "kind") if getattr(row, key) != getattr(before, key)]
        changed += sorted(key for key in {*row.config, *before.config} if row.config.get(key) != before.config.get(key))
        fact = Reconfiguration(
            agent_id=row.id,
            agent_name=row.name,
            agent_type=row.kind,
            model=described.get("model", ""),
            persona=described.get("persona", ""),
            changed=tuple(changed),
        )
        return AgentReconfigured(source=RUNTIME_SOURCE, subject=row.id, actor=actor, data=fact)

    def _refuse_task(self, agent: SupervisedAgent, task: str) -> None:
        _refuse_words(task)
        if not agent.kind.info.takes_tasks:
            raise Conflict(f"{agent.row.name} is a {agent.row.kind} agent: it takes no tasks.")
        if not agent.alive or agent.state in ENDED or agent.state == "stopping":
            raise Conflict(f"{agent.row.name} is {agent.state}.", hint="Restart it first.", code="not_running")
        if len(agent.queued) >= self._parts.settings.max_queue:
            raise LimitReached(f"{len(agent.queued)} tasks wait for {agent.row.name} already.", hint="Wait, or stop it.")

    def _refuse_taken(self, name: str, agent_id: str) -> None:
        for agent in self._agents.values():
            if agent.row.name.casefold() == name.casefold() and agent.row.id != agent_id:
                raise Conflict(f"There is an agent {agent.row.name!r} already.", hint="Choose another name.", code="name_taken")

    def _refuse_when_closing(self) -> None:
        if self._closing:
            raise Conflict("The program is stopping.", code="stopping")


def _refuse_words(task: str) -> None:
    if not task.strip():
        raise InvalidInput("The task is empty.")
    if len(task.encode("utf-8", "replace")) > MAX_TASK_BYTES:
        raise InvalidInput(f"The task has more than {MAX_TASK_BYTES} bytes.", hint="Put it into a file of the workspace.")


def _plain(config: AgentConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", exclude_unset=True)


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidInput(f"An agent's name has 1 to {MAX_NAME} printable characters.", code="invalid_name")
    return name


def _by_origin(messages: Sequence[Said], conversation_id: str) -> Iterable[tuple[tuple[Actor, str], list[str]]]:
    """Texts by who said them and where (without a place, in `conversation_id`), in the order in which each first spoke."""
    found: dict[tuple[Actor, str], list[str]] = {}
    for said in messages:
        found.setdefault((said.actor, said.conversation_id or conversation_id), []).append(said.text)
    return found.items()


def _who(actor: Actor) -> str:
    return actor.partition(":")[2] or actor


def _nothing() -> None:
    return


async def _at_once(_: LiveRun) -> None:
    return
