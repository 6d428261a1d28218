"""Entanglements for every face of the house: typed links between agents, what passes over them, and work that agents share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.documents import connection_document
from chainbot_desktop.agents.entanglements.coordination import Coordination
from chainbot_desktop.agents.entanglements.coordinator import Coordinator
from chainbot_desktop.agents.entanglements.guests import Guests
from chainbot_desktop.agents.entanglements.handover import Handovers
from chainbot_desktop.agents.entanglements.links import MAX_MEMBERS, LinkKind, checked_kind, refuse_circle, source_of
from chainbot_desktop.agents.entanglements.messages import Delivered, Messages, Refused
from chainbot_desktop.agents.entanglements.people import Members
from chainbot_desktop.agents.entanglements.waiting import Dependencies
from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.agents.kind import Told
from chainbot_desktop.agents.records import DirectoryChange, Entanglement
from chainbot_desktop.agents.runtime.run import LiveRun
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.errors import Conflict, InvalidInput
from chainbot_desktop.core.events import EntanglementCreated, EntanglementDestroyed
from chainbot_desktop.core.events.agents import EntanglementFact
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ids import new_id
from chainbot_desktop.core.ports import Blobs, IdempotencyKey, Journal
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import AgentMessage
from chainbot_desktop.store.agents import AgentMessageTable
from chainbot_desktop.store.coordinations import CoordinationTable


class Entanglements:
    """Implements `kind.Conversations`. Use on the loop's thread. `runtime` may be made later: it is asked for at each use."""

    def __init__(
        self,
        directory: AgentDirectory,
        journal: Journal,
        table: AgentMessageTable,
        shared_work: CoordinationTable,
        tasks: Tasks,
        runtime: Callable[[], AgentService],
        bus: EventBus,
        blobs: Blobs,
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._members = Members(directory, runtime)
        self._messages = Messages(self._members, journal, table)
        self._coordinator = Coordinator(self._members, self._messages, shared_work, tasks)
        self.guests = Guests(self._members, self._messages, self._coordinator, table, journal, bus, blobs, tasks)
        self._dependencies = Dependencies(self._members)
        self._handovers = Handovers(self._members)
        self._tasks = tasks
        self._unsubscribe: Callable[[], None] = _nothing

    def open(self) -> None:
        self._unsubscribe = self._directory.subscribe(self._on_directory_change)
        self.guests.open()

    async def take_up(self) -> None:
        """Go on with the coordinations of the last time, and take answers that came at its end. After the runtime is open."""
        await self._coordinator.take_up()
        await self.guests.take_up()

    async def close(self) -> None:
        """Before the agents are stopped."""
        self._unsubscribe()
        self.guests.close()
        await self._coordinator.close()

    # Links

    def list(self) -> Sequence[Entanglement]:
        """Those that webhooks tell of included."""
        return self._directory.entanglements

    def get(self, entanglement_id: str) -> Entanglement:
        return self._members.link(entanglement_id)

    async def create(
        self, name: str, kind: str, agents: Sequence[str], *, actor: Actor, key: IdempotencyKey | None = None
    ) -> Entanglement:
        """Of agents by id. In a control or dependency link the first one directs, or is waited for."""
        checked = checked_kind(kind)
        members = self._checked_members(checked, agents)
        fact = _fact(new_id(), name, checked, members)
        event = EntanglementCreated(source=RUNTIME_SOURCE, subject=fact.entanglement_id, actor=actor, data=fact)
        recorded = await self._journal.append(event, key)
        return self.get(recorded.event.data.entanglement_id)

    async def release(self, entanglement_id: str, *, actor: Actor) -> None:
        """The link is gone, and with it what was said over it."""
        link = self._members.own_link(entanglement_id)
        fact = EntanglementFact(entanglement_id=link.id, name=link.name, agents=link.agents)
        await self._journal.append(EntanglementDestroyed(source=RUNTIME_SOURCE, subject=link.id, actor=actor, data=fact))

    async def add(self, entanglement_id: str, agent_id: str, *, actor: Actor) -> Entanglement:
        link = self._members.own_link(entanglement_id)
        if agent_id in link.agents:
            raise Conflict(f"{self._members.name(agent_id)} is in it already.", code="member_already")
        others = tuple(other for other in self._directory.entanglements if other.id != link.id)
        members = self._checked_members(checked_kind(link.kind), (*link.agents, agent_id), others)
        return await self._change(link, members, actor)

    async def remove(self, entanglement_id: str, agent_id: str, *, actor: Actor) -> Entanglement:
        link = self._members.own_link(entanglement_id)
        name = self._members.name(agent_id)
        if agent_id not in link.agents:
            raise Conflict(f"{name} is not in this entanglement.", code="not_a_member")
        if link.kind != "data" and agent_id == source_of(link):
            raise Conflict(f"Without {name} this link means nothing.", hint="Release it.", code="source_of_link")
        if len(link.agents) == 2:
            raise Conflict("One agent alone is no entanglement.", hint="Release it.", code="too_few")
        return await self._change(link, tuple(member for member in link.agents if member != agent_id), actor)

    # What passes over them

    async def send(self, entanglement_id: str, recipient: str, text: str, *, actor: Actor, sender: str = "") -> Delivered:
        """To one member, by id or name; a note over a data link. `sender` is an agent that says it, or empty for the actor."""
        return await self._messages.send(self._members.own_link(entanglement_id), sender, recipient, text, actor=actor)

    async def tell_guest(self, agent_id: str, text: str, *, actor: Actor) -> str:
        """A person tells a guest something over the event bus, without a link; the id of the message."""
        return await self.guests.ask(agent_id, text, conversation_id="", actor=actor)

    async def broadcast(
        self, entanglement_id: str, text: str, *, actor: Actor, sender: str = ""
    ) -> tuple[Sequence[Delivered], Sequence[Refused]]:
        return await self._messages.broadcast(self._members.own_link(entanglement_id), sender, text, actor=actor)

    async def messages(self, entanglement_id: str, *, since: int = 0, limit: int = 500) -> Sequence[AgentMessage]:
        """In order, those after number `since`."""
        return await self._messages.of_link(self._members.link(entanglement_id), since=since, limit=limit)

    async def tell(self, sender: str, recipient: str, text: str, *, run_id: str = "") -> Told:
        delivered = await self._messages.tell(sender, recipient, text, run_id=run_id)
        return Told(delivered.message_id, delivered.note)

    async def notebook(self, agent_id: str) -> str:
        return await self._messages.notebook(agent_id)

    async def note(self, agent_id: str, text: str, *, run_id: str = "") -> str:
        return (await self._messages.note(agent_id, text, run_id=run_id)).message_id

    # Work that is shared

    async def coordinate(self, entanglement_id: str, task: str, *, actor: Actor) -> Coordination:
        """One task to all. Returns with the plan; what comes of it appears in it, and `wait_for` has the end."""
        return await self._coordinator.start(self._members.own_link(entanglement_id), task, actor)

    async def coordinate_among(self, agents: Sequence[str], task: str, *, actor: Actor) -> Coordination:
        """One task to agents that need no link for it; the answers stand one after the other."""
        chosen = tuple(dict.fromkeys(agents))
        if not 1 <= len(chosen) <= MAX_MEMBERS:
            raise InvalidInput(f"A task is shared by 1 to {MAX_MEMBERS} agents.", code="invalid_members")
        for agent_id in chosen:
            self._members.agent(agent_id)
        return await self._coordinator.start(Entanglement("", agents=chosen), task, actor)

    def on_coordination(self, listener: Callable[[Coordination], None]) -> Callable[[], None]:
        """Call `listener` with a coordination whenever something came of it; returns what ends that."""
        return self._coordinator.on_change(listener)

    async def coordination(self, coordination_id: str) -> Coordination:
        """Also one of an earlier start of the program."""
        return await self._coordinator.get(coordination_id)

    async def wait_for(self, coordination_id: str) -> Coordination:
        return await self._coordinator.wait(coordination_id)

    async def cancel(self, coordination_id: str, *, actor: Actor) -> Coordination:
        return await self._coordinator.cancel(coordination_id, actor)

    async def handover(self, from_agent: str, to_agent: str, *, run_id: str = "", actor: Actor) -> str:
        """Give another agent a run of `from_agent` (without `run_id` its present one); the id of the new run."""
        return await self._handovers.hand_over(from_agent, to_agent, run_id=run_id, actor=actor)

    async def before_task(self, run: LiveRun) -> None:
        """For `AgentService.before_task`: returns when what the run's agent depends on has ended."""
        await self._dependencies.before_task(run)

    # Documents

    async def status(self, entanglement_id: str) -> Mapping[str, Any]:
        link = self._members.link(entanglement_id)
        return {
            **connection_document(link),
            "members": [self._member(link, agent_id) for agent_id in link.agents],
            "coordinations": [found.document() for found in await self._coordinator.of_link(link.id)],
        }

    def _member(self, link: Entanglement, agent_id: str) -> Mapping[str, Any]:
        agent, live = self._directory.get(agent_id), self._members.live(agent_id)
        waiting = self._dependencies.waits_for(agent_id) if link.kind == "dependency" and link.made_here else ()
        return {
            "agent_id": agent_id,
            "name": self._members.name(agent_id),
            "source": link.kind in ("control", "dependency") and agent_id == source_of(link),
            "runs_here": live is not None,
            "guest": agent is not None and agent.guest,
            "status": live.state if live is not None else agent.state.value if agent is not None else "unknown",
            "run_id": live.run_id or None if live is not None else None,
            "depends_on": list(waiting),
        }

    # Inside

    def _checked_members(
        self, kind: LinkKind, agents: Sequence[str], others: Sequence[Entanglement] | None = None
    ) -> tuple[str, ...]:
        members = tuple(agents)
        if not 2 <= len(set(members)) <= MAX_MEMBERS or len(set(members)) != len(members):
            raise InvalidInput(f"An entanglement is of 2 to {MAX_MEMBERS} different agents.", code="invalid_members")
        for member in members:
            agent = self._members.agent(member)
            if kind == "dependency" and self._members.live(member) is None:
                raise Conflict(f"{agent.name} does not run here: nobody knows when it is done.", code="runs_elsewhere")
        if kind == "control" and self._members.agent(members[0]).guest:
            raise Conflict("A guest cannot direct agents of this house.", hint="Put it behind the first.", code="guest_directs")
        if kind == "dependency":
            refuse_circle(self._directory.entanglements if others is None else others, members)
        return members

    async def _change(self, link: Entanglement, members: tuple[str, ...], actor: Actor) -> Entanglement:
        fact = _fact(link.id, link.name, checked_kind(link.kind), members)
        await self._journal.append(EntanglementCreated(source=RUNTIME_SOURCE, subject=link.id, actor=actor, data=fact))
        return self.get(link.id)

    def _on_directory_change(self, change: DirectoryChange) -> None:
        # Released, or gone with its agents: what was said over it goes too.
        for gone in change.entanglements:
            if self._directory.entanglement(gone) is None:
                self._tasks.spawn(f"entanglement {gone}: forget", self._messages.forget(gone))
                self._tasks.spawn(f"entanglement {gone}: forget its work", self._coordinator.forget(gone))


def _fact(entanglement_id: str, name: str, kind: LinkKind, members: tuple[str, ...]) -> EntanglementFact:
    body = {"entanglement_id": entanglement_id, "name": " ".join(name.split()), "agents": members, "entanglement_type": kind}
    try:
        return EntanglementFact.model_validate(body)
    except ValidationError:
        raise InvalidInput("The name has at most 300 printable characters.", code="invalid_name") from None


def _nothing() -> None:
    return
