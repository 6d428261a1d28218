"""The directory of agents and entanglements: a read model of the journal that is true at every moment the loop can see.

It is rebuilt from the journal (from its last snapshot on, so a crash loses nothing) and then follows the bus. Changes are made
by appending events, here the place of an agent; the directory itself changes only when the event comes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from chainbot_desktop.agents.documents import Running, agent_document, is_model_backed, map_document
from chainbot_desktop.agents.filtering import EVERYTHING, AgentFilter
from chainbot_desktop.agents.fold import FOLDED, FOLDED_TYPES, AgentFold
from chainbot_desktop.agents.records import Agent, DirectoryChange, Entanglement
from chainbot_desktop.agents.snapshot import decode_snapshot, encode_snapshot, take_snapshot
from chainbot_desktop.core.bus import EventBus, Subscription
from chainbot_desktop.core.errors import InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.events import Actor, AgentMoved, Recorded
from chainbot_desktop.core.events.agents import Position
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.ports import EventQuery, Journal, Snapshots
from chainbot_desktop.core.tasks import Tasks

_log = logging.getLogger(__name__)

SNAPSHOT = "agents"
_PAGE = 1_000
_SNAPSHOT_DELAY = 60.0

Listener = Callable[[DirectoryChange], None]


class AgentDirectory:
    """Use on the loop's thread only. Empty until `open` has returned."""

    def __init__(
        self, journal: Journal, bus: EventBus, snapshots: Snapshots, *, snapshot_delay: float = _SNAPSHOT_DELAY
    ) -> None:
        """`snapshot_delay`: seconds from the first change that no snapshot has to the next snapshot."""
        self._journal = journal
        self._bus = bus
        self._snapshots = snapshots
        self._snapshot_delay = snapshot_delay
        self._fold = AgentFold()
        self._seq = 0
        self._saved_seq = 0
        self._early: list[Recorded[Any]] | None = None
        self._subscription: Subscription | None = None
        self._listeners: Listeners[[DirectoryChange]] = Listeners()
        self._tasks = Tasks()
        self._save_timer: asyncio.TimerHandle | None = None
        self._agents: tuple[Agent, ...] | None = None
        self._entanglements: tuple[Entanglement, ...] | None = None

    async def open(self) -> None:
        # Events of the time in which the past is read wait in `_early`: no gap, and `seq` keeps any from counting twice.
        self._early = []
        self._subscription = self._bus.subscribe(self._on_recorded, *FOLDED)
        self._fold, self._seq = await self._load()
        self._saved_seq = self._seq
        await self._replay()
        early, self._early = self._early, None
        for recorded in early:
            self._on_recorded(recorded)
        self._tell(DirectoryChange(frozenset(self._fold.agents), frozenset(self._fold.entanglements)))
        if self._seq > self._saved_seq:
            self._plan_snapshot()

    async def close(self) -> None:
        """Stop following, keep a snapshot. What the directory knew last can still be read."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        if self._save_timer is not None:
            self._save_timer.cancel()
            self._save_timer = None
        await self._tasks.cancel_all()
        await self._save()
        self._listeners.clear()

    @property
    def agents(self) -> tuple[Agent, ...]:
        """In the order in which they first appeared."""
        if self._agents is None:
            self._agents = tuple(self._fold.agents.values())
        return self._agents

    @property
    def entanglements(self) -> tuple[Entanglement, ...]:
        if self._entanglements is None:
            self._entanglements = tuple(self._fold.entanglements.values())
        return self._entanglements

    def get(self, agent_id: str) -> Agent | None:
        return self._fold.agents.get(agent_id)

    def meant(self, name: str) -> Agent | None:
        """The agent that a report means by an id, or by a name if just one bears it."""
        return self._fold.meant(name)

    def entanglement(self, entanglement_id: str) -> Entanglement | None:
        return self._fold.entanglements.get(entanglement_id)

    def entanglements_of(self, agent_id: str) -> tuple[Entanglement, ...]:
        return self._fold.links_of(agent_id)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change until the returned function is called. It must return at once and raise nothing."""
        return self._listeners.add(listener)

    async def move(self, agent_id: str, x: float, y: float, actor: Actor) -> Recorded[AgentMoved]:
        """Give an agent its place (scene units). NotFound if there is no such agent, InvalidInput for a place off the map."""
        if agent_id not in self._fold.agents:
            raise NotFound(f"There is no agent {agent_id!r}.", hint="It may have left while it was being moved.")
        try:
            position = Position(agent_id=agent_id, x=x, y=y)
        except ValidationError:
            raise InvalidInput(
                f"({x}, {y}) is no place on the map.", hint="Both must be numbers from -1,000,000 to 1,000,000."
            ) from None
        return await self._journal.append(AgentMoved(subject=agent_id, actor=actor, data=position))

    def map_document(self, running: Running | None = None) -> dict[str, Any]:
        """`{agents, connections, layout}`, for `GET /api/agents/map`."""
        return map_document(self.agents, self.entanglements, running)

    def list_document(
        self,
        running: Running | None = None,
        *,
        guests: bool = True,
        model_backed: bool | None = None,
        only: AgentFilter = EVERYTHING,
    ) -> list[dict[str, Any]]:
        """The agents as a bare array, with or without the guests, and if asked only those (not) driven by a model."""
        return [
            agent_document(agent, running)
            for agent in self.agents
            if only.admits(agent) and (guests or not agent.guest) and model_backed in (None, is_model_backed(agent, running))
        ]

    async def keep(self) -> None:
        """Save what is known now, so that the events it was made of may go. A disk that refuses is logged, not raised."""
        await self._save()

    async def _load(self) -> tuple[AgentFold, int]:
        stored = await self._snapshots.load(SNAPSHOT)
        if stored is None:
            return AgentFold(), 0
        seq, state = stored
        if seq > self._journal.head_seq:
            _log.warning("the agents' snapshot is of a newer journal than this one; reading the whole journal instead")
            return AgentFold(), 0
        try:
            return await asyncio.to_thread(decode_snapshot, state), seq
        except ValueError as error:
            _log.warning("the agents' snapshot cannot be read (%s); reading the whole journal instead", _first_line(error))
            return AgentFold(), 0

    async def _replay(self) -> None:
        while True:
            page = await self._journal.read(EventQuery(since=self._seq, limit=_PAGE, types=FOLDED_TYPES))
            for recorded in page:
                self._fold.apply(recorded)
                self._seq = recorded.seq
            if len(page) < _PAGE:
                return

    def _on_recorded(self, recorded: Recorded[Any]) -> None:
        if self._early is not None:
            self._early.append(recorded)
            return
        if recorded.seq <= self._seq:
            return
        self._seq = recorded.seq
        change = self._fold.apply(recorded)
        self._plan_snapshot()
        self._tell(change)

    def _tell(self, change: DirectoryChange) -> None:
        if not change:
            return
        if change.agents:
            self._agents = None
        if change.entanglements:
            self._entanglements = None
        self._listeners.tell(change)

    def _plan_snapshot(self) -> None:
        if self._save_timer is None and self._subscription is not None:
            self._save_timer = asyncio.get_running_loop().call_later(self._snapshot_delay, self._on_save_due)

    def _on_save_due(self) -> None:
        self._save_timer = None
        self._tasks.spawn("agents: snapshot", self._save())

    async def _save(self) -> None:
        seq, snapshot = self._seq, take_snapshot(self._fold)
        if seq == self._saved_seq:
            return
        try:
            await self._snapshots.save(SNAPSHOT, seq, await asyncio.to_thread(encode_snapshot, snapshot))
        except Unavailable as error:
            # The journal has everything; only the next start takes longer.
            _log.warning("the agents' snapshot could not be kept: %s", error)
            return
        self._saved_seq = seq


def _first_line(error: ValueError) -> str:
    return str(error).partition("\n")[0]
