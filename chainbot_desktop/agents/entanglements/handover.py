"""A task goes from one agent to another with its context and with what was answered so far."""

from __future__ import annotations

from contextlib import suppress

from chainbot_desktop.agents.entanglements.links import allows, source_of
from chainbot_desktop.agents.entanglements.people import Members
from chainbot_desktop.agents.runtime.live import RunUpdate
from chainbot_desktop.core.errors import Conflict, NotFound
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.store.agent_rows import OPEN_RUNS, RunRow

_SO_FAR = 60_000
"""Characters of what was answered so far that go along; of more, the newest."""


class Handovers:
    """Use on the loop's thread."""

    def __init__(self, members: Members) -> None:
        self._members = members

    async def hand_over(self, from_agent: str, to_agent: str, *, run_id: str = "", actor: Actor) -> str:
        """The id of the new run. Without `run_id` the one that is worked on now. An open run ends as soon as the other has it."""
        self._refuse(from_agent, to_agent, actor)
        row = await self._run(from_agent, run_id)
        so_far = self._so_far(row)
        task, name = row.task, self._members.name(from_agent)
        context = {**row.context, "handed_over_by": name, "handed_over_run": row.id}
        live = self._members.live(to_agent)
        if so_far and live is not None and self._members.kind(live).model_backed:
            task += f"\n\n{name} began this and handed it over. Its answer so far:\n\n{so_far}"
        elif so_far:
            context["answer_so_far"] = so_far
        new = await self._members.runtime.execute(
            to_agent,
            task,
            actor=actor,
            context=context,
            conversation_id=row.conversation_id,
            parent_run_id=row.parent_id,
            handed_over_by=from_agent,
        )
        if row.state in OPEN_RUNS:
            with suppress(Conflict, NotFound):  # it ended in this moment
                await self._members.runtime.cancel_run(row.id, actor=actor)
        return new

    def _refuse(self, from_agent: str, to_agent: str, actor: Actor) -> None:
        if from_agent == to_agent:
            raise Conflict("It has the task already.", code="same_agent")
        self._members.agent(from_agent)
        name = self._members.agent(to_agent).name
        reason = self._members.why_no_task(to_agent)
        if reason:
            raise Conflict(f"{name} cannot take it over. {reason}", code="cannot_take")
        if actor.startswith("agent:") and not self._directs(actor.removeprefix("agent:"), to_agent):
            raise Conflict("No control link lets this agent give the other a task.", code="not_entangled")

    def _directs(self, agent_id: str, other: str) -> bool:
        links = self._members.directory.entanglements_of(agent_id)
        return any(allows(k) and k.kind == "control" and source_of(k) == agent_id and other in k.agents for k in links)

    async def _run(self, agent_id: str, run_id: str) -> RunRow:
        if not run_id:
            live = self._members.live(agent_id)
            run_id = live.run_id if live is not None else ""
        if not run_id:
            raise Conflict(f"{self._members.name(agent_id)} works on nothing now.", hint="Name a run.", code="no_task")
        row = await self._members.runtime.run(run_id)
        if row.agent_id != agent_id:
            raise Conflict(f"This run is not one of {self._members.name(agent_id)}.", code="not_its_run")
        return row

    def _so_far(self, row: RunRow) -> str:
        if row.state not in OPEN_RUNS:
            return row.result[-_SO_FAR:]
        heard: list[str] = []

        def listen(update: RunUpdate) -> None:
            if update.kind == "answer":
                heard.append(update.text)

        self._members.runtime.follow_run(row.id, listen)()  # who follows is told at once what there is
        return "".join(heard)[-_SO_FAR:]
