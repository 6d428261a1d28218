"""Agents that answer in conversations without a runtime: what each is to do is written into the task, and it streams for real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events.agents import RuntimeState
from chainbot_desktop.core.events.runs import Decision
from chainbot_desktop.core.ports import (
    LifeAction,
    TalkAgent,
    TalkContext,
    TalkDelivery,
    TalkOutcome,
    TalkQuestion,
    TalkRun,
    TalkUpdate,
)


@dataclass
class FakeRun:
    """A run as the test plays it: `say`, `step`, ... then `finish`."""

    id: str
    agent_id: str
    task: str
    conversation_id: str
    actor: str
    delivery: TalkDelivery
    outcome: asyncio.Future[TalkOutcome]
    on_change: Callable[[], None]
    context: TalkContext | None = None
    listeners: list[Callable[[TalkUpdate], None]] = field(default_factory=list)
    said: str = ""
    steered: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said += text
        self._tell("answer", text)

    def think(self, text: str) -> None:
        self._tell("thinking", text)

    def step(self, text: str) -> None:
        self._tell("step", text)

    def waits(self, what: str) -> None:
        self._tell("state", f"waiting for {what}")

    def sent(self, whither: str) -> None:
        self._tell("state", f"sent to {whither}")

    def goes_on(self) -> None:
        self._tell("state", "running")

    def finish(
        self, text: str | None = None, *, state: Any = "succeeded", reason: str = "", data: Mapping[str, Any] | None = None
    ) -> None:
        if not self.outcome.done():
            answer = (self.said if text is None else text) if state == "succeeded" else ""
            self._tell("end", state)
            self.outcome.set_result(TalkOutcome(self.id, state, answer, reason, data or {}))
            self.on_change()

    def _tell(self, kind: Any, text: str) -> None:
        for listener in tuple(self.listeners):
            listener(TalkUpdate(self.id, kind, text))


class FakeTalk:
    """Implements `core.ports.AgentTalk`. `play`, where it is set, is run as a task for each run that begins."""

    def __init__(self, *names: str) -> None:
        self.here: dict[str, TalkAgent] = {f"id-{name}": TalkAgent(f"id-{name}", name, "assistant", "idle") for name in names}
        self.runs: dict[str, FakeRun] = {}
        self.waiting: list[TalkQuestion] = []
        self.prepared: list[str] = []
        self.visitors: list[TalkAgent] = []
        self.begun: list[Callable[[TalkRun], None]] = []
        self.children: list[Callable[[TalkRun], None]] = []
        self.late: dict[str, list[TalkRun]] = {}
        """By run, those that began because what was said came too late for it."""
        self.done: list[tuple[str, ...]] = []
        self.spawned: list[tuple[str, str, dict[str, Any]]] = []
        self._listeners: list[Callable[[], None]] = []

    @property
    def last(self) -> FakeRun:
        return list(self.runs.values())[-1]

    def add(self, name: str, state: RuntimeState = "idle", **more: Any) -> None:
        self.here[f"id-{name}"] = TalkAgent(f"id-{name}", name, more.pop("kind", "assistant"), state, **more)
        self.tell()

    def agents(self) -> Sequence[TalkAgent]:
        return [self._now(agent) for agent in self.here.values()]

    def guests(self) -> Sequence[TalkAgent]:
        return list(self.visitors)

    def on_begun(self, listener: Callable[[TalkRun], None]) -> Callable[[], None]:
        self.begun.append(listener)
        return lambda: self.begun.remove(listener)

    def on_child(self, listener: Callable[[TalkRun], None]) -> Callable[[], None]:
        self.children.append(listener)
        return lambda: self.children.remove(listener)

    def kinds(self) -> Mapping[str, str]:
        return {"assistant": "Assistant", "command": "Command"}

    def prepare(self, agent_id: str) -> None:
        self.prepared.append(agent_id)

    async def ask(
        self,
        agent_id: str,
        text: str,
        *,
        conversation_id: str,
        actor: str,
        delivery: TalkDelivery = "queue",
        context: TalkContext | None = None,
    ) -> str:
        agent = self.here[agent_id]
        if not agent.takes_tasks:
            raise Conflict(f"{agent.name} is a {agent.kind} agent: it takes no tasks.")
        if agent.state == "stopped":
            raise Conflict(f"{agent.name} is stopped.", hint="Restart it first.")
        await asyncio.sleep(0)
        working = self._working(agent_id)
        if working is not None and delivery == "between":
            working.steered.append(text)
            return working.id
        if working is not None and delivery == "interrupt":
            working.finish(state="cancelled", reason="A new message interrupted it.")
        future: asyncio.Future[TalkOutcome] = asyncio.get_running_loop().create_future()
        run = FakeRun(f"run-{len(self.runs) + 1}", agent_id, text, conversation_id, actor, delivery, future, self.tell, context)
        self.runs[run.id] = run
        self.tell()
        return run.id

    def follow(self, run_id: str, listener: Callable[[TalkUpdate], None]) -> Callable[[], None]:
        run = self.runs.get(run_id)
        if run is None or run.outcome.done():
            listener(TalkUpdate(run_id, "end", ""))
            return lambda: None
        if run.said:
            listener(TalkUpdate(run_id, "answer", run.said))
        run.listeners.append(listener)
        return lambda: run.listeners.remove(listener)

    async def outcome(self, run_id: str) -> TalkOutcome:
        if run_id not in self.runs:
            raise NotFound("There is no such run.")
        return await asyncio.shield(self.runs[run_id].outcome)

    async def following(self, run_id: str) -> Sequence[TalkRun]:
        return list(self.late.get(run_id, ()))

    async def cancel(self, run_id: str, *, actor: str) -> None:
        run = self.runs[run_id]
        if run.outcome.done():
            raise Conflict("This run has ended.")
        run.finish(state="cancelled", reason=f"Cancelled by {actor.partition(':')[2]}.")

    async def edit_queued(self, run_id: str, text: str, *, actor: str) -> None:
        self._waiting(run_id).task = text

    async def take_back(self, run_id: str, *, actor: str) -> None:
        self._waiting(run_id).finish(state="cancelled", reason=f"Taken back by {actor.partition(':')[2]}.")

    async def spawn(self, kind: str, name: str, config: Mapping[str, Any], *, actor: str) -> None:
        if any(agent.name == name for agent in self.here.values()):
            raise Conflict(f"There is an agent {name!r} already.", hint="Choose another name.")
        self.spawned.append((kind, name, dict(config)))
        self.add(name, "starting", kind=kind)

    async def act(self, agent_id: str, action: LifeAction, *, actor: str) -> None:
        self.done.append((action, self.here[agent_id].name, actor))

    async def stop_all(self, *, actor: str) -> tuple[Sequence[str], int]:
        working = [run for run in self.runs.values() if not run.outcome.done()]
        for run in working:
            run.finish(state="cancelled", reason="Stopped.")
        return [agent.name for agent in self.here.values()], len(working)

    async def questions(self) -> Sequence[TalkQuestion]:
        return list(self.waiting)

    async def decide(self, question: TalkQuestion, decision: Decision, *, answer: str = "", actor: str) -> None:
        if question not in self.waiting:
            raise Conflict("This request is denied already.", code="already_answered")
        if question.nonce != f"nonce-{question.id}":
            raise InvalidInput("The nonce is not that of this request.")
        self.waiting.remove(question)
        self.done.append((decision, question.id, answer, actor))

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def delegate(self, parent: FakeRun, agent_id: str, task: str) -> FakeRun:
        """A run that `parent` causes with a tool."""
        future: asyncio.Future[TalkOutcome] = asyncio.get_running_loop().create_future()
        run = FakeRun(f"run-{len(self.runs) + 1}", agent_id, task, "", f"agent:{parent.agent_id}", "queue", future, self.tell)
        self.runs[run.id] = run
        for listener in tuple(self.children):
            listener(TalkRun(run.id, "", agent_id, "2026-01-01T00:00:00Z", parent.id, task))
        return run

    def _waiting(self, run_id: str) -> FakeRun:
        run = self.runs[run_id]
        if run.outcome.done() or self._working(run.agent_id) is run:
            raise Conflict("This task has begun already.", code="task_begun")
        return run

    def _working(self, agent_id: str) -> FakeRun | None:
        """The oldest run of the agent: the others wait for it."""
        return next((run for run in self.runs.values() if run.agent_id == agent_id and not run.outcome.done()), None)

    def _now(self, agent: TalkAgent) -> TalkAgent:
        run = self._working(agent.id)
        return replace(agent, state="running", run_id=run.id) if run is not None and agent.state == "idle" else agent


def question(number: int, **more: Any) -> TalkQuestion:
    values = {"agent_name": "Ada", "title": "Run a command", "detail": "rm -r build", "is_question": False, **more}
    return TalkQuestion(str(number), f"nonce-{number}", **values)


class Refusal(ChainBotError):
    """What a test lets a fake refuse with."""
