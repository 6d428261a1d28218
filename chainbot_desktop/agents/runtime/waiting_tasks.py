"""Tasks that wait in an agent's queue and nobody has begun: they can still get other words, or be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.agents.runtime.run import LiveRun
from chainbot_desktop.agents.runtime.shared import RuntimeParts
from chainbot_desktop.agents.runtime.supervised import SupervisedAgent
from chainbot_desktop.core.errors import Conflict, NotFound
from chainbot_desktop.core.events import RunEdited
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.events.runs import RunEdit


class WaitingTasks:
    """Use on the loop's thread. `agents` are those of the runtime, by id."""

    def __init__(self, parts: RuntimeParts, agents: Mapping[str, SupervisedAgent]) -> None:
        self._parts = parts
        self._agents = agents

    async def edit(self, run_id: str, task: str, actor: Actor) -> None:
        """Whoever begins it from now on gets the new words. If the disk refuses them, the old ones stand, unless it has begun."""
        agent, run = await self._find(run_id)
        task = task.encode("utf-8", "replace").decode()
        before, body = run.row.task, task.encode()
        fact = RunEdit(
            run_id=run_id,
            agent_id=agent.row.id,
            agent_name=agent.row.name,
            parent_run_id=run.row.parent_id,
            depth=run.row.depth,
            size=len(body),
            sha256=sha256(body).hexdigest(),
        )
        event = RunEdited(source=RUNTIME_SOURCE, subject=agent.row.id, actor=actor, data=fact)
        run.row = replace(run.row, task=task)  # before anything is waited for: it may begin at any moment
        try:
            await self._parts.runs.set_task(run_id, task, event)
        except BaseException:
            if agent.waiting(run_id) is run:
                run.row = replace(run.row, task=before)
            raise

    async def take_back(self, run_id: str, reason: str) -> None:
        agent, _ = await self._find(run_id)
        await agent.drop(run_id, reason)

    async def _find(self, run_id: str) -> tuple[SupervisedAgent, LiveRun]:
        row = await self._parts.runs.get(run_id)
        if row is None:
            raise NotFound("There is no such run.")
        agent = self._agents.get(row.agent_id)
        run = agent.waiting(run_id) if agent is not None else None
        if agent is None or run is None:
            known = "has ended" if row.ended_at else "has begun"
            raise Conflict(
                f"This task {known} already: only one that waits can be changed.",
                hint="Send another message instead, or stop it." if not row.ended_at else "Send another message instead.",
                code="task_begun",
            )
        return agent, run
