"""Carries out coordinations: gives each agent its part, takes in what comes of it, and has one answer made of it.

Every step is noted before the next one, so that after the end of the program, however it came, a coordination goes on from what its
runs came to: those that go on are waited for, those that failed have failed, and what was not given to anybody yet is given then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import TypedDict

from chainbot_desktop.agents.entanglements.coordination import Coordination, Part, in_order, merge_task, task_text
from chainbot_desktop.agents.entanglements.links import source_of
from chainbot_desktop.agents.entanglements.messages import NO_ANSWER_YET, Messages
from chainbot_desktop.agents.entanglements.people import Members
from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.agents.records import Entanglement
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events import CoordinationEnded, CoordinationStarted, Severity
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.events.runs import CoordinationFact, CoordinationOutcome
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import RunRow
from chainbot_desktop.store.coordinations import CoordinationTable

_log = logging.getLogger(__name__)

LISTED = 100
"""Coordinations of one link that its status tells of, the newest."""


class _Size(TypedDict):
    size: int
    sha256: str


class Coordinator:
    """Use on the loop's thread."""

    def __init__(self, members: Members, messages: Messages, table: CoordinationTable, tasks: Tasks) -> None:
        self._members = members
        self._messages = messages
        self._table = table
        self._tasks = tasks
        self._open: dict[str, Coordination] = {}
        self._working: dict[str, asyncio.Task[None]] = {}
        self._listeners: Listeners[[Coordination]] = Listeners()

    def on_change(self, listener: Callable[[Coordination], None]) -> Callable[[], None]:
        """Call `listener` at each step, when it is noted; returns what ends that."""
        return self._listeners.add(listener)

    async def take_up(self) -> None:
        """Go on with what was under way when the program ended. The runtime is open: it knows what became of every run."""
        for row, parts in await self._table.open_ones():
            found = Coordination.of_rows(row, parts)
            self._begin_work(found, self._link_of(found))

    async def close(self) -> None:
        """Let go of what is under way; the runs end with their agents."""
        for task in self._working.values():
            task.cancel()
        if self._working:
            await asyncio.wait(tuple(self._working.values()))

    async def start(self, link: Entanglement, task: str, actor: Actor) -> Coordination:
        """Begin; the plan is on the disk and nothing is given to anybody yet. Conflict where no agent can take a task."""
        if not task.strip():
            raise InvalidInput("The task is empty.")
        parts = self._plan(link)
        lead = source_of(link) if link.kind == "control" else ""
        if all(part.state == "skipped" for part in parts):
            who = "No agent of this entanglement" if link.id else "None of these agents"
            raise Conflict(f"{who} can take a task.", hint=parts[0].reason, code="nobody_can")
        task = task.encode("utf-8", "replace").decode()
        found = Coordination(new_id(), link.id, task, actor, utc_now(), parts, lead if self._members.writes(lead) else "")
        fact = CoordinationFact(
            coordination_id=found.id,
            entanglement_id=link.id,
            agents=tuple(part.agent_id for part in parts),
            lead=found.lead,
            **_size_of(task),
        )
        event = CoordinationStarted(source=RUNTIME_SOURCE, subject=link.id, actor=actor, data=fact)
        await self._table.begin(found.row(), [found.part_row(part) for part in parts], event)
        self._begin_work(found, link)
        return found

    async def get(self, coordination_id: str) -> Coordination:
        found = self._open.get(coordination_id)
        if found is not None:
            return found
        kept = await self._table.get(coordination_id)
        if kept is None:
            raise NotFound("There is no such coordination.", hint="GET the status of an entanglement for those that it has.")
        return Coordination.of_rows(*kept)

    async def of_link(self, entanglement_id: str) -> list[Coordination]:
        """Newest first, at most LISTED."""
        kept = await self._table.of_link(entanglement_id, limit=LISTED)
        return [self._open.get(row.id) or Coordination.of_rows(row, parts) for row, parts in kept]

    async def wait(self, coordination_id: str) -> Coordination:
        found = await self.get(coordination_id)
        work = self._working.get(coordination_id)
        if work is not None:
            await asyncio.wait({work})
        return found

    async def cancel(self, coordination_id: str, actor: Actor) -> Coordination:
        """Stop what is under way; the answers that came stay."""
        found = await self.get(coordination_id)
        if found.ended:
            raise Conflict(f"It has ended already ({found.state}).", code="coordination_ended")
        found.stopping = True
        await self._note(found)
        for run_id in found.open_runs:
            with suppress(Conflict, NotFound):  # it ended in this moment
                await self._members.runtime.cancel_run(run_id, actor=actor)
        return await self.wait(coordination_id)

    async def guest_answered(self, message_id: str, text: str) -> None:
        """A guest that was told of a task with this message has answered: that is its part, also when the rest has ended."""
        kept = await self._table.part_of_message(message_id)
        if kept is None:
            return
        found = await self.get(kept.coordination_id)
        part = found.parts[kept.place]
        part.state, part.answer, part.reason = "succeeded", text, ""
        await self._note_part(found, part)

    async def forget(self, entanglement_id: str) -> None:
        """The link is gone: so is what was worked on over it, when it has ended."""
        await self._table.forget(entanglement_id)

    def _link_of(self, found: Coordination) -> Entanglement | None:
        """None where it is gone."""
        if not found.entanglement_id:
            return Entanglement("", agents=tuple(part.agent_id for part in found.parts))
        return self._members.directory.entanglement(found.entanglement_id)

    def _begin_work(self, found: Coordination, link: Entanglement | None) -> None:
        self._open[found.id] = found
        work = self._tasks.spawn(f"coordination {found.id}", self._work(found, link))
        self._working[found.id] = work
        work.add_done_callback(lambda _: self._working.pop(found.id, None))

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

    async def _work(self, found: Coordination, link: Entanglement | None) -> None:
        try:
            if link is None:
                found.state, found.note = "failed", "Its entanglement is gone."
            else:
                await self._go_through(found, link)
        except ChainBotError as error:  # what comes of it cannot be noted
            _log.error("the coordination %s failed: %s", found.id, error)
            found.state, found.note = "failed", str(error)
        found.ended_at = utc_now()
        try:
            await self._table.end(found.row(), _ended(found))
        except ChainBotError as error:  # it stays open on the disk: the next start tells what became of it
            _log.error("the end of the coordination %s could not be noted: %s", found.id, error)
        else:
            self._open.pop(found.id, None)
        self._listeners.tell(found)
        if self._link_of(found) is None:
            await self.forget(found.entanglement_id)

    async def _go_through(self, found: Coordination, link: Entanglement) -> None:
        await self._tell_guests(found, link)
        for stage in sorted({part.stage for part in found.parts}):
            due = [part for part in found.parts if part.stage == stage and part.state in ("planned", "running")]
            await asyncio.gather(*(self._carry_out(found, link, part) for part in due))
        done = [part for part in found.parts if part.state == "succeeded"]
        if done and not found.stopping:
            await self._merge(found, link, [part for part in found.parts if part.state in ("succeeded", "failed")])
        else:
            found.answer = in_order(done)
        found.state = "cancelled" if found.stopping else "succeeded" if done else "failed"

    async def _tell_guests(self, found: Coordination, link: Entanglement) -> None:
        for part in found.parts:
            agent = self._members.directory.get(part.agent_id)
            if agent is None or not agent.guest or link.kind != "control" or part.state != "skipped" or found.stopping:
                continue
            try:
                told = await self._messages.send(link, "", part.agent_id, found.task, actor=found.actor)
            except ChainBotError as error:
                part.reason = str(error)
            else:
                part.state, part.reason, part.message_id = "told", NO_ANSWER_YET, told.message_id
            await self._note_part(found, part)

    async def _carry_out(self, found: Coordination, link: Entanglement, part: Part) -> None:
        begun = part.state == "running"  # in an earlier life of the program
        try:
            if begun and not part.run_id:  # which ended between giving it and noting that
                part.run_id = await self._lost_run(found, part.agent_id)
            if found.stopping and not part.run_id:
                part.state = "cancelled"
                await self._note_part(found, part)
                return
            if not part.run_id:
                part.state = "running"
                await self._note_part(found, part)
                await self._give(found, link, part)
            elif found.stopping:
                await self._stop(part, found.actor)
            await self._take(found, link, part, again=begun)
        except ChainBotError as error:
            part.state, part.reason = "failed", str(error)
            await self._note_part(found, part)

    async def _give(self, found: Coordination, link: Entanglement, part: Part) -> None:
        live = self._members.live(part.agent_id)
        text = task_text(found.task, part, found.parts, with_role=live is not None and self._members.kind(live).model_backed)
        context: dict[str, object] = {**_named(link), "coordination": found.id, "role": part.role}
        answers = {other.name: other.answer for other in found.parts if other.stage < part.stage and other.answer}
        if answers:
            context["answers"] = answers
        part.run_id = await self._members.runtime.execute(part.agent_id, text, actor=found.actor, context=context)
        await self._note_part(found, part)
        if link.id:  # agents that were chosen without a link have no place for what is said, only their runs
            await self._messages.keep(link, "", part.agent_id, "task", text, found.actor, part.run_id)
        if found.stopping:  # it was cancelled before the run had an id
            await self._stop(part, found.actor)

    async def _stop(self, part: Part, actor: Actor) -> None:
        with suppress(Conflict, NotFound):  # it has ended
            await self._members.runtime.cancel_run(part.run_id, actor=actor)

    async def _take(self, found: Coordination, link: Entanglement, part: Part, *, again: bool) -> None:
        """`again`: an earlier life of the program may have done this by half."""
        row = await self._members.runtime.wait(part.run_id)
        if row.state not in ("succeeded", "cancelled", "failed"):
            raise ChainBotError("Nobody works on its run any more.", code="run_lost")
        if row.state == "succeeded":
            await self._keep_answer(link, part.agent_id, row, found.actor, again=again)
        part.state, part.reason = row.state, row.reason
        part.answer = row.result if row.state == "succeeded" else ""
        await self._note_part(found, part)

    async def _lost_run(self, found: Coordination, agent_id: str) -> str:
        """The run of this coordination that the agent was given and that no part knows of; empty where there is none."""
        known = {*(part.run_id for part in found.parts), found.merge_run_id}
        runs: list[RunRow] = await self._members.runtime.runs_of(agent_id)
        return next((run.id for run in runs if run.context.get("coordination") == found.id and run.id not in known), "")

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
        try:
            if found.state == "merging" and not found.merge_run_id:
                found.merge_run_id = await self._lost_run(found, found.lead)
            found.state = "merging"
            await self._note(found)
            if not found.merge_run_id:
                context = {**_named(link), "coordination": found.id, "role": "lead"}
                found.merge_run_id = await runtime.execute(
                    found.lead, merge_task(found.task, parts), actor=found.actor, context=context
                )
                await self._note(found)
            row = await runtime.wait(found.merge_run_id)
        except ChainBotError as error:
            return f"The answers stand one after the other: {name} could not merge them. {error}"
        if row.state != "succeeded":
            return f"The answers stand one after the other: {name} could not merge them. {row.reason}"
        found.answer, found.merged_by = row.result, found.lead
        await self._keep_answer(link, found.lead, row, found.actor, again=True)
        return ""

    async def _keep_answer(self, link: Entanglement, agent_id: str, row: RunRow, actor: Actor, *, again: bool) -> None:
        if link.id and not (again and await self._messages.has_answer(link, row.id)):
            await self._messages.keep(link, agent_id, "", "answer", row.result, actor, row.id)

    async def _note(self, found: Coordination) -> None:
        await self._table.note(found.row())
        self._listeners.tell(found)

    async def _note_part(self, found: Coordination, part: Part) -> None:
        await self._table.note_part(found.part_row(part))
        self._listeners.tell(found)


def _ended(found: Coordination) -> CoordinationEnded:
    outcome = CoordinationOutcome(
        coordination_id=found.id,
        entanglement_id=found.entanglement_id,
        state=found.state if found.state in ("succeeded", "cancelled") else "failed",
        parts=tuple(part.state for part in found.parts),
        merged_by=found.merged_by,
        **_size_of(found.answer),
    )
    severity = Severity.WARNING if outcome.state == "failed" else Severity.INFO
    return CoordinationEnded(
        source=RUNTIME_SOURCE, subject=found.entanglement_id, actor=found.actor, severity=severity, data=outcome
    )


def _named(link: Entanglement) -> dict[str, str]:
    return {"entanglement": link.name or link.id} if link.id else {}


def _size_of(text: str) -> _Size:
    body = text.encode()
    return {"size": len(body), "sha256": sha256(body).hexdigest()}
