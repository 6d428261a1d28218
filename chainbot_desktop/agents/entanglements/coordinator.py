"""Carries out coordinations: gives each agent its part, takes in what comes of it, and has one answer made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from chainbot_desktop.agents.entanglements.coordination import Coordination, Part, in_order, merge_task, task_text
from chainbot_desktop.agents.entanglements.links import source_of
from chainbot_desktop.agents.entanglements.messages import Messages
from chainbot_desktop.agents.entanglements.people import Members
from chainbot_desktop.agents.records import Entanglement
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.tasks import Tasks

KEPT = 100
"""Coordinations that can be looked at after they ended. Their runs and answers are kept in the tables as well."""


class Coordinator:
    """Use on the loop's thread."""

    def __init__(self, members: Members, messages: Messages, tasks: Tasks) -> None:
        self._members = members
        self._messages = messages
        self._tasks = tasks
        self._known: dict[str, Coordination] = {}
        self._working: dict[str, asyncio.Task[None]] = {}
        self._listeners: Listeners[[Coordination]] = Listeners()

    def on_change(self, listener: Callable[[Coordination], None]) -> Callable[[], None]:
        return self._listeners.add(listener)

    async def close(self) -> None:
        """Let go of what is under way; the runs end with their agents."""
        for task in self._working.values():
            task.cancel()
        if self._working:
            await asyncio.wait(tuple(self._working.values()))

    def start(self, link: Entanglement, task: str, actor: Actor) -> Coordination:
        """Begin; the plan is made and nothing is given to anybody yet. Conflict where no agent can take a task."""
        if not task.strip():
            raise InvalidInput("The task is empty.")
        parts = self._plan(link)
        lead = source_of(link) if link.kind == "control" else ""
        if all(part.state == "skipped" for part in parts):
            who = "No agent of this entanglement" if link.id else "None of these agents"
            raise Conflict(f"{who} can take a task.", hint=parts[0].reason, code="nobody_can")
        found = Coordination(new_id(), link.id, task, actor, utc_now(), parts, lead if self._members.writes(lead) else "")
        self._remember(found)
        work = self._tasks.spawn(f"coordination {found.id}", self._work(found, link))
        self._working[found.id] = work
        work.add_done_callback(lambda _: self._working.pop(found.id, None))
        return found

    def get(self, coordination_id: str) -> Coordination:
        found = self._known.get(coordination_id)
        if found is None:
            raise NotFound("There is no such coordination.", hint="Those of an earlier start of the program are not kept.")
        return found

    def of_link(self, entanglement_id: str) -> list[Coordination]:
        """Newest first."""
        return [found for found in reversed(self._known.values()) if found.entanglement_id == entanglement_id]

    async def wait(self, coordination_id: str) -> Coordination:
        found = self.get(coordination_id)
        work = self._working.get(coordination_id)
        if work is not None:
            await asyncio.wait({work})
        return found

    async def cancel(self, coordination_id: str, actor: Actor) -> Coordination:
        """Stop what is under way; the answers that came stay."""
        found = self.get(coordination_id)
        if found.ended:
            raise Conflict(f"It has ended already ({found.state}).", code="coordination_ended")
        found.stopping = True
        for run_id in found.open_runs:
            with suppress(Conflict, NotFound):  # it ended in this moment
                await self._members.runtime.cancel_run(run_id, actor=actor)
        return await self.wait(coordination_id)

    def _plan(self, link: Entanglement) -> tuple[Part, ...]:
        """Who gets what. A lead that can write merges and takes no part of its own, if anybody else can."""
        directed = link.kind in ("control", "dependency")
        parts = []
        for place, agent_id in enumerate(link.agents):
            first = directed and place == 0
            role = (
                ("lead" if link.kind == "control" else "first")
                if first
                else ("then" if link.kind == "dependency" else "member")
            )
            part = Part(agent_id, self._members.name(agent_id), role, 1 if link.kind == "dependency" and place else 0)
            part.reason = self._members.why_no_task(agent_id)
            part.state = "skipped" if part.reason else "planned"
            parts.append(part)
        others = [part for part in parts[1:] if part.state == "planned"]
        if link.kind == "control" and others and self._members.writes(link.agents[0]):
            return tuple(parts[1:])
        return tuple(parts)

    async def _work(self, found: Coordination, link: Entanglement) -> None:
        await self._tell_guests(found, link)
        for stage in sorted({part.stage for part in found.parts}):
            due = [part for part in found.parts if part.stage == stage and part.state == "planned"]
            await asyncio.gather(*(self._carry_out(found, link, part) for part in due))
        done = [part for part in found.parts if part.state == "succeeded"]
        if done and not found.stopping:
            await self._merge(found, link, [part for part in found.parts if part.state in ("succeeded", "failed")])
        else:
            found.answer = in_order(done)
        found.state = "cancelled" if found.stopping else "succeeded" if done else "failed"
        found.ended_at = utc_now()
        self._listeners.tell(found)

    async def _tell_guests(self, found: Coordination, link: Entanglement) -> None:
        for part in found.parts:
            agent = self._members.directory.get(part.agent_id)
            if agent is None or not agent.guest or link.kind != "control":
                continue
            try:
                await self._messages.send(link, "", part.agent_id, found.task, actor=found.actor)
            except ChainBotError as error:
                part.reason = str(error)
                continue
            part.state, part.reason = "told", "It is a guest: what it answers does not come back here."

    async def _carry_out(self, found: Coordination, link: Entanglement, part: Part) -> None:
        if found.stopping:
            part.state = "cancelled"
            return
        part.state = "running"
        self._listeners.tell(found)
        try:
            await self._give(found, link, part)
            await self._take(found, link, part)
        except ChainBotError as error:
            part.state, part.reason = "failed", str(error)
        self._listeners.tell(found)

    async def _give(self, found: Coordination, link: Entanglement, part: Part) -> None:
        live = self._members.live(part.agent_id)
        text = task_text(found.task, part, found.parts, with_role=live is not None and self._members.kind(live).model_backed)
        context: dict[str, object] = {**_named(link), "coordination": found.id, "role": part.role}
        answers = {other.name: other.answer for other in found.parts if other.stage < part.stage and other.answer}
        if answers:
            context["answers"] = answers
        part.run_id = await self._members.runtime.execute(part.agent_id, text, actor=found.actor, context=context)
        await self._keep(link, "", part.agent_id, "task", text, found.actor, part.run_id)
        if found.stopping:  # it was cancelled before the run had an id
            with suppress(Conflict, NotFound):
                await self._members.runtime.cancel_run(part.run_id, actor=found.actor)

    async def _take(self, found: Coordination, link: Entanglement, part: Part) -> None:
        row = await self._members.runtime.wait(part.run_id)
        if row.state == "succeeded":
            part.answer = row.result
            await self._keep(link, part.agent_id, "", "answer", row.result, found.actor, part.run_id)
        part.state = "succeeded" if row.state == "succeeded" else "cancelled" if row.state == "cancelled" else "failed"
        part.reason = row.reason

    async def _keep(
        self, link: Entanglement, sender: str, recipient: str, kind: str, text: str, actor: Actor, run_id: str
    ) -> None:
        """What is said over a link is kept with it; agents that were chosen without one have no such place, only their runs."""
        if link.id:
            await self._messages.keep(link, sender, recipient, kind, text, actor, run_id)

    async def _merge(self, found: Coordination, link: Entanglement, parts: Sequence[Part]) -> None:
        if not found.lead:
            found.note = "The answers stand one after the other: none of these agents leads and can write."
        elif [part.agent_id for part in parts] == [found.lead]:
            found.answer, found.merged_by = parts[0].answer, found.lead
            return
        else:
            found.note = await self._ask_lead(found, link, parts)
        if not found.merged_by:
            found.answer = in_order(parts)

    async def _ask_lead(self, found: Coordination, link: Entanglement, parts: Sequence[Part]) -> str:
        """Why the lead did not merge; empty if it did."""
        runtime, name = self._members.runtime, self._members.name(found.lead)
        found.state = "merging"
        self._listeners.tell(found)
        try:
            context = {**_named(link), "coordination": found.id, "role": "lead"}
            found.merge_run_id = await runtime.execute(
                found.lead, merge_task(found.task, parts), actor=found.actor, context=context
            )
            row = await runtime.wait(found.merge_run_id)
        except ChainBotError as error:
            return f"The answers stand one after the other: {name} could not merge them. {error}"
        if row.state != "succeeded":
            return f"The answers stand one after the other: {name} could not merge them. {row.reason}"
        found.answer, found.merged_by = row.result, found.lead
        await self._keep(link, found.lead, "", "answer", row.result, found.actor, found.merge_run_id)
        return ""

    def _remember(self, found: Coordination) -> None:
        self._known[found.id] = found
        ended = [id_ for id_, known in self._known.items() if known.ended]
        for id_ in ended[: max(0, len(self._known) - KEPT)]:
            del self._known[id_]


def _named(link: Entanglement) -> dict[str, str]:
    return {"entanglement": link.name or link.id} if link.id else {}
